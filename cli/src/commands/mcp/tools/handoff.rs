//! `handoff`

use opensession_protocol::HandoffAnswer;
use serde::Deserialize;
use serde_json::json;

use super::{Answering, Request, Tool, arguments, told};
use crate::commands::mcp::budget::Answer;

/// Tokens of an answer, unless the model says.
const TOKENS: u64 = 4_000;

pub(super) static TOOL: Tool = Tool {
    name: "handoff",
    title: "Handoff of a session",
    description: "Summarise a session so that its work can be taken over: objective, state now, files, checks, unresolved errors, \
                  open todos, decisions, next steps; every claim cites an event.",
    method: "handoff/create",
    properties: || {
        json!({
            "session": { "type": "string", "description": "4f2a91c7, or @ for the newest here" },
            "budget": { "type": "string", "enum": ["brief", "standard", "full"] },
        })
    },
    required: &["session"],
    run: |request| -> Answering { Box::pin(run(request)) },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    session: String,
    budget: Option<String>,
    max_tokens: Option<u64>,
}

async fn run(request: Request) -> Result<String, String> {
    let asked: Arguments = arguments(request.arguments)?;
    let mut params = json!({ "sessions": [asked.session], "scope": request.caller.scope(false) });
    if let Some(budget) = asked.budget {
        params["budget"] = json!(budget);
    }
    let handoff: HandoffAnswer = request.daemon.ask("handoff/create", params).await.map_err(told)?;
    let mut answer = Answer::new(asked.max_tokens, TOKENS);
    answer.text(&handoff.text);
    Ok(answer.finish("get_event reads a cited event in full"))
}
