//! The SQLite databases.

use std::{collections::BTreeMap, fmt::Write as _, path::Path};

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::layout::{Message, Part, Store};
use crate::{
    CutError, Listing, Source, SourceKind,
    database::{Database, fault, row_to_json},
};

/// Columns of `session` that are read, as far as a database has them. The others hold whole files, or what is shared.
const COLUMNS: &[&str] = &[
    "id",
    "project_id",
    "parent_id",
    "workspace_id",
    "slug",
    "directory",
    "path",
    "title",
    "version",
    "metadata",
    "cost",
    "tokens_input",
    "tokens_output",
    "tokens_reasoning",
    "tokens_cache_read",
    "tokens_cache_write",
    "revert",
    "agent",
    "model",
    "time_created",
    "time_updated",
    "time_compacting",
    "time_archived",
    "fork_session_id",
    "fork_message_id",
];
/// So many of the newest rows tell which sessions changed: rows change only while they are new.
const NEWEST: u32 = 100;

/// Where a listing stands.
#[derive(Default, Serialize, Deserialize)]
struct Mark {
    /// How many sessions there are.
    sessions: i64,
    /// The latest change of a session's row.
    updated: i64,
}

/// Names the sessions in the database.
pub(super) fn list(path: &Path, since: Option<&[u8]>, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(path)?;
    if !database.has_table("session")? {
        return Ok(Listing { whole: true, ..Listing::default() });
    }
    let tables = tables(&database)?;
    let connection = &database.connection;
    let mut sessions: BTreeMap<String, i64> = BTreeMap::new();
    let before: Option<Mark> = since.and_then(|mark| serde_json::from_slice(mark).ok());
    let mark = connection
        .query_row("SELECT count(*), coalesce(max(time_updated), 0) FROM session", [], |row| {
            Ok(Mark { sessions: row.get(0)?, updated: row.get(1)? })
        })
        .map_err(fault)?;
    // A session that is gone can only be noticed by naming all others.
    let whole = before.as_ref().is_none_or(|before| mark.sessions < before.sessions);
    let from = before.filter(|_| !whole).map_or(i64::MIN, |before| before.updated);
    let mut statement =
        connection.prepare("SELECT id, time_updated FROM session WHERE time_updated >= ?").map_err(fault)?;
    let rows = statement.query_map([from], |row| Ok((row.get(0)?, row.get(1)?))).map_err(fault)?;
    for row in rows {
        let (id, updated) = row.map_err(fault)?;
        sessions.insert(id, updated);
    }
    if !whole {
        for table in &tables {
            let query = format!(
                "SELECT id, time_updated FROM session WHERE id IN \
                 (SELECT session_id FROM {table} WHERE rowid > (SELECT max(rowid) FROM {table}) - {NEWEST})"
            );
            let mut statement = connection.prepare(&query).map_err(fault)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(fault)?;
            for row in rows {
                let (id, updated) = row.map_err(fault)?;
                sessions.insert(id, updated);
            }
        }
    }
    let mut drafts = 0;
    for (id, updated) in sessions {
        match version(&database, &tables, &id, updated)? {
            Some(version) => found(Source::contained(path, SourceKind::Rows, id, version)),
            None => drafts += 1,
        }
    }
    let mark = serde_json::to_vec(&mark).expect("numbers can be written");
    Ok(Listing { whole, mark, drafts, problems: Vec::new() })
}

/// The tables of rows that belong to sessions.
fn tables(database: &Database) -> Result<Vec<&'static str>, CutError> {
    let mut tables = Vec::new();
    for table in ["message", "part", "session_message"] {
        if database.columns(table)?.iter().any(|column| column == "session_id") {
            tables.push(table);
        }
    }
    Ok(tables)
}

/// The time of the latest change of a session's newest rows, made to differ where their number does. `None` where
/// nothing was said in it.
fn version(database: &Database, tables: &[&str], session: &str, updated: i64) -> Result<Option<u64>, CutError> {
    let mut latest = updated;
    let mut number = 0;
    for table in tables {
        let query = format!(
            "SELECT max(time_updated), (SELECT count(*) FROM {table} WHERE session_id = ?1) FROM \
             (SELECT time_updated FROM {table} WHERE session_id = ?1 ORDER BY rowid DESC LIMIT 32)"
        );
        let mut statement = database.connection.prepare_cached(&query).map_err(fault)?;
        let (newest, count): (Option<i64>, i64) =
            statement.query_row([session], |row| Ok((row.get(0)?, row.get(1)?))).map_err(fault)?;
        latest = latest.max(newest.unwrap_or(latest));
        number += count;
    }
    Ok((number > 0).then(|| u64::try_from(latest.saturating_add(number % 1000)).unwrap_or(0)))
}

/// The rows of one session.
pub(super) struct Stored {
    database: Database,
    session: String,
    /// Its rows are `session_message`: the newest form.
    newest: bool,
    /// Row numbers of the messages, each with those of its parts.
    places: Vec<(i64, Vec<i64>)>,
}

impl Stored {
    /// Opens the session. One that is no more is gone.
    pub(super) fn open(path: &Path, session: &str) -> Result<Self, CutError> {
        let database = Database::open(path)?;
        let tables = tables(&database)?;
        let has = |table: &str| -> Result<bool, CutError> {
            let query = format!("SELECT 1 FROM {table} WHERE session_id = ? LIMIT 1");
            let row = database.connection.query_row(&query, [session], |_| Ok(())).optional().map_err(fault)?;
            Ok(row.is_some())
        };
        let has_messages = tables.contains(&"message") && has("message")?;
        let newest = !has_messages && tables.contains(&"session_message") && has("session_message")?;
        if !(newest || tables.contains(&"message") && tables.contains(&"part")) {
            return Err(CutError::Malformed("there is no table of messages".to_owned()));
        }
        Ok(Self { session: session.to_owned(), newest, places: Vec::new(), database })
    }

    fn table(&self, part: Option<usize>) -> &'static str {
        match part {
            _ if self.newest => "session_message",
            Some(_) => "part",
            None => "message",
        }
    }

    fn place(&self, message: usize, part: Option<usize>) -> Result<i64, CutError> {
        let place = self.places.get(message).and_then(|(message, parts)| match part {
            Some(part) => parts.get(part).copied(),
            None => Some(*message),
        });
        place.ok_or_else(changed)
    }
}

impl Store for Stored {
    fn messages(&mut self) -> Result<Vec<(Message, Vec<Part>)>, CutError> {
        self.places.clear();
        let connection = &self.database.connection;
        let table = self.table(None);
        let seq = if self.newest && self.database.columns(table)?.iter().any(|column| column == "seq") {
            "seq, "
        } else {
            ""
        };
        let role =
            if self.newest { "type <> 'assistant'" } else { "instr(substr(data, 1, 2000), '\"role\":\"user\"')" };
        let query = format!(
            "SELECT id, rowid, time_updated, {role} FROM {table} WHERE session_id = ? ORDER BY {seq}time_created, id"
        );
        let mut statement = connection.prepare(&query).map_err(fault)?;
        let mut rows = statement.query([&self.session]).map_err(fault)?;
        let mut messages: Vec<(Message, Vec<Part>)> = Vec::new();
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let id: String = row.get(0).map_err(fault)?;
            let version: i64 = row.get(2).map_err(fault)?;
            let is_user: i64 = row.get(3).map_err(fault)?;
            numbers.insert(id.clone(), messages.len());
            self.places.push((row.get(1).map_err(fault)?, Vec::new()));
            messages.push((Message { id, version: version as u64, is_user: is_user > 0 }, Vec::new()));
        }
        if self.newest {
            return Ok(messages);
        }
        let mut statement = connection
            .prepare("SELECT id, rowid, time_updated, message_id FROM part WHERE session_id = ? ORDER BY id")
            .map_err(fault)?;
        let mut rows = statement.query([&self.session]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let message: String = row.get(3).map_err(fault)?;
            // Parts whose message was deleted are left over now and then.
            let Some(at) = numbers.get(&message).copied() else { continue };
            let version: i64 = row.get(2).map_err(fault)?;
            messages[at].1.push(Part { id: row.get(0).map_err(fault)?, version: version as u64 });
            self.places[at].1.push(row.get(1).map_err(fault)?);
        }
        Ok(messages)
    }

    fn data(&mut self, message: usize, part: Option<usize>) -> Result<String, CutError> {
        let query = format!("SELECT CAST(data AS TEXT) FROM {} WHERE rowid = ?", self.table(part));
        let mut statement = self.database.connection.prepare_cached(&query).map_err(fault)?;
        let data: Option<Vec<u8>> = statement
            .query_row([self.place(message, part)?], |row| Ok(row.get_ref(0)?.as_bytes_or_null()?.map(<[u8]>::to_vec)))
            .optional()
            .map_err(fault)?
            .ok_or_else(changed)?;
        Ok(String::from_utf8_lossy(&data.unwrap_or_default()).into_owned())
    }

    fn write(&mut self, message: usize, part: Option<usize>, row: &str, json: &mut Vec<u8>) -> Result<(), CutError> {
        let query = format!("SELECT * FROM {} WHERE rowid = ?", self.table(part));
        let mut statement = self.database.connection.prepare_cached(&query).map_err(fault)?;
        let mut rows = statement.query(params![self.place(message, part)?]).map_err(fault)?;
        let found = rows.next().map_err(fault)?.ok_or_else(changed)?;
        row_to_json(found, &[("row", &format!("\"{row}\""))], json)
    }

    fn session(&mut self) -> Result<Vec<u8>, CutError> {
        let columns = self.database.columns("session")?;
        let mut query = String::from("SELECT ");
        for (number, column) in COLUMNS.iter().filter(|column| columns.iter().any(|name| name == *column)).enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(query, "{comma}{column}").expect("writing to a string cannot fail");
        }
        query.push_str(" FROM session WHERE id = ?");
        let mut statement = self.database.connection.prepare(&query).map_err(fault)?;
        let mut rows = statement.query([&self.session]).map_err(fault)?;
        let row = rows.next().map_err(fault)?.ok_or(CutError::Gone)?;
        let mut json = Vec::new();
        row_to_json(row, &[], &mut json)?;
        Ok(json)
    }

    fn is_whole(&self) -> bool {
        self.newest
    }
}

fn changed() -> CutError {
    CutError::Busy("the session changed while it was read".to_owned())
}
