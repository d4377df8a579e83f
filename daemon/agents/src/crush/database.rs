//! The database of one project.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use crate::{
    CutError, Listing, Source, SourceKind,
    database::{Database, fault, row_to_json},
    json_deriver::value,
    rows::{Row, Rows, mark},
};

/// Columns of `sessions` that are read, as far as a database has them.
const COLUMNS: &[&str] = &[
    "id",
    "parent_session_id",
    "title",
    "message_count",
    "prompt_tokens",
    "completion_tokens",
    "cost",
    "created_at",
    "updated_at",
    "summary_message_id",
    "todos",
];

/// Names the sessions in the database: there are those of one project, so that all are named each time.
pub(super) fn list(path: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(path)?;
    if !database.has_table("sessions")? || !database.has_table("messages")? {
        return Ok(Listing { whole: true, ..Listing::default() });
    }
    // Sessions in which titles are made hold nothing of a person's.
    let query = "SELECT id, updated_at FROM sessions WHERE id NOT LIKE 'title-%'";
    let mut statement = database.connection.prepare(query).map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    let mut listing = Listing { whole: true, ..Listing::default() };
    while let Some(row) = rows.next().map_err(fault)? {
        let (id, updated): (String, i64) = (row.get(0).map_err(fault)?, row.get(1).map_err(fault)?);
        match version(&database.connection, &id, updated)? {
            Some(version) => found(Source::contained(path, SourceKind::Rows, id, version)),
            None => listing.drafts += 1,
        }
    }
    Ok(listing)
}

/// The time of the latest change, made to differ where the number or the length of the newest messages does: times may
/// be whole seconds. `None` where nothing was said.
fn version(connection: &Connection, session: &str, updated: i64) -> Result<Option<u64>, CutError> {
    let query = "SELECT max(updated_at), sum(octet_length(parts)), \
                 (SELECT count(*) FROM messages WHERE session_id = ?1) FROM \
                 (SELECT updated_at, parts FROM messages WHERE session_id = ?1 ORDER BY created_at DESC, rowid DESC LIMIT 4)";
    let mut statement = connection.prepare_cached(query).map_err(fault)?;
    let newest =
        statement.query_row([session], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional().map_err(fault)?;
    let (newest, length, count): (Option<i64>, Option<i64>, i64) = newest.unwrap_or_default();
    if count == 0 {
        return Ok(None);
    }
    let latest = updated.max(newest.unwrap_or(updated));
    let milliseconds = if latest > 100_000_000_000 { latest } else { latest.saturating_mul(1000) };
    let version = milliseconds.saturating_add((length.unwrap_or(0) * 7 + count).rem_euclid(1000));
    Ok(Some(u64::try_from(version).unwrap_or(0)))
}

/// The rows of one session.
pub(super) struct Stored {
    database: Database,
    session: String,
    messages: Vec<i64>,
}

impl Stored {
    /// Opens the session.
    pub(super) fn open(path: &Path, session: &str) -> Result<Self, CutError> {
        Ok(Self { database: Database::open(path)?, session: session.to_owned(), messages: Vec::new() })
    }
}

impl Rows for Stored {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        let query = "SELECT rowid, id, updated_at, octet_length(parts) FROM messages WHERE session_id = ? \
                     ORDER BY created_at, rowid";
        let mut statement = self.database.connection.prepare(query).map_err(fault)?;
        let mut rows = statement.query([&self.session]).map_err(fault)?;
        self.messages.clear();
        let mut marks = Vec::new();
        while let Some(row) = rows.next().map_err(fault)? {
            self.messages.push(row.get(0).map_err(fault)?);
            let id: String = row.get(1).map_err(fault)?;
            let (updated, length): (Option<i64>, Option<i64>) =
                (row.get(2).map_err(fault)?, row.get(3).map_err(fault)?);
            let mut version = updated.unwrap_or(0).to_le_bytes().to_vec();
            version.extend_from_slice(&length.unwrap_or(0).to_le_bytes());
            marks.push(mark(id.as_bytes(), &version));
        }
        Ok(marks)
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let changed = || CutError::Busy("the session changed while it was read".to_owned());
        let number = self.messages.get(index).ok_or_else(changed)?;
        let mut statement =
            self.database.connection.prepare_cached("SELECT * FROM messages WHERE rowid = ?").map_err(fault)?;
        let mut rows = statement.query([number]).map_err(fault)?;
        let row = rows.next().map_err(fault)?.ok_or_else(changed)?;
        row_to_json(row, &[], json)?;
        // Only the last message may still be written; it ends with the part `finish`.
        let growing = index + 1 == self.messages.len() && value::parse(json).is_ok_and(|row| is_growing(&row));
        Ok(if growing { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        let known = self.database.columns("sessions")?;
        let columns: Vec<&str> =
            COLUMNS.iter().copied().filter(|column| known.iter().any(|name| name == column)).collect();
        let query = format!("SELECT {} FROM sessions WHERE id = ?", columns.join(", "));
        let mut statement = self.database.connection.prepare(&query).map_err(fault)?;
        let mut rows = statement.query([&self.session]).map_err(fault)?;
        let row = rows.next().map_err(fault)?.ok_or(CutError::Gone)?;
        let mut json = Vec::new();
        row_to_json(row, &[], &mut json)?;
        Ok(vec![("session".to_owned(), json)])
    }
}

/// Whether a message of the agent's has no end yet.
fn is_growing(row: &serde_json::Value) -> bool {
    if value::text(row, "/role") != Some("assistant") || value::number(row, "/finished_at").is_some_and(|at| at > 0) {
        return false;
    }
    let Ok(parts) = value::embedded(row, "/parts") else { return true };
    value::list(&parts, "").iter().all(|part| value::text(part, "/type") != Some("finish"))
}
