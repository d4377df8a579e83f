//! `get_session`

use opensession_hail::{Body, Event, Kind};
use opensession_protocol::{EventPage, SessionDetail, SessionDocument, SessionEvent};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answering, Request, Tool, arguments, session_line, told};
use crate::commands::mcp::budget::{Answer, cut, tokens};

/// Tokens of an answer, unless the model says.
const TOKENS: u64 = 3_000;
/// Tokens of a prompt in an overview.
const PROMPT_TOKENS: u64 = 60;
/// Files of an overview.
const FILES: usize = 30;
/// Events at the end that are looked through for the agent's last word.
const LAST_EVENTS: u32 = 200;

pub(super) static TOOL: Tool = Tool {
    name: "get_session",
    title: "Read a session",
    description: "Give an overview of one session: what it is, files changed, every prompt on a line, the agent's last message. \
                  With `from`, the transcript from that event on instead. Ids as search_sessions gives them; @ is the newest one.",
    method: "session/document",
    properties: || {
        json!({
            "session": { "type": "string", "description": "4f2a91c7, or @ for the newest here" },
            "from": { "type": "integer", "minimum": 1, "description": "Read the transcript from this event on" },
        })
    },
    required: &["session"],
    run: |request| -> Answering { Box::pin(run(request)) },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    session: String,
    from: Option<u32>,
    max_tokens: Option<u64>,
}

async fn run(request: Request) -> Result<String, String> {
    let asked: Arguments = arguments(request.arguments.clone())?;
    // An event's id names its session too.
    let session = asked.session.split('#').next().unwrap_or(&asked.session).to_owned();
    match asked.from {
        Some(from) => transcript(&request, &session, from, asked.max_tokens).await,
        None => overview(&request, &session, asked.max_tokens).await,
    }
}

async fn overview(request: &Request, name: &str, max_tokens: Option<u64>) -> Result<String, String> {
    let scope = request.caller.scope(false);
    let detail: SessionDetail =
        request.daemon.ask("session/get", json!({ "session": name, "scope": scope })).await.map_err(told)?;
    let (session, id) = (&detail.session, &detail.session.id);
    let prompts = events(request, id, json!({ "kinds": [Kind::Prompt], "limit": 2_000 })).await?;
    let last = session.events.saturating_sub(LAST_EVENTS).max(1);
    let said = events(request, id, json!({ "from": last, "limit": LAST_EVENTS, "kinds": [Kind::Agent] })).await?;
    let mut answer = Answer::new(max_tokens, TOKENS);
    let short = &session.short_id;
    answer.line(&format!("{short} \"{}\" ({})", session.title, session_line(session)));
    if let Some(check) = &session.last_check {
        let how = match session.last_check_ok {
            Some(true) => "ok",
            Some(false) => "failed",
            None => "unknown",
        };
        answer.line(&format!("last check: {check}: {how}"));
    }
    if !detail.files.is_empty() {
        answer.line("files changed:");
        for file in detail.files.iter().take(FILES) {
            answer.line(&format!("  {} +{} -{}", file.path, file.added, file.removed));
        }
        if detail.files.len() > FILES {
            answer.line(&format!("  and {} more", detail.files.len() - FILES));
        }
    }
    // The last word gets its share first; it is what came of the session.
    let last_word = said.last().map(|event| (event.event, text(event))).filter(|(_, text)| !text.is_empty());
    let share = answer.left() / 3;
    let last_word = last_word.map(|(event, text)| (event, cut(&text, share)));
    let kept = last_word.as_ref().map_or(0, |(_, text)| tokens(text) + 20);
    answer.line("prompts:");
    let lines: Vec<String> = prompts
        .iter()
        .map(|prompt| {
            let text = text(prompt).split_whitespace().collect::<Vec<_>>().join(" ");
            format!("  {short}#{} {}", prompt.event, cut(&text, PROMPT_TOKENS))
        })
        .collect();
    let mut room = Answer::new(Some(answer.left().saturating_sub(kept) + 100), TOKENS);
    room.text(&lines.join("\n"));
    answer.text(room.finish("").trim_end());
    if let Some((event, text)) = last_word {
        answer.line(&format!("the agent's last message, {short}#{event}:"));
        for line in text.lines() {
            answer.line(&format!("  {line}"));
        }
    }
    let resume = detail.resume.map_or(String::new(), |words| format!("; the user can resume it: {}", words.join(" ")));
    Ok(answer.finish(&format!(
        "get_event {{\"event\":\"{short}#N\"}} reads one in full; get_session with from:N reads on from there{resume}"
    )))
}

async fn transcript(request: &Request, name: &str, from: u32, max_tokens: Option<u64>) -> Result<String, String> {
    let params = json!({ "session": name, "from": from, "scope": request.caller.scope(false) });
    let document: SessionDocument = request.daemon.ask("session/document", params).await.map_err(told)?;
    let short = super::short(&document.session);
    let mut answer = Answer::new(max_tokens, TOKENS);
    // A line of a long output would not leave room for what follows it.
    let longest = answer.left() / 8;
    let (mut event, mut next) = (from, document.next);
    for line in document.text.lines() {
        if let Some(number) = event_of(line) {
            event = number;
        }
        if !answer.line(&cut(line, longest)) {
            next = Some(event);
            break;
        }
    }
    // The first event alone had no room: on with the one after it, or the model would ask for the same again.
    let next = next.map(|next| if next == from && answer.is_cut() { next + 1 } else { next });
    Ok(answer.finish(&match next {
        Some(next) => format!(
            "get_session {{\"session\":\"{short}\",\"from\":{next}}} goes on; get_event reads one event in full"
        ),
        None => "that is its end".to_owned(),
    }))
}

async fn events(request: &Request, session: &str, mut params: Value) -> Result<Vec<SessionEvent>, String> {
    params["session"] = json!(session);
    let page: EventPage = request.daemon.ask("session/events", params).await.map_err(told)?;
    Ok(page.events)
}

/// The text of a message.
fn text(event: &SessionEvent) -> String {
    let line = event.hail.to_string();
    match Event::from_json(line.as_bytes()).map(|event| event.body) {
        Ok(Body::Message(message)) => message.content.text().trim().to_owned(),
        _ => String::new(),
    }
}

/// The number that a line of a document begins with.
fn event_of(line: &str) -> Option<u32> {
    let digits = line.trim_start().strip_prefix('#')?;
    digits.split(' ').next()?.parse().ok()
}
