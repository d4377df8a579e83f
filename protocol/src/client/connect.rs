//! Getting a connection to a daemon that we can talk to: connect, start one, or replace an older one.

use std::{
    cmp::Ordering,
    io,
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

use super::{Client, ClientError, LockRecord, Spawn, start, version};
use crate::{
    PROTOCOL_VERSION,
    limits::{DRAIN_TIME, START_TIME},
    paths::{DirectoryError, Paths, verify_private_directory},
    types::Hello,
};

/// Between two attempts to connect: the first pause; each is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// A connection to a daemon that speaks our protocol.
pub(super) fn connect(paths: &Paths, spawn: &Spawn) -> Result<UnixStream, ClientError> {
    let stream = match (attempt(paths)?, spawn) {
        (Some(stream), _) => stream,
        (None, Spawn::Never) => return Err(ClientError::NotRunning { socket: paths.socket.clone() }),
        (None, Spawn::Auto { program }) => start::start(paths, program)?,
    };
    let (stream, daemon) = introduce(paths, stream)?;
    let same_protocol = daemon.protocol == PROTOCOL_VERSION;
    let older = version::compare(&daemon.version, env!("CARGO_PKG_VERSION")) == Ordering::Less;
    match spawn {
        Spawn::Auto { program } if older => {
            let stream = replace(paths, program, stream, &daemon)?;
            let (stream, daemon) = introduce(paths, stream)?;
            // Once only: were the program itself older than we are, we would replace it for ever.
            expect_protocol(stream, daemon)
        }
        _ if same_protocol => Ok(stream),
        _ => expect_protocol(stream, daemon),
    }
}

/// A connection on which nothing was said, so that its dialect is the caller's to choose. Starts a daemon, or replaces an
/// older one, where `spawn` allows it.
pub fn stream(paths: &Paths, spawn: &Spawn) -> Result<UnixStream, ClientError> {
    drop(connect(paths, spawn)?);
    attempt(paths)?.ok_or(ClientError::Closed)
}

/// One attempt; `None` when nobody listens.
pub(super) fn attempt(paths: &Paths) -> Result<Option<UnixStream>, ClientError> {
    // Somebody else's directory could hold somebody else's socket.
    match verify_private_directory(paths.runtime_dir(), paths.uid) {
        Err(DirectoryError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(None),
        result => result?,
    }
    match UnixStream::connect(&paths.socket) {
        Ok(stream) => Ok(Some(stream)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => Ok(None),
        Err(error) => Err(ClientError::io(format!("cannot connect to {}", paths.socket.display()), error)),
    }
}

/// Waits a little longer each time, until a deadline.
pub(super) struct Pauses {
    next: Duration,
    deadline: Instant,
}

impl Pauses {
    pub(super) fn until(deadline: Instant) -> Self {
        Self { next: FIRST_PAUSE, deadline }
    }

    /// Waits; `false` once the deadline is over.
    #[expect(clippy::disallowed_methods, reason = "another process is waited for, and nothing tells when it is done")]
    pub(super) fn pause(&mut self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        std::thread::sleep(self.next.min(left));
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        true
    }
}

/// What the daemon is: from its lock file, or asked for where there is none (a socket forwarded from elsewhere).
fn introduce(paths: &Paths, stream: UnixStream) -> Result<(UnixStream, LockRecord), ClientError> {
    if let Some(record) = LockRecord::read(&paths.lock_file()) {
        if !same_directory(&record.data_dir, &paths.data_dir) {
            let (theirs, ours) = (record.data_dir, paths.data_dir.clone());
            return Err(ClientError::OtherStore { socket: paths.socket.clone(), theirs, ours });
        }
        return Ok((stream, record));
    }
    let mut client = Client::over(stream)?;
    let hello: Hello = client.call("daemon/hello", ())?;
    let record = LockRecord {
        pid: hello.pid,
        version: hello.version,
        protocol: hello.protocol,
        data_dir: paths.data_dir.clone(),
    };
    Ok((client.into_stream(), record))
}

fn same_directory(left: &Path, right: &Path) -> bool {
    left == right || matches!((left.canonicalize(), right.canonicalize()), (Ok(left), Ok(right)) if left == right)
}

fn expect_protocol(stream: UnixStream, daemon: LockRecord) -> Result<UnixStream, ClientError> {
    if daemon.protocol == PROTOCOL_VERSION {
        return Ok(stream);
    }
    Err(ClientError::ProtocolMismatch { version: daemon.version, protocol: daemon.protocol })
}

/// Asks an older daemon to end, and starts ours. `daemon/shutdown` stays the same in every version of the protocol.
fn replace(paths: &Paths, program: &Path, stream: UnixStream, daemon: &LockRecord) -> Result<UnixStream, ClientError> {
    match Client::over(stream)?.call::<()>("daemon/shutdown", ()) {
        // Another client may have asked a moment ago.
        Ok(()) | Err(ClientError::Closed) => {}
        Err(error) => return Err(error),
    }
    let mut pauses = Pauses::until(Instant::now() + DRAIN_TIME + START_TIME);
    loop {
        match attempt(paths)? {
            None => return start::start(paths, program),
            // Another client replaced it already.
            Some(stream) if LockRecord::read(&paths.lock_file()).is_some_and(|now| now != *daemon) => {
                return Ok(stream);
            }
            Some(_) if pauses.pause() => {}
            Some(_) => return Err(ClientError::NotEnded { version: daemon.version.clone(), pid: daemon.pid }),
        }
    }
}
