//! Changes that Cursor's tools make to files, in the forms of all its versions.

use opensession_hail::{Edit, EditOperation};
use serde_json::Value;

use crate::{codex::patch, hunks::Hunks, lenient_json};

/// What there is to tell an edit from.
#[derive(Clone, Copy)]
pub(super) struct Made<'a> {
    /// The tool's name.
    pub(super) tool: &'a str,
    /// Its input.
    pub(super) input: &'a Value,
    /// Its input as Cursor keeps it beside, with paths resolved.
    pub(super) resolved: &'a Value,
    /// What came back, `null` where that is not known.
    pub(super) result: &'a Value,
    /// The whole texts before and after, where they were kept.
    pub(super) contents: Option<(&'a str, &'a str)>,
    /// Lines of the change, as shown to the person.
    pub(super) lines: &'a [Value],
}

/// The edits that a call made, or would make where nothing tells how it went.
pub(super) fn edits(made: &Made<'_>, call_id: Option<&str>) -> Vec<Edit> {
    let name: String = made.tool.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let edit = match name.as_str() {
        "editfile" | "reapply" | "editfilev2" => changed(made, call_id),
        "searchreplace" | "strreplace" | "multiedit" | "multistrreplace" => replaced(made, call_id),
        "write" | "createfile" => written(made, call_id),
        "editnotebook" => notebook(made, call_id),
        "deletefile" | "delete" => path(made).map(|path| Hunks::default().edit(path, EditOperation::Delete, call_id)),
        "applypatch" => return patched(made, call_id),
        _ => None,
    };
    edit.into_iter().collect()
}

fn owned(call_id: Option<&str>) -> Option<String> {
    call_id.map(str::to_owned)
}

fn path(made: &Made<'_>) -> Option<String> {
    const NAMES: [&str; 8] = [
        "target_file",
        "file_path",
        "path",
        "target_notebook",
        "filePath",
        "relativeWorkspacePath",
        "targetFile",
        "absolutePath",
    ];
    lenient_json::any_text(made.input, &NAMES)
        .or_else(|| lenient_json::any_text(made.resolved, &NAMES))
        .map(str::to_owned)
}

/// From the recorded change: whole texts, chunks or lines; by name alone where nothing was recorded.
fn changed(made: &Made<'_>, call_id: Option<&str>) -> Option<Edit> {
    let path = path(made)?;
    let (hunks, operation) = recorded(made);
    Some(hunks.edit(path, operation, call_id))
}

fn recorded(made: &Made<'_>) -> (Hunks, EditOperation) {
    if let Some((before, after)) = made.contents {
        let operation = if before.is_empty() { EditOperation::Create } else { EditOperation::Update };
        return (Hunks::between(before, after), operation);
    }
    let chunks = made.result.get("diff").map_or(&[][..], |diff| lenient_json::list(diff, "chunks"));
    let mut hunks = Hunks::default();
    for chunk in chunks {
        let Some(lines) = lenient_json::text(chunk, "diffString") else { continue };
        let number = |key| lenient_json::number(chunk, key).unwrap_or(0);
        hunks.head([number("oldStart"), number("oldLines"), number("newStart"), number("newLines")]);
        // A line has its sign and a blank before it; the line feed that ends it may follow a carriage return.
        for line in lines.split('\n') {
            let line = line.strip_suffix('\r').unwrap_or(line);
            let sign = match line.as_bytes().first() {
                Some(b'+') => '+',
                Some(b'-') => '-',
                _ => ' ',
            };
            hunks.sign(sign, line.get(2..).unwrap_or_default());
        }
    }
    if hunks.is_empty() && !made.lines.is_empty() {
        shown(made.lines, &mut hunks);
    }
    (hunks, EditOperation::Update)
}

/// From the lines that the person was shown: no line numbers but the first changed ones are sure.
fn shown(lines: &[Value], hunks: &mut Hunks) {
    let count = |kinds: [&str; 2]| {
        let of_kind = |line: &&Value| lenient_json::text(line, "type").is_some_and(|kind| kinds.contains(&kind));
        lines.iter().filter(of_kind).count() as u64
    };
    let first = |key| lines.iter().find_map(|line| lenient_json::number(line, key)).unwrap_or(0);
    let (old, new) = (count(["removed", "unchanged"]), count(["added", "unchanged"]));
    hunks.head([first("originalLineNumber"), old, first("modifiedLineNumber"), new]);
    for line in lines {
        let text = line.get("content").and_then(Value::as_str).unwrap_or_default();
        match lenient_json::text(line, "type") {
            Some("added") => hunks.sign('+', text),
            Some("removed") => hunks.sign('-', text),
            Some("unchanged") => hunks.sign(' ', text),
            _ => {}
        }
    }
}

/// A replacement of one text by another, or of several.
fn replaced(made: &Made<'_>, call_id: Option<&str>) -> Option<Edit> {
    let path = path(made)?;
    let (mut hunks, mut operation) = recorded(made);
    if hunks.is_empty() {
        operation = EditOperation::Update;
        let several = lenient_json::list(made.input, "edits");
        for edit in several.iter().chain(several.is_empty().then_some(made.input)) {
            let text = |key| edit.get(key).and_then(Value::as_str).unwrap_or_default();
            hunks.compare(text("old_string"), text("new_string"));
        }
    }
    Some(hunks.edit(path, operation, call_id))
}

/// A whole file. Whether it was there before is known only where the text before was kept.
fn written(made: &Made<'_>, call_id: Option<&str>) -> Option<Edit> {
    let path = path(made)?;
    let (hunks, operation) = recorded(made);
    Some(hunks.edit(path, operation, call_id))
}

fn notebook(made: &Made<'_>, call_id: Option<&str>) -> Option<Edit> {
    let text = |key| made.input.get(key).and_then(Value::as_str).unwrap_or_default();
    let hunks = Hunks::between(text("old_string"), text("new_string"));
    Some(hunks.edit(path(made)?, EditOperation::Update, call_id))
}

fn patched(made: &Made<'_>, call_id: Option<&str>) -> Vec<Edit> {
    let text = made.input.as_str().or_else(|| lenient_json::any_text(made.input, &["patch", "input"]));
    let Some(patch) = text.and_then(patch::inside) else { return Vec::new() };
    let mut edits = patch::edits(patch);
    for edit in &mut edits {
        edit.call_id = owned(call_id);
    }
    edits
}
