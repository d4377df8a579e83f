//! What `diff` says.

use opensession_hail::Status;
use opensession_hail::comparison::{CommandRuns, TokenCounts};
use opensession_hail::handoff::{Check, FileChange, FileFate, FilesTotal, Outcome};

use super::{DELETED_FILE, EDIT, FAILED_CALL, FAILED_CALLS, FILE, FILES, NEW_FILE, TURN, TURNS, status};
use crate::format::{clean, number};
use crate::output::Style;

pub(crate) const DIFF_ONE_EVENT: &str = "whole sessions are compared";
pub(crate) const HINT_DIFF_FULL: &str = "fold nothing: --full";
pub(crate) const DIFF_TITLE: &str = "title";
pub(crate) const DIFF_WHERE: &str = "where";
pub(crate) const DIFF_WORK: &str = "work";
pub(crate) const DIFF_OUTCOME: &str = "outcome";
pub(crate) const DIFF_OBJECTIVE: &str = "objective";
pub(crate) const DIFF_LATEST: &str = "latest";
pub(crate) const DIFF_LAST_WORDS: &str = "last words";
pub(crate) const DIFF_CHECKS: &str = "checks";
pub(crate) const DIFF_COMMANDS: &str = "commands";

pub(crate) fn diff_redacted(redacted: u64) -> String {
    format!("redacted: {}", number::count(redacted))
}

pub(crate) fn diff_work(turns: u64, calls: u64, errors: u64) -> String {
    let failed =
        if errors > 0 { format!(", {}", number::counted(errors, FAILED_CALL, FAILED_CALLS)) } else { String::new() };
    format!("{}, {}{failed}", number::counted(turns, TURN, TURNS), number::counted(calls, "call", "calls"))
}

pub(crate) fn diff_tokens(tokens: &TokenCounts, subagents: u64) -> String {
    let cached = match (tokens.cache_read, tokens.cache_write) {
        (0, 0) => String::new(),
        (read, written) => format!(", cache {} read {} written", number::count(read), number::count(written)),
    };
    let subagents = if subagents > 0 { format!(", sub-agents {}", number::count(subagents)) } else { String::new() };
    format!("in {}, out {}{cached}{subagents}", number::count(tokens.input), number::count(tokens.output))
}

pub(crate) fn diff_files(files: &FilesTotal) -> String {
    if files.files == 0 {
        return "-".to_owned();
    }
    if files.unknown.is_some() && files.added + files.removed == 0 {
        return format!("{}, net unknown", number::counted(files.files, FILE, FILES));
    }
    let lines = format!("+{} -{}", number::count(files.added), number::count(files.removed));
    format!("{} {lines}", number::counted(files.files, FILE, FILES))
}

pub(crate) fn diff_shares(both: usize, a: usize, b: usize) -> String {
    format!("{both} of both, {a} only A, {b} only B")
}

pub(crate) fn diff_only(side: &str) -> String {
    format!("only {side}")
}

pub(crate) fn diff_more(more: usize, ellipsis: &str) -> String {
    format!("{ellipsis} {} more", number::count(more as u64))
}

/// Changed lines that are not shown: those that are folded, and those that are not there.
pub(crate) fn diff_more_lines(folded: u64, left_out: u64, ellipsis: &str) -> String {
    format!("{ellipsis} {}", number::counted(folded + left_out, "more line", "more lines"))
}

pub(crate) fn diff_alike(lines: usize, ellipsis: &str) -> String {
    format!("{ellipsis} {} alike", number::counted(lines as u64, "more line", "more lines"))
}

pub(crate) fn diff_left_out(count: u64) -> String {
    format!("{} left out", number::count(count))
}

/// How a command ended, with its sign: `✗ 101`.
pub(crate) fn outcome(outcome: Outcome, exit: Option<i32>, style: Style) -> String {
    match (outcome, exit) {
        (Outcome::Ok, _) => style.ok_sign().to_owned(),
        (Outcome::Failed, Some(exit)) if exit != 0 => format!("{} {exit}", style.failed_sign()),
        (Outcome::Failed, _) => status(Status::Error, style),
        (Outcome::Rejected, _) => status(Status::Rejected, style),
        (Outcome::Interrupted, _) => status(Status::Interrupted, style),
        (Outcome::Running, _) => status(Status::Running, style),
        (Outcome::Unknown, _) => "outcome not in the log".to_owned(),
    }
}

/// `3 runs, 1 failed ✓ #12`
pub(crate) fn command_ran(runs: &CommandRuns, style: Style) -> String {
    let failed = if runs.failed > 0 { format!(", {} failed", number::count(runs.failed)) } else { String::new() };
    let times = if runs.runs > 1 { format!("{} runs{failed} ", number::count(runs.runs)) } else { String::new() };
    format!("{times}{} {}", outcome(runs.outcome, runs.exit, style), clean::one_line(&runs.cite))
}

/// `2 runs, edited since ✓ #12`
pub(crate) fn check_ran(check: &Check, style: Style) -> String {
    let mut notes = Vec::new();
    if check.runs > 1 {
        notes.push(format!("{} runs", number::count(check.runs)));
    }
    if !check.failing.is_empty() {
        let failing = check.failing_count.unwrap_or(check.failing.len() as u64);
        notes.push(number::counted(failing, "failing test", "failing tests"));
    }
    if check.stale.is_some() {
        notes.push("edited since".to_owned());
    }
    let notes = if notes.is_empty() { String::new() } else { format!("{} ", notes.join(", ")) };
    format!("{notes}{} {}", outcome(check.outcome, check.exit, style), clean::one_line(&check.cite))
}

/// `new +30 -0, 2 edits #12`
pub(crate) fn file_changed(file: &FileChange) -> String {
    let mut notes = match file.fate {
        FileFate::Changed => String::new(),
        FileFate::Created => format!("{NEW_FILE} "),
        FileFate::Deleted => format!("{DELETED_FILE} "),
        FileFate::Renamed => "renamed ".to_owned(),
        FileFate::Undone => "undone ".to_owned(),
    };
    match (file.added, file.removed) {
        (Some(added), Some(removed)) => {
            notes.push_str(&format!("+{} -{}", number::count(added), number::count(removed)));
        }
        _ if file.edits == 0 => notes.push_str("by a command"),
        _ => notes.push_str("lines unknown"),
    }
    if file.edits > 1 {
        notes.push_str(&format!(", {}", number::counted(file.edits, EDIT, "edits")));
    }
    format!("{notes} {}", clean::one_line(&file.cite))
}
