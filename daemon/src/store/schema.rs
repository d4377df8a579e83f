//! The database's schema. Migrations are only ever appended: a released one never changes.

use std::path::Path;

use rusqlite::{Connection, config::DbConfig};

use super::StoreError;

/// Each entry brings the schema from its index to the next version (`PRAGMA user_version`).
const MIGRATIONS: &[&str] = &[
    // 1: the first schema.
    "
    CREATE TABLE source (
        id INTEGER PRIMARY KEY,
        agent TEXT NOT NULL,
        path TEXT NOT NULL,
        kind INTEGER NOT NULL,
        native_id TEXT NOT NULL,
        parent TEXT,                    -- JSON: [native id, relation]
        cursor TEXT NOT NULL,           -- see `codec`, with size and modification time when last read
        vanished INTEGER NOT NULL DEFAULT 0,
        forgotten INTEGER NOT NULL DEFAULT 0,
        failure TEXT,                   -- why it cannot be read as a whole, now
        problems INTEGER NOT NULL DEFAULT 0,
        UNIQUE (agent, path)
    );
    -- The raw bytes of a source, in order: of file generations, the last one is the source as it is.
    CREATE TABLE raw_frame (
        id INTEGER PRIMARY KEY,
        source INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        start INTEGER NOT NULL,         -- byte offset of the first byte, uncompressed
        length INTEGER NOT NULL,        -- bytes, uncompressed
        record INTEGER NOT NULL,        -- number of the first record that begins in it
        packed INTEGER NOT NULL DEFAULT 0, -- compressed hard, in large frames
        bytes BLOB NOT NULL             -- zstd
    );
    CREATE UNIQUE INDEX raw_frame_place ON raw_frame (source, generation, start);
    CREATE TABLE side_file (
        source INTEGER NOT NULL,
        name TEXT NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (source, name)
    ) WITHOUT ROWID;
    CREATE TABLE session (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        agent TEXT NOT NULL,
        native_id TEXT NOT NULL,
        source INTEGER NOT NULL,
        events INTEGER NOT NULL,
        turns INTEGER NOT NULL,
        facts TEXT NOT NULL,            -- JSON
        statistics TEXT NOT NULL,       -- JSON
        traits TEXT NOT NULL,           -- JSON
        state BLOB NOT NULL,            -- the deriver's
        place TEXT,                     -- JSON: the repository as it was known when its directory could be looked at
        entry TEXT NOT NULL             -- JSON: what the catalog keeps in memory; derived from the columns before
    );
    CREATE INDEX session_source ON session (source);
    -- Events as HAIL lines, in zstd frames; `layout` tells where each frame begins.
    CREATE TABLE event_block (
        id INTEGER PRIMARY KEY AUTOINCREMENT, -- never reused: readers remember frames by it
        session INTEGER NOT NULL,
        first INTEGER NOT NULL,         -- number of its first event
        count INTEGER NOT NULL,
        packed INTEGER NOT NULL DEFAULT 0, -- compressed hard
        layout BLOB NOT NULL,
        bytes BLOB NOT NULL
    );
    CREATE UNIQUE INDEX event_block_place ON event_block (session, first);
    CREATE TABLE problem (
        source INTEGER NOT NULL,
        record INTEGER NOT NULL,
        position INTEGER NOT NULL,
        reason TEXT NOT NULL,
        PRIMARY KEY (source, record, position)
    ) WITHOUT ROWID;
    -- Titles that stand in other sessions than their own.
    CREATE TABLE title_elsewhere (
        target TEXT PRIMARY KEY,        -- id of a record, or session:<native id>
        title TEXT NOT NULL
    ) WITHOUT ROWID;
    -- What the search index has yet to take in. Pruned once the index has it on disk.
    CREATE TABLE change (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        session INTEGER NOT NULL,
        kind INTEGER NOT NULL,          -- 0 events appended, 1 session restarted, 2 session forgotten
        first INTEGER NOT NULL,
        count INTEGER NOT NULL
    );
    CREATE TABLE dictionary (
        id INTEGER PRIMARY KEY,         -- zstd's own id of it
        bytes BLOB NOT NULL
    );
    ",
    // 2: what a start reads of every session lies together, rather than at the end of long rows.
    "
    CREATE TABLE session_entry (
        key INTEGER PRIMARY KEY,        -- of the session
        source INTEGER NOT NULL,
        entry BLOB NOT NULL             -- what the catalog keeps in memory: see `codec`; derived from the session's columns
    );
    INSERT INTO session_entry SELECT key, source, entry FROM session;
    ALTER TABLE session DROP COLUMN entry;
    ",
    // 3: projects with sessions of agents that keep them there, as scans found them.
    "
    CREATE TABLE project (path TEXT PRIMARY KEY) WITHOUT ROWID;
    ",
    // 4: other machines.
    "
    ALTER TABLE source ADD COLUMN host TEXT; -- name of the machine it is from; null: this one
    CREATE TABLE host (
        id INTEGER PRIMARY KEY,         -- in the order in which they were added
        name TEXT NOT NULL UNIQUE,
        folder TEXT NOT NULL UNIQUE,    -- stands for its home directory
        prefix TEXT NOT NULL,           -- what the folder is below the home directory, where it is only a part of it
        original TEXT,                  -- the home directory's path there
        address TEXT,                   -- where it is pulled from
        interval INTEGER,               -- seconds between two pulls
        last_pull INTEGER               -- when the last one that succeeded ended, in milliseconds since 1970
    );
    ",
    // 5: what people keep. It cannot be derived again, and stays when sessions are read anew.
    "
    CREATE TABLE star (
        session TEXT PRIMARY KEY,       -- the session's id
        starred_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE saved_search (
        name TEXT PRIMARY KEY,
        query TEXT NOT NULL,
        saved_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE past_query (
        query TEXT PRIMARY KEY,
        ran_ms INTEGER NOT NULL,
        sessions INTEGER NOT NULL       -- that it found then
    ) WITHOUT ROWID;
    ",
];

/// Sets the connection up, and brings the schema to the present version.
pub(super) fn prepare(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    // Only has an effect on an empty database; frames are some tens of kilobytes each.
    connection.pragma_update(None, "page_size", 4096)?;
    // What packing frees goes back to the disk; likewise without effect on a database that has tables.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may lose the last commits, never the database: sources are still there to be read again from the
    // cursor that was committed with what is kept.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Freed pages are overwritten, so that nothing of a forgotten session can be found in the file.
    connection.pragma_update(None, "secure_delete", true)?;
    // Pages that were just written are seldom asked for again: more of them would only fill memory as sessions grow.
    connection.pragma_update(None, "cache_size", -2000)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 16 << 20)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    keep_plans(connection)?;

    let known = MIGRATIONS.len() as u32;
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        connection
            .execute_batch(&format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {}; COMMIT;", index + 1))?;
    }
    Ok(())
}

/// Has a statement's plan hold for all values that are bound to it. Otherwise those with bounds are prepared anew each
/// time, which costs more than most of them do.
pub(super) fn keep_plans(connection: &Connection) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_schema_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 999).unwrap();
        let error = prepare(&connection, &path).unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 999, .. }), "{error}");
    }

    #[test]
    fn an_older_store_keeps_its_entries_and_cursors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("local.db");
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                r#"INSERT INTO source (id, agent, path, kind, native_id, cursor)
                   VALUES (3, 'claude-code', '/s.jsonl', 0, 's', '{"generation":2,"offset":77,"size":80}');
                   INSERT INTO session (key, id, agent, native_id, source, events, turns, facts, statistics, traits,
                   state, entry) VALUES (5, 'i', 'claude-code', 's', 3, 0, 0, '{}', '{}', '{}', x'',
                   '{"info":{"id":"i","title":"old"},"titled":true}')"#,
            )
            .unwrap();
        drop(connection);
        let (store, _writer) = super::super::Store::open(&path).unwrap();
        let reader = store.reader().unwrap();
        let cursor = reader.source(3).unwrap().unwrap().cursor;
        assert_eq!((cursor.generation, cursor.offset, cursor.size), (2, 77, 80));
        let mut found = Vec::new();
        reader.entries(|key, source, entry| found.push((key, source, entry.unwrap().info.title.clone()))).unwrap();
        assert_eq!(found, [(5, 3, "old".to_owned())]);
    }

    #[test]
    fn preparing_twice_changes_nothing() {
        let connection = Connection::open_in_memory().unwrap();
        prepare(&connection, Path::new("x")).unwrap();
        prepare(&connection, Path::new("x")).unwrap();
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version as usize, MIGRATIONS.len());
    }
}
