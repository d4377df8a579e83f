//! Results of tool calls, and what they changed.

use std::borrow::Cow;

use opensession_hail::{Body, Content, Status, Subagent, ToolResult};
use serde_json::{Map, Value};

use super::{
    derive::Origin,
    edit, prompt,
    record::{Block, Outcome, Record},
    skim,
    state::{Call, State},
    todo,
};

/// Whether the tool runs shell commands.
pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "Bash" | "PowerShell" | "bash")
}

/// Whether something of the call's input is needed when its result comes.
pub(super) fn needs_input(name: &str) -> bool {
    edit::is_edit(name) || matches!(name, "Task" | "Agent" | "TaskCreate" | "TaskUpdate")
}

/// The part of the input that is needed then.
pub(super) fn needed_input(name: &str, input: &str) -> String {
    let keys: &[&str] = match name {
        "Task" | "Agent" => &["subagent_type", "description"],
        "TaskCreate" => &["subject"],
        "TaskUpdate" => &["taskId", "status", "subject"],
        _ => return input.to_owned(),
    };
    let mut needed = Map::new();
    for key in keys {
        if let Some(value) = skim::member(input, key) {
            needed.insert((*key).to_owned(), skim::tree(value));
        }
    }
    Value::Object(needed).to_string()
}

/// Takes a `tool_result` block of `record`.
pub(super) fn take(
    state: &mut State,
    record: &Record<'_>,
    block: &Block<'_>,
    origin: &Origin,
    events: &mut Vec<opensession_hail::Event>,
) {
    let call_id = skim::string(block.call);
    let call = call_id.as_deref().and_then(|id| state.take_call(id)).unwrap_or_default();
    let outcome = &record.outcome;
    let content = content(block);
    let text = content.text();
    let status = status(record, block, &text);
    let shell = is_shell(&call.name);
    let exit_code = match status {
        Status::Ok if shell && outcome.code_meaning.is_none() => Some(0),
        Status::Error => exit_code(&text),
        _ => None,
    };
    if status == Status::Ok && edit::is_edit(&call.name) {
        events.extend(edit::find(&call, outcome, &text).map(|edit| origin.event(Body::Edit(edit))));
    }
    let todos = status == Status::Ok && todo::follow(state, &call, outcome.task, outcome.tasks, &text);
    let stderr = skim::string(outcome.stderr).filter(|stderr| !text.contains(stderr.trim()));
    let ended = matches!(&*call.name, "Task" | "Agent").then(|| ended(&call, call_id.as_ref(), status, outcome));
    drop(text);
    let result = ToolResult {
        call_id,
        name: Some(call.name).filter(|name| !name.is_empty()),
        status,
        exit_code,
        duration_ms: duration(outcome),
        content,
        stderr,
    };
    events.push(origin.event(Body::ToolResult(result)));
    if todos {
        events.push(origin.event(todo::event(&state.todos)));
    }
    events.extend(ended.map(|ended| origin.event(Body::Subagent(ended))));
}

/// The output of a person's shell command.
pub(super) fn shell_output(call_id: Option<String>, stdout: &str, stderr: &str) -> Body {
    Body::ToolResult(ToolResult {
        call_id,
        name: Some("!".to_owned()),
        status: Status::Ok,
        exit_code: None,
        duration_ms: None,
        content: Content::Text(stdout.to_owned()),
        stderr: Some(stderr.to_owned()).filter(|text| !text.trim().is_empty()),
    })
}

fn content(block: &Block<'_>) -> Content {
    let Some(value) = block.content.or(block.text) else { return Content::Text(String::new()) };
    if let Some(text) = skim::text(value) {
        return Content::Text(text.into_owned());
    }
    let blocks = if value.starts_with('[') { Block::all(value) } else { Vec::new() };
    let mut parts = Vec::with_capacity(blocks.len());
    for block in blocks {
        let kind = block.kind.and_then(skim::text).unwrap_or(Cow::Borrowed("text"));
        parts.push(match block.text.and_then(skim::text) {
            Some(text) if kind == "text" => prompt::text_part(text.into_owned()),
            _ => prompt::data_part(&kind, &block),
        });
    }
    prompt::content(parts)
}

fn status(record: &Record<'_>, block: &Block<'_>, text: &str) -> Status {
    let outcome = &record.outcome;
    let plain = outcome.plain.and_then(skim::text).unwrap_or_default();
    if skim::is_true(block.is_error) {
        let is_rejected = plain == "User rejected tool use"
            || record.denial.is_some()
            || text.starts_with("The user doesn't want to proceed with this tool use")
            || text.starts_with("The user doesn't want to take this action right now");
        return if is_rejected {
            Status::Rejected
        } else if text.starts_with("[Request interrupted by user") {
            Status::Interrupted
        } else {
            Status::Error
        };
    }
    if skim::is_true(outcome.interrupted) {
        return Status::Interrupted;
    }
    let is_running = outcome.background.is_some()
        || skim::is_true(outcome.is_async)
        || outcome.status == Some(r#""async_launched""#);
    if is_running { Status::Running } else { Status::Ok }
}

/// N of `Exit code N`, with which the output of a failed command begins.
fn exit_code(text: &str) -> Option<i32> {
    let text = text.strip_prefix("<tool_use_error>").unwrap_or(text);
    let rest = text.strip_prefix("Error: ").unwrap_or(text).strip_prefix("Exit code ")?;
    let end = rest.find(|char: char| !char.is_ascii_digit() && char != '-').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

fn duration(outcome: &Outcome<'_>) -> Option<u64> {
    skim::number(outcome.total_duration).or_else(|| skim::number(outcome.duration_ms)).or_else(|| {
        let seconds: f64 = outcome.duration_seconds?.parse().ok()?;
        (0.0..1e9).contains(&seconds).then(|| (seconds * 1000.0).round() as u64)
    })
}

fn ended(call: &Call, call_id: Option<&String>, status: Status, outcome: &Outcome<'_>) -> Subagent {
    let input = call.input.as_deref().unwrap_or("{}");
    Subagent {
        agent_id: skim::string(outcome.agent),
        call_id: call_id.cloned(),
        name: skim::string(skim::member(input, "subagent_type")),
        description: skim::string(skim::member(input, "description")),
        status: Some(status),
    }
}
