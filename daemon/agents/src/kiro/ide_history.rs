//! Sessions of Kiro's IDE: entries of a history with the actions of their executions, or messages of a chat.

use jiff::Timestamp;
use opensession_hail::{Body, Content, Edit, EditOperation, ToolCall};
use serde::{Deserialize, Serialize};

use super::ide::{ABOUT, ID};
use crate::{
    document_elements::DOCUMENT,
    hunks::Hunks,
    transcript::{
        Came, Format, Session, blocks,
        json::{self, Value},
        replace,
    },
};

/// Sessions of the IDE.
pub(super) struct History;

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    /// The last message was rules for the agent; its promise to follow them comes next.
    rules: bool,
}

/// What messages begin with that hold no person's words.
const RULES: [&str; 5] =
    ["# System Prompt", "# Identity", "<identity>", "## Included Rules", "You are operating in a workspace"];
/// What the agent says to rules.
const PROMISE: &str = "I will follow these instructions.";
/// Inputs of an action longer than this are not given with its call: the texts of a file before and after it.
const CONTENTS: [&str; 2] = ["originalContent", "modifiedContent"];

impl Format for History {
    const VERSION: u32 = 1;
    type Own = Own;

    fn side(&self, name: &str, record: &Value<'_>, session: &mut Session<'_, Own>) {
        if name != DOCUMENT && name != ABOUT {
            return;
        }
        session.directory(json::text(record, "workspaceDirectory"));
        session.kept.facts.saw(json::member(record, "dateCreated").and_then(created));
        replace(&mut session.kept.facts.agent_title, json::text(record, "title"));
        if let Some(id) = json::text(record, "sessionId") {
            session.kept.facts.native_id = Some(format!("{ID}{id}"));
        }
        if let Some(metadata) = json::member(record, "metadata") {
            session.model(json::text(metadata, "modelId"));
            session.kept.facts.saw(json::time_of(metadata, "startTime"));
            session.kept.facts.saw(json::time_of(metadata, "endTime"));
        }
    }

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        let entry = json::member(record, "entry").unwrap_or(record);
        match json::member(entry, "message") {
            Some(message) => of_history(entry, message, json::elements(record, "actions"), session),
            None => of_chat(entry, session),
        }
    }
}

/// A time that may be written as a text of milliseconds.
fn created(value: &Value<'_>) -> Option<Timestamp> {
    json::time(value).or_else(|| Timestamp::from_millisecond(value.as_str()?.parse().ok()?).ok())
}

/// Tells an entry of a session's history.
fn of_history(entry: &Value<'_>, message: &Value<'_>, actions: &[Value<'_>], session: &mut Session<'_, Own>) {
    let id = json::owned(message, "id");
    let content = blocks::content(json::member(message, "content"));
    let says_something = |content: &Content| !content.text().trim().is_empty() || content.has_image();
    match json::text(message, "role") {
        Some("user") if says_something(&content) => session.prompt(id, content),
        Some("assistant") => {
            let mut said = false;
            for action in actions {
                said |= act(action, session);
            }
            if said {
                return;
            }
            // What is said in the history is often no more than that it begins.
            let logs = json::elements(entry, "promptLogs").iter();
            let completions: Vec<&str> = logs.filter_map(|log| json::text(log, "completion")).collect();
            let content = if completions.is_empty() { content } else { Content::Text(completions.join("\n")) };
            if says_something(&content) {
                session.agent(id, content);
            }
        }
        _ => {}
    }
}

/// Tells an action of an execution; whether the agent says something in it.
fn act(action: &Value<'_>, session: &mut Session<'_, Own>) -> bool {
    let Some(kind) = json::text(action, "actionType") else { return false };
    let id = json::text(action, "actionId");
    let told = json::at(action, &["output", "message"]).and_then(Value::as_str).unwrap_or_default();
    if kind == "say" {
        let says = !told.trim().is_empty();
        if says {
            session.agent(id.map(str::to_owned), Content::Text(told.to_owned()));
        }
        return says;
    }
    let Some(input) = json::member(action, "input") else { return false };
    // Actions of other shapes are steps of the IDE's own.
    let Some(file) = json::text(input, "file") else { return false };
    let members = input.as_object().into_iter().flat_map(serde_json_borrow::ObjectAsVec::iter);
    let input_told = members.filter(|(name, _)| !CONTENTS.contains(name));
    let input_told = input_told.map(|(name, value)| (name.to_owned(), json::to_owned(value))).collect();
    let call = ToolCall {
        call_id: id.map(str::to_owned),
        name: kind.to_owned(),
        input: serde_json::Value::Object(input_told),
        model: session.kept.facts.model.clone(),
    };
    session.push(id.map(str::to_owned), Body::ToolCall(call));
    let edits = Some(edit(kind, file, input).into_iter().collect());
    let content = Content::Text(told.to_owned());
    session.result(Came { id, name: Some(kind), content, edits, ..Came::default() });
    false
}

/// The change that an action made to a file.
fn edit(kind: &str, file: &str, input: &Value<'_>) -> Option<Edit> {
    let [old, new] = CONTENTS.map(|name| json::member(input, name).and_then(Value::as_str));
    if old.is_none() && new.is_none() && !matches!(kind, "create" | "replace") {
        return None;
    }
    let hunks = if new.is_some() && (old.is_some() || kind == "create") {
        Hunks::between(old.unwrap_or_default(), new.unwrap_or_default())
    } else {
        Hunks::default()
    };
    let is_new = kind == "create" && old.unwrap_or_default().is_empty();
    let operation = if is_new { EditOperation::Create } else { EditOperation::Update };
    Some(hunks.edit(file, operation, None))
}

/// Tells a message of a chat.
fn of_chat(message: &Value<'_>, session: &mut Session<'_, Own>) {
    let content = json::text(message, "content").unwrap_or_default().trim();
    let after_rules = std::mem::take(&mut session.kept.own.rules);
    if content.is_empty() {
        return;
    }
    match json::text(message, "role") {
        Some("human") if RULES.iter().any(|rules| content.starts_with(rules)) => session.kept.own.rules = true,
        Some("human") => {
            let inner = content.strip_prefix("<kiro-ide-message>").unwrap_or(content);
            let inner = inner.strip_suffix("</kiro-ide-message>").unwrap_or(inner).trim();
            session.prompt(None, Content::Text(inner.to_owned()));
        }
        Some("bot") if after_rules && content == PROMISE => {}
        Some("bot") => session.agent(None, Content::Text(content.to_owned())),
        Some("tool") => session.result(Came { content: Content::Text(content.to_owned()), ..Came::default() }),
        _ => {}
    }
}
