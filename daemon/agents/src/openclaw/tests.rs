//! Files and databases in, events out; the database grows while it is read.

use rusqlite::Connection;

use super::OpenClaw;
use crate::{Agent, Limits, Source, check};

const LIVE: &str = concat!(
    r#"{"type":"session","id":"live","version":3,"timestamp":"2026-02-24T10:00:00Z","cwd":"/w"}"#,
    "\n",
    r#"{"type":"custom_message","id":"m0","timestamp":"2026-02-24T10:00:01Z","customType":"openclaw.runtime-context","content":"context","display":false}"#,
    "\n",
    r#"{"type":"message","id":"m1","timestamp":"2026-02-24T10:00:02Z","message":{"role":"user","content":[{"type":"text","text":"[Telegram Ada 2026-02-24] run it"}]}}"#,
    "\n",
    r#"{"type":"message","id":"m2","timestamp":"2026-02-24T10:00:03Z","message":{"role":"user","content":"System: the gateway restarted"}}"#,
    "\n",
    r#"{"type":"message","id":"m3","timestamp":"2026-02-24T10:00:04Z","message":{"role":"assistant","content":[{"type":"toolCall","id":"t1","name":"exec","arguments":{"command":"make","workdir":"/w/sub"}}]}}"#,
    "\n",
    r#"{"type":"message","id":"m4","timestamp":"2026-02-24T10:00:05Z","message":{"role":"toolResult","toolCallId":"t1","toolName":"exec","content":"no","details":{"exitCode":2},"isError":false}}"#,
    "\n",
);
const SCHEMA: &str = "CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, \
    created_at INTEGER, event_zstd BLOB, event_utf8_bytes INTEGER, navigation_json TEXT, PRIMARY KEY (session_id, seq))";

fn add(connection: &Connection, session: &str, seq: i64, entry: &str, packed: bool) {
    let plain = (!packed).then_some(entry);
    let blob = packed.then(|| zstd::encode_all(entry.as_bytes(), 3).expect("bytes can be packed"));
    let sql = "INSERT INTO transcript_events VALUES (?, ?, ?, ?, ?, NULL, NULL)";
    connection.execute(sql, (session, seq, plain, 1_785_000_000_000 + seq, blob)).expect("a row");
}

fn database(home: &std::path::Path) -> Connection {
    let folder = home.join(".openclaw/agents/main/agent");
    std::fs::create_dir_all(&folder).expect("a writable folder");
    let connection = Connection::open(folder.join("openclaw-agent.sqlite")).expect("a database");
    connection.pragma_update(None, "journal_mode", "wal").expect("a log");
    connection.execute_batch(SCHEMA).expect("a table");
    for (seq, line) in LIVE.lines().enumerate() {
        add(&connection, "live", seq as i64, line, seq % 2 == 1);
    }
    connection
}

#[test]
fn files_and_databases() {
    let home = check::home(&[
        (".openclaw/agents/main/sessions/live.jsonl", LIVE),
        (".openclaw/agents/main/sessions/old.jsonl.deleted.2026-02-25T10-00-00", LIVE),
        (".openclaw/agents/main/sessions/old.jsonl.reset.2026-02-24T11-00-00", LIVE),
        (".openclaw/agents/main/sessions/sessions.json", "{}"),
        (".clawdbot/agents/main/sessions/older.jsonl", crate::pi::tests::V3),
    ]);
    let _writer = database(home.path());
    let sessions = check::sessions(&OpenClaw, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    let mut ranks: Vec<_> = sessions
        .iter()
        .map(|session| (OpenClaw.rank(&session.source), session.source.path.file_name().map(ToOwned::to_owned)))
        .collect();
    ranks.sort();
    let names: Vec<_> = ranks.into_iter().filter_map(|(_, name)| name).collect();
    assert_eq!(names[0], "openclaw-agent.sqlite#live");
    assert_eq!(names[4], "old.jsonl.deleted.2026-02-25T10-00-00");
    for session in sessions {
        check::assert_robust(&OpenClaw, &session.source, &session.records);
    }
}

#[test]
fn rows_are_added_changed_and_deleted_while_the_writer_is_there() {
    let home = check::home(&[]);
    let writer = database(home.path());
    let environment = check::environment(home.path());
    let listed = || -> Vec<Source> { check::sources(&OpenClaw, &environment) };
    let cut = |source: &Source, cursor: Option<&crate::Cursor>| {
        let mut records = Vec::new();
        let cut = OpenClaw.cut(source, cursor, &Limits::default(), &mut check::Kept(&mut records)).expect("a database");
        (cut, records.len())
    };
    let before = listed().remove(0);
    let (first, given) = cut(&before, None);
    assert_eq!(given, 6);

    add(&writer, "live", 6, r#"{"type":"session_info","id":"i","name":"x"}"#, true);
    let after = listed().remove(0);
    assert_ne!(after.version, before.version);
    let (second, given) = cut(&after, Some(&first.cursor));
    assert_eq!((given, second.restarted), (1, false));

    writer.execute("UPDATE transcript_events SET event_json = '{}', created_at = 1 WHERE seq = 2", []).expect("a row");
    let (third, given) = cut(&listed()[0], Some(&second.cursor));
    assert_eq!((given, third.restarted), (7, true));

    writer.execute("DELETE FROM transcript_events WHERE seq > 3", []).expect("rows");
    let (fourth, given) = cut(&listed()[0], Some(&third.cursor));
    assert_eq!((given, fourth.restarted), (4, true));
    writer.execute("DELETE FROM transcript_events", []).expect("rows");
    assert_eq!(listed(), []);
}
