//! The cut for sessions made of rows: of a database, or elements of a document and small files taken for rows.
//!
//! A record is one row as a line of JSON. Rows that are whole and follow those that were cut are appended; where a row
//! that was cut is another one now, the session is read again as a new generation. What a reader must tell of each row
//! is a cheap *mark* (its key and version, hashed), so that an append costs the new rows' contents alone.

use std::{
    fs::{self, File, Metadata},
    io::Read,
    os::unix::fs::MetadataExt,
};

use crate::{Cursor, Cut, CutError, Limits, Record, Sink, Source};

/// A side record longer than this is not given.
const SIDE_BYTES: usize = 1 << 20;
/// A piece of a row that is longer than [`Limits::record_bytes`].
const PIECE_BYTES: usize = 1 << 20;
/// What [`Cursor::rows`] holds while a row waits to be whole.
const WAITS: &[u8] = &[1];

/// The rows of one session.
pub trait Rows {
    /// One number a row, in the session's order: a hash of what names the row and of its version. Without reading
    /// contents where that can be had.
    fn marks(&mut self) -> Result<Vec<u64>, CutError>;

    /// Writes the row at `index` as one JSON object without line feeds.
    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError>;

    /// What is kept once and replaced when it changes, such as the session's own row: each with a name and JSON of at
    /// most 1 MB. Given before the rows, as records with that [`Record::side`].
    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(Vec::new())
    }
}

/// How a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// It is whole: it is not expected to change any more.
    Whole,
    /// It is still being written (a text that streams, a tool that runs). It and all rows after it wait, unless
    /// [`Limits::take_torn`].
    Growing,
}

/// The mark of a row that is named by `key` and told from its earlier states by `version`.
pub fn mark(key: &[u8], version: &[u8]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes()).update(key).update(version);
    first_eight(&hasher.finalize())
}

/// Whether rows wait until they are whole, as a cursor that [`cut`] or [`cut_file`] gave tells.
pub fn waits(cursor: &Cursor) -> bool {
    cursor.rows == WAITS
}

/// Gives `sink` the rows that came after `cursor`, for a session in a [container](crate::Agent::containers). The next
/// cursor's modification time is the source's version.
pub fn cut(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
    rows: &mut dyn Rows,
) -> Result<Cut, CutError> {
    let mut cut = cut_rows(cursor, limits, sink, rows)?;
    cut.cursor.modified_ns = if cut.more { i64::MIN } else { source.version as i64 };
    Ok(cut)
}

/// Gives `sink` the rows that came after `cursor`, of a document that is written anew each time and of which `split`
/// makes rows. It is read only when its size, time or inode is another one.
pub fn cut_file<R: Rows>(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
    split: impl FnOnce(Vec<u8>) -> Result<R, CutError>,
) -> Result<Cut, CutError> {
    let before = stat(source)?;
    if let Some(cursor) = cursor
        && (cursor.size, cursor.modified_ns, cursor.identity)
            == (before.len(), modified_ns(&before), (before.dev(), before.ino()))
        && !(limits.take_torn && waits(cursor))
    {
        return Ok(Cut { cursor: cursor.clone(), restarted: false, more: false });
    }
    if before.len() > limits.record_bytes.saturating_mul(8) {
        return Err(CutError::Malformed(format!("a document of {} MB is too long", before.len() / 1_000_000)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0));
    File::open(&source.path).map_err(gone)?.take(before.len().saturating_add(1)).read_to_end(&mut bytes)?;
    let after = stat(source)?;
    if bytes.len() as u64 != after.len() || modified_ns(&before) != modified_ns(&after) || before.ino() != after.ino() {
        return Err(CutError::Busy("the file is being written".to_owned()));
    }
    let mut cut = cut_rows(cursor, limits, sink, &mut split(bytes)?)?;
    cut.cursor.size = after.len();
    cut.cursor.identity = (after.dev(), after.ino());
    cut.cursor.modified_ns = if cut.more { i64::MIN } else { modified_ns(&after) };
    Ok(cut)
}

fn cut_rows(
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
    rows: &mut dyn Rows,
) -> Result<Cut, CutError> {
    let marks = rows.marks()?;
    let kept = cursor.map_or(0, |cursor| cursor.records as usize);
    let continues = cursor.is_some_and(|cursor| kept <= marks.len() && fold(&marks[..kept]) == cursor.head);
    let restarted = cursor.is_some() && !continues;
    let mut next = match cursor {
        Some(cursor) if continues => Cursor { rows: Vec::new(), ..cursor.clone() },
        Some(cursor) => Cursor { generation: cursor.generation.saturating_add(1), ..Cursor::default() },
        None => Cursor::default(),
    };
    give_sides(rows, &mut next, sink)?;
    let mut json = Vec::new();
    let mut more = false;
    let mut given = 0_u64;
    for index in next.records as usize..marks.len() {
        if given >= limits.bytes {
            more = true;
            break;
        }
        json.clear();
        let row = rows.read(index, &mut json)?;
        if row == Row::Growing && !limits.take_torn {
            next.rows = WAITS.to_vec();
            break;
        }
        json.push(b'\n');
        let record =
            Record { side: None, session: None, position: next.offset, number: index as u64 + 1, bytes: &json };
        if json.len() as u64 > limits.record_bytes {
            oversize(record, sink);
        } else {
            sink.record(record);
        }
        next.offset += json.len() as u64;
        next.records += 1;
        given += json.len() as u64;
    }
    next.head = fold(&marks[..next.records as usize]);
    Ok(Cut { cursor: next, restarted, more })
}

fn give_sides(rows: &mut dyn Rows, next: &mut Cursor, sink: &mut dyn Sink) -> Result<(), CutError> {
    let sides = rows.sides()?;
    let mut hasher = blake3::Hasher::new();
    for (name, json) in &sides {
        hasher.update(&mark(name.as_bytes(), json).to_le_bytes());
    }
    let side = if sides.is_empty() { 0 } else { first_eight(&hasher.finalize()) };
    if side == next.side {
        return Ok(());
    }
    next.side = side;
    for (name, json) in &sides {
        if json.len() > SIDE_BYTES {
            let reason = format!("the {name} row of {} MB is too long to be read", json.len() / 1_000_000);
            sink.problem(crate::Problem { record: 0, position: 0, reason });
        } else {
            sink.record(Record { side: Some(name), session: None, position: 0, number: 0, bytes: json });
        }
    }
    Ok(())
}

fn oversize(record: Record<'_>, sink: &mut dyn Sink) {
    let mut pieces = record.bytes.chunks(PIECE_BYTES).peekable();
    let mut position = record.position;
    while let Some(bytes) = pieces.next() {
        sink.oversize(Record { position, bytes, ..record }, pieces.peek().is_none());
        position += bytes.len() as u64;
    }
}

/// One number for a run of marks.
fn fold(marks: &[u64]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for mark in marks {
        hasher.update(&mark.to_le_bytes());
    }
    first_eight(&hasher.finalize())
}

fn first_eight(hash: &blake3::Hash) -> u64 {
    hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn stat(source: &Source) -> Result<Metadata, CutError> {
    let stat = fs::metadata(&source.path).map_err(gone)?;
    if stat.is_file() { Ok(stat) } else { Err(CutError::Malformed("not a regular file".to_owned())) }
}

fn modified_ns(stat: &Metadata) -> i64 {
    stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec())
}

fn gone(error: std::io::Error) -> CutError {
    match error.kind() {
        std::io::ErrorKind::NotFound => CutError::Gone,
        _ => CutError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Problem, SourceKind};

    /// Rows with a key, a text and whether they are whole.
    #[derive(Clone, Debug)]
    struct Table(Vec<(u8, String, bool)>);

    impl Rows for Table {
        fn marks(&mut self) -> Result<Vec<u64>, CutError> {
            Ok(self.0.iter().map(|(key, text, _)| mark(&[*key], text.as_bytes())).collect())
        }
        fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
            let (key, text, whole) = &self.0[index];
            json.extend_from_slice(format!("{{\"{key}\":\"{text}\"}}").as_bytes());
            Ok(if *whole { Row::Whole } else { Row::Growing })
        }
        fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
            Ok(vec![("session".to_owned(), format!("{{\"rows\":{}}}", self.0.len() / 3).into_bytes())])
        }
    }

    #[derive(Default)]
    struct Taken {
        records: Vec<(u64, u64, String)>,
        sides: usize,
        pieces: usize,
    }

    impl Sink for Taken {
        fn record(&mut self, record: Record<'_>) {
            if record.side.is_some() {
                self.sides += 1;
                return;
            }
            let text = String::from_utf8(record.bytes.to_vec()).expect("these rows are text");
            self.records.push((record.position, record.number, text));
        }
        fn oversize(&mut self, _piece: Record<'_>, _last: bool) {
            self.pieces += 1;
        }
        fn problem(&mut self, problem: Problem) {
            panic!("{problem:?}");
        }
    }

    fn source(version: u64) -> Source {
        Source::contained(std::path::Path::new("/a/b.db"), SourceKind::Rows, "s1", version)
    }

    fn all(table: &mut Table, mut cursor: Option<Cursor>, limits: &Limits) -> (Cut, Taken) {
        let mut taken = Taken::default();
        let mut restarted = false;
        loop {
            let cut = cut(&source(7), cursor.as_ref(), limits, &mut taken, table).expect("these rows can be read");
            restarted |= cut.restarted;
            if !cut.more {
                return (Cut { restarted, ..cut }, taken);
            }
            cursor = Some(cut.cursor);
        }
    }

    #[test]
    fn a_contained_source_names_its_container() {
        let source = source(7);
        assert_eq!(source.path, std::path::Path::new("/a/b.db#s1"));
        assert_eq!(source.file(), std::path::Path::new("/a/b.db"));
    }

    #[test]
    fn a_growing_row_waits_until_it_is_whole_or_at_rest() {
        let mut table = Table(vec![(1, "a".into(), true), (2, "b".into(), false), (3, "c".into(), true)]);
        let (first, taken) = all(&mut table, None, &Limits::default());
        assert_eq!((taken.records.len(), taken.sides, waits(&first.cursor)), (1, 1, true));
        assert_eq!(first.cursor.modified_ns, 7);
        table.0[1] = (2, "bb".into(), true);
        let (second, taken) = all(&mut table, Some(first.cursor.clone()), &Limits::default());
        assert_eq!((taken.records.len(), taken.sides, waits(&second.cursor)), (2, 0, false));
        assert_eq!(taken.records[0], (first.cursor.offset, 2, "{\"2\":\"bb\"}\n".to_owned()));
        table.0.push((4, "d".into(), false));
        let (third, taken) = all(&mut table, Some(second.cursor), &Limits { take_torn: true, ..Limits::default() });
        assert_eq!((taken.records.len(), third.restarted, waits(&third.cursor)), (1, false, false));
    }

    #[test]
    fn a_row_that_became_another_begins_a_generation() {
        let mut table = Table(vec![(1, "a".into(), true), (2, "b".into(), true)]);
        let (first, _) = all(&mut table, None, &Limits::default());
        table.0[0].1 = "changed".into();
        let (second, taken) = all(&mut table, Some(first.cursor), &Limits::default());
        assert_eq!((second.restarted, second.cursor.generation, taken.records.len(), taken.sides), (true, 1, 2, 1));
        table.0.pop();
        let (third, taken) = all(&mut table, Some(second.cursor), &Limits::default());
        assert_eq!((third.restarted, third.cursor.generation, taken.records.len()), (true, 2, 1));
    }

    #[test]
    fn a_row_that_is_too_long_comes_in_pieces() {
        let mut table = Table(vec![(1, "x".repeat(PIECE_BYTES * 2), true), (2, "b".into(), true)]);
        let (cut, taken) = all(&mut table, None, &Limits { record_bytes: 1000, ..Limits::default() });
        assert_eq!((taken.pieces, taken.records.len(), cut.cursor.records), (3, 1, 2));
    }

    proptest! {
        /// However a table grows and is cut, the records of its last generation are its rows.
        #[test]
        fn the_last_generation_is_the_table(
            steps in prop::collection::vec((0_usize..8, any::<bool>(), 1_u64..40), 1..20),
        ) {
            let mut table = Table(Vec::new());
            let mut cursor: Option<Cursor> = None;
            let mut kept: Vec<String> = Vec::new();
            for (at, change, bytes) in steps {
                if change && at < table.0.len() {
                    table.0[at].1.push('x');
                } else {
                    table.0.push((table.0.len() as u8, "t".into(), true));
                }
                let limits = Limits { bytes, ..Limits::default() };
                let mut more = true;
                while more {
                    let mut taken = Taken::default();
                    let cut = cut(&source(1), cursor.as_ref(), &limits, &mut taken, &mut table).unwrap();
                    if cut.restarted {
                        kept.clear();
                    }
                    for (position, number, text) in taken.records {
                        prop_assert_eq!(position as usize, kept.concat().len());
                        prop_assert_eq!(number as usize, kept.len() + 1);
                        kept.push(text);
                    }
                    more = cut.more;
                    cursor = Some(cut.cursor);
                }
                let rows: Vec<String> = table.0.iter().map(|(key, text, _)| format!("{{\"{key}\":\"{text}\"}}\n")).collect();
                prop_assert_eq!(&kept, &rows);
            }
        }
    }
}
