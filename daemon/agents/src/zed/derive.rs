//! From messages to events. Messages tell no times.

use opensession_hail::{
    Body, Command, Compaction, Edit, EditOperation, Part, Relation, Status, ToolCall, ToolResult, Usage,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    hunks::Hunks,
    json_deriver::{
        Out, Tell, binary, content, fact,
        value::{flag, list, number, text, time},
    },
};

/// What is kept between messages: nothing, as calls stand with their results.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct State {}

impl Tell for State {
    const VERSION: u32 = 1;

    fn take(&mut self, value: &Value, out: &mut Out<'_>) -> Result<(), String> {
        if out.side == Some("thread") {
            thread(value, out);
        } else if let Some(message) = value.get("User") {
            user(message, out);
        } else if let Some(message) = value.get("Agent") {
            agent(message, out);
        } else if let Some(compaction) = value.get("Compaction") {
            let words = text(compaction, "/Summary").or_else(|| text(compaction, "")).unwrap_or_default();
            let id = out.number.to_string();
            let content = words.trim().to_owned();
            out.event(id, Body::Compaction(Compaction { content, trigger: None, tokens_before: None }));
        } else if value.get("role").is_some() {
            old(value, out);
        } else if value.as_str() != Some("Resume") && !value.is_object() {
            return Err("not a message of a thread".to_owned());
        }
        Ok(())
    }
}

/// What is told of the thread as a whole.
fn thread(value: &Value, out: &mut Out<'_>) {
    out.at(time(value, "/created_at"));
    out.at(time(value, "/updated_at"));
    // The folders of a window, one a line, with their order beside them.
    let folders: Vec<&str> = text(value, "/folder_paths").unwrap_or_default().lines().collect();
    let first = text(value, "/folder_paths_order")
        .and_then(|order| order.split(',').position(|place| place.trim() == "0"))
        .and_then(|at| folders.get(at));
    out.moved(text(value, "/worktree_path").or_else(|| first.or(folders.first()).copied()));
    out.model(text(value, "/thread_model/model"));
    let facts = &mut *out.facts;
    facts.native_id = fact(text(value, "/id"));
    let title = ["/thread_title", "/thread_summary", "/summary"].iter().find_map(|pointer| text(value, pointer));
    facts.agent_title = fact(title).filter(|title| title != "New Thread" && title != "New Agent Thread");
    let parent = text(value, "/parent_id").or_else(|| text(value, "/thread_subagent_context/parent_thread_id"));
    facts.parent = fact(parent).map(|parent| (parent, Relation::Subagent));
    facts.branch = fact(text(value, "/current_branch"));
    facts.commit = fact(text(value, "/head_sha"));
    facts.repository = fact(text(value, "/remote_url"));
    // Counted for the thread alone: told under one id, the last one holds.
    let of = |field: &str| number(value, &format!("/thread_cumulative_token_usage/{field}")).unwrap_or(0);
    let usage = Usage {
        message_id: Some("thread".to_owned()),
        model: facts.model.clone(),
        input: of("input_tokens"),
        output: of("output_tokens"),
        cache_read: of("cache_read_input_tokens"),
        cache_write: of("cache_creation_input_tokens"),
        ..Usage::default()
    };
    out.usage("thread:usage", usage);
}

fn user(message: &Value, out: &mut Out<'_>) {
    let number = out.number;
    let id = text(message, "/id").map_or_else(|| number.to_string(), str::to_owned);
    let mut said = String::new();
    let mut attached: Vec<Part> = Vec::new();
    let mut mentioned = Vec::new();
    for item in list(message, "/content") {
        if let Some(words) = text(item, "/Text") {
            said.push_str(words);
        } else if let Some(image) = item.get("Image") {
            attached.push(binary(Some("image/png"), None, text(image, "/source").or_else(|| text(image, ""))));
        } else if let Some(mention) = item.get("Mention") {
            mentioned.extend(text(mention, "/content"));
        }
    }
    out.human_with(id.clone(), &said, attached);
    for (number, words) in mentioned.into_iter().enumerate() {
        out.system(format!("{id}:mention:{number}"), words);
    }
}

fn agent(message: &Value, out: &mut Out<'_>) {
    for (number, item) in list(message, "/content").iter().enumerate() {
        let own = format!("{}:{number}", out.number);
        if let Some(words) = text(item, "/Text") {
            out.agent(own, words);
        } else if let Some(thinking) = item.get("Thinking") {
            out.thinking(own, text(thinking, "/text").unwrap_or_default());
        } else if let Some(call) = item.get("ToolUse") {
            let id = text(call, "/id").unwrap_or_default();
            let result = message.get("tool_results").and_then(|results| results.get(id));
            tool(&own, call, result, out);
        }
    }
}

/// A message of the forms before 0.3.
fn old(message: &Value, out: &mut Out<'_>) {
    let own = out.number.to_string();
    let is_user = text(message, "/role") == Some("user");
    let mut said = Vec::new();
    for (number, segment) in list(message, "/segments").iter().enumerate() {
        let words = text(segment, "/text").unwrap_or_default();
        match text(segment, "/type") {
            Some("text") => said.push(words),
            Some("thinking") => out.thinking(format!("{own}:thinking:{number}"), words),
            _ => {}
        }
    }
    let said = said.join("\n");
    match text(message, "/role") {
        Some("user") => out.human(own.clone(), &said),
        Some("assistant") => out.agent(own.clone(), &said),
        _ => out.system(own.clone(), &said),
    }
    if is_user {
        out.system(format!("{own}:context"), text(message, "/context").unwrap_or_default());
    }
    for (number, call) in list(message, "/tool_uses").iter().enumerate() {
        let id = text(call, "/id");
        let result = list(message, "/tool_results").iter().find(|result| text(result, "/tool_use_id") == id);
        tool(&format!("{own}:call:{number}"), call, result, out);
    }
}

/// A call and, where there is one, its result.
fn tool(own: &str, call: &Value, result: Option<&Value>, out: &mut Out<'_>) {
    let call_id = text(call, "/id").map(str::to_owned);
    let name = text(call, "/name").unwrap_or_default();
    let input = call.get("input").cloned().unwrap_or_default();
    let model = out.facts.model.clone();
    if name == "terminal" {
        let body = Command {
            call_id: call_id.clone(),
            name: name.to_owned(),
            command: text(&input, "/command").unwrap_or_default().to_owned(),
            description: None,
            cwd: text(&input, "/cd").map(str::to_owned),
            model,
        };
        out.event(own, Body::Command(body));
    } else {
        let body = ToolCall { call_id: call_id.clone(), name: name.to_owned(), input: input.clone(), model };
        out.event(own, Body::ToolCall(body));
    }
    let Some(result) = result else { return };
    let (mut texts, mut attached) = (Vec::new(), Vec::new());
    match result.get("content") {
        Some(Value::String(words)) => texts.push(words.as_str()),
        Some(Value::Array(items)) => {
            for item in items {
                if let Some(words) = text(item, "/Text").or_else(|| text(item, "/text")) {
                    texts.push(words);
                } else if let Some(image) = item.get("Image") {
                    attached.push(binary(Some("image/png"), None, text(image, "/source")));
                }
            }
        }
        Some(one) => texts.extend(text(one, "/Text").or_else(|| text(one, "/text"))),
        None => {}
    }
    let words = texts.join("\n");
    let exit = (name == "terminal").then(|| exit_in(&words)).flatten();
    let failed = flag(result, "/is_error") || exit.is_some_and(|code| code != 0);
    let status = if words.contains("Permission to run tool denied by user") || words.contains("denied by user") {
        Status::Rejected
    } else if failed {
        Status::Error
    } else {
        Status::Ok
    };
    let body = ToolResult {
        call_id: call_id.clone(),
        name: Some(name.to_owned()).filter(|name| !name.is_empty()),
        status,
        exit_code: exit,
        content: content(&words, attached),
        ..ToolResult::default()
    };
    out.result(format!("{own}:result"), body);
    if status == Status::Ok
        && let Some(edit) = edit(name, &input, result.get("output").unwrap_or(&Value::Null), call_id.as_deref())
    {
        out.event(format!("{own}:edit"), Body::Edit(edit));
    }
}

/// The exit code that a terminal's output tells.
fn exit_in(words: &str) -> Option<i32> {
    let at = words.find("failed with exit code ")? + "failed with exit code ".len();
    words[at..].split(|letter: char| !letter.is_ascii_digit() && letter != '-').next()?.parse().ok()
}

fn edit(name: &str, input: &Value, output: &Value, call_id: Option<&str>) -> Option<Edit> {
    let path = text(input, "/path").or_else(|| text(output, "/input_path"));
    match name {
        "edit_file" | "write_file" | "create_file" | "save_file" => {
            let of = |pointer| output.pointer(pointer).and_then(Value::as_str);
            let created = text(input, "/mode") == Some("create");
            let diff = match (of("/old_text"), of("/new_text"), text(output, "/diff")) {
                (Some(old), Some(new), _) => Hunks::between(old, new),
                (_, _, Some(diff)) => Hunks::of_unified(diff),
                _ if created => Hunks::between("", text(input, "/content").unwrap_or_default()),
                _ => Hunks::default(),
            };
            let operation = if created { EditOperation::Create } else { EditOperation::Update };
            Some(diff.edit(path?, operation, call_id))
        }
        "delete_path" => Some(Hunks::default().edit(path?, EditOperation::Delete, call_id)),
        "move_path" => {
            let edit = Hunks::default().edit(text(input, "/source_path")?, EditOperation::Rename, call_id);
            Some(Edit { to: text(input, "/destination_path").map(str::to_owned), ..edit })
        }
        _ => None,
    }
}
