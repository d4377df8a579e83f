//! Agents' SQLite databases, read while the agent writes.
//!
//! A database is opened read-only, with its write-ahead log and never as immutable, asked briefly, and closed. No lock
//! is held between questions. Where the log cannot be mapped (a folder that is not writable), a copy of database and log
//! is read instead.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, types::ValueRef};
use tempfile::TempDir;

use crate::CutError;

/// How long a lock of the agent's is waited for.
const PATIENCE: Duration = Duration::from_millis(100);

/// An agent's database, open for reading.
pub struct Database {
    /// The connection. It refuses to write.
    pub connection: Connection,
    /// The copy that is read, where the database itself could not be.
    _copy: Option<TempDir>,
}

impl Database {
    /// Opens the database at `path`.
    pub fn open(path: &Path) -> Result<Self, CutError> {
        match fs::metadata(path) {
            Ok(stat) if stat.is_file() => {}
            Ok(_) => return Err(CutError::Malformed("not a regular file".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(CutError::Gone),
            Err(error) => return Err(error.into()),
        }
        match connect(path) {
            Ok(connection) => Ok(Self { connection, _copy: None }),
            Err(error) if cannot_map(&error) => {
                let copy = copy(path)?;
                let name = path.file_name().unwrap_or_default();
                let connection = connect(&copy.path().join(name)).map_err(fault)?;
                Ok(Self { connection, _copy: Some(copy) })
            }
            Err(error) => Err(fault(error)),
        }
    }

    /// Names of the columns of `table`; empty where there is no such table.
    pub fn columns(&self, table: &str) -> Result<Vec<String>, CutError> {
        let mut statement = self.connection.prepare_cached("SELECT name FROM pragma_table_info(?)").map_err(fault)?;
        let names = statement.query_map([table], |row| row.get(0)).map_err(fault)?;
        names.collect::<Result<_, _>>().map_err(fault)
    }

    /// Whether there is such a table.
    pub fn has_table(&self, table: &str) -> Result<bool, CutError> {
        Ok(!self.columns(table)?.is_empty())
    }
}

/// What an error of SQLite's means for the source: busy, or not what its name says.
pub fn fault(error: rusqlite::Error) -> CutError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            CutError::Busy("another program holds the database".to_owned())
        }
        Some(ErrorCode::NotADatabase) => CutError::Malformed("not an SQLite database".to_owned()),
        _ => CutError::Malformed(format!("the database cannot be read: {error}")),
    }
}

/// A column's text, whether it was stored as TEXT or as BLOB; `None` for NULL, numbers and what is not UTF-8.
pub fn text(value: ValueRef<'_>) -> Option<&str> {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    }
}

/// Writes `row` as one JSON object: column names to numbers, texts and null; a BLOB that is UTF-8 is a text, any other
/// `{"hex":"…"}`. `first` members, already JSON, stand before the columns.
pub fn row_to_json(row: &rusqlite::Row<'_>, first: &[(&str, &str)], json: &mut Vec<u8>) -> Result<(), CutError> {
    json.push(b'{');
    let mut separator = "";
    for (name, value) in first {
        json.extend_from_slice(separator.as_bytes());
        write_text(name, json);
        json.push(b':');
        json.extend_from_slice(value.as_bytes());
        separator = ",";
    }
    let statement: &rusqlite::Statement<'_> = row.as_ref();
    for (index, name) in statement.column_names().enumerate() {
        json.extend_from_slice(separator.as_bytes());
        separator = ",";
        write_text(name, json);
        json.push(b':');
        match row.get_ref(index).map_err(fault)? {
            ValueRef::Null => json.extend_from_slice(b"null"),
            ValueRef::Integer(number) => json.extend_from_slice(number.to_string().as_bytes()),
            ValueRef::Real(number) => match serde_json::Number::from_f64(number) {
                Some(number) => json.extend_from_slice(number.to_string().as_bytes()),
                None => json.extend_from_slice(b"null"),
            },
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => write_text(text, json),
                Err(_) => write_hex(bytes, json),
            },
        }
    }
    json.push(b'}');
    Ok(())
}

fn write_text(text: &str, json: &mut Vec<u8>) {
    serde_json::to_writer(json, text).expect("a text can be written into memory");
}

fn write_hex(bytes: &[u8], json: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    json.extend_from_slice(b"{\"hex\":\"");
    json.extend(bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]));
    json.extend_from_slice(b"\"}");
}

fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "query_only", true)?;
    // Opening reads nothing: only a question tells whether the file and its log can be read.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// Whether the write-ahead log, or its index, could not be opened beside the database.
fn cannot_map(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
}

/// Copies the database and its log, unless they change meanwhile.
fn copy(path: &Path) -> Result<TempDir, CutError> {
    let folder = tempfile::Builder::new().prefix("opensession-").tempdir()?;
    let parts = [path.to_owned(), log_of(path)];
    let before = parts.each_ref().map(|part| stamp(part));
    for part in &parts {
        match fs::copy(part, folder.path().join(part.file_name().unwrap_or_default())) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    if before != parts.each_ref().map(|part| stamp(part)) {
        return Err(CutError::Busy("the database changed while it was copied".to_owned()));
    }
    Ok(folder)
}

/// The write-ahead log of a database.
pub fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// The database that a changed file belongs to: itself, or the database of a log.
pub fn of_file(path: &Path) -> PathBuf {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return path.to_owned() };
    let plain = name.strip_suffix("-wal").or_else(|| name.strip_suffix("-shm")).unwrap_or(name);
    path.with_file_name(plain)
}

fn stamp(path: &Path) -> Option<(u64, std::time::SystemTime)> {
    let stat = fs::metadata(path).ok()?;
    Some((stat.len(), stat.modified().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path) -> (PathBuf, Connection) {
        let path = folder.join("agent.db");
        let writer = Connection::open(&path).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        writer
            .execute_batch("CREATE TABLE t (k TEXT, v BLOB, n REAL); INSERT INTO t VALUES ('a', x'ff00', 1.5), (NULL, 'é\"', NULL);")
            .unwrap();
        (path, writer)
    }

    fn rows(database: &Database) -> String {
        let mut statement = database.connection.prepare("SELECT * FROM t").unwrap();
        let mut rows = statement.query([]).unwrap();
        let mut json = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            row_to_json(row, &[("table", "\"t\"")], &mut json).unwrap();
            json.push(b'\n');
        }
        String::from_utf8(json).unwrap()
    }

    const ROWS: &str = "{\"table\":\"t\",\"k\":\"a\",\"v\":{\"hex\":\"ff00\"},\"n\":1.5}\n\
                        {\"table\":\"t\",\"k\":null,\"v\":\"é\\\"\",\"n\":null}\n";

    #[test]
    fn what_is_only_in_the_log_is_read_while_its_writer_lives() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer) = written(folder.path());
        let database = Database::open(&path).unwrap();
        assert_eq!(rows(&database), ROWS);
        assert_eq!(database.columns("t").unwrap(), ["k", "v", "n"]);
        assert!(!database.has_table("other").unwrap());
        assert!(database.connection.execute("DELETE FROM t", []).is_err());
        writer.execute("INSERT INTO t VALUES ('b', NULL, 2)", []).unwrap();
        assert_eq!(rows(&database).lines().count(), 3);
    }

    #[test]
    fn a_copy_is_as_good() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _writer) = written(folder.path());
        let copied = copy(&path).unwrap();
        let database = Database::open(&copied.path().join("agent.db")).unwrap();
        assert_eq!(rows(&database), ROWS);
    }

    #[test]
    fn what_is_no_database_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        assert!(matches!(Database::open(&path), Err(CutError::Gone)));
        fs::write(&path, "this is a text and no database, longer than the head of one".repeat(20)).unwrap();
        assert!(matches!(Database::open(&path), Err(CutError::Malformed(_))));
    }

    #[test]
    fn an_exclusive_lock_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("CREATE TABLE t (a); BEGIN EXCLUSIVE; INSERT INTO t VALUES (1);").unwrap();
        assert!(matches!(Database::open(&path), Err(CutError::Busy(_))));
    }
}
