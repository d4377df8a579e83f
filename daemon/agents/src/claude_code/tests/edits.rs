//! Changes to files, from results and, where these tell nothing, from inputs.

use opensession_hail::{Body, Edit, EditOperation};
use serde_json::{Value, json};

use super::derive;

/// The edit of one call and its result.
fn edit(name: &str, input: &Value, result: Option<&Value>, shown: &str) -> Option<Edit> {
    let call = json!({"type": "assistant", "message": {"content": [
        {"type": "tool_use", "id": "t", "name": name, "input": input}]}});
    let mut answer = json!({"type": "user", "message": {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": shown}]}});
    if let Some(result) = result {
        answer["toolUseResult"] = result.clone();
    }
    let (derived, _) = derive(format!("{call}\n{answer}\n").as_bytes());
    assert_eq!(derived.problems, []);
    derived.events.into_iter().find_map(|event| match event.body {
        Body::Edit(edit) => Some(edit),
        _ => None,
    })
}

#[test]
fn a_written_file_is_created_or_unknown() {
    let input = json!({"file_path": "/a", "content": "one\ntwo\n"});
    let created = edit("Write", &input, None, "File created successfully at: /a").unwrap();
    assert_eq!(created.operation, EditOperation::Create);
    assert_eq!(created.diff.as_deref(), Some("@@ -0,0 +1,2 @@\n+one\n+two\n"));
    assert_eq!((created.added, created.removed), (Some(2), Some(0)));

    let updated = edit("Write", &input, None, "The file /a has been updated.").unwrap();
    assert_eq!((updated.operation, updated.diff, updated.added), (EditOperation::Update, None, None));

    let patch = json!({"type": "update", "filePath": "/b", "content": "two\n", "structuredPatch": [
        {"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1,
         "lines": ["-one", "+two", "\\ No newline at end of file"]}]});
    let updated = edit("Write", &input, Some(&patch), "updated").unwrap();
    assert_eq!(updated.path, "/b");
    assert_eq!(updated.diff.as_deref(), Some("@@ -1,1 +1,1 @@\n-one\n+two\n"));
    assert_eq!((updated.added, updated.removed), (Some(1), Some(1)));
}

#[test]
fn texts_too_long_to_compare_are_replaced() {
    let (old, new) = ("a\n".repeat(3000), "b\n".repeat(3000));
    let result = json!({"filePath": "/a", "oldString": old, "newString": new, "structuredPatch": []});
    let edit = edit("Edit", &json!({}), Some(&result), "updated").unwrap();
    assert_eq!((edit.added, edit.removed), (Some(3000), Some(3000)));
}

#[test]
fn a_cell_is_inserted_or_replaced() {
    let inserted = json!({"notebook_path": "/n.ipynb", "new_source": "x = 1", "edit_mode": "insert"});
    let edit_of = |input: &Value| edit("NotebookEdit", input, None, "done").unwrap();
    assert_eq!(edit_of(&inserted).diff.as_deref(), Some("@@ -0,0 +1,1 @@\n+x = 1\n"));
    let replaced = json!({"notebook_path": "/n.ipynb", "new_source": "x = 1"});
    assert_eq!(edit_of(&replaced).diff, None, "the old text is not known");
}

#[test]
fn a_failed_edit_is_none() {
    let call = json!({"file_path": "/a", "old_string": "a", "new_string": "b"});
    assert!(edit("Edit", &call, None, "ok").is_some());
    assert!(edit("Read", &call, None, "ok").is_none());
    assert!(edit("Edit", &json!({"old_string": "a"}), None, "ok").is_none(), "no file is named");
}
