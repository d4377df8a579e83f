//! What a tool call is, as far as it is told differently: a shell command, a change to a file, a todo list, a sub-agent.

use opensession_hail::{Edit, EditOperation, Todo, TodoItem, TodoStatus};

use super::json::{self, Value};
use crate::hunks::Hunks;

/// More changes than this in one call are not told one by one.
const MOST_EDITS: usize = 100;
/// More items than this in a todo list are not taken.
const MOST_ITEMS: usize = 500;

/// The names of an agent's tools, all versions together.
#[derive(Debug)]
pub(crate) struct Tools {
    /// Those that run a shell command.
    pub(crate) shells: &'static [&'static str],
    /// Those that replace text in a file.
    pub(crate) edits: &'static [&'static str],
    /// Those that make a new file.
    pub(crate) creates: &'static [&'static str],
    /// Those that write a whole file, new or not.
    pub(crate) writes: &'static [&'static str],
    /// Those that write the todo list.
    pub(crate) todos: &'static [&'static str],
    /// Those that start a sub-agent.
    pub(crate) agents: &'static [&'static str],
}

impl Tools {
    /// The command line of a call of a shell tool.
    pub(super) fn command<'v>(&self, name: &str, input: &'v Value<'_>) -> Option<&'v str> {
        if !self.shells.contains(&name) {
            return None;
        }
        json::text_of(input, &["command", "cmd", "CommandLine", "script"])
    }

    /// The changes that a call asks for, made or not.
    pub(super) fn edits(&self, name: &str, input: &Value<'_>) -> Vec<Edit> {
        let Some(path) = json::text_of(input, PATHS) else { return Vec::new() };
        if self.is_write(name) || self.creates.contains(&name) {
            let content =
                json::either(input, &["content", "file_text", "fileText", "CodeContent"]).and_then(Value::as_str);
            return vec![match content {
                Some(content) => created(path, content),
                None => Hunks::default().edit(path, EditOperation::Create, None),
            }];
        }
        if !self.edits.contains(&name) {
            return Vec::new();
        }
        let mut hunks = Hunks::default();
        let several = json::either(input, &["edits", "ReplacementChunks"]).and_then(Value::as_array);
        match several {
            Some(edits) => edits.iter().take(MOST_EDITS).for_each(|edit| replace(&mut hunks, edit)),
            None => replace(&mut hunks, input),
        }
        vec![hunks.edit(path, EditOperation::Update, None)]
    }

    /// Whether only the result tells if the file is new.
    pub(super) fn is_write(&self, name: &str) -> bool {
        self.writes.contains(&name)
    }

    /// The todo list that a call writes.
    pub(super) fn todo(&self, name: &str, input: &Value<'_>) -> Option<Todo> {
        if !self.todos.contains(&name) {
            return None;
        }
        let items = json::either(input, &["todos", "items", "todo"])?;
        if let Some(text) = items.as_str() {
            return Some(todo_of_text(text));
        }
        todo(items)
    }
}

/// Members that name a file.
const PATHS: &[&str] = &["file_path", "path", "absolute_path", "filePath", "TargetFile", "AbsolutePath"];

fn replace(hunks: &mut Hunks, edit: &Value<'_>) {
    let of = |keys: &[&str]| json::either(edit, keys).and_then(Value::as_str);
    let old = of(&["old_string", "oldText", "old_str", "old_text", "oldStr", "old", "TargetContent"]);
    let new = of(&["new_string", "newText", "new_str", "new_text", "newStr", "new", "ReplacementContent"]);
    if old.is_some() || new.is_some() {
        hunks.compare(old.unwrap_or_default(), new.unwrap_or_default());
    }
}

/// A file that was written whole.
pub(crate) fn created(path: &str, content: &str) -> Edit {
    Hunks::between("", content).edit(path, EditOperation::Create, None)
}

/// The todo list that an array of items is.
pub(crate) fn todo(items: &Value<'_>) -> Option<Todo> {
    let items = items.as_array()?.iter().take(MOST_ITEMS);
    let items = items.filter_map(|item| {
        let content = item.as_str().or_else(|| json::text_of(item, &["content", "description", "title", "text"]))?;
        let status = match json::text(item, "status").unwrap_or_default() {
            "completed" | "done" => TodoStatus::Completed,
            "in_progress" | "in-progress" => TodoStatus::InProgress,
            "cancelled" | "blocked" => TodoStatus::Cancelled,
            _ => TodoStatus::Pending,
        };
        Some(TodoItem { id: json::owned(item, "id"), content: content.to_owned(), status })
    });
    Some(Todo { items: items.collect() })
}

/// A todo list that is written as lines: `1. [in_progress] what`, `- [x] what`.
pub(crate) fn todo_of_text(text: &str) -> Todo {
    let items = text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches(|first: char| first.is_ascii_digit());
        let line = line.trim_start_matches(['.', ')', '-', '*', ' ']);
        let (status, content) = match line.strip_prefix('[').and_then(|line| line.split_once(']')) {
            Some((status, content)) => (status.trim(), content.trim()),
            None => ("", line),
        };
        let status = match status {
            "completed" | "done" | "x" | "X" => TodoStatus::Completed,
            "in_progress" | "~" | "/" => TodoStatus::InProgress,
            "cancelled" => TodoStatus::Cancelled,
            _ => TodoStatus::Pending,
        };
        (!content.is_empty()).then(|| TodoItem { id: None, content: content.to_owned(), status })
    });
    Todo { items: items.take(MOST_ITEMS).collect() }
}
