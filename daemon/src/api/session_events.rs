//! `session/events`

use jsonrpsee::core::RpcResult;
use opensession_hail::{Event, Kind};
use opensession_protocol::{EventPage, Scope, SessionEvent, error};

use super::{errors, scope};
use crate::{engine::Engine, store::EventRange};

/// Events of a page, unless the caller says.
const LIMIT: u32 = 200;
/// Events of a page at most.
const LIMIT_MOST: u32 = 2_000;
/// Bytes of a page's lines after which it ends.
const PAGE_BYTES: usize = 4 << 20;
/// Events looked through for a page, where only some kinds are wanted.
const LOOKED_AT_MOST: u32 = 100_000;

/// Which events.
pub(super) struct Asked {
    pub(super) from: Option<u32>,
    pub(super) limit: Option<u32>,
    pub(super) around: Option<u32>,
    pub(super) kinds: Option<Vec<Kind>>,
}

pub(super) fn answer(engine: &Engine, name: &str, asked: &Asked, wanted: &Scope) -> RpcResult<EventPage> {
    let named = scope::session(engine, name, wanted)?;
    let entry = named.session;
    let total = entry.info.events;
    let limit = asked.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MOST);
    let from = match asked.around.or(named.event.filter(|_| asked.from.is_none())) {
        Some(event) if event == 0 || event > total => {
            return Err(errors::with_hint(
                error::NO_SUCH_EVENT,
                format!("session {} has no event {event}", engine.catalog().short_id(&entry.info.id)),
                format!("it has {total} events, from 1"),
            ));
        }
        Some(event) => event.saturating_sub(if asked.around.is_some() { limit / 2 } else { 0 }).max(1),
        None => asked.from.unwrap_or(1).max(1),
    };
    let mut page = EventPage { session: entry.info.id.clone(), total, ..EventPage::default() };
    let mut bytes = 0;
    let mut damaged = 0_u32;
    let range = EventRange { session: entry.key, from, to: u32::MAX };
    engine
        .texts
        .with_reader(|reader| {
            reader.event_lines(range, |number, turn, line| {
                let full = page.events.len() >= limit as usize || bytes >= PAGE_BYTES;
                if full || number - from >= LOOKED_AT_MOST {
                    page.next = Some(number);
                    return false;
                }
                let Ok(event) = Event::from_json(line) else {
                    damaged += 1;
                    return true;
                };
                let kind = event.body.kind();
                let is_wanted = asked.kinds.as_ref().is_none_or(|kinds| kind.is_some_and(|kind| kinds.contains(&kind)));
                if is_wanted {
                    bytes += line.len();
                    let hail = serde_json::from_slice(line).unwrap_or_default();
                    page.events.push(SessionEvent { event: number, kind, turn, hail });
                }
                true
            })
        })
        .map_err(errors::store)?;
    if damaged > 0 {
        tracing::warn!(session = entry.info.id, damaged, "kept events cannot be read back");
    }
    Ok(page)
}
