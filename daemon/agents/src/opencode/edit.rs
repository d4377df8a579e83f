//! What tools changed: from the diffs that they keep, or else from what they were asked.

use opensession_hail::{Edit, EditOperation};
use serde_json::Value;

use super::tool::Call;
use crate::{
    codex::patch,
    hunks::Hunks,
    json_deriver::value::{list, text},
};

/// The edits that a successful call made.
pub(super) fn edits(call: &Call<'_>) -> Vec<Edit> {
    let path = text(call.input, "/filePath").or_else(|| text(call.metadata, "/filepath")).unwrap_or_default();
    let one = |diff: Hunks, operation| vec![diff.edit(path, operation, call.call_id)];
    match call.name {
        "edit" => {
            let (old, new) = (text(call.input, "/oldString"), text(call.input, "/newString"));
            let diff =
                kept(call.metadata).unwrap_or_else(|| Hunks::between(old.unwrap_or_default(), new.unwrap_or_default()));
            let created = old.is_none() && diff.removed == 0;
            one(diff, if created { EditOperation::Create } else { EditOperation::Update })
        }
        "write" => {
            let existed = call.metadata.get("exists").and_then(Value::as_bool);
            match (kept(call.metadata), existed) {
                (Some(diff), Some(false)) => one(diff, EditOperation::Create),
                (Some(diff), _) => one(diff, EditOperation::Update),
                (None, Some(false)) => {
                    let content = text(call.input, "/content").unwrap_or_default();
                    one(Hunks::between("", content), EditOperation::Create)
                }
                // What stood there before is not known.
                (None, _) => one(Hunks::default(), EditOperation::Update),
            }
        }
        "multiedit" => {
            let kept: Vec<Hunks> = list(call.metadata, "/results").iter().filter_map(kept).collect();
            let asked = || {
                list(call.input, "/edits").iter().map(|edit| {
                    let of = |pointer| text(edit, pointer).unwrap_or_default();
                    Hunks::between(of("/oldString"), of("/newString"))
                })
            };
            let diffs = if kept.is_empty() { asked().collect() } else { kept };
            diffs.into_iter().map(|diff| diff.edit(path, EditOperation::Update, call.call_id)).collect()
        }
        "patch" | "apply_patch" => {
            let files = list(call.metadata, "/files");
            let applied: Vec<Edit> = files.iter().filter_map(|file| of_file(file, call)).collect();
            if !applied.is_empty() {
                return applied;
            }
            let asked = patch::edits(text(call.input, "/patchText").unwrap_or_default());
            let call_id = call.call_id.map(str::to_owned);
            asked.into_iter().map(|edit| Edit { call_id: call_id.clone(), ..edit }).collect()
        }
        _ => Vec::new(),
    }
}

/// The diff that a tool keeps in its metadata: a unified one, or a whole file before and after.
fn kept(metadata: &Value) -> Option<Hunks> {
    let unified = ["/diff", "/filediff/patch", "/patch"].iter().find_map(|pointer| text(metadata, pointer));
    if let Some(unified) = unified {
        return Some(Hunks::of_unified(unified)).filter(|diff| !diff.text.is_empty());
    }
    let file = metadata.get("filediff").unwrap_or(metadata);
    let (before, after) = (file.get("before")?.as_str()?, file.get("after")?.as_str()?);
    Some(Hunks::between(before, after))
}

/// One of the files that a patch changed.
fn of_file(file: &Value, call: &Call<'_>) -> Option<Edit> {
    let path = text(file, "/filePath").or_else(|| text(file, "/relativePath"))?;
    let to = text(file, "/movePath").map(str::to_owned);
    let operation = match text(file, "/type") {
        Some("add") => EditOperation::Create,
        Some("delete") => EditOperation::Delete,
        Some("move") => EditOperation::Rename,
        _ if to.is_some() => EditOperation::Rename,
        _ => EditOperation::Update,
    };
    let edit = kept(file).unwrap_or_default().edit(path, operation, call.call_id);
    Some(Edit { to, ..edit })
}
