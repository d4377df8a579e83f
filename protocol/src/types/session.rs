//! Sessions, as lists and the head of a session's page show them.

use jiff::Timestamp;
use opensession_hail::{Git, Header, Relation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a session is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Nothing is being written.
    #[default]
    Finished,
    /// It is being written.
    Live,
    /// It is recent, and the agent waits for the person.
    Waiting,
    /// The person interrupted the agent, or it was cut off in its work.
    Interrupted,
}

/// How a session came from another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionRelation {
    /// Run by the parent's agent for a task of its own.
    Subagent,
    /// Begun from the parent's history.
    Fork,
}

/// Enough to tell a session from others.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionBrief {
    /// The session's id: 32 hexadecimal digits, the same on every machine.
    pub id: String,
    /// As many of its first digits (8 at least) as tell it from all others kept here.
    pub short_id: String,
    /// The agent's id.
    pub agent: String,
    /// Its title, never empty.
    pub title: String,
    /// When it last changed.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub updated: Option<Timestamp>,
}

/// A session in a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionInfo {
    /// The session's id: 32 hexadecimal digits, the same on every machine.
    pub id: String,
    /// As many of its first digits (8 at least) as tell it from all others kept here.
    pub short_id: String,
    /// The agent's id.
    pub agent: String,
    /// The agent's own id of it.
    pub native_id: String,
    /// Its title, never empty.
    pub title: String,
    /// What it is doing.
    pub state: SessionState,
    /// The session it came from.
    pub parent: Option<String>,
    /// How it came from its parent.
    pub relation: Option<SessionRelation>,
    /// What a sub-agent was started as.
    pub subagent_type: Option<String>,
    /// The other machine that it is from; absent for this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The directory in which it began.
    pub cwd: Option<String>,
    /// The repository: `owner/name`, or the directory's name where there is no remote.
    pub repository: Option<String>,
    /// The remote's URL without credentials.
    pub remote: Option<String>,
    /// The last branch.
    pub branch: Option<String>,
    /// The commit at the session's beginning.
    pub commit: Option<String>,
    /// The model that answered last.
    pub model: Option<String>,
    /// The agent's version.
    pub agent_version: Option<String>,
    /// Time of its first record.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started: Option<Timestamp>,
    /// Time of its last record.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub updated: Option<Timestamp>,
    /// Events.
    pub events: u32,
    /// Figures.
    pub stats: SessionStats,
    /// The last check (test, build, lint) the agent ran: `cargo test`.
    pub last_check: Option<String>,
    /// Whether the last check succeeded.
    pub last_check_ok: Option<bool>,
    /// The first prompt, cut to 200 characters.
    pub first_prompt: Option<String>,
    /// The file that it is read from.
    pub path: String,
    /// Whether that file is gone; the session is kept all the same.
    pub vanished: bool,
    /// Whether the person gave it a star.
    pub starred: bool,
}

impl SessionInfo {
    /// The header line that makes the session's events a HAIL file.
    pub fn header(&self) -> Header {
        let git = Git {
            repository: self.remote.clone().or_else(|| self.repository.clone()),
            branch: self.branch.clone(),
            commit: self.commit.clone(),
        };
        Header {
            model: self.model.clone(),
            ts: self.started,
            id: Some(self.native_id.clone()).filter(|id| !id.is_empty()),
            agent_version: self.agent_version.clone(),
            cwd: self.cwd.clone(),
            git: Some(git).filter(|git| *git != Git::default()),
            title: Some(self.title.clone()).filter(|title| !title.is_empty()),
            parent: self.parent.clone(),
            relation: self.relation.map(|relation| match relation {
                SessionRelation::Subagent => Relation::Subagent,
                SessionRelation::Fork => Relation::Fork,
            }),
            ..Header::new(&*self.agent)
        }
    }
}

/// Figures of one session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionStats {
    /// Prompts of the person.
    pub turns: u64,
    /// Messages of the agent.
    pub agent_messages: u64,
    /// Tool calls, shell commands included.
    pub calls: u64,
    /// Results of calls.
    pub results: u64,
    /// Results that are failures.
    pub errors: u64,
    /// Changes to files.
    pub edits: u64,
    /// Distinct files changed.
    pub files: u64,
    /// Lines added, over all edits.
    pub added: u64,
    /// Lines removed, over all edits.
    pub removed: u64,
    /// Input tokens that came from no cache.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens read from a cache.
    pub cache_read_tokens: u64,
    /// Input tokens written to a cache.
    pub cache_write_tokens: u64,
    /// Cost in US dollars, as logged, else estimated from the tokens and a table of prices; `None` where the agent does
    /// not log it and its models have no known price.
    pub cost: Option<f64>,
    /// Whether the cost is an estimate, in whole or in part.
    pub cost_estimated: bool,
    /// Time without the idle gaps (more than five minutes), in milliseconds.
    pub active_ms: u64,
    /// Problems in its source.
    pub problems: u64,
}

/// A session in full.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionDetail {
    /// What a list shows.
    pub session: SessionInfo,
    /// Sessions that came from it.
    pub children: Vec<SessionBrief>,
    /// Files changed, by path.
    pub files: Vec<FileChange>,
    /// The command that resumes it in its agent, word by word; absent where the agent cannot.
    pub resume: Option<Vec<String>>,
    /// The directory to run it in.
    pub resume_cwd: Option<String>,
    /// Where it is to be run, for a session of a machine that ssh reaches: the command that reaches it, word by word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_through: Option<Vec<String>>,
    /// The repository as it is now, where its directory exists on this machine.
    pub now: Option<RepositoryNow>,
}

/// A file that a session changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileChange {
    /// The file, as the agent names it.
    pub path: String,
    /// Edits of it.
    pub edits: u64,
    /// Lines added, over all edits.
    pub added: u64,
    /// Lines removed, over all edits.
    pub removed: u64,
}

/// A repository as it is now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RepositoryNow {
    /// Its work tree.
    pub path: String,
    /// The branch checked out; `None` when detached.
    pub branch: Option<String>,
    /// The commit checked out.
    pub head: Option<String>,
}

/// Where sessions are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Scope {
    /// Only sessions of the repository (all clones and worktrees) that holds this directory; where it is in none, all.
    pub cwd: Option<String>,
    /// Look everywhere, whatever `cwd` says.
    pub all: bool,
}

/// Which sessions a list holds. All conditions must hold.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionFilter {
    /// Where.
    pub scope: Scope,
    /// Agents' ids; empty: any.
    pub agents: Vec<String>,
    /// Another machine by its name, or a glob of it; `local` is this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A model, or a glob of it: `opus*`.
    pub model: Option<String>,
    /// A repository: `owner/name`, `name`, a remote's URL.
    pub repository: Option<String>,
    /// A branch, or a glob of it.
    pub branch: Option<String>,
    /// Last changed at or after: `2026-02-01`, `2w`, `yesterday`, RFC 3339.
    pub since: Option<String>,
    /// Last changed before the end of: likewise.
    pub until: Option<String>,
    /// Changed a file of this path: a whole-component suffix or infix, or a glob.
    pub touches: Option<String>,
    /// Words or a query (the search language) that must match in the session.
    pub grep: Option<String>,
    /// Only sessions with a failed call.
    pub errors: bool,
    /// Only sessions with a star.
    pub starred: bool,
    /// Sub-agents' sessions too.
    pub subagents: bool,
}

/// Sessions, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionPage {
    /// The sessions.
    pub sessions: Vec<SessionInfo>,
    /// Where the next page begins: the next call's `cursor`.
    pub next: Option<String>,
    /// How many sessions the filter leaves.
    pub total: u64,
    /// The repository that the scope came to, when it did.
    pub scope_repository: Option<String>,
    /// Sessions kept, whatever the filter.
    pub sessions_kept: u64,
}

/// What was written back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Restored {
    /// The file.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Further files, such as those that lie beside it.
    pub side_files: Vec<String>,
    /// The command that resumes the session, word by word.
    pub resume: Option<Vec<String>>,
    /// The directory to run it in.
    pub resume_cwd: Option<String>,
}

/// What was forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Forgotten {
    /// The session's id.
    pub id: String,
    /// Bytes of raw records that were deleted from the store.
    pub bytes: u64,
    /// The agent's own file, which is left alone, if it is there.
    pub file_left: Option<String>,
}
