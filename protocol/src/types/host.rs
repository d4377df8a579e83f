//! Other machines whose sessions are kept here.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Another machine: its home directory is pulled over ssh, or lies in a folder here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HostInfo {
    /// Its name: `host` of its sessions, and the value of `host:` in queries.
    pub name: String,
    /// The folder in which its sessions are found: what was imported, or the mirror of what is pulled.
    pub folder: String,
    /// Where it is pulled from, as ssh takes it: `user@host:port`. `None` for a folder that was imported.
    pub address: Option<String>,
    /// What is being done.
    pub state: HostState,
    /// Sessions of people kept of it.
    pub sessions: u64,
    /// Seconds between two pulls.
    pub interval_secs: Option<u32>,
    /// When the last pull that succeeded ended.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_pull: Option<Timestamp>,
    /// When the next pull begins.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub next_pull: Option<Timestamp>,
    /// How far the pull under way is.
    pub progress: Option<HostProgress>,
    /// Files that the last pull brought.
    pub files: u64,
    /// Bytes that the last pull brought.
    pub bytes: u64,
    /// Why the last pull failed, or the folder cannot be read.
    pub failure: Option<String>,
    /// What can be done about it.
    pub remedy: Option<String>,
    /// What the last pull left there, and why.
    pub left: Vec<String>,
}

/// What is being done with a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostState {
    /// It is a folder that changes are looked for in.
    #[default]
    Followed,
    /// The next pull is waited for.
    Waiting,
    /// A pull is under way.
    Pulling,
    /// The last pull failed, or the folder is not there; it is tried again.
    Away,
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HostProgress {
    /// Files that are here.
    pub files_done: u64,
    /// Files that were found new or changed.
    pub files_total: u64,
    /// Bytes that came.
    pub bytes_done: u64,
    /// Bytes that were found lacking; of a database that changed, all of it.
    pub bytes_total: u64,
}

/// A host that was added.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HostAdded {
    /// It.
    pub host: HostInfo,
    /// It was not known before.
    pub is_new: bool,
    /// Agents whose sessions were found in the folder.
    pub agents: Vec<String>,
}

/// A host that is not followed any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HostRemoved {
    /// Its name.
    pub name: String,
    /// Sessions of it that stay.
    pub kept: u64,
    /// Sessions of it that were deleted from the store and the index.
    pub forgotten: u64,
}
