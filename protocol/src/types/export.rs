//! Sessions as files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SessionBrief;

/// How a session is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// HAIL lines, which can be read again.
    #[default]
    Hail,
    /// Markdown.
    #[serde(alias = "md")]
    Markdown,
    /// One JSON object.
    Json,
    /// A page for a browser that needs nothing else.
    Html,
}

/// A session as a file, or as a text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExportAnswer {
    /// The session.
    pub session: SessionBrief,
    /// How it is written.
    pub format: ExportFormat,
    /// The file that was written, when one was named.
    pub path: Option<String>,
    /// The text, when no file was named; absent when it is longer than 8 MB: name a file then.
    pub text: Option<String>,
    /// Its size in bytes; zero when there is neither a file nor a text.
    pub bytes: u64,
    /// Events written.
    pub events: u64,
    /// What was taken out of it, by rule.
    pub redactions: BTreeMap<String, u64>,
}
