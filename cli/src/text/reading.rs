//! How far the reading is.

use opensession_protocol::{IndexState, IndexStatus};

use crate::format::number;

pub(crate) const FIRST_RUN: &str = "First run: reading the sessions on this machine. Nothing leaves it.";
pub(crate) const REBUILDING: &str = "rebuilding";

pub(crate) fn ready(sessions: u64, agents: u64, bytes: u64, took_ms: u64) -> String {
    let sessions = number::counted(sessions, "session", "sessions");
    let agents = number::counted(agents, "agent", "agents");
    let took = if took_ms > 0 { format!(", {}", number::duration(took_ms)) } else { String::new() };
    format!("Ready: {sessions} of {agents}, {}{took}. Browse them: opensession", number::size(bytes))
}

pub(crate) fn agent_read(agent: &str, sources: u64, bytes: u64) -> String {
    format!("{agent}  {} read, {}", number::count(sources), number::size(bytes))
}

pub(crate) fn left(milliseconds: u64) -> String {
    let seconds = ((milliseconds + 500) / 1_000).max(1);
    let shown = if seconds < 60 { format!("{seconds}s") } else { format!("{}m {:02}s", seconds / 60, seconds % 60) };
    format!("{shown} left")
}

pub(crate) fn index_line(status: &IndexStatus) -> String {
    let state = match status.state {
        IndexState::Ready => "ready",
        IndexState::Reading => "reading",
        IndexState::Rebuilding => "rebuilding",
        IndexState::Failed => "failed",
    };
    let events = number::counted(status.events, "event", "events");
    let mut line = vec![state.to_owned(), events, number::size(status.bytes)];
    if status.state == IndexState::Reading {
        let (done, total) = status.agents.iter().fold((0, 0), |sum, agent| (sum.0 + agent.done, sum.1 + agent.total));
        if done < total {
            line.push(format!("{} of {} read", number::count(done), number::count(total)));
        }
    }
    let behind = status.store_sequence.saturating_sub(status.index_sequence);
    if behind > 0 {
        line.push(format!("{} behind", number::count(behind)));
    }
    line.join(", ")
}
