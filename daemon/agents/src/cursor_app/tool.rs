//! A tool call of the editor's: input, result and edits stand in one message.

use std::borrow::Cow;

use opensession_hail::{Body, Command, Content, Status, Subagent, ToolCall, ToolResult, text::is_shell_tool};
use serde_json::Value;

use super::{
    edit::{self, Made},
    state::{Out, State, todo_items},
};
use crate::lenient_json;

/// Names of tools that a call tells by number alone.
const NAMES: [(u64, &str); 27] = [
    (1, "codebase_search"),
    (3, "grep_search"),
    (5, "read_file"),
    (6, "list_dir"),
    (7, "edit_file"),
    (8, "file_search"),
    (9, "semantic_search_full"),
    (11, "delete_file"),
    (12, "reapply"),
    (15, "run_terminal_cmd"),
    (16, "fetch_rules"),
    (18, "web_search"),
    (19, "mcp"),
    (30, "read_lints"),
    (34, "todo_read"),
    (35, "todo_write"),
    (38, "edit_file_v2"),
    (39, "list_dir_v2"),
    (40, "read_file_v2"),
    (41, "grep"),
    (42, "glob_file_search"),
    (43, "create_plan"),
    (48, "task_v2"),
    (49, "call_mcp_tool"),
    (51, "ask_question"),
    (52, "switch_mode"),
    (57, "web_fetch"),
];

/// A call, taken apart.
struct Call<'a> {
    name: Cow<'a, str>,
    id: Option<&'a str>,
    input: Cow<'a, Value>,
    resolved: Cow<'a, Value>,
    result: Option<Cow<'a, Value>>,
    error: Option<Cow<'a, Value>>,
    additional: &'a Value,
    status: Option<Status>,
}

/// The events of the call in `tool`. `record` may hold the texts of the file before and after.
pub(super) fn derive(tool: &Value, record: &Value, message: &Value, state: &mut State, out: &mut Out<'_>) {
    let Some(call) = Call::of(tool) else { return };
    let model = state.facts.model.clone();
    out.push(call.call(model));
    if is_task(&call.name) {
        out.push(Body::Subagent(call.subagent(None)));
    }
    let Some(status) = call.status else { return };
    let result = call.outcome(status);
    let status = result.status;
    out.push(Body::ToolResult(result));
    if is_task(&call.name) {
        out.push(Body::Subagent(call.subagent(Some(status))));
    }
    if status != Status::Ok {
        return;
    }
    let text = |key| record.get(key).and_then(Value::as_str);
    let null = Value::Null;
    let made = Made {
        tool: &call.name,
        input: &call.input,
        resolved: &call.resolved,
        result: call.result.as_deref().unwrap_or(&null),
        contents: text("before").zip(text("after")),
        lines: call.additional.get("precomputedDiff").map_or(&[][..], |diff| lenient_json::list(diff, "lines")),
    };
    if made.result.get("isApplied") != Some(&Value::Bool(false)) {
        for edit in edit::edits(&made, call.id) {
            out.push(Body::Edit(edit));
        }
    }
    call.todo(message, state, out);
}

impl<'a> Call<'a> {
    fn of(tool: &'a Value) -> Option<Self> {
        let number = lenient_json::number(tool, "tool");
        let known = |number| NAMES.iter().find(|(known, _)| *known == number).map(|(_, name)| Cow::Borrowed(*name));
        let name = lenient_json::text(tool, "name").map(Cow::Borrowed);
        // There are new tools every month: one that is told by number alone is called by it.
        let name =
            name.or_else(|| number.map(|number| known(number).unwrap_or_else(|| format!("tool_{number}").into())))?;
        let resolved = lenient_json::nested(tool, "params").unwrap_or(Cow::Owned(Value::Null));
        let input = lenient_json::nested(tool, "rawArgs").filter(|input| **input != Value::String(String::new()));
        let result = lenient_json::nested(tool, "result");
        let error = lenient_json::nested(tool, "error");
        let rejected = lenient_json::text(tool, "userDecision") == Some("rejected")
            || result.as_ref().is_some_and(|result| result.get("rejected") == Some(&Value::Bool(true)));
        let status = match lenient_json::text(tool, "status") {
            _ if rejected => Some(Status::Rejected),
            Some("error") => Some(Status::Error),
            Some("cancelled") => Some(Status::Interrupted),
            Some("completed") => Some(if error.is_some() { Status::Error } else { Status::Ok }),
            _ if error.is_some() => Some(Status::Error),
            _ if result.is_some() => Some(Status::Ok),
            _ => None,
        };
        Some(Self {
            name,
            id: lenient_json::text(tool, "toolCallId"),
            input: input.unwrap_or_else(|| resolved.clone()),
            resolved,
            result,
            error,
            additional: tool.get("additionalData").unwrap_or(&Value::Null),
            status,
        })
    }

    fn call(&self, model: Option<String>) -> Body {
        let call_id = self.id.map(str::to_owned);
        let command =
            lenient_json::text(&self.input, "command").or_else(|| lenient_json::text(&self.resolved, "command"));
        if let Some(command) = command.filter(|_| is_shell_tool(&self.name)) {
            return Body::Command(Command {
                call_id,
                name: self.name.clone().into_owned(),
                command: command.to_owned(),
                description: lenient_json::any_text(&self.input, &["explanation", "description"]).map(str::to_owned),
                cwd: lenient_json::owned(&self.input, "cwd").or_else(|| lenient_json::owned(&self.resolved, "cwd")),
                model,
            });
        }
        let input = self.input.clone().into_owned();
        Body::ToolCall(ToolCall { call_id, name: self.name.clone().into_owned(), input, model })
    }

    fn outcome(&self, mut status: Status) -> ToolResult {
        let mut exit_code = None;
        if is_shell_tool(&self.name)
            && let Some(result) = self.result.as_deref().filter(|_| status == Status::Ok)
        {
            exit_code = self.exit_code(result);
            if exit_code.is_some_and(|code| code != 0) {
                status = Status::Error;
            }
        }
        ToolResult {
            call_id: self.id.map(str::to_owned),
            name: Some(self.name.clone().into_owned()),
            status,
            exit_code,
            duration_ms: None,
            content: Content::Text(self.shown()),
            stderr: None,
        }
    }

    /// The exit code. Zero is not written, so a command that is told to have ended without one ended with zero.
    fn exit_code(&self, result: &Value) -> Option<i32> {
        let code = ["exitCodeV2", "exitCode"].iter().find_map(|key| result.get(*key)?.as_i64());
        if let Some(code) = code {
            return i32::try_from(code).ok();
        }
        let truth = |value: Option<&Value>| {
            value.is_some_and(|value| *value == Value::Bool(true) || value.as_str().is_some_and(|text| text == "True"))
        };
        let background = truth(self.input.get("is_background")) || truth(self.resolved.get("isBackground"));
        let ended = truth(result.get("notInterrupted"))
            || lenient_json::text(result, "endedReason").is_some_and(|reason| reason.ends_with("EXECUTION_COMPLETED"));
        (ended && !background && result.get("output").is_some()).then_some(0)
    }

    /// What the model was shown, as far as it was kept.
    fn shown(&self) -> String {
        let error = self.error.as_deref().and_then(|error| match error {
            Value::String(text) => Some(text.as_str()),
            error => lenient_json::any_text(error, &["modelVisibleErrorMessage", "clientVisibleErrorMessage"]),
        });
        if let Some(error) = error {
            return error.to_owned();
        }
        match self.result.as_deref() {
            None => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(result) if result.get("rejected") == Some(&Value::Bool(true)) => String::new(),
            Some(result) => match lenient_json::any_text(result, &["output", "contents", "outputRaw"]) {
                Some(text) => text.to_owned(),
                None if result.get("output").or(result.get("contents")).is_some() => String::new(),
                None => result.to_string(),
            },
        }
    }

    fn subagent(&self, status: Option<Status>) -> Subagent {
        let result = self.result.as_deref().unwrap_or(&Value::Null);
        let kind = |value: &Value| {
            lenient_json::any_text(value, &["subagentType", "subagent_type", "name"])
                .filter(|kind| *kind != "unspecified")
                .or_else(|| lenient_json::text(value, "name"))
                .map(str::to_owned)
        };
        Subagent {
            agent_id: lenient_json::owned(self.additional, "subagentComposerId")
                .or_else(|| lenient_json::owned(result, "agentId")),
            call_id: self.id.map(str::to_owned),
            name: kind(&self.input).or_else(|| kind(&self.resolved)),
            description: lenient_json::owned(&self.input, "description")
                .or_else(|| lenient_json::owned(&self.resolved, "description")),
            status,
        }
    }

    fn todo(&self, message: &Value, state: &mut State, out: &mut Out<'_>) {
        if !is_todo(&self.name) {
            return;
        }
        let last = self.result.as_deref().map_or(&[][..], |result| lenient_json::list(result, "finalTodos"));
        let (items, merge) = if !last.is_empty() {
            (todo_items(last), false)
        } else if !lenient_json::list(message, "todos").is_empty() {
            (todo_items(lenient_json::list(message, "todos")), false)
        } else {
            (todo_items(lenient_json::list(&self.input, "todos")), merges(&self.input))
        };
        if !items.is_empty() {
            out.push(Body::Todo(state.todo(items, merge)));
        }
    }
}

/// Whether a tool of that name writes the todo list.
pub(super) fn is_todo(name: &str) -> bool {
    matches!(name, "todo_write" | "TodoWrite")
}

/// Whether a tool of that name starts a sub-agent.
pub(super) fn is_task(name: &str) -> bool {
    matches!(name, "task" | "task_v2" | "Task")
}

/// Whether a change of the todo list is one of a part of it.
pub(super) fn merges(input: &Value) -> bool {
    input.get("merge").is_some_and(|merge| *merge == Value::Bool(true) || merge.as_str() == Some("true"))
}
