use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use opensession_hail::handoff::{Budget, Collector, Draft, Form, Handoff, Outcome, SessionFacts, schema};
use opensession_hail::redact::Redactor;
use opensession_hail::{Body, Content, Edit, Event, Item, Message, Reader, Role};
use proptest::prelude::*;
use serde_json::Value;

use super::schema::violation;

const LOCK: &str = include_str!("handoff/lock.hail.jsonl");

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);

fn add(collector: &mut Collector, hail: &str, id: &str) {
    let mut number = 0;
    for item in Reader::new(hail.as_bytes()) {
        match item.unwrap() {
            Item::Header(header) => {
                let short_id = id.get(..8).unwrap_or_default().to_owned();
                collector.begin(SessionFacts { id: id.to_owned(), short_id, ..SessionFacts::of_header(&header) });
            }
            Item::Event(event) => {
                number += 1;
                collector.add(number, &event);
            }
            Item::Problem(problem) => panic!("{problem:?}"),
        }
    }
}

fn draft(hail: &str) -> Draft {
    let mut collector = Collector::new();
    add(&mut collector, hail, "4f2a91c70123456789abcdef01234567");
    collector.finish(&REDACTOR)
}

#[test]
fn a_session_in_full() {
    insta::assert_snapshot!("lock_markdown", draft(LOCK).fit(Budget::Standard, Form::Markdown).1);
}

#[test]
fn the_same_as_json() {
    let (handoff, text) = draft(LOCK).fit(Budget::Standard, Form::Json);
    insta::assert_json_snapshot!("lock_json", handoff);
    let read: Handoff = serde_json::from_str(&text).unwrap();
    assert_eq!(read, handoff);
    assert_eq!(violation(&Value::from(schema()), &serde_json::from_str(&text).unwrap()), None);
}

#[test]
fn in_three_lines() {
    let summary = draft(LOCK).summary();
    assert_eq!(summary.title, "Fix the flaky lock test");
    assert!(summary.objective.starts_with("The lock test fails one time in ten. Find out why."));
    assert_eq!(
        summary.outcome,
        "waiting for the user; cargo clippy --all-targets ok, but edited since; 2 files +1 -1; commit 1a2b3c4 Lock once; \
         1 open todo"
    );
}

#[test]
fn nothing_secret_and_nothing_hostile_is_in_it() {
    for form in [Form::Markdown, Form::Json] {
        let (_, text) = draft(LOCK).fit(Budget::Full, form);
        assert!(!text.contains("ghp_") && text.contains("[REDACTED:github]"));
        assert!(!text.contains("/home/mina") && text.contains("~/app"));
        assert!(!text.contains('\u{1b}'));
        assert_eq!(REDACTOR.fresh().text(&text), text, "a second look finds nothing");
    }
    // Words that give orders stand in a quotation, and pictures are not loaded.
    let page = draft(LOCK).fit(Budget::Full, Form::Markdown).1;
    for line in page.lines().filter(|line| line.contains("Ignore all previous")) {
        assert!(line.starts_with("> ") || line.contains('"'), "{line}");
    }
    assert!(!page.contains("![x]"));
}

#[test]
fn sessions_are_merged_and_shared_files_told_once() {
    let second = [
        r#"{"v":"hail/0.1","tool":"codex","ts":"2026-01-02T10:00:00Z","cwd":"/home/mina/app"}"#,
        // A copy of a record of the first session: it was resumed.
        r#"{"role":"human","content":"The lock test fails one time in ten.","id":"r1"}"#,
        r#"{"role":"human","content":"Take the unwrap out again","id":"x1"}"#,
        r#"{"type":"file_edit","path":"src/lock.rs","diff":"@@ -10,3 +10,3 @@\n fn lock() {\n-    let g = m.lock().unwrap();\n+    let g = m.lock();\n }\n","id":"x2"}"#,
        r#"{"role":"agent","content":"Done.","id":"x3"}"#,
        "",
    ]
    .join("\n");
    let mut collector = Collector::new();
    add(&mut collector, LOCK, "4f2a91c70123456789abcdef01234567");
    add(&mut collector, &second, "b81d03e20123456789abcdef01234567");
    let (handoff, _) = collector.finish(&REDACTOR).fit(Budget::Full, Form::Json);
    assert_eq!(handoff.sessions.len(), 2);
    assert_eq!(handoff.objective.latest.as_ref().unwrap().cite, "b81d03e2#2");
    assert_eq!(handoff.prompts.iter().filter(|prompt| prompt.text.starts_with("The lock test")).count(), 1);
    let lock: Vec<_> = handoff.files.iter().filter(|file| file.path.ends_with("lock.rs")).collect();
    assert_eq!(lock.len(), 1);
    assert_eq!((lock[0].added, lock[0].removed, lock[0].edits), (Some(0), Some(0), 3));
}

#[test]
fn every_citation_is_an_event() {
    let (handoff, page) = draft(LOCK).fit(Budget::Full, Form::Markdown);
    let events = LOCK.lines().count() as u32 - 1;
    let numbers: BTreeSet<u32> =
        page.split("[#").skip(1).filter_map(|rest| rest.split(']').next()?.parse().ok()).collect();
    assert!(numbers.len() > 10);
    assert!(numbers.iter().all(|number| (1..=events).contains(number)));
    let listed: BTreeSet<u32> = handoff.evidence.iter().map(|evidence| evidence.cite[1..].parse().unwrap()).collect();
    assert!(numbers.is_subset(&listed));
}

#[test]
fn the_checked_in_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("handoff.schema.json");
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == now, "out of date: UPDATE_SCHEMA=1 cargo test -p opensession-hail schema writes it");
}

#[test]
fn a_long_session_keeps_its_beginning_and_its_end_within_any_budget() {
    let mut collector = Collector::new();
    collector.begin(SessionFacts::default());
    let mut number = 0;
    let mut event = |collector: &mut Collector, body: Body| {
        number += 1;
        collector.add(number, &Event::new(body));
    };
    for turn in 0..3000 {
        let content = Content::Text(format!("prompt {turn} with some words that make it as long as prompts are"));
        event(&mut collector, Body::Message(Message { role: Role::Human, content, ..Message::default() }));
        let path = format!("src/file_{turn}.rs");
        let diff = Some("@@ -1,1 +1,1 @@\n-a\n+b\n".to_owned());
        event(&mut collector, Body::Edit(Edit { path, diff, ..Edit::default() }));
    }
    let draft = collector.finish(&REDACTOR);
    for budget in [Budget::Brief, Budget::Standard, Budget::Full, Budget::Bytes(1_500)] {
        for form in [Form::Markdown, Form::Json] {
            let (handoff, text) = draft.fit(budget, form);
            assert!(text.len() <= budget.bytes(), "{budget:?} {form:?}: {}", text.len());
            assert!(handoff.prompts.last().unwrap().text.starts_with("prompt 2999"));
            assert!(handoff.objective.first.unwrap().text.starts_with("prompt 0"));
            assert_eq!(handoff.prompts.len() as u64 + handoff.omitted["prompts"], 3000);
        }
    }
}

/// What a session of `agent` comes to, told in events of one line each.
fn told(agent: &str, events: &[&str]) -> (Handoff, String) {
    let header = format!(
        r#"{{"v":"hail/0.1","tool":"{agent}","cwd":"/home/mina/app","git":{{"repository":"https://example.com/mina/app","branch":"main"}}}}"#
    );
    let hail = format!("{header}\n{}\n", events.join("\n"));
    draft(&hail).fit(Budget::Full, Form::Markdown)
}

#[test]
fn where_no_exit_code_is_kept_the_output_tells() {
    let events = [
        r#"{"role":"human","content":"Fix it"}"#,
        r#"{"type":"command","call_id":"a","command":"pytest tests"}"#,
        r#"{"type":"tool_result","call_id":"a","content":"FAILED tests/a.py::test_b - x\n=== 1 failed, 26 passed in 0.1s ==="}"#,
        r#"{"type":"command","call_id":"b","command":"pip install x"}"#,
        r#"{"type":"tool_result","call_id":"b","content":"done"}"#,
        r#"{"type":"command","call_id":"c","command":"npm run lint"}"#,
        r#"{"type":"tool_result","call_id":"c","content":"linted"}"#,
    ];
    let (handoff, page) = told("aider", &events);
    assert_eq!(handoff.checks[0].outcome, Outcome::Failed);
    assert_eq!(handoff.checks[0].failing, ["tests/a.py::test_b"]);
    let failure = handoff.state.last_failure.expect("a failure");
    assert_eq!((failure.run.command.as_str(), failure.resolved), ("pytest tests", false));
    assert_eq!(handoff.checks[1].outcome, Outcome::Unknown);
    assert_eq!(handoff.state.last_command.expect("a command").outcome, Outcome::Unknown);
    assert!(page.contains("- Last command [#6]: `npm run lint` → outcome not in the log"), "{page}");
    assert!(page.contains("run again, how it ended is not known: npm run lint"), "{page}");
    // Others say themselves that it went well.
    let (handoff, _) = told("claude-code", &events);
    assert_eq!(handoff.state.last_command.expect("a command").outcome, Outcome::Ok);
}

#[test]
fn a_failure_that_a_pipe_hides_is_one_everywhere() {
    let (handoff, page) = told(
        "pi",
        &[
            r#"{"role":"human","content":"Fix it"}"#,
            r#"{"type":"command","call_id":"a","command":"npm run build 2>&1 | head -30"}"#,
            r#"{"type":"tool_result","call_id":"a","exit_code":0,"content":"src/a.ts(1,2): error TS2322: no"}"#,
        ],
    );
    assert_eq!(handoff.checks[0].outcome, Outcome::Failed);
    assert_eq!(handoff.state.last_command.expect("a command").outcome, Outcome::Failed);
    assert!(page.contains("→ failed, by its output"), "{page}");
}

#[test]
fn who_had_enough_of_a_pipe_is_no_failure() {
    let (handoff, _) = told(
        "claude-code",
        &[
            r#"{"role":"human","content":"Look"}"#,
            r#"{"type":"command","call_id":"a","command":"set -o pipefail; git log | head -3"}"#,
            r#"{"type":"tool_result","call_id":"a","status":"error","exit_code":141,"content":"one\ntwo\nthree"}"#,
        ],
    );
    assert_eq!(handoff.state.last_command.expect("a command").outcome, Outcome::Ok);
    assert!(handoff.state.last_failure.is_none() && handoff.errors.is_empty());
}

#[test]
fn commits_of_a_client_count_until_they_are_taken_back() {
    let edit = r#"{"type":"file_edit","path":"a.py","diff":"@@ -1,1 +1,1 @@\n-a\n+b\n"}"#;
    let first = r#"{"role":"system","content":"Commit 1a2b3c4 feat: one"}"#;
    let second = r#"{"role":"system","content":"Applied.\nCommit 5d6e7f8 fix: two"}"#;
    let undone = r#"{"role":"system","content":"Removed: 5d6e7f8 fix: two\nNow at:  1a2b3c4 feat: one"}"#;
    let prompt = r#"{"role":"human","content":"Fix it"}"#;
    let (handoff, page) = told("aider", &[prompt, edit, first, edit, second]);
    let commit = handoff.state.last_commit.expect("a commit");
    assert_eq!((commit.sha.as_str(), commit.subject.as_str(), commit.branch), ("5d6e7f8", "fix: two", None));
    assert_eq!(handoff.files[0].commit.as_deref(), Some("5d6e7f8"));
    assert!(!handoff.files[0].edited_since_commit);
    assert!(page.contains("- Last commit 5d6e7f8: \"fix: two\" [#5]"), "{page}");
    let (handoff, _) = told("aider", &[prompt, edit, first, edit, second, undone]);
    assert_eq!(handoff.state.last_commit.expect("a commit").sha, "1a2b3c4");
    // Of what is left of the file nothing is known.
    assert_eq!((handoff.files[0].commit.as_deref(), handoff.files[0].added), (None, None));
    assert!(told("claude-code", &[prompt, edit, first]).0.state.last_commit.is_none());
}

#[test]
fn lines_that_are_not_told_are_not_zero() {
    let (handoff, page) = told(
        "roo-code",
        &[
            r#"{"role":"human","content":"Write it"}"#,
            r#"{"type":"file_edit","path":"a.py","operation":"create"}"#,
            r#"{"type":"file_edit","path":"src\\b.py"}"#,
            r#"{"type":"file_edit","path":"src/b.py"}"#,
        ],
    );
    assert_eq!(handoff.files.len(), 2, "one file in two spellings is one");
    for file in &handoff.files {
        assert_eq!((file.added, file.all_added, file.all_removed), (None, None, None));
    }
    assert_eq!(handoff.files_total.expect("files").unknown, Some(2));
    assert!(page.contains("## Files: 2 files, net unknown\n- a.py (new) net unknown [#2]"), "{page}");
    let (handoff, page) = told(
        "roo-code",
        &[
            r#"{"role":"human","content":"Write it"}"#,
            r#"{"type":"file_edit","path":"a.py","operation":"create","added":599,"removed":0}"#,
            r#"{"type":"file_edit","path":"b.py"}"#,
        ],
    );
    assert_eq!((handoff.files[0].added, handoff.files[0].removed), (Some(599), Some(0)));
    assert!(page.contains("## Files: 2 files, net +599 -0, of 1 file unknown"), "{page}");
}

#[test]
fn nothing_is_told_twice() {
    let noise = "and so it goes on ".repeat(150);
    let result = format!(
        r#"{{"type":"tool_result","call_id":"b","status":"error","exit_code":2,"content":"unknown {noise}\nlast line\nerror: no such table: users"}}"#
    );
    let (handoff, page) = told(
        "claude-code",
        &[
            r#"{"role":"human","content":"Look into the tables"}"#,
            r#"{"type":"tool_call","call_id":"a","name":"Task","input":{}}"#,
            r#"{"type":"subagent","call_id":"a","name":"Explore","description":"Find the tables"}"#,
            r#"{"type":"subagent","call_id":"a","name":"Explore","status":"ok"}"#,
            r#"{"type":"file_edit","path":"a.py","diff":"@@ -1,1 +1,1 @@\n-a\n+b\n"}"#,
            r#"{"type":"command","call_id":"b","command":"sqlite3 app.db 'select 1 from users'"}"#,
            &result,
        ],
    );
    assert_eq!(handoff.subagents.len(), 1);
    assert_eq!(page.matches("Look into the tables").count(), 1, "{page}");
    assert_eq!(page.matches("sqlite3 app.db").count(), 1, "{page}");
    assert_eq!(page.matches("no such table").count(), 1, "{page}");
    insta::assert_snapshot!("told_once", page);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_of_events_is_taken(order in prop::collection::vec(0..22_usize, 0..60)) {
        let lines: Vec<Event> =
            LOCK.lines().skip(1).map(|line| Event::from_json(line.as_bytes()).unwrap()).collect();
        let collect = || {
            let mut collector = Collector::new();
            for (number, index) in order.iter().enumerate() {
                collector.add(number as u32 + 1, &lines[*index]);
            }
            collector.finish(&REDACTOR)
        };
        let text = collect().fit(Budget::Standard, Form::Markdown).1;
        prop_assert!(text.len() <= Budget::Standard.bytes());
        prop_assert_eq!(text, collect().fit(Budget::Standard, Form::Markdown).1);
    }

    #[test]
    fn redaction_is_stable(text in "[ -~]{0,200}") {
        let once = REDACTOR.fresh().text(&text).into_owned();
        prop_assert_eq!(REDACTOR.fresh().text(&once), once.as_str());
    }
}
