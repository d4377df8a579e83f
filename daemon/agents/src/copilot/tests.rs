use std::{fs, path::Path};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::{Agent, Cursor, Cut, Limits, Problem, Record, Sink, Source, check, copilot::Copilot, rows};

/// A session whose answers are told in rounds, in parts, and not at all.
fn session() -> Value {
    let uri = |path: &str| json!({"$mid": 1, "fsPath": path, "path": path, "scheme": "file"});
    json!({
        "version": 3, "sessionId": "s1", "creationDate": 1_757_647_218_205_i64, "customTitle": "A session",
        "responderUsername": "GitHub Copilot",
        "requests": [
            {"requestId": "r1", "timestamp": 1_757_647_218_205_i64, "modelId": "copilot/gpt-4.1",
                "message": {"text": "fix #file:a.rs"},
                "variableData": {"variables": [
                    {"kind": "file", "id": "vscode.implicit.viewport", "name": "file:b.rs"},
                    {"kind": "file", "id": "f", "name": "a.rs"}, {"kind": "image", "id": "i", "name": "Pasted", "mimeType": "image/png"}]},
                "agent": {"id": "github.copilot.editsAgent", "extensionId": {"value": "GitHub.copilot-chat"}},
                "response": [
                    {"kind": "toolInvocationSerialized", "toolCallId": "x", "toolId": "copilot_replaceString", "isComplete": true},
                    {"kind": "toolInvocationSerialized", "toolCallId": "y", "toolId": "run_in_terminal", "isComplete": true,
                        "toolSpecificData": {"kind": "terminal", "commandLine": {"original": "make"}, "terminalCommandState": {"exitCode": 2}}},
                    {"value": "Done."},
                    {"kind": "textEditGroup", "uri": uri("/w/a.rs"), "edits": [[{"text": "b"}]]},
                    {"kind": "textEditGroup", "uri": uri("/w/c.rs"), "edits": [[{"text": "c"}]]}],
                "result": {"timings": {"totalElapsed": 38_862}, "usage": {"promptTokens": 900, "completionTokens": 40},
                    "metadata": {"renderedUserMessage": [{"text": "long"}], "summary": {"text": "Before that"},
                        "toolCallRounds": [
                            {"response": "Fixing.", "thinking": {"text": "hm", "encrypted": "SECRET"}, "toolCalls": [
                                {"id": "c1", "name": "replace_string_in_file", "arguments": "{\"filePath\":\"/w/a.rs\",\"oldString\":\"a\",\"newString\":\"b\"}"},
                                {"id": "c2", "name": "run_in_terminal", "arguments": "{\"command\":\"make\",\"explanation\":\"Build\"}"},
                                {"id": "c3", "name": "manage_todo_list", "arguments": "{\"todoList\":[{\"id\":1,\"title\":\"one\",\"status\":\"in-progress\"}]}"},
                                {"id": "c4", "name": "read_file", "arguments": "{}"}]},
                            {"response": "Done.", "toolCalls": []}],
                        "toolCallResults": {
                            "c1": {"content": [{"value": {"node": {"type": 1, "children": [{"text": "edited"}, {"text": "well", "lineBreakBefore": true}]}}}]},
                            "c2": {"content": [{"value": "failed"}]}, "c3": {"content": []}}}}},
            {"requestId": "r2", "timestamp": 1_757_648_218_205_i64, "message": "and now?", "isCanceled": true,
                "response": [
                    {"kind": "thinking", "value": ["so", " what"]},
                    {"value": "See "}, {"kind": "inlineReference", "inlineReference": uri("/w/a.rs")}, {"value": "."},
                    {"kind": "prepareToolInvocation", "toolName": "t"},
                    {"kind": "toolInvocationSerialized", "toolCallId": "z", "toolId": "mcp_x", "isConfirmed": {"type": 0}, "isComplete": true,
                        "resultDetails": {"input": "{\"a\":1}", "output": [{"type": "embed", "value": "no"}], "isError": true}}],
                "result": {"errorDetails": {"message": "Canceled", "code": "canceled"}}},
            {"requestId": "r3", "message": {"text": "not Copilot's"}, "agent": {"extensionId": {"value": "other.chat"}}, "result": {}}]
    })
}

/// The same as a log of changes, with lines that cannot be read.
fn log(session: &Value) -> String {
    let mut bare = session.clone();
    bare["requests"] = json!([]);
    let mut lines = vec![json!({"kind": 0, "v": bare})];
    for (number, request) in session["requests"].as_array().unwrap().iter().enumerate() {
        let mut begun = request.clone();
        let result = begun.as_object_mut().unwrap().remove("result");
        lines.push(json!({"kind": 2, "k": ["requests"], "v": [begun]}));
        lines.push(json!({"kind": 1, "k": ["requests", number, "result"], "v": result}));
    }
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    format!("{lines}{{\"kind\":1,\"k\":[\"custom")
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

#[test]
fn sessions_of_all_forms_are_read() {
    let home = tempfile::tempdir().unwrap();
    let workspace = home.path().join(".config/Code/User/workspaceStorage/w1");
    write(&workspace.join("workspace.json"), r#"{"folder":"file:///w"}"#);
    write(&workspace.join("chatSessions/s1.json"), &serde_json::to_string_pretty(&session()).unwrap());
    write(&workspace.join("chatSessions/s1.jsonl"), &log(&session()));
    write(
        &workspace.join("GitHub.copilot-chat/transcripts/s1.jsonl"),
        "{\"type\":\"session.start\",\"data\":{\"sessionId\":\"s1\",\"vscodeVersion\":\"1.110.0\"}}\n{\"type\":\"user.message\",\"data\":{\"content\":\"hi\"}}\n",
    );
    let old = Connection::open(workspace.join("state.vscdb")).unwrap();
    old.execute_batch("CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB)").unwrap();
    let mut empty = session();
    empty["requests"] = json!([]);
    let value = json!([session(), empty]).to_string();
    old.execute("INSERT INTO ItemTable VALUES ('interactive.sessions', ?)", [value]).unwrap();

    let sessions = check::sessions(&Copilot, &check::environment(home.path()));
    let ranks: Vec<u8> = sessions.iter().map(|session| Copilot.rank(&session.source)).collect();
    assert_eq!(ranks, [3, 1, 0, 2]);
    let [_, document, log, database] = &sessions[..] else { panic!("{sessions:?}") };
    insta::assert_snapshot!("session", check::shown(&document.derived.events));
    insta::assert_json_snapshot!("session_facts", document.facts);
    for other in [log, database] {
        assert_eq!((&other.derived, &other.facts), (&document.derived, &document.facts));
    }
    for session in [document, &sessions[0]] {
        check::assert_robust(&Copilot, &session.source, &session.records);
    }

    // The value did not change: nothing is listed again.
    let container = workspace.join("state.vscdb");
    let listing = Copilot.sources_in(&container, None, &mut |_| {}).unwrap();
    assert_eq!((listing.whole, listing.drafts), (true, 1));
    let again = Copilot.sources_in(&container, Some(&listing.mark), &mut |source| panic!("{source:?}")).unwrap();
    assert!(!again.whole);
}

#[derive(Default)]
struct Taken(usize);

impl Sink for Taken {
    fn record(&mut self, record: Record<'_>) {
        self.0 += usize::from(record.side.is_none());
    }
    fn oversize(&mut self, _: Record<'_>, _: bool) {
        panic!("nothing is that long");
    }
    fn problem(&mut self, problem: Problem) {
        panic!("{problem:?}");
    }
}

fn cut(source: &Source, cursor: Option<&Cursor>) -> (Cut, usize) {
    let mut taken = Taken::default();
    let cut = Copilot.cut(source, cursor, &Limits::default(), &mut taken).unwrap();
    (cut, taken.0)
}

#[test]
fn an_answer_waits_until_it_is_whole() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".config/Code/User/globalStorage/emptyWindowChatSessions/e1.jsonl");
    let begin = "{\"kind\":0,\"v\":{\"sessionId\":\"e1\",\"requests\":[]}}\n";
    let push = "{\"kind\":2,\"k\":[\"requests\"],\"v\":[{\"requestId\":\"a\",\"message\":{\"text\":\"hi\"}}]}\n";
    write(&path, &format!("{begin}{push}"));
    let sources = check::sources(&Copilot, &check::environment(home.path()));
    let [source] = &sources[..] else { panic!("{sources:?}") };
    let (first, records) = cut(source, None);
    assert_eq!((records, rows::waits(&first.cursor)), (0, true));
    let done = "{\"kind\":1,\"k\":[\"requests\",0,\"result\"],\"v\":{}}\n";
    write(&path, &format!("{begin}{push}{done}"));
    let (second, records) = cut(source, Some(&first.cursor));
    assert_eq!((records, second.restarted), (1, false));
    // The log is written anew, shorter; the next request comes.
    let again = json!({"kind": 0, "v": {"sessionId": "e1", "requests": [
        {"requestId": "a", "message": {"text": "hi"}, "result": {}, "vote": 1}, {"requestId": "b", "result": {}}]}});
    write(&path, &format!("{again}\n"));
    let (third, records) = cut(source, Some(&second.cursor));
    assert_eq!((records, third.restarted), (1, false));
}

#[test]
fn every_sample_is_read() {
    let Some(home) = check::samples("vscode-copilot/home") else { return };
    let sessions = check::sessions(&Copilot, &check::environment(&home));
    assert_eq!(sessions.len(), 4);
    for session in &sessions {
        assert_eq!(session.derived.problems, [], "{}", session.source.path.display());
        assert!(!session.derived.events.is_empty());
    }
}
