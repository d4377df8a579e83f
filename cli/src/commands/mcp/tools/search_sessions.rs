//! `search_sessions`

use opensession_protocol::{SearchAnswer, SearchOptions};
use serde::Deserialize;
use serde_json::json;

use super::{Answering, Request, Tool, arguments, everywhere, session_line, short, told};
use crate::commands::mcp::budget::{Answer, TOKENS};
use crate::text;

/// Sessions of an answer, unless the model says; and at most.
const LIMIT: u32 = 10;
const LIMIT_MOST: u32 = 50;
/// Hits of one session.
const HITS: u32 = 3;

pub(super) static TOOL: Tool = Tool {
    name: "search_sessions",
    title: "Search past sessions",
    description: "Search what people and coding agents said, ran, read and changed in past sessions: words (ranked), \"exact \
                  phrases\", identifiers, error messages, paths. Filters in the query: agent:codex kind:prompt|agent|output|\
                  edit|command is:error file:src/auth.rs since:2w before:2026-02-01 -excluded. The current session is left out.",
    method: "search/query",
    properties: || {
        json!({
            "query": { "type": "string", "description": "What to look for, perhaps with filters" },
            "everywhere": everywhere(),
            "limit": { "type": "integer", "minimum": 1, "maximum": LIMIT_MOST, "description": "Sessions at most" },
        })
    },
    required: &["query"],
    run: |request| -> Answering { Box::pin(run(request)) },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    query: String,
    #[serde(default)]
    everywhere: bool,
    limit: Option<u32>,
    max_tokens: Option<u64>,
}

async fn run(request: Request) -> Result<String, String> {
    let asked: Arguments = arguments(request.arguments)?;
    let options = SearchOptions {
        scope: request.caller.scope(asked.everywhere),
        limit: Some(asked.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MOST)),
        hits_per_session: Some(HITS),
        exclude: request.own,
        ..SearchOptions::default()
    };
    let params = json!({ "query": asked.query, "options": options });
    let found: SearchAnswer = request.daemon.ask("search/query", params).await.map_err(told)?;
    let mut answer = Answer::new(asked.max_tokens, TOKENS);
    let place = found.scope_repository.as_deref().map_or(String::new(), |name| format!(" in {name}"));
    for error in &found.errors {
        answer.line(&format!("note: {}", error.message));
    }
    for word in &found.interpreted {
        answer.line(&format!("note: {}", text::interpreted(word)));
    }
    if found.reading {
        answer.line("note: sessions are still being read; more may be found later");
    }
    if found.sessions.is_empty() {
        answer.line(&format!("No session{place} matches. {} sessions searched.", found.searched));
        let empty = found.empty.unwrap_or_default();
        for part in empty.without.iter().filter(|part| part.sessions > 0) {
            answer.line(&format!("without {}: {} sessions", part.part, part.sessions));
        }
        for part in empty.without.iter().filter(|part| !part.near.is_empty()) {
            let near: Vec<&str> = part.near.iter().map(|near| near.value.as_str()).collect();
            answer.line(&format!("near {}: {}", part.part, near.join(", ")));
        }
        if empty.elsewhere > 0 {
            return Ok(answer
                .finish(&format!("{} sessions of other repositories match: set everywhere to true", empty.elsewhere)));
        }
        return Ok(answer.finish("try fewer or other words"));
    }
    let total = found.matching_any.value.max(found.matching_all.value);
    answer.line(&format!(
        "{total} sessions{place} match, {} of them with every word; best first:",
        found.matching_all.value
    ));
    let mut shown = 0;
    'sessions: for hits in &found.sessions {
        let session = &hits.session;
        if !answer.line(&format!("{} \"{}\" ({})", session.short_id, session.title, session_line(session))) {
            break;
        }
        shown += 1;
        for hit in &hits.hits {
            let holder = hit.session.as_deref().map_or(session.short_id.as_str(), short);
            let failed = if hit.error { " failed" } else { "" };
            let line = format!("  {holder}#{} {}{failed}: {}", hit.event, hit.kind.name(), hit.text);
            if !answer.line(&line) {
                break 'sessions;
            }
        }
        if hits.total > hits.hits.len() as u64 {
            answer.line(&format!("  +{} more: add session:{}", hits.total - hits.hits.len() as u64, session.short_id));
        }
    }
    let first = &found.sessions[0];
    let event = first.hits.first().map_or(String::new(), |hit| {
        let holder = hit.session.as_deref().map_or(first.session.short_id.as_str(), short);
        format!("get_event {{\"event\":\"{holder}#{}\"}} reads a hit in full; ", hit.event)
    });
    let cut = if answer.is_cut() {
        format!("{shown} of {total} fit; ask with more max_tokens or narrow it; ")
    } else {
        String::new()
    };
    Ok(answer
        .finish(&format!("{cut}{event}get_session {{\"session\":\"{}\"}} gives an overview", first.session.short_id)))
}
