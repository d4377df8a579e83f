//! Starting a daemon: one of many clients does it, all of them wait for it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, PipeReader, Read},
    os::unix::{fs::OpenOptionsExt, net::UnixStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    ClientError,
    connect::{Pauses, attempt},
};
use crate::{
    limits::{DRAIN_TIME, START_TIME},
    paths::{Paths, create_private_directory},
};

/// What a detached daemon writes to its standard output once it listens. Before it, the same pipe carries its last
/// words.
pub const READY_LINE: &str = "ready";
/// The exit status of a daemon that found another one at work (`EX_TEMPFAIL` of sysexits).
pub const LOCK_BUSY_STATUS: i32 = 75;
/// `GLIBC_TUNABLES` of a daemon: what a long reading took goes back to the system when it has ended. Without it some
/// forty megabytes stay with an idle daemon. Other C libraries do not look at it.
pub const ALLOCATOR_TUNABLES: &str =
    "glibc.malloc.arena_max=2:glibc.malloc.trim_threshold=1048576:glibc.malloc.mmap_threshold=1048576";
/// Bytes kept of what a failing daemon says.
const LAST_WORDS_LIMIT: usize = 16 << 10;

/// Starts a daemon unless somebody else does, and connects to it.
pub(super) fn start(paths: &Paths, program: &Path) -> Result<UnixStream, ClientError> {
    create_private_directory(paths.runtime_dir(), paths.uid)?;
    let lock_file = paths.startup_lock_file();
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&lock_file)
        .map_err(|error| ClientError::io(format!("cannot open {}", lock_file.display()), error))?;
    // A daemon that is ending holds its lock while it drains; after that ours has its own time.
    let limit = START_TIME + DRAIN_TIME;
    let mut pauses = Pauses::until(Instant::now() + limit);
    loop {
        if try_lock(&lock, &lock_file)? {
            // Whoever held the lock before us has started one.
            if let Some(stream) = attempt(paths)? {
                return Ok(stream);
            }
            match launch(program)? {
                Launch::Ready => return attempt(paths)?.ok_or(ClientError::Closed),
                Launch::AnotherIsThere => {}
            }
            lock.unlock().map_err(|error| ClientError::io(format!("cannot unlock {}", lock_file.display()), error))?;
        }
        if let Some(stream) = attempt(paths)? {
            return Ok(stream);
        }
        if !pauses.pause() {
            let last_words = "another daemon holds the lock and does not listen".into();
            return Err(ClientError::NotStarted { within: Some(limit), last_words });
        }
    }
}

enum Launch {
    Ready,
    AnotherIsThere,
}

fn launch(program: &Path) -> Result<Launch, ClientError> {
    let failed = |error| ClientError::io(format!("cannot start {}", program.display()), error);
    let (mut words, writer) = io::pipe().map_err(failed)?;
    // What this process was given beyond the three streams, a lock or a pipe of a script, is not the daemon's to keep.
    close_fds::set_fds_cloexec_threadsafe(3, &[]);
    let tunables = std::env::var_os("GLIBC_TUNABLES").unwrap_or_else(|| ALLOCATOR_TUNABLES.into());
    // The command holds the pipe's other end: as a temporary it is gone with this statement, so that the pipe ends when
    // the child does.
    let mut child = Command::new(program)
        .args(["daemon", "run", "--detached"])
        .env("GLIBC_TUNABLES", tunables)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer)
        .spawn()
        .map_err(failed)?;
    let deadline = Instant::now() + START_TIME;
    let mut said = Vec::new();
    loop {
        if said.split(|byte| *byte == b'\n').any(|line| line == READY_LINE.as_bytes()) {
            return Ok(Launch::Ready);
        }
        match read_some(&mut words, &mut said, deadline).map_err(failed)? {
            Heard::Words => {}
            Heard::End => return ended(&mut child, deadline, &said),
            Heard::Nothing => {
                return Err(ClientError::NotStarted { within: Some(START_TIME), last_words: last_words(&said) });
            }
        }
    }
}

enum Heard {
    Words,
    End,
    Nothing,
}

fn read_some(words: &mut PipeReader, said: &mut Vec<u8>, deadline: Instant) -> io::Result<Heard> {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
    match poll(&mut [PollFd::new(&*words, PollFlags::IN)], Some(&timeout)) {
        Ok(0) => return Ok(Heard::Nothing),
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Heard::Words),
        Err(error) => return Err(error.into()),
    }
    let mut buffer = [0; 4096];
    let read = words.read(&mut buffer)?;
    said.extend_from_slice(&buffer[..read]);
    if said.len() > LAST_WORDS_LIMIT {
        said.drain(..said.len() - LAST_WORDS_LIMIT);
    }
    Ok(if read == 0 { Heard::End } else { Heard::Words })
}

/// The child closed its outputs without being ready.
fn ended(child: &mut Child, deadline: Instant, said: &[u8]) -> Result<Launch, ClientError> {
    let mut pauses = Pauses::until(deadline.max(Instant::now() + Duration::from_millis(500)));
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break Some(status),
            Ok(None) if pauses.pause() => {}
            Ok(None) | Err(_) => break None,
        }
    };
    if status.and_then(|status| status.code()) == Some(LOCK_BUSY_STATUS) {
        return Ok(Launch::AnotherIsThere);
    }
    let mut words = last_words(said);
    if words.is_empty() {
        words = status.map_or_else(|| "it closed its output".into(), |status| status.to_string());
    }
    Err(ClientError::NotStarted { within: None, last_words: words })
}

fn last_words(said: &[u8]) -> String {
    String::from_utf8_lossy(said).trim().to_owned()
}

fn try_lock(lock: &File, path: &Path) -> Result<bool, ClientError> {
    match lock.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(ClientError::io(format!("cannot lock {}", path.display()), error)),
    }
}
