//! The table of tools, and what they share. One file each below.

mod get_event;
mod get_session;
mod handoff;
mod list_sessions;
mod search_sessions;
mod who_touched;

use std::pin::Pin;
use std::sync::Arc;

use opensession_protocol::SessionInfo;
use rmcp::model::ToolAnnotations;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::caller::Caller;
use super::daemon::Daemon;
use crate::connection::CallError;

/// A call of a tool.
pub(super) struct Request {
    pub(super) daemon: Daemon,
    pub(super) caller: Arc<Caller>,
    /// The asking session, which is left out.
    pub(super) own: Vec<String>,
    pub(super) arguments: Value,
}

/// The text for the model, or what went wrong.
pub(super) type Answering = Pin<Box<dyn Future<Output = Result<String, String>> + Send>>;

/// A tool.
pub(super) struct Tool {
    pub(super) name: &'static str,
    title: &'static str,
    description: &'static str,
    /// The method that the daemon must have.
    method: &'static str,
    /// JSON schemas of the arguments, by name.
    properties: fn() -> Value,
    required: &'static [&'static str],
    pub(super) run: fn(Request) -> Answering,
}

static TOOLS: [&Tool; 6] = [
    &search_sessions::TOOL,
    &list_sessions::TOOL,
    &get_session::TOOL,
    &get_event::TOOL,
    &who_touched::TOOL,
    &handoff::TOOL,
];

/// The tools whose method a daemon of these capabilities has.
pub(super) fn available(capabilities: &[String]) -> Vec<&'static Tool> {
    TOOLS.into_iter().filter(|tool| capabilities.contains(&format!("method:{}", tool.method))).collect()
}

impl Tool {
    /// The tool as clients are told of it.
    pub(super) fn describe(&self) -> rmcp::model::Tool {
        let mut properties = (self.properties)();
        if let Value::Object(properties) = &mut properties {
            properties.insert("max_tokens".to_owned(), max_tokens());
        }
        let schema = json!({
            "type": "object", "properties": properties, "required": self.required, "additionalProperties": false,
        });
        let annotations = ToolAnnotations::with_title(self.title).read_only(true).open_world(false);
        rmcp::model::Tool::new(self.name, self.description, Arc::new(schema.as_object().cloned().unwrap_or_default()))
            .with_annotations(annotations)
    }
}

fn max_tokens() -> Value {
    json!({
        "type": "integer", "minimum": super::budget::TOKENS_LEAST, "maximum": super::budget::TOKENS_MOST,
        "description": "About how many tokens the answer may have; what has no room is named at its end",
    })
}

/// A schema that several tools have.
fn everywhere() -> Value {
    json!({ "type": "boolean", "description": "Look into all repositories, not only the current one" })
}

/// Reads the arguments of a tool.
fn arguments<T: DeserializeOwned>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| format!("wrong arguments: {error}"))
}

/// What a session is, on one line: `claude-code, app@main, 2026-11-22 14:05Z, 42 turns, 3 files +120 -8`.
pub(super) fn session_line(session: &SessionInfo) -> String {
    let place = match (&session.repository, &session.branch) {
        (Some(repository), Some(branch)) => Some(format!("{repository}@{branch}")),
        (place, None) | (None, place) => place.clone(),
    };
    let time = session.updated.map(|ts| ts.strftime("%Y-%m-%d %H:%MZ").to_string());
    let stats = &session.stats;
    let counted = |count: u64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let files =
        (stats.files > 0).then(|| format!("{} +{} -{}", counted(stats.files, "file"), stats.added, stats.removed));
    let parts = [
        Some(session.agent.clone()),
        place,
        time,
        Some(counted(stats.turns, "turn")),
        files,
        session.state.word().map(str::to_owned),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The digits of an id that people and models are shown.
fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// What went wrong, with what to do about it.
pub(super) fn told(error: CallError) -> String {
    match error {
        CallError::Refused { message, data, .. } => {
            let near: Vec<String> =
                data.near.iter().map(|near| format!("{} \"{}\"", near.short_id, near.title)).collect();
            let near = if near.is_empty() { String::new() } else { format!("\nnear: {}", near.join(", ")) };
            let hint = data.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            format!("{message}{near}{hint}")
        }
        CallError::Lost(reason) => format!("the OpenSession daemon cannot be reached: {reason}"),
        CallError::Unreadable(reason) => format!("the OpenSession daemon's answer is not understood: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_offered_where_the_daemon_can_answer() {
        let names = |methods: &[&str]| -> Vec<&str> {
            let methods: Vec<String> = methods.iter().map(|method| format!("method:{method}")).collect();
            available(&methods).iter().map(|tool| tool.name).collect()
        };
        assert_eq!(names(&["search/query"]), ["search_sessions"]);
        assert_eq!(names(&["handoff/create"]), ["handoff"]);
        for tool in TOOLS {
            let described = tool.describe();
            let properties = described.input_schema["properties"].as_object().unwrap();
            assert!(properties.contains_key("max_tokens"));
            assert!(tool.required.iter().all(|name| properties.contains_key(*name)), "{}", tool.name);
        }
    }
}
