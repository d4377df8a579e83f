//! A session from far above: its turns.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A session's turns with what happened in each, and where to jump to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionOutline {
    /// The session's id.
    pub session: String,
    /// The first event that was looked at.
    pub from: u32,
    /// How many events the session has.
    pub total: u32,
    /// Its turns, in order.
    pub turns: Vec<OutlineTurn>,
    /// The numbers of its failures: outputs that are failures, and failures outside tools.
    pub failures: Vec<u32>,
    /// The numbers of its edits.
    pub edits: Vec<u32>,
}

/// A prompt, and all until the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutlineTurn {
    /// The turn, from 1; zero for what stands before the first prompt.
    pub turn: u32,
    /// The number of its first event: its prompt's.
    pub event: u32,
    /// The prompt on one line, cut to 200 characters.
    pub prompt: String,
    /// When it began.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ts: Option<Timestamp>,
    /// Events, the prompt included.
    pub events: u32,
    /// Tool calls, shell commands included.
    pub calls: u64,
    /// Results that are failures.
    pub errors: u64,
    /// Changes to files.
    pub edits: u64,
    /// Lines added, over all edits.
    pub added: u64,
    /// Lines removed, over all edits.
    pub removed: u64,
    /// Time without the idle gaps (more than five minutes), in milliseconds.
    pub active_ms: u64,
}
