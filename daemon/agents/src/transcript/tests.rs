//! Hunks and lists, in and out.

use super::{hunks::Hunks, tools};

#[test]
fn hunks_are_compared_and_taken_over() {
    let cases = [
        ("", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n", 2, 0),
        ("a\nb", "a\nc", "@@ -1,2 +1,2 @@\n a\n-b\n+c\n", 1, 1),
        ("a\n", "", "@@ -1,1 +0,0 @@\n-a\n", 0, 1),
    ];
    for (old, new, diff, added, removed) in cases {
        let mut hunks = Hunks::default();
        hunks.compare(old, new);
        let edit = hunks.edit("f", opensession_hail::EditOperation::Update);
        assert_eq!((edit.diff.as_deref(), edit.added, edit.removed), (Some(diff), Some(added), Some(removed)));
    }
    let mut hunks = Hunks::default();
    hunks.unified(
        "Index: a\n===\n--- a\tOriginal\n+++ a\tWritten\n@@ -1,1 +1,1 @@\n-x\n+y\n\\ No newline at end of file\n",
    );
    assert_eq!(
        hunks.edit("f", opensession_hail::EditOperation::Update).diff.as_deref(),
        Some("@@ -1,1 +1,1 @@\n-x\n+y\n")
    );
}

#[test]
fn todo_lists_written_as_lines() {
    let todo = tools::todo_of_text("1. [completed] look\n2. [in_progress] fix it\n\n- [ ] test\nplain");
    let items: Vec<String> = todo.items.iter().map(|item| format!("{:?} {}", item.status, item.content)).collect();
    assert_eq!(items, ["Completed look", "InProgress fix it", "Pending test", "Pending plain"]);
}
