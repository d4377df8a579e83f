//! `session/summary`

use jsonrpsee::core::RpcResult;
use opensession_protocol::{Scope, SessionSummary};

use super::{handoff_create, scope};
use crate::engine::Engine;

pub(super) fn answer(engine: &Engine, name: &str, wanted: &Scope) -> RpcResult<SessionSummary> {
    let entry = scope::session(engine, name, wanted)?.session;
    let summary = handoff_create::draft(engine, &entry)?.summary();
    Ok(SessionSummary {
        session: engine.catalog().brief(&entry),
        // The list's title knows of titles that stand in other sessions.
        title: entry.info.title.clone(),
        objective: summary.objective,
        outcome: summary.outcome,
    })
}
