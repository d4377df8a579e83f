//! Tasks and sessions of every generation.

use std::fs;

use super::*;
use crate::{check, rows};

/// A task of autumn 2025: calls stand in the model's words, results in the person's.
const XML_UI: &str = r#"[
 {"ts":1760000000000,"type":"say","say":"text","text":"fix it","images":["data:image/png;base64,AAAA"],"conversationHistoryIndex":-1},
 {"ts":1760000000100,"type":"say","say":"api_req_started","text":"{\"request\":\"<task>\",\"tokensIn\":10,\"tokensOut\":20,\"cacheReads\":3,\"cost\":0.01}","conversationHistoryIndex":-1},
 {"ts":1760000001000,"type":"say","say":"tool","text":"{\"tool\":\"newFileCreated\",\"path\":\"b.rs\",\"content\":\"x\"}","conversationHistoryIndex":0},
 {"ts":1760000002000,"type":"say","say":"task_progress","text":"- [x] look\n- [ ] fix","conversationHistoryIndex":1},
 {"ts":1760000002500,"type":"say","say":"api_req_started","text":"{\"tokensIn\":1,\"tokensOut\":2,\"cancelReason\":\"user_cancelled\"}","conversationHistoryIndex":1},
 {"ts":1760000003000,"type":"say","say":"error_retry","text":"{\"attempt\":1,\"errorMessage\":\"overloaded\"}","conversationHistoryIndex":3},
 {"ts":1760000004000,"type":"say","say":"api_req_started","text":"{\"request\":\"\"}","conversationHistoryIndex":5}
]"#;
const XML_API: &str = r#"[
 {"role":"user","content":[{"type":"text","text":"<task>\nfix it\n</task>"},{"type":"text","text":"<environment_details>\n# Current Working Directory (/r/a) Files\nx"}]},
 {"role":"assistant","content":[{"type":"text","text":"<thinking>hm</thinking>I write.\n<write_to_file>\n<path>b.rs</path>\n<content>\nfn b() {}\n</content>\n</write_to_file>"}]},
 {"role":"user","content":[{"type":"text","text":"[write_to_file for 'b.rs'] Result:"},{"type":"text","text":"The content was successfully saved to b.rs."},{"type":"text","text":"\n# TODO LIST UPDATE REQUIRED"}]},
 {"role":"assistant","content":[{"type":"text","text":"<replace_in_file><path>b.rs</path><diff>\n------- SEARCH\nfn b() {}\n=======\nfn c() {}\n+++++++ REPLACE\n</diff></replace_in_file>"}]},
 {"role":"user","content":[{"type":"text","text":"[replace_in_file for 'b.rs'] Result:\nThe user denied this operation.\n<feedback>\nkeep the name\n</feedback>"}]},
 {"role":"assistant","content":[{"type":"text","text":"<attempt_completion>\n<result>\nDone.\n</result>\n</attempt_completion>"}],"modelInfo":{"modelId":"claude-x"}}
]"#;
/// A task of which only what the person was shown is left.
const UI_ALONE: &str = r#"[
 {"ts":1760000000000,"type":"say","say":"task","text":"list"},
 {"ts":1760000000001,"type":"say","say":"api_req_started","text":"{\"request\":\"<task>list</task>\",\"tokensIn\":1,\"tokensOut\":1}"},
 {"ts":1760000000002,"type":"say","say":"reasoning","text":"hm"},
 {"ts":1760000000003,"type":"ask","ask":"tool","text":"{\"tool\":\"readFile\",\"path\":\"a\"}"},
 {"ts":1760000000004,"type":"say","say":"tool","text":"{\"tool\":\"readFile\",\"path\":\"a\"}"},
 {"ts":1760000000005,"type":"say","say":"command","text":"make"},
 {"ts":1760000000006,"type":"say","say":"command_output","text":"made"},
 {"ts":1760000000007,"type":"say","say":"api_req_started","text":"{\"request\":\"[read_file for 'a'] Result:\\nold\\n[x] Result:\\n\\n[execute_command for 'make'] Result:\\nCommand executed. Exit code: 2\",\"tokensIn\":1,\"tokensOut\":1}"},
 {"ts":1760000000008,"type":"say","say":"command","text":"ls"},
 {"ts":1760000000009,"type":"say","say":"command_output","text":"a"},
 {"ts":1760000000010,"type":"say","say":"api_req_started","text":"{\"apiProtocol\":\"anthropic\",\"tokensIn\":1,\"tokensOut\":1}"},
 {"ts":1760000000011,"type":"say","say":"text","text":"So it is.","partial":true}
]"#;
/// A session of version 4.
const SESSION: &str = r#"{"version":1,"sessionId":"1784094124598_rruoq","messages":[
 {"id":"m1","role":"user","content":[{"type":"text","text":"smaller"},{"type":"file","path":"/r/a.tsx","content":"long"}],"ts":1784094124600},
 {"id":"m2","role":"assistant","content":[{"type":"text","text":"I do."},{"type":"tool_use","id":"t1","name":"editor","input":{"path":"/r/a.tsx","old_text":"a\n","new_text":"b\n"}},{"type":"tool_use","id":"t2","name":"run_commands","input":{"commands":["ls","pwd"]}}],"ts":1784094124700,"modelInfo":{"id":"opus","provider":"cline"},"metrics":{"inputTokens":100,"outputTokens":7,"cacheReadTokens":60,"cacheWriteTokens":10,"cost":0.5}},
 {"id":"m3","role":"user","content":[{"type":"tool_result","tool_use_id":"t1","name":"editor","content":"{\"query\":\"edit\",\"result\":\"Edited\",\"success\":true}"},{"type":"tool_result","tool_use_id":"t2","name":"run_commands","content":[{"query":"ls","result":"a","success":true},{"query":"pwd","error":"no","success":false}]}],"ts":1784094124800},
 {"id":"m4","role":"user","content":[{"type":"text","text":"Summary so far"}],"metadata":{"kind":"compaction","usageBefore":{"inputTokens":9}},"ts":1784094124900}
]}"#;
const MANIFEST: &str = r#"{"session_id":"1784094124598_rruoq","started_at":"2026-07-15T05:42:04.609Z","cwd":"/r","metadata":{"title":"smaller (fork)","fork":{"forkedFromSessionId":"1784094053271_p8pzo"}}}"#;

fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = home.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    home
}

fn shown(agent: &Cline, home: &Path) -> String {
    let mut shown = String::new();
    for session in check::sessions(agent, &check::environment(home)) {
        assert_eq!(session.derived.problems, []);
        let facts = serde_json::to_string(&session.facts).unwrap();
        shown.push_str(&format!("{}\n{}{facts}\n", session.source.native_id, check::shown(&session.derived.events)));
        check::assert_robust(agent, &session.source, &session.records);
    }
    shown
}

#[test]
fn a_task_with_calls_in_words() {
    let base = ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1760000000000/";
    let home = home(&[(&format!("{base}{UI}"), XML_UI), (&format!("{base}{API}"), XML_API)]);
    insta::assert_snapshot!(shown(&CLINE, home.path()));
}

#[test]
fn a_task_as_it_was_shown() {
    let base = ".config/VSCodium/User/profiles/p1/globalStorage/RooVeterinaryInc.roo-cline/tasks/0198/";
    let history = r#"{"id":"0198","workspace":"/r/b","parentTaskId":"0197","mode":"code"}"#;
    let home = home(&[(&format!("{base}{UI}"), UI_ALONE), (&format!("{base}history_item.json"), history)]);
    insta::assert_snapshot!(shown(&ROO_CODE, home.path()));
}

#[test]
fn a_session_of_version_four() {
    let base = ".cline/data/sessions/1784094124598_rruoq/1784094124598_rruoq";
    let helper = ".cline/data/sessions/1784094124598_rruoq/helper.messages.json";
    let home = home(&[
        (&format!("{base}.messages.json"), SESSION),
        (&format!("{base}.compaction.json"), SESSION),
        (&format!("{base}.json"), MANIFEST),
        (helper, r#"{"messages":[{"id":"h1","role":"user","content":"look"}]}"#),
    ]);
    insta::assert_snapshot!(shown(&CLINE, home.path()));
}

#[test]
fn a_task_that_grows() {
    let base = ".config/Code/User/globalStorage/kilocode.kilo-code/tasks/1760000000000/";
    let elements: Vec<serde_json::Value> = serde_json::from_str(UI_ALONE).unwrap();
    let home = home(&[(&format!("{base}{UI}"), "[]")]);
    let environment = check::environment(home.path());
    let source = check::sources(&KILO_CODE, &environment).remove(0);
    let mut cursor: Option<Cursor> = None;
    let mut numbers = Vec::new();
    for count in 1..=elements.len() {
        fs::write(&source.path, serde_json::to_string_pretty(&elements[..count]).unwrap()).unwrap();
        let mut records = Records(0);
        let cut = KILO_CODE.cut(&source, cursor.as_ref(), &Limits::default(), &mut records).unwrap();
        assert!(!cut.restarted);
        numbers.push(records.0);
        cursor = Some(cut.cursor);
    }
    // The last element still streams.
    assert_eq!(numbers, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    assert!(rows::waits(cursor.as_ref().unwrap()));
    fs::write(&source.path, "[{\"ts\":1,\"type\":\"say\"").unwrap();
    assert!(matches!(check::failure(&KILO_CODE, &source), CutError::Busy(_)));
}

struct Records(usize);

impl Sink for Records {
    fn record(&mut self, record: crate::Record<'_>) {
        self.0 += usize::from(record.side.is_none());
    }
    fn oversize(&mut self, _: crate::Record<'_>, _: bool) {
        panic!("no row is that long");
    }
}

#[test]
fn every_sample_can_be_taken_up_anywhere() {
    for (agent, name, count) in [(&CLINE, "cline/home", 4), (&ROO_CODE, "roo/home", 2)] {
        let Some(home) = check::samples(name) else { continue };
        let sessions = check::sessions(agent, &check::environment(&home));
        assert_eq!(sessions.len(), count);
        for session in sessions {
            assert_eq!(session.derived.problems, []);
        }
    }
}

#[test]
fn a_new_file_is_made_once_and_long_edits_keep_their_counts() {
    let write = |path: &str, lines: usize| {
        serde_json::json!({ "role": "assistant", "content": [{ "type": "text", "text": format!(
            "<write_to_file><path>{path}</path><content>\n{}</content></write_to_file>", "line\n".repeat(lines)) }] })
    };
    let replace = |path: &str| {
        serde_json::json!({ "role": "assistant", "content": [{ "type": "text", "text": format!(
            "<replace_in_file><path>{path}</path><diff>\n------- SEARCH\nline\n=======\nother\n+++++++ REPLACE\n</diff></replace_in_file>") }] })
    };
    let saved = |name: &str| serde_json::json!({ "role": "user", "content": [{ "type": "text", "text": format!("[{name} for 'x'] Result:\nSaved.") }] });
    let task = serde_json::json!({ "role": "user", "content": [{ "type": "text", "text": "<task>\nwrite\n</task>" }] });
    let messages = serde_json::json!([
        task,
        write("a.rs", 3),
        saved("write_to_file"),
        replace("a.rs"),
        saved("replace_in_file"),
        write("a.rs", 4),
        saved("write_to_file"),
        write("b.md", 9000),
        saved("write_to_file"),
    ]);
    let items = r#"[
 {"ts":1760000000000,"type":"say","say":"tool","text":"{\"tool\":\"newFileCreated\",\"path\":\"a.rs\"}"},
 {"ts":1760000000001,"type":"say","say":"tool","text":"{\"tool\":\"newFileCreated\",\"path\":\"b.md\"}"}
]"#;
    let base = ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1760000000000/";
    let home = home(&[(&format!("{base}{UI}"), items), (&format!("{base}{API}"), &messages.to_string())]);
    let session = check::sessions(&CLINE, &check::environment(home.path())).remove(0);
    // The same rows with what was shown first: which files are new is known before they are written.
    let edits: Vec<String> = session
        .derived
        .events
        .iter()
        .filter_map(|event| match &event.body {
            opensession_hail::Body::Edit(edit) => Some(format!(
                "{:?} {} {:?} {:?} {}",
                edit.operation,
                edit.path,
                edit.added,
                edit.removed,
                edit.diff.is_some()
            )),
            _ => None,
        })
        .collect();
    assert_eq!(
        edits,
        [
            "Create a.rs Some(3) Some(0) true",
            "Update a.rs Some(1) Some(1) true",
            "Create a.rs Some(4) Some(0) true",
            "Create b.md Some(9000) Some(0) false",
        ]
    );
}

#[test]
fn the_mark_of_changes_is_no_word() {
    let items = r#"[
 {"ts":1760000000000,"type":"say","say":"task","text":"write"},
 {"ts":1760000000001,"type":"say","say":"completion_result","text":"It is written.HAS_CHANGES"}
]"#;
    let base = ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1760000000000/";
    let home = home(&[(&format!("{base}{UI}"), items)]);
    let shown = shown(&CLINE, home.path());
    assert!(shown.contains("It is written.\"") && !shown.contains("HAS_CHANGES"), "{shown}");
}
