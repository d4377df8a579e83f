//! Chats in the database of a workspace, before March 2025: a list of whole sessions in one value.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{places, session};
use crate::{
    Cursor, Cut, CutError, Limits, Listing, Problem, Sink, Source, SourceKind,
    database::{Database, fault, text},
    lenient_json, rows,
};

/// The value's key.
const SESSIONS: &str = "interactive.sessions";

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Brief {
    session_id: String,
    creation_date: Option<f64>,
    last_message_date: Option<f64>,
    requests: Vec<serde::de::IgnoredAny>,
}

/// Names the sessions in the value; none when it is the one that the mark `since` tells of.
pub(super) fn list(container: &Path, since: Option<&[u8]>, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(container)?;
    let reading = database.connection.unchecked_transaction().map_err(fault)?;
    let mut listing = Listing { whole: true, ..Listing::default() };
    let row = row_of(&database)?;
    // A row that is written again has another number.
    listing.mark = row.unwrap_or(0).to_le_bytes().to_vec();
    if since == Some(&listing.mark) {
        return Ok(Listing { whole: false, ..listing });
    }
    for raw in row.map(|_| all(&database.connection, &mut listing.problems)).transpose()?.unwrap_or_default() {
        let brief: Brief = serde_json::from_str(raw.get()).unwrap_or_default();
        if brief.session_id.is_empty() {
            continue;
        }
        if brief.requests.is_empty() {
            listing.drafts += 1;
            continue;
        }
        // The time, but for its last minute, which a hash takes: a session that is written again is another one.
        let time = brief.last_message_date.or(brief.creation_date).filter(|time| (0.0..1e15).contains(time));
        let hash = rows::mark(raw.get().as_bytes(), b"");
        let version = (time.unwrap_or(0.0) as u64 & !0xffff) | (hash & 0xffff);
        found(Source::contained(container, SourceKind::Rows, brief.session_id, version));
    }
    reading.finish().map_err(fault)?;
    Ok(listing)
}

/// Gives `sink` the requests that came after `cursor`.
pub(super) fn cut(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Cut, CutError> {
    let database = Database::open(source.file())?;
    row_of(&database)?.ok_or(CutError::Gone)?;
    let sessions = all(&database.connection, &mut Vec::new())?;
    let is_it = |raw: &RawValue| {
        serde_json::from_str::<Brief>(raw.get()).is_ok_and(|brief| brief.session_id == source.native_id)
    };
    let raw = sessions.iter().find(|raw| is_it(raw)).ok_or(CutError::Gone)?;
    let mut session = session::of_document(raw.get().as_bytes(), places::folder(source.file()))?;
    rows::cut(source, cursor, limits, sink, &mut session)
}

fn row_of(database: &Database) -> Result<Option<i64>, CutError> {
    if !database.has_table("ItemTable")? {
        return Ok(None);
    }
    let row = database.connection.query_row("SELECT rowid FROM ItemTable WHERE key = ?", [SESSIONS], |row| row.get(0));
    row.optional().map_err(fault)
}

fn all(connection: &Connection, problems: &mut Vec<Problem>) -> Result<Vec<Box<RawValue>>, CutError> {
    let mut statement = connection.prepare("SELECT value FROM ItemTable WHERE key = ?").map_err(fault)?;
    let value = statement.query_row([SESSIONS], |row| Ok(text(row.get_ref(0)?).map(str::to_owned)));
    let value = value.optional().map_err(fault)?.flatten().unwrap_or_else(|| "[]".to_owned());
    if let Ok(sessions) = serde_json::from_str(&value) {
        return Ok(sessions);
    }
    match serde_json::from_str::<Value>(&value) {
        // A newer version keeps something else there.
        Ok(_) => {}
        Err(error) => {
            let reason = format!("the value {SESSIONS} is {}", lenient_json::not_json(&error));
            problems.push(Problem { record: 0, position: 0, reason });
        }
    }
    Ok(Vec::new())
}
