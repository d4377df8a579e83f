//! What a changed message costs in a large database of Cursor's: its own bytes, whatever else lies there.
//!
//! Makes a database of 1 GB, or of the megabytes that `OPENSESSION_DATABASE_MB` names, in the folder for temporary
//! files; lists it; then a message is written, and what is read of the database to list and cut it is counted, as the
//! system counts this process's reads. The figures are held against what a database of a tenth of the size costs too: a
//! cost that grows with the size shows.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use opensession_agents::{Agent, Cursor, Environment, Limits, Platform, Record, Sink, Source, cursor_app::CursorApp};
use rusqlite::{Connection, params};

/// Messages of a session.
const MESSAGES: u64 = 60;
/// Bytes of a message's row, about what real ones have.
const MESSAGE_BYTES: usize = 8 << 10;
/// What the changed session may cost, in bytes read, for each byte of the row that changed: pages of the database are
/// read whole, and so are the index's that lead to the session's rows.
const BAR_READ: f64 = 32.0;
/// What it may cost more in the whole database than in one of a tenth of its size.
const BAR_GROWTH: f64 = 2.0;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let megabytes: u64 = env::var("OPENSESSION_DATABASE_MB").map_or(Ok(1000), |text| text.parse())?;
    let small = measure(megabytes.div_ceil(10))?;
    let large = measure(megabytes)?;
    let read = large.read as f64 / MESSAGE_BYTES as f64;
    println!("bytes read for a changed row, per byte of it: {read:.1} / {BAR_READ}");
    let growth = large.read as f64 / small.read.max(1) as f64;
    println!("the same against a tenth of the database: {growth:.2} / {BAR_GROWTH}");
    Ok(())
}

/// What the change of one message cost.
struct Cost {
    /// Bytes read.
    read: u64,
}

fn measure(megabytes: u64) -> Outcome<Cost> {
    let home = tempfile::tempdir()?;
    let path = home.path().join(".config/Cursor/User/globalStorage/state.vscdb");
    fs::create_dir_all(path.parent().ok_or("a file lies in a folder")?)?;
    let sessions = (megabytes * 1_000_000 / (MESSAGES * MESSAGE_BYTES as u64)).max(2);
    let database = make(&path, sessions)?;
    let environment = Environment {
        home: home.path().to_owned(),
        variables: BTreeMap::new(),
        platform: Platform::Linux,
        projects: Vec::new(),
        out_of_sight: false,
    };
    let mut container = None;
    for root in CursorApp.roots(&environment) {
        CursorApp.containers(&root, &mut |found| container = Some(found));
    }
    let container = container.ok_or("the database is not found")?;

    let (begin, before) = (Instant::now(), read_so_far()?);
    let mut sources = Vec::new();
    let listing = CursorApp.sources_in(&container, None, &mut |source| sources.push(source))?;
    let whole = Read { took: begin.elapsed(), bytes: read_so_far()? - before };
    let middle = sources.swap_remove(sources.len() / 2);
    let cursor = cut(&middle, None)?.0;

    let id = &middle.native_id;
    database
        .execute("INSERT INTO cursorDiskKV VALUES (?, ?)", params![message_key(id, MESSAGES), message(MESSAGES)])?;
    database.execute("INSERT INTO cursorDiskKV VALUES (?, ?)", params![session_key(id), session(id, MESSAGES + 1)])?;

    let (begin, before) = (Instant::now(), read_so_far()?);
    let mut changed = Vec::new();
    CursorApp.sources_in(&container, Some(&listing.mark), &mut |source| changed.push(source))?;
    let [source] = &changed[..] else { return Err(format!("{} sessions changed", changed.len()).into()) };
    let records = cut(source, Some(&cursor))?.1;
    let change = Read { took: begin.elapsed(), bytes: read_so_far()? - before };
    println!(
        "{} MB, {sessions} sessions: listed in {} ms, {} kB read; a changed row in {:.1} ms, {} kB read, {records} records",
        fs::metadata(&path)?.len() / 1_000_000,
        whole.took.as_millis(),
        whole.bytes / 1000,
        change.took.as_secs_f64() * 1000.0,
        change.bytes / 1000,
    );
    Ok(Cost { read: change.bytes })
}

struct Read {
    took: Duration,
    bytes: u64,
}

fn make(path: &Path, sessions: u64) -> Outcome<Connection> {
    let mut database = Connection::open(path)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
        CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
        CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);",
    )?;
    let transaction = database.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO cursorDiskKV VALUES (?, ?)")?;
        for number in 0..sessions {
            // Spread over the index, as real ids are.
            let id = format!("{:08x}-0000-4000-8000-{number:012x}", number.wrapping_mul(0x9e37_79b1) as u32);
            for at in 0..MESSAGES {
                insert.execute(params![message_key(&id, at), message(at)])?;
            }
            insert.execute(params![session_key(&id), session(&id, MESSAGES)])?;
        }
    }
    transaction.commit()?;
    database.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(database)
}

fn session_key(id: &str) -> String {
    format!("composerData:{id}")
}

fn session(id: &str, messages: u64) -> String {
    let headers: Vec<String> =
        (0..messages).map(|at| format!(r#"{{"bubbleId":"{}","type":{}}}"#, message_id(at), 1 + at % 2)).collect();
    format!(
        r#"{{"_v":16,"composerId":"{id}","name":"A session","createdAt":1780338796904,"lastUpdatedAt":{},"status":"completed","fullConversationHeadersOnly":[{}]}}"#,
        1_780_338_800_000 + messages,
        headers.join(",")
    )
}

fn message_id(at: u64) -> String {
    format!("{at:08x}-0000-4000-8000-000000000000")
}

fn message_key(id: &str, at: u64) -> String {
    format!("bubbleId:{id}:{}", message_id(at))
}

fn message(at: u64) -> String {
    let (kind, id) = (1 + at % 2, message_id(at));
    let begin = format!(r#"{{"_v":3,"bubbleId":"{id}","type":{kind},"createdAt":"2026-06-01T18:33:24.592Z","text":""#);
    let words = "the words of a message ".repeat(MESSAGE_BYTES / 23);
    format!(r#"{begin}{words}"}}"#)
}

/// Cuts a session to its end; gives the cursor and how many records there were.
fn cut(source: &Source, cursor: Option<&Cursor>) -> Outcome<(Cursor, u64)> {
    let mut sink = Counting(0);
    let mut cursor = cursor.cloned();
    loop {
        let cut = CursorApp.cut(source, cursor.as_ref(), &Limits::default(), &mut sink)?;
        if cut.restarted {
            return Err("the session was read anew".into());
        }
        if !cut.more {
            return Ok((cut.cursor, sink.0));
        }
        cursor = Some(cut.cursor);
    }
}

struct Counting(u64);

impl Sink for Counting {
    fn record(&mut self, _: Record<'_>) {
        self.0 += 1;
    }

    fn oversize(&mut self, _: Record<'_>, _: bool) {}
}

/// Bytes that this process has read so far, as Linux tells it.
fn read_so_far() -> Outcome<u64> {
    let text = fs::read_to_string("/proc/self/io")?;
    let line = text.lines().find_map(|line| line.strip_prefix("rchar: ")).ok_or("the system does not count reads")?;
    Ok(line.parse()?)
}
