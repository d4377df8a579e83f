//! From messages to events.

use opensession_hail::{
    Body, Command, Compaction, Content, Edit, EditOperation, Part, Relation, Status, Subagent, Todo, TodoItem,
    TodoStatus, ToolCall, ToolResult, Usage,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    derive::Activity,
    hunks::Hunks,
    json_deriver::{
        Out, Tell, binary,
        calls::{Call, Calls},
        fact, of_url,
        value::{cost, embedded, exit_code, flag, list, number, text, time},
    },
};

/// What is kept between messages.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct State {
    calls: Calls,
}

impl Tell for State {
    const VERSION: u32 = 1;

    fn take(&mut self, value: &Value, out: &mut Out<'_>) -> Result<(), String> {
        if out.side == Some("session") {
            session(value, out);
            return Ok(());
        }
        let id = text(value, "/id").unwrap_or_default();
        let parts = embedded(value, "/parts")?;
        out.at(time(value, "/created_at"));
        let parts = list(&parts, "");
        match text(value, "/role") {
            Some("user") => Self::user(id, parts, out),
            Some("assistant") => {
                out.model(text(value, "/model"));
                let is_summary = flag(value, "/is_summary_message");
                for (number, part) in parts.iter().enumerate() {
                    self.agent(id, number, part, is_summary, out);
                }
            }
            Some("tool") => {
                for (number, part) in parts.iter().enumerate() {
                    if text(part, "/type") == Some("tool_result") {
                        self.result(&format!("{id}:{number}"), part.get("data").unwrap_or(&Value::Null), out);
                    }
                }
            }
            Some("system") => {
                let words: Vec<&str> = parts.iter().filter_map(|part| text(part, "/data/text")).collect();
                out.system(id, &words.join("\n"));
            }
            _ => return Err("a message of nobody".to_owned()),
        }
        Ok(())
    }
}

fn session(value: &Value, out: &mut Out<'_>) {
    out.at(time(value, "/created_at"));
    out.at(time(value, "/updated_at"));
    let facts = &mut *out.facts;
    facts.native_id = fact(text(value, "/id"));
    facts.agent_title =
        fact(text(value, "/title")).filter(|title| title != "New Session" && title != "Untitled Session");
    facts.parent = fact(text(value, "/parent_session_id")).map(|parent| (parent, Relation::Subagent));
    // Counted for the session alone: told under one id, the last one holds.
    let usage = Usage {
        message_id: Some("session".to_owned()),
        model: facts.model.clone(),
        input: number(value, "/prompt_tokens").unwrap_or(0),
        output: number(value, "/completion_tokens").unwrap_or(0),
        cost: cost(value, "/cost"),
        ..Usage::default()
    };
    out.usage("session:usage", usage);
}

impl State {
    fn user(id: &str, parts: &[Value], out: &mut Out<'_>) {
        let mut said = Vec::new();
        let mut attached: Vec<Part> = Vec::new();
        for (number, part) in parts.iter().enumerate() {
            let data = part.get("data").unwrap_or(&Value::Null);
            match text(part, "/type").unwrap_or_default() {
                "text" => said.extend(text(data, "/text")),
                "image_url" => {
                    let url = text(data, "/url").or_else(|| text(data, "/URL")).unwrap_or_default();
                    attached.push(of_url(url, None, None));
                }
                "binary" => {
                    let of = |upper, lower| text(data, upper).or_else(|| text(data, lower));
                    let (media, path) = (of("/MIMEType", "/mime_type"), of("/Path", "/path"));
                    attached.push(binary(media, path, of("/Data", "/data")));
                }
                "shell_command" => shell(&format!("{id}:{number}"), data, out),
                _ => {}
            }
        }
        out.human_with(id, &said.join("\n"), attached);
    }

    fn agent(&mut self, id: &str, number: usize, part: &Value, is_summary: bool, out: &mut Out<'_>) {
        let own = format!("{id}:{number}");
        let data = part.get("data").unwrap_or(&Value::Null);
        match text(part, "/type").unwrap_or_default() {
            "text" => {
                let words = text(data, "/text").unwrap_or_default();
                if !is_summary {
                    out.agent(own, words);
                } else if !words.trim().is_empty() {
                    let content = words.trim().to_owned();
                    out.event(own, Body::Compaction(Compaction { content, trigger: None, tokens_before: None }));
                }
            }
            "reasoning" => out.thinking(own, text(data, "/thinking").unwrap_or_default()),
            "tool_call" => self.call(id, own, data, out),
            "tool_result" => self.result(&own, data, out),
            "shell_command" => shell(&own, data, out),
            "finish" => finish(own, data, out),
            _ => {}
        }
    }

    fn call(&mut self, message: &str, own: String, data: &Value, out: &mut Out<'_>) {
        let id = text(data, "/id").unwrap_or_default();
        let name = text(data, "/name").unwrap_or_default();
        // The model's own text, which need not be JSON where it was cut off.
        let input = embedded(data, "/input")
            .map_or_else(|_| data.get("input").cloned().unwrap_or_default(), std::borrow::Cow::into_owned);
        self.calls.add(id, name, &input, matches!(name, "edit" | "write" | "multiedit" | "todos"));
        let call_id = Some(id.to_owned()).filter(|id| !id.is_empty());
        let model = out.facts.model.clone();
        let of = |pointer| text(&input, pointer).map(str::to_owned);
        if name == "bash" {
            let body = Command {
                call_id,
                name: name.to_owned(),
                command: of("/command").unwrap_or_default(),
                description: of("/description"),
                cwd: of("/working_dir"),
                model,
            };
            return out.event(own, Body::Command(body));
        }
        let started = (name == "agent" || name == "agentic_fetch").then(|| Subagent {
            agent_id: call_id.as_ref().map(|id| format!("{message}$${id}")),
            call_id: call_id.clone(),
            name: Some(name.to_owned()),
            description: fact(text(&input, "/prompt")),
            status: None,
        });
        out.event(own.clone(), Body::ToolCall(ToolCall { call_id, name: name.to_owned(), input, model }));
        if let Some(started) = started {
            out.event(format!("{own}:subagent"), Body::Subagent(started));
        }
    }

    fn result(&mut self, own: &str, data: &Value, out: &mut Out<'_>) {
        let id = text(data, "/tool_call_id").unwrap_or_default();
        let mut call = self.calls.take(id);
        if call.name.is_empty() {
            text(data, "/name").unwrap_or_default().clone_into(&mut call.name);
        }
        let metadata = embedded(data, "/metadata").unwrap_or_default();
        let words = text(data, "/content").unwrap_or_default();
        let exit = exit_code(&metadata, "/exit_code").or_else(|| (call.name == "bash").then(|| exit_in(words))?);
        let status = if words.contains("User denied permission") || words.contains("permission denied by user") {
            Status::Rejected
        } else if words.contains("Tool execution canceled") || words.contains("Command was aborted") {
            Status::Interrupted
        } else if flag(data, "/is_error") || exit.is_some_and(|code| code != 0) {
            Status::Error
        } else {
            Status::Ok
        };
        let (start, end) = (number(&metadata, "/start_time"), number(&metadata, "/end_time"));
        let call_id = Some(id.to_owned()).filter(|id| !id.is_empty());
        let attached = text(data, "/data").map(|bytes| binary(text(data, "/mime_type"), None, Some(bytes)));
        let body = ToolResult {
            call_id: call_id.clone(),
            name: Some(call.name.clone()).filter(|name| !name.is_empty()),
            status,
            exit_code: exit,
            duration_ms: start.zip(end).and_then(|(start, end)| end.checked_sub(start)),
            content: crate::json_deriver::content(words, attached.into_iter().collect()),
            stderr: None,
        };
        out.result(own, body);
        out.moved(text(&metadata, "/working_directory"));
        if status == Status::Ok {
            if let Some(edit) = edit(&call, &metadata) {
                out.event(format!("{own}:edit"), Body::Edit(edit));
            }
            if call.name == "todos"
                && let Some(todo) = todo(&call, &metadata)
            {
                out.event(format!("{own}:todo"), Body::Todo(todo));
            }
        }
        if call.name == "agent" || call.name == "agentic_fetch" {
            let body = Subagent { call_id, name: Some(call.name), status: Some(status), ..Subagent::default() };
            out.event(format!("{own}:subagent"), Body::Subagent(body));
        }
    }
}

/// Why a message ended. What goes on or is done needs no telling.
fn finish(own: String, data: &Value, out: &mut Out<'_>) {
    let words = [text(data, "/message"), text(data, "/details")];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    let reason = text(data, "/reason").unwrap_or_default();
    match reason {
        "tool_use" => out.facts.activity = Activity::Working,
        "canceled" => {
            let words = if words.is_empty() { "canceled".to_owned() } else { words.join(": ") };
            out.error(own, &words, Some("interrupted".to_owned()));
        }
        "error" | "permission_denied" | "max_tokens" => {
            let words = if words.is_empty() { reason.to_owned() } else { words.join(": ") };
            out.error(own, &words, Some(reason.to_owned()));
        }
        _ => out.facts.activity = Activity::Idle,
    }
}

/// A command that was run at the prompt, with what came of it.
fn shell(own: &str, data: &Value, out: &mut Out<'_>) {
    let body = Command {
        call_id: Some(own.to_owned()),
        name: "shell".to_owned(),
        command: text(data, "/command").unwrap_or_default().to_owned(),
        ..Command::default()
    };
    out.event(own, Body::Command(body));
    let exit = exit_code(data, "/exit_code");
    let result = ToolResult {
        call_id: Some(own.to_owned()),
        name: Some("shell".to_owned()),
        status: if exit.is_some_and(|code| code != 0) { Status::Error } else { Status::Ok },
        exit_code: exit,
        content: Content::Text(text(data, "/output").unwrap_or_default().to_owned()),
        ..ToolResult::default()
    };
    out.result(format!("{own}:result"), result);
}

/// The exit code at the end of an output.
fn exit_in(words: &str) -> Option<i32> {
    let at = words.rfind("Exit code ")? + "Exit code ".len();
    words[at..].split(|letter: char| !letter.is_ascii_digit() && letter != '-').next()?.parse().ok()
}

/// The change that a call made: from what its result keeps, or else from what it asked.
fn edit(call: &Call, metadata: &Value) -> Option<Edit> {
    if !matches!(&*call.name, "edit" | "write" | "multiedit") {
        return None;
    }
    let path = text(&call.input, "/file_path").or_else(|| text(metadata, "/file_path"))?;
    let of = |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let (old, new) = (of(metadata, "/old_content"), of(metadata, "/new_content"));
    let operation = match old.as_deref() {
        Some("") => EditOperation::Create,
        _ => EditOperation::Update,
    };
    let diff = match (text(metadata, "/diff"), old, new) {
        (_, Some(old), Some(new)) => Hunks::between(&old, &new),
        (Some(diff), ..) => Hunks::of_unified(diff),
        _ => match (of(&call.input, "/old_string"), of(&call.input, "/new_string")) {
            (Some(old), Some(new)) => Hunks::between(&old, &new),
            _ => Hunks::default(),
        },
    };
    Some(diff.edit(path, operation, Some(&*call.id).filter(|id| !id.is_empty())))
}

fn todo(call: &Call, metadata: &Value) -> Option<Todo> {
    let items = [metadata, &call.input].into_iter().find_map(|value| value.get("todos")?.as_array())?;
    let items = items.iter().take(500).filter_map(|item| {
        let status = match text(item, "/status") {
            Some("in_progress") => TodoStatus::InProgress,
            Some("completed") => TodoStatus::Completed,
            _ => TodoStatus::Pending,
        };
        Some(TodoItem { id: None, content: text(item, "/content")?.to_owned(), status })
    });
    Some(Todo { items: items.collect() })
}
