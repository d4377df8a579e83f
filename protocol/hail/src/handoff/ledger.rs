//! Every distinct shell command of a session, with how often it ran and how it ended.

use std::collections::HashMap;

use super::document::Outcome;
use super::mark::Mark;
use super::shell::Line;

/// Distinct commands that are remembered.
const MAX_COMMANDS: usize = 4096;

/// The commands, by what they do: lines that differ only in directory changes and in filters of the output are one.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) by_signature: HashMap<String, Used>,
    /// Runs of commands beyond the bound.
    pub(crate) left_out: u64,
}

/// A command that was used.
#[derive(Debug, Clone)]
pub(crate) struct Used {
    /// As it was written first.
    pub(crate) command: String,
    pub(crate) runs: u64,
    pub(crate) failed: u64,
    /// How its last run ended.
    pub(crate) outcome: Outcome,
    pub(crate) exit: Option<i32>,
    pub(crate) first: Mark,
    pub(crate) last: Mark,
}

impl Ledger {
    /// A command begins.
    pub(crate) fn begin(&mut self, line: &Line, command: &str, mark: Mark) {
        if let Some(used) = self.by_signature.get_mut(&line.signature) {
            used.runs += 1;
            used.last = mark;
            (used.outcome, used.exit) = (Outcome::Unknown, None);
        } else if self.by_signature.len() < MAX_COMMANDS {
            let command = command.to_owned();
            let outcome = Outcome::Unknown;
            let used = Used { command, runs: 1, failed: 0, outcome, exit: None, first: mark, last: mark };
            self.by_signature.insert(line.signature.clone(), used);
        } else {
            self.left_out += 1;
        }
    }

    /// The run that began at `mark` came back.
    pub(crate) fn end(&mut self, line: &Line, outcome: Outcome, exit: Option<i32>, mark: Mark) {
        let Some(used) = self.by_signature.get_mut(&line.signature) else { return };
        used.failed += u64::from(outcome == Outcome::Failed);
        if used.last == mark {
            (used.outcome, used.exit) = (outcome, exit);
        }
    }
}
