use crate::{Agent, check, copilot_cli::CopilotCli};

/// A session of two runs, with a sub-agent, a refused call, doubled lines and a rewind.
const EVENTS: &str = r#"{"type":"session.start","data":{"sessionId":"s1","version":1,"producer":"copilot-agent","copilotVersion":"1.0.68","startTime":"2026-07-02T15:28:15.745Z","selectedModel":"auto","context":{"cwd":"/w","branch":"main","repository":"o/r","hostType":"github","headCommit":"abc"}},"id":"e1","timestamp":"2026-07-02T15:28:15.754Z","parentId":null}
{"type":"system.message","data":{"content":"You are"},"id":"e2","timestamp":"2026-07-02T15:28:16Z"}
{"type":"user.message","data":{"content":"fix it","transformedContent":"<x>fix it","attachments":[{"type":"file","path":"/w/a.rs","displayName":"a.rs"},{"type":"blob","mimeType":"image/png","data":"AAAAAAAA"}]},"id":"e3","timestamp":"2026-07-02T15:28:17Z"}
{"type":"assistant.message","data":{"messageId":"m1","model":"gpt-5","content":"I will.","reasoningText":"hm","reasoningOpaque":"SECRET","toolRequests":[{"toolCallId":"c1","name":"edit","arguments":{"path":"/w/a.rs","old_str":"a","new_str":"b"}},{"toolCallId":"c2","name":"bash","arguments":"{\"command\":\"make\",\"description\":\"Build\"}"}]},"id":"e4","timestamp":"2026-07-02T15:28:18Z"}
{"type":"assistant.reasoning","data":{"content":"hm"},"id":"e5","timestamp":"2026-07-02T15:28:18Z"}
{"type":"tool.execution_start","data":{"toolCallId":"c1","toolName":"edit","arguments":{"path":"/w/a.rs"}},"id":"e6","timestamp":"2026-07-02T15:28:19Z"}
{"type":"tool.execution_complete","data":{"toolCallId":"c1","success":true,"result":{"content":"updated","detailedContent":"\ndiff --git a/w/a.rs b/w/a.rs\n--- a/w/a.rs\n+++ b/w/a.rs\n@@ -7,1 +7,1 @@\n-a\n+b\n"},"toolTelemetry":{"metrics":{"durationMs":4}}},"id":"e7","timestamp":"2026-07-02T15:28:20Z"}
{"type":"tool.execution_complete","data":{"toolCallId":"c1","success":true,"result":{"content":"updated"}},"id":"e7b","timestamp":"2026-07-02T15:28:20Z"}
{"type":"tool.execution_complete","data":{"toolCallId":"c2","success":true,"result":{"content":"bad\n<shellId: 0 completed with exit code 2>"}},"id":"e8","timestamp":"2026-07-02T15:28:21Z"}
{"type":"assistant.message","data":{"messageId":"m2","model":"gpt-5","content":"","toolRequests":[{"toolCallId":"c3","name":"create","arguments":{"path":"/w/b.rs","file_text":"x\n"}},{"toolCallId":"c4","name":"task","arguments":{"prompt":"count"}},{"toolCallId":"c5","name":"update_todo","arguments":{"todos":"- [x] one\n- [ ] two"}}]},"id":"e9","timestamp":"2026-07-02T15:28:22Z"}
{"type":"tool.execution_complete","data":{"toolCallId":"c3","success":false,"error":{"message":"The user said no","code":"rejected"}},"id":"e10","timestamp":"2026-07-02T15:28:23Z"}
{"type":"subagent.started","data":{"toolCallId":"c4","agentName":"task","agentDisplayName":"Task Agent"},"id":"e11","agentId":"c4","timestamp":"2026-07-02T15:28:24Z"}
{"type":"user.message","data":{"content":"count"},"id":"e12","agentId":"c4","timestamp":"2026-07-02T15:28:24Z"}
{"type":"assistant.message","data":{"content":"Two.","reasoningOpaque":"SECRET"},"id":"e13","agentId":"c4","timestamp":"2026-07-02T15:28:25Z"}
{"type":"subagent.completed","data":{"toolCallId":"c4","agentName":"task","agentDisplayName":"Task Agent"},"id":"e14","agentId":"c4","timestamp":"2026-07-02T15:28:26Z"}
{"type":"assistant.message","data":{"content":"never on disk"},"id":"e15","ephemeral":true}
{"type":"session.compaction_complete","data":{"success":true,"summaryContent":"So far","preCompactionTokens":900},"id":"e16","timestamp":"2026-07-02T15:28:27Z"}
{"type":"session.shutdown","data":{"modelMetrics":{"gpt-5":{"requests":{"count":2,"cost":1},"usage":{"inputTokens":100,"outputTokens":10,"cacheReadTokens":60,"cacheWriteTokens":30,"reasoningTokens":4}}}},"id":"e17","timestamp":"2026-07-02T15:28:28Z"}
{"type":"session.resume","data":{"context":{"cwd":"/w/sub","branch":"fix"}},"id":"e18","timestamp":"2026-07-03T15:28:28Z"}
{"type":"session.title_changed","data":{"title":"Fix it"},"id":"e19","timestamp":"2026-07-03T15:28:29Z"}
{"type":"session.snapshot_rewind","data":{"upToEventId":"e9","eventsRemoved":7},"id":"e20","timestamp":"2026-07-03T15:28:30Z"}
{"type":"session.error","data":{"errorType":"query","message":"No such model","statusCode":400},"id":"e21","timestamp":"2026-07-03T15:28:31Z"}
{"type":"abort","data":{"reason":"user initiated"},"id":"e22","timestamp":"2026-07-03T15:28:32Z"}
{"type":"session.shutdown","data":{"currentModel":"gpt-5","tokenDetails":{"input":{"tokenCount":5},"output":{"tokenCount":6},"cache_read":{"tokenCount":7}}},"id":"e23","timestamp":"2026-07-03T15:28:33Z"}
"#;

const HISTORY: &str = r#"{"sessionId":"old","startTime":"2025-09-01T10:00:00Z","chatMessages":[{"role":"system","content":"You are"},{"role":"user","content":"list"},{"role":"assistant","content":"","tool_calls":[{"id":"c1","type":"function","function":{"name":"bash","arguments":"{\"command\":\"ls\"}"}}]},{"role":"tool","tool_call_id":"c1","content":"a"},{"role":"assistant","content":"One file."}],"timeline":[]}"#;

#[test]
fn sessions_are_read() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(".copilot").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("session-state/s1/events.jsonl", EVENTS);
    write(
        "session-state/s1/workspace.yaml",
        "id: s1\ncwd: /w\nname: \"Named by hand\"\nbranch: null\nsummary: |\n  x: y\n",
    );
    write("session-state/s1/plan.md", "no session");
    write("session-state/flat.jsonl", "{\"type\":\"user.message\",\"data\":{\"content\":\"hi\"}}\n\n");
    write("history-session-state/old.json", HISTORY);
    let sessions = check::sessions(&CopilotCli, &check::environment(home.path()));
    let shown: String = sessions
        .iter()
        .map(|session| {
            assert_eq!(session.derived.problems, []);
            check::assert_robust(&CopilotCli, &session.source, &session.records);
            let (source, facts) = (&session.source, &session.facts);
            let head = format!("{} rank {} {facts:?}", source.native_id, CopilotCli.rank(source));
            let shown = check::shown(&session.derived.events);
            assert!(!shown.contains("SECRET"));
            format!("{head}\n{shown}")
        })
        .collect();
    insta::assert_snapshot!("sessions", shown);
}

#[test]
fn every_sample_is_read() {
    let Some(home) = check::samples("copilot-cli/home") else { return };
    let sessions = check::sessions(&CopilotCli, &check::environment(&home));
    assert_eq!(sessions.len(), 3);
    for session in &sessions {
        assert_eq!(session.derived.problems, [], "{}", session.source.path.display());
        assert!(session.facts.cwd.is_some());
    }
}

#[test]
fn names() {
    assert_eq!(CopilotCli.resume("a-1").unwrap(), ["copilot", "--resume", "a-1"]);
    assert_eq!(CopilotCli.resume("-x"), None);
}

#[test]
fn a_new_file_has_the_lines_that_were_written() {
    let events = r#"{"type":"user.message","data":{"content":"write it"},"id":"e1"}
{"type":"assistant.message","data":{"content":"","toolRequests":[{"toolCallId":"c1","name":"create","arguments":{"path":"/w/a.sh","file_text":"one\ntwo\n"}}]},"id":"e2"}
{"type":"tool.execution_complete","data":{"toolCallId":"c1","success":true,"result":{"content":"Created","detailedContent":"\n--- a/dev/null\n+++ b/w/a.sh\n@@ -1,0 +1,3 @@\n+one\n+two\n+\n"}},"id":"e3"}
"#;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".copilot/session-state/s1/events.jsonl");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, events).unwrap();
    let sessions = check::sessions(&CopilotCli, &check::environment(home.path()));
    let added = sessions[0].derived.events.iter().find_map(|event| match &event.body {
        opensession_hail::Body::Edit(edit) => Some((edit.added, edit.removed)),
        _ => None,
    });
    assert_eq!(added, Some((Some(2), Some(0))));
}
