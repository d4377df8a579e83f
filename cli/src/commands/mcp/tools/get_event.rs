//! `get_event`

use opensession_protocol::SessionDocument;
use serde::Deserialize;
use serde_json::json;

use super::{Answering, Request, Tool, arguments, told};
use crate::commands::mcp::budget::{Answer, TOKENS};

pub(super) static TOOL: Tool = Tool {
    name: "get_event",
    title: "Read an event",
    description: "Read one event of a session in full: a message, a command, its output, an edit with its diff. Of a long one \
                  the middle is left out.",
    method: "session/document",
    properties: || json!({ "event": { "type": "string", "description": "Its id: 4f2a91c7#131" } }),
    required: &["event"],
    run: |request| -> Answering { Box::pin(run(request)) },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    event: String,
    max_tokens: Option<u64>,
}

async fn run(request: Request) -> Result<String, String> {
    let asked: Arguments = arguments(request.arguments)?;
    let number = asked.event.rsplit_once('#').and_then(|(_, number)| number.parse::<u32>().ok());
    let Some(number) = number else {
        return Err(format!("{} is no event; ids are written 4f2a91c7#131", asked.event));
    };
    let params = json!({ "session": asked.event, "scope": request.caller.scope(false) });
    let document: SessionDocument = request.daemon.ask("session/document", params).await.map_err(told)?;
    let mut answer = Answer::new(asked.max_tokens, TOKENS);
    answer.text(&document.text);
    let (session, before) = (super::short(&document.session), number.saturating_sub(5).max(1));
    Ok(answer.finish(&format!("get_session {{\"session\":\"{session}\",\"from\":{before}}} shows what is around it")))
}
