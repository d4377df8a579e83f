//! A conversation as a session of pi, version 3 of its form.

use serde_json::{Value, json};

use super::PiAgent;
use crate::{
    Agent, Environment,
    write::{Content, Conversation, WriteError, Writer, Written, lines, object},
};

impl Writer for PiAgent {
    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        _register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let turns = conversation.plain_turns()?;
        let root = self.roots(environment).into_iter().next().ok_or(WriteError::NoFolder)?;
        let session = conversation.uuid(0);
        let begun = conversation.written_time(0);
        let mut records = vec![object! {
            "type": "session", "version": 3, "id": session, "timestamp": begun, "cwd": conversation.cwd,
        }];
        let mut parent = Value::Null;
        for (number, turn) in (1..).zip(&turns) {
            let id = conversation.short_id(number);
            let content = json!([{ "type": "text", "text": turn.text }]);
            let milliseconds = conversation.time_of(number).as_millisecond();
            let message = if turn.by_agent {
                let cost = json!({ "input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": 0 });
                let usage = json!({
                    "input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 0, "cost": cost,
                });
                // No model of pi's said it: pi goes on with its default one.
                json!({
                    "role": "assistant",
                    "content": content,
                    "api": "opensession",
                    "provider": "opensession",
                    "model": "handoff",
                    "usage": usage,
                    "stopReason": "stop",
                    "timestamp": milliseconds,
                })
            } else {
                json!({ "role": "user", "content": content, "timestamp": milliseconds })
            };
            records.push(object! {
                "type": "message", "id": id, "parentId": parent, "timestamp": conversation.written_time(number),
                "message": message,
            });
            parent = Value::String(id);
        }
        records.push(object! {
            "type": "session_info", "id": conversation.short_id(turns.len() + 1), "parentId": parent,
            "timestamp": conversation.written_time(turns.len() + 1), "name": conversation.title,
        });
        let time = begun.replace([':', '.'], "-");
        let path = root.path.join(folder_name(&conversation.cwd)).join(format!("{time}_{session}.jsonl"));
        Ok(Written { root, path, content: Content::File(lines(records)), native_id: session, turns })
    }
}

/// A directory's folder: without the separator at its beginning, separators hyphens, between two pairs of hyphens.
fn folder_name(directory: &str) -> String {
    let directory = directory.strip_prefix(['/', '\\']).unwrap_or(directory);
    format!("--{}--", directory.replace(['/', '\\', ':'], "-"))
}
