//! The sessions in a database of the editor's.
//!
//! Sessions are `composerData:<id>` rows of `cursorDiskKV`, their messages `bubbleId:<id>:<id>` rows. A row that is
//! written again gets a new `rowid` (`ON CONFLICT REPLACE`), so the rows above the highest number seen are what changed
//! since; where the rows are numbered anew (`VACUUM`, which changes the schema's version) all is listed. Keys and
//! numbers are read from the index of keys alone; contents are read of sessions' own rows only.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{Map, Value};

use super::{
    composer::{Members, member},
    legacy,
};
use crate::{CutError, Listing, Source, SourceKind, database::Database, database::fault, database::text};

/// The low bits of a version are a row's number, the others a time: another one within a minute is told apart.
const LOW_BITS: u64 = 0xffff;

/// How far a listing came.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The schema's version.
    schema: i64,
    /// The highest number of a row.
    row: i64,
    /// That row's key.
    key: Option<String>,
    /// Where the listing of whole sessions in single values came.
    legacy: legacy::Mark,
}

/// Names the sessions in `container`, those alone that changed since the mark `since` where that can be told. Sessions
/// that were deleted are noticed by whole listings only, and drafts are counted by these.
pub(super) fn list(container: &Path, since: Option<&[u8]>, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(container)?;
    let connection = &database.connection;
    let reading = connection.unchecked_transaction().map_err(fault)?;
    let since: Option<Mark> = since.and_then(|mark| serde_json::from_slice(mark).ok());
    let has_rows = database.has_table("cursorDiskKV")?;
    let mut mark = mark_of(connection, has_rows)?;
    let since = since.filter(|since| continues(connection, since, &mark, has_rows));

    let mut listing = Listing { whole: since.is_none(), ..Listing::default() };
    if has_rows {
        let sessions = match &since {
            Some(since) => changed_sessions(connection, since.row)?,
            None => all_sessions(connection)?,
        };
        for (id, rows) in sessions {
            match version(connection, &id, &rows)? {
                Some(version) => found(Source::contained(container, SourceKind::Rows, id, version)),
                None => listing.drafts += 1,
            }
        }
    }
    let told = since.as_ref().map(|since| &since.legacy);
    mark.legacy = legacy::list(connection, container, told, &mut listing, found)?;
    listing.mark = serde_json::to_vec(&mark).expect("a mark is JSON");
    reading.finish().map_err(fault)?;
    Ok(listing)
}

fn mark_of(connection: &Connection, has_rows: bool) -> Result<Mark, CutError> {
    let schema = connection.pragma_query_value(None, "schema_version", |row| row.get(0)).map_err(fault)?;
    if !has_rows {
        return Ok(Mark { schema, ..Mark::default() });
    }
    let row: Option<i64> =
        connection.query_row("SELECT max(rowid) FROM cursorDiskKV", [], |row| row.get(0)).map_err(fault)?;
    let row = row.unwrap_or(0);
    Ok(Mark { schema, row, key: key_of(connection, row)?.flatten(), legacy: legacy::Mark::default() })
}

/// The key of a row: `None` where there is no such row, `Some(None)` where its key is NULL.
#[expect(clippy::option_option, reason = "the outer one says whether there is a row, the inner one is its key")]
fn key_of(connection: &Connection, row: i64) -> Result<Option<Option<String>>, CutError> {
    let mut statement = connection.prepare_cached("SELECT key FROM cursorDiskKV WHERE rowid = ?").map_err(fault)?;
    statement.query_row([row], |row| Ok(text(row.get_ref(0)?).map(str::to_owned))).optional().map_err(fault)
}

/// Whether the rows above those of `since` are what changed since then.
fn continues(connection: &Connection, since: &Mark, now: &Mark, has_rows: bool) -> bool {
    if since.schema != now.schema || now.row < since.row {
        return false;
    }
    // The highest row may have been replaced since; were it another one's now, numbers would have been given again.
    !has_rows || key_of(connection, since.row).is_ok_and(|key| key.is_none_or(|key| key == since.key))
}

/// A session's rows, as far as the index tells them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// The highest number of its rows.
    highest: i64,
    /// How many messages there are.
    messages: u64,
}

fn all_sessions(connection: &Connection) -> Result<BTreeMap<String, Rows>, CutError> {
    let mut sessions: BTreeMap<String, Rows> = BTreeMap::new();
    keys(connection, "composerData:", "composerData;", &mut |key, row| {
        let id = key.strip_prefix("composerData:").unwrap_or_default();
        if !id.is_empty() {
            sessions.insert(id.to_owned(), Rows { highest: row, messages: 0 });
        }
    })?;
    keys(connection, "bubbleId:", "bubbleId;", &mut |key, row| {
        let id = key.strip_prefix("bubbleId:").and_then(|rest| rest.split(':').next()).unwrap_or_default();
        if let Some(session) = sessions.get_mut(id) {
            session.highest = session.highest.max(row);
            session.messages += 1;
        }
    })?;
    Ok(sessions)
}

fn changed_sessions(connection: &Connection, above: i64) -> Result<BTreeMap<String, Rows>, CutError> {
    let mut sessions: BTreeMap<String, Rows> = BTreeMap::new();
    let mut statement = connection.prepare_cached("SELECT key FROM cursorDiskKV WHERE rowid > ?").map_err(fault)?;
    let mut rows = statement.query([above]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        let Some(key) = text(row.get_ref(0).map_err(fault)?) else { continue };
        let id = key
            .strip_prefix("composerData:")
            .or_else(|| key.strip_prefix("bubbleId:").and_then(|rest| rest.split(':').next()));
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            sessions.entry(id.to_owned()).or_default();
        }
    }
    for (id, session) in &mut sessions {
        keys(connection, &format!("bubbleId:{id}:"), &format!("bubbleId:{id};"), &mut |_, row| {
            session.highest = session.highest.max(row);
            session.messages += 1;
        })?;
        let own = format!("composerData:{id}");
        keys(connection, &own, &format!("{own}\0"), &mut |_, row| session.highest = session.highest.max(row))?;
    }
    Ok(sessions)
}

/// The keys from `first` to before `end` and the numbers of their rows, in the order of the keys. Reads the index alone.
pub(super) fn keys(
    connection: &Connection,
    first: &str,
    end: &str,
    found: &mut dyn FnMut(&str, i64),
) -> Result<(), CutError> {
    const SQL: &str = "SELECT key, rowid FROM cursorDiskKV WHERE key >= ? AND key < ? ORDER BY key";
    let mut statement = connection.prepare_cached(SQL).map_err(fault)?;
    let mut rows = statement.query([first, end]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        if let Some(key) = text(row.get_ref(0).map_err(fault)?) {
            found(key, row.get(1).map_err(fault)?);
        }
    }
    Ok(())
}

/// The text of the row of that key; `None` where there is none or its value is NULL.
pub(super) fn value(connection: &Connection, key: &str) -> Result<Option<String>, CutError> {
    let mut statement = connection.prepare_cached("SELECT value FROM cursorDiskKV WHERE key = ?").map_err(fault)?;
    let value = statement.query_row([key], |row| Ok(text(row.get_ref(0)?).map(str::to_owned)));
    Ok(value.optional().map_err(fault)?.flatten())
}

/// The version of a session; `None` for a draft, in which nothing was said.
fn version(connection: &Connection, id: &str, rows: &Rows) -> Result<Option<u64>, CutError> {
    let Some(document) = value(connection, &format!("composerData:{id}"))? else { return Ok(None) };
    // A document of another shape may hold messages all the same: its rows decide.
    let members: Members<'_> = serde_json::from_str(&document).unwrap_or_default();
    let is_draft = rows.messages == 0
        && member::<Vec<IgnoredAny>>(&members, "conversation").is_empty()
        && member::<Map<String, Value>>(&members, "conversationMap").is_empty();
    let time = |name| member::<Option<f64>>(&members, name);
    let time = time("lastUpdatedAt").or_else(|| time("createdAt"));
    Ok((!is_draft).then(|| versioned(time, rows.highest as u64)))
}

/// A version of a time in milliseconds and another number.
pub(super) fn versioned(time: Option<f64>, number: u64) -> u64 {
    let time = time.filter(|time| (0.0..1e15).contains(time)).unwrap_or(0.0) as u64;
    (time & !LOW_BITS) | (number & LOW_BITS)
}
