//! What a deriver of tasks keeps between records.

use opensession_hail::Edit;
use serde::{Deserialize, Serialize};

use crate::Facts;

/// Changes whenever a state of before cannot be read on.
pub(super) const VERSION: u32 = 1;
/// Calls that wait for their results.
const CALLS: usize = 64;
/// Hunks kept while their calls wait; those of further edits are dropped, the edits are not.
const DIFF_BYTES: usize = 24_000;
/// Files remembered as the task's own.
const OWN: usize = 64;
/// Output kept until its commands have ended.
pub(super) const OUTPUT_BYTES: usize = 16_000;

/// Everything that is kept.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub(super) version: u32,
    pub(super) facts: Facts,
    /// Messages of the model's view are there, elements of the person's.
    pub(super) messages: bool,
    pub(super) items: bool,
    /// The last time seen, in milliseconds.
    pub(super) time: Option<i64>,
    pub(super) calls: Vec<Call>,
    pub(super) next_call: u32,
    /// Files that were shown as new.
    pub(super) created: Vec<String>,
    /// Files of which the first edit, the one that made them, was told.
    pub(super) own: Vec<String>,
    /// Hashes of the last todo list and of the last tool that was shown.
    pub(super) todos: u64,
    pub(super) shown: u64,
    pub(super) prompted: bool,
}

/// A call that waits for its result.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) edits: Vec<Waiting>,
    /// What a command put out so far.
    pub(super) output: String,
}

/// An edit that is made once its call has succeeded.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Waiting {
    pub(super) path: String,
    /// `create`, `update`, `delete`, `rename`: as HAIL writes them.
    pub(super) operation: opensession_hail::EditOperation,
    pub(super) diff: String,
    pub(super) added: u64,
    pub(super) removed: u64,
    pub(super) known: bool,
    /// The file's whole new text, as added lines: they hold only if the file is new.
    pub(super) whole: bool,
}

impl State {
    /// Remembers a call until its result comes.
    pub(super) fn wait(&mut self, mut call: Call) {
        if self.calls.len() == CALLS {
            self.calls.remove(0);
        }
        call.edits.truncate(32);
        let mut kept: usize = self.calls.iter().flat_map(|call| &call.edits).map(|edit| edit.diff.len()).sum();
        for edit in &mut call.edits {
            kept += edit.diff.len();
            if kept > DIFF_BYTES {
                kept -= edit.diff.len();
                // How many lines it changes stays known.
                edit.diff = String::new();
            }
        }
        self.calls.push(call);
    }

    /// Whether an edit makes its file, or writes one anew that the task made.
    pub(super) fn creates(&mut self, edit: &Waiting, is_same: impl Fn(&str, &str) -> bool) -> bool {
        let own = self.own.iter().position(|path| *path == edit.path);
        if edit.operation == opensession_hail::EditOperation::Delete {
            if let Some(at) = own {
                self.own.remove(at);
            }
            return false;
        }
        if own.is_some() {
            return edit.whole;
        }
        let is_new = self.created.iter().any(|path| is_same(&edit.path, path));
        if is_new {
            if self.own.len() == OWN {
                self.own.remove(0);
            }
            self.own.push(edit.path.clone());
        }
        is_new
    }

    /// An id for a call that has none.
    pub(super) fn call_id(&mut self) -> String {
        self.next_call = self.next_call.saturating_add(1);
        format!("call-{}", self.next_call)
    }
}

impl Waiting {
    pub(super) fn made(self, call_id: &str, is_new: bool) -> Edit {
        use opensession_hail::EditOperation::{Create, Update};
        let operation = if is_new && self.operation == Update { Create } else { self.operation };
        let known = self.known && (!self.whole || operation == Create);
        Edit {
            path: self.path,
            operation,
            added: known.then_some(self.added),
            removed: known.then_some(self.removed),
            diff: (known && !self.diff.is_empty()).then_some(self.diff),
            to: None,
            call_id: Some(call_id.to_owned()),
        }
    }
}
