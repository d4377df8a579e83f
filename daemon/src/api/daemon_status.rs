//! `daemon/status`

use jiff::Timestamp;
use opensession_protocol::{DaemonStatus, SessionState};

use crate::engine::Engine;

pub(super) fn answer(engine: &Engine) -> DaemonStatus {
    let catalog = engine.catalog();
    let now_ms = Timestamp::now().as_millisecond();
    let mut agents: Vec<&str> = catalog.iter().map(|entry| entry.info.agent.as_str()).collect();
    agents.sort_unstable();
    agents.dedup();
    let (memory, memory_anonymous) = memory();
    DaemonStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        started: Some(engine.started),
        memory,
        memory_anonymous,
        cpu_ms: Some(cpu_ms()),
        socket: engine.paths.socket.display().to_string(),
        store: engine.paths.store().display().to_string(),
        store_bytes: engine.store.bytes(),
        log: engine.paths.log().display().to_string(),
        sessions: catalog.iter().filter(|entry| entry.root == entry.key).count() as u64,
        agents: agents.len() as u64,
        live: catalog.iter().filter(|entry| entry.state(now_ms) == SessionState::Live).count() as u64,
        last_event: catalog.iter().filter_map(|entry| entry.info.updated).max(),
        index: engine.index_status(),
        publish_on: engine.config().daemon.publish_on.as_str().to_owned(),
        warnings: engine.all_warnings(),
    }
}

/// Resident memory and the part of it that no file backs, in bytes, where the system tells.
fn memory() -> (Option<u64>, Option<u64>) {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return (None, None) };
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse().ok()?;
        Some(kilobytes * 1024)
    };
    (field("VmRSS"), field("RssAnon"))
}

/// CPU time of this process, in milliseconds.
fn cpu_ms() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}
