//! The daemon itself.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::IndexStatus;

/// What the daemon answers first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Hello {
    /// The daemon's version: `0.1.0`.
    pub version: String,
    /// Version of this interface.
    pub protocol: u32,
    /// Its process.
    pub pid: u32,
    /// What it can do: a name for each method (`method:search/query`) and for each behaviour added later.
    pub capabilities: Vec<String>,
    /// The asked-for capabilities that it lacks. If one of them was required the call fails.
    pub missing: Vec<String>,
}

/// How the daemon is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DaemonStatus {
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// When it started.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started: Option<Timestamp>,
    /// Resident memory, in bytes; `None` where the system does not tell.
    pub memory: Option<u64>,
    /// Of it, memory not backed by files.
    pub memory_anonymous: Option<u64>,
    /// CPU time used so far, in milliseconds.
    pub cpu_ms: Option<u64>,
    /// The socket.
    pub socket: String,
    /// The database.
    pub store: String,
    /// Size of the database, in bytes.
    pub store_bytes: u64,
    /// The log file.
    pub log: String,
    /// Sessions kept.
    pub sessions: u64,
    /// Agents that have sessions.
    pub agents: u64,
    /// Sessions being written now.
    pub live: u64,
    /// When the last event was taken in.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_event: Option<Timestamp>,
    /// The search index and the first reading.
    pub index: IndexStatus,
    /// `publish_on` of the configuration.
    pub publish_on: String,
    /// What is not as it should be, each with a remedy: a full disk, watches that ran out, an unreadable configuration.
    pub warnings: Vec<Warning>,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Warning {
    /// What it is about: `store`, `watch`, `config`, `index`.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: Option<String>,
}
