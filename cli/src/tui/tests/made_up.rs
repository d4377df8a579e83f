//! Answers of a daemon that is not there.

use opensession_hail::Kind;
use opensession_protocol::{
    Count, DaemonStatus, EmptyAnswer, FacetCount, Hit, IndexStatus, OutlineTurn, ProblemInfo, ProblemPage, QueryError,
    SearchAnswer, SessionBrief, SessionDetail, SessionHits, SessionInfo, SessionOutline, SessionPage, SessionRelation,
    SessionState, SessionStats, SessionSummary, StatsAnswer, StatsRow, WithoutPart,
};
use serde_json::{Value, json};

use super::stage::Setting;

/// A stage whose daemon has a few sessions.
pub(crate) fn stage(width: u16, height: u16) -> Setting {
    Setting::new(width, height).answer("daemon/status", status()).answer("session/list", page())
}

fn status() -> DaemonStatus {
    let index = IndexStatus { events: 84_120, store_sequence: 9, ..IndexStatus::default() };
    DaemonStatus { sessions: 308, agents: 2, live: 1, index, ..DaemonStatus::default() }
}

pub(crate) fn page() -> SessionPage {
    SessionPage {
        sessions: vec![live(), korean(), subagent(), old(), hostile()],
        next: None,
        total: 5,
        scope_repository: Some("mina/app".to_owned()),
        sessions_kept: 308,
    }
}

pub(crate) fn live() -> SessionInfo {
    SessionInfo {
        id: "4f2a91c70123456789abcdef01234567".to_owned(),
        short_id: "4f2a91c7".to_owned(),
        agent: "claude-code".to_owned(),
        title: "Fix the flaky lock test".to_owned(),
        state: SessionState::Live,
        cwd: Some("/home/mina/app".to_owned()),
        repository: Some("mina/app".to_owned()),
        branch: Some("main".to_owned()),
        model: Some("opus-4".to_owned()),
        updated: "2026-11-22T03:04:00Z".parse().ok(),
        events: 17,
        stats: SessionStats { turns: 42, added: 120, removed: 8, files: 3, ..SessionStats::default() },
        first_prompt: Some("The lock test fails one time in ten. Find out why.".to_owned()),
        ..SessionInfo::default()
    }
}

pub(crate) fn korean() -> SessionInfo {
    SessionInfo {
        id: "b81d03e20123456789abcdef01234567".to_owned(),
        short_id: "b81d03e2".to_owned(),
        agent: "codex".to_owned(),
        title: "잠금 순서 바꾸기".to_owned(),
        repository: Some("mina/infra".to_owned()),
        branch: Some("main".to_owned()),
        updated: "2026-11-21T04:00:00Z".parse().ok(),
        stats: SessionStats { turns: 9, added: 14, removed: 2, ..SessionStats::default() },
        ..SessionInfo::default()
    }
}

pub(crate) fn subagent() -> SessionInfo {
    SessionInfo {
        id: "77aa00bb0123456789abcdef01234567".to_owned(),
        short_id: "77aa00bb".to_owned(),
        agent: "claude-code".to_owned(),
        title: "Review lock.rs".to_owned(),
        parent: Some(live().id),
        relation: Some(SessionRelation::Subagent),
        repository: Some("mina/app".to_owned()),
        branch: Some("a-branch-with-a-name-that-goes-on-and-on".to_owned()),
        updated: "2026-11-19T05:00:00Z".parse().ok(),
        stats: SessionStats { turns: 3, ..SessionStats::default() },
        ..SessionInfo::default()
    }
}

fn old() -> SessionInfo {
    SessionInfo {
        id: "0c0ffee00123456789abcdef01234567".to_owned(),
        short_id: "0c0ffee0".to_owned(),
        agent: "claude-code".to_owned(),
        title:
            "A title that says so much about what was done that no list of any width has the room to show it whole, \
                on one line at least"
                .to_owned(),
        state: SessionState::Interrupted,
        repository: Some("mina/app".to_owned()),
        updated: "2025-10-14T05:00:00Z".parse().ok(),
        stats: SessionStats { turns: 1_234, added: 48_230, removed: 6_100, ..SessionStats::default() },
        ..SessionInfo::default()
    }
}

/// What could not be read.
pub(crate) fn problems() -> ProblemPage {
    let problem = |path: &str, session: Option<String>, line: u64, reason: &str| ProblemInfo {
        agent: "claude-code".to_owned(),
        path: path.to_owned(),
        session,
        line,
        reason: reason.to_owned(),
        ..ProblemInfo::default()
    };
    let (first, second) = ("/home/mina/.claude/projects/-app/잠금.jsonl", "/home/mina/.claude/projects/-app/b.jsonl");
    ProblemPage {
        problems: vec![
            problem(first, Some(live().id), 12, "it is no JSON: expected `,`"),
            problem(first, Some(live().id), 40, "a line of \u{1b}[31m 300 MB"),
            problem(second, None, 0, "permission denied"),
        ],
        total: 3,
        sources: 2,
    }
}

/// Settings of which one is written in the file.
pub(crate) fn settings() -> Value {
    json!({ "file": "/home/mina/.config/opensession/daemon.toml", "settings": [
        { "name": "discovery.projects", "kind": "list", "value": ["~/work", "~/작업"], "default": [], "line": 4,
          "about": "looked through at the start" },
        { "name": "storage.retention", "kind": "text", "value": "forever", "default": "forever",
          "about": "or \"90d\", \"26w\", \"2y\"" },
        { "name": "watchers.claude_code", "kind": "switch", "value": true, "default": true },
        { "name": "watchers.codex", "kind": "switch", "value": true, "default": true },
    ] })
}

/// A handoff that cites events.
pub(crate) fn handoff() -> Value {
    let text = "# Handoff: Fix the flaky lock test\n\n## State now\n\nInterrupted; 1 check failing [#131].\n\n\
                - 잠금 순서를 바꾸면 됩니다 [#12]\n";
    json!({ "sessions": [], "text": text, "budget": 12_000, "redactions": { "github-token": 2 } })
}

/// A session that tries to command the terminal.
fn hostile() -> SessionInfo {
    SessionInfo {
        id: "deadbeef0123456789abcdef01234567".to_owned(),
        short_id: "deadbeef".to_owned(),
        agent: "claude-code".to_owned(),
        title: "\u{1b}]0;owned\u{7}\u{1b}[2Jclear\r\n\tme\u{202e}\u{9b}31m".to_owned(),
        branch: Some("\u{1b}[31mred".to_owned()),
        updated: "2025-10-13T05:00:00Z".parse().ok(),
        ..SessionInfo::default()
    }
}

/// A stage on which the live session can be opened.
pub(crate) fn session_stage(width: u16, height: u16) -> Setting {
    stage(width, height)
        .answer("session/summary", summary())
        .answer("session/get", SessionDetail { session: live(), ..SessionDetail::default() })
        .answer("session/outline", outline())
        .answer_by("session/events", |params| Ok(page_of(&events(), params)))
        .answer("stats/get", figures())
}

fn figures() -> StatsAnswer {
    let row = |key: &str, sessions| StatsRow { key: key.to_owned(), sessions, ..StatsRow::default() };
    StatsAnswer { rows: vec![row("claude-code", 277), row("codex", 31)], ..StatsAnswer::default() }
}

fn summary() -> SessionSummary {
    let session = SessionBrief { id: live().id, ..SessionBrief::default() };
    SessionSummary {
        session,
        title: live().title,
        objective: "The lock test fails one time in ten. Find out why.".to_owned(),
        outcome: "live; cargo test ok; 3 files changed; committed 446f931".to_owned(),
    }
}

/// As the daemon gives the events of a page.
fn page_of(events: &[Value], params: &Value) -> Value {
    let from = params["from"].as_u64().unwrap_or(1);
    let limit = params["limit"].as_u64().unwrap_or(200) as usize;
    let of_page = events.iter().filter(|event| event["event"].as_u64() >= Some(from));
    let page: Vec<&Value> = of_page.take(limit).collect();
    json!({ "session": live().id, "events": page, "total": events.len() })
}

fn outline() -> SessionOutline {
    let turn = |turn, event, prompt: &str, events, calls, errors, edits| OutlineTurn {
        turn,
        event,
        prompt: prompt.to_owned(),
        events,
        calls,
        errors,
        edits,
        ..OutlineTurn::default()
    };
    let first = OutlineTurn {
        active_ms: 185_000,
        added: 14,
        removed: 3,
        ..turn(1, 1, "The lock test fails one time in ten. Find out why.", 11, 3, 1, 1)
    };
    SessionOutline {
        session: live().id,
        from: 1,
        total: 17,
        turns: vec![first, turn(2, 12, "백 번 돌려 봐", 6, 1, 1, 0)],
        failures: vec![8, 16],
        edits: vec![10],
    }
}

fn event(number: u32, hail: Value) -> Value {
    let kind = opensession_hail::Event::from_json(hail.to_string().as_bytes()).unwrap().body.kind();
    json!({ "event": number, "turn": if number < 12 { 1 } else { 2 }, "kind": kind, "hail": hail })
}

pub(crate) fn events() -> Vec<Value> {
    let output: Vec<String> = std::iter::once("thread 'main' panicked at src/lock.rs:88: lock poisoned".to_owned())
        .chain((1..218).map(|line| format!("line {line}")))
        .collect();
    let diff = "@@ -88,2 +88,2 @@\n fn lock(&self) -> u32 { // taken twice\n-  let g = self.inner.lock();\n+  let g = \
                self.inner.lock().unwrap();\n";
    let code = "I read the lock.\n\n```rust\nlet g = \"잠금\"; // here\n```\n\nThen I run its test in a loop, with the \
                log kept, until it fails, which should take no more than a minute or two.";
    [
        json!({"role": "human", "content": "The lock test fails one time in ten. Find out why."}),
        json!({"type": "thinking", "content": "A race, most likely.\nLook at the lock first."}),
        json!({"type": "usage", "input": 10, "output": 20}),
        json!({"role": "agent", "content": code}),
        json!({"type": "tool_call", "call_id": "a", "name": "Read", "input": {"file_path": "/home/mina/app/src/lock.rs"}}),
        json!({"type": "tool_result", "call_id": "a", "status": "ok", "content": "pub struct Lock;\n", "duration_ms": 12}),
        json!({"type": "command", "call_id": "b", "name": "Bash", "command": "cargo test lock"}),
        json!({"type": "tool_result", "call_id": "b", "status": "error", "exit_code": 101,
            "content": output.join("\n"), "duration_ms": 4_120}),
        json!({"type": "tool_call", "call_id": "c", "name": "Edit", "input": {"file_path": "src/lock.rs"}}),
        json!({"type": "file_edit", "call_id": "c", "path": "src/lock.rs", "diff": diff, "added": 14, "removed": 3}),
        json!({"type": "tool_result", "call_id": "c", "status": "ok", "content": "The file has been updated."}),
        json!({"role": "human", "content": "백 번 돌려 봐"}),
        json!({"type": "todo", "items": [
            {"content": "loop", "status": "completed"}, {"content": "check the log", "status": "in_progress"}]}),
        json!({"type": "subagent", "name": "Explore", "description": "Review lock.rs"}),
        json!({"type": "command", "call_id": "d", "name": "Bash", "command": "for i in $(seq 100); do\n  cargo test lock\ndone"}),
        json!({"type": "error", "message": "\u{1b}[31moverloaded\u{7}", "code": "529"}),
        json!({"type": "compaction", "trigger": "auto", "content": "The lock is taken twice."}),
    ]
    .into_iter()
    .zip(1..)
    .map(|(hail, number)| event(number, hail))
    .collect()
}

/// A session of so many events in one turn, of which the stage gives pages.
pub(crate) fn long_session_stage(width: u16, height: u16, count: u32) -> Setting {
    let session = SessionInfo { events: count, state: SessionState::Finished, ..live() };
    let turns =
        vec![OutlineTurn { turn: 1, event: 1, prompt: "Go on".to_owned(), events: count, ..OutlineTurn::default() }];
    let outline =
        SessionOutline { session: live().id, from: 1, total: count, turns, failures: vec![count / 2], edits: vec![] };
    session_stage(width, height)
        .answer("session/get", SessionDetail { session, ..SessionDetail::default() })
        .answer("session/outline", outline)
        .answer_by("session/events", move |params| {
            let from = params["from"].as_u64().unwrap_or(1) as u32;
            let limit = params["limit"].as_u64().unwrap_or(200) as u32;
            let page: Vec<Value> = (from..(from + limit).min(count + 1))
                .map(|number| {
                    let hail = match number {
                        1 => json!({"role": "human", "content": "Go on"}),
                        _ => json!({"role": "agent", "content": format!("step {number}\nof many")}),
                    };
                    event(number, hail)
                })
                .collect();
            Ok(json!({ "session": live().id, "events": page, "total": count }))
        })
}

/// A stage that answers searches: of what has `lock` in it, and of nothing else. Some are kept.
pub(crate) fn search_stage(width: u16, height: u16) -> Setting {
    let kept = session_stage(width, height)
        .answer_by("search/complete", |params| Ok(completions(params)))
        .answer("search/saved", saved())
        .answer("search/save", json!({ "name": "느린 것", "query": "lock" }))
        .answer("search/unsave", json!({ "name": "slow", "query": "duration:>1h is:error" }))
        .answer(
            "search/history",
            json!({ "kept": true, "queries": [
                { "query": "lock panicked", "ran": "2026-11-22T03:05:00Z", "sessions": 12 },
                { "query": "lock 순서", "ran": "2026-11-20T03:05:00Z", "sessions": 1 },
            ] }),
        );
    kept.answer_by("search/query", |params| {
        let query = params["query"].as_str().unwrap_or_default().to_owned();
        if query.contains("session:") {
            return Ok(serde_json::to_value(found_in_session()).unwrap());
        }
        Ok(serde_json::to_value(if query.starts_with('l') { found() } else { nothing(&query) }).unwrap())
    })
}

/// What can stand at the end of a query.
fn completions(params: &Value) -> Value {
    let query = params["query"].as_str().unwrap_or_default();
    let piece = query.rsplit(' ').next().unwrap_or_default();
    let end = query.chars().count();
    let start = end - piece.chars().count();
    let item = |text: &str, kind: &str, count: Option<u32>, detail: Option<&str>| json!({ "text": text, "kind": kind, "count": count, "detail": detail });
    let (start, items) = match piece.split_once(':') {
        Some(("agent", typed)) => {
            let values =
                [("claude-code", 277), ("codex", 31)].into_iter().filter(|(value, _)| value.starts_with(typed));
            let items = values.map(|(value, count)| item(value, "value", Some(count), None)).collect();
            (start + 6, items)
        }
        Some(_) => (start, Vec::new()),
        None => {
            let fields = [("agent:", "the program"), ("branch:", "words of it"), ("before:", "up to a date")];
            let fields = fields.into_iter().filter(|(name, _)| name.starts_with(piece));
            let mut items: Vec<Value> = fields.map(|(name, about)| item(name, "field", None, Some(about))).collect();
            items.extend("build".starts_with(piece).then(|| item("build", "word", Some(1_204), None)));
            (start, items)
        }
    };
    json!({ "start": start, "end": end, "items": items, "more": false })
}

fn saved() -> Value {
    json!([
        { "name": "slow", "query": "duration:>1h is:error", "saved": "2026-11-01T03:05:00Z" },
        { "name": "느린 것", "query": "lock", "saved": "2026-11-02T03:05:00Z" },
    ])
}

pub(crate) fn hit(event: u32, kind: Kind, text: &str, word: &str) -> Hit {
    let ranges = text
        .match_indices(word)
        .map(|(at, _)| {
            let from = text[..at].chars().count() as u32;
            (from, from + word.chars().count() as u32)
        })
        .collect();
    Hit {
        event,
        session: None,
        kind,
        ts: None,
        tool: None,
        error: kind == Kind::Output,
        text: text.to_owned(),
        ranges,
        score: 1.0,
    }
}

fn found() -> SearchAnswer {
    let of =
        |session: SessionInfo, hits: Vec<Hit>, total| SessionHits { session, hits, total, ..SessionHits::default() };
    let lock = vec![
        hit(8, Kind::Output, "thread 'main' panicked at src/lock.rs:88: lock poisoned", "lock"),
        hit(
            4,
            Kind::Agent,
            "it panicked because the lock is taken twice when the guard of the first one is still held",
            "lock",
        ),
    ];
    let count = |value| Count { value, at_least: false };
    let facet = |value: &str, count| FacetCount { value: value.to_owned(), count };
    SearchAnswer {
        sessions: vec![
            of(korean(), vec![hit(17, Kind::Prompt, "lock 순서 때문에 panicked 됩니다", "lock")], 1),
            of(live(), lock, 6),
        ],
        matching_all: count(2),
        matching_any: count(2),
        hits: 7,
        by_agent: vec![facet("claude-code", 9), facet("codex", 3)],
        by_kind: vec![facet("output", 31), facet("agent", 20)],
        by_repository: vec![facet("mina/app", 7), facet("mina/잠금-도구", 2)],
        by_month: vec![facet("2026-11", 8), facet("2026-10", 4), facet("2025-12", 1)],
        scope_repository: Some("mina/app".to_owned()),
        searched: 308,
        ..SearchAnswer::default()
    }
}

fn found_in_session() -> SearchAnswer {
    let hits = vec![
        hit(8, Kind::Output, "lock poisoned", "lock poisoned"),
        hit(1, Kind::Prompt, "The lock test fails", "lock"),
    ];
    let found = SessionHits { session: live(), hits, total: 2, ..SessionHits::default() };
    SearchAnswer { sessions: vec![found], hits: 2, ..SearchAnswer::default() }
}

fn nothing(query: &str) -> SearchAnswer {
    let near = vec![FacetCount { value: "race".to_owned(), count: 41 }];
    let without = vec![WithoutPart { part: query.to_owned(), near, ..WithoutPart::default() }];
    let error = QueryError {
        code: "unknown_value".to_owned(),
        message: "no agent codexx".to_owned(),
        start: 5,
        end: 11,
        hint: Some("one of claude-code, codex".to_owned()),
        fatal: false,
    };
    SearchAnswer {
        empty: Some(EmptyAnswer { without, elsewhere: 12, ..EmptyAnswer::default() }),
        errors: if query.contains("codexx") { vec![error] } else { vec![] },
        scope_repository: Some("mina/app".to_owned()),
        searched: 308,
        ..SearchAnswer::default()
    }
}
