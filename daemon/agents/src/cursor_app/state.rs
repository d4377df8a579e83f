//! What a deriver of Cursor's keeps between records.

use std::collections::BTreeMap;

use jiff::Timestamp;
use opensession_hail::{Body, Event, Todo, TodoItem, TodoStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Derived, Facts, Problem, Record, StateError, derive, lenient_json, waiting_edits::WaitingEdits};

/// Changes whenever a state of before cannot be read on.
const VERSION: u32 = 1;
/// So many items of a todo list are kept, for tools that change a part of it.
const TODOS: usize = 40;
/// A todo item is kept up to this length.
const TODO_BYTES: usize = 160;

/// Everything a deriver keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    version: u32,
    pub(super) facts: Facts,
    /// The title told last.
    pub(super) title: Option<String>,
    /// Costs told, by model, in cents.
    pub(super) costs: BTreeMap<String, u64>,
    /// The session's folder is known from where Cursor keeps it, not only from a message.
    pub(super) placed: bool,
    /// Edits whose calls have no result yet.
    pub(super) waiting: WaitingEdits,
    todos: Vec<TodoItem>,
    /// The time that the last prompt named, for transcripts.
    pub(super) time: Option<Timestamp>,
}

impl State {
    /// The state at the beginning of a session, or the one kept.
    pub(super) fn take_up(kept: Option<&[u8]>) -> Result<Self, StateError> {
        kept.map_or_else(|| Ok(Self { version: VERSION, ..Self::default() }), |kept| derive::take_up(kept, VERSION))
    }

    pub(super) fn put_down(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a state is JSON")
    }

    /// Takes note of the session's folder. `placed` when Cursor keeps it as such; a message only names one.
    pub(super) fn in_folder(&mut self, folder: Option<String>, placed: bool) {
        let Some(folder) = folder.filter(|folder| !folder.is_empty()) else { return };
        if self.facts.cwd.is_none() || placed && !self.placed {
            self.facts.cwd = Some(folder.clone());
            self.facts.last_cwd = Some(folder);
            self.placed |= placed;
        }
    }

    /// Takes note of a model's name, unless it is the choice of none.
    pub(super) fn answered_by(&mut self, model: Option<&str>) {
        if let Some(model) = model.filter(|model| !matches!(*model, "" | "default" | "auto")) {
            self.facts.model = Some(model.to_owned());
        }
    }

    /// The todo list after `items` were written over it, or, with `merge`, into it.
    pub(super) fn todo(&mut self, items: Vec<TodoItem>, merge: bool) -> Todo {
        let mut all = if merge { std::mem::take(&mut self.todos) } else { Vec::new() };
        for item in items {
            match all.iter_mut().find(|known| item.id.is_some() && known.id == item.id) {
                Some(known) if item.content.is_empty() => known.status = item.status,
                Some(known) => *known = item,
                None => all.push(item),
            }
        }
        self.todos = all.iter().take(TODOS).map(shortened).collect();
        Todo { items: all }
    }
}

fn shortened(item: &TodoItem) -> TodoItem {
    let cut = |text: &str| text[..text.floor_char_boundary(TODO_BYTES)].to_owned();
    TodoItem { id: item.id.as_deref().map(cut), content: cut(&item.content), status: item.status }
}

/// The items of a todo list as a tool's input or a message holds them: objects, or texts of JSON.
pub(super) fn todo_items(list: &[Value]) -> Vec<TodoItem> {
    list.iter()
        .filter_map(|item| match item {
            Value::String(text) => todo_item(&serde_json::from_str(text).ok()?),
            item => todo_item(item),
        })
        .collect()
}

fn todo_item(item: &Value) -> Option<TodoItem> {
    let status = match lenient_json::text(item, "status")?.trim_start_matches("TODO_STATUS_") {
        "in_progress" | "IN_PROGRESS" => TodoStatus::InProgress,
        "completed" | "COMPLETED" => TodoStatus::Completed,
        "cancelled" | "CANCELLED" => TodoStatus::Cancelled,
        _ => TodoStatus::Pending,
    };
    let id = match item.get("id") {
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => lenient_json::owned(item, "id"),
    };
    let content = lenient_json::owned(item, "content").unwrap_or_default();
    (id.is_some() || !content.is_empty()).then_some(TodoItem { id, content, status })
}

/// Where the events of a record go, with what they have in common.
pub(super) struct Out<'a> {
    pub(super) derived: &'a mut Derived,
    pub(super) id: Option<String>,
    pub(super) ts: Option<Timestamp>,
}

impl Out<'_> {
    pub(super) fn push(&mut self, body: Body) {
        self.derived.events.push(Event { id: self.id.clone(), ts: self.ts, ..Event::new(body) });
    }
}

/// The record's JSON; a problem where it is none.
pub(super) fn parse(record: &Record<'_>, derived: &mut Derived) -> Option<Value> {
    match serde_json::from_slice(record.bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            derived.problems.push(Problem::of(record, lenient_json::not_json(&error)));
            None
        }
    }
}
