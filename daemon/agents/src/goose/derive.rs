//! From messages to events.

use opensession_hail::{
    Body, Command, Compaction, Edit, EditOperation, Relation, Status, Subagent, Todo, TodoItem, TodoStatus, ToolCall,
    ToolResult, Usage,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::{Item, item, shown};
use crate::{
    hunks::Hunks,
    json_deriver::{
        Out, Tell,
        calls::{Call, Calls},
        content, fact,
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
        self.message(value, out)
    }
}

/// Names that stand until the model has named the session.
const PLACEHOLDERS: &[&str] = &["CLI Session", "New Chat", "ACP Session", "New session", "Untitled session"];

/// The session's row, or the first line of its file.
fn session(value: &Value, out: &mut Out<'_>) {
    out.at(time(value, "/created_at"));
    out.at(time(value, "/updated_at"));
    out.moved(text(value, "/working_dir"));
    let config = embedded(value, "/model_config_json").unwrap_or_default();
    let facts = &mut *out.facts;
    facts.model = facts.model.take().or_else(|| fact(text(&config, "/model_name")));
    let title = fact(text(value, "/name").or_else(|| text(value, "/description")));
    let title = title.filter(|title| !PLACEHOLDERS.contains(&title.as_str()));
    if flag(value, "/user_set_name") {
        (facts.custom_title, facts.agent_title) = (title, None);
    } else {
        facts.agent_title = title;
    }
    facts.parent = fact(text(value, "/parent_session_id")).map(|parent| (parent, Relation::Subagent));
    facts.subagent_type = (text(value, "/session_type") == Some("sub_agent")).then(|| "sub_agent".to_owned());
    if !flag(value, "/messages_tell_usage") {
        // A sum that grows: told under one id, the last one holds.
        let of = |pointer| number(value, pointer).unwrap_or(0);
        let (read, write) = (of("/accumulated_cache_read_tokens"), of("/accumulated_cache_write_tokens"));
        let usage = Usage {
            message_id: Some("session".to_owned()),
            model: facts.model.clone(),
            input: of("/accumulated_input_tokens").saturating_sub(read).saturating_sub(write),
            output: of("/accumulated_output_tokens"),
            cache_read: read,
            cache_write: write,
            reasoning: 0,
            cost: cost(value, "/accumulated_cost"),
        };
        out.usage("session:usage", usage);
    }
}

impl State {
    fn message(&mut self, value: &Value, out: &mut Out<'_>) -> Result<(), String> {
        // A row of the database, or a line.
        let content = embedded(value, "/content_json").or_else(|_| embedded(value, "/content"))?;
        let metadata = embedded(value, "/metadata_json").or_else(|_| embedded(value, "/metadata")).unwrap_or_default();
        out.at(time(value, "/created_timestamp").or_else(|| time(value, "/created")));
        let row = number(value, "/id").unwrap_or(out.number);
        // Messages of one turn may share an id, or have none.
        let id = match text(value, "/message_id").or_else(|| text(value, "/id")) {
            Some(id) => format!("{id}:{row}"),
            None => row.to_string(),
        };
        let is_user = match text(value, "/role") {
            Some("user") => true,
            Some("assistant") => false,
            _ => return Err("a message of nobody".to_owned()),
        };
        let is_visible = metadata.get("userVisible").and_then(Value::as_bool) != Some(false);
        let inference = ["/inference/resolvedModel", "/inference/requestedModel"];
        out.model(inference.iter().find_map(|pointer| text(&metadata, pointer)));

        let items: Vec<Item<'_>> = list(&content, "").iter().map(item).collect();
        let mut said = Vec::new();
        let mut attached = Vec::new();
        let mut answers = false;
        for (number, item) in items.into_iter().enumerate() {
            let own = format!("{id}:{number}");
            match item {
                Item::Text(words) if is_user => said.push(words),
                Item::Attached(part) if is_user => attached.push(part),
                Item::Text(words) if is_visible => out.agent(own, words),
                Item::Text(words) => out.system(own, words),
                Item::Thinking(words) => out.thinking(own, words),
                Item::Notice(words) => out.system(own, words),
                Item::Error { message, kind } => out.error(own, message, fact(kind)),
                Item::Call { id, call } => self.call(own, id, call, out),
                Item::Result { id, result } => {
                    answers = true;
                    match result {
                        Ok(result) => self.result(own, id, Ok(&result), out),
                        Err(error) => self.result(own, id, Err(error), out),
                    }
                }
                Item::Attached(_) | Item::Nothing => {}
            }
        }
        if is_user {
            let said = said.join("\n");
            let is_context = flag(&metadata, "/turnContext") || said.trim_start().starts_with("<turn-context>");
            if is_visible && !answers {
                out.human_with(id.clone(), without_heading(&said), attached);
            } else if is_visible || answers || is_context {
                out.system(id.clone(), &said);
            } else if !said.trim().is_empty() {
                // What the model is shown and the person is not: the summary of the history before.
                let body = Compaction { content: said.trim().to_owned(), trigger: None, tokens_before: None };
                out.event(id.clone(), Body::Compaction(body));
            }
        }
        if let Some(usage) = metadata.get("usage").filter(|usage| usage.is_object()) {
            let model = out.facts.model.clone();
            out.usage(format!("{id}:usage"), of_response(&id, usage, model));
        }
        Ok(())
    }

    fn call(&mut self, own: String, id: &str, call: Result<(&str, &Value), String>, out: &mut Out<'_>) {
        let call_id = Some(id.to_owned()).filter(|id| !id.is_empty());
        let model = out.facts.model.clone();
        let (name, input) = match call {
            Ok(call) => call,
            Err(error) => {
                let input = serde_json::json!({ "error": error });
                out.event(own, Body::ToolCall(ToolCall { call_id, name: String::new(), input, model }));
                return;
            }
        };
        let kind = kind_of(name);
        self.calls.add(id, name, input, matches!(kind, Kind::Edit | Kind::Todo));
        let of = |pointer| text(input, pointer).map(str::to_owned);
        if kind == Kind::Shell {
            let body = Command {
                call_id,
                name: name.to_owned(),
                command: of("/command").unwrap_or_default(),
                description: None,
                cwd: of("/working_dir").or_else(|| of("/cwd")),
                model,
            };
            return out.event(own, Body::Command(body));
        }
        let started = (kind == Kind::Delegate).then(|| Subagent {
            agent_id: None,
            call_id: call_id.clone(),
            name: of("/source").or_else(|| of("/name")),
            description: fact(text(input, "/instructions")),
            status: None,
        });
        out.event(
            own.clone(),
            Body::ToolCall(ToolCall { call_id, name: name.to_owned(), input: input.clone(), model }),
        );
        if let Some(started) = started {
            out.event(format!("{own}:subagent"), Body::Subagent(started));
        }
    }

    fn result(&mut self, own: String, id: &str, result: Result<&Value, String>, out: &mut Out<'_>) {
        let call = self.calls.take(id);
        let kind = kind_of(&call.name);
        let call_id = Some(id.to_owned()).filter(|id| !id.is_empty());
        let none = Value::Null;
        let value = *result.as_ref().unwrap_or(&&none);
        let structured = value.get("structuredContent").unwrap_or(&none);
        let (words, attached) = match &result {
            Ok(value) => shown(value),
            Err(error) => (error.clone(), Vec::new()),
        };
        let exit = exit_code(structured, "/exit_code").or_else(|| (kind == Kind::Shell).then(|| exit_in(&words))?);
        let failed = result.is_err() || flag(value, "/isError") || exit.is_some_and(|code| code != 0);
        let status = match &result {
            _ if words.contains("user has declined to run this tool") || words.contains("User declined") => {
                Status::Rejected
            }
            _ if failed => Status::Error,
            _ => Status::Ok,
        };
        let ended = (kind == Kind::Delegate).then(|| Subagent {
            agent_id: fact(text(value, "/_meta/subagent_session_id")),
            call_id: call_id.clone(),
            name: None,
            description: None,
            status: Some(status),
        });
        let body = ToolResult {
            call_id,
            name: Some(call.name.clone()).filter(|name| !name.is_empty()),
            status,
            exit_code: exit,
            duration_ms: None,
            content: content(&words, attached),
            stderr: text(structured, "/stderr").map(str::to_owned),
        };
        out.result(own.clone(), body);
        if status == Status::Ok {
            match kind {
                Kind::Edit => {
                    if let Some(edit) = edit(&call) {
                        out.event(format!("{own}:edit"), Body::Edit(edit));
                    }
                }
                Kind::Todo => {
                    if let Some(todo) = todo(&call) {
                        out.event(format!("{own}:todo"), Body::Todo(todo));
                    }
                }
                Kind::Shell | Kind::Delegate | Kind::Other => {}
            }
        }
        if let Some(ended) = ended {
            out.event(format!("{own}:subagent"), Body::Subagent(ended));
        }
    }
}

/// What a tool is, as far as it is told differently.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Shell,
    Edit,
    Todo,
    Delegate,
    Other,
}

fn kind_of(name: &str) -> Kind {
    let bare = name.rsplit_once("__").map_or(name, |(_, bare)| bare);
    match bare {
        "shell" | "bash" => Kind::Shell,
        "text_editor" | "write" | "edit" => Kind::Edit,
        "todo_write" => Kind::Todo,
        "delegate" | "subagent" | "dynamic_task" => Kind::Delegate,
        _ => Kind::Other,
    }
}

/// The exit code that an output tells.
fn exit_in(words: &str) -> Option<i32> {
    let at = words.rfind("Command exited with code ")? + "Command exited with code ".len();
    let digits = words[at..].split(|letter: char| !letter.is_ascii_digit() && letter != '-').next()?;
    digits.parse().ok()
}

/// The change that a successful call made. Only the texts of the call are known, not where in the file they stand.
fn edit(call: &Call) -> Option<Edit> {
    let path = text(&call.input, "/path")?;
    let of = |pointer| call.input.pointer(pointer).and_then(Value::as_str);
    let bare = call.name.rsplit_once("__").map_or(&*call.name, |(_, bare)| bare);
    let command = match bare {
        "text_editor" => of("/command")?,
        bare => bare,
    };
    let diff = match command {
        "edit" | "str_replace" => {
            if let Some(diff) = of("/diff") {
                Hunks::of_unified(diff)
            } else {
                let old = of("/before").or_else(|| of("/old_str")).or_else(|| of("/old_text"))?;
                let new = of("/after").or_else(|| of("/new_str")).or_else(|| of("/new_text"));
                Hunks::between(old, new.unwrap_or_default())
            }
        }
        "insert" => Hunks::between("", of("/new_str").or_else(|| of("/insert_text"))?),
        // Whether the file was there is not known, nor what stood in it.
        "write" | "undo_edit" => Hunks::default(),
        _ => return None,
    };
    let id = Some(&*call.id).filter(|id| !id.is_empty());
    Some(diff.edit(path, EditOperation::Update, id))
}

/// The list that `todo_write` wrote: a text of check boxes.
fn todo(call: &Call) -> Option<Todo> {
    let items = text(&call.input, "/content")?.lines().filter_map(|line| {
        let line = line.trim_start().trim_start_matches(['-', '*', ' ']);
        let (status, rest) = match line.get(..3)? {
            "[ ]" => (TodoStatus::Pending, &line[3..]),
            "[x]" | "[X]" => (TodoStatus::Completed, &line[3..]),
            "[~]" | "[-]" | "[>]" => (TodoStatus::InProgress, &line[3..]),
            _ => return None,
        };
        Some(TodoItem { id: None, content: rest.trim().to_owned(), status })
    });
    let items: Vec<TodoItem> = items.take(500).collect();
    (!items.is_empty()).then_some(Todo { items })
}

/// A sub-agent's task without the line above it that names the sub-agent.
fn without_heading(said: &str) -> &str {
    let rest = said.strip_prefix("Subagent ID: ").and_then(|rest| rest.split_once('\n'));
    rest.map_or(said, |(_, rest)| rest)
}

/// Tokens of one response. What was read from a cache is part of the input here.
fn of_response(id: &str, usage: &Value, model: Option<String>) -> Usage {
    let of = |pointer| number(usage, pointer).unwrap_or(0);
    let (read, write) = (of("/cacheReadTokens"), of("/cacheWriteTokens"));
    Usage {
        message_id: Some(id.to_owned()),
        model,
        input: of("/inputTokens").saturating_sub(read).saturating_sub(write),
        output: of("/outputTokens"),
        cache_read: read,
        cache_write: write,
        reasoning: 0,
        cost: cost(usage, "/cost"),
    }
}
