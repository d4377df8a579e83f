//! The client for commands: one connection, one call at a time, no runtime.

use std::{
    borrow::Cow,
    collections::VecDeque,
    io::{self, Read, Write},
    marker::PhantomData,
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use super::{ClientError, RpcError, Spawn, connect};
use crate::{
    limits::{RESPONSE_BYTES, request_time},
    paths::Paths,
};

/// What the daemon's own time limit is exceeded by before we give up: its error is better than ours.
const GRACE: Duration = Duration::from_secs(5);
/// Bytes asked of the system at once.
const READ_BYTES: usize = 16 << 10;
/// Notifications kept that came while an answer was waited for.
const KEPT_NOTIFICATIONS: usize = 1_024;

/// A connection to the daemon; one call at a time.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
    /// What was read; the bytes before `taken` belong to lines already handed out.
    buffer: Vec<u8>,
    taken: usize,
    /// Bytes after `taken` that hold no line break.
    searched: usize,
    next_id: u64,
    /// The stream's read timeout now, to set it only when it changes.
    timeout: Option<Duration>,
    notifications: VecDeque<Vec<u8>>,
}

impl Client {
    /// Connects; starts a daemon, or replaces an older one, where `spawn` allows it.
    pub fn connect(paths: &Paths, spawn: &Spawn) -> Result<Self, ClientError> {
        Self::over(connect::connect(paths, spawn)?)
    }

    /// Uses a connection that is there.
    pub fn over(stream: UnixStream) -> Result<Self, ClientError> {
        let timeout = stream.read_timeout().map_err(|error| ClientError::io("cannot use the socket", error))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            taken: 0,
            searched: 0,
            next_id: 0,
            timeout,
            notifications: VecDeque::new(),
        })
    }

    /// Calls a method. `params` is a struct, a map, a list, or `()` for none. Waits a little longer than the daemon
    /// gives the method.
    pub fn call<R: DeserializeOwned>(&mut self, method: &str, params: impl Serialize) -> Result<R, ClientError> {
        self.call_within(method, params, request_time(method) + GRACE)
    }

    /// Calls a method, and waits at most so long for the answer.
    pub fn call_within<R: DeserializeOwned>(
        &mut self,
        method: &str,
        params: impl Serialize,
        limit: Duration,
    ) -> Result<R, ClientError> {
        let id = self.send(method, params)?;
        let timed_out = || ClientError::Timeout { method: method.to_owned(), after: limit };
        let deadline = Instant::now().checked_add(limit).ok_or_else(timed_out)?;
        loop {
            let line = self.line(Some(deadline))?.ok_or_else(timed_out)?;
            // The usual case in one pass. Whatever else came is looked at closely below.
            if let Ok(Answer { id: Some(answered), result, error: None, method: None }) = serde_json::from_slice(line)
                && answered == id
                && let Some(result) = result.or_else(|| serde_json::from_str("null").ok())
            {
                return Ok(result);
            }
            let message: Message<'_> = serde_json::from_slice(line).map_err(|error| malformed(method, &error))?;
            if message.method.is_some() {
                let line = line.to_vec();
                if self.notifications.len() == KEPT_NOTIFICATIONS {
                    self.notifications.pop_front();
                }
                self.notifications.push_back(line);
                continue;
            }
            match message.id.map(|id| id.get().parse::<u64>()) {
                Some(Ok(answered)) if answered == id => {}
                // The answer to a call that was given up.
                Some(Ok(_)) => continue,
                // An error without an id is about the connection: too many of them, or a request that is no JSON.
                Some(Err(_)) | None if message.error.is_some() => {}
                Some(Err(_)) | None => {
                    return Err(ClientError::Malformed { method: method.to_owned(), reason: "no id".into() });
                }
            }
            if let Some(error) = message.error {
                return Err(error.into());
            }
            let result = message.result.map_or("null", RawValue::get);
            return serde_json::from_str(result).map_err(|error| malformed(method, &error));
        }
    }

    /// Calls a method that begins a subscription, and gives what is sent for it. Meanwhile this connection does nothing
    /// else: use another for calls.
    pub fn subscribe<T: DeserializeOwned>(
        &mut self,
        method: &str,
        unsubscribe: &'static str,
        params: impl Serialize,
    ) -> Result<Subscription<'_, T>, ClientError> {
        let id: Box<RawValue> = self.call(method, params)?;
        Ok(Subscription { client: self, unsubscribe, id, item: PhantomData })
    }

    /// Sends a notification: a call without an answer.
    pub fn notify(&mut self, method: &str, params: impl Serialize) -> Result<(), ClientError> {
        self.write(&Request { jsonrpc: "2.0", id: None, method, params: Params(&params) })
    }

    /// What ends the connection from another thread: the call under way fails, and the daemon takes it back.
    pub fn ender(&self) -> Result<impl FnOnce() + Send + 'static, ClientError> {
        let stream = self.stream.try_clone().map_err(|error| ClientError::io("cannot use the socket", error))?;
        // One that has ended already is what is wanted.
        Ok(move || drop(stream.shutdown(std::net::Shutdown::Both)))
    }

    /// The connection, when nothing is under way.
    pub(super) fn into_stream(self) -> UnixStream {
        self.stream
    }

    fn send(&mut self, method: &str, params: impl Serialize) -> Result<u64, ClientError> {
        self.next_id += 1;
        let id = self.next_id;
        self.write(&Request { jsonrpc: "2.0", id: Some(id), method, params: Params(&params) })?;
        Ok(id)
    }

    fn write<P: Serialize>(&mut self, request: &Request<'_, P>) -> Result<(), ClientError> {
        let mut line = serde_json::to_vec(request)
            .map_err(|error| ClientError::io("cannot write the request", io::Error::other(error)))?;
        line.push(b'\n');
        // A daemon that refuses the connection says why before it closes: what it said is worth reading.
        match self.stream.write_all(&line) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result.map_err(|error| ClientError::io("cannot write to the daemon", error)),
        }
    }

    /// The next line, without its line break; `None` when the deadline came first.
    fn line(&mut self, deadline: Option<Instant>) -> Result<Option<&[u8]>, ClientError> {
        loop {
            let start = self.taken + self.searched;
            if let Some(at) = self.buffer[start..].iter().position(|byte| *byte == b'\n') {
                let line = self.taken..start + at;
                self.taken = line.end + 1;
                self.searched = 0;
                return Ok(Some(&self.buffer[line]));
            }
            self.buffer.drain(..self.taken);
            self.taken = 0;
            self.searched = self.buffer.len();
            if self.buffer.len() > RESPONSE_BYTES {
                return Err(ClientError::Malformed { method: "it".into(), reason: "it is too long".into() });
            }
            let timeout = match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
                Some(left) if left.is_zero() => return Ok(None),
                timeout => timeout,
            };
            self.set_timeout(timeout)?;
            self.buffer.resize(self.searched + READ_BYTES, 0);
            let read = self.stream.read(&mut self.buffer[self.searched..]);
            self.buffer.truncate(self.searched + *read.as_ref().unwrap_or(&0));
            match read {
                Ok(0) => return Err(ClientError::Closed),
                Ok(_) => {}
                Err(error) => match error.kind() {
                    // The loop asks the clock again.
                    io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {}
                    io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => return Err(ClientError::Closed),
                    _ => return Err(ClientError::io("cannot read from the daemon", error)),
                },
            }
        }
    }

    /// Sets the stream's read timeout, in whole seconds upwards so that it seldom changes.
    fn set_timeout(&mut self, timeout: Option<Duration>) -> Result<(), ClientError> {
        let timeout = timeout.map(|timeout| match timeout {
            short if short < Duration::from_secs(2) => short.max(Duration::from_millis(1)),
            long => Duration::from_secs(long.as_secs() + 1),
        });
        if timeout == self.timeout {
            return Ok(());
        }
        self.timeout = timeout;
        self.stream.set_read_timeout(timeout).map_err(|error| ClientError::io("cannot use the socket", error))
    }
}

/// What is sent for a subscription. As an iterator it waits for the next item, and ends when the daemon ends it.
#[derive(Debug)]
pub struct Subscription<'a, T> {
    client: &'a mut Client,
    unsubscribe: &'static str,
    id: Box<RawValue>,
    item: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Subscription<'_, T> {
    /// The next item; `None` when none came within the time.
    pub fn next_within(&mut self, limit: Duration) -> Result<Option<T>, ClientError> {
        self.next_before(Instant::now().checked_add(limit))
    }

    /// Ends it.
    pub fn end(self) -> Result<(), ClientError> {
        let _was_alive: bool = self.client.call(self.unsubscribe, [&self.id])?;
        self.client.notifications.clear();
        Ok(())
    }

    fn next_before(&mut self, deadline: Option<Instant>) -> Result<Option<T>, ClientError> {
        loop {
            let kept = self.client.notifications.pop_front();
            let line = match &kept {
                Some(line) => line.as_slice(),
                None => match self.client.line(deadline)? {
                    Some(line) => line,
                    None => return Ok(None),
                },
            };
            let message: Message<'_> = serde_json::from_slice(line).map_err(|error| malformed("subscribe", &error))?;
            let Some(params) = message.params.filter(|_| message.id.is_none()) else { continue };
            let params: Notification<'_> =
                serde_json::from_str(params.get()).map_err(|error| malformed("subscribe", &error))?;
            if params.subscription.get() != self.id.get() {
                continue;
            }
            if let Some(error) = params.error {
                return Err(ClientError::Malformed { method: "subscribe".into(), reason: error.get().to_owned() });
            }
            let item = params.result.map_or("null", RawValue::get);
            return serde_json::from_str(item).map(Some).map_err(|error| malformed("subscribe", &error));
        }
    }
}

impl<T: DeserializeOwned> Iterator for Subscription<'_, T> {
    type Item = Result<T, ClientError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_before(None) {
            Ok(item) => item.map(Ok),
            Err(ClientError::Closed) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

#[derive(Serialize)]
struct Request<'a, P: Serialize> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    method: &'a str,
    #[serde(skip_serializing_if = "Params::are_none")]
    params: Params<'a, P>,
}

/// Parameters; of a type without a size (`()`) they are left out, as JSON-RPC knows no `null` there.
#[derive(Serialize)]
#[serde(transparent)]
struct Params<'a, P: Serialize>(&'a P);

impl<P: Serialize> Params<'_, P> {
    #[expect(clippy::unused_self, reason = "serde calls it with the field")]
    fn are_none(&self) -> bool {
        size_of::<P>() == 0
    }
}

/// The answer that is expected.
#[derive(Deserialize)]
struct Answer<R> {
    #[serde(default)]
    id: Option<u64>,
    #[serde(default = "Option::default")]
    result: Option<R>,
    #[serde(default)]
    error: Option<IgnoredAny>,
    #[serde(default)]
    method: Option<IgnoredAny>,
}

/// Any message.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<RpcError>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Notification<'a> {
    #[serde(borrow)]
    subscription: &'a RawValue,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

fn malformed(method: &str, error: &serde_json::Error) -> ClientError {
    ClientError::Malformed { method: method.to_owned(), reason: error.to_string() }
}
