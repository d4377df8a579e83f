//! Conversations in, events out.

use std::fs;

use rusqlite::Connection;

use super::AmazonQ;
use crate::{Agent, CutError, check};

const CONVERSATION: &str = include_str!("../kiro/tests/conversation.json");

#[test]
fn a_folder_s_conversation_and_the_one_that_takes_its_place() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join(".local/share/amazon-q");
    fs::create_dir_all(&folder).expect("a writable folder");
    let writer = Connection::open(folder.join("data.sqlite3")).expect("a database");
    writer
        .execute_batch(
            "PRAGMA journal_mode = WAL; CREATE TABLE conversations (key TEXT PRIMARY KEY, value TEXT);
             CREATE TABLE auth_kv (key TEXT PRIMARY KEY, value TEXT); INSERT INTO auth_kv VALUES ('token', 'secret');",
        )
        .expect("tables");
    let put = |value: &str| {
        writer.execute("INSERT OR REPLACE INTO conversations VALUES ('/w/app', ?)", [value]).expect("a row");
    };
    put(CONVERSATION);
    let environment = check::environment(home.path());
    let sessions = check::sessions(&AmazonQ, &environment);
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    let first = check::sources(&AmazonQ, &environment).remove(0);

    put(&CONVERSATION.replace("and now?", "and then?"));
    let changed = check::sources(&AmazonQ, &environment).remove(0);
    assert_eq!((&changed.path, changed.version == first.version), (&first.path, false));
    put(&CONVERSATION.replace("\"q1\"", "\"q2\""));
    assert_eq!(check::sources(&AmazonQ, &environment)[0].native_id, "q2");
    assert!(matches!(check::failure(&AmazonQ, &first), CutError::Gone));
    put("no JSON");
    let broken = check::sources(&AmazonQ, &environment).remove(0);
    assert_eq!(broken.native_id, "/w/app");
    assert!(matches!(check::failure(&AmazonQ, &broken), CutError::Malformed(_)));
}

#[test]
fn its_folder_s_conversation_is_resumed() {
    assert_eq!(AmazonQ.resume("q1").expect("a command"), ["q", "chat", "--resume"]);
}
