//! Sessions as texts.

use opensession_hail::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A session, or one event of it, as a text for people to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionDocument {
    /// `opensession://session/<id>`, with `#<event>` for one event.
    pub uri: String,
    /// What editors call the text's language.
    pub language_id: String,
    /// The session's id.
    pub session: String,
    /// The event, when it is the text of one.
    pub event: Option<u32>,
    /// The session's title.
    pub title: String,
    /// The text. Nothing in it commands a terminal.
    pub text: String,
    /// The number of the event that the text goes on with, when it was cut: the next call's `from`.
    pub next: Option<u32>,
    /// Where in the text its events stand, in order: what folds, what an outline lists, where to go.
    pub outline: Vec<DocumentEvent>,
}

/// An event in the text of a session. Lines are counted from 0.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DocumentEvent {
    /// Its number in the session.
    pub event: u32,
    /// The line at which it begins.
    pub line: u32,
    /// Its last line; the events of a prompt's turn come after it.
    pub last: u32,
    /// Its kind; absent where it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// Whether it is a failure.
    #[serde(skip_serializing_if = "is_false")]
    pub failed: bool,
    /// The file that an edit changed, as the agent names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references")]
fn is_false(value: &bool) -> bool {
    !value
}
