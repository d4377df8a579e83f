//! What the index takes in, and what it asks back.

use opensession_hail::Kind;
pub use opensession_hail::text::PathAccess;

use crate::catalog::SessionKey;

/// One event, as the index takes it in.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchDocument {
    /// The session.
    pub session: SessionKey,
    /// The event's number in it, from 1.
    pub event: u32,
    /// When it was written, in milliseconds since 1970; zero when unknown.
    pub ts_ms: i64,
    /// Its kind.
    pub kind: Kind,
    /// Whether it is a failure.
    pub error: bool,
    /// Whether a sub-agent inside the session produced it.
    pub subagent: bool,
    /// Whether it is the call of an edit tool, which `kind:edit` finds too.
    pub edit_call: bool,
    /// Exit code of a command's output.
    pub exit: Option<i32>,
    /// The tool, for calls, commands and their output.
    pub tool: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// Equal for copies of one record in several sessions (resumed, forked); zero when it has none.
    pub identity: u64,
    /// The text that is searched and cut into snippets.
    pub text: String,
    /// Files that it names.
    pub paths: Vec<(PathAccess, String)>,
}

/// Gives the texts of events, for snippets and for checks on the text itself.
pub trait EventTexts {
    /// The text of each event asked for, in the order asked; `None` where it is no longer kept.
    fn texts(&self, events: &[(SessionKey, u32)]) -> Vec<Option<String>>;
}
