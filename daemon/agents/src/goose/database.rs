//! The SQLite database, in all its schemas.

use std::path::Path;

use rusqlite::OptionalExtension;
use serde::{Deserialize, Serialize};

use crate::{
    CutError, Listing, Source, SourceKind,
    database::{Database, fault, row_to_json},
    json_deriver::value,
    rows::{Row, Rows, mark},
};

/// Columns of `sessions` that are read, as far as a database has them.
const COLUMNS: &[&str] = &[
    "id",
    "name",
    "description",
    "user_set_name",
    "session_type",
    "working_dir",
    "created_at",
    "updated_at",
    "total_tokens",
    "input_tokens",
    "output_tokens",
    "accumulated_total_tokens",
    "accumulated_input_tokens",
    "accumulated_output_tokens",
    "accumulated_cache_read_tokens",
    "accumulated_cache_write_tokens",
    "accumulated_cost",
    "schedule_id",
    "provider_name",
    "model_config_json",
    "goose_mode",
    "archived_at",
    "project_id",
    "parent_session_id",
];
/// So many of the newest messages tell which sessions changed.
const NEWEST: u32 = 50;

/// Where a listing stands.
#[derive(Serialize, Deserialize)]
struct Mark {
    sessions: i64,
    /// As it is written: a text.
    updated: String,
}

/// Names the sessions in the database.
pub(super) fn list(path: &Path, since: Option<&[u8]>, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(path)?;
    if !database.has_table("sessions")? || !database.has_table("messages")? {
        return Ok(Listing { whole: true, ..Listing::default() });
    }
    let connection = &database.connection;
    let mark = connection
        .query_row("SELECT count(*), coalesce(max(updated_at), '') FROM sessions", [], |row| {
            Ok(Mark { sessions: row.get(0)?, updated: row.get(1)? })
        })
        .map_err(fault)?;
    let before: Option<Mark> = since.and_then(|mark| serde_json::from_slice(mark).ok());
    // A session that is gone can only be noticed by naming all others.
    let whole = before.as_ref().is_none_or(|before| mark.sessions < before.sessions);
    let from = before.filter(|_| !whole).map(|before| before.updated).unwrap_or_default();
    let query = format!(
        "SELECT id, CAST(updated_at AS TEXT), (SELECT count(*) FROM messages WHERE session_id = s.id), \
         (SELECT coalesce(max(id), 0) FROM messages WHERE session_id = s.id) FROM sessions s \
         WHERE updated_at >= ?1 OR ?1 = '' OR id IN \
         (SELECT session_id FROM messages WHERE id > (SELECT max(id) FROM messages) - {NEWEST})"
    );
    let mut statement = connection.prepare(&query).map_err(fault)?;
    let mut rows = statement.query([&from]).map_err(fault)?;
    let mut drafts = 0;
    while let Some(row) = rows.next().map_err(fault)? {
        let id: String = row.get(0).map_err(fault)?;
        let updated: Option<String> = row.get(1).map_err(fault)?;
        let (count, last): (i64, i64) = (row.get(2).map_err(fault)?, row.get(3).map_err(fault)?);
        if count == 0 {
            drafts += 1;
            continue;
        }
        // Times are whole seconds: what came within one is told by the rows' numbers.
        let updated = updated.and_then(|text| value::time_of(&text)).map_or(0, jiff::Timestamp::as_millisecond);
        let version = updated.saturating_add((last.wrapping_mul(31) + count).rem_euclid(1000));
        found(Source::contained(path, SourceKind::Rows, id, u64::try_from(version).unwrap_or(0)));
    }
    let mark = serde_json::to_vec(&mark).expect("a number and a text can be written");
    Ok(Listing { whole, mark, drafts, problems: Vec::new() })
}

/// The rows of one session.
pub(super) struct Stored {
    database: Database,
    session: String,
    messages: Vec<i64>,
    has_metadata: bool,
}

impl Stored {
    /// Opens the session.
    pub(super) fn open(path: &Path, session: &str) -> Result<Self, CutError> {
        let database = Database::open(path)?;
        let columns = database.columns("messages")?;
        if columns.is_empty() {
            return Err(CutError::Malformed("there is no table of messages".to_owned()));
        }
        let has_metadata = columns.iter().any(|column| column == "metadata_json");
        Ok(Self { database, session: session.to_owned(), messages: Vec::new(), has_metadata })
    }

    /// Whether messages tell their own usage, so that the session's sum would count it twice.
    fn has_own_usage(&self) -> Result<bool, CutError> {
        if !self.has_metadata {
            return Ok(false);
        }
        let query = "SELECT 1 FROM (SELECT metadata_json FROM messages WHERE session_id = ? AND role = 'assistant' \
                     ORDER BY id DESC LIMIT 50) WHERE instr(metadata_json, '\"usage\":{') LIMIT 1";
        let found = self.database.connection.query_row(query, [&self.session], |_| Ok(())).optional().map_err(fault)?;
        Ok(found.is_some())
    }
}

impl Rows for Stored {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        // Messages are added, or all replaced; of one that changed in place the length is another one. Their metadata
        // changes when the history before is compacted, which tells nothing new.
        let query = "SELECT id, octet_length(content_json) FROM messages WHERE session_id = ? ORDER BY id";
        let mut statement = self.database.connection.prepare(query).map_err(fault)?;
        let mut rows = statement.query([&self.session]).map_err(fault)?;
        self.messages.clear();
        let mut marks = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            let id: i64 = row.get(0).map_err(fault)?;
            let length: Option<i64> = row.get(1).map_err(fault)?;
            self.messages.push(id);
            marks.push(mark(&id.to_le_bytes(), &length.unwrap_or(0).to_le_bytes()));
        }
        Ok(marks)
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let changed = || CutError::Busy("the session changed while it was read".to_owned());
        let id = self.messages.get(index).ok_or_else(changed)?;
        let mut statement =
            self.database.connection.prepare_cached("SELECT * FROM messages WHERE id = ?").map_err(fault)?;
        let mut rows = statement.query([id]).map_err(fault)?;
        let row = rows.next().map_err(fault)?.ok_or_else(changed)?;
        row_to_json(row, &[], json)?;
        Ok(Row::Whole)
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        let known = self.database.columns("sessions")?;
        let columns: Vec<&str> =
            COLUMNS.iter().copied().filter(|column| known.iter().any(|name| name == column)).collect();
        let query = format!("SELECT {} FROM sessions WHERE id = ?", columns.join(", "));
        let own_usage = if self.has_own_usage()? { "true" } else { "false" };
        let mut statement = self.database.connection.prepare(&query).map_err(fault)?;
        let mut rows = statement.query([&self.session]).map_err(fault)?;
        let row = rows.next().map_err(fault)?.ok_or(CutError::Gone)?;
        let mut json = Vec::new();
        row_to_json(row, &[("messages_tell_usage", own_usage)], &mut json)?;
        Ok(vec![("session".to_owned(), json)])
    }
}
