//! The Kimi CLI: what happened (`wire.jsonl`), or, where that was not written, what the model saw (`context.jsonl`).

use md5::{Digest, Md5};
use opensession_hail::{Body, Compaction, Edit, EditOperation, Status, Usage};
use serde::{Deserialize, Serialize};

use super::code::{TOOLS, content_of, parts};
use crate::{
    hunks::Hunks,
    transcript::{
        Came, Format, Made, Session,
        blocks::Run,
        json::{self, Value},
        tools,
    },
};

/// Sessions of the Kimi CLI.
pub(super) struct Cli {
    /// The id that the path tells.
    pub(super) native_id: String,
    /// The name of the folder of the working directory: the MD5 of its path.
    pub(super) folder: String,
}

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    /// A call whose arguments are still coming: its id, name and what came of them.
    coming: Option<(String, String, String)>,
    /// Tells responses apart that have no id.
    responses: u64,
    trigger: Option<String>,
}

/// Arguments that come in pieces are not collected beyond this.
const ARGUMENTS_BYTES: usize = 48 << 10;
/// Sub-agents within sub-agents are followed so deep.
const DEPTH: u8 = 4;

impl Format for Cli {
    const VERSION: u32 = 1;
    type Own = Own;

    fn side(&self, name: &str, value: &Value<'_>, session: &mut Session<'_, Own>) {
        if name == "kimi.json" {
            // `local` directories are named by the hash alone, others by their kind too.
            let path = json::elements(value, "work_dirs").iter().filter_map(|known| json::text(known, "path"));
            let path = path.into_iter().find(|path| {
                let hash: String = Md5::digest(path.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
                self.folder == hash || self.folder.ends_with(&format!("_{hash}"))
            });
            session.directory(path);
        } else if let Some(title) = json::text(value, "custom_title") {
            session.title(None, title, true);
        }
    }

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        if let Some(message) = json::member(record, "message").filter(|message| message.is_object()) {
            session.at(json::time_of(record, "timestamp"));
            self.wire(message, DEPTH, session);
        } else if json::member(record, "role").is_some() {
            self.context(record, session);
        }
    }
}

impl Cli {
    fn wire(&self, message: &Value<'_>, depth: u8, session: &mut Session<'_, Own>) {
        let empty = Value::Null;
        let payload = json::member(message, "payload").unwrap_or(&empty);
        let kind = json::text(message, "type").unwrap_or_default();
        if kind != "ToolCallPart" {
            self.call_has_come(session);
        }
        match kind {
            "TurnBegin" | "SteerInput" => {
                let content = content_of(json::either(payload, &["user_input", "input", "content"]));
                if !content.text().trim().is_empty() || content.has_image() {
                    session.prompt(None, content);
                }
            }
            "StepInterrupted" => session.interrupted(None, "interrupted"),
            "ContentPart" => parts(None, Some(payload), session),
            "ToolCall" => {
                let function = json::member(payload, "function").unwrap_or(payload);
                let (Some(id), Some(name)) = (json::text(payload, "id"), json::text(function, "name")) else { return };
                let arguments = json::text(function, "arguments").unwrap_or_default();
                session.kept.own.coming = Some((id.to_owned(), name.to_owned(), String::new()));
                self.more_arguments(arguments, session);
            }
            "ToolCallPart" => self.more_arguments(json::text(payload, "arguments_part").unwrap_or_default(), session),
            "ToolResult" => result(payload, session),
            "StatusUpdate" => self.usage(payload, session),
            "CompactionBegin" => session.kept.own.trigger = Some("auto".to_owned()),
            "CompactionEnd" => {
                session.kept.own.trigger = None;
                session.compaction(None, Compaction::default());
            }
            "SubagentEvent" if depth > 0 => {
                let outer = session.subagent.take();
                session.subagent =
                    json::text_of(payload, &["parent_tool_call_id", "task_tool_call_id"]).map(str::to_owned);
                if let Some(event) = json::member(payload, "event") {
                    self.wire(event, depth - 1, session);
                    self.call_has_come(session);
                }
                session.subagent = outer;
            }
            "Notification" => {
                let texts = ["title", "body", "message"].iter().filter_map(|key| json::text(payload, key));
                session.system(None, &texts.collect::<Vec<_>>().join("\n"));
            }
            _ => {}
        }
    }

    fn more_arguments(&self, piece: &str, session: &mut Session<'_, Own>) {
        let Some((_, _, arguments)) = &mut session.kept.own.coming else { return };
        if arguments.len() + piece.len() <= ARGUMENTS_BYTES {
            arguments.push_str(piece);
        }
        // Most calls are written with all of their arguments.
        if serde_json::from_str::<serde::de::IgnoredAny>(arguments).is_ok() || piece.len() > ARGUMENTS_BYTES {
            let whole = (piece.len() > ARGUMENTS_BYTES).then(|| piece.to_owned());
            if let (Some(whole), Some((_, _, arguments))) = (whole, &mut session.kept.own.coming) {
                *arguments = whole;
            }
            self.call_has_come(session);
        }
    }

    fn call_has_come(&self, session: &mut Session<'_, Own>) {
        let Some((id, name, arguments)) = session.kept.own.coming.take() else { return };
        self.call(&id, &name, &arguments, session);
    }

    fn call(&self, id: &str, name: &str, arguments: &str, session: &mut Session<'_, Own>) {
        let event = Some(session.once(&format!("{}:{id}", self.native_id)));
        let input = serde_json::from_str::<Value<'_>>(arguments).unwrap_or_else(|_| Value::Str(arguments.into()));
        session.call(&TOOLS, Made { id: Some(id), event, name, input: &input, description: None });
    }

    fn usage(&self, payload: &Value<'_>, session: &mut Session<'_, Own>) {
        let Some(tokens) = json::member(payload, "token_usage") else { return };
        let of = |key| json::count(tokens, key);
        let own = &mut session.kept.own;
        own.responses += 1;
        let numbered = format!("{}:{}", self.native_id, own.responses);
        let usage = Usage {
            message_id: json::owned(payload, "message_id").or(Some(numbered)),
            input: of("input_other"),
            output: of("output"),
            cache_read: of("input_cache_read"),
            cache_write: of("input_cache_creation"),
            ..Usage::default()
        };
        session.usage(None, usage);
    }

    /// A message as the model saw it: no times, no ids.
    fn context(&self, message: &Value<'_>, session: &mut Session<'_, Own>) {
        let content = json::member(message, "content");
        match json::text(message, "role") {
            Some("user") => {
                let content = content_of(content);
                let text = content.text();
                if text.trim_start().starts_with("<system") {
                    session.system(None, &text);
                } else if !text.trim().is_empty() || content.has_image() {
                    drop(text);
                    session.prompt(None, content);
                }
            }
            Some("assistant") => {
                parts(None, content, session);
                for call in json::elements(message, "tool_calls") {
                    let Some(function) = json::member(call, "function") else { continue };
                    if let (Some(id), Some(name)) = (json::text(call, "id"), json::text(function, "name")) {
                        self.call(id, name, json::text(function, "arguments").unwrap_or_default(), session);
                    }
                }
            }
            Some("tool") => {
                let content = content_of(content);
                let failed = content.text().starts_with("<system>ERROR");
                let status = if failed { Status::Error } else { Status::Ok };
                session.result(Came { id: json::text(message, "tool_call_id"), status, content, ..Came::default() });
            }
            _ => {}
        }
    }
}

fn result(payload: &Value<'_>, session: &mut Session<'_, Own>) {
    let id = json::text(payload, "tool_call_id");
    let empty = Value::Null;
    let value = json::either(payload, &["return_value", "result"]).unwrap_or(&empty);
    let message = json::text(value, "message").unwrap_or_default();
    let mut content = content_of(json::member(value, "output"));
    if content.text().is_empty() && !content.has_image() {
        let mut run = Run::default();
        run.text(message);
        content = run.take().map(|(_, content)| content).unwrap_or_default();
    }
    let failed = json::flag(value, "is_error") == Some(true);
    let status = match failed {
        true if message.contains("rejected by the user") => Status::Rejected,
        true => Status::Error,
        false => Status::Ok,
    };
    let exit_code = message.split_once("exit code: ").and_then(|(_, rest)| {
        rest.split(|last: char| !last.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
    });
    let display = json::elements(value, "display");
    let of_kind = |kind: &'static str| display.iter().filter(move |block| json::text(block, "type") == Some(kind));
    let edits: Vec<Edit> = of_kind("diff").filter_map(edit).collect();
    let edits = (!edits.is_empty()).then_some(edits);
    session.result(Came { id, status, exit_code, content, edits, ..Came::default() });
    for block in of_kind("todo") {
        if let Some(todo) = json::either(block, &["items", "todos"]).and_then(tools::todo) {
            session.push(None, Body::Todo(todo));
        }
    }
}

/// The change that a block displays.
fn edit(block: &Value<'_>) -> Option<Edit> {
    let text = |key| json::member(block, key).and_then(Value::as_str).unwrap_or_default();
    let (old, new) = (text("old_text"), text("new_text"));
    let operation = if old.is_empty() { EditOperation::Create } else { EditOperation::Update };
    Some(Hunks::between(old, new).edit(json::text(block, "path")?, operation, None))
}
