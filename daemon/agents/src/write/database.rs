//! Putting a session's rows into an agent's database: all of them in one transaction, or none.
//!
//! The database is the agent's: it is never made here, nothing in it is changed, and what was put into it is taken out
//! again where the agent's reader does not find it as it was said.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, types::Value};

use super::rows::{Cell, Insert, Lookup, Rows};

/// How long a lock of the agent's is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why rows could not be put into a database.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The agent has none.
    #[error("there is no {0}")]
    NoDatabase(PathBuf),
    /// It has another form than the one that is known.
    #[error("{path} has another form than is known here: {reason}")]
    OtherForm {
        /// The database.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// It does not hold what the rows cannot do without.
    #[error("{0}")]
    Missing(&'static str),
    /// Another program holds it.
    #[error("another program holds {0}")]
    Busy(PathBuf),
    /// It cannot be opened.
    #[error("cannot open {path}: {reason}")]
    Unreadable {
        /// The database.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// The rows that were put into a database, by which they are taken out again.
#[derive(Debug)]
pub struct Put {
    path: PathBuf,
    rows: Vec<(&'static str, i64)>,
}

/// Puts rows into the database at `path`.
pub fn put(path: &Path, rows: &Rows) -> Result<Put, PutError> {
    let fault = |error: rusqlite::Error| fault(path, &error);
    let mut connection = open(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
    let mut found = Vec::with_capacity(rows.lookups.len());
    for lookup in &rows.lookups {
        let value = looked_up(&transaction, lookup).map_err(fault)?;
        if let (Value::Null, Some(missing)) = (&value, lookup.wanted) {
            return Err(PutError::Missing(missing));
        }
        found.push((lookup.name, value));
    }
    let mut put = Vec::with_capacity(rows.inserts.len());
    for insert in &rows.inserts {
        if let Some(row) = inserted(&transaction, insert, &found).map_err(fault)? {
            put.push((insert.table, row));
        }
    }
    transaction.commit().map_err(fault)?;
    Ok(Put { path: path.to_owned(), rows: put })
}

impl Put {
    /// Takes the rows out again.
    pub fn take_out(self) -> Result<(), PutError> {
        let fault = |error: rusqlite::Error| fault(&self.path, &error);
        let mut connection = open(&self.path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(fault)?;
        for (table, row) in self.rows.iter().rev() {
            transaction.execute(&format!("DELETE FROM {table} WHERE rowid = ?"), [row]).map_err(fault)?;
        }
        transaction.commit().map_err(fault)
    }
}

fn open(path: &Path) -> Result<Connection, PutError> {
    match std::fs::metadata(path) {
        Ok(stat) if stat.is_file() => {}
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(PutError::Unreadable { path: path.to_owned(), reason: error.to_string() });
        }
        _ => return Err(PutError::NoDatabase(path.to_owned())),
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(PATIENCE)?;
        Ok(connection)
    });
    opened.map_err(|error| fault(path, &error))
}

fn looked_up(transaction: &Transaction<'_>, lookup: &Lookup) -> Result<Value, rusqlite::Error> {
    let mut statement = transaction.prepare(lookup.sql)?;
    for (name, value) in &lookup.parameters {
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    let mut rows = statement.raw_query();
    rows.next()?.map_or(Ok(Value::Null), |row| row.get(0))
}

/// Puts a row in, as far as its table has the columns; gives its number. `None` where one is there that may be.
fn inserted(
    transaction: &Transaction<'_>,
    insert: &Insert,
    found: &[(&'static str, Value)],
) -> Result<Option<i64>, rusqlite::Error> {
    let columns: Vec<String> = transaction
        .prepare_cached("SELECT name FROM pragma_table_info(?)")?
        .query_map([insert.table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut names = Vec::new();
    let mut values = Vec::new();
    for (name, cell) in insert.cells.iter().filter(|(name, _)| columns.iter().any(|column| column == name)) {
        names.push(*name);
        values.push(match cell {
            Cell::Text(text) => Value::Text(text.clone()),
            Cell::Integer(number) => Value::Integer(*number),
            Cell::Made { sql, text } => made(transaction, sql, text, found)?,
        });
    }
    let verb = if insert.may_be_there { "INSERT OR IGNORE" } else { "INSERT" };
    let places = vec!["?"; names.len()].join(", ");
    let sql = format!("{verb} INTO {} ({}) VALUES ({places})", insert.table, names.join(", "));
    let changed = transaction.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(values))?;
    Ok((changed > 0).then(|| transaction.last_insert_rowid()))
}

fn made(
    transaction: &Transaction<'_>,
    sql: &str,
    text: &str,
    found: &[(&'static str, Value)],
) -> Result<Value, rusqlite::Error> {
    let mut statement = transaction.prepare_cached(&format!("SELECT {sql}"))?;
    if let Some(index) = statement.parameter_index(":text")? {
        statement.raw_bind_parameter(index, text)?;
    }
    for (name, value) in found {
        if let Some(index) = statement.parameter_index(name)? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    let mut rows = statement.raw_query();
    rows.next()?.map_or(Ok(Value::Null), |row| row.get(0))
}

fn fault(path: &Path, error: &rusqlite::Error) -> PutError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => PutError::Busy(path),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            PutError::Unreadable { path, reason: error.to_string() }
        }
        _ => PutError::OtherForm { path, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEMA: &str = "PRAGMA journal_mode = WAL; CREATE TABLE kept (id TEXT PRIMARY KEY, extra TEXT); \
        CREATE TABLE said (id TEXT PRIMARY KEY, data TEXT NOT NULL); INSERT INTO kept VALUES ('a', 'theirs');";

    fn database() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.db");
        Connection::open(&path).unwrap().execute_batch(SCHEMA).unwrap();
        (folder, path)
    }

    fn rows(id: &str) -> Rows {
        let text = |text: &str| Cell::Text(text.to_owned());
        let extra = Lookup {
            name: ":extra",
            sql: "SELECT extra FROM kept WHERE id = :id",
            parameters: vec![(":id", Some("a".to_owned()))],
            wanted: Some("nothing is kept"),
        };
        let kept = |id: &str| Insert {
            table: "kept",
            cells: vec![("id", text(id)), ("extra", text("ours")), ("newer", Cell::Integer(1))],
            may_be_there: true,
        };
        let data = Cell::Made { sql: ":text || ' ' || :extra", text: "hello".to_owned() };
        let said = Insert { table: "said", cells: vec![("id", text(id)), ("data", data)], may_be_there: false };
        Rows { lookups: vec![extra], inserts: vec![kept("a"), kept(id), said] }
    }

    fn all(path: &Path) -> Vec<String> {
        let connection = Connection::open(path).unwrap();
        let sql = "SELECT id || '=' || extra FROM kept UNION ALL SELECT id || '=' || data FROM said";
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn rows_are_put_in_and_taken_out() {
        let (_folder, path) = database();
        let put = put(&path, &rows("b")).unwrap();
        assert_eq!(all(&path), ["a=theirs", "b=ours", "b=hello theirs"]);
        put.take_out().unwrap();
        assert_eq!(all(&path), ["a=theirs"]);
    }

    #[test]
    fn nothing_is_put_over_a_row_nor_half() {
        let (_folder, path) = database();
        put(&path, &rows("b")).unwrap();
        assert!(matches!(put(&path, &rows("b")), Err(PutError::OtherForm { .. })));
        let mut torn = rows("c");
        torn.inserts[2].table = "absent";
        assert!(matches!(put(&path, &torn), Err(PutError::OtherForm { .. })));
        assert_eq!(all(&path).len(), 3);
    }

    #[test]
    fn what_is_wanted_and_missing_is_told() {
        let (_folder, path) = database();
        Connection::open(&path).unwrap().execute("DELETE FROM kept", []).unwrap();
        assert_eq!(put(&path, &rows("b")).unwrap_err().to_string(), "nothing is kept");
        assert_eq!(all(&path).len(), 0);
    }

    #[test]
    fn no_database_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.db");
        assert!(matches!(put(&path, &rows("b")), Err(PutError::NoDatabase(_))));
        assert!(!path.exists());
    }
}
