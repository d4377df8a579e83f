//! From what a search found to the answer that crosses the socket, snippets included.

use std::borrow::Cow;

use jiff::Timestamp;
use opensession_protocol::{Hit, SearchAnswer, SessionHits, SessionInfo};

use super::document::EventTexts;
use super::found::{Found, FoundHit};
use super::query::Query;
use super::snippet::{Matcher, Snippet, beginning, snippet};
use crate::catalog::{Catalog, SessionKey};

/// Makes the answer. `width` is how many terminal cells a snippet may take; `None` leaves the snippets out. What only the
/// caller knows (scope, state of the reading, time taken) is left at its default.
pub fn answer(
    found: Found,
    query: &Query,
    catalog: &Catalog,
    texts: &dyn EventTexts,
    width: Option<usize>,
) -> SearchAnswer {
    let mut snippets = Vec::new().into_iter();
    if let Some(width) = width {
        let hits = found.sessions.iter().flat_map(|session| &session.hits);
        let names: Vec<(SessionKey, u32)> = hits.map(|hit| (hit.session, hit.event)).collect();
        snippets = cut_snippets(&found, query, &names, texts, width).into_iter();
    }
    let mut sessions = Vec::with_capacity(found.sessions.len());
    for one in found.sessions {
        let hits = one.hits.iter().map(|hit| make_hit(hit, one.session, snippets.next().unwrap_or_default(), catalog));
        let hits = hits.collect();
        // A session that was forgotten since is left out; its hits' snippets are taken all the same.
        let Some(entry) = catalog.get(one.session) else { continue };
        sessions.push(SessionHits {
            session: SessionInfo::clone(&entry.info),
            hits,
            total: one.total,
            copies: one.copies,
            missing: one.missing,
            score: one.score,
        });
    }
    let mut errors = query.errors.clone();
    errors.extend(found.errors);
    SearchAnswer {
        sessions,
        matching_all: found.matching_all,
        matching_any: found.matching_any,
        hits: found.hits,
        by_agent: found.by_agent,
        by_kind: found.by_kind,
        hits_at_least: found.hits_at_least,
        by_repository: found.by_repository,
        by_month: found.by_month,
        interpreted: found.interpreted,
        errors,
        empty: found.empty,
        searched: found.searched,
        ..SearchAnswer::default()
    }
}

fn cut_snippets(
    found: &Found,
    query: &Query,
    names: &[(SessionKey, u32)],
    texts: &dyn EventTexts,
    width: usize,
) -> Vec<Snippet> {
    // As it was run: words that hardly any event has were taken for others.
    let mut as_run = Cow::Borrowed(query);
    if let Some(unit) = found.opened {
        as_run = Cow::Owned(as_run.with_open_word(unit));
    }
    if !found.replaced.is_empty() {
        as_run = Cow::Owned(as_run.with_bodies(&found.replaced));
    }
    let mut matcher = Matcher::new(&as_run);
    for (unit, term) in &found.similar {
        matcher.add_term(*unit, term);
    }
    let cut = |text: Option<String>| {
        text.map(|text| snippet(&text, &matcher, width).unwrap_or_else(|| beginning(&text, width))).unwrap_or_default()
    };
    texts.texts(names).into_iter().map(cut).collect()
}

fn make_hit(hit: &FoundHit, listed: SessionKey, snippet: Snippet, catalog: &Catalog) -> Hit {
    let own = (hit.session != listed).then(|| catalog.get(hit.session).map(|entry| entry.info.id.clone())).flatten();
    Hit {
        event: hit.event,
        session: own,
        kind: hit.kind,
        ts: (hit.ts_ms != 0).then(|| Timestamp::from_millisecond(hit.ts_ms).ok()).flatten(),
        tool: hit.tool.clone(),
        error: hit.error,
        text: snippet.text,
        ranges: snippet.ranges,
        score: hit.score,
    }
}
