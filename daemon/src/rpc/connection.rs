//! One connection that we dispatch ourselves, newline-delimited or with heads: a single task that reads, starts requests, and writes what is ready.
//!
//! A request that can be answered at once is answered in this task, without another one being woken. One that has to
//! wait goes into a task of its own, so that answers may come out of order. Reading stops while too many requests are
//! under way or while the client does not take what was written for it.

use std::{collections::HashMap, future::poll_fn, io, os::fd::AsFd, task::Poll, time::Duration};

use jsonrpsee::{
    ConnectionId, MethodResponse, MethodSink, Methods,
    types::{Id, error::PARSE_ERROR_CODE},
};
use opensession_protocol::{error, limits};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::{
    io::AsyncReadExt,
    net::{
        UnixStream,
        unix::{ReadHalf, WriteHalf},
    },
    sync::mpsc,
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    call::{Dispatcher, Running},
    language_server::LanguageServer,
    message::{self, Incoming},
    wire::{Cut, Rest, Wire},
};

/// Bytes asked of the system at once.
const READ_BYTES: usize = 16 << 10;
/// Unwritten bytes above which nothing more is started or collected.
const HIGH_WATER: usize = 1 << 20;
/// Notifications that wait for this connection before a subscription has to.
const QUEUED_NOTIFICATIONS: usize = 256;
/// Requests answered at once after which other connections get their turn.
const REQUESTS_BEFORE_YIELD: usize = 32;
/// How often a client that shut its sending half down is looked after, while it is still owed something.
const HALF_OPEN_CHECK: Duration = Duration::from_secs(10);
/// A buffer that grew beyond this is given back when it is empty.
const KEPT_BUFFER: usize = 64 << 10;

/// Serves the connection to its end: the client closed it, it broke a bound, or `stop` was given and all is answered.
///
/// With a language server, what is no method of ours is its.
pub(super) async fn serve(
    mut stream: UnixStream,
    methods: Methods,
    id: ConnectionId,
    stop: CancellationToken,
    wire: Wire,
    language_server: Option<LanguageServer>,
) {
    let (reader, writer) = stream.split();
    let (sender, queue) = mpsc::channel(QUEUED_NOTIFICATIONS);
    let dispatcher = Dispatcher::new(methods, id, MethodSink::new_with_limit(sender, limits::RESPONSE_BYTES as u32));
    let connection = Connection {
        reader,
        writer,
        dispatcher,
        queue,
        input: Vec::new(),
        wire,
        language_server,
        arrival: None,
        output: Vec::new(),
        written: 0,
        stalled: None,
        running: JoinSet::new(),
        handles: HashMap::new(),
        reading: true,
        broken: false,
    };
    if let Err(error) = connection.run(&stop).await {
        tracing::debug!(connection = id.0, %error, "a connection ended");
    }
}

struct Connection<'a> {
    reader: ReadHalf<'a>,
    writer: WriteHalf<'a>,
    dispatcher: Dispatcher,
    queue: mpsc::Receiver<Box<RawValue>>,
    input: Vec<u8>,
    wire: Wire,
    language_server: Option<LanguageServer>,
    /// Until when the message that has begun must be whole.
    arrival: Option<Instant>,
    output: Vec<u8>,
    /// Bytes of `output` that the system took.
    written: usize,
    /// Until when the client must take some of `output`.
    stalled: Option<Instant>,
    running: JoinSet<(Id<'static>, Option<Box<RawValue>>)>,
    handles: HashMap<Id<'static>, AbortHandle>,
    reading: bool,
    /// A bound was broken: what is in `output` is the last that is said.
    broken: bool,
}

impl Connection<'_> {
    async fn run(mut self, stop: &CancellationToken) -> io::Result<()> {
        let mut stopping = false;
        loop {
            self.start_requests().await;
            self.write_now()?;
            if self.is_done() {
                return Ok(());
            }
            let room = self.unwritten() < HIGH_WATER;
            // Idle connections have no timer at all.
            let half_open = (!self.reading).then(|| Instant::now() + HALF_OPEN_CHECK);
            let deadline = [self.stalled, self.arrival, half_open].into_iter().flatten().min();
            if self.reading && self.input.capacity() - self.input.len() < READ_BYTES / 4 {
                self.input.reserve(READ_BYTES);
            }
            tokio::select! {
                ready = self.writer.writable(), if self.unwritten() > 0 => ready?,
                read = self.reader.read_buf(&mut self.input), if self.reading && room && self.may_start() => {
                    if read? == 0 {
                        // Whoever is gone altogether takes its requests back.
                        if hung_up(&self.writer) {
                            return Ok(());
                        }
                        self.end_of_input().await;
                    }
                }
                request = next_request(&mut self.language_server), if room && !self.broken => self.push(&request),
                Some(notification) = self.queue.recv(), if room && !self.broken => self.push(&notification),
                Some(done) = self.running.join_next(), if room && !self.broken => {
                    // An error is a request that was cancelled: it is answered already.
                    if let Ok((id, response)) = done {
                        self.handles.remove(&id);
                        if let Some(response) = response {
                            self.push(&response);
                        }
                    }
                }
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    self.reading = false;
                    self.arrival = None;
                }
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                    self.past_deadline()?;
                }
            }
            if stopping && self.running.is_empty() {
                // Nothing more is said once the requests under way are answered.
                self.broken = true;
            }
        }
    }

    fn unwritten(&self) -> usize {
        self.output.len() - self.written
    }

    fn may_start(&self) -> bool {
        self.running.len() < limits::REQUESTS_IN_FLIGHT && self.unwritten() < HIGH_WATER
    }

    fn is_done(&self) -> bool {
        let silent = self.unwritten() == 0;
        let answered = !self.reading && self.running.is_empty() && self.queue.is_empty();
        silent && (self.broken || (answered && !self.dispatcher.has_subscriptions()))
    }

    /// Starts the requests that are in the input, as far as bounds allow.
    async fn start_requests(&mut self) {
        let (mut done, mut started) = (0, 0);
        while self.reading && self.may_start() {
            match self.wire.next(&self.input[done..]) {
                Cut::Message(range) => {
                    let end = done + range.end;
                    let range = done + range.start..end;
                    self.wire.consume(end - done);
                    done = end;
                    self.message(range).await;
                    started += 1;
                    if started % REQUESTS_BEFORE_YIELD == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                Cut::Incomplete(length) => {
                    self.wire.consume(length);
                    done += length;
                    break;
                }
                Cut::Broken(broken) => return self.give_up(broken.code, &broken.message, broken.hint),
            }
        }
        // A message may have been the last that is heard.
        self.input.drain(..done.min(self.input.len()));
        if self.input.is_empty() && self.input.capacity() > KEPT_BUFFER {
            self.input = Vec::new();
        }
        if self.wire.is_too_long() {
            let message = format!("a request may have {} bytes", limits::REQUEST_BYTES);
            self.give_up(error::TOO_MANY, &message, "send less at once");
        } else if self.reading && self.wire.has_begun() && self.may_start() {
            self.arrival.get_or_insert_with(|| Instant::now() + limits::REQUEST_ARRIVAL_TIME);
        } else {
            // While we do not read, the client is not to blame.
            self.arrival = None;
        }
    }

    /// Answers one message, or starts to.
    async fn message(&mut self, range: std::ops::Range<usize>) {
        let text = &self.input[range];
        if text.len() > limits::REQUEST_BYTES {
            let message = format!("a request may have {} bytes", limits::REQUEST_BYTES);
            return self.give_up(error::TOO_MANY, &message, "send less at once");
        }
        let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
        let (id, running) = if first == Some(&b'[') {
            match message::read_batch(text, limits::BATCH_REQUESTS) {
                Ok(requests) => (Id::Null, self.dispatcher.batch(&requests)),
                Err(refusal) => return self.push(&refusal.into_json()),
            }
        } else {
            match message::read(text) {
                Ok(Incoming { id: None, method, params }) => {
                    if let Some(id) = cancel_request(&method, params) {
                        return self.cancel(id);
                    }
                    let Some(language_server) = &mut self.language_server else { return };
                    let Some(running) = language_server.notify(&method, params) else { return };
                    if language_server.has_exited() {
                        self.leave();
                    }
                    (Id::Null, running)
                }
                Ok(incoming) => {
                    let id = incoming.id.clone().unwrap_or(Id::Null).into_owned();
                    let running = match &mut self.language_server {
                        Some(language_server) if !self.dispatcher.knows(&incoming.method) => {
                            language_server.call(id.clone(), &incoming)
                        }
                        _ => self.dispatcher.call(id.clone(), &incoming),
                    };
                    (id, running)
                }
                Err(refusal) => {
                    let is_answer = self.language_server.as_mut().is_some_and(|server| server.take_answer(text));
                    if !is_answer {
                        self.push(&refusal.into_json());
                    }
                    return;
                }
            }
        };
        self.start(id, running).await;
    }

    async fn start(&mut self, id: Id<'static>, mut running: Running) {
        // Most requests need not wait for anything: they never become a task.
        match poll_fn(|context| Poll::Ready(running.as_mut().poll(context))).await {
            Poll::Ready(Some(response)) => self.push(&response),
            Poll::Ready(None) => {}
            Poll::Pending => {
                let key = id.clone();
                let handle = self.running.spawn(async move { (id, running.await) });
                if key != Id::Null {
                    self.handles.insert(key, handle);
                }
            }
        }
    }

    fn cancel(&mut self, id: Id<'static>) {
        if let Some(handle) = self.handles.remove(&id)
            && !handle.is_finished()
        {
            handle.abort();
            self.push(&self.wire.cancelled(id).into_json());
        }
    }

    /// The client sends no more: what it sent last may lack its line break.
    async fn end_of_input(&mut self) {
        match self.wire.end() {
            Rest::Nothing => {}
            Rest::Message => {
                let end = self.input.len();
                let rest = std::mem::take(&mut self.input);
                let start = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(end);
                self.input = rest;
                self.message(start..end).await;
            }
            Rest::CutOff => {
                let (code, message) = (PARSE_ERROR_CODE, "the input ended within a message");
                self.push(&MethodResponse::error(Id::Null, message::error(code, message, "send it whole")).into_json());
            }
        }
        self.input.clear();
        self.arrival = None;
        self.reading = false;
    }

    /// Queues a message.
    fn push(&mut self, json: &RawValue) {
        self.wire.write(json.get(), &mut self.output);
    }

    /// The client said that it leaves: what is written already is the last.
    fn leave(&mut self) {
        self.running.abort_all();
        self.wire.end();
        self.reading = false;
        self.broken = true;
    }

    /// Writes as much as the system takes now.
    fn write_now(&mut self) -> io::Result<()> {
        while self.unwritten() > 0 {
            match self.writer.try_write(&self.output[self.written..]) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.written += written;
                    self.stalled = None;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stalled.get_or_insert_with(|| Instant::now() + limits::WRITE_TIME);
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        if self.unwritten() == 0 {
            self.stalled = None;
            self.output.clear();
            self.written = 0;
            if self.output.capacity() > KEPT_BUFFER {
                self.output = Vec::new();
            }
        } else if self.written > HIGH_WATER {
            self.output.drain(..self.written);
            self.written = 0;
        }
        Ok(())
    }

    fn past_deadline(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if self.stalled.is_some_and(|deadline| deadline <= now) {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read"));
        }
        if self.arrival.is_some_and(|deadline| deadline <= now) {
            let seconds = limits::REQUEST_ARRIVAL_TIME.as_secs();
            self.give_up(error::TIMED_OUT, &format!("a request did not arrive within {seconds}s"), "send it at once");
            return Ok(());
        }
        if !self.reading && hung_up(&self.writer) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }

    /// Says why, and ends the connection.
    fn give_up(&mut self, code: i32, message: &str, hint: &str) {
        let error = MethodResponse::error(Id::Null, message::error(code, message, hint));
        self.push(&error.into_json());
        self.leave();
        self.input = Vec::new();
        self.arrival = None;
    }
}

/// What the language server asks its client or tells it; nothing, for ever, where there is none.
async fn next_request(language_server: &mut Option<LanguageServer>) -> Box<RawValue> {
    match language_server {
        Some(language_server) => language_server.next_request().await,
        None => std::future::pending().await,
    }
}

/// Whether the other side closed both halves. A socket shut down by its peer in one direction only is no hang-up.
fn hung_up(writer: &WriteHalf<'_>) -> bool {
    let stream: &UnixStream = writer.as_ref();
    let mut descriptors = [PollFd::from_borrowed_fd(stream.as_fd(), PollFlags::empty())];
    let no_wait = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut descriptors, Some(&no_wait)).is_ok() && descriptors[0].revents().contains(PollFlags::HUP)
}

fn cancel_request(method: &str, params: Option<&RawValue>) -> Option<Id<'static>> {
    #[derive(Deserialize)]
    struct Cancel<'a> {
        #[serde(borrow)]
        id: Id<'a>,
    }
    if method != "$/cancelRequest" {
        return None;
    }
    serde_json::from_str::<Cancel<'_>>(params?.get()).ok().map(|cancel| cancel.id.into_owned())
}
