//! One event of `hail-1.0.0`.

use serde_json::Value;

use super::text;
use crate::{
    Body, Command, Content, Edit, EditOperation, Event, Extra, Message, Part, Role, Status, Subagent, Thinking,
    ToolCall, ToolResult, Unknown, Usage,
};

/// Turns events, in order, into those of this version.
#[derive(Debug, Default)]
pub(super) struct Importer {
    /// The largest running totals so far.
    input_total: u64,
    output_total: u64,
}

impl Importer {
    /// Appends what `value` comes to: mostly one event, two where a command brings its result, and one more for tokens.
    pub(super) fn import(&mut self, value: Value, events: &mut Vec<Event>) -> Result<(), String> {
        let Value::Object(mut fields) = value else { return Err("not a JSON object".to_owned()) };
        let mut event_type = super::object(&mut fields, "event_type");
        let data = super::object(&mut event_type, "data");
        let Some(kind) = text(&event_type, "type").map(str::to_owned) else {
            return Err("`event_type.type` is missing".to_owned());
        };
        let blocks = match super::object(&mut fields, "content").shift_remove("blocks") {
            Some(Value::Array(blocks)) => blocks,
            _ => Vec::new(),
        };
        let mut attributes = super::object(&mut fields, "attributes");
        let model = take_text(&mut attributes, "model");
        let subagent = take_text(&mut attributes, "subagent_id");
        let usage = self.usage(&mut attributes, model.clone());
        let call_id =
            text(&data, "call_id").map(str::to_owned).or_else(|| take_text(&mut attributes, "semantic.call_id"));
        let task_id = take_text(&mut fields, "task_id");
        let duration = fields.get("duration_ms").and_then(Value::as_u64);

        let timestamp = text(&fields, "timestamp");
        let ts = timestamp.and_then(|timestamp| timestamp.parse().ok());
        let problem = match timestamp {
            Some(timestamp) if ts.is_none() => Err(format!("`timestamp` is not RFC 3339: `{timestamp}`")),
            _ => Ok(()),
        };

        let data_text = |name: &str| text(&data, name).map(str::to_owned);
        let message = |role| {
            Body::Message(Message { role, content: content(&blocks), tool_calls: Vec::new(), model: model.clone() })
        };
        let mut extra = Extra::new();
        let mut result = None;
        let body = match kind.as_str() {
            "UserMessage" => message(Role::Human),
            "AgentMessage" => message(Role::Agent),
            "SystemMessage" => message(Role::System),
            "Thinking" => Body::Thinking(Thinking { content: content(&blocks).text().into_owned(), model }),
            "ToolCall" => Body::ToolCall(ToolCall {
                call_id,
                name: data_text("name").unwrap_or_default(),
                input: input(&blocks, Extra::new()),
                model,
            }),
            "ToolResult" => Body::ToolResult(ToolResult {
                call_id,
                name: data_text("name"),
                status: if data.get("is_error") == Some(&Value::Bool(true)) { Status::Error } else { Status::Ok },
                duration_ms: duration,
                content: content(&blocks),
                ..ToolResult::default()
            }),
            "FileEdit" | "FileCreate" | "FileDelete" => {
                let text = content(&blocks).text().into_owned();
                if !text.is_empty() {
                    extra.insert("content".to_owned(), text.into());
                }
                Body::Edit(Edit {
                    path: data_text("path").ok_or("`event_type.data.path` is missing")?,
                    operation: match kind.as_str() {
                        "FileCreate" => EditOperation::Create,
                        "FileDelete" => EditOperation::Delete,
                        _ => EditOperation::Update,
                    },
                    diff: text_of_diff(&data),
                    call_id,
                    ..Edit::default()
                })
            }
            "ShellCommand" => {
                let command = data_text("command").ok_or("`event_type.data.command` is missing")?;
                result = command_result(&data, &blocks, &command, call_id.clone(), duration);
                Body::Command(Command { call_id, name: "shell".to_owned(), command, model, ..Command::default() })
            }
            "TaskStart" | "TaskEnd" if subagent.is_some() => Body::Subagent(Subagent {
                agent_id: subagent.clone(),
                call_id,
                name: None,
                description: data_text("title").or_else(|| data_text("summary")),
                status: (kind == "TaskEnd").then_some(Status::Ok),
            }),
            "FileRead" | "CodeSearch" | "FileSearch" | "WebSearch" | "WebFetch" | "ImageGenerate" | "VideoGenerate"
            | "AudioGenerate" => Body::ToolCall(ToolCall { call_id, name: kind, input: input(&blocks, data), model }),
            _ => Body::Unknown(unknown(&kind, data, &blocks)),
        };

        if let Some(task_id) = task_id {
            extra.insert("task_id".to_owned(), task_id.into());
        }
        if let (Some(duration), None, false) = (duration, &result, matches!(body, Body::ToolResult(_))) {
            extra.insert("duration_ms".to_owned(), duration.into());
        }
        if !attributes.is_empty() {
            extra.insert("attributes".to_owned(), Value::Object(attributes));
        }
        let mut body = body;
        if let Body::Unknown(unknown) = &mut body {
            // All that is known of an unknown line is its fields.
            unknown.fields.append(&mut extra);
        }
        let id = take_text(&mut fields, "event_id");
        let of_same_record = |body| Event { body, id: id.clone(), ts, subagent: subagent.clone(), extra: Extra::new() };
        let further: Vec<Event> =
            [result.map(Body::ToolResult), usage.map(Body::Usage)].into_iter().flatten().map(of_same_record).collect();
        events.push(Event { body, id, ts, subagent, extra });
        events.extend(further);
        problem
    }

    /// Tokens of one event, from its own counts or from what running totals grew by. Totals that fall are those of an
    /// older state and count nothing.
    fn usage(&mut self, attributes: &mut Extra, model: Option<String>) -> Option<Usage> {
        let mut take = |name: &str| attributes.shift_remove(name).and_then(|count| count.as_u64());
        let (input, output) = (take("input_tokens"), take("output_tokens"));
        let (input_total, output_total) = (take("input_tokens_total"), take("output_tokens_total"));
        let mut usage = Usage { model, ..Usage::default() };
        if input_total.is_some() || output_total.is_some() {
            let grow = |total: &mut u64, now: Option<u64>| {
                let before = *total;
                *total = before.max(now.unwrap_or(0));
                *total - before
            };
            usage.input = grow(&mut self.input_total, input_total);
            usage.output = grow(&mut self.output_total, output_total);
        } else {
            usage.input = input.unwrap_or(0);
            usage.output = output.unwrap_or(0);
        }
        (usage.input > 0 || usage.output > 0).then_some(usage)
    }
}

fn take_text(fields: &mut Extra, name: &str) -> Option<String> {
    text(fields, name)?;
    match fields.shift_remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Text alone where there is nothing but text.
fn content(blocks: &[Value]) -> Content {
    let parts: Vec<Part> = blocks.iter().filter_map(part).collect();
    if parts.iter().all(|part| part.kind == "text" && part.extra.is_empty()) {
        let texts: Vec<String> = parts.into_iter().filter_map(|part| part.text).collect();
        return Content::Text(texts.join("\n"));
    }
    Content::Parts(parts)
}

fn part(block: &Value) -> Option<Part> {
    let fields = block.as_object()?;
    let field = |name: &str| text(fields, name).map(str::to_owned);
    let mut part = Part { kind: "text".to_owned(), text: None, media_type: None, bytes: None, extra: Extra::new() };
    match text(fields, "type")? {
        "Text" => part.text = field("text"),
        "Code" => part.text = field("code"),
        "Json" => part.text = fields.get("data").map(Value::to_string),
        "File" => {
            part.kind = "document".into();
            part.text = field("path");
            part.bytes = text(fields, "content").map(|content| content.len() as u64);
        }
        media @ ("Image" | "Video" | "Audio") => {
            part.kind = media.to_ascii_lowercase();
            part.media_type = field("mime");
            part.text = field("alt");
            // An address is kept, data that stands in it is not.
            match text(fields, "url") {
                Some(data) if data.starts_with("data:") => part.bytes = Some(data.len() as u64),
                Some(url) => {
                    part.extra.insert("url".to_owned(), url.into());
                }
                None => {}
            }
        }
        "Reference" => {
            part.kind = "reference".into();
            part.text = field("uri");
            part.media_type = field("media_type");
        }
        other => {
            part.kind = other.to_ascii_lowercase();
            part.extra =
                fields.iter().filter(|(name, _)| *name != "type").map(|(n, v)| (n.clone(), v.clone())).collect();
            part.text = take_text(&mut part.extra, "text");
        }
    }
    Some(part)
}

/// A call's input: the data of its only JSON block, else its text; `data` of the event joins it.
fn input(blocks: &[Value], data: Extra) -> Value {
    let json = match blocks {
        [Value::Object(block)] if text(block, "type") == Some("Json") => block.get("data").cloned(),
        _ => None,
    };
    let content = content(blocks).text().into_owned();
    match json {
        Some(Value::Object(mut input)) => {
            for (name, value) in data {
                input.entry(name).or_insert(value);
            }
            Value::Object(input)
        }
        Some(input) if data.is_empty() => input,
        _ if data.is_empty() && content.is_empty() => Value::Null,
        _ if data.is_empty() => Value::String(content),
        _ => {
            let mut input = data;
            if !content.is_empty() {
                input.insert("content".to_owned(), content.into());
            }
            Value::Object(input)
        }
    }
}

/// Hunks without the file headers.
fn text_of_diff(data: &Extra) -> Option<String> {
    let diff = text(data, "diff").filter(|diff| !diff.is_empty())?;
    let start = if diff.starts_with("@@") { 0 } else { diff.find("\n@@").map_or(0, |at| at + 1) };
    Some(diff[start..].to_owned())
}

/// What a command's event tells of its end: its exit code, and text that is not the command itself.
fn command_result(
    data: &Extra,
    blocks: &[Value],
    command: &str,
    call_id: Option<String>,
    duration: Option<u64>,
) -> Option<ToolResult> {
    let exit_code = data.get("exit_code").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
    let output: Vec<Value> = blocks
        .iter()
        .filter(|block| part(block).and_then(|part| part.text).is_none_or(|text| text.trim() != command.trim()))
        .cloned()
        .collect();
    let content = content(&output);
    if exit_code.is_none() && content == Content::default() {
        return None;
    }
    Some(ToolResult {
        call_id,
        name: Some("shell".to_owned()),
        status: if exit_code.is_some_and(|code| code != 0) { Status::Error } else { Status::Ok },
        exit_code,
        duration_ms: duration,
        content,
        stderr: None,
    })
}

/// Boundaries of tasks, custom events and kinds of later versions, under their name in snake case.
fn unknown(kind: &str, data: Extra, blocks: &[Value]) -> Unknown {
    let mut name = String::with_capacity(kind.len() + 4);
    for letter in kind.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    if crate::event::TYPES.contains(&name.as_str()) {
        // This version means something else by it.
        name.insert_str(0, "imported_");
    }
    let mut fields = Extra::new();
    fields.insert("type".to_owned(), name.into());
    for (name, value) in data {
        // What these names mean in this version is not what they meant there.
        let is_taken = matches!(name.as_str(), "type" | "role" | "id" | "ts" | "subagent" | "v");
        let name = if is_taken { format!("data_{name}") } else { name };
        fields.insert(name, value);
    }
    let content = content(blocks).text().into_owned();
    if !content.is_empty() {
        fields.entry("content").or_insert(content.into());
    }
    Unknown { fields }
}
