//! Files, and the sessions that changed them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SessionBrief;

/// The sessions that changed a file, the last change first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileSessions {
    /// The file: below its repository's work tree, or as it was asked for where it is in none.
    pub path: String,
    /// The repository that the file is in.
    pub repository: Option<String>,
    /// The sessions.
    pub sessions: Vec<FileSession>,
    /// How many sessions changed the file.
    pub total: u64,
}

/// A session that changed a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileSession {
    /// The session. Where a sub-agent changed the file, it is the root's, and `holder` names the sub-agent's own.
    pub session: SessionBrief,
    /// The session that holds `event` and `prompt_event`, when that is a sub-agent of `session`.
    pub holder: Option<String>,
    /// Edits of the file, sub-agents' included.
    pub edits: u64,
    /// Lines added, over all edits.
    pub added: u64,
    /// Lines removed, over all edits.
    pub removed: u64,
    /// The last edit's number.
    pub event: u32,
    /// When the last edit was made.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ts: Option<Timestamp>,
    /// The prompt before the last edit, cut to 500 characters.
    pub prompt: Option<String>,
    /// That prompt's number.
    pub prompt_event: Option<u32>,
}
