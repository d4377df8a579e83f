//! Events of a session, as the daemon gives them.

use opensession_hail::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event with its place in its session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionEvent {
    /// Its number in the session, from 1: the `131` of `4f2a91c7#131`.
    pub event: u32,
    /// Its kind; absent for bookkeeping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The turn it belongs to, from 1; zero before the first prompt.
    #[serde(default)]
    pub turn: u32,
    /// The HAIL line, as an object.
    pub hail: Value,
}

/// Events of one session, in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EventPage {
    /// The session's id.
    pub session: String,
    /// The events.
    pub events: Vec<SessionEvent>,
    /// The number of the next event, if there are more: the next call's `from`.
    pub next: Option<u32>,
    /// How many events the session has.
    pub total: u32,
}

/// What a subscription to sessions says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SessionUpdate {
    /// Events were added.
    Events {
        /// The session's id.
        session: String,
        /// The agent's id.
        agent: String,
        /// The new events, in order.
        events: Vec<SessionEvent>,
    },
    /// The session was read anew from its beginning: what is known of its events is void.
    Restarted {
        /// The session's id.
        session: String,
    },
    /// The session was forgotten.
    Forgotten {
        /// The session's id.
        session: String,
    },
    /// The subscriber was too slow: this many updates were dropped. Ask `session/events` for what is missing.
    Dropped {
        /// How many updates.
        updates: u64,
    },
}
