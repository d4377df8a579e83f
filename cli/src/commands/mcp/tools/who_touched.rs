//! `who_touched`

use opensession_protocol::FileSessions;
use serde::Deserialize;
use serde_json::json;

use super::{Answering, Request, Tool, arguments, short, told};
use crate::commands::mcp::budget::{Answer, TOKENS, cut};

/// Tokens of a prompt.
const PROMPT_TOKENS: u64 = 80;

pub(super) static TOOL: Tool = Tool {
    name: "who_touched",
    title: "Which sessions changed a file",
    description: "List the past sessions that changed a file, last change first, each with the prompt that led to it: why the \
                  file is as it is. The current session is left out.",
    method: "file/sessions",
    properties: || {
        json!({
            "path": { "type": "string", "description": "The file, absolute or from the working directory" },
            "limit": { "type": "integer", "minimum": 1, "maximum": 50 },
        })
    },
    required: &["path"],
    run: |request| -> Answering { Box::pin(run(request)) },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    path: String,
    limit: Option<u32>,
    max_tokens: Option<u64>,
}

async fn run(request: Request) -> Result<String, String> {
    let asked: Arguments = arguments(request.arguments)?;
    let limit = asked.limit.unwrap_or(10).clamp(1, 50);
    let scope = request.caller.scope(false);
    let params = json!({ "path": asked.path, "limit": limit, "exclude": request.own, "scope": scope });
    let found: FileSessions = request.daemon.ask("file/sessions", params).await.map_err(told)?;
    let mut answer = Answer::new(asked.max_tokens, TOKENS);
    let Some(last) = found.sessions.first() else {
        answer.line(&format!("No other session changed {}.", found.path));
        return Ok(answer.finish("search_sessions finds sessions that only mention it"));
    };
    let sessions = if found.total == 1 { "session" } else { "sessions" };
    answer.line(&format!("{} {sessions} changed {}, last change first:", found.total, found.path));
    for session in &found.sessions {
        let brief = &session.session;
        let holder = session.holder.as_deref().map_or(brief.short_id.as_str(), short);
        let time = session.ts.map(|ts| ts.strftime(", %Y-%m-%d %H:%MZ").to_string()).unwrap_or_default();
        let edits = format!("{} edits +{} -{}", session.edits, session.added, session.removed);
        let head = format!("{holder}#{} \"{}\" ({}{time}, {edits})", session.event, brief.title, brief.agent);
        if !answer.line(&head) {
            break;
        }
        if let (Some(prompt), Some(event)) = (&session.prompt, session.prompt_event) {
            let prompt = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
            answer.line(&format!("  prompt {holder}#{event}: {}", cut(&prompt, PROMPT_TOKENS)));
        }
    }
    let holder = last.holder.as_deref().map_or(last.session.short_id.as_str(), short);
    Ok(answer.finish(&format!("get_event {{\"event\":\"{holder}#{}\"}} shows the last change", last.event)))
}
