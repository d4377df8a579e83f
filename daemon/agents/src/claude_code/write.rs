//! A conversation as a transcript of Claude Code.

use serde_json::{Value, json};

use super::{ClaudeCode, find};
use crate::{
    Environment,
    write::{Content, Conversation, WriteError, Writer, Written, hyphened, lines, object},
};

/// The form of the records: the last version that is known to read it back is newer.
const VERSION: &str = "2.0.0";

impl Writer for ClaudeCode {
    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        _register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let turns = conversation.plain_turns()?;
        let root = find::roots(environment).into_iter().next().ok_or(WriteError::NoFolder)?;
        let session = conversation.uuid(0);
        let title = object! { "type": "custom-title", "customTitle": conversation.title, "sessionId": session };
        let mut records = Vec::with_capacity(turns.len() + 1);
        let mut parent = Value::Null;
        for (number, turn) in (1..).zip(&turns) {
            let id = conversation.uuid(number);
            let mut record = object! {
                "parentUuid": parent,
                "isSidechain": false,
                "userType": "external",
                "cwd": conversation.cwd,
                "sessionId": session,
                "version": VERSION,
                "gitBranch": conversation.branch.as_deref().unwrap_or_default(),
            };
            if turn.by_agent {
                record.insert("type".to_owned(), json!("assistant"));
                // The model that the client names where no model spoke to it.
                let usage = json!({
                    "input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0,
                });
                let message = json!({
                    "id": format!("msg_{}", conversation.uuid(number).replace('-', "")),
                    "type": "message",
                    "role": "assistant",
                    "model": "<synthetic>",
                    "content": [{ "type": "text", "text": turn.text }],
                    "stop_reason": "end_turn",
                    "stop_sequence": null,
                    "usage": usage,
                });
                record.insert("message".to_owned(), message);
            } else {
                record.insert("type".to_owned(), json!("user"));
                record.insert("message".to_owned(), json!({ "role": "user", "content": turn.text }));
            }
            record.insert("uuid".to_owned(), json!(id));
            record.insert("timestamp".to_owned(), json!(conversation.written_time(number)));
            records.push(record);
            parent = Value::String(id);
        }
        records.push(title);
        let folder = root.path.join(hyphened(&conversation.cwd));
        let path = folder.join(format!("{session}.jsonl"));
        Ok(Written { root, path, content: Content::File(lines(records)), native_id: session, turns })
    }
}
