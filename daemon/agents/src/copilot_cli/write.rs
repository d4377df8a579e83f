//! A conversation as a session of Copilot CLI, a file of lines.

use serde_json::{Map, Value, json};

use super::{CopilotCli, EVENTS};
use crate::{
    Agent, Environment,
    write::{Content, Conversation, WriteError, Writer, Written, lines, object},
};

impl Writer for CopilotCli {
    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        _register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let turns = conversation.plain_turns()?;
        let root = self.roots(environment).into_iter().next().ok_or(WriteError::NoFolder)?;
        let session = conversation.uuid(0);
        let mut context = json!({ "cwd": conversation.cwd });
        if let Some(repository) = &conversation.repository {
            context["gitRoot"] = json!(repository.root);
        }
        if let Some(branch) = &conversation.branch {
            context["branch"] = json!(branch);
        }
        let start = json!({
            "sessionId": session,
            "version": 1,
            "producer": "opensession",
            "copilotVersion": "1.0.0",
            "startTime": conversation.written_time(0),
            "context": context,
        });
        // Events and messages have ids of their own.
        let last = turns.len() + 2;
        let mut parent = Value::Null;
        let mut event = |number: usize, kind: &str, data: Value| -> Map<String, Value> {
            let id = conversation.uuid(number);
            let event = object! {
                "type": kind, "data": data, "id": id, "timestamp": conversation.written_time(number),
                "parentId": parent,
            };
            parent = Value::String(id);
            event
        };
        let mut events = vec![event(1, "session.start", start)];
        for (number, turn) in (2..).zip(&turns) {
            let message = conversation.uuid(last + number);
            events.push(if turn.by_agent {
                let said = json!({ "messageId": message, "content": turn.text, "toolRequests": [] });
                event(number, "assistant.message", said)
            } else {
                let said = json!({
                    "content": turn.text, "transformedContent": turn.text, "attachments": [], "messageId": message,
                });
                event(number, "user.message", said)
            });
        }
        events.push(event(last, "session.title_changed", json!({ "title": conversation.title })));
        let path = root.path.join(&session).join(EVENTS);
        Ok(Written { root, path, content: Content::File(lines(events)), native_id: session, turns })
    }
}
