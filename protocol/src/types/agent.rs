//! Agents, and what could not be read of their sessions.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An agent and what was found of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentInfo {
    /// Its id: `claude-code`.
    pub id: String,
    /// Its name: `Claude Code`.
    pub name: String,
    /// Whether its switch under `[watchers]` is on.
    pub enabled: bool,
    /// Sessions kept, sub-agents included, drafts not.
    pub sessions: u64,
    /// How many of them are sub-agents' sessions.
    pub subagents: u64,
    /// Sources without a single prompt or answer.
    pub empty: u64,
    /// When one of its sessions last changed.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub latest: Option<Timestamp>,
    /// Size of what was read, in bytes.
    pub bytes: u64,
    /// What cannot be read as a whole, each `path: reason`, at most twenty.
    pub unreadable: Vec<String>,
    /// Its folders that exist, with the home directory written out.
    pub roots: Vec<String>,
    /// Its folders that were looked for in vain.
    pub absent_roots: Vec<String>,
    /// Sources found on disk, and how many of them are read to their end.
    pub sources: u64,
    /// See `sources`.
    pub sources_read: u64,
    /// Problems: damaged lines, unreadable files.
    pub problems: u64,
    /// Sources that have problems.
    pub sources_with_problems: u64,
    /// The command that begins a session with a prompt; absent where the agent has none.
    pub begin: Option<AgentBegin>,
    /// Whether sessions can be written for it: `handoff/write`.
    pub takes_sessions: bool,
}

/// A command that begins an agent's session with a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentBegin {
    /// The command, word by word, but for its last one: the prompt.
    pub command: Vec<String>,
    /// The last word is the name of a file with the prompt in it, instead.
    pub from_file: bool,
}

/// What looking through a folder for agents' sessions found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scanned {
    /// Folders that were looked into.
    pub folders: u64,
    /// Projects in which an agent keeps sessions, with those agents' ids. They are remembered and followed from now on.
    pub projects: Vec<ScannedProject>,
    /// Git repositories. They are remembered too, for the sessions that may come.
    pub repositories: u64,
    /// The scan ended before all was looked at: too many folders, or too long.
    pub incomplete: bool,
}

/// A project in which agents keep sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ScannedProject {
    /// Its folder.
    pub path: String,
    /// The agents' ids.
    pub agents: Vec<String>,
    /// It was not known before.
    pub is_new: bool,
}

/// Something that could not be read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProblemInfo {
    /// The agent's id.
    pub agent: String,
    /// The file.
    pub path: String,
    /// The session in it, when there is one.
    pub session: Option<String>,
    /// The line, from 1; zero when it is about the whole file.
    pub line: u64,
    /// Byte offset of the line.
    pub position: u64,
    /// What is wrong.
    pub reason: String,
}

/// Problems of all sources.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ProblemPage {
    /// The first ones, by path and line.
    pub problems: Vec<ProblemInfo>,
    /// How many there are.
    pub total: u64,
    /// In how many files.
    pub sources: u64,
}
