//! `session/list`

use jsonrpsee::core::RpcResult;
use opensession_protocol::{SessionFilter, SessionPage};

use super::{errors, filter};
use crate::engine::Engine;

/// Sessions of a page, unless the caller says.
const LIMIT: u32 = 50;
/// Sessions of a page at most.
const LIMIT_MOST: u32 = 1000;

pub(super) fn answer(
    engine: &Engine,
    wanted: &SessionFilter,
    limit: Option<u32>,
    cursor: Option<&str>,
    time_zone: Option<&str>,
) -> RpcResult<SessionPage> {
    let catalog = engine.catalog();
    let left = filter::apply(engine, &catalog, wanted, time_zone)?;
    // The cursor names the last session given, not a count: sessions that come meanwhile shift nothing.
    let after = cursor.map(parse_cursor).transpose()?;
    let limit = limit.unwrap_or(LIMIT).min(LIMIT_MOST) as usize;
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let total = left.sessions.len() as u64;
    let mut rest =
        left.sessions.iter().filter(|entry| after.is_none_or(|after| (entry.updated_ms, entry.key) < after)).peekable();
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let next = match (rest.peek(), page.last()) {
        (Some(_), Some(last)) => Some(format!("{}.{}", last.updated_ms, last.key)),
        _ => None,
    };
    let sessions = page
        .into_iter()
        .map(|entry| {
            let mut info = entry.info_at(now_ms);
            info.short_id = catalog.short_id(&info.id).to_owned();
            info
        })
        .collect();
    Ok(SessionPage {
        sessions,
        next,
        total,
        scope_repository: left.scope_repository,
        sessions_kept: catalog.ids.len() as u64,
    })
}

fn parse_cursor(cursor: &str) -> RpcResult<(i64, u32)> {
    let parts = cursor.split_once('.').and_then(|(time, key)| Some((time.parse().ok()?, key.parse().ok()?)));
    parts.ok_or_else(|| errors::bad_value(format!("no cursor: {cursor}"), "give `next` of the page before, or none"))
}
