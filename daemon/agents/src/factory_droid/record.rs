//! The lines of a session, and its settings; also the lines that `droid exec -o stream-json` prints.

use opensession_hail::{Body, Compaction, Content, Relation, Status, Usage};
use serde::{Deserialize, Serialize};

use crate::{
    codex::hash_words,
    transcript::{
        Came, Format, Made, Session,
        blocks::{self, Run, numbered},
        json::{self, Value},
        replace,
        tools::{self, Tools},
    },
};

/// Sessions of Factory's Droid.
pub(super) struct Droid {
    /// The id that the file's name tells.
    pub(super) native_id: String,
}

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    /// What the agent said last, hashed.
    said: Option<u64>,
}

const TOOLS: Tools = Tools {
    shells: &["Execute", "Shell", "Bash"],
    edits: &["Edit", "MultiEdit"],
    creates: &["Create"],
    writes: &["Write"],
    todos: &["TodoWrite"],
    agents: &["Task"],
};

impl Format for Droid {
    const VERSION: u32 = 1;
    type Own = Own;

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        session.at(json::time_of(record, "timestamp"));
        let id = json::owned(record, "id").map(|id| session.once(&id));
        match json::text(record, "type") {
            Some("session_start") => introduce(record, session),
            Some("message") => match json::member(record, "message") {
                Some(message) => said(id, message, session),
                None => said(id, record, session),
            },
            Some("todo_state") => {
                let todos = json::member(record, "todos");
                let todos = todos.and_then(|todos| json::member(todos, "todos")).or(todos);
                let todo = todos.and_then(|todos| match todos.as_str() {
                    Some(text) => Some(tools::todo_of_text(text)),
                    None => tools::todo(todos),
                });
                if let Some(todo) = todo {
                    session.push(id, Body::Todo(todo));
                }
            }
            Some("compaction_state") => {
                let content = json::owned(record, "summaryText").unwrap_or_default();
                session.compaction(id, Compaction { content, trigger: None, tokens_before: None });
            }
            Some("system") => printed_start(record, session),
            Some("tool_call") => {
                let Some(name) = json::text(record, "toolName") else { return };
                let empty = Value::Null;
                let input = json::either(record, &["parameters", "input"]).unwrap_or(&empty);
                let call_id = json::text_of(record, &["toolCallId", "id"]);
                session.call(&TOOLS, Made { id: call_id, event: None, name, input, description: None });
            }
            Some("tool_result") => printed_result(record, session),
            Some("completion") => {
                let text = json::text(record, "finalText").unwrap_or_default();
                if session.kept.own.said != Some(hash_words("said", text)) {
                    let mut run = Run::default();
                    run.text(text);
                    run.tell(id.as_deref(), session);
                }
            }
            _ => {}
        }
    }

    /// The settings: the model, and tokens of the whole session, told anew when they grew.
    fn side(&self, _name: &str, settings: &Value<'_>, session: &mut Session<'_, Own>) {
        session.model(json::text(settings, "model"));
        let Some(tokens) = json::member(settings, "tokenUsage") else { return };
        let of = |key| json::count(tokens, key);
        let usage = Usage {
            message_id: Some(format!("{}:total", self.native_id)),
            input: of("inputTokens"),
            output: of("outputTokens").saturating_add(of("thinkingTokens")),
            cache_read: of("cacheReadTokens"),
            cache_write: of("cacheCreationTokens"),
            reasoning: of("thinkingTokens"),
            ..Usage::default()
        };
        let id = session.once(&format!("{}:usage", self.native_id));
        session.usage(Some(id), usage);
    }
}

fn introduce(start: &Value<'_>, session: &mut Session<'_, Own>) {
    session.directory(json::text(start, "cwd"));
    let facts = &mut session.kept.facts;
    replace(&mut facts.native_id, json::text(start, "id"));
    replace(&mut facts.agent_version, json::text(start, "version"));
    let parent = json::member(start, "parent");
    let parent = parent.and_then(|parent| parent.as_str().or_else(|| json::text_of(parent, &["id", "sessionId"])));
    if let Some(parent) = parent.or_else(|| json::text(start, "callingSessionId")).filter(|parent| !parent.is_empty()) {
        facts.parent = Some((parent.to_owned(), Relation::Subagent));
    }
    let custom = json::flag(start, "isSessionTitleManuallySet") == Some(true);
    if let Some(title) = json::text_of(start, &["sessionTitle", "title"]) {
        session.title(None, title, custom);
    }
}

fn said(id: Option<String>, message: &Value<'_>, session: &mut Session<'_, Own>) {
    let content = json::either(message, &["content", "text"]);
    let one = content.filter(|content| content.as_str().is_some());
    let several = content.and_then(Value::as_array);
    let blocks = several.unwrap_or_else(|| one.map(std::slice::from_ref).unwrap_or_default());
    match json::text(message, "role") {
        Some("user") => user(id, blocks, session),
        Some("assistant") => agent(id.as_deref(), blocks, session),
        Some("system") => session.system(id, &blocks::content(content).text()),
        _ => {}
    }
}

fn user(id: Option<String>, parts: &[Value<'_>], session: &mut Session<'_, Own>) {
    let mut run = Run::default();
    let mut reminders = String::new();
    for block in parts {
        match json::text(block, "type") {
            Some("tool_result") => result(block, session),
            Some("image" | "document") => run.part(blocks::image_part(block)),
            _ => {
                if let Some(text) = block.as_str().or_else(|| json::text(block, "text")) {
                    run.text(without_reminders(text, &mut reminders));
                }
            }
        }
    }
    session.system(id.as_ref().map(|id| format!("{id}:context")), &reminders);
    if let Some((_, content)) = run.take() {
        session.prompt(id, content);
    }
}

fn agent(id: Option<&str>, parts: &[Value<'_>], session: &mut Session<'_, Own>) {
    let mut run = Run::default();
    let mut thoughts = 0;
    for block in parts {
        match json::text(block, "type") {
            Some("thinking") => {
                run.tell(id, session);
                let text = json::text(block, "thinking").unwrap_or_default();
                session.thinking(id.map(|id| numbered(&format!("{id}:thinking"), thoughts)), text);
                thoughts += 1;
            }
            Some("tool_use") => {
                run.tell(id, session);
                let Some(name) = json::text(block, "name") else { continue };
                let empty = Value::Null;
                let input = json::member(block, "input").unwrap_or(&empty);
                session.call(&TOOLS, Made { id: json::text(block, "id"), event: None, name, input, description: None });
            }
            _ => {
                if let Some(text) = block.as_str().or_else(|| json::text(block, "text")) {
                    session.kept.own.said = Some(hash_words("said", text));
                    run.text(text);
                }
            }
        }
    }
    run.tell(id, session);
}

fn result(block: &Value<'_>, session: &mut Session<'_, Own>) {
    let content = blocks::content(json::member(block, "content"));
    let text = content.text();
    let exit_code = exit_code(&text);
    let failed = json::flag(block, "is_error") == Some(true) || text.starts_with("Error: ");
    let status = match failed || exit_code.is_some_and(|code| code != 0) {
        true if text.contains("rejected by the user") || text.contains("User rejected") => Status::Rejected,
        true => Status::Error,
        false => Status::Ok,
    };
    drop(text);
    session.result(Came { id: json::text(block, "tool_use_id"), status, exit_code, content, ..Came::default() });
}

/// The exit code that a command's output names at its beginning or its end.
fn exit_code(text: &str) -> Option<i32> {
    let first = text.lines().next()?.strip_prefix("Error: Command failed (exit code: ");
    let last = || text.trim_end().rsplit('\n').next()?.strip_prefix("[Process exited with code ");
    let code = first.and_then(|rest| rest.strip_suffix(')')).or_else(|| last()?.strip_suffix(']'))?;
    code.parse().ok()
}

/// `text` without the reminders that the client put before it, which go to `reminders`.
fn without_reminders<'t>(text: &'t str, reminders: &mut String) -> &'t str {
    let mut text = text;
    while let Some(rest) = text.trim_start().strip_prefix("<system-reminder>") {
        let (inside, after) = rest.split_once("</system-reminder>").unwrap_or((rest, ""));
        if !reminders.is_empty() {
            reminders.push('\n');
        }
        reminders.push_str(inside.trim());
        text = after.trim_start();
    }
    text
}

fn printed_start(record: &Value<'_>, session: &mut Session<'_, Own>) {
    replace(&mut session.kept.facts.native_id, json::text(record, "session_id"));
    session.directory(json::text(record, "cwd"));
    session.model(json::text(record, "model"));
}

fn printed_result(record: &Value<'_>, session: &mut Session<'_, Own>) {
    let value = json::either(record, &["value", "error"]);
    let exit_code = value.and_then(|value| json::member(value, "exitCode")).and_then(Value::as_i64);
    let exit_code = exit_code.and_then(|code| i32::try_from(code).ok());
    let streams =
        value.map(|value| ["stdout", "stderr"].map(|key| json::text(value, key).unwrap_or_default()).concat());
    let content = match streams.filter(|streams| !streams.is_empty()) {
        Some(text) => Content::Text(text),
        None => blocks::content(value),
    };
    let failed = json::flag(record, "isError") == Some(true) || exit_code.is_some_and(|code| code != 0);
    let status = if failed { Status::Error } else { Status::Ok };
    let id = json::text_of(record, &["toolCallId", "id"]);
    session.result(Came { id, status, exit_code, content, ..Came::default() });
}
