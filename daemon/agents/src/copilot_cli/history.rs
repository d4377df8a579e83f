//! Sessions of 2025: one JSON document with the messages as they went to the model.

use opensession_hail::{Body, Content, Event, Message, Role, ToolResult};
use serde_json::Value;

use super::{events, state::State};
use crate::{Derived, Deriver, Facts, Problem, Record, lenient_json};

/// Derives a session from its document, which is one record.
pub(super) struct History {
    pub(super) state: State,
}

impl Deriver for History {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        let session: Value = match serde_json::from_slice(record.bytes) {
            Ok(session) => session,
            Err(error) => {
                derived.problems.push(Problem::of(record, lenient_json::not_json(&error)));
                return;
            }
        };
        let state = &mut self.state;
        state.facts.native_id = lenient_json::owned(&session, "sessionId");
        state.facts.saw(lenient_json::time_of(&session, "startTime"));
        state.answered_by(
            lenient_json::text(&session, "selectedModel").or_else(|| lenient_json::text(&session, "model")),
        );
        for message in lenient_json::list(&session, "chatMessages") {
            self.message(message, derived);
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        self.state.put_down()
    }
}

impl History {
    fn message(&mut self, message: &Value, derived: &mut Derived) {
        let text = match message.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                parts.iter().filter_map(|part| lenient_json::text(part, "text")).collect::<Vec<_>>().join("\n")
            }
            _ => String::new(),
        };
        let mut push = |body| derived.events.push(Event::new(body));
        let role = match lenient_json::text(message, "role") {
            Some("user") => Role::Human,
            Some("assistant") => Role::Agent,
            Some("tool") => {
                let call_id = lenient_json::owned(message, "tool_call_id");
                let name = call_id.as_deref().and_then(|id| self.state.completes(id)).filter(|name| !name.is_empty());
                push(Body::ToolResult(ToolResult {
                    call_id,
                    name,
                    content: Content::Text(text),
                    ..ToolResult::default()
                }));
                return;
            }
            // The prompt of the system is the same for all.
            _ => return,
        };
        if role == Role::Human {
            self.state.facts.prompted(&text);
        }
        if !text.trim().is_empty() {
            push(Body::Message(Message { role, content: Content::Text(text), ..Message::default() }));
        }
        for call in lenient_json::list(message, "tool_calls") {
            let function = call.get("function").unwrap_or(call);
            if let (Some(id), Some(name)) = (lenient_json::text(call, "id"), lenient_json::text(function, "name")) {
                let input = lenient_json::nested(function, "arguments").unwrap_or_default();
                self.state.calls(id, name);
                push(events::called(name, id, &input, None));
            }
        }
    }
}
