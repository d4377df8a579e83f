//! `list_sessions`

use opensession_protocol::{SessionFilter, SessionPage};
use serde::Deserialize;
use serde_json::json;

use super::{Answering, Request, Tool, arguments, everywhere, session_line, told};
use crate::commands::mcp::budget::{Answer, TOKENS, cut};

/// Sessions of an answer, unless the model says; and at most.
const LIMIT: u32 = 15;
const LIMIT_MOST: u32 = 100;
/// Tokens of a first prompt.
const PROMPT_TOKENS: u64 = 40;

pub(super) static TOOL: Tool = Tool {
    name: "list_sessions",
    title: "List past sessions",
    description: "List past sessions of coding agents in this repository, newest first, with their first prompts. The current \
                  session is left out.",
    method: "session/list",
    properties: || {
        json!({
            "agent": { "type": "string", "description": "Only of this agent: claude-code, codex" },
            "since": { "type": "string", "description": "Only changed since: 2w, yesterday, 2026-02-01" },
            "until": { "type": "string", "description": "Only changed until" },
            "touches": { "type": "string", "description": "Only those that changed this file, or a file below this folder" },
            "errors": { "type": "boolean", "description": "Only those with a failed call" },
            "everywhere": everywhere(),
            "limit": { "type": "integer", "minimum": 1, "maximum": LIMIT_MOST },
            "cursor": { "type": "string", "description": "Where the answer before ended" },
        })
    },
    required: &[],
    run: |request| -> Answering { Box::pin(run(request)) },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    agent: Option<String>,
    since: Option<String>,
    until: Option<String>,
    touches: Option<String>,
    #[serde(default)]
    errors: bool,
    #[serde(default)]
    everywhere: bool,
    limit: Option<u32>,
    cursor: Option<String>,
    max_tokens: Option<u64>,
}

async fn run(request: Request) -> Result<String, String> {
    let asked: Arguments = arguments(request.arguments)?;
    let filter = SessionFilter {
        scope: request.caller.scope(asked.everywhere),
        agents: asked.agent.into_iter().collect(),
        since: asked.since,
        until: asked.until,
        touches: asked.touches,
        errors: asked.errors,
        ..SessionFilter::default()
    };
    let limit = asked.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MOST);
    let params = json!({ "filter": filter, "limit": limit, "cursor": asked.cursor });
    let page: SessionPage = request.daemon.ask("session/list", params).await.map_err(told)?;
    let mut answer = Answer::new(asked.max_tokens, TOKENS);
    let place = page.scope_repository.as_deref().map_or(String::new(), |name| format!(" in {name}"));
    let sessions: Vec<_> = page.sessions.iter().filter(|session| !request.own.contains(&session.id)).collect();
    if sessions.is_empty() {
        answer.line(&format!("No other session{place}; {} are kept in all.", page.sessions_kept));
        return Ok(answer.finish("leave out filters, or set everywhere to true"));
    }
    answer.line(&format!("{} sessions{place}, newest first:", page.total));
    for session in &sessions {
        if !answer.line(&format!("{} \"{}\" ({})", session.short_id, session.title, session_line(session))) {
            break;
        }
        if let Some(prompt) = session.first_prompt.as_deref().filter(|prompt| !prompt.starts_with(&session.title)) {
            let prompt = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
            answer.line(&format!("  began: {}", cut(&prompt, PROMPT_TOKENS)));
        }
    }
    let more = match &page.next {
        Some(next) if !answer.is_cut() => format!("; older ones: cursor {next}"),
        _ if answer.is_cut() => "; some had no room: ask with a smaller limit".to_owned(),
        _ => String::new(),
    };
    Ok(answer.finish(&format!("get_session {{\"session\":\"{}\"}} gives an overview{more}", sessions[0].short_id)))
}
