//! `session/document`

use jsonrpsee::core::RpcResult;
use opensession_hail::Event;
use opensession_protocol::{Scope, SessionDocument, error, uri::SessionUri};

use super::{errors, scope};
use crate::{
    document::{self, LANGUAGE},
    engine::Engine,
    store::EventRange,
};

/// Bytes of a text after which it ends; the next call goes on.
const TEXT_BYTES: usize = 5 << 20;
/// Events looked at for one text.
const EVENTS_MOST: u32 = 100_000;

pub(super) fn answer(engine: &Engine, name: &str, from: Option<u32>, wanted: &Scope) -> RpcResult<SessionDocument> {
    let named = scope::session(engine, name, wanted)?;
    let (entry, catalog) = (named.session, engine.catalog());
    let total = entry.info.events;
    let first = named.event.or(from).unwrap_or(1);
    if first == 0 || (first > total && first > 1) {
        return Err(errors::with_hint(
            error::NO_SUCH_EVENT,
            format!("session {} has no event {first}", catalog.short_id(&entry.info.id)),
            format!("it has {total} events, from 1"),
        ));
    }
    let mut info = entry.info_at(jiff::Timestamp::now().as_millisecond());
    info.short_id = catalog.short_id(&info.id).to_owned();
    let mut text = document::Text::new(&info);
    match named.event {
        Some(event) => text.event_head(event),
        None => text.head(),
    }
    let mut next = None;
    let range = EventRange { session: entry.key, from: first, to: named.event.unwrap_or(u32::MAX) };
    engine
        .texts
        .with_reader(|reader| {
            reader.event_lines(range, |number, _, line| {
                if text.len() >= TEXT_BYTES || number - first >= EVENTS_MOST {
                    next = Some(number);
                    return false;
                }
                match Event::from_json(line) {
                    Ok(event) => text.event(number, &event, named.event.is_some()),
                    Err(_) => text.damaged(number),
                }
                true
            })
        })
        .map_err(errors::store)?;
    if let Some(next) = next {
        text.goes_on(next);
    }
    let (text, outline) = text.finish();
    Ok(SessionDocument {
        uri: SessionUri::new(&*info.id, named.event).to_string(),
        language_id: LANGUAGE.to_owned(),
        session: info.id.clone(),
        event: named.event,
        title: info.title.clone(),
        text,
        next,
        outline,
    })
}
