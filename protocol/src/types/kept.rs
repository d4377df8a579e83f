//! What people keep: stars, saved searches, earlier queries.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A session's star.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Starred {
    /// The session's id.
    pub id: String,
    /// Whether it has a star now.
    pub starred: bool,
    /// Whether that is new.
    pub changed: bool,
}

/// A search that a person gave a name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SavedSearch {
    /// Its name.
    pub name: String,
    /// The query.
    pub query: String,
    /// When it was saved.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub saved: Option<Timestamp>,
}

/// A query that found something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PastQuery {
    /// The query.
    pub query: String,
    /// When it was run last.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ran: Option<Timestamp>,
    /// Sessions that it found then.
    pub sessions: u64,
}

/// Earlier queries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct History {
    /// The queries, last first, each once.
    pub queries: Vec<PastQuery>,
    /// Whether queries are kept: `history` under `[search]` in `daemon.toml`.
    pub kept: bool,
}
