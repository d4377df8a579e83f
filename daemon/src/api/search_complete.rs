//! `search/complete`

use jsonrpsee::core::RpcResult;
use opensession_protocol::{Completions, Scope};

use super::{errors, filter, scope};
use crate::{engine::Engine, search::CompletionRequest};

/// Completions of an answer, unless the caller says.
const LIMIT: u32 = 20;
/// Completions of an answer at most.
const LIMIT_MOST: u32 = 200;

/// What is asked for besides the query.
pub(super) struct Asked {
    pub(super) cursor: Option<u32>,
    pub(super) limit: Option<u32>,
    pub(super) scope: Scope,
    pub(super) time_zone: Option<String>,
}

pub(super) fn answer(engine: &Engine, query: &str, asked: &Asked) -> RpcResult<Completions> {
    let catalog = engine.catalog();
    let context = filter::context(engine, asked.time_zone.as_deref())?;
    let resolved = scope::resolve(engine, &asked.scope);
    let request = CompletionRequest {
        catalog: &catalog,
        in_scope: &|entry| resolved.holds(entry),
        context: &context,
        cursor: asked.cursor.unwrap_or(u32::MAX),
        limit: asked.limit.unwrap_or(LIMIT).min(LIMIT_MOST) as usize,
    };
    engine.index.complete(query, &request).map_err(errors::search)
}
