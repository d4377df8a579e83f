//! The tool calls of an answer, with their results and the edits that they made.
//!
//! An answer tells its calls twice: as they went to the model, in rounds, and as the person was shown them, in parts. The
//! rounds tell the input and the result whole and are preferred.

use std::borrow::Cow;

use opensession_hail::{
    Body, Command, Content, Edit, EditOperation, Status, Subagent, Todo, TodoItem, TodoStatus, ToolCall, ToolResult,
    text::is_shell_tool,
};
use serde_json::Value;

use crate::{codex::patch, hunks::Hunks, lenient_json};

/// Results are gathered from trees so deep.
const DEPTH: usize = 64;

/// A call.
pub(super) struct Call<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) input: Cow<'a, Value>,
    pub(super) result: Option<ToolResult>,
}

/// The call that a round tells. `terminal` is what the person was shown of it, for a command.
pub(super) fn of_round<'a>(call: &'a Value, metadata: &'a Value, terminal: Option<&Value>) -> Option<Call<'a>> {
    let (id, name) = (lenient_json::text(call, "id")?, lenient_json::text(call, "name")?);
    let input = lenient_json::nested(call, "arguments").unwrap_or_default();
    let result = metadata.get("toolCallResults").and_then(|results| results.get(id)).map(|result| {
        let mut text = String::new();
        for part in lenient_json::list(result, "content") {
            gather(part.get("value").unwrap_or(part), 0, &mut text);
        }
        let exit_code = terminal.and_then(exit_code);
        finished(id, name, text, exit_code, false)
    });
    Some(Call { id, name, input, result })
}

/// The call that a part shows. Parts that are hidden repeat others.
pub(super) fn of_part(part: &Value) -> Option<Call<'_>> {
    let (id, name) = (lenient_json::text(part, "toolCallId")?, lenient_json::text(part, "toolId")?);
    if lenient_json::text(part, "presentation") == Some("hidden") {
        return None;
    }
    let shown = part.get("toolSpecificData").unwrap_or(&Value::Null);
    let details = part.get("resultDetails").unwrap_or(&Value::Null);
    let input = if let Some(command) = command(shown) {
        Cow::Owned(serde_json::json!({ "command": command }))
    } else if let Some(input) = shown.get("rawInput") {
        Cow::Borrowed(input)
    } else {
        lenient_json::nested(details, "input").unwrap_or_else(|| {
            let message = part.get("invocationMessage").unwrap_or(&Value::Null);
            let message = message.as_str().or_else(|| lenient_json::text(message, "value"));
            Cow::Owned(message.map_or(Value::Null, |message| serde_json::json!({ "message": message })))
        })
    };
    let refused = part.get("isConfirmed").is_some_and(|confirmed| {
        *confirmed == Value::Bool(false) || confirmed.get("type").and_then(Value::as_u64) == Some(0)
    });
    let complete = part.get("isComplete") != Some(&Value::Bool(false));
    let result = (complete || refused).then(|| {
        let mut text = String::new();
        for output in lenient_json::list(details, "output") {
            gather(output, 0, &mut text);
        }
        let failed = details.get("isError") == Some(&Value::Bool(true));
        let mut result = finished(id, name, text, exit_code(part), failed);
        if refused {
            result.status = Status::Rejected;
        }
        result
    });
    Some(Call { id, name, input, result })
}

fn finished(id: &str, name: &str, text: String, exit_code: Option<i32>, failed: bool) -> ToolResult {
    let failed = failed || exit_code.is_some_and(|code| code != 0);
    ToolResult {
        call_id: Some(id.to_owned()),
        name: Some(name.to_owned()),
        status: if failed { Status::Error } else { Status::Ok },
        exit_code,
        duration_ms: None,
        content: Content::Text(text),
        stderr: None,
    }
}

/// The command line that the person was shown.
fn command(shown: &Value) -> Option<&str> {
    let line = shown.get("commandLine");
    line.and_then(|line| lenient_json::any_text(line, &["userEdited", "toolEdited", "original"]))
        .or_else(|| lenient_json::text(shown, "command"))
}

/// Whether the part shows a command.
pub(super) fn is_terminal(part: &Value) -> bool {
    part.get("toolSpecificData").is_some_and(|shown| lenient_json::text(shown, "kind") == Some("terminal"))
}

fn exit_code(part: &Value) -> Option<i32> {
    let code = part.get("toolSpecificData")?.get("terminalCommandState")?.get("exitCode")?.as_i64()?;
    i32::try_from(code).ok()
}

/// All texts in a result, which may be a tree of what the prompt was built of.
fn gather(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::String(words) => text.push_str(words),
        Value::Array(values) if depth < DEPTH => values.iter().for_each(|value| gather(value, depth + 1, text)),
        Value::Object(members) => {
            if let Some(words) = members.get("text").and_then(Value::as_str) {
                if members.get("lineBreakBefore") == Some(&Value::Bool(true)) && !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(words);
            }
            for name in ["node", "children", "value"] {
                if let Some(inner) = members.get(name).filter(|_| depth < DEPTH) {
                    gather(inner, depth + 1, text);
                }
            }
        }
        _ => {}
    }
}

impl Call<'_> {
    /// The events of the call: itself, its result, and what it changed.
    pub(super) fn tell(self, model: Option<String>, push: &mut dyn FnMut(Body)) {
        let call_id = Some(self.id.to_owned());
        let description = || lenient_json::any_text(&self.input, &["explanation", "description"]).map(str::to_owned);
        match lenient_json::text(&self.input, "command").filter(|_| is_shell_tool(self.name)) {
            Some(command) => push(Body::Command(Command {
                call_id: call_id.clone(),
                name: self.name.to_owned(),
                command: command.to_owned(),
                description: description(),
                cwd: None,
                model,
            })),
            None => push(Body::ToolCall(ToolCall {
                call_id: call_id.clone(),
                name: self.name.to_owned(),
                input: self.input.clone().into_owned(),
                model,
            })),
        }
        let is_subagent = self.name == "runSubagent";
        let subagent = |status| {
            Body::Subagent(Subagent {
                agent_id: None,
                call_id: call_id.clone(),
                name: None,
                description: description(),
                status,
            })
        };
        if is_subagent {
            push(subagent(None));
        }
        let status = self.result.as_ref().map(|result| result.status);
        let edits = self.edits();
        let todo = self.todo();
        if let Some(result) = self.result {
            push(Body::ToolResult(result));
        }
        if is_subagent && status.is_some() {
            push(subagent(status));
        }
        if status == Some(Status::Ok) {
            for edit in edits {
                push(Body::Edit(edit));
            }
            if let Some(todo) = todo {
                push(Body::Todo(todo));
            }
        }
    }

    /// The edits that the call makes when it succeeds.
    pub(super) fn edits(&self) -> Vec<Edit> {
        let input = &*self.input;
        let call_id = Some(self.id);
        let text = |key| input.get(key).and_then(Value::as_str).unwrap_or_default();
        let path = || lenient_json::any_text(input, &["filePath", "path"]).map(str::to_owned);
        let edit = match self.name {
            "create_file" | "copilot_createFile" => {
                path().map(|path| Hunks::between("", text("content")).edit(path, EditOperation::Create, call_id))
            }
            "replace_string_in_file" | "copilot_replaceString" => path().map(|path| {
                Hunks::between(text("oldString"), text("newString")).edit(path, EditOperation::Update, call_id)
            }),
            "multi_replace_string_in_file" | "copilot_multiReplaceString" => {
                let one = |one: &Value| {
                    let text = |key| one.get(key).and_then(Value::as_str).unwrap_or_default();
                    let hunks = Hunks::between(text("oldString"), text("newString"));
                    Some(hunks.edit(lenient_json::owned(one, "filePath")?, EditOperation::Update, call_id))
                };
                return lenient_json::list(input, "replacements").iter().filter_map(one).collect();
            }
            // What was there before is not told: the code stands for more than itself.
            "insert_edit_into_file" | "copilot_insertEdit" | "edit_notebook_file" | "copilot_editNotebook" => {
                path().map(|path| Hunks::default().edit(path, EditOperation::Update, call_id))
            }
            "apply_patch" | "copilot_applyPatch" => {
                let patch = lenient_json::text(input, "input").or_else(|| input.as_str()).and_then(patch::inside);
                let mut edits = patch.map(patch::edits).unwrap_or_default();
                for edit in &mut edits {
                    edit.call_id = call_id.map(str::to_owned);
                }
                return edits;
            }
            _ => None,
        };
        edit.into_iter().collect()
    }

    fn todo(&self) -> Option<Todo> {
        if !matches!(self.name, "manage_todo_list" | "copilot_manageTodoList") {
            return None;
        }
        let item = |item: &Value| {
            let status = match lenient_json::text(item, "status") {
                Some("completed") => TodoStatus::Completed,
                Some("in-progress") => TodoStatus::InProgress,
                _ => TodoStatus::Pending,
            };
            let id =
                lenient_json::number(item, "id").map(|id| id.to_string()).or_else(|| lenient_json::owned(item, "id"));
            Some(TodoItem { id, content: lenient_json::owned(item, "title")?, status })
        };
        let items: Vec<TodoItem> = lenient_json::list(&self.input, "todoList").iter().filter_map(item).collect();
        (!items.is_empty()).then_some(Todo { items })
    }
}
