//! Events, queries and a catalog to test with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use opensession_hail::Kind;
use opensession_protocol::SessionInfo;

use crate::catalog::{Catalog, SessionEntry, SessionKey, Traits};
use crate::search::query::{Clause, Phrase, Query, Run, Unit, UnitBody, Word};
use crate::search::tokenizer::{TokenBuffer, TokenKind, tokenize};
use crate::search::{EventTexts, Found, SearchDocument, SearchIndex, SearchRequest};

pub(super) const NOW: i64 = 1_800_000_000_000;

pub(super) fn document(session: SessionKey, event: u32, text: &str) -> SearchDocument {
    SearchDocument {
        session,
        event,
        ts_ms: NOW - 1_000_000 + i64::from(event),
        kind: Kind::Agent,
        error: false,
        subagent: false,
        edit_call: false,
        exit: None,
        tool: None,
        model: None,
        identity: 0,
        text: text.to_owned(),
        paths: Vec::new(),
    }
}

pub(super) fn entry(key: SessionKey) -> SessionEntry {
    let info = SessionInfo { id: format!("{key:032x}"), agent: "claude-code".to_owned(), ..SessionInfo::default() };
    SessionEntry {
        activity: opensession_agents::derive::Activity::default(),
        source: 0,
        key,
        info: Arc::new(info),
        root: key,
        repository_identity: None,
        updated_ms: NOW - i64::from(key) * 1000,
        traits: Traits::default(),
        timeline: Arc::default(),
    }
}

/// A catalog of sessions numbered from one.
pub(super) fn catalog(sessions: u32) -> Catalog {
    let mut catalog = Catalog::default();
    catalog.sessions.push(None);
    catalog.sessions.extend((1..=sessions).map(|key| Some(Arc::new(entry(key)))));
    catalog
}

/// Changes one session of a catalog.
pub(super) fn change(catalog: &mut Catalog, key: SessionKey, change: impl FnOnce(&mut SessionEntry)) {
    let mut entry = (**catalog.sessions[key as usize].as_ref().unwrap()).clone();
    change(&mut entry);
    catalog.sessions[key as usize] = Some(Arc::new(entry));
}

/// The runs of a word without white space.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut pairs_end = None;
    tokenize(text, &mut TokenBuffer::default(), |token| {
        let term = token.text.to_owned();
        match token.kind {
            TokenKind::Part => runs.last_mut().unwrap().parts.push(term),
            TokenKind::Cjk if term.chars().count() > 1 => {
                if pairs_end.is_some_and(|end| token.start < end) {
                    runs.last_mut().unwrap().parts.push(term);
                } else {
                    runs.push(Run { whole: None, parts: vec![term] });
                }
                pairs_end = Some(token.end);
            }
            TokenKind::Symbol => *runs.last_mut().unwrap() = Run { whole: Some(term), parts: Vec::new() },
            _ => runs.push(Run { whole: Some(term), parts: Vec::new() }),
        }
    });
    runs
}

pub(super) fn unit(typed: &str, body: UnitBody) -> Unit {
    Unit {
        typed: typed.to_owned(),
        start: 0,
        end: 0,
        required: false,
        scored: true,
        body,
        literal: None,
        verify: false,
    }
}

pub(super) fn word(text: &str) -> Unit {
    unit(text, UnitBody::Word(Word { runs: runs(text), prefix: None }))
}

pub(super) fn phrase(text: &str) -> Unit {
    let terms = text.split(' ').flat_map(runs).flat_map(|run| run.terms().map(str::to_owned).collect::<Vec<_>>());
    let phrase = Phrase { terms: terms.collect(), slop: 0, prefix_last: false };
    Unit { required: true, ..unit(&format!("\"{text}\""), UnitBody::Phrase(phrase)) }
}

pub(super) fn required(unit: Unit) -> Clause {
    Clause::Unit(Unit { required: true, ..unit })
}

pub(super) fn all(clauses: Vec<Clause>) -> Query {
    let clause = if clauses.len() == 1 { clauses.into_iter().next() } else { Some(Clause::All(clauses)) };
    Query { clause, ..Query::empty("") }
}

/// The words of a text, ranked.
pub(super) fn words(text: &str) -> Query {
    all(text.split(' ').map(|text| Clause::Unit(word(text))).collect())
}

pub(super) fn request() -> SearchRequest {
    SearchRequest { limit: 1000, hits_per_session: 3, now_ms: NOW, ..SearchRequest::default() }
}

/// Texts kept in a map.
#[derive(Debug, Default)]
pub(super) struct Texts(pub(super) BTreeMap<(SessionKey, u32), String>);

impl EventTexts for Texts {
    fn texts(&self, events: &[(SessionKey, u32)]) -> Vec<Option<String>> {
        events.iter().map(|event| self.0.get(event).cloned()).collect()
    }
}

pub(super) fn search(index: &SearchIndex, query: &Query, catalog: &Catalog) -> Found {
    index.search(query, &request(), catalog, &Texts::default()).unwrap()
}

/// The sessions found, in order of their numbers.
pub(super) fn sessions(found: &Found) -> BTreeSet<SessionKey> {
    found.sessions.iter().map(|session| session.session).collect()
}

/// The sessions found, best first.
pub(super) fn order(found: &Found) -> Vec<SessionKey> {
    found.sessions.iter().map(|session| session.session).collect()
}

/// How the documents of a test reach the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Fresh,
    Disk,
    Mixed,
}

pub(super) const WAYS: [Way; 3] = [Way::Fresh, Way::Disk, Way::Mixed];

/// An index of those documents.
pub(super) fn index(documents: &[SearchDocument], way: Way) -> (tempfile::TempDir, SearchIndex) {
    let folder = tempfile::tempdir().unwrap();
    let index = SearchIndex::open(folder.path()).unwrap().index;
    let half = documents.len() / 2;
    match way {
        Way::Fresh => index.add(documents.to_vec(), 1, true).unwrap(),
        Way::Disk => {
            index.add(documents.to_vec(), 1, false).unwrap();
            index.flush().unwrap();
        }
        Way::Mixed => {
            index.add(documents[..half / 2].to_vec(), 1, false).unwrap();
            index.flush().unwrap();
            index.add(documents[half / 2..half].to_vec(), 2, true).unwrap();
            index.flush().unwrap();
            index.add(documents[half..].to_vec(), 3, true).unwrap();
        }
    }
    (folder, index)
}
