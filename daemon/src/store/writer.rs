//! The only writing connection.

use std::sync::Arc;

use opensession_agents::{Cursor, Facts, Problem, Source, SourceKind};
use opensession_hail::statistics::Statistics;
use rusqlite::{Connection, OptionalExtension, params};

use super::{EventBlock, RawFrame, SideFile, Store, StoreError, codec, reader::cursor_in};
use crate::{
    catalog::{SessionKey, StoredEntry, Traits, session_id},
    hosts::HostRow,
};

/// Problems kept of one source; more are only counted.
const PROBLEMS_KEPT: usize = 200;

/// What was read of a source, to be committed as one.
#[derive(Debug)]
pub struct SourceBatch {
    /// The agent's id.
    pub agent: &'static str,
    /// The source.
    pub source: Arc<Source>,
    /// The other machine that it is from.
    pub host: Option<Arc<str>>,
    /// Its row, once it has one.
    pub id: Option<i64>,
    /// Where the reading began: the batch is refused unless the store stands there.
    pub from: (u32, u64),
    /// How far it was read.
    pub cursor: Cursor,
    /// The source was found rewritten, and this is the first of its new generation: what was derived before is void.
    pub restarted: bool,
    /// The session was another source's, for which this one stands from now on: what was derived before is void.
    pub takes_over: bool,
    /// Its bytes.
    pub raw: Vec<RawFrame>,
    /// Side files that changed.
    pub side_files: Vec<SideFile>,
    /// What was derived, session by session.
    pub sessions: Vec<SessionBatch>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// What was derived of one session.
#[derive(Debug)]
pub struct SessionBatch {
    /// Its number, once it has one; filled in when it is written.
    pub key: Option<SessionKey>,
    /// Its id; made right when it is written, where another source claims the same.
    pub id: String,
    /// The agent's id.
    pub agent: &'static str,
    /// The agent's own id of the session.
    pub native_id: String,
    /// Events it has now, and prompts among them.
    pub events: u32,
    /// See `events`.
    pub turns: u32,
    /// The new events.
    pub block: Option<EventBlock>,
    /// What is known of it now.
    pub facts: Facts,
    /// Its figures now.
    pub statistics: Statistics,
    /// The deriver's state now.
    pub state: Vec<u8>,
    /// JSON: where it took place, if that is known by now.
    pub place: Option<String>,
    /// What it holds.
    pub traits: Traits,
    /// What the catalog keeps of it. Its id is made right when the session is written.
    pub entry: StoredEntry,
}

/// A change to the events of a session, in the order of the commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its number: grows by each change, never reused.
    pub sequence: u64,
    /// The session.
    pub session: SessionKey,
    /// What happened.
    pub kind: ChangeKind,
    /// Number of the first event added.
    pub first: u32,
    /// Events added.
    pub count: u32,
}

/// What happened to the events of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// Events were added.
    Appended,
    /// All events are void; those that hold now follow as `Appended`.
    Restarted,
    /// The session is gone.
    Forgotten,
}

impl ChangeKind {
    pub(super) fn from_column(value: u8) -> Self {
        match value {
            0 => ChangeKind::Appended,
            1 => ChangeKind::Restarted,
            _ => ChangeKind::Forgotten,
        }
    }
}

/// What one batch changed.
#[derive(Debug, Default)]
pub struct Committed {
    /// The source's row.
    pub source: i64,
    /// The changes.
    pub changes: Vec<Change>,
}

/// How a session stood before it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    New,
    Known,
    /// It was another source's, for which this one stands from now on.
    TakenOver,
}

/// Writes. There is one, on one thread.
pub struct Writer {
    pub(super) connection: Connection,
    store: Store,
}

impl Writer {
    pub(super) fn new(connection: Connection, store: Store) -> Self {
        connection.set_prepared_statement_cache_capacity(64);
        Self { connection, store }
    }

    /// The store that it writes.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Begins a transaction. Until [`Writer::commit`] nobody sees what is written.
    pub fn begin(&self) -> Result<(), StoreError> {
        Ok(self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)?)
    }

    /// Ends the transaction: all of it is there, or nothing.
    pub fn commit(&self) -> Result<(), StoreError> {
        Ok(self.connection.prepare_cached("COMMIT")?.execute([]).map(drop)?)
    }

    /// Gives the transaction up.
    pub fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the transaction could not be rolled back");
        }
    }

    /// Adds a source that was found, with nothing read of it yet, and gives its row.
    pub fn add_source(&self, agent: &str, source: &Source, host: Option<&str>) -> Result<i64, StoreError> {
        let parent = source.parent.as_ref().map(json);
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO source (agent, path, kind, native_id, parent, host, cursor) VALUES (?, ?, ?, ?, ?, ?, '{}')
             ON CONFLICT (agent, path) DO UPDATE SET kind = excluded.kind RETURNING id",
        )?;
        Ok(statement.query_row(
            params![agent, path_text(&source.path), source.kind as u8, source.native_id, parent, host],
            |row| row.get(0),
        )?)
    }

    /// The source's file lies elsewhere now: what was read of it stays.
    pub fn move_source(&self, id: i64, path: &std::path::Path) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE source SET path = ?2, vanished = 0 WHERE id = ?1")?
            .execute(params![id, path_text(path)])?;
        Ok(())
    }

    /// The source's file is gone, or there again.
    pub fn set_vanished(&self, id: i64, vanished: bool) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE source SET vanished = ?2 WHERE id = ?1")?
            .execute(params![id, vanished])?;
        Ok(())
    }

    /// Why the source cannot be read as a whole now; `None` when it can.
    pub fn set_failure(&self, id: i64, failure: Option<&str>) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE source SET failure = ?2 WHERE id = ?1 AND failure IS NOT ?2")?
            .execute(params![id, failure])?;
        Ok(())
    }

    /// A container can be listed: what failed before is over.
    pub fn clear_failure(&self, agent: &str, path: &std::path::Path) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE source SET failure = NULL WHERE agent = ? AND path = ? AND failure IS NOT NULL")?
            .execute(params![agent, path_text(path)])?;
        Ok(())
    }

    /// Remembers projects that a scan found.
    pub fn keep_projects(&self, projects: &[std::path::PathBuf]) -> Result<(), StoreError> {
        let mut insert = self.connection.prepare_cached("INSERT OR IGNORE INTO project (path) VALUES (?)")?;
        for project in projects {
            insert.execute([path_text(project)])?;
        }
        Ok(())
    }

    /// Remembers a machine, and gives its number.
    pub fn add_host(&self, host: &HostRow) -> Result<u32, StoreError> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO host (name, folder, prefix, original, address, interval) VALUES (?, ?, ?, ?, ?, ?)
             RETURNING id",
        )?;
        let original = host.original.as_deref().map(path_text);
        let values = params![
            host.name,
            path_text(&host.folder),
            path_text(&host.prefix),
            original,
            host.address,
            host.interval_secs
        ];
        Ok(insert.query_row(values, |row| row.get(0))?)
    }

    /// Forgets a machine; its sources and sessions stay.
    pub fn remove_host(&self, id: u32) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM host WHERE id = ?")?.execute([id])?;
        Ok(())
    }

    /// A pull from a machine ended well: when, in milliseconds since 1970, and what its home directory is called there.
    pub fn host_pulled(&self, id: u32, time_ms: i64, original: &std::path::Path) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("UPDATE host SET last_pull = ?2, original = ?3 WHERE id = ?1")?
            .execute(params![id, time_ms, path_text(original)])?;
        Ok(())
    }

    /// Writes a batch, inside a transaction, and fills in the numbers of its source and sessions.
    pub fn apply(&self, batch: &mut SourceBatch) -> Result<Committed, StoreError> {
        let source = match batch.id {
            Some(id) => id,
            None => self.add_source(batch.agent, &batch.source, batch.host.as_deref())?,
        };
        batch.id = Some(source);
        let generation = batch.cursor.generation;
        let stands = self.cursor(source)?;
        if stands != batch.from {
            return Err(StoreError::OutOfStep { path: batch.source.path.clone(), stands, from: batch.from });
        }
        if batch.restarted {
            self.begin_generation(source, batch.source.kind, generation)?;
        }
        let mut insert_raw = self.connection.prepare_cached(
            "INSERT INTO raw_frame (source, generation, start, length, record, bytes) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        for frame in &batch.raw {
            insert_raw.execute(params![
                source,
                generation,
                frame.start as i64,
                frame.length as i64,
                frame.record as i64,
                frame.bytes
            ])?;
        }
        for side_file in &batch.side_files {
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO side_file (source, name, bytes) VALUES (?, ?, ?)")?
                .execute(params![source, side_file.name, side_file.bytes])?;
        }
        self.add_problems(source, &batch.problems)?;
        self.connection
            .prepare_cached("UPDATE source SET cursor = ?2, vanished = 0, failure = NULL WHERE id = ?1")?
            .execute(params![source, codec::encode_cursor(&batch.cursor)])?;

        let mut changes = Vec::new();
        for session in &mut batch.sessions {
            let (key, standing) = self.write_session(source, &batch.source, batch.takes_over, session)?;
            if standing == Standing::TakenOver || (batch.restarted && standing == Standing::Known) {
                self.connection.prepare_cached("DELETE FROM event_block WHERE session = ?")?.execute([key])?;
                changes.push(self.add_change(key, ChangeKind::Restarted, 0, 0)?);
            }
            if let Some(block) = &session.block {
                self.add_block(key, block)?;
                changes.push(self.add_change(key, ChangeKind::Appended, block.first, block.count)?);
            }
            for (target, title) in &session.facts.titles_elsewhere {
                self.connection
                    .prepare_cached(
                        "INSERT INTO title_elsewhere (target, title) VALUES (?1, ?2)
                         ON CONFLICT (target) DO UPDATE SET title = ?2 WHERE title <> ?2",
                    )?
                    .execute(params![target, title])?;
            }
        }
        Ok(Committed { source, changes })
    }

    /// Replaces everything derived of a session, inside a transaction; `blocks` are all of its events.
    pub fn replace_derived(
        &self,
        source: i64,
        found: &Source,
        session: &mut SessionBatch,
        blocks: &[EventBlock],
        problems: &[Problem],
    ) -> Result<Committed, StoreError> {
        let (key, _) = self.write_session(source, found, false, session)?;
        self.connection.prepare_cached("DELETE FROM event_block WHERE session = ?")?.execute([key])?;
        self.clear_problems(source)?;
        self.add_problems(source, problems)?;
        let mut changes = vec![self.add_change(key, ChangeKind::Restarted, 0, 0)?];
        for block in blocks {
            self.add_block(key, block)?;
            changes.push(self.add_change(key, ChangeKind::Appended, block.first, block.count)?);
        }
        Ok(Committed { source, changes })
    }

    /// Deletes a session, its events and its raw records for good, inside a transaction; its source is not read again.
    /// Gives the change and the bytes of raw records that are gone.
    pub fn forget(&self, key: SessionKey) -> Result<(Change, u64), StoreError> {
        let known: Option<(i64, String, String)> = self
            .connection
            .query_row("SELECT source, native_id, facts FROM session WHERE key = ?", [key], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })
            .optional()?;
        let (source, native_id, facts) = known.unwrap_or((-1, String::new(), String::new()));
        let facts: Facts = serde_json::from_str(&facts).unwrap_or_default();
        let told = facts.titles_elsewhere.into_iter().map(|(target, _)| target);
        for target in told.chain(facts.leaves).chain([format!("session:{native_id}")]) {
            self.connection.execute("DELETE FROM title_elsewhere WHERE target = ?", [target])?;
        }
        let bytes: i64 = self.connection.query_row(
            "SELECT coalesce(sum(length), 0) FROM raw_frame WHERE source = ?",
            [source],
            |row| row.get(0),
        )?;
        for source in self.with_places_before(source)? {
            for statement in [
                "DELETE FROM raw_frame WHERE source = ?",
                "DELETE FROM side_file WHERE source = ?",
                "DELETE FROM problem WHERE source = ?",
                "UPDATE source SET forgotten = 1, failure = NULL, problems = 0 WHERE id = ?",
            ] {
                self.connection.execute(statement, [source])?;
            }
        }
        self.connection.execute("DELETE FROM event_block WHERE session = ?", [key])?;
        self.connection.execute("DELETE FROM session_entry WHERE key = ?", [key])?;
        self.connection.execute("DELETE FROM session WHERE key = ?", [key])?;
        let change = self.add_change(key, ChangeKind::Forgotten, 0, 0)?;
        Ok((change, bytes as u64))
    }

    /// A source, and those that its session was read from before it took over.
    fn with_places_before(&self, source: i64) -> Result<Vec<i64>, StoreError> {
        let mut statement = self.connection.prepare(
            "SELECT ?1 UNION SELECT old.id FROM source old JOIN source own USING (agent, native_id)
             WHERE own.id = ?1 AND NOT EXISTS (SELECT 1 FROM session WHERE session.source = old.id)",
        )?;
        let sources = statement.query_map([source], |row| row.get(0))?;
        Ok(sources.collect::<Result<_, _>>()?)
    }

    /// The write-ahead log is written into the database and emptied, so that what was forgotten is not in it either.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// Drops changes that the index has on disk.
    pub fn prune_changes(&self, sequence: u64) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM change WHERE sequence <= ?")?.execute([sequence as i64])?;
        Ok(())
    }

    /// The number of the last change there ever was.
    pub fn last_sequence(&self) -> Result<u64, StoreError> {
        let sequence: Option<i64> = self
            .connection
            .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'change'")?
            .query_row([], |row| row.get(0))
            .optional()?;
        Ok(sequence.unwrap_or(0) as u64)
    }

    /// Lets SQLite refresh its statistics and write its log into the database, for a daemon that ends or idles.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("PRAGMA optimize")?;
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    }

    /// The source is read again from its beginning.
    fn begin_generation(&self, source: i64, kind: SourceKind, generation: u32) -> Result<(), StoreError> {
        self.clear_problems(source)?;
        // A file that is written anew each time is its last state; of a file of lines, what was there before it was
        // rewritten is history that nobody else has.
        if kind == SourceKind::Document {
            self.connection
                .prepare_cached("DELETE FROM raw_frame WHERE source = ? AND generation < ?")?
                .execute(params![source, generation])?;
        }
        Ok(())
    }

    /// Generation and offset up to which a source is kept.
    fn cursor(&self, source: i64) -> Result<(u32, u64), StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT cursor FROM source WHERE id = ?")?;
        let cursor = statement.query_row([source], |row| cursor_in(row, 0))?;
        Ok((cursor.generation, cursor.offset))
    }

    fn clear_problems(&self, source: i64) -> Result<(), StoreError> {
        self.connection.prepare_cached("DELETE FROM problem WHERE source = ?")?.execute([source])?;
        self.connection.prepare_cached("UPDATE source SET problems = 0 WHERE id = ?")?.execute([source])?;
        Ok(())
    }

    /// Writes a session, fills in its number, and tells whether it was there before.
    fn write_session(
        &self,
        source: i64,
        found: &Source,
        takes_over: bool,
        session: &mut SessionBatch,
    ) -> Result<(SessionKey, Standing), StoreError> {
        let mut standing = Standing::Known;
        if session.key.is_none() {
            let mut known = self.key_of(&session.id)?;
            if takes_over && known.is_some_and(|(_, owner)| owner != source) {
                standing = Standing::TakenOver;
            } else if known.is_some_and(|(_, owner)| owner != source) {
                // Another file holds a session of the same native id, as in a copied home: both are kept, and searches
                // fold them by what they share.
                session.id = session_id(session.agent, &format!("{}\0{}", session.native_id, found.path.display()));
                known = self.key_of(&session.id)?;
            }
            session.key = known.map(|(key, _)| key);
        }
        std::sync::Arc::make_mut(&mut session.entry.info).id.clone_from(&session.id);
        let values = params![
            session.key,
            session.native_id,
            session.events,
            session.turns,
            json(&session.facts),
            json(&session.statistics),
            json(&session.traits),
            session.state,
            session.place,
            session.id,
            session.agent,
            source,
        ];
        if let Some(key) = session.key {
            self.connection
                .prepare_cached(
                    "UPDATE session SET native_id = ?2, events = ?3, turns = ?4, facts = ?5, statistics = ?6,
                     traits = ?7, state = ?8, place = coalesce(?9, place), id = ?10, agent = ?11, source = ?12
                     WHERE key = ?1",
                )?
                .execute(values)?;
            self.write_entry(key, source, session)?;
            return Ok((key, standing));
        }
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO session (key, native_id, events, turns, facts, statistics, traits, state, place, id, agent,
             source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING key",
        )?;
        let key = insert.query_row(values, |row| row.get(0))?;
        session.key = Some(key);
        self.write_entry(key, source, session)?;
        Ok((key, Standing::New))
    }

    fn write_entry(&self, key: SessionKey, source: i64, session: &SessionBatch) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO session_entry (key, source, entry) VALUES (?, ?, ?)")?
            .execute(params![key, source, codec::encode_entry(&session.entry)])?;
        Ok(())
    }

    fn key_of(&self, id: &str) -> Result<Option<(SessionKey, i64)>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT key, source FROM session WHERE id = ?")?;
        Ok(statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn add_block(&self, session: SessionKey, block: &EventBlock) -> Result<(), StoreError> {
        self.connection
            .prepare_cached("INSERT INTO event_block (session, first, count, layout, bytes) VALUES (?, ?, ?, ?, ?)")?
            .execute(params![session, block.first, block.count, block.layout, block.bytes])?;
        Ok(())
    }

    fn add_change(&self, session: SessionKey, kind: ChangeKind, first: u32, count: u32) -> Result<Change, StoreError> {
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO change (session, kind, first, count) VALUES (?, ?, ?, ?) RETURNING sequence",
        )?;
        let sequence: i64 = insert.query_row(params![session, kind as u8, first, count], |row| row.get(0))?;
        Ok(Change { sequence: sequence as u64, session, kind, first, count })
    }

    fn add_problems(&self, source: i64, problems: &[Problem]) -> Result<(), StoreError> {
        if problems.is_empty() {
            return Ok(());
        }
        let mut insert = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO problem (source, record, position, reason) VALUES (?, ?, ?, ?)")?;
        for problem in problems.iter().take(PROBLEMS_KEPT) {
            insert.execute(params![source, problem.record as i64, problem.position as i64, problem.reason])?;
        }
        self.connection
            .prepare_cached("UPDATE source SET problems = problems + ?2 WHERE id = ?1")?
            .execute(params![source, problems.len() as i64])?;
        Ok(())
    }
}

/// A path as the database keeps it. One that is not UTF-8 is kept lossily: such a source is found again by its own
/// name, and restored to a name that can be read.
pub(super) fn path_text(path: &std::path::Path) -> String {
    path.to_string_lossy().into_owned()
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("these types have string keys and no fallible serialisers")
}
