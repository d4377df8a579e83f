//! Todo lists: `TodoWrite` gives the whole list, `TaskCreate` and `TaskUpdate` change it item by item.

use std::borrow::Cow;

use opensession_hail::{Body, Todo, TodoItem, TodoStatus};

use super::{
    skim::{self, Skim},
    state::{Call, State},
};

/// The list as an event.
pub(super) fn event(items: &[TodoItem]) -> Body {
    Body::Todo(Todo { items: items.to_vec() })
}

/// The items of a JSON array; elements that are none are left out.
pub(super) fn items(array: &str) -> Vec<TodoItem> {
    let mut items = Vec::new();
    // What comes before damage is good.
    _ = Skim::new(array, 0).array(|skim| {
        items.extend(item(skim.value()?));
        Ok(())
    });
    items
}

fn item(object: &str) -> Option<TodoItem> {
    let content =
        skim::string(skim::member(object, "content")).or_else(|| skim::string(skim::member(object, "subject")))?;
    let status = skim::member(object, "status").and_then(skim::text).and_then(|text| status(&text));
    Some(TodoItem { id: id(skim::member(object, "id")), content, status: status.unwrap_or(TodoStatus::Pending) })
}

/// Ids are strings, or numbers in some versions.
fn id(value: Option<&str>) -> Option<String> {
    let value = value.filter(|value| *value != "null")?;
    Some(skim::text(value).map_or_else(|| value.to_owned(), Cow::into_owned))
}

fn status(text: &str) -> Option<TodoStatus> {
    Some(match text {
        "pending" => TodoStatus::Pending,
        "in_progress" => TodoStatus::InProgress,
        "completed" => TodoStatus::Completed,
        "cancelled" | "canceled" => TodoStatus::Cancelled,
        _ => return None,
    })
}

/// Follows a successful `TaskCreate`, `TaskUpdate` or `TaskList`. `task` and `tasks` are what the tool gave, `content` is
/// what the model was shown. True when the list changed.
pub(super) fn follow(state: &mut State, call: &Call, task: Option<&str>, tasks: Option<&str>, content: &str) -> bool {
    let input = call.input.as_deref().unwrap_or("{}");
    let mut list = state.todos.clone();
    match &*call.name {
        "TaskCreate" => {
            let number = task.and_then(|task| id(skim::member(task, "id"))).or_else(|| {
                let digits = content.strip_prefix("Task #")?;
                Some(digits.chars().take_while(char::is_ascii_digit).collect())
            });
            let subject = task.and_then(|task| skim::string(skim::member(task, "subject")));
            let Some(content) = subject.or_else(|| skim::string(skim::member(input, "subject"))) else { return false };
            list.push(TodoItem { id: number, content, status: TodoStatus::Pending });
        }
        "TaskUpdate" => {
            let Some(number) = id(skim::member(input, "taskId")) else { return false };
            let Some(at) = list.iter().position(|item| item.id.as_ref() == Some(&number)) else { return false };
            match skim::member(input, "status").and_then(skim::text) {
                Some(text) if text == "deleted" => {
                    list.remove(at);
                }
                text => {
                    if let Some(status) = text.and_then(|text| status(&text)) {
                        list[at].status = status;
                    }
                    if let Some(subject) = skim::string(skim::member(input, "subject")) {
                        list[at].content = subject;
                    }
                }
            }
        }
        "TaskList" => {
            let Some(tasks) = tasks else { return false };
            list = items(tasks);
        }
        _ => return false,
    }
    let changed = list != state.todos;
    state.set_todos(list);
    changed
}
