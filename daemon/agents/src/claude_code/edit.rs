//! Changes to files, as unified diff hunks.

use opensession_hail::{Edit, EditOperation};

use super::{
    record::Outcome,
    skim::{self, Skim},
    state::Call,
};
use crate::hunks::Hunks;

/// Whether the tool changes files.
pub(super) fn is_edit(name: &str) -> bool {
    matches!(name, "Edit" | "MultiEdit" | "Write" | "NotebookEdit")
}

/// The edit that a successful call made, from its result, or from its input where the result does not tell.
/// `shown` is what the model was shown.
pub(super) fn find(call: &Call, outcome: &Outcome<'_>, shown: &str) -> Option<Edit> {
    let input = call.input.as_deref().unwrap_or("{}");
    let of_input = |key| skim::member(input, key);
    let path = skim::string(outcome.path)
        .or_else(|| skim::string(of_input("file_path")))
        .or_else(|| skim::string(of_input("notebook_path")))?;

    let mut hunks = Hunks::default();
    if let Some(patch) = outcome.patch {
        add_patch(patch, &mut hunks);
    }
    let mut operation = EditOperation::Update;
    if call.name == "Write" {
        // Where the file was there already and no patch was kept, nothing tells which lines changed.
        if outcome.kind == Some(r#""create""#) || outcome.kind.is_none() && shown.starts_with("File created") {
            operation = EditOperation::Create;
        }
        if operation == EditOperation::Create && hunks.is_empty() {
            let content = outcome.content.or(of_input("content")).and_then(skim::text);
            hunks.compare("", content.as_deref().unwrap_or_default());
        }
    } else if hunks.is_empty() {
        add_input(input, outcome, &mut hunks);
    }
    Some(hunks.edit(path, operation, Some(&call.id)))
}

/// Takes over a `structuredPatch`.
fn add_patch(patch: &str, hunks: &mut Hunks) {
    // What comes before damage is good.
    _ = Skim::new(patch, 0).array(|skim| {
        let (mut numbers, mut lines) = ([0; 4], None);
        skim.object(|skim, key| {
            let value = skim.value()?;
            let place = match key {
                "oldStart" => &mut numbers[0],
                "oldLines" => &mut numbers[1],
                "newStart" => &mut numbers[2],
                "newLines" => &mut numbers[3],
                "lines" => {
                    lines = Some(value);
                    return Ok(());
                }
                _ => return Ok(()),
            };
            *place = skim::number(Some(value)).unwrap_or(0);
            Ok(())
        })?;
        if let Some(lines) = lines {
            hunks.head(numbers);
            Skim::new(lines, 0).array(|skim| {
                if let Some(line) = skim::text(skim.value()?) {
                    hunks.line(&line);
                }
                Ok(())
            })?;
        }
        Ok(())
    });
}

/// Compares the texts that the call names. Where in the file they stand is not known: lines are counted from 1.
fn add_input(input: &str, outcome: &Outcome<'_>, hunks: &mut Hunks) {
    if let Some(edits) = outcome.edits.or_else(|| skim::member(input, "edits")) {
        // What comes before damage is good.
        _ = Skim::new(edits, 0).array(|skim| {
            let edit = skim.value()?;
            compare(skim::member(edit, "old_string"), skim::member(edit, "new_string"), hunks);
            Ok(())
        });
        return;
    }
    let either = |found: Option<&str>, keys: [&'static str; 2]| {
        found
            .map(str::to_owned)
            .or_else(|| keys.into_iter().find_map(|key| skim::member(input, key)).map(str::to_owned))
    };
    let old = either(outcome.old, ["old_string", "old_source"]);
    let new = either(outcome.new, ["new_string", "new_source"]);
    let inserts = outcome.edit_mode.or_else(|| skim::member(input, "edit_mode")) == Some(r#""insert""#);
    if old.is_some() || inserts {
        compare(old.as_deref(), new.as_deref(), hunks);
    }
}

fn compare(old: Option<&str>, new: Option<&str>, hunks: &mut Hunks) {
    let old = old.and_then(skim::text).unwrap_or_default();
    let new = new.and_then(skim::text).unwrap_or_default();
    hunks.compare(&old, &new);
}
