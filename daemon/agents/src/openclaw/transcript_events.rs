//! `transcript_events` in an agent's database: one entry a row, compressed where it is long.

use std::{io::Read, path::Path};

use rusqlite::types::ValueRef;

use crate::{
    Cursor, Cut, CutError, Limits, Listing, Problem, Sink, Source, SourceKind,
    database::{self, Database, fault},
    rows::{self, Row, Rows},
};

/// A compressed entry is not unpacked beyond this.
const ENTRY_BYTES: u64 = 64 << 20;

/// Names the sessions in the database.
pub(super) fn list(path: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(path)?;
    if !database.has_table("transcript_events")? {
        let reason = "the database has no table transcript_events: a version that is not known".to_owned();
        let problems = vec![Problem { record: 0, position: 0, reason }];
        return Ok(Listing { whole: true, problems, ..Listing::default() });
    }
    // Entries are appended: the last one and their number tell whether there are others.
    let mut statement = database
        .connection
        .prepare("SELECT session_id, MAX(created_at), COUNT(*), MAX(seq) FROM transcript_events GROUP BY session_id")
        .map_err(fault)?;
    let mut sessions = statement.query([]).map_err(fault)?;
    while let Some(row) = sessions.next().map_err(fault)? {
        let ValueRef::Text(id) = row.get_ref(0).map_err(fault)? else { continue };
        let latest = milliseconds(row.get_ref(1).map_err(fault)?);
        let (count, last): (i64, i64) = (row.get(2).map_err(fault)?, row.get(3).unwrap_or(0));
        let version = latest.saturating_add(count).saturating_add(last);
        let id = String::from_utf8_lossy(id);
        found(Source::contained(path, SourceKind::Rows, id, u64::try_from(version).unwrap_or(0)));
    }
    Ok(Listing { whole: true, ..Listing::default() })
}

/// Cuts one session of the database.
pub(super) fn cut(
    path: &Path,
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Cut, CutError> {
    let database = Database::open(path)?;
    let compressed = database.columns("transcript_events")?.iter().any(|name| name == "event_zstd");
    let mut events = Events { database, session: &source.native_id, compressed, numbers: Vec::new() };
    rows::cut(source, cursor, limits, sink, &mut events)
}

struct Events<'a> {
    database: Database,
    session: &'a str,
    /// Whether the table has the column of compressed entries.
    compressed: bool,
    /// `seq` of each row.
    numbers: Vec<i64>,
}

impl Rows for Events<'_> {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        let sql = "SELECT seq, created_at FROM transcript_events WHERE session_id = ? ORDER BY seq";
        let mut statement = self.database.connection.prepare_cached(sql).map_err(fault)?;
        let mut found = statement.query([self.session]).map_err(fault)?;
        let mut marks = Vec::new();
        while let Some(row) = found.next().map_err(fault)? {
            let number: i64 = row.get(0).map_err(fault)?;
            let created = milliseconds(row.get_ref(1).map_err(fault)?);
            self.numbers.push(number);
            marks.push(rows::mark(&number.to_le_bytes(), &created.to_le_bytes()));
        }
        Ok(marks)
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let column = if self.compressed { "event_zstd" } else { "NULL" };
        let sql = format!("SELECT event_json, {column} FROM transcript_events WHERE session_id = ? AND seq = ?");
        let mut statement = self.database.connection.prepare_cached(&sql).map_err(fault)?;
        let mut found = statement.query((self.session, self.numbers[index])).map_err(fault)?;
        let Some(row) = found.next().map_err(fault)? else {
            return Err(CutError::Busy("the session is being rewritten".to_owned()));
        };
        let start = json.len();
        match (row.get_ref(0).map_err(fault)?, row.get_ref(1).map_err(fault)?) {
            (ValueRef::Null, ValueRef::Blob(packed)) => {
                let unpack = zstd::Decoder::new(packed)
                    .and_then(|decoder| decoder.take(ENTRY_BYTES).read_to_end(json).map(|_| ()));
                if let Err(error) = unpack {
                    // The deriver tells of the row that is none; those around it are read.
                    json.truncate(start);
                    json.extend_from_slice(format!("not unpacked: {error}").as_bytes());
                }
            }
            (value, _) => json.extend_from_slice(database::text(value).unwrap_or("null").as_bytes()),
        }
        json[start..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        Ok(Row::Whole)
    }
}

/// A time in milliseconds, however it is stored; zero where it is none.
fn milliseconds(value: ValueRef<'_>) -> i64 {
    match value {
        ValueRef::Integer(number) => number,
        ValueRef::Real(number) => number as i64,
        ValueRef::Text(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| text.parse::<jiff::Timestamp>().ok())
            .map_or(0, jiff::Timestamp::as_millisecond),
        _ => 0,
    }
}
