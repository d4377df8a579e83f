//! A conversation as a session of Gemini CLI, a file of lines.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::GeminiCli;
use crate::{
    Agent, Environment,
    write::{Content, Conversation, WriteError, Writer, Written, hex, lines, object},
};

/// The part of the register that is needed.
#[derive(Debug, Deserialize)]
struct Register {
    #[serde(default)]
    projects: std::collections::BTreeMap<String, String>,
}

impl Writer for GeminiCli {
    fn register(&self, environment: &Environment) -> Option<PathBuf> {
        let root = self.roots(environment).into_iter().next()?;
        Some(root.path.parent()?.join("projects.json"))
    }

    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let turns = conversation.plain_turns()?;
        let root = self.roots(environment).into_iter().next().ok_or(WriteError::NoFolder)?;
        let hash = hex(&Sha256::digest(conversation.cwd.as_bytes()));
        let folder = match register {
            Some(register) => self.folder_in(register, &conversation.cwd, environment)?,
            None => None,
        };
        // A project that is not registered has the folder that older versions gave it, which newer ones take over when
        // they register the project: so the register, which is the agent's own, is left alone.
        let folder = folder.unwrap_or_else(|| hash.clone());
        let session = conversation.uuid(0);
        let (begun, ended) = (conversation.written_time(0), conversation.written_time(turns.len()));
        let mut records = vec![object! {
            "sessionId": session, "projectHash": hash, "startTime": begun, "lastUpdated": ended,
            "summary": conversation.title, "kind": "main",
        }];
        for (number, turn) in (1..).zip(&turns) {
            let id = conversation.uuid(number);
            let time = conversation.written_time(number);
            let (kind, content) =
                if turn.by_agent { ("gemini", json!(turn.text)) } else { ("user", json!([{ "text": turn.text }])) };
            records.push(object! { "id": id, "timestamp": time, "type": kind, "content": content });
        }
        let minute = &begun[..16].replace(':', "-");
        let name = format!("session-{minute}-{}.jsonl", &session[..8]);
        let path = root.path.join(folder).join("chats").join(name);
        Ok(Written { root, path, content: Content::File(lines(records)), native_id: session, turns })
    }
}

impl GeminiCli {
    /// The folder that the register gives to a directory.
    fn folder_in(
        &self,
        register: &str,
        directory: &str,
        environment: &Environment,
    ) -> Result<Option<String>, WriteError> {
        let refused = |reason: String| WriteError::Register {
            path: self.register(environment).unwrap_or_default().display().to_string(),
            reason,
        };
        let register: Register = serde_json::from_str(register).map_err(|error| refused(error.to_string()))?;
        let Some(folder) = register.projects.get(directory) else { return Ok(None) };
        let is_name = !folder.is_empty() && !folder.starts_with('.') && !folder.contains(['/', '\\', '\0']);
        if is_name { Ok(Some(folder.clone())) } else { Err(refused(format!("`{folder}` is no folder's name"))) }
    }
}
