//! `search/query`

use std::time::Instant;

use jiff::Timestamp;
use jsonrpsee::core::RpcResult;
use opensession_protocol::{SearchAnswer, SearchOptions};

use super::{errors, filter, scope, search_history};
use crate::{
    engine::Engine,
    search::{self, SearchRequest, Stop},
};

/// Sessions of an answer, unless the caller says.
const LIMIT: u32 = 20;
/// Sessions of an answer at most.
const LIMIT_MOST: u32 = 200;
/// Hits of a session, unless the caller says.
const HITS: u32 = 3;
/// Hits of a session at most.
const HITS_MOST: u32 = 1_000;
/// Width of a snippet, in cells of a terminal: what is left of a wide one.
const SNIPPET_WIDTH: usize = 160;

/// Searches; `stop` is set when nobody waits for the answer any more.
pub(super) fn answer(engine: &Engine, text: &str, options: &SearchOptions, stop: Stop) -> RpcResult<SearchAnswer> {
    let began = Instant::now();
    let catalog = engine.catalog();
    let mut context = filter::context(engine, options.time_zone.as_deref())?;
    context.now = options.now.unwrap_or_else(Timestamp::now);
    context.typing = options.typing;
    let query = filter::read(text, &context)?;
    let resolved = scope::resolve(engine, &options.scope);
    let exclude = options
        .exclude
        .iter()
        .map(|name| catalog.named(name, |_| true).map(|named| named.session.key).map_err(errors::name))
        .collect::<RpcResult<Vec<_>>>()?;
    let request = SearchRequest {
        limit: options.limit.unwrap_or(LIMIT).min(LIMIT_MOST) as usize,
        offset: options.offset as usize,
        hits_per_session: options.hits_per_session.unwrap_or(HITS).min(HITS_MOST) as usize,
        now_ms: context.now.as_millisecond(),
        exclude,
        repository: resolved.repository.as_ref().map(|(identity, _)| identity.clone()),
        explain: true,
        facets: options.facets.then(|| context.zone.clone()),
        stop,
        ..SearchRequest::default()
    };
    let found = engine.index.search(&query, &request, &catalog, &*engine.texts).map_err(errors::search)?;
    let width = (!options.no_snippets).then_some(SNIPPET_WIDTH);
    let mut answer = search::answer::answer(found, &query, &catalog, &*engine.texts, width);
    let now_ms = context.now.as_millisecond();
    for hits in &mut answer.sessions {
        hits.session.short_id = catalog.short_id(&hits.session.id).to_owned();
        if let Some(entry) = catalog.by_id(&hits.session.id) {
            hits.session.state = entry.state(now_ms);
        }
    }
    answer.scope_repository = resolved.name();
    answer.reading = engine.progress().borrow().reading;
    if let Some(empty) = &mut answer.empty {
        empty.index = engine.index_status().state;
    }
    answer.took_us = began.elapsed().as_micros() as u64;
    if let Some(past_query) = search_history::past_query(engine, text, options, &answer) {
        engine.commit_later(past_query);
    }
    Ok(answer)
}
