use std::fs;

use rusqlite::{Connection, params};
use tempfile::TempDir;

use super::*;
use crate::check;

const NEW: &str = r#"{"version":"0.3.0","title":"Fix it","updated_at":"2026-07-04T12:00:02Z","model":{"provider":"zed.dev","model":"m-1"},
"cumulative_token_usage":{"input_tokens":10,"output_tokens":5,"cache_read_input_tokens":2},
"initial_project_snapshot":{"worktree_snapshots":[{"worktree_path":"/home/ann/app","git_state":{"remote_url":"https://example.com/a.git","head_sha":"ab12","current_branch":"main","diff":"long"}}]},
"messages":[
 {"User":{"id":"u1","content":[{"Text":"fix it "},{"Mention":{"uri":{"File":{}},"content":"fn main() {}"}},{"Image":{"source":"AAAA"}}]}},
 {"Agent":{"content":[{"Thinking":{"text":"Hm.","signature":"s"}},{"Text":"I do."},{"ToolUse":{"id":"t1","name":"edit_file","input":{"path":"a.rs","mode":"edit"},"is_input_complete":true}},{"ToolUse":{"id":"t2","name":"terminal","input":{"command":"make","cd":"app"},"is_input_complete":true}}],
   "tool_results":{"t1":{"tool_use_id":"t1","tool_name":"edit_file","is_error":false,"content":[{"Text":"ok"}],"output":{"old_text":"x\n","new_text":"y\n"}},
     "t2":{"tool_use_id":"t2","tool_name":"terminal","is_error":false,"content":{"Text":"Command \"make\" failed with exit code 2.\n"},"output":null}}}},
 "Resume",
 {"Compaction":{"Summary":"We fixed it."}}]}"#;

const OLD: &str = r#"{"version":"0.2.0","summary":"Old one","messages":[{"id":0,"role":"user","segments":[{"type":"text","text":"list"}],"tool_uses":[],"tool_results":[],"context":"<file>x</file>"},
 {"id":1,"role":"assistant","segments":[{"type":"thinking","text":"Hm."},{"type":"text","text":"Sure."},{"type":"redacted_thinking","data":"x"}],"tool_uses":[{"id":"t1","name":"list_directory","input":{"path":"."}}],"tool_results":[{"tool_use_id":"t1","is_error":true,"content":"no such folder"}],"context":""}]}"#;

fn home() -> (TempDir, Connection) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/share/zed/threads");
    fs::create_dir_all(&folder).unwrap();
    let writer = Connection::open(folder.join(DATABASE)).unwrap();
    // Columns were added later: the oldest databases have none but these.
    writer
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE threads (id TEXT PRIMARY KEY, summary TEXT NOT NULL, updated_at TEXT NOT NULL, data_type TEXT NOT NULL, data BLOB NOT NULL)")
        .unwrap();
    (home, writer)
}

fn put(writer: &Connection, id: &str, updated: &str, json: &str) {
    let data = zstd::encode_all(json.as_bytes(), 3).unwrap();
    writer
        .execute("INSERT OR REPLACE INTO threads VALUES (?, 'A summary', ?, 'zstd', ?)", params![id, updated, data])
        .unwrap();
}

#[test]
fn threads_of_all_forms() {
    let (home, writer) = home();
    put(&writer, "new", "2026-07-04T12:00:02Z", NEW);
    writer.execute("INSERT INTO threads VALUES ('old', 'Old one', '2025-07-04T12:00:02Z', 'json', ?)", [OLD]).unwrap();
    let sessions = check::sessions(&Zed, &check::environment(home.path()));
    assert!(sessions.iter().all(|session| session.derived.problems.is_empty()));
    insta::assert_snapshot!(check::shown(&sessions[0].derived.events));
    insta::assert_json_snapshot!(sessions[0].facts);
    insta::assert_snapshot!(check::shown(&sessions[1].derived.events));
    for session in &sessions {
        check::assert_robust(&Zed, &session.source, &session.records);
    }
}

#[test]
fn a_thread_that_is_saved_anew() {
    let (home, writer) = home();
    put(&writer, "t", "2026-07-04T12:00:02Z", NEW);
    let listed = || check::sources(&Zed, &check::environment(home.path())).remove(0);
    let source = listed();
    let cut = |cursor: Option<&Cursor>| {
        let mut taken = check::Taken::default();
        let cut = Zed.cut(&source, cursor, &Limits::default(), &mut taken).unwrap();
        (cut, taken.0.iter().filter(|(side, _)| side.is_none()).count())
    };
    let (first, rows) = cut(None);
    assert_eq!(rows, 4);
    let call = r#"{"Agent":{"content":[{"ToolUse":{"id":"t9","name":"grep","input":{}}}],"tool_results":{}}}"#;
    let longer = NEW
        .replace("\n {\"Compaction\"", &format!("\n {call},\n {{\"Compaction\""))
        .replace("{\"Compaction\":{\"Summary\":\"We fixed it.\"}}", call);
    put(&writer, "t", "2026-07-04T12:00:03Z", &longer);
    assert_ne!(listed().version, source.version);
    let (second, rows) = cut(Some(&first.cursor));
    assert_eq!((rows, second.restarted, rows::waits(&second.cursor)), (4, true, true));
    writer.execute("DELETE FROM threads", []).unwrap();
    assert!(matches!(check::failure(&Zed, &source), CutError::Gone));
    writer.execute("INSERT INTO threads VALUES ('t', '', '', 'zstd', x'00ff')", []).unwrap();
    assert!(matches!(check::failure(&Zed, &source), CutError::Malformed(_)));
}

#[test]
fn the_sample() {
    let Some(home) = check::samples("zed/home") else { return };
    let sessions = check::sessions(&Zed, &check::environment(&home));
    assert_eq!(sessions.len(), 2);
    assert_eq!(sessions[0].facts.parent.as_ref().map(|(parent, _)| &**parent), Some("zed-root"));
    assert_eq!(sessions[1].facts.cwd.as_deref(), Some("/workspace/zed"));
}
