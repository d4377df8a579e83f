use std::{fs, path::Path};

use opensession_hail::Body;
use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::{SourceKind, check};

/// A database of the first SQLite generation, with whatever the later tests add to it.
const DATABASE: &str = r#"
PRAGMA journal_mode = WAL;
CREATE TABLE session (id text PRIMARY KEY, project_id text, parent_id text, directory text, title text, version text,
    time_created integer, time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer, data text);
CREATE INDEX part_session_idx ON part (session_id);
INSERT INTO session VALUES ('ses_1', 'p', NULL, '/home/ann/app', 'Fix the test', '1.2.1', 1760000000000, 1760000009000),
    ('ses_2', 'p', 'ses_1', '/home/ann/app', 'Look (@general subagent)', '1.2.1', 1760000001000, 1760000001000),
    ('ses_3', 'p', NULL, '/home/ann/app', 'New session - 2026-01-01T00:00:00.000Z', '1.2.1', 1, 1);
INSERT INTO message VALUES
    ('msg_1', 'ses_1', 1760000000000, 1760000009000, '{"role":"user","time":{"created":1760000000000},"summary":{"diffs":[]}}'),
    ('msg_2', 'ses_1', 1760000001000, 1760000002000, '{"role":"assistant","modelID":"m-1","providerID":"acme","path":{"cwd":"/home/ann/app"},"time":{"created":1760000001000,"completed":1760000002000},"cost":0.0028,"tokens":{"input":700,"output":40,"reasoning":5,"cache":{"read":300,"write":2}},"finish":"tool-calls"}'),
    ('msg_3', 'ses_1', 1760000003000, 1760000003000, '{"role":"user","time":{"created":1760000003000}}'),
    ('msg_4', 'ses_1', 1760000004000, 1760000005000, '{"role":"assistant","summary":true,"modelID":"m-1","time":{"created":1760000004000,"completed":1760000005000},"finish":"stop"}'),
    ('msg_5', 'ses_2', 1760000001000, 1760000001000, '{"role":"user","time":{"created":1760000001000}}');
INSERT INTO part VALUES
    ('prt_1', 'msg_1', 'ses_1', 1, 1, '{"type":"text","text":"\"fix the test\""}'),
    ('prt_2', 'msg_1', 'ses_1', 1, 1, '{"type":"text","synthetic":true,"text":"Called the Read tool"}'),
    ('prt_3', 'msg_1', 'ses_1', 1, 1, '{"type":"file","mime":"image/png","filename":"a.png","url":"data:image/png;base64,AAAA"}'),
    ('prt_4', 'msg_2', 'ses_1', 1, 1, '{"type":"step-start","snapshot":"x"}'),
    ('prt_5', 'msg_2', 'ses_1', 1, 1, '{"type":"reasoning","text":"Hm.","time":{"start":1760000001100,"end":1760000001200}}'),
    ('prt_6', 'msg_2', 'ses_1', 1, 1, '{"type":"text","text":"I run it.","time":{"start":1760000001200,"end":1760000001300}}'),
    ('prt_7', 'msg_2', 'ses_1', 1, 1, '{"type":"tool","tool":"bash","callID":"call_1","state":{"status":"completed","input":{"command":"make test","description":"Run tests"},"output":"no rule\n","metadata":{"exit":2},"time":{"start":1760000001300,"end":1760000001900}}}'),
    ('prt_8', 'msg_2', 'ses_1', 1, 1, '{"type":"tool","tool":"multiedit","callID":"call_2","state":{"status":"completed","input":{"filePath":"/a","edits":[{"oldString":"a","newString":"b"},{"oldString":"c","newString":"d"}]},"output":"ok","metadata":{},"time":{"start":1760000001300,"end":1760000001900}}}'),
    ('prt_8a', 'msg_2', 'ses_1', 1, 1, '{"type":"tool","tool":"apply_patch","callID":"call_3","state":{"status":"completed","input":{"patchText":"*** Begin Patch\n*** Add File: n\n+x\n*** End Patch"},"output":"ok","metadata":{"files":[{"filePath":"/n","relativePath":"n","type":"add","patch":"--- n\n+++ n\n@@ -0,0 +1,1 @@\n+x\n"}]},"time":{"start":1760000001300,"end":1760000001900}}}'),
    ('prt_8b', 'msg_2', 'ses_1', 1, 1, '{"type":"tool","tool":"edit","callID":"call_4","state":{"status":"error","input":{"filePath":"/a","oldString":"a","newString":"b"},"error":"The user rejected permission to use this specific tool call.","time":{"start":1760000001300,"end":1760000001900}}}'),
    ('prt_8c', 'msg_2', 'ses_1', 1, 1, '{"type":"tool","tool":"todowrite","callID":"call_5","state":{"status":"completed","input":{"todos":[{"content":"Write","status":"in_progress"}]},"output":"[]","metadata":{},"time":{"start":1760000001300,"end":1760000001900}}}'),
    ('prt_8d', 'msg_2', 'ses_1', 1, 1, '{"type":"tool","tool":"task","callID":"call_6","state":{"status":"completed","input":{"description":"Look","subagent_type":"general","prompt":"look"},"output":"done","metadata":{"sessionId":"ses_2"},"time":{"start":1760000001300,"end":1760000001900}}}'),
    ('prt_8e', 'msg_2', 'ses_1', 1, 1, '{"type":"retry","attempt":1,"error":{"name":"APIError","data":{"message":"overloaded","statusCode":529}},"time":{"created":1760000001950}}'),
    ('prt_9', 'msg_3', 'ses_1', 1, 1, '{"type":"compaction","auto":true}'),
    ('prt_a', 'msg_4', 'ses_1', 1, 1, '{"type":"text","text":"We fixed it.","time":{"start":1760000004000,"end":1760000005000}}'),
    ('prt_b', 'msg_5', 'ses_2', 1, 1, '{"type":"text","text":"look"}'),
    ('prt_c', 'msg_gone', 'ses_2', 1, 1, '{"type":"text","text":"left over"}');
"#;

/// A home with the database, and the writer that keeps it open.
fn home() -> (TempDir, Connection) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/share/opencode");
    fs::create_dir_all(&folder).unwrap();
    let writer = Connection::open(folder.join("opencode.db")).unwrap();
    writer.execute_batch(DATABASE).unwrap();
    (home, writer)
}

fn sessions(agent: &Family, home: &Path) -> Vec<check::Session> {
    check::sessions(agent, &check::environment(home))
}

fn write(home: &Path, name: &str, text: &str) {
    let path = home.join(".local/share/opencode").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn a_database() {
    let (home, _writer) = home();
    let sessions = sessions(&OPENCODE, home.path());
    assert_eq!(sessions.len(), 2);
    assert!(sessions.iter().all(|session| session.derived.problems.is_empty()));
    insta::assert_snapshot!(check::shown(&sessions[0].derived.events));
    insta::assert_json_snapshot!(sessions[0].facts);
    insta::assert_json_snapshot!(sessions[1].facts);
    check::assert_robust(&OPENCODE, &sessions[0].source, &sessions[0].records);
}

#[test]
fn files_that_a_command_changed_are_told_once() {
    let (home, writer) = home();
    writer
        .execute_batch(
            r#"INSERT INTO message VALUES ('msg_6', 'ses_1', 1760000010000, 1760000010000, '{"role":"assistant","time":{"created":1760000010000,"completed":1760000010500},"finish":"stop"}');
            INSERT INTO part VALUES
                ('prt_d', 'msg_6', 'ses_1', 2, 2, '{"type":"tool","tool":"write","callID":"c1","state":{"status":"completed","input":{"filePath":"/home/ann/app/told.rs","content":"x"},"output":"ok","metadata":{"exists":false},"time":{"start":1760000010100,"end":1760000010200}}}'),
                ('prt_e', 'msg_6', 'ses_1', 2, 2, '{"type":"tool","tool":"apply_patch","callID":"c2","state":{"status":"completed","input":{"patchText":"*** Begin Patch\n*** Update File: src/named.rs\n@@\n-x\n+y\n*** End Patch"},"output":"ok","metadata":{},"time":{"start":1760000010100,"end":1760000010200}}}'),
                ('prt_f', 'msg_6', 'ses_1', 2, 2, '{"type":"tool","tool":"bash","callID":"c3","state":{"status":"completed","input":{"command":"cargo fmt"},"output":"","metadata":{"exit":0},"time":{"start":1760000010200,"end":1760000010300}}}'),
                ('prt_g', 'msg_6', 'ses_1', 2, 2, '{"type":"patch","hash":"x","files":["/home/ann/app/told.rs","/home/ann/app/src/named.rs","/home/ann/app/src/renamed.rs"]}');
            INSERT INTO part VALUES ('prt_8f', 'msg_1', 'ses_1', 2, 2, '{"type":"patch","hash":"x","files":["/home/ann/app/by-hand.rs"]}');"#,
        )
        .unwrap();
    let sessions = sessions(&OPENCODE, home.path());
    let edits = sessions[0].derived.events.iter().filter_map(|event| match &event.body {
        Body::Edit(edit) => Some((edit.path.as_str(), edit.diff.is_some())),
        _ => None,
    });
    let edits: Vec<(&str, bool)> = edits.skip_while(|(path, _)| !path.ends_with("told.rs")).collect();
    let expected = [("/home/ann/app/told.rs", true), ("src/named.rs", true), ("/home/ann/app/src/renamed.rs", false)];
    assert_eq!(edits, expected);
    check::assert_robust(&OPENCODE, &sessions[0].source, &sessions[0].records);
}

#[test]
fn a_database_of_another_name_is_one() {
    let (home, writer) = home();
    drop(writer);
    let folder = home.path().join(".local/share/opencode");
    fs::rename(folder.join("opencode.db"), folder.join("mine.sqlite")).unwrap();
    assert_eq!(sessions(&OPENCODE, home.path()).len(), 2);
}

#[test]
fn rows_that_come_change_and_go_while_the_agent_writes() {
    let (home, writer) = home();
    let database = home.path().join(".local/share/opencode/opencode.db");
    let listed = |since: Option<&[u8]>| {
        let mut found = Vec::new();
        let listing = OPENCODE.sources_in(&database, since, &mut |source| found.push(source)).unwrap();
        (found, listing)
    };
    let cut = |cursor: Option<&Cursor>| {
        let source = Source::contained(&database, SourceKind::Rows, "ses_1", 1);
        let mut taken = check::Taken::default();
        let cut = OPENCODE.cut(&source, cursor, &Limits::default(), &mut taken).unwrap();
        let rows = taken.0.iter().filter(|(side, _)| side.is_none()).count();
        (cut, rows)
    };
    let (found, listing) = listed(None);
    assert_eq!((found.len(), listing.whole, listing.drafts), (2, true, 1));
    let (first, rows) = cut(None);
    assert_eq!(rows, 21);

    // A step begins: its text streams, its tool runs.
    writer
        .execute_batch(
            r#"INSERT INTO message VALUES ('msg_6', 'ses_1', 1760000010000, 1760000010000, '{"role":"user","time":{"created":1760000010000}}'),
                ('msg_7', 'ses_1', 1760000011000, 1760000011000, '{"role":"assistant","modelID":"m-2","time":{"created":1760000011000}}');
            INSERT INTO part VALUES ('prt_d', 'msg_6', 'ses_1', 2, 2, '{"type":"text","text":"again"}'),
                ('prt_e', 'msg_7', 'ses_1', 2, 2, '{"type":"text","text":"On","time":{"start":1760000011000}}');"#,
        )
        .unwrap();
    let (changed, listing) = listed(Some(&listing.mark));
    assert!(!listing.whole);
    assert!(changed.iter().any(|source| source.native_id == "ses_1" && source.version > found[0].version));
    let (second, rows) = cut(Some(&first.cursor));
    assert_eq!((rows, second.restarted, rows::waits(&second.cursor)), (3, false, true));
    // The summary that is written into the person's message changes nothing.
    writer
        .execute_batch(
            r#"UPDATE message SET time_updated = 9760000011000 WHERE id = 'msg_6';
            UPDATE part SET time_updated = 3, data = '{"type":"text","text":"On it.","time":{"start":1760000011000,"end":1760000012000}}' WHERE id = 'prt_e';
            INSERT INTO part VALUES ('prt_f', 'msg_7', 'ses_1', 2, 2, '{"type":"tool","tool":"bash","callID":"c","state":{"status":"running","input":{}}}');"#,
        )
        .unwrap();
    let (third, rows) = cut(Some(&second.cursor));
    assert_eq!((rows, third.restarted, rows::waits(&third.cursor)), (1, false, true));
    writer
        .execute_batch(
            r#"UPDATE part SET time_updated = 4, data = '{"type":"tool","tool":"bash","callID":"c","state":{"status":"completed","input":{}}}' WHERE id = 'prt_f';
            UPDATE message SET time_updated = 5, data = '{"role":"assistant","time":{"created":1760000011000,"completed":1760000013000}}' WHERE id = 'msg_7';"#,
        )
        .unwrap();
    let (fourth, rows) = cut(Some(&third.cursor));
    assert_eq!((rows, fourth.restarted, rows::waits(&fourth.cursor)), (2, false, false));

    // What was read changes, then goes.
    writer.execute_batch("UPDATE part SET time_updated = 99 WHERE id = 'prt_7'").unwrap();
    let (fifth, rows) = cut(Some(&fourth.cursor));
    assert_eq!((rows, fifth.restarted, fifth.cursor.generation), (27, true, 1));
    writer
        .execute_batch("DELETE FROM message WHERE id >= 'msg_6'; DELETE FROM part WHERE message_id >= 'msg_6'")
        .unwrap();
    let (sixth, rows) = cut(Some(&fifth.cursor));
    assert_eq!((rows, sixth.restarted), (21, true));
    let mark = listed(None).1.mark;
    writer.execute_batch("DELETE FROM session WHERE id = 'ses_1'").unwrap();
    let source = Source::contained(&database, SourceKind::Rows, "ses_1", 1);
    assert!(matches!(check::failure(&OPENCODE, &source), CutError::Gone));
    let (left, listing) = listed(Some(&mark));
    assert!(listing.whole);
    assert_eq!(left.iter().map(|source| &*source.native_id).collect::<Vec<_>>(), ["ses_2"]);
}

#[test]
fn files_and_their_twins_in_a_database() {
    let (home, _writer) = home();
    let session = r#"{"id":"ses_1","directory":"/home/ann/app","title":"Fix","version":"1.0.98","time":{"created":1760000000000,"updated":1760000001000}}"#;
    write(home.path(), "storage/session/p/ses_1.json", session);
    write(home.path(), "storage/session/p/ses_9.json", &session.replace("ses_1", "ses_8"));
    write(home.path(), "storage/session/p/ses_0.json", session);
    for id in ["ses_1", "ses_9"] {
        let message = format!("storage/message/{id}/msg_{id}.json");
        write(
            home.path(),
            &message,
            "{\n  \"id\": \"msg_1\",\n  \"role\": \"user\",\n  \"time\": {\"created\": 1760000000000}\n}",
        );
        write(home.path(), &format!("storage/part/msg_{id}/prt_{id}.json"), r#"{"type":"text","text":"hello"}"#);
    }
    let sessions = sessions(&OPENCODE, home.path());
    let shown: Vec<_> = sessions
        .iter()
        .map(|session| (&*session.source.native_id, OPENCODE.rank(&session.source), session.derived.events.len()))
        .collect();
    assert_eq!(shown, [("ses_1", 0, 26), ("ses_2", 0, 1), ("ses_1", 1, 1), ("ses_9", 1, 1)]);
    assert_eq!(sessions[3].derived.events[0].id.as_deref(), Some("prt_ses_9"));

    // A file that is half-written is read again later.
    write(home.path(), "storage/session/p/ses_9.json", "{\"id\":");
    assert!(matches!(check::failure(&OPENCODE, &sessions[3].source), CutError::Busy(_)));
}

#[test]
fn the_oldest_files() {
    let home = tempfile::tempdir().unwrap();
    let base = "project/home-ann-app/storage/session";
    write(
        home.path(),
        &format!("{base}/info/ses_o.json"),
        r#"{"id":"ses_o","title":"Old","version":"0.3.1","time":{"created":1750000000000,"updated":1750000009000}}"#,
    );
    write(
        home.path(),
        &format!("{base}/message/ses_o/msg_1.json"),
        r#"{"id":"msg_1","role":"user","parts":[{"type":"text","text":"list files"}],"metadata":{"time":{"created":1750000000000},"sessionID":"ses_o","tool":{}}}"#,
    );
    write(
        home.path(),
        &format!("{base}/message/ses_o/msg_2.json"),
        r#"{"id":"msg_2","role":"assistant","parts":[{"type":"step-start"},{"type":"text","text":"Sure."},{"type":"tool-invocation","toolInvocation":{"state":"result","step":0,"toolCallId":"t1","toolName":"bash","args":{"command":"ls"},"result":"a\n"}}],"metadata":{"time":{"created":1750000001000,"completed":1750000003000},"sessionID":"ses_o","tool":{"t1":{"title":"ls","exit":0,"time":{"start":1750000001500,"end":1750000001600}}},"assistant":{"modelID":"m","providerID":"acme","path":{"cwd":"/home/ann/app","root":"/home/ann/app"},"cost":0.01,"tokens":{"input":10,"output":5,"reasoning":0,"cache":{"read":0,"write":0}}}}}"#,
    );
    write(
        home.path(),
        &format!("{base}/message/ses_o/msg_3.json"),
        r#"{"id":"msg_3","role":"user","time":{"created":1750000004000}}"#,
    );
    write(
        home.path(),
        &format!("{base}/part/ses_o/msg_3/prt_1.json"),
        r#"{"id":"prt_1","type":"text","text":"thanks"}"#,
    );
    let sessions = sessions(&OPENCODE, home.path());
    assert_eq!(sessions.len(), 1);
    insta::assert_snapshot!(check::shown(&sessions[0].derived.events));
    insta::assert_json_snapshot!(sessions[0].facts);
    let root = &OPENCODE.roots(&check::environment(home.path()))[2];
    let part = root.path.join("home-ann-app/storage/session/part/ses_o/msg_3/prt_1.json");
    assert_eq!(OPENCODE.container_at(root, &part).as_deref(), sessions[0].source.container());
    check::assert_robust(&OPENCODE, &sessions[0].source, &sessions[0].records);
}

#[test]
fn messages_of_the_newest_form() {
    let (home, writer) = home();
    writer
        .execute_batch(
            r#"CREATE TABLE session_message (id text PRIMARY KEY, session_id text, type text, seq integer, time_created integer, time_updated integer, data text);
            INSERT INTO session_message VALUES ('evt_2', 'ses_3', 'assistant', 2, 5, 5, '{"time":{"created":1760000001000,"completed":1760000002000},"model":{"id":"m-3","providerID":"acme"},"content":[{"type":"reasoning","text":"Hm."},{"type":"text","text":"Look."},{"type":"tool","id":"c1","name":"bash","state":{"status":"completed","input":{"command":"ls"},"content":[{"type":"text","text":"a"}],"structured":{"exit":1}},"time":{"created":1760000001100,"ran":1760000001200,"completed":1760000001300}}],"finish":"stop","cost":0.5,"tokens":{"input":1,"output":2,"reasoning":3,"cache":{"read":4,"write":5}}}'),
                ('evt_1', 'ses_3', 'user', 1, 5, 5, '{"time":{"created":1760000000000},"text":"look","files":[{"uri":"data:image/png;base64,AAAA","mime":"image/png"}]}'),
                ('evt_3', 'ses_3', 'compaction', 3, 6, 6, '{"time":{"created":1760000003000},"reason":"auto","summary":"We looked."}'),
                ('evt_4', 'ses_3', 'shell', 4, 7, 7, '{"time":{"created":1760000004000},"callID":"c2","command":"pwd","output":"/x"}');"#,
        )
        .unwrap();
    let sessions = sessions(&OPENCODE, home.path());
    let session = &sessions[2];
    assert_eq!(session.source.native_id, "ses_3");
    insta::assert_snapshot!(check::shown(&session.derived.events));
    assert_eq!(session.facts.agent_title, None);
    check::assert_robust(&OPENCODE, &session.source, &session.records);
}

#[test]
fn the_samples() {
    for home in ["opencode/home-1.0.98", "opencode/home-1.2.1", "opencode/home-1.18.33"] {
        let Some(home) = check::samples(home) else { return };
        for session in sessions(&OPENCODE, &home) {
            assert_eq!(session.derived.problems, []);
            assert_eq!(session.facts.cwd.as_deref(), Some("/home/dev/demo-oc"));
            assert!(session.facts.agent_title.is_some() && session.facts.model.is_some());
        }
    }
    let Some(home) = check::samples("kilo/home") else { return };
    let sessions = sessions(&KILO, &home);
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0].facts.agent_title.as_deref(), Some("Kilo root"));
}
