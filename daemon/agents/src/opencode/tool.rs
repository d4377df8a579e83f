//! Calls of tools: one part is both the call and its result.

use opensession_hail::{Body, Command, Part, Status, Subagent, Todo, TodoItem, TodoStatus, ToolCall, ToolResult};
use serde_json::Value;

use super::edit;
use crate::json_deriver::{
    Out, content, fact, of_url,
    value::{exit_code, flag, list, number, text, time},
};

/// A call, whichever form told it.
pub(super) struct Call<'a> {
    /// The part's id.
    pub(super) id: &'a str,
    pub(super) call_id: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) input: &'a Value,
    /// What the tool keeps beside its output.
    pub(super) metadata: &'a Value,
}

/// How a call ended.
pub(super) struct Ended<'a> {
    /// The error, where it failed.
    pub(super) error: Option<&'a str>,
    pub(super) output: String,
    pub(super) attached: Vec<Part>,
    /// In milliseconds.
    pub(super) duration: Option<u64>,
}

/// A part of the type `tool`. Gives the files that it changed.
pub(super) fn part(id: &str, part: &Value, out: &mut Out<'_>) -> Vec<String> {
    let none = Value::Null;
    let at = |pointer: &str| part.pointer(pointer).unwrap_or(&none);
    let call = Call {
        id,
        call_id: text(part, "/callID"),
        name: text(part, "/tool").unwrap_or_default(),
        input: at("/state/input"),
        metadata: at("/state/metadata"),
    };
    out.at(time(part, "/state/time/start"));
    begin(&call, out);
    let error = match text(part, "/state/status") {
        Some("completed") => None,
        Some("error") => Some(text(part, "/state/error").unwrap_or_default()),
        _ => return Vec::new(),
    };
    let (start, end) = (number(part, "/state/time/start"), number(part, "/state/time/end"));
    let attached = list(part, "/state/attachments")
        .iter()
        .map(|file| of_url(text(file, "/url").unwrap_or_default(), text(file, "/mime"), text(file, "/filename")))
        .collect();
    out.at(time(part, "/state/time/end"));
    let ended = Ended {
        error,
        output: error.or_else(|| text(part, "/state/output")).unwrap_or_default().to_owned(),
        attached,
        duration: start.zip(end).and_then(|(start, end)| end.checked_sub(start)),
    };
    end_of(&call, ended, out)
}

/// A call in a message of the oldest form, which keeps what tools tell of themselves in the message's metadata.
pub(super) fn invocation(id: &str, invocation: &Value, message: &Value, out: &mut Out<'_>) {
    let none = Value::Null;
    let call_id = text(invocation, "/toolCallId");
    let metadata = call_id.and_then(|id| message.get("metadata")?.get("tool")?.get(id)).unwrap_or(&none);
    let call = Call {
        id,
        call_id,
        name: text(invocation, "/toolName").unwrap_or_default(),
        input: invocation.get("args").unwrap_or(&none),
        metadata,
    };
    out.at(time(metadata, "/time/start"));
    begin(&call, out);
    if text(invocation, "/state") != Some("result") {
        return;
    }
    let output = match invocation.get("result") {
        Some(Value::String(output)) => output.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    let (start, end) = (number(metadata, "/time/start"), number(metadata, "/time/end"));
    out.at(time(metadata, "/time/end"));
    let error = flag(metadata, "/error").then(|| text(metadata, "/message").unwrap_or(&output).to_owned());
    let ended = Ended {
        error: error.as_deref(),
        output,
        attached: Vec::new(),
        duration: start.zip(end).and_then(|(start, end)| end.checked_sub(start)),
    };
    end_of(&call, ended, out);
}

/// Tells of a call.
pub(super) fn begin(call: &Call<'_>, out: &mut Out<'_>) {
    let model = out.facts.model.clone();
    let call_id = call.call_id.map(str::to_owned);
    if call.name == "bash" || call.name == "shell" {
        let body = Command {
            call_id,
            name: call.name.to_owned(),
            command: text(call.input, "/command").unwrap_or_default().to_owned(),
            description: text(call.input, "/description").map(str::to_owned),
            cwd: text(call.input, "/workdir").map(str::to_owned),
            model,
        };
        return out.event(call.id, Body::Command(body));
    }
    let body = ToolCall { call_id, name: call.name.to_owned(), input: call.input.clone(), model };
    out.event(call.id, Body::ToolCall(body));
    if call.name == "task" {
        out.event(format!("{}:subagent", call.id), Body::Subagent(subagent(call, "", None)));
    }
}

/// Tells how a call ended, and what it did. Gives the files that it changed.
pub(super) fn end_of(call: &Call<'_>, ended: Ended<'_>, out: &mut Out<'_>) -> Vec<String> {
    let exit = exit_code(call.metadata, "/exit").or_else(|| exit_code(call.metadata, "/exitCode"));
    let status = match ended.error {
        Some(error) if error.contains("rejected permission") || error.contains("dismissed this question") => {
            Status::Rejected
        }
        Some(error) if error.contains("aborted") || error.contains("interrupted") => Status::Interrupted,
        Some(_) => Status::Error,
        None if exit.is_some_and(|code| code != 0) => Status::Error,
        None => Status::Ok,
    };
    let subagent = (call.name == "task").then(|| subagent(call, &ended.output, Some(status)));
    let body = ToolResult {
        call_id: call.call_id.map(str::to_owned),
        name: Some(call.name.to_owned()).filter(|name| !name.is_empty()),
        status,
        exit_code: exit,
        duration_ms: ended.duration,
        content: content(&ended.output, ended.attached),
        stderr: None,
    };
    out.result(format!("{}:result", call.id), body);
    let mut changed = Vec::new();
    if status == Status::Ok {
        for (number, edit) in edit::edits(call).into_iter().enumerate() {
            changed.push(edit.path.clone());
            out.event(format!("{}:edit:{number}", call.id), Body::Edit(edit));
        }
        if call.name == "todowrite"
            && let Some(todo) = todo(call)
        {
            out.event(format!("{}:todo", call.id), Body::Todo(todo));
        }
    }
    if let Some(subagent) = subagent {
        out.event(format!("{}:subagent:end", call.id), Body::Subagent(subagent));
    }
    changed
}

/// The sub-agent that a call of `task` starts. Its session is named by metadata, formerly by the output.
fn subagent(call: &Call<'_>, output: &str, status: Option<Status>) -> Subagent {
    let named = || {
        let at = output.rfind("session_id: ").map(|at| at + "session_id: ".len())?;
        output[at..].split_whitespace().next()
    };
    let agent_id = text(call.metadata, "/sessionId").or_else(|| text(call.metadata, "/sessionID")).or_else(named);
    Subagent {
        agent_id: fact(agent_id),
        call_id: call.call_id.map(str::to_owned),
        name: fact(text(call.input, "/subagent_type")),
        description: fact(text(call.input, "/description")),
        status,
    }
}

/// The list as it stands after `todowrite`.
fn todo(call: &Call<'_>) -> Option<Todo> {
    let items = [call.metadata, call.input].into_iter().find_map(|value| value.get("todos")?.as_array())?;
    let items = items.iter().filter_map(|item| {
        let status = match text(item, "/status") {
            Some("in_progress") => TodoStatus::InProgress,
            Some("completed") => TodoStatus::Completed,
            Some("cancelled") => TodoStatus::Cancelled,
            _ => TodoStatus::Pending,
        };
        let id = text(item, "/id").map(str::to_owned);
        Some(TodoItem { id, content: text(item, "/content")?.to_owned(), status })
    });
    Some(Todo { items: items.collect() })
}
