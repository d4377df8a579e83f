//! The search index, and how far the reading of sessions is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the index is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IndexState {
    /// Everything found is read and searchable.
    #[default]
    Ready,
    /// Sources are being read; what is read is searchable.
    Reading,
    /// The index is being built anew from the store; the old one answers, if there is one.
    Rebuilding,
    /// It cannot be used; see the status's warnings.
    Failed,
}

/// The search index, and how far the reading of sessions is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct IndexStatus {
    /// What is being done.
    pub state: IndexState,
    /// Events in the index.
    pub events: u64,
    /// Its size on disk, in bytes.
    pub bytes: u64,
    /// The store's last sequence number.
    pub store_sequence: u64,
    /// The sequence number up to which the index has everything, in memory or on disk.
    pub index_sequence: u64,
    /// The sequence number up to which the index is on disk.
    pub durable_sequence: u64,
    /// How far the reading is, agent by agent.
    pub agents: Vec<AgentProgress>,
    /// Bytes read and to be read in this round.
    pub bytes_done: u64,
    /// See `bytes_done`.
    pub bytes_total: u64,
    /// Whether this is the first reading of this machine's sessions.
    pub first_run: bool,
    /// How long the last whole round took, in milliseconds.
    pub last_round_ms: u64,
}

/// How far the reading of one agent's sessions is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentProgress {
    /// The agent's id.
    pub agent: String,
    /// Sources read to their end.
    pub done: u64,
    /// Sources found.
    pub total: u64,
    /// Bytes read in this round.
    pub bytes_done: u64,
    /// Bytes to be read in this round.
    pub bytes_total: u64,
}

/// What a rebuild is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RebuildScope {
    /// Only the search index, from the events kept.
    #[default]
    Index,
    /// Events from the raw records kept, then the index.
    Events,
}
