//! Calls of the daemon away from the thread that draws: a thread for each lane of calls, one that follows the index and
//! one that follows the session in view. All of them send messages, and wake whoever waits for these.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use opensession_protocol::{IndexStatus, SessionUpdate};
use serde_json::json;

use super::effects::{Lane, Message, Request};
use crate::connection::{self, CallError, Connection, Connector, HangUp, Update};

/// How often it is tried to reach a daemon that is away.
const RECONNECT: Duration = Duration::from_millis(300);
/// So many times it is only waited for: it may be about to be replaced. Then it is started.
const ONLY_WAITED_FOR: u32 = 6;

/// Where messages go, from any thread.
#[derive(Clone)]
pub(crate) struct Mailbox {
    sender: Sender<Message>,
    wake: Arc<OwnedFd>,
}

impl Mailbox {
    /// A mailbox, and what it is emptied by. A byte is written to `wake` with every message.
    pub(crate) fn new(wake: OwnedFd) -> (Self, Receiver<Message>) {
        let (sender, receiver) = mpsc::channel();
        (Self { sender, wake: Arc::new(wake) }, receiver)
    }

    /// Sends; `false` when nobody reads any more.
    pub(crate) fn send(&self, message: Message) -> bool {
        let is_read = self.sender.send(message).is_ok();
        // A pipe that is full wakes its reader just as well.
        rustix::io::write(&*self.wake, &[1]).ok();
        is_read
    }
}

/// The threads that call the daemon.
pub(crate) struct Workers {
    connector: Connector,
    mailbox: Mailbox,
    lanes: BTreeMap<Lane, Arc<Queue>>,
    watch: Option<Arc<Mutex<Option<HangUp>>>>,
}

/// What waits in a lane.
#[derive(Default)]
struct Queue {
    state: Mutex<QueueState>,
    came: Condvar,
}

#[derive(Default)]
struct QueueState {
    waiting: VecDeque<Request>,
    /// Breaks off the call under way.
    under_way: Option<HangUp>,
}

impl Workers {
    /// The workers; the index is followed from now on.
    pub(crate) fn begin(connector: Connector, mailbox: Mailbox) -> Self {
        let follower = (connector.clone(), mailbox.clone());
        thread::spawn(move || follow_index(&follower.0, &follower.1));
        Self { connector, mailbox, lanes: BTreeMap::new(), watch: None }
    }

    /// Has a call made.
    pub(crate) fn ask(&mut self, request: Request) {
        let lane = request.lane;
        let queue = self.lanes.entry(lane).or_insert_with(|| {
            let queue = Arc::new(Queue::default());
            let (worked, connector, mailbox) = (Arc::clone(&queue), self.connector.clone(), self.mailbox.clone());
            thread::spawn(move || work(&worked, &connector, &mailbox));
            queue
        });
        let mut state = lock(&queue.state);
        if lane.keeps_newest() {
            state.waiting.clear();
            // Closing the connection takes the call back; a new one is a matter of microseconds.
            if let Some(hang_up) = state.under_way.take() {
                hang_up();
            }
        }
        state.waiting.push_back(request);
        drop(state);
        queue.came.notify_one();
    }

    /// Follows a session, and no other any more.
    pub(crate) fn watch(&mut self, session: Option<String>) {
        if let Some(before) = self.watch.take()
            && let Some(hang_up) = lock(&before).take()
        {
            hang_up();
        }
        let Some(session) = session else { return };
        let line = Arc::new(Mutex::new(None));
        self.watch = Some(Arc::clone(&line));
        let (connector, mailbox) = (self.connector.clone(), self.mailbox.clone());
        thread::spawn(move || follow_session(&session, &connector, &mailbox, &line));
    }
}

/// Makes the calls of one lane, one after the other.
fn work(queue: &Queue, connector: &Connector, mailbox: &Mailbox) {
    let mut connection: Option<Box<dyn Connection>> = None;
    loop {
        let mut state = lock(&queue.state);
        let request = loop {
            match state.waiting.pop_front() {
                Some(request) => break request,
                None => state = queue.came.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(state);
        let mut answer = call(&request, &mut connection, queue, connector);
        let mut was_taken_back = lock(&queue.state).under_way.take().is_none() && request.lane.keeps_newest();
        // A daemon that was replaced meanwhile: what only looks may be asked again.
        if matches!(answer, Err(CallError::Lost(_))) && !was_taken_back && request.lane != Lane::Act {
            connection = None;
            answer = call(&request, &mut connection, queue, connector);
            was_taken_back = lock(&queue.state).under_way.take().is_none() && request.lane.keeps_newest();
        }
        if was_taken_back || matches!(answer, Err(CallError::Lost(_) | CallError::Unreadable(_))) {
            connection = None;
        }
        if was_taken_back {
            continue;
        }
        let answer = answer.and_then(|raw| (request.read)(&raw));
        if !mailbox.send(Message::Answer(request.ticket, answer)) {
            return;
        }
    }
}

fn call(
    request: &Request,
    connection: &mut Option<Box<dyn Connection>>,
    queue: &Queue,
    connector: &Connector,
) -> Result<Box<serde_json::value::RawValue>, CallError> {
    // Whether it is there tells, afterwards, whether the call was taken back.
    lock(&queue.state).under_way = Some(Box::new(|| {}));
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(connector(true).map_err(|error| CallError::Lost(error.fact))?),
    };
    if let Some(hang_up) = connection.hang_up() {
        lock(&queue.state).under_way = Some(hang_up);
    }
    connection.call(request.method, &request.params)
}

/// Tells how far the reading is whenever that changes, and whether the daemon is there.
fn follow_index(connector: &Connector, mailbox: &Mailbox) {
    let mut failures = 0;
    loop {
        let ended = connector(failures == 0 || failures > ONLY_WAITED_FOR).map(|mut connection| {
            let Ok(mut updates) = connection.subscribe("index/subscribe", &json!({})) else { return true };
            if failures > 0 && !mailbox.send(Message::Online) {
                return false;
            }
            failures = 0;
            while let Ok(Update::Said(update)) = updates.next(None) {
                let Ok(status) = connection::read::<IndexStatus>(&update) else { continue };
                if !mailbox.send(Message::Index(status)) {
                    return false;
                }
            }
            true
        });
        if ended.is_ok_and(|goes_on| !goes_on) || !mailbox.send(Message::Offline) {
            return;
        }
        failures += 1;
        #[expect(clippy::disallowed_methods, reason = "nothing tells when a daemon that is away comes back")]
        thread::sleep(RECONNECT);
    }
}

/// Tells what happens in a session until the line is cut or the daemon goes away.
fn follow_session(session: &str, connector: &Connector, mailbox: &Mailbox, line: &Mutex<Option<HangUp>>) {
    let Ok(mut connection) = connector(false) else { return };
    *lock(line) = connection.hang_up();
    let Ok(mut updates) = connection.subscribe("session/subscribe", &json!({ "session": session })) else { return };
    while let Ok(Update::Said(update)) = updates.next(None) {
        let Ok(update) = connection::read::<SessionUpdate>(&update) else { continue };
        if !mailbox.send(Message::Session(update)) {
            return;
        }
    }
}

/// Nothing is left half done where a lock is held, so what a panic left behind is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
