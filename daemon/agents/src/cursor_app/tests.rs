use std::path::{Path, PathBuf};

use opensession_hail::Body;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    Agent, Cursor, Cut, CutError, Limits, Listing, Problem, Record, Root, Sink, Source, check, cursor_app::CursorApp,
    rows,
};

mod changes;

/// A home with the editor's databases, and a writer that holds the global one open.
struct Home {
    folder: TempDir,
    writer: Connection,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".config/Cursor/User/globalStorage/state.vscdb");
        let writer = database(&path);
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        Self { folder, writer }
    }

    fn container(&self) -> PathBuf {
        self.folder.path().join(".config/Cursor/User/globalStorage/state.vscdb")
    }

    fn put(&self, key: &str, value: &Value) {
        self.writer.execute("INSERT INTO cursorDiskKV VALUES (?, ?)", (key, value.to_string())).unwrap();
    }

    /// A session of the present form: its document and its messages.
    fn session(&self, id: &str, document: Value, messages: &[Value]) {
        let mut document = document;
        let heads = messages.iter().map(|message| json!({"bubbleId": message["bubbleId"], "type": message["type"]}));
        document["fullConversationHeadersOnly"] = heads.collect();
        for message in messages {
            self.put(&format!("bubbleId:{id}:{}", message["bubbleId"].as_str().unwrap()), message);
        }
        self.put(&format!("composerData:{id}"), &document);
    }

    fn list(&self, since: Option<&[u8]>) -> (Listing, Vec<Source>) {
        let mut sources = Vec::new();
        let listing = CursorApp.sources_in(&self.container(), since, &mut |source| sources.push(source)).unwrap();
        (listing, sources)
    }

    fn sessions(&self) -> Vec<check::Session> {
        check::sessions(&CursorApp, &check::environment(self.folder.path()))
    }
}

fn database(path: &Path) -> Connection {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let writer = Connection::open(path).unwrap();
    writer
        .execute_batch(
            "CREATE TABLE ItemTable (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
             CREATE TABLE cursorDiskKV (key TEXT UNIQUE ON CONFLICT REPLACE, value BLOB);
             INSERT INTO cursorDiskKV VALUES (NULL, NULL);",
        )
        .unwrap();
    writer
}

fn said(id: &str, kind: u8, text: &str) -> Value {
    json!({"_v": 3, "type": kind, "bubbleId": id, "text": text, "createdAt": "2026-02-01T10:00:00.000Z"})
}

fn used(id: &str, tool: Value) -> Value {
    json!({"_v": 3, "type": 2, "bubbleId": id, "capabilityType": 15, "toolFormerData": tool})
}

/// Messages of every kind, with tools of all generations.
fn conversation() -> Vec<Value> {
    vec![
        json!({"type": 1, "bubbleId": "b1", "text": "", "createdAt": "2026-02-01T10:00:00.000Z",
            "richText": r#"{"root":{"children":[{"type":"paragraph","children":[{"type":"text","text":"fix"},{"text":" it"}]}]}}"#,
            "modelInfo": {"modelName": "composer-1"}, "workspaceUris": ["file:///w/other"],
            "images": [{"path": "/tmp/a.png", "mimeType": "image/png"}]}),
        json!({"type": 2, "bubbleId": "b2", "capabilityType": 30, "thinking": {"text": "\nhm", "signature": "x"}}),
        json!({"type": 2, "bubbleId": "b3", "capabilityType": 30, "thinking": {"text": "", "signature": "secret"}}),
        used(
            "b4",
            json!({"name": "edit_file", "toolCallId": "t1", "status": "completed", "userDecision": "accepted",
            "rawArgs": r#"{"target_file":"a.js","code_edit":"// ..."}"#,
            "result": r#"{"diff":{"chunks":[{"diffString":"  x\r\n- a\r\n+ b","oldStart":1,"newStart":1,"oldLines":2,"newLines":2}]},"isApplied":true}"#}),
        ),
        used(
            "b5",
            json!({"name": "search_replace", "toolCallId": "t2", "status": "completed",
            "rawArgs": r#"{"file_path":"a.js","old_string":"b\n","new_string":"c\n"}"#, "result": "done"}),
        ),
        used(
            "b6",
            json!({"name": "search_replace", "toolCallId": "t3", "status": "error",
            "rawArgs": r#"{"file_path":"a.js","old_string":"q","new_string":"c"}"#,
            "error": r#"{"clientVisibleErrorMessage":"no","modelVisibleErrorMessage":"not found"}"#}),
        ),
        used(
            "b7",
            json!({"name": "edit_file_v2", "toolCallId": "t4", "status": "completed",
            "params": r#"{"relativeWorkspacePath":"/w/p/n.md"}"#,
            "result": r#"{"beforeContentId":"composer.content.e3","afterContentId":"composer.content.cc"}"#}),
        ),
        used(
            "b8",
            json!({"tool": 15, "toolCallId": "t5", "status": "completed",
            "rawArgs": r#"{"command":"make test","explanation":"to see","is_background":false}"#,
            "result": r#"{"output":"bad\n","exitCodeV2":2,"notInterrupted":true}"#}),
        ),
        used(
            "b9",
            json!({"name": "run_terminal_command_v2", "toolCallId": "t6", "status": "completed",
            "params": r#"{"command":"ls","cwd":"/w/p/src"}"#, "result": {"output": "a", "notInterrupted": true}}),
        ),
        used(
            "b10",
            json!({"name": "run_terminal_cmd", "toolCallId": "t7", "status": "completed",
            "userDecision": "rejected", "rawArgs": r#"{"command":"rm -r /"}"#, "result": r#"{"rejected":true}"#}),
        ),
        used("b11", json!({"name": "read_file", "toolCallId": "t8", "status": "loading", "rawArgs": "{}"})),
        used("b12", json!({"additionalData": {"status": "error"}})),
        used(
            "b13",
            json!({"name": "todo_write", "toolCallId": "t9", "status": "completed",
            "rawArgs": r#"{"merge":true,"todos":[{"id":"1","content":"one","status":"completed"}]}"#, "result": "{}"}),
        ),
        used(
            "b14",
            json!({"name": "task_v2", "toolCallId": "t10", "status": "completed",
            "params": r#"{"description":"count","prompt":"count it","subagentType":"explore"}"#,
            "additionalData": {"subagentComposerId": "child"}, "result": r#"{"agentId":"child"}"#}),
        ),
        used(
            "b15",
            json!({"name": "delete_file", "toolCallId": "t11", "status": "completed",
            "rawArgs": r#"{"target_file":"old.js"}"#, "result": "{}"}),
        ),
        json!({"type": 2, "bubbleId": "b16", "capabilityType": 22}),
        json!({"type": 2, "bubbleId": "b17", "text": "", "errorDetails":
            {"error": {"error": "ERROR_RATE", "details": {"title": "Slow down", "detail": "Too many requests"}}}}),
        json!({"type": 2, "bubbleId": "b18", "text": "Done.", "tokenCount": {"inputTokens": 10, "outputTokens": 3},
            "timingInfo": {"clientRpcSendTime": 1_769_940_100_000_i64, "clientEndTime": 1_769_940_200_000_i64}}),
    ]
}

fn document() -> Value {
    json!({
        "_v": 16, "name": "Fix the tests", "createdAt": 1_769_940_000_000_i64, "lastUpdatedAt": 1_769_940_300_000_i64,
        "status": "completed", "createdOnBranch": "main", "usageData": {"gpt-5": {"costInCents": 12, "amount": 3}},
        "modelConfig": {"modelName": "default"}, "blobEncryptionKey": "KEY", "speculativeSummarizationEncryptionKey": "KEY",
        "subagentInfo": {"parentComposerId": "parent", "subagentTypeName": "explore"},
        "workspaceIdentifier": {"id": "ws", "uri": {"fsPath": "/w/p", "scheme": "file"}},
    })
}

#[test]
fn a_session_of_rows_is_read() {
    let home = Home::new();
    home.session("one", document(), &conversation());
    home.put("composer.content.e3", &json!(""));
    home.writer
        .execute_batch(
            "UPDATE cursorDiskKV SET value = '' WHERE key = 'composer.content.e3';
             INSERT INTO cursorDiskKV VALUES ('composer.content.cc', 'one' || char(10) || 'two' || char(10));
             INSERT INTO cursorDiskKV VALUES ('bubbleId:one:left-over', '{\"type\":1,\"text\":\"rewound\"}');
             INSERT INTO cursorDiskKV VALUES ('composerData:draft', '{\"fullConversationHeadersOnly\":[]}');
             INSERT INTO cursorDiskKV VALUES ('composerData:deleted', NULL);",
        )
        .unwrap();
    let sessions = home.sessions();
    let [session] = &sessions[..] else { panic!("{sessions:?}") };
    assert_eq!(session.derived.problems, []);
    insta::assert_snapshot!("rows", check::shown(&session.derived.events));
    insta::assert_json_snapshot!("rows_facts", session.facts);
    let raw: Vec<u8> = session.records.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    assert!(!String::from_utf8(raw).unwrap().contains("KEY"));
    assert_eq!(home.list(None).0.drafts, 2);
    check::assert_robust(&CursorApp, &session.source, &session.records);
}

#[test]
fn members_of_other_types_cost_no_more_than_themselves() {
    let home = Home::new();
    let heads = json!([null, {"bubbleId": null}, {"bubbleId": "b1"}, 7, {"bubbleId": "b2", "type": "2"}]);
    let odd = json!({
        "_v": "9", "fullConversationHeadersOnly": heads, "conversation": null, "conversationMap": null, "status": 3,
        "createdAt": "2026-02-01T09:00:00Z", "lastUpdatedAt": -1, "name": ["no"],
    });
    home.put("composerData:odd", &odd);
    home.put("bubbleId:odd:b1", &said("b1", 1, "hello"));
    home.put("bubbleId:odd:b2", &said("b2", 2, "Hi."));
    home.put("composerData:inline", &json!({"createdAt": "soon", "conversation": [said("i1", 1, "in the row")]}));
    let shown: Vec<String> = home
        .sessions()
        .iter()
        .map(|session| {
            assert_eq!(session.derived.problems, []);
            format!("{}: {}", session.source.native_id, check::shown(&session.derived.events))
        })
        .collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown.iter().any(|text| text.starts_with("odd: ") && text.contains("hello") && text.contains("Hi.")));
    assert!(shown.iter().any(|text| text.starts_with("inline: ") && text.contains("in the row")));
}

#[test]
fn a_folder_that_only_the_context_of_a_prompt_tells() {
    let home = Home::new();
    let mut untold = document();
    untold["workspaceIdentifier"] = Value::Null;
    home.session("one", untold, &[said("b1", 1, "hello")]);
    let layout =
        json!({"rootPath": "p", "listDirV2Result": {"directoryTreeRoot": {"absPath": "/w/p", "childrenDirs": []}}});
    home.put("messageRequestContext:one:b0", &json!({"projectLayouts": []}));
    home.put("messageRequestContext:one:b1", &json!({"projectLayouts": [layout.to_string()]}));
    home.put("messageRequestContext:two:b1", &json!({"projectLayouts": [layout]}));
    let sessions = home.sessions();
    assert_eq!(sessions[0].facts.cwd.as_deref(), Some("/w/p"));
}

#[test]
fn tools_that_are_told_by_number_have_a_name_and_a_time() {
    let home = Home::new();
    let call = |number: i64| {
        let id = format!("b{number}");
        let tool = json!({"tool": number, "toolCallId": id, "status": "completed", "params": "{\"a\":1}",
            "result": "done", "additionalData": {"startedAtMs": 1_780_338_811_534_i64 + number}});
        used(&id, tool)
    };
    home.session("one", document(), &[call(9), call(43), call(49), call(51), call(52), call(999)]);
    let sessions = home.sessions();
    let [session] = &sessions[..] else { panic!("{sessions:?}") };
    let mut names = Vec::new();
    for event in &session.derived.events {
        if let Body::ToolCall(call) = &event.body {
            names.push(call.name.as_str());
            assert!(event.ts.is_some_and(|ts| ts.as_millisecond() > 1_780_338_811_534), "{event:?}");
        }
    }
    let expected = ["semantic_search_full", "create_plan", "call_mcp_tool", "ask_question", "switch_mode", "tool_999"];
    assert_eq!(names, expected);
}

#[test]
fn sessions_of_2024_and_of_the_time_between_are_read() {
    let home = Home::new();
    let storage = home.folder.path().join(".config/Cursor/User/workspaceStorage/w1");
    let workspace = database(&storage.join("state.vscdb"));
    std::fs::write(storage.join("workspace.json"), r#"{"folder":"file:///c%3A/Users/ada/a%20b"}"#).unwrap();
    let panel = json!({"tabs": [
        {"tabId": "tab", "chatTitle": "Sidebar", "lastSendTime": 1_731_784_701_000_i64, "bubbles": [
            {"type": "user", "id": "u1", "text": "add a menu"},
            {"type": "ai", "id": "a1", "modelType": "claude-3.5-sonnet", "rawText": "Sure", "text": "Sure!"}]},
        {"tabId": "empty", "bubbles": []}]});
    let composers = json!({"allComposers": [
        {"composerId": "whole", "createdAt": 1_731_784_818_255_i64, "status": "completed",
            "conversation": [{"type": 1, "bubbleId": "c1", "text": "hi"}, {"type": 2, "bubbleId": "c2", "text": "Hello."}]},
        {"type": "head", "composerId": "inline", "name": "A head"}]});
    for (key, value) in [("workbench.panel.aichat.view.aichat.chatdata", panel), ("composer.composerData", composers)] {
        workspace.execute("INSERT INTO ItemTable VALUES (?, ?)", (key, value.to_string())).unwrap();
    }
    home.put(
        "composerData:inline",
        &json!({"_v": 1, "createdAt": 1_738_732_158_464_i64, "conversation": [
        {"type": 1, "bubbleId": "i1", "text": "in a row"}, {"type": 2, "bubbleId": "i2"}],
        "conversationMap": {"i2": {"type": 2, "bubbleId": "i2", "text": "From the map."}}}),
    );
    // Nothing is listed: by time, then as written.
    home.put("composerData:unlisted", &json!({"_v": 3, "fullConversationHeadersOnly": []}));
    home.put("bubbleId:unlisted:z", &said("z", 1, "first"));
    home.put(
        "bubbleId:unlisted:a",
        &json!({"type": 2, "bubbleId": "a", "text": "second", "createdAt": "2026-02-01T10:00:01Z"}),
    );
    let shown: String = home
        .sessions()
        .iter()
        .map(|session| {
            assert_eq!(session.derived.problems, []);
            check::assert_robust(&CursorApp, &session.source, &session.records);
            let facts = &session.facts;
            let head = format!("{} {:?} {:?}", session.source.native_id, facts.agent_title, facts.cwd);
            format!("{head}\n{}", check::shown(&session.derived.events))
        })
        .collect();
    insta::assert_snapshot!("generations", shown);
}

#[test]
fn transcripts_and_stores_are_read() {
    let home = tempfile::tempdir().unwrap();
    let project = home.path().join(".cursor/projects/w-p");
    let write = |name: &str, text: &str| {
        let path = project.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(".workspace-trusted", r#"{"workspacePath":"/w/p"}"#);
    write(
        "agent-transcripts/t1/t1.jsonl",
        concat!(
            r#"{"role":"user","message":{"content":[{"type":"text","text":"<timestamp>Friday, Jul 31, 2026, 5:10 PM (UTC-5)</timestamp>\n<system_reminder>x</system_reminder>\n<user_query>\nfix it\n</user_query>"}]}}"#,
            "\n\n",
            r#"{"role":"assistant","message":{"content":[{"type":"text","text":"Looking.\n\n[REDACTED]"},{"type":"tool_use","name":"Shell","input":{"command":"ls","description":"list"}},{"type":"tool_use","name":"StrReplace","input":{"path":"/a","old_string":"a","new_string":"b"}},{"type":"tool_use","name":"ApplyPatch","input":"*** Begin Patch\n*** Update File: b\n@@\n-x\n+y\n*** End Patch"}]}}"#,
            "\n",
            r#"{"type":"turn_ended","status":"aborted"}"#,
            "\n",
        ),
    );
    write(
        "agent-transcripts/t1/subagents/t2.jsonl",
        "{\"role\":\"assistant\",\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"[REDACTED]\"}]}}\n",
    );
    write(
        "agent-transcripts/t3.txt",
        "user:\n<user_query>\ngo\n</user_query>\n\nassistant:\n[Thinking] hm\n[Tool call] Write\n  path: /a\n  contents: one\n\n[Tool result] Write\n\nassistant:\nDone.\n",
    );
    write("agent-transcripts/notes.md", "no session");
    let store = home.path().join(".cursor/chats/0cc175b9c0f1b6a831c399e269772661/s1/store.db");
    write_store(&store);
    let sessions = check::sessions(&CursorApp, &check::environment(home.path()));
    let shown: String = sessions
        .iter()
        .map(|session| {
            assert_eq!(session.derived.problems, []);
            check::assert_robust(&CursorApp, &session.source, &session.records);
            let (source, facts) = (&session.source, &session.facts);
            let head = format!("{} {:?} rank {} {facts:?}", source.native_id, source.parent, CursorApp.rank(source));
            format!("{head}\n{}", check::shown(&session.derived.events))
        })
        .collect();
    insta::assert_snapshot!("transcripts_and_stores", shown);
}

fn write_store(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let writer = Connection::open(path).unwrap();
    writer
        .execute_batch("CREATE TABLE blobs (id TEXT PRIMARY KEY, data BLOB); CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);")
        .unwrap();
    let messages = [
        json!({"role": "user", "content": "<user_info>\nWorkspace Path: /elsewhere\n</user_info>"}),
        json!({"role": "user", "content": [{"type": "text", "text": "write it"}, {"type": "image", "mediaType": "image/png", "data": "AAAA"}]}),
        json!({"role": "assistant", "content": [{"type": "redacted-reasoning", "data": "x"}, {"type": "text", "text": "Writing."},
            {"type": "tool-call", "toolCallId": "c1", "toolName": "StrReplace", "args": {"path": "/a", "old_string": "a", "new_string": "b"}},
            {"type": "tool-call", "toolCallId": "c2", "toolName": "StrReplace", "args": {"path": "/b", "old_string": "a", "new_string": "b"}}],
            "providerOptions": {"cursor": {"modelName": "composer-1"}}}),
        json!({"role": "tool", "content": [{"type": "tool-result", "toolCallId": "c1", "toolName": "StrReplace", "result": "ok"},
            {"type": "tool-result", "toolCallId": "c2", "toolName": "StrReplace", "result": "no", "isError": true}]}),
    ];
    let mut root = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let id = [number as u8 + 1; 32];
        root.extend([0x0a, 0x20]);
        root.extend(id);
        let id: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
        writer.execute("INSERT INTO blobs VALUES (?, ?)", (id, message.to_string().into_bytes())).unwrap();
    }
    writer.execute("INSERT INTO blobs VALUES ('root', ?)", [root]).unwrap();
    let meta = json!({"agentId": "s1", "latestRootBlobId": "root", "name": "New Agent", "createdAt": 1_778_238_541_000_i64,
        "blobEncryptionKey": "KEY"});
    let hex: String = meta.to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
    writer.execute("INSERT INTO meta VALUES ('0', ?)", [hex]).unwrap();
    let beside = json!({"title": "Write a", "cwd": "/w/p", "updatedAtMs": 1_778_242_141_000_i64});
    std::fs::write(path.with_file_name("meta.json"), beside.to_string()).unwrap();
}

#[test]
fn every_sample_is_read() {
    let expected = [
        ("2024-11", 31, 0, Some("c:/Users/ydebray/Documents/mobilechat")),
        ("2025-03", 0, 0, None),
        ("2025-05", 2, 6, None),
        ("2025-10", 3, 30, None),
        ("2025-12", 1, 0, Some("/home/manuel/workspaces/2025-12-15/inspect-agent-conversations")),
        ("2026-06", 1, 0, Some("/Users/ben/projects/temp/cursortest2")),
        ("2026-06-wal", 1, 0, Some("/Users/ben/projects/temp/cursortest2")),
        ("2026-09", 1, 0, Some("/Users/ben/projects/temp/cursortest2")),
        ("agent", 4, 0, None),
    ];
    for (sample, count, drafts, folder) in expected {
        let Some(home) = check::samples(&format!("cursor/home-{sample}")) else { return };
        let environment = check::environment(&home);
        let sessions = check::sessions(&CursorApp, &environment);
        assert_eq!(sessions.len(), count, "{sample}");
        for session in &sessions {
            assert_eq!(session.derived.problems, [], "{}", session.source.path.display());
            if folder.is_some() {
                assert_eq!(session.facts.cwd.as_deref(), folder, "{sample}");
            }
        }
        let mut told = 0;
        for root in CursorApp.roots(&environment) {
            CursorApp.containers(&root, &mut |container| {
                told += CursorApp.sources_in(&container, None, &mut |_| {}).unwrap().drafts;
            });
        }
        assert_eq!(told, drafts, "{sample}");
    }
}

#[test]
fn files_are_judged_by_their_names() {
    let root = |path: &str| Root { path: path.into(), recursive: true };
    let at = |root_path: &str, path: &str| {
        let root = root(root_path);
        let path = Path::new(root_path).join(path);
        let container = CursorApp.container_at(&root, &path).map(|path| path.display().to_string());
        container.or_else(|| CursorApp.source_at(&root, &path).map(|source| source.native_id))
    };
    assert_eq!(at("/u/globalStorage", "state.vscdb-wal").as_deref(), Some("/u/globalStorage/state.vscdb"));
    assert_eq!(at("/u/globalStorage", "state.vscdb.backup"), None);
    assert_eq!(at("/u/workspaceStorage", "a/state.vscdb").as_deref(), Some("/u/workspaceStorage/a/state.vscdb"));
    assert_eq!(
        at("/u/profiles", "p/globalStorage/state.vscdb").as_deref(),
        Some("/u/profiles/p/globalStorage/state.vscdb")
    );
    assert_eq!(at("/c/chats", "m/s/meta.json").as_deref(), Some("/c/chats/m/s/store.db"));
    assert_eq!(at("/c/projects", "p/agent-transcripts/s/s.jsonl").as_deref(), Some("s"));
    assert_eq!(at("/c/projects", "p/agent-transcripts/s/subagents/t.jsonl").as_deref(), Some("t"));
    assert_eq!(at("/c/projects", "p/terminals/1.txt"), None);
    assert_eq!(CursorApp.resume("a-1").unwrap(), ["cursor-agent", "--resume", "a-1"]);
    assert_eq!(CursorApp.resume("--help"), None);
    assert_eq!(CursorApp.resume("a b"), None);
}
