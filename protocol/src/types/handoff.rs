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
    /// The directory in which the last of the sessions was.
    pub cwd: Option<String>,
}

/// A session that was written for an agent, with a handoff and what was said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HandoffWritten {
    /// The sessions that it is of, in the order in which they began; files that are not kept are not among them.
    pub sessions: Vec<SessionBrief>,
    /// The agent's id.
    pub agent: String,
    /// The agent's own id of the session.
    pub native_id: String,
    /// The file, or the agent's database.
    pub path: String,
    /// The size of what was written, in bytes.
    pub bytes: u64,
    /// Turns in it, the handoff among them.
    pub turns: u64,
    /// Turns that are told by the handoff alone: they came before those in it.
    pub turns_left_out: u64,
    /// What was taken out, by rule.
    pub redactions: BTreeMap<String, u64>,
    /// The command that resumes the session, word by word.
    pub resume: Vec<String>,
    /// The directory to run it in.
    pub resume_cwd: String,
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
