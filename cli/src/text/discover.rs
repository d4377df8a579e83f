//! What `discover` says.

use opensession_protocol::Scanned;

use crate::format::number;

pub(crate) const NO_AGENT: &str = "No sessions of any agent were found on this machine.";
pub(crate) const SWITCHED_OFF: &str = "(switched off in daemon.toml)";
pub(crate) const ALL_READ: &str = "everything found was read";
pub(crate) const WHOLE_FILE: &str = "file";

pub(crate) fn drafts(count: u64) -> String {
    format!("({} without a word)", number::counted(count, "session", "sessions"))
}

pub(crate) fn not_readable(reason: &str) -> String {
    format!("cannot be read: {reason}")
}

pub(crate) fn project_found(path: &str, agents: &str, is_new: bool) -> String {
    format!("{path}: {agents}{}", if is_new { "" } else { ", known before" })
}

pub(crate) fn scanned(scanned: &Scanned) -> String {
    let projects = number::counted(scanned.projects.len() as u64, "project", "projects");
    let repositories = number::counted(scanned.repositories, "repository", "repositories");
    let folders = number::counted(scanned.folders, "folder", "folders");
    format!("{projects} with sessions in {folders} looked through; {repositories} followed from now on.")
}

pub(crate) const HINT_SCAN_LESS: &str = "too much to look through: name a smaller folder";

pub(crate) fn not_found_at(path: &str) -> String {
    if path.is_empty() { "not found".to_owned() } else { format!("not found: {path}") }
}

pub(crate) fn reading(done: u64, total: u64) -> String {
    format!("(reading {} of {})", number::count(done), number::count(total))
}

pub(crate) fn discovered(sessions: u64, agents: u64, subagents: u64, absent: u64) -> String {
    let sessions = number::counted(sessions, "session", "sessions");
    let agents = number::counted(agents, "agent", "agents");
    let subagents = match subagents {
        0 => String::new(),
        _ => format!(", {} more of their sub-agents", number::count(subagents)),
    };
    let absent = match absent {
        0 => String::new(),
        _ => format!("; {} not found (--all)", number::counted(absent, "more agent", "more agents")),
    };
    let end = if subagents.is_empty() && absent.is_empty() { "" } else { "." };
    format!("{sessions} of {agents}{subagents}{absent}{end}")
}

/// Problems in so many sources, of which `whole` could not be read at all.
pub(crate) fn unreadable(problems: u64, sources: u64, whole: u64) -> String {
    format!("{} unreadable: opensession doctor --problems", lines_and_files(problems, sources, whole, "line"))
}

/// Likewise, for `doctor`.
pub(crate) fn damaged(problems: u64, sources: u64, whole: u64) -> String {
    format!("{}, the rest kept (--problems)", lines_and_files(problems, sources, whole, "damaged line"))
}

fn lines_and_files(problems: u64, sources: u64, whole: u64, line: &str) -> String {
    let lines = problems.saturating_sub(whole);
    let in_files = number::counted(sources.saturating_sub(whole), "file", "files");
    let lines = (lines > 0).then(|| format!("{} in {in_files}", number::counted(lines, line, &format!("{line}s"))));
    let whole = (whole > 0).then(|| number::counted(whole, "whole file", "whole files"));
    [lines, whole].into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

pub(crate) fn more_places(count: usize) -> String {
    format!("and {}", number::counted(count as u64, "more folder", "more folders"))
}

pub(crate) fn problems(problems: u64, sources: u64) -> String {
    format!(
        "{} in {}; the rest of them is kept",
        number::counted(problems, "problem", "problems"),
        number::counted(sources, "file", "files")
    )
}

pub(crate) fn line_number(line: u64) -> String {
    format!("line {line}")
}

pub(crate) fn more_problems(rest: u64) -> String {
    format!("and {} more", number::count(rest))
}
