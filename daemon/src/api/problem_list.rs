//! `problem/list`

use jsonrpsee::core::RpcResult;
use opensession_protocol::ProblemPage;

use super::errors;
use crate::engine::Engine;

/// Problems of an answer, unless the caller says.
const LIMIT: u32 = 100;
/// Problems of an answer at most.
const LIMIT_MOST: u32 = 10_000;

pub(super) fn answer(engine: &Engine, agent: Option<&str>, limit: Option<u32>) -> RpcResult<ProblemPage> {
    let catalog = engine.catalog();
    let limit = limit.unwrap_or(LIMIT).min(LIMIT_MOST);
    let session_of =
        |source: i64| catalog.iter().find(|entry| entry.source == source).map(|entry| entry.info.id.clone());
    engine.texts.with_reader(|reader| reader.problems(agent, limit, session_of)).map_err(errors::store)
}
