//! Sessions and events for canned answers.

use opensession_hail::Kind;
use opensession_protocol::{Hit, SessionInfo, SessionRelation, SessionState, SessionStats};
use serde_json::{Value, json};

pub(crate) fn lock_session() -> SessionInfo {
    SessionInfo {
        id: "4f2a91c70123456789abcdef01234567".to_owned(),
        short_id: "4f2a91c7".to_owned(),
        agent: "claude-code".to_owned(),
        native_id: "0b9c2f7e-1111-2222-3333-444455556666".to_owned(),
        title: "Fix the flaky lock test".to_owned(),
        state: SessionState::Live,
        cwd: Some("/home/mina/app".to_owned()),
        repository: Some("mina/app".to_owned()),
        remote: Some("https://github.com/mina/app".to_owned()),
        branch: Some("main".to_owned()),
        commit: Some("446f931".to_owned()),
        model: Some("opus-4".to_owned()),
        agent_version: Some("2.1.0".to_owned()),
        started: Some("2026-11-22T01:05:00Z".parse().unwrap()),
        updated: Some("2026-11-22T03:04:00Z".parse().unwrap()),
        events: 412,
        stats: SessionStats {
            turns: 42,
            agent_messages: 60,
            calls: 130,
            results: 130,
            errors: 2,
            edits: 9,
            files: 3,
            added: 120,
            removed: 8,
            input_tokens: 1_200,
            output_tokens: 16_100,
            cache_read_tokens: 30_000,
            cache_write_tokens: 10_000,
            cost: Some(0.42),
            active_ms: 2_280_000,
            ..SessionStats::default()
        },
        last_check: Some("cargo test".to_owned()),
        last_check_ok: Some(true),
        first_prompt: Some("The lock test fails one time in ten. Find out why.".to_owned()),
        path: "/home/mina/.claude/projects/-home-mina-app/0b9c2f7e.jsonl".to_owned(),
        ..SessionInfo::default()
    }
}

pub(crate) fn korean_session() -> SessionInfo {
    SessionInfo {
        id: "b81d03e20123456789abcdef01234567".to_owned(),
        short_id: "b81d03e2".to_owned(),
        agent: "codex".to_owned(),
        native_id: "019a".to_owned(),
        title: "잠금 순서 바꾸기".to_owned(),
        repository: Some("infra".to_owned()),
        updated: Some("2026-11-19T03:00:00Z".parse().unwrap()),
        events: 40,
        stats: SessionStats { turns: 9, input_tokens: 900, ..SessionStats::default() },
        path: "/home/mina/.codex/sessions/2026/11/19/rollout.jsonl".to_owned(),
        vanished: true,
        ..SessionInfo::default()
    }
}

pub(crate) fn subagent_session() -> SessionInfo {
    SessionInfo {
        id: "77aa00bb0123456789abcdef01234567".to_owned(),
        short_id: "77aa00bb".to_owned(),
        agent: "claude-code".to_owned(),
        title: "Review lock.rs".to_owned(),
        parent: Some(lock_session().id),
        relation: Some(SessionRelation::Subagent),
        repository: Some("mina/app".to_owned()),
        branch: Some("a-branch-with-a-name-that-goes-on-and-on".to_owned()),
        updated: Some("2025-10-14T03:00:00Z".parse().unwrap()),
        ..SessionInfo::default()
    }
}

/// A session that tries to command the terminal.
pub(crate) fn hostile_session() -> SessionInfo {
    SessionInfo {
        title: "\u{1b}]0;owned\u{7}\u{1b}[2Jclear\r\n\tme\u{202e}\u{9b}31m".to_owned(),
        branch: Some("\u{1b}[31mred".to_owned()),
        model: Some("opus\u{8}\u{8}".to_owned()),
        last_check: Some("rm\u{1b}[1A -rf".to_owned()),
        cwd: Some("/tmp/\u{1b}[5m".to_owned()),
        ..lock_session()
    }
}

/// A hit whose matches are the places of `word`.
pub(crate) fn hit(event: u32, kind: Kind, text: &str, word: &str) -> Hit {
    let ranges = text
        .match_indices(word)
        .filter(|_| !word.is_empty())
        .map(|(at, _)| {
            let from = text[..at].chars().count() as u32;
            (from, from + word.chars().count() as u32)
        })
        .collect();
    Hit {
        event,
        session: None,
        kind,
        ts: Some("2026-11-22T03:00:00.120Z".parse().unwrap()),
        tool: None,
        error: false,
        text: text.to_owned(),
        ranges,
        score: 1.0,
    }
}

pub(crate) fn event(number: u32, turn: u32, hail: Value) -> Value {
    let kind = kind(&hail).map(str::to_owned);
    let mut event = json!({ "event": number, "turn": turn, "kind": kind });
    event["hail"] = hail;
    event
}

fn kind(hail: &Value) -> Option<&str> {
    Some(match (hail["role"].as_str(), hail["type"].as_str()) {
        (Some("human"), _) => "prompt",
        (Some(role), _) => role,
        (_, Some("tool_call" | "subagent")) => "call",
        (_, Some("tool_result")) => "output",
        (_, Some("file_edit")) => "edit",
        (_, Some("compaction")) => "summary",
        (_, Some("usage" | "title")) => return None,
        (_, Some(kind)) => kind,
        _ => return None,
    })
}

/// The events of a short session.
pub(crate) fn events() -> Vec<Value> {
    let output: Vec<String> = std::iter::once("thread 'main' panicked at src/lock.rs:88".to_owned())
        .chain((1..218).map(|line| format!("line {line}")))
        .collect();
    vec![
        event(
            1,
            1,
            json!({"role": "human", "content": "The lock test fails one time in ten. Find out why.", "ts": "2026-11-22T05:05:00Z"}),
        ),
        event(2, 1, json!({"type": "thinking", "content": "A race, most likely.\nLook at the lock first."})),
        event(3, 1, json!({"type": "usage", "input": 10, "output": 20})),
        event(
            4,
            1,
            json!({"role": "agent", "content": "I read the lock.\n\nThen I run its test in a loop, with the log kept, until it fails, which should take no more than a minute or two."}),
        ),
        event(
            5,
            1,
            json!({"type": "tool_call", "call_id": "a", "name": "Read", "input": {"file_path": "/home/mina/app/src/lock.rs"}}),
        ),
        event(
            6,
            1,
            json!({"type": "tool_result", "call_id": "a", "status": "ok", "content": "pub struct Lock;\n", "duration_ms": 12}),
        ),
        event(7, 1, json!({"type": "command", "call_id": "b", "name": "Bash", "command": "cargo test lock"})),
        event(
            8,
            1,
            json!({"type": "tool_result", "call_id": "b", "status": "error", "exit_code": 101, "content": output.join("\n"), "duration_ms": 4_120}),
        ),
        event(
            9,
            1,
            json!({"type": "tool_call", "call_id": "c", "name": "Edit", "input": {"file_path": "src/lock.rs"}}),
        ),
        event(
            10,
            1,
            json!({"type": "file_edit", "call_id": "c", "path": "src/lock.rs", "diff": "@@ -88,1 +88,1 @@\n-  let g = self.inner.lock();\n+  let g = self.inner.lock().unwrap();\n", "added": 14, "removed": 3}),
        ),
        event(
            11,
            1,
            json!({"type": "tool_result", "call_id": "c", "status": "ok", "content": "The file has been updated."}),
        ),
        event(12, 2, json!({"role": "human", "content": "백 번 돌려 봐", "ts": "2026-11-23T01:00:00Z"})),
        event(
            13,
            2,
            json!({"type": "todo", "items": [{"content": "loop", "status": "completed"}, {"content": "check the log", "status": "in_progress"}]}),
        ),
        event(14, 2, json!({"type": "subagent", "name": "Explore", "description": "Review lock.rs"})),
        event(
            15,
            2,
            json!({"type": "command", "call_id": "d", "name": "Bash", "command": "for i in $(seq 100); do\n  cargo test lock\ndone"}),
        ),
        event(16, 2, json!({"type": "error", "message": "overloaded", "code": "529"})),
        event(17, 2, json!({"type": "compaction", "trigger": "auto", "content": "The lock is taken twice."})),
    ]
}
