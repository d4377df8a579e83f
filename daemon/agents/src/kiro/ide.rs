//! The files of Kiro's IDE: sessions of a workspace with the logs of their executions, and the `.chat` files before.
//!
//! The extension's folder holds `workspace-sessions/<base64 of the workspace's path>/<id>.json` and, for the same
//! workspace, `<hash of its path>/<name>/<log>`. Before, `<hash>/<name>.chat` were snapshots of an execution as it grew.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde_json::{Value, json, value::RawValue};
use sha2::{Digest, Sha256};

use crate::{
    CutError, Listing, Source, SourceKind, document_elements::Elements, lenient_json::one_line, transcript::walk,
};

/// The folder of sessions, below the extension's.
pub(super) const SESSIONS: &str = "workspace-sessions";
/// The list of the sessions of a workspace.
pub(super) const LIST: &str = "sessions.json";
/// What the ids of the IDE's sessions begin with, which the command line cannot resume.
pub(super) const ID: &str = "ide/";
/// The side record that tells what other files know of a session.
pub(super) const ABOUT: &str = "about";
const CHAT: &str = ".chat";

/// The folder of a workspace is named by so many digits of the hash of its path.
const HASH_DIGITS: usize = 32;
/// The id of an execution stands within so many bytes of the beginning of its log, that of a chat's workflow within so
/// many of its end.
const EDGE: u64 = 4096;
/// Logs are looked for among so many files.
const MOST_FILES: usize = 20_000;
/// A log longer than this is not read; nor is a list of sessions.
const LONGEST: u64 = 32 << 20;

/// Whether it is the name of a workspace's folder: a hash.
pub(super) fn is_hash(name: &str) -> bool {
    name.len() == HASH_DIGITS && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether chats lie in `folder`.
pub(super) fn has_chats(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.filter_map(Result::ok).any(|entry| is_chat(&entry.path())))
}

/// Whether the file is a chat's, by its name.
pub(super) fn is_chat(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.ends_with(CHAT))
}

/// The elements of a session's history, each with the actions of its execution. What was said last is whole once the
/// session is at rest: its execution may still run.
pub(super) fn session(path: &Path, bytes: &[u8]) -> Result<Elements, CutError> {
    let text = String::from_utf8_lossy(bytes);
    let executions: BTreeSet<String> = match serde_json::from_str::<BTreeMap<String, &RawValue>>(&text) {
        Ok(members) => members.get("history").map(|history| executions_of(history.get())).unwrap_or_default(),
        Err(_) => BTreeSet::new(),
    };
    let growing = |entry: &str, last: bool| {
        let value = || serde_json::from_str::<crate::transcript::json::Value<'_>>(entry).ok();
        last && value().is_some_and(|value| crate::transcript::json::text(&value, "executionId").is_some())
    };
    let elements =
        Elements::of_document(bytes, Some("history"), growing)?.beside(&["sessionId", "title", "workspaceDirectory"]);
    let folder = path.parent().unwrap_or(path);
    let id = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let about = listed(folder).into_iter().find(|session| session["sessionId"] == id).unwrap_or_default();
    let workspace = about["workspaceDirectory"].as_str().map(str::to_owned).or_else(|| {
        let document: BTreeMap<String, Value> = serde_json::from_str(&text).ok()?;
        Some(document.get("workspaceDirectory")?.as_str()?.to_owned())
    });
    let logs = match (folder.parent().and_then(Path::parent), workspace) {
        (Some(extension), Some(workspace)) => logs(&extension.join(hash_of(&workspace)), &executions),
        _ => BTreeMap::new(),
    };
    let created = json!({"dateCreated": about["dateCreated"]}).to_string();
    Ok(elements.with_side(ABOUT, created.into_bytes()).map(|_, entry| with_actions(entry, &logs)))
}

fn executions_of(history: &str) -> BTreeSet<String> {
    #[derive(serde::Deserialize)]
    struct Entry {
        #[serde(rename = "executionId")]
        execution: Option<String>,
    }
    let entries: Vec<&RawValue> = serde_json::from_str(history).unwrap_or_default();
    entries.iter().filter_map(|entry| serde_json::from_str::<Entry>(entry.get()).ok()?.execution).collect()
}

/// A history's entry, with the actions of its execution.
fn with_actions(entry: Vec<u8>, logs: &BTreeMap<String, PathBuf>) -> Vec<u8> {
    #[derive(serde::Deserialize)]
    struct Log {
        actions: Box<RawValue>,
    }
    let actions = || {
        let execution = serde_json::from_slice::<Value>(&entry).ok()?["executionId"].as_str()?.to_owned();
        let log: Log = serde_json::from_slice(&read(logs.get(&execution)?)?).ok()?;
        Some(one_line(log.actions.get()).into_owned())
    };
    let Some(actions) = actions() else { return entry };
    let mut row = b"{\"entry\":".to_vec();
    row.extend_from_slice(&entry);
    row.extend_from_slice(b",\"actions\":");
    row.extend_from_slice(actions.as_bytes());
    row.push(b'}');
    row
}

/// The logs of `executions`, in the folders of a workspace's.
fn logs(workspace: &Path, executions: &BTreeSet<String>) -> BTreeMap<String, PathBuf> {
    let mut logs = BTreeMap::new();
    let mut left = MOST_FILES;
    // A folder that cannot be listed holds no logs for us: the session is told without them.
    for folder in walk::folders(workspace, &mut Vec::new()) {
        walk::files(&folder, 0, &mut |folder, name| {
            if left == 0 || logs.len() == executions.len() {
                return;
            }
            left -= 1;
            let path = folder.join(name);
            if let Some(id) = member_in(&edge(&path, false).unwrap_or_default(), "executionId")
                && executions.contains(&id)
            {
                logs.insert(id, path);
            }
        });
    }
    logs
}

/// The sessions of a workspace, as its list names them.
fn listed(folder: &Path) -> Vec<Value> {
    let list = read(&folder.join(LIST)).and_then(|bytes| serde_json::from_slice(&bytes).ok());
    list.unwrap_or_default()
}

/// The name of the folder of the workspace at `path`.
fn hash_of(path: &str) -> String {
    let mut digits = String::with_capacity(HASH_DIGITS);
    for byte in Sha256::digest(path.as_bytes()).iter().take(HASH_DIGITS / 2) {
        write!(digits, "{byte:02x}").expect("writing to a string does not fail");
    }
    digits
}

/// Names the chats in a workspace's folder: of the snapshots of one workflow the longest.
pub(super) fn chats(folder: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    for (id, (_, version, _)) in workflows(folder)? {
        found(Source::contained(folder, SourceKind::Rows, format!("{ID}{id}"), version));
    }
    Ok(Listing { whole: true, ..Listing::default() })
}

/// The messages of a chat, and what is known of it beside.
pub(super) fn chat(folder: &Path, native_id: &str) -> Result<Elements, CutError> {
    let id = native_id.strip_prefix(ID).unwrap_or(native_id);
    let (_, _, path) = workflows(folder)?.remove(id).ok_or(CutError::Gone)?;
    let bytes = read(&path).ok_or_else(|| CutError::Malformed(format!("{} cannot be read", path.display())))?;
    let hash = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let sessions = folder.parent().map(|extension| extension.join(SESSIONS)).unwrap_or_default();
    let workspace = walk::folders(&sessions, &mut Vec::new()).iter().find_map(|folder| {
        let workspace = listed(folder).first()?["workspaceDirectory"].as_str()?.to_owned();
        (hash_of(&workspace) == hash).then_some(workspace)
    });
    let about = json!({"workspaceDirectory": workspace}).to_string();
    Ok(Elements::of_document(&bytes, Some("chat"), |_, _| false)?
        .beside(&["executionId", "metadata"])
        .with_side(ABOUT, about.into_bytes()))
}

/// The longest chat of each workflow: its length, version and path.
fn workflows(folder: &Path) -> Result<BTreeMap<String, (u64, u64, PathBuf)>, CutError> {
    let mut workflows: BTreeMap<String, (u64, u64, PathBuf)> = BTreeMap::new();
    for entry in fs::read_dir(folder)?.take(MOST_FILES) {
        let path = entry?.path();
        if !is_chat(&path) {
            continue;
        }
        let Ok(stat) = fs::metadata(&path) else { continue };
        let stem = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let id = edge(&path, true).and_then(|end| member_in(&end, "workflowId")).unwrap_or(stem);
        let milliseconds =
            u64::try_from(stat.mtime()).unwrap_or(0) * 1000 + stat.mtime_nsec().unsigned_abs() / 1_000_000;
        let known = workflows.get(&id).map(|(length, _, path)| (*length, path.clone()));
        // Of two that are as long, the order of their names decides, not that of the folder.
        if known.is_none_or(|known| known < (stat.len(), path.clone())) {
            workflows.insert(id, (stat.len(), milliseconds, path));
        }
    }
    Ok(workflows)
}

/// The text at the beginning or the end of a file.
fn edge(path: &Path, end: bool) -> Option<String> {
    let mut file = File::open(path).ok()?;
    if end {
        let length = file.metadata().ok()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(EDGE))).ok()?;
    }
    let mut bytes = Vec::new();
    file.take(EDGE).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The text that the member `name` is, in a piece of JSON.
fn member_in(json: &str, name: &str) -> Option<String> {
    let (_, rest) = json.rsplit_once(&format!("\"{name}\""))?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (text, _) = rest.split_once('"')?;
    (!text.is_empty() && !text.contains(['\\', '#'])).then(|| text.to_owned())
}

/// A file of at most [`LONGEST`] bytes; `None` where it cannot be read.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LONGEST).then_some(bytes)
}
