//! One event: its parts, and what it is in one line.

use std::borrow::Cow;

use jiff::civil::Date;
use opensession_hail::{Body, Event, Kind, Status, Unknown};
use opensession_protocol::SessionEvent;
use serde::Deserialize as _;
use serde_json::Value;

use crate::format::number;
use crate::text;

/// Keys of a call's input that say most of it, best first.
const TELLING_KEYS: &[&str] = &[
    "file_path",
    "filePath",
    "absolute_path",
    "target_file",
    "notebook_path",
    "path",
    "filename",
    "pattern",
    "query",
    "url",
    "command",
    "cmd",
    "description",
    "prompt",
    "instructions",
    "task",
    "skill",
    "name",
];

/// Keys of lists that say most of a call's input by their first entry.
const TELLING_LISTS: &[&str] = &["files", "paths", "file_paths", "commands", "queries"];

/// An event and its number.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    pub(crate) kind: Option<Kind>,
    pub(crate) event: Event,
    /// The day of a prompt in the user's zone, once it is shown.
    pub(crate) day: Option<Date>,
}

impl Entry {
    pub(crate) fn new(event: SessionEvent) -> Self {
        let SessionEvent { event: number, kind, hail, .. } = event;
        // What a later daemon writes and we do not know is kept and not shown.
        let event = Event::deserialize(&hail).unwrap_or_else(|_| {
            let fields = match hail {
                Value::Object(fields) => fields,
                _ => opensession_hail::Extra::new(),
            };
            Event::new(Body::Unknown(Unknown { fields }))
        });
        Self { number, kind, event, day: None }
    }

    pub(crate) fn is_call(&self) -> bool {
        matches!(self.event.body, Body::ToolCall(_) | Body::Command(_))
    }

    pub(crate) fn call_id(&self) -> Option<&str> {
        match &self.event.body {
            Body::ToolCall(call) => call.call_id.as_deref(),
            Body::Command(command) => command.call_id.as_deref(),
            Body::ToolResult(result) => result.call_id.as_deref(),
            Body::Edit(edit) => edit.call_id.as_deref(),
            _ => None,
        }
    }

    pub(crate) fn is_result_of(&self, call: &str) -> bool {
        matches!(self.event.body, Body::ToolResult(_)) && self.call_id() == Some(call)
    }

    pub(crate) fn is_edit_of(&self, call: &str) -> bool {
        matches!(self.event.body, Body::Edit(_)) && self.call_id() == Some(call)
    }

    pub(crate) fn status(&self) -> Option<Status> {
        match &self.event.body {
            Body::ToolResult(result) => Some(result.status),
            _ => None,
        }
    }
}

/// What a call is about: the most telling value of its input.
pub(crate) fn summary(input: &Value) -> Cow<'_, str> {
    match input {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        Value::Object(fields) => {
            let telling = TELLING_KEYS.iter().find_map(|key| fields.get(*key)?.as_str());
            if let Some(text) = telling {
                return Cow::Borrowed(text);
            }
            let first = TELLING_LISTS.iter().find_map(|key| fields.get(*key)?.as_array()?.first());
            match first {
                Some(first) => summary(first),
                None if fields.is_empty() => Cow::Borrowed(""),
                None => Cow::Owned(input.to_string()),
            }
        }
        _ => Cow::Owned(input.to_string()),
    }
}

/// The file that a call names.
pub(crate) fn path(input: &Value) -> Option<&str> {
    ["file_path", "notebook_path", "path", "filename"].iter().find_map(|key| input.get(*key)?.as_str())
}

/// What an event is besides its kind (a tool, an outcome, a path), and its text.
pub(super) fn for_programs(event: &Event) -> (String, Cow<'_, str>) {
    match &event.body {
        Body::Message(message) => (String::new(), message.content.text()),
        Body::Thinking(thinking) => (String::new(), Cow::Borrowed(&thinking.content)),
        Body::ToolCall(call) => (call.name.clone(), Cow::Owned(call.input.to_string())),
        Body::Command(command) => (command.name.clone(), Cow::Borrowed(&command.command)),
        Body::ToolResult(result) => {
            let mut what = vec![text::status_word(result.status).to_owned()];
            what.extend(result.exit_code.map(|code| code.to_string()));
            what.extend(result.duration_ms.map(number::duration));
            let content = match &result.stderr {
                Some(stderr) => Cow::Owned(format!("{}\n{stderr}", result.content.text())),
                None => result.content.text(),
            };
            (what.join(" "), content)
        }
        Body::Edit(edit) => {
            let counts = format!("+{} -{}", edit.added.unwrap_or(0), edit.removed.unwrap_or(0));
            let path = match &edit.to {
                Some(to) => format!("{} {to}", edit.path),
                None => edit.path.clone(),
            };
            (format!("{path} {counts}"), Cow::Borrowed(edit.diff.as_deref().unwrap_or_default()))
        }
        Body::Todo(todo) => {
            let items: Vec<String> =
                todo.items.iter().map(|item| format!("{} {}", text::todo_box(item.status), item.content)).collect();
            (String::new(), Cow::Owned(items.join("\n")))
        }
        Body::Compaction(compaction) => {
            (compaction.trigger.clone().unwrap_or_default(), Cow::Borrowed(&compaction.content))
        }
        Body::Subagent(subagent) => (
            subagent.name.clone().unwrap_or_default(),
            Cow::Borrowed(subagent.description.as_deref().unwrap_or_default()),
        ),
        Body::Error(error) => (error.code.clone().unwrap_or_default(), Cow::Borrowed(&error.message)),
        Body::Usage(_) | Body::Title(_) | Body::Unknown(_) => (String::new(), Cow::Borrowed("")),
    }
}
