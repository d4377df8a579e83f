//! What can stand at the cursor of a query.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What can stand in the place of the piece of a query that the cursor is in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Completions {
    /// Where the piece begins in the query, in code points.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What can stand there, most used first; dates and numbers in their own order.
    pub items: Vec<Completion>,
    /// Whether there is more than was asked for.
    pub more: bool,
}

/// One thing that can stand there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Completion {
    /// What to put in the place of the piece, quoted where it must be. A value goes on when it ends in `:` or `/`.
    pub text: String,
    /// What it is.
    pub kind: CompletionKind,
    /// What is counted: sessions, and events for words, models, tools, kinds and paths; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// What it means: a session's title, what a field is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CompletionKind {
    /// The name of a field, with its colon.
    Field,
    /// A value of a field.
    Value,
    /// A word that stands in sessions.
    Word,
}
