//! Handoffs: what the next agent can trust.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SessionBrief;

/// How a handoff is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandoffFormat {
    /// For the next agent and for people.
    #[default]
    #[serde(alias = "md")]
    Markdown,
    /// For programs; its form is described by `protocol/hail/handoff.schema.json`.
    Json,
}

/// A handoff.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HandoffAnswer {
    /// The sessions that it is of, in the order in which they began; files that are not kept are not among them.
    pub sessions: Vec<SessionBrief>,
    /// How it is written.
    pub format: HandoffFormat,
    /// The handoff.
    pub text: String,
    /// The most bytes that the text was to have.
    pub budget: u64,
    /// What was taken out of it, by rule.
    pub redactions: BTreeMap<String, u64>,
}

/// A session in three lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionSummary {
    /// The session.
    pub session: SessionBrief,
    /// Its title.
    pub title: String,
    /// The first prompt that asks for something.
    pub objective: String,
    /// How it stands, its last check, its files and its last commit.
    pub outcome: String,
}
