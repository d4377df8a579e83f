//! A thread as rows: its messages, and what is told of the thread as a whole.

use serde_json::{Map, Value, value::RawValue};

use crate::{
    CutError,
    json_deriver::value,
    lenient_json::one_line,
    rows::{Row, Rows, mark},
};

/// Fields of a thread that tell of it as a whole.
const FIELDS: &[&str] =
    &["version", "title", "summary", "updated_at", "model", "profile", "cumulative_token_usage", "subagent_context"];

/// A thread.
pub(super) struct Thread {
    messages: Vec<String>,
    about: Map<String, Value>,
}

impl Thread {
    /// Takes a thread apart; `about` is what its row tells.
    pub(super) fn new(json: &[u8], mut about: Map<String, Value>) -> Result<Self, CutError> {
        let malformed = |error: serde_json::Error| CutError::Malformed(format!("the thread is not JSON: {error}"));
        let json = String::from_utf8_lossy(json);
        let mut fields: std::collections::BTreeMap<&str, &RawValue> = serde_json::from_str(&json).map_err(malformed)?;
        // Names with escapes are none that we know: `&str` keys would fail on them, as do no threads of Zed's.
        let messages = match fields.remove("messages") {
            Some(messages) => serde_json::from_str::<Vec<&RawValue>>(messages.get()).map_err(malformed)?,
            None => Vec::new(),
        };
        for name in FIELDS {
            if let Some(value) = fields.get(name).and_then(|raw| value::parse(raw.get().as_bytes()).ok()) {
                about.insert(format!("thread_{name}"), value);
            }
        }
        // Of the snapshot of the project its uncommitted changes may be endless; where it was is what is told.
        if let Some(snapshot) = fields.get("initial_project_snapshot")
            && let Ok(snapshot) = value::parse(snapshot.get().as_bytes())
            && let Some(tree) = value::list(&snapshot, "/worktree_snapshots").first()
        {
            for (name, pointer) in [
                ("worktree_path", "/worktree_path"),
                ("head_sha", "/git_state/head_sha"),
                ("current_branch", "/git_state/current_branch"),
                ("remote_url", "/git_state/remote_url"),
            ] {
                about.insert(name.to_owned(), tree.pointer(pointer).cloned().unwrap_or_default());
            }
        }
        let messages = messages.into_iter().map(|message| one_line(message.get()).into_owned()).collect();
        Ok(Self { messages, about })
    }
}

impl Rows for Thread {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        Ok(self.messages.iter().map(|message| mark(b"", message.as_bytes())).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let message = self.messages.get(index).map_or("null", String::as_str);
        json.extend_from_slice(message.as_bytes());
        let growing = index + 1 == self.messages.len()
            && value::parse(message.as_bytes()).is_ok_and(|message| has_open_calls(&message));
        Ok(if growing { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        let about = serde_json::to_vec(&self.about).expect("a value can be written into memory");
        Ok(vec![("thread".to_owned(), about)])
    }
}

/// Whether a call in a message has no result yet.
fn has_open_calls(message: &Value) -> bool {
    value::list(message, "/Agent/content").iter().filter_map(|item| item.get("ToolUse")).any(|call| {
        let id = value::text(call, "/id").unwrap_or_default();
        message.pointer("/Agent/tool_results").and_then(|results| results.get(id)).is_none()
    })
}
