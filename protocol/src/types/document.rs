//! Sessions as texts.

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
}
