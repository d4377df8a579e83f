//! What `handoff` says.

use crate::format::{clean, number};

pub(crate) const HANDOFF_ONE_EVENT: &str = "a handoff is of whole sessions";
pub(crate) const HINT_HANDOFF_SESSION: &str = "leave out the event's number";
pub(crate) const HAIL_TOO_LONG: &str = "standard input is too long";
pub(crate) const HINT_HAIL_FILE: &str = "save it as a file and name that";
pub(crate) const NO_CLIPBOARD: &str = "no clipboard is within reach";
pub(crate) const HINT_NO_CLIPBOARD: &str = "write a file instead: -o FILE";

pub(crate) fn cannot_read_hail(reason: &str) -> String {
    format!("cannot read standard input: {reason}")
}

pub(crate) fn cannot_write_file(path: &str, reason: &str) -> String {
    format!("cannot write {}: {reason}", clean::one_line(path))
}

pub(crate) const HANDOFF_INTRODUCTION: &str =
    "Go on with work that was begun in another coding agent. This is its handoff:";
/// Stands for the file that would be written.
pub(crate) const HANDOFF_FILE: &str = "HANDOFF.md";
pub(crate) const HANDOFF_TOO_LONG: &str = "the handoff is too long for a command";
pub(crate) const HINT_HANDOFF_BUDGET: &str = "give a smaller --budget, or write a session: --into AGENT";

pub(crate) fn no_agent(agent: &str) -> String {
    format!("no agent {agent}")
}

pub(crate) fn no_begin(agent: &str) -> String {
    format!("{agent} has no command that begins with a prompt")
}

pub(crate) fn hint_install_for_run(name: &str, id: &str) -> String {
    format!("install {name}, or see the command: opensession handoff --run {id} --print")
}

pub(crate) fn hint_one_of(known: &[String]) -> String {
    format!("one of {}", known.join(", "))
}

/// The session that was written.
pub(crate) fn handoff_written(path: &str, turns: u64, size: &str, left_out: u64, redacted: u64) -> String {
    let left_out =
        if left_out > 0 { format!("   earlier turns left out: {}", number::count(left_out)) } else { String::new() };
    format!("{path}   turns: {} ({size}){left_out}   redacted: {}", number::count(turns), number::count(redacted))
}

/// What was handed off, and how much of it there is.
pub(crate) fn handoff_of(ids: &[&str], budget: &str, bytes: u64, most: u64, redacted: u64) -> String {
    let of = if ids.is_empty() { String::new() } else { format!(" of {}", ids.join(" ")) };
    format!(
        "handoff{of}   budget: {}   {} of {}   redacted: {}",
        clean::one_line(budget),
        number::size(bytes),
        number::size(most),
        number::count(redacted)
    )
}
