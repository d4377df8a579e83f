//! Sessions of the command line and the IDE in all their forms in, events out.

use std::fs;

use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::Kiro;
use crate::{Agent, Cursor, CutError, Limits, check, rows};

const EXTENSION: &str = ".config/Kiro/User/globalStorage/kiro.kiroagent";
/// The beginning of the SHA-256 of `/w/app`.
const HASH: &str = "ece9371bedcbc1139e32f73cc67f0e41";
const CONVERSATION: &str = include_str!("tests/conversation.json");

fn home() -> TempDir {
    let below = |rest: &str| format!("{EXTENSION}/{rest}");
    let list =
        r#"[{"sessionId":"i1","title":"Add a page","dateCreated":"1750000000000","workspaceDirectory":"/w/app"}]"#;
    check::home(&[
        (".kiro/sessions/cli/s1.jsonl", include_str!("tests/session.jsonl")),
        (".kiro/sessions/cli/s1.json", include_str!("tests/session.json")),
        (".kiro/sessions/cli/s1.lock", ""),
        (&below("workspace-sessions/L3cvYXBw/sessions.json"), list),
        (&below("workspace-sessions/L3cvYXBw/i1.json"), include_str!("tests/ide.json")),
        (&below(&format!("{HASH}/414d/e1log")), include_str!("tests/execution.json")),
        (&below(&format!("{HASH}/a.chat")), include_str!("tests/short.chat")),
        (&below(&format!("{HASH}/b.chat")), include_str!("tests/long.chat")),
        (&below("default/x.json"), "{}"),
    ])
}

#[test]
fn sessions_of_lines_and_of_the_ide() {
    let home = home();
    let sessions = check::sessions(&Kiro, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    for session in sessions {
        check::assert_robust(&Kiro, &session.source, &session.records);
    }
}

fn database(home: &TempDir) -> Connection {
    let folder = home.path().join(".local/share/kiro-cli");
    fs::create_dir_all(&folder).expect("a writable folder");
    let writer = Connection::open(folder.join("data.sqlite3")).expect("a database");
    writer
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE conversations (key TEXT PRIMARY KEY, value TEXT);
             CREATE TABLE conversations_v2 (key TEXT NOT NULL, conversation_id TEXT NOT NULL, value TEXT NOT NULL,
               created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (key, conversation_id));",
        )
        .expect("tables");
    writer
}

#[test]
fn a_conversation_of_the_database_that_goes_on() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let writer = database(&home);
    let put = |key: &str, id: &str, value: &str, updated: i64| {
        writer
            .execute(
                "INSERT OR REPLACE INTO conversations_v2 VALUES (?, ?, ?, 1756720800000, ?)",
                params![key, id, value, updated],
            )
            .expect("a row");
    };
    put("/w/app", "q1", CONVERSATION, 1_756_720_900_000);
    put("/w/old", "q1", "{\"conversation_id\":\"q1\",\"history\":[]}", 1_756_720_800_000);
    // The table of before holds what was not taken over; a conversation that was is read once.
    writer.execute("INSERT INTO conversations VALUES ('/w/app', ?)", [CONVERSATION]).expect("a row");
    let pair = r#"{"conversation_id":"q0","history":[[{"content":{"Prompt":{"prompt":"hello"}}},{"Response":{"message_id":"o1","content":"Hi."}}]]}"#;
    writer.execute("INSERT INTO conversations VALUES ('/w/pair', ?)", [pair]).expect("a row");
    let environment = check::environment(home.path());
    let sessions = check::sessions(&Kiro, &environment);
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    for session in &sessions {
        check::assert_robust(&Kiro, &session.source, &session.records);
    }

    let source = || check::sources(&Kiro, &environment).pop().expect("a session");
    let cut = |cursor: Option<&Cursor>| {
        let mut records = Vec::new();
        let cut = Kiro.cut(&source(), cursor, &Limits::default(), &mut check::Kept(&mut records));
        (cut.expect("a conversation"), records.len())
    };
    let (first, given) = cut(None);
    assert_eq!((given, rows::waits(&first.cursor)), (3, true));
    // What waited is answered.
    let before = source().version;
    let answer = r#",{"user":{"content":{"Prompt":{"prompt":"and now?"}}},"assistant":{"Response":{"content":"Now."}}}],"transcript""#;
    let longer = CONVERSATION.replace("],\n \"transcript\"", answer);
    let (head, tail) = longer.split_once("\"next_message\":").expect("a message");
    let (_, tail) = tail.split_once("}}},\n").expect("its end");
    put("/w/app", "q1", &format!("{head}\"next_message\":null,{tail}"), 1_756_720_901_000);
    assert_ne!(source().version, before);
    let (second, given) = cut(Some(&first.cursor));
    assert_eq!((given, second.restarted, rows::waits(&second.cursor)), (1, false, false));
    // A history that was compacted is another one.
    put(
        "/w/app",
        "q1",
        "{\"conversation_id\":\"q1\",\"history\":[{\"user\":{}}],\"latest_summary\":[\"All.\",{}]}",
        1_756_720_902_000,
    );
    assert!(cut(Some(&second.cursor)).0.restarted);
    let gone = source();
    writer.execute_batch("DELETE FROM conversations_v2; DELETE FROM conversations").expect("rows to delete");
    assert!(matches!(check::failure(&Kiro, &gone), CutError::Gone));
}

#[test]
fn the_sample() {
    let Some(home) = check::samples("kiro/home") else { return };
    let sessions = check::sessions(&Kiro, &check::environment(&home));
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].facts.cwd.as_deref(), Some("/workspace/kiro-fixture"));
}

#[test]
fn what_is_resumed() {
    let command = Kiro.resume("s1").expect("a session of the command line");
    assert_eq!(command, ["kiro-cli", "chat", "--resume-id", "s1"]);
    assert_eq!(Kiro.resume("ide/i1"), None);
}
