//! What a call wants to change, from its input.

use opensession_hail::EditOperation;
use serde_json::Value;

use super::state::Waiting;
use crate::{codex::patch, hunks::Hunks};

/// The edits that the tool `name` makes when its call succeeds.
pub(super) fn of_call(name: &str, input: &Value) -> Vec<Waiting> {
    let text = |key: &str| input[key].as_str();
    let Some(path) = text("path").or_else(|| text("file_path")).or_else(|| text("absolutePath")) else {
        let patch = (name == "apply_patch").then(|| text("input").or_else(|| text("patch"))).flatten();
        return patch.and_then(patch::inside).map(patch::edits).unwrap_or_default().into_iter().map(of_patch).collect();
    };
    match name {
        "write_to_file" | "new_file" => text("content").map(|content| whole(path, content)).into_iter().collect(),
        "replace_in_file" | "apply_diff" | "edit_file" => {
            text("diff").or_else(|| text("content")).map(|diff| of_diff(path, diff)).into_iter().collect()
        }
        "editor" | "search_and_replace" | "search_replace" | "edit" => {
            let old = text("old_text").or_else(|| text("search")).or_else(|| text("old_string"));
            let new = text("new_text").or_else(|| text("replace")).or_else(|| text("new_string"));
            match (old, new) {
                (Some(old), Some(new)) => vec![compared(path, old, new)],
                (None, Some(new)) => vec![whole(path, new)],
                _ => Vec::new(),
            }
        }
        "insert_content" => {
            let content = text("content").unwrap_or_default();
            vec![Waiting { whole: false, ..whole(path, content) }]
        }
        _ => Vec::new(),
    }
}

/// A file's whole new text.
pub(super) fn whole(path: &str, content: &str) -> Waiting {
    waiting(path, Hunks::between("", content), true)
}

fn compared(path: &str, old: &str, new: &str) -> Waiting {
    let mut hunks = Hunks::default();
    hunks.compare(old, new);
    waiting(path, hunks, false)
}

/// Blocks to search and replace, a patch, a unified diff, or else the file's new text.
pub(super) fn of_diff(path: &str, diff: &str) -> Waiting {
    let mut hunks = Hunks::default();
    blocks(diff, &mut hunks);
    if hunks.text.is_empty() && diff.lines().any(|line| line.starts_with("@@")) {
        hunks.unnumbered(diff);
    }
    if hunks.text.is_empty() { Waiting { known: false, ..whole(path, "") } } else { waiting(path, hunks, false) }
}

/// Whether a text holds blocks to search and replace.
pub(super) fn is_diff(text: &str) -> bool {
    text.lines().any(|line| is_begin(line) || line.starts_with("@@ "))
}

fn is_begin(line: &str) -> bool {
    let rest = line.trim_start_matches(['-', '<']);
    line.len() - rest.len() >= 3 && matches!(rest.trim_end(), " SEARCH" | " SEARCH>")
}

fn blocks(text: &str, hunks: &mut Hunks) {
    let lines: Vec<&str> = text.lines().collect();
    let is_middle = |line: &str| line.len() >= 5 && line.trim_end().bytes().all(|byte| byte == b'=');
    let is_end = |line: &str| line.trim_start_matches(['+', '>']).trim_end() == " REPLACE" && line.len() > 8;
    let mut at = 0;
    while at < lines.len() {
        if !is_begin(lines[at]) {
            at += 1;
            continue;
        }
        let Some(middle) = (at + 1..lines.len()).find(|at| is_middle(lines[*at])) else { break };
        let Some(end) = (middle + 1..lines.len()).find(|at| is_end(lines[*at])) else { break };
        let mut old = &lines[at + 1..middle];
        // `:start_line:12` and a rule stand above the lines to be found.
        while old.first().is_some_and(|line| line.starts_with(":start_line:") || line.starts_with(":end_line:")) {
            old = &old[1..];
            if old.first().is_some_and(|line| *line == "-------") {
                old = &old[1..];
            }
        }
        hunks.compare(&joined(old), &joined(&lines[middle + 1..end]));
        at = end + 1;
    }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

fn waiting(path: &str, hunks: Hunks, whole: bool) -> Waiting {
    Waiting {
        path: short(path),
        operation: EditOperation::Update,
        diff: hunks.text,
        added: hunks.added,
        removed: hunks.removed,
        known: true,
        whole,
    }
}

fn of_patch(edit: opensession_hail::Edit) -> Waiting {
    Waiting {
        path: short(&edit.path),
        // Where a renamed file went is not kept while its call waits.
        operation: if edit.operation == EditOperation::Rename { EditOperation::Update } else { edit.operation },
        known: edit.diff.is_some(),
        added: edit.added.unwrap_or(0),
        removed: edit.removed.unwrap_or(0),
        diff: edit.diff.unwrap_or_default(),
        whole: false,
    }
}

fn short(path: &str) -> String {
    path[..path.floor_char_boundary(1000)].to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn edits_of_calls() {
        let shown = |name: &str, input: Value| -> String {
            of_call(name, &input)
                .into_iter()
                .map(|edit| format!("{} {:?} {}\n{}", edit.path, edit.operation, edit.whole, edit.diff))
                .collect()
        };
        let replaced = shown(
            "replace_in_file",
            json!({"path": "a", "diff": "------- SEARCH\nx\n=======\ny\n+++++++ REPLACE\n<<<<<<< SEARCH\n=======\nz\n>>>>>>> REPLACE"}),
        );
        assert_eq!(replaced, "a Update false\n@@ -1 +1 @@\n-x\n+y\n@@ -0,0 +1,1 @@\n+z\n");
        let roo = shown(
            "apply_diff",
            json!({"path": "a", "diff": "<<<<<<< SEARCH\n:start_line:3\n-------\nx\n=======\ny\n>>>>>>> REPLACE"}),
        );
        assert_eq!(roo, "a Update false\n@@ -1 +1 @@\n-x\n+y\n");
        assert_eq!(
            shown("write_to_file", json!({"path": "a", "content": "x"})),
            "a Update true\n@@ -0,0 +1,1 @@\n+x\n"
        );
        assert_eq!(
            shown("editor", json!({"path": "a", "old_text": "x\n", "new_text": "y\n"})),
            "a Update false\n@@ -1 +1 @@\n-x\n+y\n"
        );
        let patch = shown("apply_patch", json!({"input": "*** Begin Patch\n*** Add File: b\n+x\n*** End Patch"}));
        assert_eq!(patch, "b Create false\n@@ -0,0 +1,1 @@\n+x\n");
        assert_eq!(shown("read_file", json!({"path": "a"})), "");
    }
}
