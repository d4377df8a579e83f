//! Clients of the daemon's socket.
//!
//! [`Client`] blocks, needs no runtime and costs a few system calls: for commands. [`asynchronous::connect`] gives a
//! client on which the methods that the interface's trait generates work: for the terminal interface and for tests.
//! Both start a daemon when there is none, see [`Spawn`].

pub mod asynchronous;
mod blocking;
mod connect;
mod lock_record;
mod start;
mod version;

use std::{io, path::PathBuf, time::Duration};

use serde::Deserialize;
use serde_json::value::RawValue;

pub use blocking::{Client, Subscription};
pub use connect::stream;
pub use lock_record::LockRecord;
pub use start::{ALLOCATOR_TUNABLES, LOCK_BUSY_STATUS, READY_LINE};

use crate::{
    PROTOCOL_VERSION,
    error::ErrorData,
    paths::{DirectoryError, Environment},
};

/// What to do when there is no daemon, or an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spawn {
    /// Fail; use an older daemon if it speaks the same protocol.
    Never,
    /// Start one: `program daemon run --detached`. An older one is asked to end, and is replaced.
    Auto {
        /// Our own executable.
        program: PathBuf,
    },
}

impl Spawn {
    /// [`Spawn::Auto`], unless `OPENSESSION_NO_SPAWN` forbids it.
    pub fn with(environment: &Environment, program: PathBuf) -> Self {
        if environment.no_spawn { Self::Never } else { Self::Auto { program } }
    }
}

/// Why a call or a connection failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens at the socket.
    #[error("no daemon is running at {}", socket.display())]
    NotRunning {
        /// The socket.
        socket: PathBuf,
    },
    /// A daemon was started and ended at once, or did not answer in time.
    #[error("the daemon did not start{}", in_time(*.within))]
    NotStarted {
        /// How long it was waited for; `None` when it ended by itself.
        within: Option<Duration>,
        /// What it wrote before it ended; may be empty.
        last_words: String,
    },
    /// An older daemon was asked to end and did not.
    #[error("daemon {version} (pid {pid}) was asked to end and is still there")]
    NotEnded {
        /// Its version.
        version: String,
        /// Its process.
        pid: u32,
    },
    /// The socket's directory cannot be trusted.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The daemon at this socket keeps another database.
    #[error("the daemon at {} keeps {}, not {}", socket.display(), theirs.display(), ours.display())]
    OtherStore {
        /// The socket.
        socket: PathBuf,
        /// The daemon's data directory.
        theirs: PathBuf,
        /// The one that was expected.
        ours: PathBuf,
    },
    /// The daemon speaks another version of the protocol.
    #[error(
        "daemon {version} speaks protocol {protocol}, this program {} speaks {PROTOCOL_VERSION}",
        env!("CARGO_PKG_VERSION")
    )]
    ProtocolMismatch {
        /// The daemon's version.
        version: String,
        /// The daemon's protocol.
        protocol: u32,
    },
    /// The daemon answered with an error.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// No answer came in time.
    #[error("{method} was not answered within {}s", after.as_secs())]
    Timeout {
        /// The method.
        method: String,
        /// How long it was waited for.
        after: Duration,
    },
    /// The connection ended before the answer.
    #[error("the daemon closed the connection")]
    Closed,
    /// What came is no answer.
    #[error("the daemon's answer to {method} is not understood: {reason}")]
    Malformed {
        /// The method.
        method: String,
        /// Why.
        reason: String,
    },
    /// The system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

impl ClientError {
    /// What the user can do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotRunning { .. } => "start it: opensession daemon start".into(),
            Self::NotStarted { .. } | Self::Closed => "look into its log: opensession daemon logs".into(),
            Self::NotEnded { pid, .. } => format!("end it: kill {pid}"),
            Self::Directory(error) => error.hint(),
            Self::OtherStore { .. } => "end it with opensession daemon stop, or set OPENSESSION_SOCKET".into(),
            Self::ProtocolMismatch { .. } => "update this program, or run opensession daemon restart".into(),
            Self::Rpc(error) => return error.details().hint,
            Self::Timeout { .. } => "look how it is: opensession daemon status".into(),
            Self::Malformed { .. } => "restart it: opensession daemon restart".into(),
            Self::Io { .. } => return None,
        })
    }

    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io { what: what.into(), source }
    }
}

fn in_time(limit: Option<Duration>) -> String {
    limit.map_or_else(String::new, |limit| format!(" within {}s", limit.as_secs()))
}

/// An error that the daemon answered; the codes are in [`crate::error`].
#[derive(Debug, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct RpcError {
    /// The code.
    pub code: i32,
    /// What is wrong.
    pub message: String,
    /// More about it, as it came.
    #[serde(default)]
    pub data: Option<Box<RawValue>>,
}

impl RpcError {
    /// `data`, read; empty where it is of another shape.
    pub fn details(&self) -> ErrorData {
        let Some(data) = &self.data else { return ErrorData::default() };
        // Where parameters are wrong, the data is a text that says how.
        serde_json::from_str(data.get())
            .unwrap_or_else(|_| ErrorData { hint: serde_json::from_str(data.get()).ok(), ..ErrorData::default() })
    }
}
