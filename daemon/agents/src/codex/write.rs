//! A conversation as a rollout of Codex: the third form, which every version since September 2025 resumes.

use serde_json::json;

use super::Codex;
use crate::{
    Agent, Environment,
    write::{Content, Conversation, Turn, WriteError, Writer, Written, lines, object},
};

impl Writer for Codex {
    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        _register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let mut turns = conversation.plain_turns()?;
        turns.iter_mut().for_each(without_tags);
        let root = self.roots(environment).into_iter().next().ok_or(WriteError::NoFolder)?;
        let session = conversation.uuid(0);
        let mut git = json!({});
        if let Some(branch) = &conversation.branch {
            git["branch"] = json!(branch);
        }
        let begun = conversation.written_time(0);
        let mut records = vec![object! {
            "timestamp": begun,
            "type": "session_meta",
            "payload": {
                "id": session,
                "timestamp": begun,
                "cwd": conversation.cwd,
                "originator": "opensession",
                "cli_version": "0.0.0",
                // What its pickers list.
                "source": "cli",
                "git": git,
            },
        }];
        for (number, turn) in (1..).zip(&turns) {
            let time = conversation.written_time(number);
            // Once as it goes to the model, once as the person is shown it.
            let (role, content, shown) = if turn.by_agent {
                ("assistant", "output_text", "agent_message")
            } else {
                ("user", "input_text", "user_message")
            };
            let said = json!({ "type": "message", "role": role, "content": [{ "type": content, "text": turn.text }] });
            records.push(object! { "timestamp": time, "type": "response_item", "payload": said });
            let seen = json!({ "type": shown, "message": turn.text });
            records.push(object! { "timestamp": time, "type": "event_msg", "payload": seen });
        }
        // Days and names are local.
        let day = conversation.time.strftime("%Y/%m/%d").to_string();
        let name = format!("rollout-{}-{session}.jsonl", conversation.time.strftime("%Y-%m-%dT%H-%M-%S"));
        let path = root.path.join(day).join(name);
        Ok(Written { root, path, content: Content::File(lines(records)), native_id: session, turns })
    }
}

/// Tags that the client cuts out of what the agent says.
fn without_tags(turn: &mut Turn) {
    for tag in ["oai-mem-citation", "proposed_plan"] {
        for slash in ["", "/"] {
            turn.text = turn.text.replace(&format!("<{slash}{tag}>"), &format!("({slash}{tag})"));
        }
    }
}
