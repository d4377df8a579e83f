//! What the next agent can trust: a summary of one session, or of several, in which every claim cites an event.
//!
//! No model takes part and nothing is invented: the same events always give the same text. [`Collector`] takes events in
//! one pass with bounded memory; [`Draft`] is the handoff in full, cleaned and redacted; [`Draft::fit`] brings it within a
//! budget and writes it.

mod budget;
mod check;
mod collector;
mod commands;
pub(crate) mod compose;
mod document;
pub(crate) mod files;
pub(crate) mod ledger;
mod mark;
pub(crate) mod markdown;
mod output;
mod prompts;
pub(crate) mod quote;
pub(crate) mod replay;
mod shell;
mod summary;
mod turns;

pub use collector::{Collector, SessionFacts};
pub use compose::Draft;
pub use document::{
    Abandoned, Check, CheckKind, Commit, Decision, DecisionKind, Evidence, FailedRun, Failure, FileChange, FileFate,
    FilesTotal, Handoff, NextStep, Objective, OpenTodo, Outcome, Quote, RepositoryState, Run, SessionHead, Standing,
    State, Summary,
};
pub use turns::{Told, Turn, Turns};

use schemars::Schema;
use schemars::generate::SchemaSettings;

/// The version of the form that this crate writes.
pub const VERSION: &str = "handoff/0.1";

/// How many bytes a handoff may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Budget {
    /// 4,000 bytes.
    Brief,
    /// 12,000 bytes.
    #[default]
    Standard,
    /// 40,000 bytes.
    Full,
    /// So many bytes.
    Bytes(usize),
}

impl Budget {
    /// The most bytes that a budget in figures may have.
    pub const MOST: usize = 1_000_000;
    /// The least.
    pub const LEAST: usize = 1_000;

    /// In bytes.
    pub fn bytes(self) -> usize {
        match self {
            Budget::Brief => 4_000,
            Budget::Standard => 12_000,
            Budget::Full => 40_000,
            Budget::Bytes(bytes) => bytes.clamp(Self::LEAST, Self::MOST),
        }
    }

    /// The budget of that name, or of so many bytes: `brief`, `8000`, `8k`.
    pub fn from_name(name: &str) -> Option<Budget> {
        Some(match name {
            "brief" => Budget::Brief,
            "standard" => Budget::Standard,
            "full" => Budget::Full,
            _ => {
                let (digits, unit) = match name.strip_suffix(['k', 'K']) {
                    Some(digits) => (digits, 1_000),
                    None => (name, 1),
                };
                let bytes = digits.parse::<usize>().ok()?.checked_mul(unit)?;
                return (Self::LEAST..=Self::MOST).contains(&bytes).then_some(Budget::Bytes(bytes));
            }
        })
    }
}

/// The form of a handoff.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// For the next agent and for people.
    #[default]
    Markdown,
    /// For programs: [`Handoff`] on one line.
    Json,
}

/// The schema of [`Handoff`]. JSON Schema 2020-12.
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Handoff>();
    schema.insert("title".to_owned(), VERSION.into());
    schema
}
