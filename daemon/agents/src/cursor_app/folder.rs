//! In which folder a session of the editor's was: told by its head, or by the workspace whose database lists it.
//!
//! Heads stand in one long value, and workspaces may be many. What was read of them is therefore kept for the process:
//! a session stays where it is, so only a session that is not known yet makes us look again, and then only at what
//! changed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;

use super::{legacy, places};
use crate::{
    CutError,
    database::{self, Database, fault, text},
    lenient_json,
};

/// The value that holds the heads of all sessions, in the versions that have no table of them.
const HEADS: &str = "composer.composerHeaders";
/// The folders of at most so many sessions are kept.
const KEPT: usize = 200_000;
/// So many contexts of prompts are looked at, and none that is longer.
const CONTEXTS: u32 = 8;
const CONTEXT_BYTES: u32 = 8 << 20;
/// A `workspace.json` longer than this is not one.
const LONGEST: u64 = 1 << 20;

/// What is known of the sessions of one `User` folder.
#[derive(Default)]
struct Known {
    folders: BTreeMap<String, String>,
    /// The number of the heads' row when it was read.
    heads: Option<i64>,
    /// Size and time of the database and its log when it was read, by workspace.
    workspaces: BTreeMap<PathBuf, Stamp>,
}

type Stamp = [Option<(u64, SystemTime)>; 2];

static KNOWN: Mutex<BTreeMap<PathBuf, Known>> = Mutex::new(BTreeMap::new());

/// The head of a session in the table of heads, where there is one.
pub(super) fn head(connection: &Connection, id: &str) -> Result<Option<Value>, CutError> {
    let mut exists = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'composerHeaders'")
        .map_err(fault)?;
    if !exists.exists([]).map_err(fault)? {
        return Ok(None);
    }
    let mut statement =
        connection.prepare_cached("SELECT value FROM composerHeaders WHERE composerId = ?").map_err(fault)?;
    let head = statement.query_row([id], |row| Ok(text(row.get_ref(0)?).map(str::to_owned)));
    Ok(head.optional().map_err(fault)?.flatten().and_then(|head| serde_json::from_str(&head).ok()))
}

/// The folder that a head or a session's document names, or the one of the workspace that it names.
pub(super) fn named(head: &Value, container: &Path) -> Option<String> {
    let workspace = head.get("workspaceIdentifier")?;
    let uri = workspace.get("uri").and_then(lenient_json::path_of_uri_object);
    uri.or_else(|| {
        let id = lenient_json::text(workspace, "id").filter(|id| !id.contains(['/', '\\']) && *id != "..")?;
        of_workspace(&places::user_folder(container)?.join("workspaceStorage").join(id))
    })
}

/// The folder of a session that neither its document nor its head tells.
pub(super) fn of_session(connection: &Connection, container: &Path, id: &str) -> Result<Option<String>, CutError> {
    if places::is_of_workspace(container) {
        return Ok(container.parent().and_then(of_workspace));
    }
    let Some(user) = places::user_folder(container) else { return Ok(None) };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.entry(user.to_owned()).or_default();
    if let Some(folder) = known.folders.get(id) {
        return Ok(Some(folder.clone()));
    }
    known.read_heads(connection, container)?;
    if !known.folders.contains_key(id) {
        known.read_workspaces(user);
    }
    Ok(known.folders.get(id).cloned())
}

/// The folder that was laid out before the model with a prompt of the session.
pub(super) fn in_contexts(connection: &Connection, id: &str) -> Result<Option<String>, CutError> {
    const SQL: &str = "SELECT value FROM cursorDiskKV WHERE key >= ? AND key < ? AND length(value) < ? LIMIT ?";
    let mut statement = connection.prepare_cached(SQL).map_err(fault)?;
    let (first, end) = (format!("messageRequestContext:{id}:"), format!("messageRequestContext:{id};"));
    let mut rows = statement.query((first, end, CONTEXT_BYTES, CONTEXTS)).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        let context =
            text(row.get_ref(0).map_err(fault)?).and_then(|context| serde_json::from_str::<Value>(context).ok());
        let layouts = context.as_ref().map_or(&[][..], |context| lenient_json::list(context, "projectLayouts"));
        for layout in layouts {
            let read = layout.as_str().and_then(|layout| serde_json::from_str::<Value>(layout).ok());
            let root = read.as_ref().unwrap_or(layout).pointer("/listDirV2Result/directoryTreeRoot");
            if let Some(path) = root.and_then(|root| lenient_json::owned(root, "absPath")) {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

impl Known {
    fn read_heads(&mut self, connection: &Connection, container: &Path) -> Result<(), CutError> {
        let row = legacy::row_of(connection, HEADS)?;
        if row.is_none() || row == self.heads {
            return Ok(());
        }
        self.heads = row;
        let heads = legacy::item(connection, HEADS)?.and_then(|heads| serde_json::from_str::<Value>(&heads).ok());
        for head in heads.iter().flat_map(|heads| lenient_json::list(heads, "allComposers")) {
            if let (Some(id), Some(folder)) = (lenient_json::text(head, "composerId"), named(head, container)) {
                self.keep(id, folder);
            }
        }
        Ok(())
    }

    /// Reads the lists of sessions of workspaces whose databases changed. What cannot be read now is left for the next
    /// time.
    fn read_workspaces(&mut self, user: &Path) {
        let Ok(entries) = fs::read_dir(user.join("workspaceStorage")) else { return };
        for workspace in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            let file = workspace.join("state.vscdb");
            let stamp = stamp_of(&file);
            if stamp[0].is_none() || self.workspaces.get(&workspace) == Some(&stamp) {
                continue;
            }
            let Ok(ids) = listed_in(&file) else { continue };
            if let Some(folder) = (!ids.is_empty()).then(|| of_workspace(&workspace)).flatten() {
                for id in &ids {
                    self.keep(id, folder.clone());
                }
            }
            self.workspaces.insert(workspace, stamp);
        }
    }

    fn keep(&mut self, id: &str, folder: String) {
        if self.folders.len() < KEPT {
            self.folders.insert(id.to_owned(), folder);
        }
    }
}

/// The ids that a workspace's database lists.
fn listed_in(file: &Path) -> Result<Vec<String>, CutError> {
    let database = Database::open(file)?;
    let Some(value) = legacy::item(&database.connection, legacy::COMPOSERS)? else { return Ok(Vec::new()) };
    let Ok(value) = serde_json::from_str::<Value>(&value) else { return Ok(Vec::new()) };
    let heads =
        lenient_json::list(&value, "allComposers").iter().filter_map(|head| lenient_json::owned(head, "composerId"));
    let selected =
        lenient_json::list(&value, "selectedComposerIds").iter().filter_map(|id| id.as_str().map(str::to_owned));
    Ok(heads.chain(selected).collect())
}

/// The folder that a workspace's `workspace.json` names. One of several folders names none.
fn of_workspace(workspace: &Path) -> Option<String> {
    let file = workspace.join("workspace.json");
    if fs::metadata(&file).ok()?.len() > LONGEST {
        return None;
    }
    let value: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    lenient_json::text(&value, "folder").map(lenient_json::path_of_uri)
}

fn stamp_of(file: &Path) -> Stamp {
    let stamp = |file: &Path| {
        let stat = fs::metadata(file).ok()?;
        Some((stat.len(), stat.modified().ok()?))
    };
    [stamp(file), stamp(&database::log_of(file))]
}
