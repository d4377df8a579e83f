use std::fs;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::check;

/// A home with `text` as the session `20250101_100000`.
fn home(text: &str) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/share/goose/sessions");
    fs::create_dir_all(&folder).unwrap();
    if !text.is_empty() {
        fs::write(folder.join("20250101_100000.jsonl"), text).unwrap();
        fs::write(folder.join("20250101_100000.backup.jsonl"), text).unwrap();
    }
    home
}

fn sessions(home: &TempDir) -> Vec<check::Session> {
    check::sessions(&Goose, &check::environment(home.path()))
}

const LINES: &str = r#"{"working_dir":"/home/ann/app","description":"Fix test","message_count":3,"total_tokens":640,"accumulated_input_tokens":1760,"accumulated_output_tokens":110}
{"role":"user","created":1750000000,"content":[{"type":"text","text":"fix the test"}]}
{"role":"assistant","created":1750000004,"content":[{"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"text","text":"I run it."},{"type":"toolRequest","id":"call_1","toolCall":{"status":"success","value":{"name":"developer__shell","arguments":{"command":"make"}}}}]}
{"role":"user","created":1750000005,"content":[{"type":"toolResponse","id":"call_1","toolResult":{"status":"success","value":[{"type":"text","text":"no rule","annotations":{"audience":["user"]}},{"type":"text","text":"no rule\nCommand exited with code 2","annotations":{"audience":["assistant"]}}]}}]}
{"role":"assistant","created":1750000006,"content":[{"type":"toolRequest","id":"call_2","toolCall":{"status":"success","value":{"name":"developer__text_editor","arguments":{"command":"str_replace","path":"/a","old_str":"x","new_str":"y"}}}},{"type":"toolRequest","id":"call_3","toolCall":{"status":"error","error":"bad arguments"}},{"type":"toolRequest","id":"call_4","toolCall":{"status":"success","value":{"name":"todo__todo_write","arguments":{"content":"- [x] one\n- [ ] two"}}}}]}
{"role":"user","created":1750000007,"content":[{"type":"toolResponse","id":"call_2","toolResult":{"status":"success","value":[{"type":"text","text":"ok"},{"type":"image","data":"AAAA","mimeType":"image/png"}]}},{"type":"toolResponse","id":"call_3","toolResult":{"status":"error","error":"bad arguments"}},{"type":"toolResponse","id":"call_4","toolResult":{"status":"success","value":[]}}]}
"#;

#[test]
fn lines() {
    let home = home(LINES);
    let sessions = sessions(&home);
    assert_eq!(sessions.len(), 1);
    insta::assert_snapshot!(check::shown(&sessions[0].derived.events));
    insta::assert_json_snapshot!(sessions[0].facts);
    check::assert_robust(&Goose, &sessions[0].source, &sessions[0].records);
}

#[test]
fn lines_of_older_shapes() {
    let home = home(
        r#"{"role":"user","created":1735000000,"content":[{"text":"list"}]}
{"role":"assistant","created":1735000001,"content":[{"id":"c1","tool_name":"DeveloperSystem__bash","arguments":{"command":"ls"}}]}
{"role":"user","created":1735000002,"content":[{"id":"c1","tool_result":"[{\"Text\":{\"text\":\"a.txt\"}}]"}]}
{"role":"assistant","created":1735000003,"content":[{"Text":{"text":"One file."}},{"ToolRequest":{"id":"c2","tool_call":{"Ok":{"name":"developer__shell","arguments":{"command":"rm a.txt"}}}}},{"ToolRequest":{"id":"c3","tool_call":{"Err":{"InvalidParameters":"why"}}}}]}
{"role":"user","created":1735000004,"content":[{"ToolResponse":{"id":"c2","tool_result":{"Ok":[{"type":"text","text":"gone"}]}}},{"ToolResponse":{"id":"c3","tool_result":{"Err":{"ExecutionError":"no"}}}}]}
{"role":"assistant","created":1735000005,"content":[{"type":"ToolUse","id":"c4","name":"bash","parameters":{"command":"pwd"}}]}
{"role":"user","created":1735000006,"content":[{"type":"ToolResult","tool_use_id":"c4","output":"/x","is_error":false}]}
not JSON
{"role":"user","created":1735000007,"cont"#,
    );
    let sessions = {
        let agent = Goose;
        let source = check::sources(&agent, &check::environment(home.path())).remove(0);
        check::session(&agent, source)
    };
    assert_eq!(sessions.derived.problems.len(), 2);
    insta::assert_snapshot!(check::shown(&sessions.derived.events));
}

#[test]
fn a_half_written_line_waits() {
    let home = home(LINES);
    let source = check::sources(&Goose, &check::environment(home.path())).remove(0);
    let whole = fs::read(&source.path).unwrap();
    fs::write(&source.path, &whole[..whole.len() - 20]).unwrap();
    let mut taken = check::Taken::default();
    let first = Goose.cut(&source, None, &Limits::default(), &mut taken).unwrap();
    assert_eq!((first.cursor.records, rows::waits(&first.cursor)), (4, true));
    // The line about the session is another one at each message.
    fs::write(&source.path, String::from_utf8(whole).unwrap().replace("1760", "9999")).unwrap();
    let second = Goose.cut(&source, Some(&first.cursor), &Limits::default(), &mut taken).unwrap();
    assert_eq!((second.cursor.records, second.restarted, taken.0.len()), (5, false, 7));
}

const FIRST_SCHEMA: &str = r#"
PRAGMA journal_mode = WAL;
CREATE TABLE schema_version (version INTEGER PRIMARY KEY);
CREATE TABLE sessions (id TEXT PRIMARY KEY, description TEXT NOT NULL DEFAULT '', working_dir TEXT NOT NULL, created_at TIMESTAMP, updated_at TIMESTAMP,
    extension_data TEXT, total_tokens INTEGER, input_tokens INTEGER, output_tokens INTEGER, accumulated_total_tokens INTEGER,
    accumulated_input_tokens INTEGER, accumulated_output_tokens INTEGER, schedule_id TEXT, recipe_json TEXT);
CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT NOT NULL, role TEXT NOT NULL, content_json TEXT NOT NULL,
    created_timestamp INTEGER NOT NULL, timestamp TIMESTAMP, tokens INTEGER);
INSERT INTO sessions VALUES ('20250101_100000', 'Fix test', '/home/ann/app', '2025-10-01 10:00:00', '2025-10-01 10:00:09', '{}', 1, 2, 3, 4, 500, 60, NULL, NULL),
    ('20251001_2', '', '/home/ann/app', '2025-10-01 10:00:00', '2025-10-01 10:00:00', '{}', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO messages (session_id, role, content_json, created_timestamp) VALUES
    ('20250101_100000', 'user', '[{"type":"text","text":"hello"}]', 1759312800),
    ('20250101_100000', 'assistant', '[{"type":"text","text":"Hi."}]', 1759312801);
"#;

/// What later schemas add.
const LAST_SCHEMA: &str = r#"
ALTER TABLE sessions ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_set_name BOOLEAN DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN session_type TEXT NOT NULL DEFAULT 'user';
ALTER TABLE sessions ADD COLUMN model_config_json TEXT;
ALTER TABLE sessions ADD COLUMN parent_session_id TEXT;
ALTER TABLE sessions ADD COLUMN accumulated_cost REAL;
ALTER TABLE messages ADD COLUMN metadata_json TEXT;
ALTER TABLE messages ADD COLUMN message_id TEXT;
INSERT INTO sessions (id, name, user_set_name, session_type, working_dir, created_at, updated_at, model_config_json, parent_session_id, accumulated_input_tokens) VALUES
    ('20260101_1', 'Mine', 1, 'sub_agent', '/home/ann/app', '2026-01-01T10:00:00Z', '2026-01-01T10:00:09Z', '{"model_name":"gpt-4o"}', '20250101_100000', 77);
INSERT INTO messages (session_id, role, content_json, created_timestamp, message_id, metadata_json) VALUES
    ('20260101_1', 'user', '[{"type":"text","text":"Subagent ID: 20260101_1\n\nlook around"}]', 1767261600, 'msg_1', '{"userVisible":true,"agentVisible":true}'),
    ('20260101_1', 'user', '[{"type":"text","text":"<turn-context>now</turn-context>"}]', 1767261600, 'msg_2', '{"userVisible":false,"agentVisible":true,"turnContext":true}'),
    ('20260101_1', 'assistant', '[{"type":"toolRequest","id":"c1","toolCall":{"status":"success","value":{"name":"edit","arguments":{"path":"/a","before":"x\n","after":"y\n"}}}},{"type":"toolRequest","id":"c2","toolCall":{"status":"success","value":{"name":"delegate","arguments":{"instructions":"look"}}}}]', 1767261601, 'chat', '{"inference":{"requestedModel":"gpt-4o","resolvedModel":"gpt-4o-2026"},"usage":{"inputTokens":1000,"outputTokens":40,"cacheReadTokens":300,"cost":0.5}}'),
    ('20260101_1', 'user', '[{"type":"toolResponse","id":"c1","toolResult":{"status":"success","value":{"content":[{"type":"text","text":"ok"}],"isError":false}}},{"type":"toolResponse","id":"c2","toolResult":{"status":"success","value":{"content":[],"isError":true,"_meta":{"subagent_session_id":"20260101_2"}}}}]', 1767261602, 'msg_3', NULL),
    ('20260101_1', 'user', '[{"type":"text","text":"We looked around."}]', 1767261603, 'msg_4', '{"userVisible":false,"agentVisible":true}'),
    ('20260101_1', 'assistant', '[{"type":"text","text":"Go on."}]', 1767261603, 'msg_5', '{"userVisible":false,"agentVisible":true}'),
    ('20260101_1', 'assistant', '[{"type":"error","kind":"auth","message":"no key"},{"type":"systemNotification","notificationType":"x","msg":"Compacted"}]', 1767261604, 'msg_6', NULL);
"#;

#[test]
fn databases_of_all_schemas() {
    let home = home(LINES);
    let database = home.path().join(".local/share/goose/sessions/sessions.db");
    let writer = Connection::open(&database).unwrap();
    writer.execute_batch(FIRST_SCHEMA).unwrap();
    let first = sessions(&home);
    // The file is the twin of a session in the database.
    let ranks: Vec<_> = first.iter().map(|session| (&*session.source.native_id, Goose.rank(&session.source))).collect();
    assert_eq!(ranks, [("20250101_100000", 1), ("20250101_100000", 0)]);
    insta::assert_snapshot!(check::shown(&first[1].derived.events));
    insta::assert_json_snapshot!(first[1].facts);
    writer.execute_batch(LAST_SCHEMA).unwrap();
    let last = sessions(&home);
    insta::assert_snapshot!(check::shown(&last[2].derived.events));
    insta::assert_json_snapshot!(last[2].facts);
    check::assert_robust(&Goose, &last[2].source, &last[2].records);
}

#[test]
fn rows_that_come_change_and_go_while_the_agent_writes() {
    let home = home("");
    let database = home.path().join(".local/share/goose/sessions/sessions.db");
    let writer = Connection::open(&database).unwrap();
    writer.execute_batch(FIRST_SCHEMA).unwrap();
    let listed = |since: Option<&[u8]>| {
        let mut found = Vec::new();
        let listing = Goose.sources_in(&database, since, &mut |source| found.push(source)).unwrap();
        (found, listing)
    };
    let (found, listing) = listed(None);
    assert_eq!((found.len(), listing.drafts, listing.whole), (1, 1, true));
    let cut = |cursor: Option<&Cursor>| {
        let mut taken = check::Taken::default();
        let cut = Goose.cut(&found[0], cursor, &Limits::default(), &mut taken).unwrap();
        (cut, taken.0.iter().filter(|(side, _)| side.is_none()).count())
    };
    let (first, rows) = cut(None);
    assert_eq!(rows, 2);
    let insert = "INSERT INTO messages (session_id, role, content_json, created_timestamp) VALUES ('20250101_100000', 'user', '[{\"type\":\"text\",\"text\":\"more\"}]', 1759312809)";
    writer.execute_batch(insert).unwrap();
    // Within the same second.
    let (changed, listing) = listed(Some(&listing.mark));
    assert!(!listing.whole && changed[0].version != found[0].version);
    let (second, rows) = cut(Some(&first.cursor));
    assert_eq!((rows, second.restarted), (1, false));
    writer.execute_batch("UPDATE messages SET content_json = '[]' WHERE id = 1").unwrap();
    let (third, rows) = cut(Some(&second.cursor));
    assert_eq!((rows, third.restarted), (3, true));
    writer.execute_batch("DELETE FROM messages WHERE id = 3").unwrap();
    let (fourth, rows) = cut(Some(&third.cursor));
    assert_eq!((rows, fourth.restarted), (2, true));
    writer.execute_batch("DELETE FROM sessions WHERE id = '20250101_100000'").unwrap();
    assert!(matches!(check::failure(&Goose, &found[0]), CutError::Gone));
}

#[test]
fn the_sample() {
    let Some(home) = check::samples("goose/home-1.52.0") else { return };
    let sessions = check::sessions(&Goose, &check::environment(&home));
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].facts.custom_title.as_deref(), Some("first-task"));
    assert_eq!(sessions[1].facts.first_prompt.as_deref(), Some("List files in this repo"));
    assert_eq!(sessions[1].facts.parent, Some(("20261122_1".to_owned(), opensession_hail::Relation::Subagent)));
}
