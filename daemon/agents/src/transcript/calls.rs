//! Calls, their results, and the edits that are told once a call is known to have worked.

use std::collections::VecDeque;

use opensession_hail::{Body, Command, Content, Edit, EditOperation, Status, Subagent, ToolCall, ToolResult};
use serde::{Deserialize, Serialize};

use super::{
    Session,
    json::{self, Value},
    tools::Tools,
};
use crate::{
    codex::{hash_id, hash_words},
    derive::Activity,
    hunks::Hunks,
};

/// A diff longer than this is not kept while its call runs; the change is then told without it.
const DIFF_BYTES: usize = 256 << 10;

/// A call as the model made it.
#[derive(Debug)]
pub(crate) struct Made<'v> {
    /// What joins it with its result.
    pub(crate) id: Option<&'v str>,
    /// The event's id, where `id` is not one that names it among all sessions.
    pub(crate) event: Option<String>,
    pub(crate) name: &'v str,
    pub(crate) input: &'v Value<'v>,
    /// What it is for, where that does not stand in the input.
    pub(crate) description: Option<&'v str>,
}

/// What came back from a call.
#[derive(Debug, Default)]
pub(crate) struct Came<'v> {
    /// What joins it with its call.
    pub(crate) id: Option<&'v str>,
    pub(crate) name: Option<&'v str>,
    pub(crate) status: Status,
    pub(crate) exit_code: Option<i32>,
    pub(crate) duration_ms: Option<u64>,
    pub(crate) content: Content,
    /// The changes that were made, where the result tells; otherwise those that the call asked for.
    pub(crate) edits: Option<Vec<Edit>>,
}

/// A call of which more may come.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Call {
    #[serde(rename = "k")]
    key: u64,
    #[serde(rename = "e")]
    event: String,
    #[serde(rename = "n")]
    name: String,
    /// Its result was told.
    #[serde(rename = "d", skip_serializing_if = "std::ops::Not::not")]
    done: bool,
    /// It writes a file of which only the result tells whether it is new.
    #[serde(rename = "w", skip_serializing_if = "std::ops::Not::not")]
    unsure: bool,
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
}

/// A change that a call asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Change(String, EditOperation, Option<String>, Option<u64>, Option<u64>);

/// The calls made lately.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Calls(VecDeque<Call>);

impl Calls {
    /// At most so many are remembered, those without a result longer.
    const CAPACITY: usize = 64;

    fn get(&mut self, id: &str) -> Option<&mut Call> {
        let key = hash_id(id);
        self.0.iter_mut().rev().find(|call| call.key == key)
    }

    fn add(&mut self, call: Call) {
        self.0.retain(|known| known.key != call.key);
        if self.0.len() == Self::CAPACITY {
            let done = self.0.iter().position(|call| call.done).unwrap_or(0);
            self.0.remove(done);
        }
        self.0.push_back(call);
    }
}

impl<Own> Session<'_, Own> {
    /// A tool call, with the todo list or the start of a sub-agent that it is.
    pub(crate) fn call(&mut self, tools: &Tools, made: Made<'_>) {
        self.kept.facts.activity = Activity::Working;
        let Made { id, event, name, input, description } = made;
        let event = event.or_else(|| id.map(str::to_owned)).unwrap_or_else(|| {
            let hash = hash_words(name, &input.to_string());
            self.kept.ids.next(hash)
        });
        let description = description.or_else(|| json::text(input, "description"));
        if let Some(id) = id {
            let changes = tools.edits(name, input).into_iter().map(Change::of).collect();
            let name = name[..name.floor_char_boundary(64)].to_owned();
            let event = event[..event.floor_char_boundary(256)].to_owned();
            let unsure = tools.is_write(&name);
            self.kept.calls.add(Call { key: hash_id(id), event, name, done: false, unsure, changes });
        }
        let model = self.kept.facts.model.clone();
        let call_id = id.map(str::to_owned);
        if let Some(command) = tools.command(name, input) {
            let cwd = json::text_of(input, &["cwd", "workdir", "directory", "dir_path", "Cwd", "working_directory"]);
            let cwd = cwd.filter(|cwd| self.kept.facts.last_cwd.as_deref() != Some(*cwd)).map(str::to_owned);
            let body = Command {
                call_id,
                name: name.to_owned(),
                command: command.to_owned(),
                description: description.map(str::to_owned),
                cwd,
                model,
            };
            return self.push(Some(event), Body::Command(body));
        }
        let body = ToolCall { call_id: call_id.clone(), name: name.to_owned(), input: json::to_owned(input), model };
        self.push(Some(event.clone()), Body::ToolCall(body));
        if let Some(todo) = tools.todo(name, input) {
            self.push(Some(format!("{event}:todo")), Body::Todo(todo));
        }
        if tools.agents.contains(&name) {
            let kind = json::text_of(input, &["subagent_type", "agent_name", "agent", "agentId", "name"]);
            let body = Subagent {
                agent_id: None,
                call_id,
                name: kind.map(str::to_owned),
                description: description.map(str::to_owned),
                status: None,
            };
            self.push(Some(format!("{event}:subagent")), Body::Subagent(body));
        }
    }

    /// The file that a call wants to change, while its result is to come.
    pub(crate) fn path_of(&mut self, id: &str) -> Option<String> {
        self.kept.calls.get(id)?.changes.first().map(|change| change.0.clone())
    }

    /// A result, and the changes to files that it proves. The result of a call that had one already is dropped.
    pub(crate) fn result(&mut self, came: Came<'_>) {
        self.kept.facts.activity = Activity::Working;
        let Came { id, name, status, exit_code, duration_ms, content, edits } = came;
        let mut name = name.map(str::to_owned);
        let mut event = None;
        let mut wanted = Vec::new();
        let mut unsure = false;
        if let Some(call) = id.and_then(|id| self.kept.calls.get(id)) {
            if call.done {
                return;
            }
            call.done = status != Status::Running;
            name = Some(call.name.clone());
            event = Some(call.event.clone());
            if call.done {
                wanted = std::mem::take(&mut call.changes);
                unsure = call.unsure;
            }
        }
        let event = event.or_else(|| id.map(str::to_owned));
        let text = content.text();
        let made = match edits {
            _ if status != Status::Ok => Vec::new(),
            Some(edits) => edits,
            None => wanted.into_iter().map(|change| change.made(unsure, &text)).collect(),
        };
        drop(text);
        let call_id = id.map(str::to_owned);
        let result_id = event.as_ref().map(|event| format!("{event}:result"));
        let body = ToolResult { call_id: call_id.clone(), name, status, exit_code, duration_ms, content, stderr: None };
        self.push(result_id, Body::ToolResult(body));
        for (number, edit) in made.into_iter().enumerate() {
            let edit_id = event.as_ref().map(|event| format!("{event}:edit:{number}"));
            self.push(edit_id, Body::Edit(Edit { call_id: call_id.clone(), ..edit }));
        }
    }
}

impl Change {
    fn of(edit: Edit) -> Self {
        let diff = edit.diff.filter(|diff| diff.len() <= DIFF_BYTES);
        Change(edit.path, edit.operation, diff, edit.added, edit.removed)
    }

    /// The edit that was made. `unsure` whether it made a new file, `told` is what the model was shown.
    fn made(self, unsure: bool, told: &str) -> Edit {
        let Change(path, operation, diff, added, removed) = self;
        if unsure && !tells_new(told) {
            // What stood there before is not known.
            return Hunks::default().edit(path, EditOperation::Update, None);
        }
        Edit { path, operation, diff, added, removed, to: None, call_id: None }
    }
}

/// Whether a result says that the file that was written is new.
fn tells_new(told: &str) -> bool {
    let told = &told[..told.floor_char_boundary(200)];
    ["new file", "created", "Created"].iter().any(|word| told.contains(word))
}
