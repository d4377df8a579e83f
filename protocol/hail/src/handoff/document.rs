//! The handoff as a value: what is written as JSON, and from which the Markdown comes.
//!
//! A citation is `#131` when the handoff is of one session, `4f2a91c7#131` when it is of several: the number of an event
//! that `opensession show` opens. Absent means the same as empty, false or not known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the next agent can trust about one session, or about several that were merged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Handoff {
    /// The version of this form: `handoff/0.1`. `handoff/0.N` only adds fields.
    pub v: String,
    /// The sessions, in the order in which they began.
    pub sessions: Vec<SessionHead>,
    /// What it was all for.
    pub objective: Objective,
    /// How things stand.
    pub state: State,
    /// Files changed, by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileChange>,
    /// Figures over all files, those left out included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files_total: Option<FilesTotal>,
    /// Sub-agents that were started: the task of each, or what kind it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subagents: Vec<Quote>,
    /// The last run of each distinct check, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// Failures without a later success of the same command or on the same file, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Failure>,
    /// Items of todo lists that are neither done nor given up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub todos: Vec<OpenTodo>,
    /// What the person decided: answers, approvals, refusals, corrections, in their words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// What was tried and given up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub abandoned: Vec<Abandoned>,
    /// Commits made, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Commit>,
    /// Every prompt of the person on one line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<Quote>,
    /// What follows from the above, and nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<NextStep>,
    /// Every event cited, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// How many entries of a list were left out of its middle to keep within the budget.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub omitted: BTreeMap<String, u64>,
    /// What was taken out, by rule.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub redactions: BTreeMap<String, u64>,
}

/// A session that the handoff is of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionHead {
    /// Its id, as `opensession show` takes it; empty for a file that no store holds.
    pub id: String,
    /// What citations of it begin with, in a handoff of several.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub short_id: String,
    /// The agent's id.
    pub agent: String,
    /// The model that answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The directory in which it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// The repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The last branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// Time of its first event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub started: Option<Timestamp>,
    /// Time of its last event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub updated: Option<Timestamp>,
    /// Prompts of the person.
    pub turns: u64,
    /// Events read.
    pub events: u64,
}

/// Words of the session, and where they stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Quote {
    /// The words; `…` at the end, or `[…]` inside, where they were cut.
    pub text: String,
    /// The event.
    pub cite: String,
}

/// What it was all for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Objective {
    /// The first prompt that asks for something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Quote>,
    /// The last prompt in words, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Quote>,
    /// The slash command for the agent that came after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest_slash: Option<Quote>,
    /// The last summary that the agent's own tool made when it compacted the history. Nobody checked it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_summary: Option<Quote>,
}

/// How a session ended, or stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// The agent has answered.
    #[default]
    Finished,
    /// It was stopped or cut off in its work.
    Interrupted,
    /// The agent asked something.
    WaitingForUser,
    /// A tool was called and has not come back.
    WaitingForTool,
    /// The agent is at work now.
    Working,
}

/// How things stand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct State {
    /// In one word.
    pub standing: Standing,
    /// Why.
    pub reason: String,
    /// The event that tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cite: Option<String>,
    /// What the agent said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_words: Option<Quote>,
    /// What the agent asked and got no answer to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Quote>,
    /// The last shell command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_command: Option<Run>,
    /// The last shell command that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<FailedRun>,
    /// The last commit made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<Commit>,
    /// Pull requests that were linked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pull_requests: Vec<Quote>,
    /// The repository as it is now, where it is on this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<RepositoryState>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it should.
    Ok,
    /// It failed.
    Failed,
    /// The person refused it.
    Rejected,
    /// It was stopped.
    Interrupted,
    /// It went on in the background.
    Running,
    /// Nothing came back, or nothing that came back tells how it ended.
    #[default]
    Unknown,
}

/// A shell command that was run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Run {
    /// The command line, on one line.
    pub command: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Its exit code, where the agent kept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The command.
    pub cite: String,
    /// Its output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_cite: Option<String>,
}

/// The last command that failed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FailedRun {
    /// The command.
    #[serde(flatten)]
    pub run: Run,
    /// Words of its output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Quote>,
    /// Whether the same command succeeded later.
    pub resolved: bool,
    /// The run that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
}

/// A commit that was made in the session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Commit {
    /// Its abbreviated id, as git or the client printed it.
    pub sha: String,
    /// Its first line.
    pub subject: String,
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The output that tells of it.
    pub cite: String,
}

/// A repository as it is when the handoff is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RepositoryState {
    /// Its work tree.
    pub path: String,
    /// The branch checked out; `None` when detached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The commit checked out, abbreviated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
    /// Files that differ from the commit, with git's two letters before each; at most some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// How many there are; `None` where that could not be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed: Option<u64>,
    /// Commits that no remote branch holds, newest first; at most some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unpushed: Vec<String>,
    /// How many there are; `None` where there is no remote to compare with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unpushed_count: Option<u64>,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFate {
    /// It was changed.
    #[default]
    Changed,
    /// It is new.
    Created,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
    /// Its edits cancel out: nothing is left of them.
    Undone,
}

/// What the session did to one file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileChange {
    /// The file, relative to the session's directory when it is below it.
    pub path: String,
    /// What became of it.
    pub fate: FileFate,
    /// Its name before, when it was renamed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Lines added between before the first edit and after the last; `None` where the edits do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub added: Option<u64>,
    /// Lines removed, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed: Option<u64>,
    /// Edits by the agent's own tools.
    pub edits: u64,
    /// Lines added over all edits, where that is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_added: Option<u64>,
    /// Lines removed over all edits, where that is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_removed: Option<u64>,
    /// The commit that took it in last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// It was edited after that commit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub edited_since_commit: bool,
    /// Shell commands changed it too, or alone; their lines are not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// A git command dropped uncommitted changes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thrown_away: Option<String>,
    /// Its last edit, or the command.
    pub cite: String,
}

/// Figures over all files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FilesTotal {
    /// Files.
    pub files: u64,
    /// Lines added, net.
    pub added: u64,
    /// Lines removed, net.
    pub removed: u64,
    /// Edited files whose net lines are not known: the sums are without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<u64>,
    /// Files beyond the bound of what is followed one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_followed: Option<u64>,
}

/// What a check checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Tests.
    #[default]
    Test,
    /// Linters and formatters that only look.
    Lint,
    /// Builds.
    Build,
    /// Type checks.
    Types,
}

/// The last run of a check.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Check {
    /// What it checks, the weightiest first.
    pub kinds: Vec<CheckKind>,
    /// The check without directory changes and filters.
    pub command: String,
    /// How it ended, by its exit code; by its output where a pipe hides that, or the agent did not keep it.
    pub outcome: Outcome,
    /// The exit code, where the agent kept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The exit code is not the check's own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub exit_hidden: bool,
    /// The tests that failed, as the output names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failing: Vec<String>,
    /// How many there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failing_count: Option<u64>,
    /// How often it was run.
    pub runs: u64,
    /// The first edit after it: what it says may no longer hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
    /// The command.
    pub cite: String,
    /// Its output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_cite: Option<String>,
}

/// A failure that nothing later made good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Failure {
    /// What failed: a command, or a tool and its file.
    pub what: String,
    /// Words of its last output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<Quote>,
    /// How often it failed.
    pub times: u64,
    /// The last call.
    pub cite: String,
}

/// An item of a todo list that is open.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OpenTodo {
    /// What is to be done.
    pub text: String,
    /// Whether it was begun.
    pub in_progress: bool,
    /// The list as it stood last.
    pub cite: String,
}

/// How something was decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// The person answered a question.
    #[default]
    Answer,
    /// The person approved a plan.
    Approved,
    /// The person refused a call.
    Rejected,
    /// A prompt corrects the agent.
    Correction,
}

/// What the person decided.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Decision {
    /// How.
    pub kind: DecisionKind,
    /// What it was about: the tool that was refused, the plan that was approved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The person's words, or what the client wrote of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The event.
    pub cite: String,
}

/// Something tried and given up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Abandoned {
    /// The file or the command.
    pub what: String,
    /// What happened to it.
    pub why: String,
    /// The event that tells.
    pub cite: String,
}

/// A step that follows from what the handoff says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NextStep {
    /// What to do.
    pub text: String,
    /// Why: the event from which it follows.
    pub cite: String,
}

/// An event that is cited.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Evidence {
    /// The citation.
    pub cite: String,
    /// The event's kind: `prompt`, `command`, `output`, ….
    pub kind: String,
    /// Its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ts: Option<Timestamp>,
}

/// A session in three lines, for lists and hovers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Summary {
    /// Its title.
    pub title: String,
    /// The first prompt that asks for something, on one line.
    pub objective: String,
    /// How it stands, its last check, its files and its last commit, on one line.
    pub outcome: String,
}
