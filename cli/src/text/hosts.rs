//! What `remote` and `import` say.

use opensession_protocol::{HostInfo, HostProgress, HostRemoved};

use crate::format::number;

pub(crate) const NO_HOST: &str = "No other machine is known.";
pub(crate) const HINT_ADD_HOST: &str = "opensession remote add user@host, or opensession import DIR";
pub(crate) const NOW: &str = "now";
pub(crate) const AWAY: &str = "away";
pub(crate) const ROW_HOST: &str = "host";
pub(crate) const ROW_FROM: &str = "from";
pub(crate) const ROW_PULLING: &str = "pulling";
pub(crate) const ROW_PULLED: &str = "pulled";
pub(crate) const ROW_NEXT: &str = "next";
pub(crate) const ROW_FAILED: &str = "failed";
pub(crate) const ROW_REMEDY: &str = "remedy";
pub(crate) const ROW_LEFT: &str = "left";

pub(crate) fn no_host(name: &str) -> String {
    format!("no machine is called {name}")
}

pub(crate) fn known_hosts(names: &[String]) -> String {
    if names.is_empty() { HINT_ADD_HOST.to_owned() } else { format!("known are {}", names.join(", ")) }
}

pub(crate) fn host_known(name: &str) -> String {
    format!("{name} is known already.")
}

pub(crate) fn host_removed(removed: &HostRemoved) -> String {
    let sessions = |count| number::counted(count, "session", "sessions");
    match (removed.kept, removed.forgotten) {
        (0, 0) => format!("{}: removed.", removed.name),
        (kept, 0) => format!("{}: removed; {} of it stay (--forget deletes them).", removed.name, sessions(kept)),
        (_, forgotten) => format!("{}: removed, and {} deleted.", removed.name, sessions(forgotten)),
    }
}

/// `build: 12 files, 3.4 MB; 57 sessions kept`
pub(crate) fn pulled(name: &str, host: &HostInfo) -> String {
    let sessions = number::counted(host.sessions, "session", "sessions");
    let files = match host.files {
        0 => "nothing new".to_owned(),
        files => format!("{}, {}", number::counted(files, "file", "files"), number::size(host.bytes)),
    };
    format!("{name}: {files}; {sessions} kept")
}

pub(crate) fn brought(host: &HostInfo) -> String {
    match host.files {
        0 => String::new(),
        files => format!(", {}, {}", number::counted(files, "file", "files"), number::size(host.bytes)),
    }
}

pub(crate) fn not_pulled(failure: &str) -> String {
    format!("not pulled: {failure}")
}

pub(crate) fn left_there(left: &str) -> String {
    format!("left there: {left}")
}

/// `12 of 40 files, 3.4 MB of 9 MB`
pub(crate) fn pulling(progress: &HostProgress) -> String {
    if progress.files_total == 0 {
        return "looking for what is new".to_owned();
    }
    let total = progress.bytes_total.max(progress.bytes_done);
    format!(
        "{} of {}, {} of {}",
        number::count(progress.files_done),
        number::counted(progress.files_total, "file", "files"),
        number::size(progress.bytes_done),
        number::size(total)
    )
}

pub(crate) fn hint_kept_on(name: &str) -> String {
    format!(
        "it is kept, and tried again: opensession remote sync {name}; opensession remote remove {name} takes it away"
    )
}

pub(crate) fn imported(name: &str, sessions: u64, agents: &[String], is_new: bool) -> String {
    let known = if is_new { "" } else { ", imported before" };
    let agents = if agents.is_empty() { String::new() } else { format!(" ({})", agents.join(", ")) };
    format!("{name}: {}{agents}{known}.", number::counted(sessions, "session", "sessions"))
}

pub(crate) fn hint_search_host(name: &str) -> String {
    format!("opensession log --all --host {name}, opensession search --all-repos host:{name} …")
}

pub(crate) fn no_interval(text: &str) -> String {
    format!("{text} is no time of a minute at least: 90s, 15m, 2h, 1d")
}

pub(crate) fn on_other_machine(host: &str) -> String {
    format!("the session is on {host}")
}

pub(crate) fn hint_run_there(command: &str) -> String {
    format!("run it there: {command}")
}

pub(crate) const HINT_HAND_OVER: &str = "hand it to an agent here: opensession handoff --into AGENT";
