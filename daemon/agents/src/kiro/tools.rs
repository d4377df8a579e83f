//! The tools of Amazon Q and Kiro: what a call of them changes, and what their results tell.

use opensession_hail::{Body, Content, Status, Todo, TodoItem, TodoStatus};

use crate::transcript::{
    Came, Session,
    json::{self, Value},
    tools::Tools,
};

const SHELLS: &[&str] = &["execute_bash", "execute_cmd", "shell"];
const WRITERS: &[&str] = &["fs_write", "write"];
const AGENTS: &[&str] = &["use_subagent", "subagent", "delegate"];

/// Calls of the tool that writes files, where they change one.
const CHANGES: Tools = Tools { shells: SHELLS, edits: WRITERS, creates: &[], writes: &[], todos: &[], agents: AGENTS };
/// Calls of it where they make one.
const CREATES: Tools = Tools { shells: SHELLS, edits: &[], creates: WRITERS, writes: &[], todos: &[], agents: AGENTS };

/// What the result of a tool for todo lists begins with, before the list.
const TODO: &str = "TODO LIST STATE: ";

/// More items than this in a todo list are not taken.
const MOST_ITEMS: usize = 500;

/// A part of a result.
#[derive(Clone, Copy)]
pub(super) enum Shown<'v> {
    Text(&'v str),
    Json(&'v Value<'v>),
}

/// What tools do that are called with `input`.
pub(super) fn of(input: &Value<'_>) -> &'static Tools {
    if json::text(input, "command") == Some("create") { &CREATES } else { &CHANGES }
}

/// Tells a result: its texts, a command's output with its exit code, the todo list that it holds.
pub(super) fn result<'v, Own>(
    id: Option<&str>,
    status: Status,
    shown: impl Iterator<Item = Shown<'v>>,
    session: &mut Session<'_, Own>,
) {
    let mut texts: Vec<String> = Vec::new();
    let mut exit_code = None;
    for part in shown {
        match part {
            Shown::Text(text) => texts.push(text.to_owned()),
            Shown::Json(value) => match json::text(value, "exit_status") {
                Some(exit) => {
                    exit_code = exit.rsplit(' ').next().and_then(|code| code.parse().ok());
                    texts.extend(["stdout", "stderr"].iter().filter_map(|name| json::owned(value, name)));
                }
                None => texts.push(json::shown(value)),
            },
        }
    }
    texts.retain(|text| !text.is_empty());
    let text = texts.join("\n");
    let list = list_in(&text);
    let status = if status == Status::Ok && exit_code.is_some_and(|code| code != 0) { Status::Error } else { status };
    session.result(Came { id, status, exit_code, content: Content::Text(text), ..Came::default() });
    if let Some(list) = list {
        session.push(id.map(|id| format!("{id}:todo")), Body::Todo(list));
    }
}

/// The todo list that a result holds.
fn list_in(text: &str) -> Option<Todo> {
    let list = text.strip_prefix(TODO)?;
    let list = serde_json::Deserializer::from_str(list).into_iter::<Value<'_>>().next()?.ok()?;
    let items = json::elements(&list, "tasks").iter().take(MOST_ITEMS).filter_map(|task| {
        let done = json::flag(task, "completed") == Some(true);
        let status = if done { TodoStatus::Completed } else { TodoStatus::Pending };
        Some(TodoItem { id: None, content: json::owned(task, "task_description")?, status })
    });
    Some(Todo { items: items.collect() })
}
