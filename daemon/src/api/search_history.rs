//! `search/history`, and what it lists.

use jiff::Timestamp;
use jsonrpsee::core::RpcResult;
use opensession_protocol::{History, PastQuery, SearchAnswer, SearchOptions};

use super::{errors, keep};
use crate::{
    engine::Engine,
    ingest::{Commit, Keep},
};

/// Queries of an answer, unless the caller says, and at most.
const LIMIT: u32 = crate::store::PAST_QUERIES;

pub(super) fn answer(engine: &Engine, limit: Option<u32>, clear: bool) -> RpcResult<History> {
    if clear {
        keep::carry_out(engine, |reply| Keep::ForgetQueries(Some(reply)))?;
    }
    let kept = engine.config().search.history;
    if !kept {
        return Ok(History::default());
    }
    let limit = limit.unwrap_or(LIMIT).min(LIMIT);
    let queries = engine.texts.with_reader(|reader| reader.past_queries(limit)).map_err(errors::store)?;
    Ok(History { queries, kept })
}

/// What is to be kept of a search, if anything is.
pub(super) fn past_query(
    engine: &Engine,
    query: &str,
    options: &SearchOptions,
    answer: &SearchAnswer,
) -> Option<Commit> {
    let query = query.trim();
    let found = answer.matching_any.value;
    let wanted = options.remember && !options.typing && found > 0 && !query.is_empty();
    (wanted && engine.config().search.history).then(|| {
        let ran = Some(Timestamp::now());
        Commit::Keep(Keep::Ran(PastQuery { query: query.to_owned(), ran, sessions: found }))
    })
}
