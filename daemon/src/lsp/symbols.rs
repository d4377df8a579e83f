//! `workspace/symbol`: every hit of a search is a symbol.

use std::collections::HashSet;

use opensession_hail::Kind;
use opensession_protocol::{
    SearchAnswer, SearchOptions, SessionFilter, SessionHits, SessionInfo, SessionPage, uri::SessionUri,
};
use serde_json::json;
use tower_lsp::{
    jsonrpc::{Error, Result},
    ls_types::{Location, OneOf, Range, SymbolKind, Uri, WorkspaceSymbol, WorkspaceSymbolResponse},
};

use super::{daemon::Daemon, options::Options, scope_of, words};

/// Sessions of an answer.
const SESSIONS: u32 = 30;
/// Hits of one session.
const HITS: u32 = 5;
/// Characters of a symbol's name.
const NAME_CHARACTERS: usize = 120;

pub(super) async fn answer(daemon: &Daemon, options: &Options, query: &str) -> Result<WorkspaceSymbolResponse> {
    let symbols = if query.trim().is_empty() {
        newest(daemon, options).await?
    } else {
        let mut found = search(daemon, options, query).await?;
        found.sort_by(|one, other| other.score.total_cmp(&one.score));
        found.iter().take(SESSIONS as usize).map(hits).collect::<Result<Vec<_>>>()?.concat()
    };
    Ok(WorkspaceSymbolResponse::Nested(symbols))
}

/// What each of the folders' repositories has; sessions that two of them have, once.
async fn search(daemon: &Daemon, options: &Options, query: &str) -> Result<Vec<SessionHits>> {
    let mut found: Vec<SessionHits> = Vec::new();
    let mut seen = HashSet::new();
    for folder in options.places() {
        let options = SearchOptions {
            scope: scope_of(folder),
            limit: Some(SESSIONS),
            hits_per_session: Some(HITS),
            // Editors ask anew with every letter.
            typing: true,
            ..SearchOptions::default()
        };
        let answer: SearchAnswer = daemon.ask("search/query", json!({ "query": query, "options": options })).await?;
        found.extend(answer.sessions.into_iter().filter(|hits| seen.insert(hits.session.id.clone())));
    }
    Ok(found)
}

async fn newest(daemon: &Daemon, options: &Options) -> Result<Vec<WorkspaceSymbol>> {
    let mut sessions: Vec<SessionInfo> = Vec::new();
    let mut seen = HashSet::new();
    for folder in options.places() {
        let filter = SessionFilter { scope: scope_of(folder), ..SessionFilter::default() };
        let page: SessionPage = daemon.ask("session/list", json!({ "filter": filter, "limit": SESSIONS })).await?;
        sessions.extend(page.sessions.into_iter().filter(|session| seen.insert(session.id.clone())));
    }
    sessions.sort_by_key(|session| std::cmp::Reverse(session.updated));
    sessions
        .iter()
        .take(SESSIONS as usize)
        .map(|session| symbol(&session.title, SymbolKind::NAMESPACE, &words::session_line(session), &session.id, None))
        .collect()
}

fn hits(found: &SessionHits) -> Result<Vec<WorkspaceSymbol>> {
    let session = &found.session;
    found
        .hits
        .iter()
        .map(|hit| {
            let holder = hit.session.as_deref().unwrap_or(&session.id);
            // Editors filter by the name once more: the words that were found stand in it.
            let container = words::hit_container(session, hit);
            symbol(&hit.text, symbol_kind(hit.kind), &container, holder, Some(hit.event))
        })
        .collect()
}

fn symbol(name: &str, kind: SymbolKind, container: &str, session: &str, event: Option<u32>) -> Result<WorkspaceSymbol> {
    let uri = SessionUri::new(session, event).to_string();
    let uri: Uri = uri.parse().map_err(|_| Error::internal_error())?;
    Ok(WorkspaceSymbol {
        name: words::cut(name, NAME_CHARACTERS),
        kind,
        tags: None,
        container_name: Some(container.to_owned()),
        // The document of an event begins with it.
        location: OneOf::Left(Location { uri, range: Range::default() }),
        data: None,
    })
}

/// The icon that editors show.
fn symbol_kind(kind: Kind) -> SymbolKind {
    match kind {
        Kind::Prompt | Kind::Agent | Kind::Thinking | Kind::Summary | Kind::System => SymbolKind::STRING,
        Kind::Call | Kind::Command => SymbolKind::FUNCTION,
        Kind::Output => SymbolKind::OBJECT,
        Kind::Edit => SymbolKind::FILE,
        Kind::Todo => SymbolKind::ARRAY,
        Kind::Error => SymbolKind::EVENT,
    }
}
