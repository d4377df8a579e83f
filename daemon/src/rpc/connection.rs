//! One newline-delimited connection: a single task that reads, starts requests, and writes what is ready.
//!
//! A request that can be answered at once is answered in this task, without another one being woken. One that has to
//! wait goes into a task of its own, so that answers may come out of order. Reading stops while too many requests are
//! under way or while the client does not take what was written for it.

use std::{collections::HashMap, future::poll_fn, io, os::fd::AsFd, task::Poll, time::Duration};

use jsonrpsee::{ConnectionId, MethodResponse, MethodSink, Methods, types::Id};
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
    call::{Dispatcher, Running, cancelled},
    framing::{Frame, Framing},
    message::{self, Incoming},
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
pub(super) async fn serve(mut stream: UnixStream, methods: Methods, id: ConnectionId, stop: CancellationToken) {
    let (reader, writer) = stream.split();
    let (sender, queue) = mpsc::channel(QUEUED_NOTIFICATIONS);
    let dispatcher = Dispatcher::new(methods, id, MethodSink::new_with_limit(sender, limits::RESPONSE_BYTES as u32));
    let connection = Connection {
        reader,
        writer,
        dispatcher,
        queue,
        input: Vec::new(),
        framing: Framing::default(),
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
    framing: Framing,
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
            match self.framing.next(&self.input[done..]) {
                Frame::Message(range) => {
                    let end = done + range.end;
                    let range = done + range.start..end;
                    self.framing.consume(end - done);
                    done = end;
                    self.message(range).await;
                    started += 1;
                    if started % REQUESTS_BEFORE_YIELD == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                Frame::Incomplete(length) => {
                    self.framing.consume(length);
                    done += length;
                    break;
                }
            }
        }
        self.input.drain(..done);
        if self.input.is_empty() && self.input.capacity() > KEPT_BUFFER {
            self.input = Vec::new();
        }
        match self.framing.begun() {
            Some(length) if length > limits::REQUEST_BYTES => {
                let message = format!("a request may have {} bytes", limits::REQUEST_BYTES);
                self.give_up(error::TOO_MANY, &message, "send less at once");
            }
            Some(_) if self.may_start() => {
                self.arrival.get_or_insert_with(|| Instant::now() + limits::REQUEST_ARRIVAL_TIME);
            }
            // While we do not read, the client is not to blame.
            Some(_) | None => self.arrival = None,
        }
    }

    /// Answers one message, or starts to.
    async fn message(&mut self, range: std::ops::Range<usize>) {
        let text = &self.input[range];
        if text.len() > limits::REQUEST_BYTES {
            let message = format!("a request may have {} bytes", limits::REQUEST_BYTES);
            return self.give_up(error::TOO_MANY, &message, "send less at once");
        }
        let (id, running) = if text.first() == Some(&b'[') {
            match message::read_batch(text, limits::BATCH_REQUESTS) {
                Ok(requests) => (Id::Null, self.dispatcher.batch(&requests)),
                Err(refusal) => return self.push(&refusal.into_json()),
            }
        } else {
            match message::read(text) {
                Ok(Incoming { id: None, method, params }) => {
                    if let Some(id) = cancel_request(&method, params) {
                        self.cancel(id);
                    }
                    return;
                }
                Ok(incoming) => {
                    let id = incoming.id.clone().unwrap_or(Id::Null).into_owned();
                    let running = self.dispatcher.call(id.clone(), &incoming);
                    (id, running)
                }
                Err(refusal) => return self.push(&refusal.into_json()),
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
            self.push(&cancelled(id).into_json());
        }
    }

    /// The client sends no more: what it sent last may lack its line break.
    async fn end_of_input(&mut self) {
        if self.framing.begun().is_some() {
            let end = self.input.len();
            let rest = std::mem::take(&mut self.input);
            let start = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(end);
            self.input = rest;
            self.message(start..end).await;
            self.input.clear();
        }
        self.framing = Framing::default();
        self.arrival = None;
        self.reading = false;
    }

    /// Queues a line.
    fn push(&mut self, json: &RawValue) {
        let text = json.get().as_bytes();
        let start = self.output.len();
        self.output.extend_from_slice(text);
        // In JSON a line break is white space outside of strings; inside it is escaped.
        if memchr::memchr2(b'\n', b'\r', text).is_some() {
            for byte in &mut self.output[start..] {
                if matches!(byte, b'\n' | b'\r') {
                    *byte = b' ';
                }
            }
        }
        self.output.push(b'\n');
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
        self.running.abort_all();
        self.input = Vec::new();
        self.framing = Framing::default();
        self.arrival = None;
        self.reading = false;
        self.broken = true;
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
