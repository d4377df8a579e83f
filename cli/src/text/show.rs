//! One session: its page, its files, how it goes on.

use opensession_hail::{Status, TodoStatus};

use crate::format::{clean, number};
use crate::output::Style;

pub(crate) const YOU: &str = "you";
pub(crate) const AGENT: &str = "agent";
pub(crate) const SYSTEM: &str = "system";
pub(crate) const THINKING: &str = "thinking";
pub(crate) const OUTPUT: &str = "output";
pub(crate) const COMMAND: &str = "command";
pub(crate) const EDIT: &str = "edit";
pub(crate) const TODO: &str = "todo";
pub(crate) const SUBAGENT: &str = "sub-agent";
pub(crate) const ERROR_KIND: &str = "error";
pub(crate) const IMAGE: &str = "[image]";
pub(crate) const NEW_FILE: &str = "new";
pub(crate) const DELETED_FILE: &str = "deleted";
pub(crate) const HIDDEN_THINKING: &str = "(hidden by the provider)";
pub(crate) const NO_OUTPUT_YET: &str = "no output yet";
pub(crate) const READ_ANEW: &str = "The session was rewritten; from its beginning:";
pub(crate) const WAS_FORGOTTEN: &str = "The session was forgotten.";
pub(crate) const FOLLOW_ONE_EVENT: &str = "one event has nothing to follow";
pub(crate) const HINT_FOLLOW_SESSION: &str = "leave out the event: opensession show @ --follow";
pub(crate) const AROUND_WHAT: &str = "--around needs an event";
pub(crate) const HINT_AROUND: &str = "name it: opensession show @#7 --around 5";

pub(crate) fn more_lines(lines: u64, ellipsis: &str, how: &str) -> String {
    format!("{ellipsis} {}: {how}", number::counted(lines, "more line", "more lines"))
}

pub(crate) fn renamed(from: &str, to: &str, ascii: bool) -> String {
    format!("{from} {} {to}", if ascii { "->" } else { "→" })
}

pub(crate) fn summary(trigger: Option<&str>) -> String {
    match trigger {
        Some(trigger) => format!("summary ({})", clean::one_line(trigger)),
        None => "summary".to_owned(),
    }
}

pub(crate) fn todo(done: usize, total: usize, now: Option<&str>) -> String {
    match now {
        Some(now) => format!("{done} of {total} done; now: {now}"),
        None => format!("{done} of {total} done"),
    }
}

pub(crate) fn todo_box(status: TodoStatus) -> &'static str {
    match status {
        TodoStatus::Pending => "[ ]",
        TodoStatus::InProgress => "[>]",
        TodoStatus::Completed => "[x]",
        TodoStatus::Cancelled => "[-]",
    }
}

pub(crate) fn status_word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Error => "failed",
        Status::Rejected => "refused",
        Status::Interrupted => "interrupted",
        Status::Running => "running",
    }
}

/// How a call ended, with its sign.
pub(crate) fn status(status: Status, style: Style) -> String {
    let sign = match status {
        Status::Ok => return style.ok_sign().to_owned(),
        Status::Running => style.running_sign(),
        Status::Error | Status::Rejected | Status::Interrupted => style.failed_sign(),
    };
    format!("{sign} {}", status_word(status))
}

pub(crate) fn no_event(session: &str, event: u32) -> String {
    format!("no event {session}#{event}")
}

pub(crate) fn events_up_to(total: u32) -> String {
    format!("its events are 1 to {total}")
}

pub(crate) fn more_around(session: &str, event: u32) -> String {
    format!("what was around it: opensession show {session}#{event} --around 5")
}

pub(crate) fn resume_with(command: &str) -> String {
    format!("resume it: {command}")
}

pub(crate) fn no_resume(agent: &str) -> String {
    format!("{agent} cannot resume a session by command")
}

pub(crate) const HINT_NO_RESUME: &str = "its text is there: opensession show, opensession search";

pub(crate) fn program_missing(program: &str) -> String {
    format!("{program} is not on the PATH")
}

pub(crate) fn hint_install_program(agent: &str) -> String {
    format!("install {agent}, or see the command: opensession resume --print SESSION")
}

pub(crate) fn session_file_gone(path: &str) -> String {
    format!("the session's file is gone: {path}")
}

pub(crate) fn hint_restore_first(session: &str) -> String {
    format!("write it back first: opensession restore {session}")
}

pub(crate) fn directory_gone(directory: &str) -> String {
    format!("the directory it started in is gone: {directory}")
}

pub(crate) const HINT_DIRECTORY: &str = "make it again, or name another: --in DIR";

pub(crate) fn cannot_run(program: &str, error: &str) -> String {
    format!("cannot run {program}: {error}")
}
