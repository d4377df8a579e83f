//! A conversation as a session of Qwen Code, a file of lines.

use serde_json::{Value, json};

use super::QwenCode;
use crate::{
    Agent, Environment,
    write::{Content, Conversation, WriteError, Writer, Written, hyphened, lines, object},
};

/// The form of the records: the versions that are known to read it back are newer.
const VERSION: &str = "0.21.0";

impl Writer for QwenCode {
    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        _register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let turns = conversation.plain_turns()?;
        let root = self.roots(environment).into_iter().next().ok_or(WriteError::NoFolder)?;
        let session = conversation.uuid(0);
        let mut parent = Value::Null;
        let mut records = Vec::with_capacity(turns.len() + 1);
        let mut record = |number: usize, kind: &str, role: Option<&str>| {
            let id = conversation.uuid(number);
            let mut record = object! {
                "uuid": id,
                "parentUuid": parent,
                "sessionId": session,
                "timestamp": conversation.written_time(number),
                "type": kind,
                "cwd": conversation.cwd,
                "version": VERSION,
            };
            if let Some(branch) = &conversation.branch {
                record.insert("gitBranch".to_owned(), json!(branch));
            }
            if let Some(role) = role {
                record.insert("message".to_owned(), json!({ "role": role }));
            }
            parent = Value::String(id);
            record
        };
        for (number, turn) in (1..).zip(&turns) {
            let (kind, role) = if turn.by_agent { ("assistant", "model") } else { ("user", "user") };
            let mut record = record(number, kind, Some(role));
            record["message"]["parts"] = json!([{ "text": turn.text }]);
            records.push(record);
        }
        let mut title = record(turns.len() + 1, "system", None);
        title.insert("subtype".to_owned(), json!("custom_title"));
        let named = json!({ "customTitle": conversation.title, "titleSource": "manual" });
        title.insert("systemPayload".to_owned(), named);
        records.push(title);
        let folder = root.path.join(hyphened(&conversation.cwd)).join("chats");
        let path = folder.join(format!("{session}.jsonl"));
        Ok(Written { root, path, content: Content::File(lines(records)), native_id: session, turns })
    }
}
