//! The steps of a conversation. A result stands in a step of its own and belongs to the oldest call without one.

use std::collections::VecDeque;

use opensession_hail::{Body, Compaction, Content, Status};
use serde::{Deserialize, Serialize};

use crate::{
    codex::hash_words,
    transcript::{
        Came, Format, Made, Session,
        json::{self, Value},
        tools::{self, Tools},
    },
};

/// Conversations of Antigravity.
pub(super) struct Steps {
    /// The id that the path tells: steps are numbered within a conversation.
    pub(super) native_id: String,
}

/// What is kept of a conversation beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    /// Calls without a result, oldest first.
    waiting: VecDeque<String>,
    /// The task list that was told last, hashed.
    tasks: Option<u64>,
}

/// More calls than this do not wait.
const MOST_WAITING: usize = 64;

const TOOLS: Tools = Tools {
    shells: &["run_command", "run_terminal_command"],
    edits: &["replace_file_content", "multi_replace_file_content", "edit_file"],
    creates: &[],
    writes: &["write_to_file", "write_file", "create_file"],
    todos: &[],
    agents: &["browser_subagent"],
};

impl Format for Steps {
    const VERSION: u32 = 1;
    type Own = Own;

    fn side_text(&self, name: &str, text: &str, session: &mut Session<'_, Own>) -> bool {
        if name != "task.md" {
            return false;
        }
        // Headings and notes are no tasks.
        let tasks: Vec<&str> = text.lines().filter(|line| line.trim_start().starts_with("- [")).collect();
        let tasks = tasks.join("\n");
        let hash = Some(hash_words("tasks", &tasks));
        if !tasks.is_empty() && session.kept.own.tasks != hash {
            session.kept.own.tasks = hash;
            session.push(None, Body::Todo(tools::todo_of_text(&tasks)));
        }
        true
    }

    fn record(&self, step: &Value<'_>, session: &mut Session<'_, Own>) {
        session.at(json::time_of(step, "created_at"));
        let number = json::member(step, "step_index").map(json::shown).unwrap_or_default();
        let id = session.once(&format!("{}:{number}", self.native_id));
        let content = json::text(step, "content").unwrap_or_default();
        let kind = json::text(step, "type").unwrap_or_default();
        match kind {
            "USER_INPUT" => prompt(id, content, session),
            "PLANNER_RESPONSE" | "NOTIFY_USER" => response(&id, step, content, session),
            "CHECKPOINT" => {
                session.compaction(Some(id), Compaction { content: content.to_owned(), ..Compaction::default() });
            }
            "ERROR_MESSAGE" => {
                let told = json::text(step, "error").unwrap_or(content);
                session.error(Some(id), told, Some("error"));
            }
            "SYSTEM_MESSAGE" | "EPHEMERAL_MESSAGE" | "TASK_BOUNDARY" | "CONVERSATION_HISTORY" => {
                session.system(Some(id), content);
            }
            _ => result(&id, kind, step, content, session),
        }
    }
}

/// What the person asked for; beside it stand settings that changed and the local time.
fn prompt(id: String, content: &str, session: &mut Session<'_, Own>) {
    if let Some(changed) = inside(content, "USER_SETTINGS_CHANGE")
        && let Some((_, rest)) = changed.split_once("`Model Selection` from ")
        && let Some((_, model)) = rest.split_once(" to ")
    {
        let model = model.lines().next().unwrap_or_default();
        session.model(Some(model.trim().trim_end_matches('.')));
    }
    let text = inside(content, "USER_REQUEST").unwrap_or(content).trim();
    if !text.is_empty() {
        session.prompt(Some(id), Content::Text(text.to_owned()));
    }
}

fn response(id: &str, step: &Value<'_>, content: &str, session: &mut Session<'_, Own>) {
    session.thinking(Some(format!("{id}:thinking")), json::text(step, "thinking").unwrap_or_default());
    if !content.trim().is_empty() {
        session.agent(Some(id.to_owned()), Content::Text(content.to_owned()));
    }
    for (number, call) in json::elements(step, "tool_calls").iter().enumerate() {
        let Some(name) = json::text(call, "name") else { continue };
        let input = unquoted(json::member(call, "args"));
        let call_id = format!("{id}:call:{number}");
        session.directory(json::text(&input, "Cwd"));
        let description = json::text_of(&input, &["toolSummary", "Description", "Instruction"]).map(str::to_owned);
        let made = Made { id: Some(&call_id), event: None, name, input: &input, description: description.as_deref() };
        session.call(&TOOLS, made);
        let waiting = &mut session.kept.own.waiting;
        if waiting.len() == MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(call_id);
    }
    if let Some(error) = json::text(step, "error") {
        session.error(Some(format!("{id}:error")), error, Some("error"));
    }
}

fn result(id: &str, kind: &str, step: &Value<'_>, content: &str, session: &mut Session<'_, Own>) {
    let error = json::text(step, "error");
    if content.is_empty() && error.is_none() && session.kept.own.waiting.is_empty() {
        return;
    }
    let call = session.kept.own.waiting.pop_front();
    let exit_code = if kind == "RUN_COMMAND" { exit_code(content) } else { None };
    let status = match json::text(step, "status") {
        Some("CANCELED" | "CANCELLED") => Status::Interrupted,
        Some("ERROR" | "FAILED") => Status::Error,
        Some("RUNNING" | "IN_PROGRESS") => Status::Running,
        _ if error.is_some() || exit_code.is_some_and(|code| code != 0) => Status::Error,
        _ => Status::Ok,
    };
    let text = if content.is_empty() { error.unwrap_or_default() } else { content };
    let name = kind.to_lowercase();
    // A result without a call is told all the same: the beginning may have been cut off.
    let known = call.as_deref().unwrap_or(id);
    session.result(Came {
        id: Some(known),
        name: Some(&name),
        status,
        exit_code,
        content: Content::Text(text.to_owned()),
        ..Came::default()
    });
}

/// The exit code that a command's result names.
fn exit_code(content: &str) -> Option<i32> {
    if content.contains("The command completed successfully.") {
        return Some(0);
    }
    let (_, rest) = content.split_once("exit code")?;
    let rest = rest.trim_start_matches([':', ' ']);
    rest[..rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count()].parse().ok()
}

/// What stands between `<tag>` and `</tag>`.
fn inside<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    Some(rest.split_once(&format!("</{tag}>")).map_or(rest, |(inside, _)| inside))
}

/// Arguments. In most versions each is a text with JSON in it, `"\"/tmp\""`; a list of replacements always is one.
fn unquoted<'v>(args: Option<&'v Value<'_>>) -> Value<'v> {
    let Some(args) = args else { return Value::Null };
    if let Some(text) = args.as_str() {
        return serde_json::from_str(text).unwrap_or_else(|_| Value::Str(text.into()));
    }
    let Some(fields) = args.as_object() else { return args.clone() };
    // One quoted text tells that all are; otherwise `{}` and `1` are texts as they stand.
    let quoted = fields
        .values()
        .filter_map(Value::as_str)
        .any(|text| text.len() > 1 && text.starts_with('"') && text.ends_with('"'));
    let fields = fields.iter().map(|(name, value)| {
        let text = value.as_str().filter(|_| quoted || name == "ReplacementChunks");
        let inner = text.and_then(|text| serde_json::from_str::<Value<'v>>(text).ok());
        (name, inner.unwrap_or_else(|| value.clone()))
    });
    Value::Object(fields.collect::<Vec<_>>().into())
}
