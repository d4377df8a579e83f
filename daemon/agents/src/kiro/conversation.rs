//! A conversation of Amazon Q's and Kiro's command lines: a history of exchanges, each what was sent and what came back.

use opensession_hail::{Compaction, Content, Status};
use serde::{Deserialize, Serialize};

use super::{
    database::ROW,
    tools::{self, Shown},
};
use crate::{
    codex::hash_words,
    document_elements::DOCUMENT,
    transcript::{
        Format, Made, Session,
        blocks::{Run, data_part},
        json::{self, Value},
    },
};

/// Conversations.
pub(crate) struct Conversation;

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Own {
    /// The summary that was told last, hashed.
    summary: Option<u64>,
}

impl Format for Conversation {
    const VERSION: u32 = 1;
    type Own = Own;

    fn side(&self, name: &str, record: &Value<'_>, session: &mut Session<'_, Own>) {
        if name == ROW {
            session
                .directory(json::text(record, "key").filter(|key| key.starts_with(['/', '\\']) || key.contains(':')));
            session.kept.facts.saw(json::time_of(record, "created_at"));
            session.kept.facts.saw(json::time_of(record, "updated_at"));
        } else if name == DOCUMENT {
            let facts = &mut session.kept.facts;
            facts.native_id = json::owned(record, "conversation_id").or_else(|| facts.native_id.take());
            if facts.model.is_none() {
                let info = json::member(record, "model_info");
                session.model(
                    info.and_then(|info| json::text_of(info, &["model_id", "model_name"]))
                        .or_else(|| json::text(record, "model")),
                );
            }
            summarised(record, session);
        }
    }

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        // Until the middle of 2025 an exchange was a pair.
        let pair = record.as_array();
        let part = |index: usize, name| match pair {
            Some(pair) => pair.get(index),
            None => json::member(record, name),
        };
        let metadata = part(2, "request_metadata");
        let time = |name| metadata.and_then(|metadata| json::time_of(metadata, name));
        if let Some(user) = part(0, "user") {
            session.at(json::time_of(user, "timestamp").or_else(|| time("request_start_timestamp_ms")));
            sent(user, session);
        }
        if let Some(assistant) = part(1, "assistant") {
            session.at(json::time_of(assistant, "timestamp").or_else(|| time("stream_end_timestamp_ms")));
            session.model(metadata.and_then(|metadata| json::text(metadata, "model_id")));
            answered(assistant, session);
        }
    }
}

/// Tells the summary that stands for what was before.
fn summarised(record: &Value<'_>, session: &mut Session<'_, Own>) {
    let Some(summary) = json::member(record, "latest_summary") else { return };
    let text = summary.as_str().or_else(|| summary.as_array()?.first()?.as_str()).unwrap_or_default();
    let key = hash_words("summary", text);
    if text.is_empty() || session.kept.own.summary == Some(key) {
        return;
    }
    session.kept.own.summary = Some(key);
    session.compaction(None, Compaction { content: text.to_owned(), ..Compaction::default() });
}

fn sent(user: &Value<'_>, session: &mut Session<'_, Own>) {
    session
        .directory(json::at(user, &["env_context", "env_state", "current_working_directory"]).and_then(Value::as_str));
    session.system(None, json::text(user, "additional_context").unwrap_or_default());
    let Some(content) = json::member(user, "content") else { return };
    let mut prompt = json::at(content, &["Prompt", "prompt"]);
    for (kind, cancelled) in [("ToolUseResults", false), ("CancelledToolUses", true)] {
        let Some(came) = json::member(content, kind) else { continue };
        for result in json::elements(came, "tool_use_results") {
            let status = match json::text(result, "status") {
                _ if cancelled => Status::Rejected,
                Some("Error") => Status::Error,
                _ => Status::Ok,
            };
            let shown = json::elements(result, "content").iter().map(|part| match json::member(part, "Json") {
                Some(value) => Shown::Json(value),
                None => Shown::Text(json::text(part, "Text").unwrap_or_default()),
            });
            tools::result(json::text(result, "tool_use_id"), status, shown, session);
        }
        prompt = prompt.or_else(|| json::member(came, "prompt"));
    }
    let mut run = Run::default();
    run.text(prompt.and_then(Value::as_str).unwrap_or_default());
    for image in json::elements(user, "images") {
        let media_type = json::text(image, "format").map(|format| format!("image/{format}"));
        let mut part = data_part(media_type.as_deref(), None, None);
        let bytes = json::at(image, &["source", "Bytes"]).and_then(Value::as_array);
        part.bytes = bytes.map(|bytes| bytes.len() as u64);
        run.part(part);
    }
    if let Some((_, content)) = run.take() {
        session.prompt(None, content);
    }
}

fn answered(assistant: &Value<'_>, session: &mut Session<'_, Own>) {
    let Some(message) = json::either(assistant, &["ToolUse", "Response"]) else { return };
    let text = json::text(message, "content").unwrap_or_default();
    if !text.trim().is_empty() {
        session.agent(json::owned(message, "message_id"), Content::Text(text.to_owned()));
    }
    let nothing = Value::Null;
    for call in json::elements(message, "tool_uses") {
        let Some(name) = json::text_of(call, &["name", "orig_name"]) else { continue };
        let input = json::either(call, &["args", "orig_args"]).unwrap_or(&nothing);
        let description = json::text(input, "summary");
        let made = Made { id: json::text(call, "id"), event: None, name, input, description };
        session.call(tools::of(input), made);
    }
}
