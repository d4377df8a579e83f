//! Read-only views of the store.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use opensession_agents::{Cursor, Facts, Source, SourceKind};
use opensession_hail::{Event, statistics::Statistics};
use opensession_protocol::{ProblemInfo, ProblemPage};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::{
    Change, ChangeKind, Frames, RawFrame, SideFile, StoreError,
    block::{self, FrameEntry},
    codec, schema,
};
use crate::{
    catalog::{SessionKey, StoredEntry, Traits},
    hosts::HostRow,
};

/// A source as the store knows it.
#[derive(Debug, Clone)]
pub struct SourceRow {
    /// Its row.
    pub id: i64,
    /// The agent's id.
    pub agent: String,
    /// What was found. Its side files are not kept; they are found again.
    pub source: Source,
    /// How far it was read.
    pub cursor: Cursor,
    /// Whether its file is gone.
    pub vanished: bool,
    /// Whether its session was forgotten, so that it is not to be read.
    pub forgotten: bool,
    /// Why it cannot be read as a whole.
    pub failure: Option<String>,
    /// Records that could not be read.
    pub problems: u64,
    /// The other machine that it is from.
    pub host: Option<String>,
}

/// A session as the store knows it, with all that is needed to go on deriving.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its number.
    pub key: SessionKey,
    /// Its id.
    pub id: String,
    /// The agent's own id of it.
    pub native_id: String,
    /// Its source.
    pub source: i64,
    /// Its events.
    pub events: u32,
    /// Prompts among them.
    pub turns: u32,
    /// What is known of it.
    pub facts: Facts,
    /// Its figures.
    pub statistics: Statistics,
    /// What it holds.
    pub traits: Traits,
    /// The deriver's state.
    pub state: Vec<u8>,
    /// JSON: where it took place.
    pub place: Option<String>,
}

/// Which events to read.
#[derive(Debug, Clone, Copy)]
pub struct EventRange {
    /// The session.
    pub session: SessionKey,
    /// The first event's number.
    pub from: u32,
    /// The last event's number.
    pub to: u32,
}

/// A frame that was opened: the row and the offset in it, and its plain bytes.
type OpenFrame = ((i64, usize), Arc<[u8]>);

/// A read-only connection: sees the last commit at each question.
pub struct Reader {
    pub(super) connection: Connection,
    frames: Option<Frames>,
    /// The frame that was opened last: hits of one session often lie in one.
    last_frame: Option<OpenFrame>,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        schema::keep_plans(&connection)?;
        connection.pragma_update(None, "cache_size", -2000)?;
        connection.pragma_update(None, "mmap_size", 1 << 30)?;
        Ok(Self { connection, frames: None, last_frame: None })
    }

    /// Every source.
    pub fn sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, agent, path, kind, native_id, parent, cursor, vanished, forgotten, failure, problems, host FROM source",
        )?;
        let rows = statement.query_map([], source_row)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Other machines, in the order in which they were added.
    pub fn hosts(&self) -> Result<Vec<HostRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, name, folder, prefix, original, address, interval, last_pull FROM host ORDER BY id",
        )?;
        let path = |row: &Row<'_>, column| row.get::<_, String>(column).map(PathBuf::from);
        let hosts = statement.query_map([], |row| {
            Ok(HostRow {
                id: row.get(0)?,
                name: row.get(1)?,
                folder: path(row, 2)?,
                prefix: path(row, 3)?,
                original: row.get::<_, Option<String>>(4)?.map(PathBuf::from),
                address: row.get(5)?,
                interval_secs: row.get(6)?,
                last_pull_ms: row.get(7)?,
            })
        })?;
        Ok(hosts.collect::<Result<_, _>>()?)
    }

    /// Projects that scans found.
    pub fn projects(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT path FROM project ORDER BY path")?;
        let paths = statement.query_map([], |row| row.get::<_, String>(0))?;
        Ok(paths.map(|path| path.map(PathBuf::from)).collect::<Result<_, _>>()?)
    }

    /// One source.
    pub fn source(&self, id: i64) -> Result<Option<SourceRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, agent, path, kind, native_id, parent, cursor, vanished, forgotten, failure, problems, host FROM source
             WHERE id = ?",
        )?;
        Ok(statement.query_row([id], source_row).optional()?)
    }

    /// Gives `take` the number and the source of every session, and what the catalog keeps of it: `None` where that
    /// cannot be read.
    pub fn entries(&self, mut take: impl FnMut(SessionKey, i64, Option<StoredEntry>)) -> Result<(), StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT key, source, entry FROM session_entry ORDER BY key")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get(0)?, row.get(1)?, codec::decode_entry(row.get_ref(2)?.as_bytes().unwrap_or_default()));
        }
        Ok(())
    }

    /// The numbers of all sessions.
    pub fn session_keys(&self) -> Result<Vec<SessionKey>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT key FROM session ORDER BY key")?;
        let keys = statement.query_map([], |row| row.get(0))?;
        Ok(keys.collect::<Result<_, _>>()?)
    }

    /// The sessions of a source.
    pub fn sessions_of(&self, source: i64) -> Result<Vec<SessionRow>, StoreError> {
        self.session_rows("WHERE source = ?", source)
    }

    /// One session.
    pub fn session(&self, key: SessionKey) -> Result<Option<SessionRow>, StoreError> {
        Ok(self.session_rows("WHERE key = ?", i64::from(key))?.pop())
    }

    /// The number of the session with that id.
    pub fn session_key(&self, id: &str) -> Result<Option<(SessionKey, i64)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT key, source FROM session WHERE id = ?")?;
        Ok(statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    /// Titles that stand in other sessions than their own: the target and the title.
    pub fn titles_elsewhere(&self) -> Result<Vec<(String, String)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT target, title FROM title_elsewhere")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Gives `take` the number, the turn and the HAIL line of each event of `range`, in order, until it answers false.
    pub fn event_lines(
        &mut self,
        range: EventRange,
        mut take: impl FnMut(u32, u32, &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT id, first, layout FROM event_block WHERE session = ?1 AND first <= ?3
             AND first >= (SELECT coalesce(max(first), 0) FROM event_block WHERE session = ?1 AND first <= ?2)
             ORDER BY first",
        )?;
        let blocks: Vec<(i64, u32, Vec<u8>)> = statement
            .query_map(params![range.session, range.from, range.to], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        drop(statement);
        for (row, first, layout) in blocks {
            for entry in block::entries(first, &layout) {
                if entry.first + entry.count <= range.from {
                    continue;
                }
                if entry.first > range.to {
                    return Ok(());
                }
                let plain = self.open_frame(row, &entry)?;
                let mut turn = entry.turns_before;
                let mut begin = 0;
                for (number, end) in (entry.first..=range.to).zip(memchr::memchr_iter(b'\n', &plain)) {
                    let line = &plain[begin..end];
                    begin = end + 1;
                    turn += u32::from(is_prompt_line(line));
                    if number >= range.from && !take(number, turn, line) {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// Prompts of a session before an event that begins a block.
    pub(super) fn turns_before(&self, session: SessionKey, first: u32) -> Result<u32, StoreError> {
        let mut statement =
            self.connection.prepare_cached("SELECT layout FROM event_block WHERE session = ? AND first = ?")?;
        let layout: Option<Vec<u8>> = statement.query_row(params![session, first], |row| row.get(0)).optional()?;
        let first_frame = layout.and_then(|layout| block::entries(first, &layout).next());
        Ok(first_frame.map_or(0, |frame| frame.turns_before))
    }

    /// One event.
    pub fn event(&mut self, session: SessionKey, number: u32) -> Result<Option<Event>, StoreError> {
        let mut found = None;
        self.event_lines(EventRange { session, from: number, to: number }, |_, _, line| {
            found = Event::from_json(line).ok();
            false
        })?;
        Ok(found)
    }

    /// Changes after `sequence`, at most `limit` of them.
    pub fn changes_after(&self, sequence: u64, limit: u32) -> Result<Vec<Change>, StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sequence, session, kind, first, count FROM change WHERE sequence > ? ORDER BY sequence LIMIT ?",
        )?;
        let rows = statement.query_map(params![sequence as i64, limit], |row| {
            Ok(Change {
                sequence: row.get::<_, i64>(0)? as u64,
                session: row.get(1)?,
                kind: ChangeKind::from_column(row.get(2)?),
                first: row.get(3)?,
                count: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The number of the first change that is still there.
    pub fn first_change(&self) -> Result<Option<u64>, StoreError> {
        let first: Option<i64> = self.connection.query_row("SELECT min(sequence) FROM change", [], |row| row.get(0))?;
        Ok(first.map(|sequence| sequence as u64))
    }

    /// Gives `take` the bytes of a source's generation, frame by frame: the offset, the number of the first record
    /// that begins there, the bytes.
    pub fn raw(
        &self,
        source: i64,
        generation: u32,
        mut take: impl FnMut(u64, u64, &[u8]) -> std::io::Result<()>,
    ) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT start, length, record, bytes FROM raw_frame WHERE source = ? AND generation = ? ORDER BY start",
        )?;
        let mut rows = statement.query(params![source, generation])?;
        while let Some(row) = rows.next()? {
            let length: i64 = row.get(1)?;
            let bytes = row.get_ref(3)?.as_blob().unwrap_or_default();
            let plain = RawFrame::open(bytes, length as u64)?;
            take(row.get::<_, i64>(0)? as u64, row.get::<_, i64>(2)? as u64, &plain)
                .map_err(|error| StoreError::Damaged { what: "raw records".into(), reason: error.to_string() })?;
        }
        Ok(())
    }

    /// The side files of a source.
    pub fn side_files(&self, source: i64) -> Result<Vec<SideFile>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT name, bytes FROM side_file WHERE source = ?")?;
        let rows = statement.query_map([source], |row| Ok(SideFile { name: row.get(0)?, bytes: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Problems, of one agent or of all, at most `limit` of them, and how many there are. `session_of` names the session
    /// of a source.
    pub fn problems(
        &self,
        agent: Option<&str>,
        limit: u32,
        session_of: impl Fn(i64) -> Option<String>,
    ) -> Result<ProblemPage, StoreError> {
        let mut page = ProblemPage::default();
        let mut failed = self.connection.prepare(
            "SELECT id, agent, path, failure FROM source WHERE failure IS NOT NULL AND (?1 IS NULL OR agent = ?1)
             ORDER BY path",
        )?;
        let mut rows = failed.query([agent])?;
        while let Some(row) = rows.next()? {
            page.total += 1;
            page.sources += 1;
            if page.problems.len() < limit as usize {
                page.problems.push(ProblemInfo {
                    agent: row.get(1)?,
                    path: row.get(2)?,
                    session: session_of(row.get(0)?),
                    reason: row.get(3)?,
                    ..ProblemInfo::default()
                });
            }
        }
        let (problems, sources): (i64, i64) = self.connection.query_row(
            "SELECT coalesce(sum(problems), 0), count(*) FROM source WHERE problems > 0 AND (?1 IS NULL OR agent = ?1)",
            [agent],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        page.total += problems as u64;
        page.sources += sources as u64;
        let mut statement = self.connection.prepare(
            "SELECT source.id, agent, path, record, position, reason FROM problem JOIN source ON source.id = problem.source
             WHERE ?1 IS NULL OR agent = ?1 ORDER BY path, record, position LIMIT ?2",
        )?;
        let mut rows = statement.query(params![agent, limit.saturating_sub(page.problems.len() as u32)])?;
        while let Some(row) = rows.next()? {
            page.problems.push(ProblemInfo {
                agent: row.get(1)?,
                path: row.get(2)?,
                session: session_of(row.get(0)?),
                line: row.get::<_, i64>(3)? as u64,
                position: row.get::<_, i64>(4)? as u64,
                reason: row.get(5)?,
            });
        }
        Ok(page)
    }

    /// Every question from now on sees the store as it is at this moment; gives the number of the last change.
    pub fn freeze(&self) -> Result<u64, StoreError> {
        self.connection.execute_batch("BEGIN")?;
        let sequence: Option<i64> = self
            .connection
            .query_row("SELECT seq FROM sqlite_sequence WHERE name = 'change'", [], |row| row.get(0))
            .optional()?;
        Ok(sequence.unwrap_or(0) as u64)
    }

    /// The agent of a session.
    pub fn agent_of(&self, key: SessionKey) -> Result<Option<String>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT agent FROM session WHERE key = ?")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    /// The dictionary that small frames are compressed with, once there is one.
    pub fn dictionary(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT bytes FROM dictionary ORDER BY id DESC LIMIT 1")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    /// Whether SQLite finds the database sound: the first fault, if there is one.
    pub fn check(&self) -> Result<Option<String>, StoreError> {
        let verdict: String = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((verdict != "ok").then_some(verdict))
    }

    fn session_rows(&self, condition: &str, value: i64) -> Result<Vec<SessionRow>, StoreError> {
        let mut statement = self.connection.prepare_cached(&format!(
            "SELECT key, id, native_id, source, events, turns, facts, statistics, traits, state, place FROM session {condition}"
        ))?;
        let rows = statement.query_map([value], |row| {
            Ok(SessionRow {
                key: row.get(0)?,
                id: row.get(1)?,
                native_id: row.get(2)?,
                source: row.get(3)?,
                events: row.get(4)?,
                turns: row.get(5)?,
                facts: from_json(row, 6)?,
                statistics: from_json(row, 7)?,
                traits: from_json(row, 8)?,
                state: row.get(9)?,
                place: row.get(10)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn open_frame(&mut self, row: i64, entry: &FrameEntry) -> Result<Arc<[u8]>, StoreError> {
        let place = (row, entry.offset);
        if let Some((known, plain)) = &self.last_frame
            && *known == place
        {
            return Ok(plain.clone());
        }
        let mut bytes = vec![0; entry.length];
        let blob = self.connection.blob_open("main", "event_block", "bytes", row, true)?;
        blob.read_at_exact(&mut bytes, entry.offset)?;
        drop(blob);
        if self.frames.is_none() {
            self.frames = Some(Frames::new(self.dictionary()?.as_deref())?);
        }
        let frames = self.frames.as_mut().expect("made just above");
        let plain: Arc<[u8]> = if let Ok(plain) = frames.open(&bytes, entry.plain_length) {
            plain.into()
        } else {
            // The dictionary may have been made after this reader looked for it.
            let mut anew = Frames::new(self.dictionary()?.as_deref())?;
            let plain = anew.open(&bytes, entry.plain_length)?;
            self.frames = Some(anew);
            plain.into()
        };
        self.last_frame = Some((place, plain.clone()));
        Ok(plain)
    }
}

/// Whether a HAIL line is a prompt, as [`block::is_turn`] tells of the event. The writer puts `role` first, and
/// `subagent` only where there is one.
fn is_prompt_line(line: &[u8]) -> bool {
    line.starts_with(br#"{"role":"human""#)
        && (memchr::memmem::find(line, br#""subagent":""#).is_none()
            || Event::from_json(line).is_ok_and(|event| block::is_turn(&event)))
}

fn source_row(row: &Row<'_>) -> rusqlite::Result<SourceRow> {
    let kind: u8 = row.get(3)?;
    let parent: Option<String> = row.get(5)?;
    Ok(SourceRow {
        id: row.get(0)?,
        agent: row.get(1)?,
        source: Source {
            path: PathBuf::from(row.get::<_, String>(2)?),
            kind: match kind {
                0 => SourceKind::Lines,
                1 => SourceKind::Document,
                2 => SourceKind::Rows,
                _ => SourceKind::Section,
            },
            native_id: row.get(4)?,
            parent: parent.and_then(|parent| serde_json::from_str(&parent).ok()),
            side_files: Vec::new(),
            version: 0,
        },
        cursor: cursor_in(row, 6)?,
        vanished: row.get(7)?,
        forgotten: row.get(8)?,
        failure: row.get(9)?,
        problems: row.get::<_, i64>(10)? as u64,
        host: row.get(11)?,
    })
}

/// The cursor in a column. One that cannot be read is an error: read from its beginning, the source would be doubled.
pub(super) fn cursor_in(row: &Row<'_>, column: usize) -> rusqlite::Result<Cursor> {
    codec::decode_cursor(row.get_ref(column)?.as_bytes()?).ok_or_else(|| {
        let error = StoreError::Damaged { what: "a source's cursor".into(), reason: "not of a known form".into() };
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(error))
    })
}

fn from_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    serde_json::from_str(text).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
    })
}
