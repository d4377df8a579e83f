//! The comparison as a value. Absent means the same as empty, false or not known.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::handoff::{Check, Commit, FileChange, FilesTotal, Outcome, Quote, Standing};
use crate::statistics::Tokens;

/// Two sessions side by side. A citation is `#131`: an event of the session on whose side it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Comparison {
    /// The version of this form: `comparison/0.1`. `comparison/0.N` only adds fields.
    pub v: String,
    /// One session.
    pub a: Side,
    /// The other one.
    pub b: Side,
    /// Shell commands: those of both first, then in the order in which they were first run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<ComparedCommand>,
    /// The last run of each distinct check, in the same order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<ComparedCheck>,
    /// Files changed: those of both first, then by path.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ComparedFile>,
    /// How many entries of a list are left out at its end.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub omitted: BTreeMap<String, u64>,
    /// What was taken out, by rule.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub redactions: BTreeMap<String, u64>,
}

/// One of the two sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Side {
    /// Its id, as `opensession show` takes it; empty for a file that no store holds.
    pub id: String,
    /// As many of its first digits as tell it from others.
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
    /// Time without idle gaps, in milliseconds.
    pub active_ms: u64,
    /// Prompts of the person.
    pub turns: u64,
    /// Events.
    pub events: u64,
    /// Tool calls, shell commands included.
    pub calls: u64,
    /// Results that are failures.
    pub errors: u64,
    /// The first prompt that asks for something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Quote>,
    /// The last prompt in words, where it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Quote>,
    /// How it stands, in one word.
    pub standing: Standing,
    /// Why.
    pub reason: String,
    /// How it stands, its last check, its files and its last commit on one line.
    pub outcome: String,
    /// What the agent said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_words: Option<Quote>,
    /// Tokens of the session's own agent.
    pub tokens: TokenCounts,
    /// Tokens, of all kinds, of sub-agents whose events stand inside the session.
    #[serde(skip_serializing_if = "is_zero")]
    pub subagent_tokens: u64,
    /// Cost in US dollars, as logged; `None` where the agent does not log it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Files changed, and their lines.
    pub files: FilesTotal,
    /// The last commit made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<Commit>,
    /// Commits made.
    pub commits: u64,
}

/// Tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TokenCounts {
    /// Input tokens that came from no cache.
    pub input: u64,
    /// Output tokens.
    pub output: u64,
    /// Input tokens read from a cache.
    pub cache_read: u64,
    /// Input tokens written to a cache.
    pub cache_write: u64,
}

/// A shell command, on the sides that ran it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ComparedCommand {
    /// What was run, without changes of the directory and filters of the output, which do not tell commands apart.
    pub command: String,
    /// In the one session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<CommandRuns>,
    /// In the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<CommandRuns>,
}

/// The runs of one command in one session.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CommandRuns {
    /// The command line as it was written first, on one line.
    pub command: String,
    /// How often it was run.
    pub runs: u64,
    /// How often it failed.
    pub failed: u64,
    /// How the last run ended.
    pub outcome: Outcome,
    /// Its exit code, where the agent kept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// The last run.
    pub cite: String,
}

/// A check, on the sides that ran it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ComparedCheck {
    /// The check without directory changes and filters.
    pub command: String,
    /// Its last run in the one session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<Check>,
    /// In the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<Check>,
}

/// A file, on the sides that changed it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ComparedFile {
    /// The file: relative to the sessions' directories where it has the same path in both, or is of one.
    pub path: String,
    /// What the one session did to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<FileChange>,
    /// What the other did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<FileChange>,
    /// The lines that the two removed and added in the end, in the order of the file; `None` where one side only
    /// changed it, or where its edits do not tell their lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<ComparedLines>,
}

/// What two sessions did to the lines of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ComparedLines {
    /// The changes, one block after the other.
    pub blocks: Vec<LineBlock>,
    /// Lines that are left out at the end, of both sides together.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// Changed lines: either of both, or of the sides. Each begins with `-` or `+`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LineBlock {
    /// What both did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub both: Vec<String>,
    /// What only the one did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub a: Vec<String>,
    /// What only the other did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub b: Vec<String>,
}

impl Comparison {
    /// The same with the sides exchanged.
    #[must_use]
    pub fn mirrored(mut self) -> Self {
        std::mem::swap(&mut self.a, &mut self.b);
        self.commands.iter_mut().for_each(|command| std::mem::swap(&mut command.a, &mut command.b));
        self.checks.iter_mut().for_each(|check| std::mem::swap(&mut check.a, &mut check.b));
        for file in &mut self.files {
            std::mem::swap(&mut file.a, &mut file.b);
            let blocks = file.lines.iter_mut().flat_map(|lines| &mut lines.blocks);
            blocks.for_each(|block| std::mem::swap(&mut block.a, &mut block.b));
        }
        // Of two files of one path that are not the same one, the first session's stands first.
        for files in self.files.chunk_by_mut(|one, other| one.path == other.path) {
            files.sort_by_key(|file| file.a.is_none());
        }
        self
    }
}

impl TokenCounts {
    /// All tokens that went in and out.
    pub fn total(&self) -> u64 {
        [self.input, self.output, self.cache_read, self.cache_write].into_iter().fold(0, u64::saturating_add)
    }
}

impl From<Tokens> for TokenCounts {
    fn from(tokens: Tokens) -> Self {
        let Tokens { input, output, cache_read, cache_write, .. } = tokens;
        Self { input, output, cache_read, cache_write }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
