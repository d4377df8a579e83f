//! What `daemon` says.

use crate::format::number;

pub(crate) const DAEMON_STOPPED: &str = "Stopped.";
pub(crate) const DAEMON_NOT_RUNNING: &str = "not running";
pub(crate) const ROW_RUNNING: &str = "running";
pub(crate) const ROW_SOCKET: &str = "socket";
pub(crate) const ROW_SESSIONS: &str = "sessions";
pub(crate) const ROW_STORE: &str = "store";
pub(crate) const ROW_INDEX: &str = "index";
pub(crate) const ROW_PUBLISH: &str = "publish";

/// The line after a start.
pub(crate) fn daemon_started(was_running: bool, version: &str, pid: u32) -> String {
    format!("{} {version}, pid {pid}", if was_running { "Already running:" } else { "Started:" })
}

pub(crate) fn sessions_line(sessions: u64, agents: u64, live: u64, last_event: Option<&str>) -> String {
    let agents = number::counted(agents, "agent", "agents");
    let last = last_event.map(|last| format!(", last event {last}")).unwrap_or_default();
    format!("{} of {agents}, {} live{last}", number::count(sessions), number::count(live))
}

pub(crate) fn no_log(path: &str, reason: &str) -> String {
    format!("no log at {path}: {reason}")
}
