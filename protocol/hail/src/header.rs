//! The first line of a HAIL file: which agent, which model, when, where.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Extra;

/// The header line. Only `v` and `tool` are required.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Header {
    /// The format's version: `hail/0.1`.
    pub v: String,
    /// The agent's id, such as `claude-code` or `codex`.
    pub tool: String,
    /// The model that answered last, as the agent names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When the session began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ts: Option<Timestamp>,
    /// The id by which the agent itself knows the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The agent's version, as it names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// The directory in which the session began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The repository at the start of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<Git>,
    /// The session's title, given by a person, the agent, or taken from the first prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The `id` of the session that this one came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// How it came from its parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// Fields unknown to this version.
    #[serde(flatten)]
    #[schemars(skip)]
    pub extra: Extra,
}

impl Header {
    /// A header of this version for `tool`, all else absent.
    pub fn new(tool: impl Into<String>) -> Self {
        Self {
            v: crate::VERSION.to_owned(),
            tool: tool.into(),
            model: None,
            ts: None,
            id: None,
            agent_version: None,
            cwd: None,
            git: None,
            title: None,
            parent: None,
            relation: None,
            extra: Extra::new(),
        }
    }
}

/// The state of the repository when the session began. Credentials are never part of `repository`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Git {
    /// The remote's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The branch checked out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The commit checked out, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// How a session came from its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Run by the parent's agent for a task of its own.
    Subagent,
    /// Begun from the parent's history, which it may hold a copy of.
    Fork,
}
