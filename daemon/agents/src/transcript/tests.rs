//! Lists, in and out.

use super::tools;

#[test]
fn todo_lists_written_as_lines() {
    let todo = tools::todo_of_text("1. [completed] look\n2. [in_progress] fix it\n\n- [ ] test\nplain");
    let items: Vec<String> = todo.items.iter().map(|item| format!("{:?} {}", item.status, item.content)).collect();
    assert_eq!(items, ["Completed look", "InProgress fix it", "Pending test", "Pending plain"]);
}
