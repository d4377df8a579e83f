use std::fs;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::check;

const DATABASE_OF_ONE: &str = r#"
PRAGMA journal_mode = WAL;
CREATE TABLE sessions (id TEXT PRIMARY KEY, parent_session_id TEXT, title TEXT NOT NULL, message_count INTEGER, prompt_tokens INTEGER,
    completion_tokens INTEGER, cost REAL, updated_at INTEGER NOT NULL, created_at INTEGER NOT NULL, summary_message_id TEXT);
CREATE TABLE messages (id TEXT PRIMARY KEY, session_id TEXT, role TEXT, parts TEXT, model TEXT, created_at INTEGER, updated_at INTEGER,
    finished_at INTEGER, provider TEXT, is_summary_message INTEGER DEFAULT 0);
INSERT INTO sessions VALUES ('s1', NULL, 'Fix it', 4, 100, 20, 0.5, 1760000009, 1760000000, NULL),
    ('title-s1', 's1', 'Generate a title', 1, 0, 0, 0, 1760000009, 1760000000, NULL),
    ('m2$$c3', 's1', 'New Agent Session', 1, 0, 0, 0, 1760000009, 1760000000, NULL);
INSERT INTO messages VALUES
    ('m1', 's1', 'user', '[{"type":"text","data":{"text":"fix it"}},{"type":"binary","data":{"Path":"a.png","MIMEType":"image/png","Data":"AAAA"}},{"type":"finish","data":{"reason":"stop","time":1}}]', '', 1760000000, 1760000000, NULL, '', 0),
    ('m2', 's1', 'assistant', '[{"type":"reasoning","data":{"thinking":"Hm.","signature":"s"}},{"type":"text","data":{"text":"I do."}},{"type":"tool_call","data":{"id":"c1","name":"bash","input":"{\"command\":\"make\",\"description\":\"Make\"}","finished":true}},{"type":"tool_call","data":{"id":"c2","name":"edit","input":"{\"file_path\":\"/a\",\"old_string\":\"x\",\"new_string\":\"y\"}","finished":true}},{"type":"tool_call","data":{"id":"c3","name":"agent","input":"{\"prompt\":\"look\"}","finished":true}},{"type":"tool_call","data":{"id":"c4","name":"todos","input":"{\"todos\":[{\"content\":\"a\",\"status\":\"in_progress\"}]}","finished":true}},{"type":"tool_call","data":{"id":"c5","name":"write","input":"{\"file_pa","finished":false}},{"type":"finish","data":{"reason":"tool_use","time":1}}]', 'm-1', 1760000001, 1760000002, 1760000002, 'acme', 0),
    ('m3', 's1', 'tool', '[{"type":"tool_result","data":{"tool_call_id":"c1","name":"bash","content":"no rule\nExit code 2","metadata":"{\"start_time\":1760000001000,\"end_time\":1760000001500,\"working_directory\":\"/home/ann/app\"}","is_error":false}},{"type":"tool_result","data":{"tool_call_id":"c2","name":"edit","content":"ok","metadata":"{\"additions\":1,\"removals\":1,\"old_content\":\"a\\nx\\n\",\"new_content\":\"a\\ny\\n\"}","is_error":false}},{"type":"tool_result","data":{"tool_call_id":"c3","name":"agent","content":"done","metadata":"","is_error":false}},{"type":"tool_result","data":{"tool_call_id":"c4","name":"todos","content":"ok","metadata":"","is_error":false}},{"type":"tool_result","data":{"tool_call_id":"c5","name":"write","content":"User denied permission","metadata":"","is_error":true}}]', '', 1760000003, 1760000003, NULL, '', 0),
    ('m4', 's1', 'assistant', '[{"type":"text","data":{"text":"We fixed it."}},{"type":"finish","data":{"reason":"end_turn"}}]', 'm-1', 1760000004, 1760000004, 1760000004, 'acme', 1),
    ('m5', 's1', 'assistant', '[{"type":"finish","data":{"reason":"canceled","message":"Request cancelled"}}]', 'm-1', 1760000005, 1760000005, 1760000005, 'acme', 0),
    ('n1', 'm2$$c3', 'user', '[{"type":"text","data":{"text":"look"}}]', '', 1760000003, 1760000003, NULL, '', 0),
    ('t1', 'title-s1', 'user', '[{"type":"text","data":{"text":"name it"}}]', '', 1760000003, 1760000003, NULL, '', 0);
"#;

/// A project known from Crush's own list, and the writer of its database.
fn project() -> (TempDir, Connection) {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("app/.data");
    fs::create_dir_all(&data).unwrap();
    fs::create_dir_all(home.path().join(".local/share/crush")).unwrap();
    let list = serde_json::json!({"projects": [{"path": home.path().join("app"), "data_dir": data}, {"path": 7}]});
    fs::write(home.path().join(".local/share/crush/projects.json"), list.to_string()).unwrap();
    let writer = Connection::open(data.join(DATABASE)).unwrap();
    writer.execute_batch(DATABASE_OF_ONE).unwrap();
    (home, writer)
}

#[test]
fn a_database() {
    let (home, _writer) = project();
    let sessions = check::sessions(&Crush, &check::environment(home.path()));
    let ids: Vec<_> = sessions.iter().map(|session| &*session.source.native_id).collect();
    assert_eq!(ids, ["m2$$c3", "s1"]);
    assert!(sessions.iter().all(|session| session.derived.problems.is_empty()));
    insta::assert_snapshot!(check::shown(&sessions[1].derived.events));
    insta::assert_json_snapshot!(sessions[1].facts);
    assert_eq!(Crush.resume("m2$$c3"), None);
    check::assert_robust(&Crush, &sessions[1].source, &sessions[1].records);
}

#[test]
fn a_session_took_place_in_the_project_that_holds_the_data() {
    let (home, writer) = project();
    drop(writer);
    fs::rename(home.path().join("app/.data"), home.path().join("app/.crush")).unwrap();
    let list = serde_json::json!([home.path().join("app")]);
    fs::write(home.path().join(".local/share/crush/projects.json"), list.to_string()).unwrap();
    let sessions = check::sessions(&Crush, &check::environment(home.path()));
    let app = home.path().join("app").display().to_string();
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session.facts.cwd.as_deref() == Some(&*app)), "{sessions:?}");
}

#[test]
fn rows_that_come_change_and_go_while_the_agent_writes() {
    let (home, writer) = project();
    let source = check::sources(&Crush, &check::environment(home.path())).remove(1);
    let version = || check::sources(&Crush, &check::environment(home.path()))[1].version;
    let cut = |cursor: Option<&Cursor>| {
        let mut taken = check::Taken::default();
        let cut = Crush.cut(&source, cursor, &Limits::default(), &mut taken).unwrap();
        (cut, taken.0.iter().filter(|(side, _)| side.is_none()).count())
    };
    let (first, rows) = cut(None);
    assert_eq!(rows, 5);
    writer.execute_batch(r#"INSERT INTO messages VALUES ('m6', 's1', 'assistant', '[{"type":"text","data":{"text":"O"}}]', 'm-1', 1760000006, 1760000006, NULL, 'acme', 0)"#).unwrap();
    let growing = version();
    assert_ne!(growing, source.version);
    let (second, rows) = cut(Some(&first.cursor));
    assert_eq!((rows, rows::waits(&second.cursor)), (0, true));
    // Within the same second.
    writer.execute_batch(r#"UPDATE messages SET parts = '[{"type":"text","data":{"text":"On it."}},{"type":"finish","data":{"reason":"end_turn"}}]' WHERE id = 'm6'"#).unwrap();
    assert_ne!(version(), growing);
    let (third, rows) = cut(Some(&second.cursor));
    assert_eq!((rows, third.restarted, rows::waits(&third.cursor)), (1, false, false));
    writer.execute_batch("DELETE FROM messages WHERE id = 'm3'").unwrap();
    let (fourth, rows) = cut(Some(&third.cursor));
    assert_eq!((rows, fourth.restarted), (5, true));
    writer.execute_batch("DELETE FROM sessions WHERE id = 's1'").unwrap();
    assert!(matches!(check::failure(&Crush, &source), CutError::Gone));
}

#[test]
fn the_sample() {
    let Some(project) = check::samples("crush/project") else { return };
    let environment = Environment { projects: vec![project.clone()], ..check::environment(&project) };
    let sessions = check::sessions(&Crush, &environment);
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].facts.parent.as_ref().map(|(parent, _)| &**parent), Some("crush-root"));
    assert_eq!(sessions[1].facts.agent_title.as_deref(), Some("Crush Fixture"));
}
