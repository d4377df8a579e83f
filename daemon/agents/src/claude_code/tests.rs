//! Records in, events out; and whatever a record holds, nothing panics.

mod edits;
mod find;
mod robustness;
mod words;

use std::path::PathBuf;

use opensession_hail::{Event, Relation};

use super::ClaudeCode;
use crate::{Agent, Derived, Deriver, Facts, Record, Source, SourceKind, derive::Activity};

/// A session with a record of most kinds.
const SESSION: &str = include_str!("tests/session.jsonl");
/// Its events, as HAIL lines.
const EVENTS: &str = include_str!("tests/session.hail.jsonl");

fn source() -> Source {
    Source {
        path: PathBuf::from("/p/5c0e.jsonl"),
        kind: SourceKind::Lines,
        native_id: "5c0e".to_owned(),
        parent: None,
        side_files: Vec::new(),
        version: 0,
    }
}

fn deriver_of(source: &Source, state: Option<&[u8]>) -> Box<dyn Deriver> {
    ClaudeCode.deriver(source, state).unwrap()
}

/// Gives the lines of `bytes` to the deriver, the first as record `number`.
fn derive_with(deriver: &mut dyn Deriver, bytes: &[u8], number: u64) -> Derived {
    let mut derived = Derived::default();
    let mut position = 0;
    for (number, line) in (number..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        deriver.derive(&Record { side: None, session: None, position, number, bytes: line }, &mut derived);
        position += line.len() as u64;
    }
    derived
}

fn derive(bytes: &[u8]) -> (Derived, Facts) {
    let mut deriver = deriver_of(&source(), None);
    let derived = derive_with(&mut *deriver, bytes, 1);
    (derived, deriver.facts().clone())
}

fn lines(events: &[Event]) -> String {
    let mut text = Vec::new();
    for event in events {
        event.write_json(&mut text);
        if text.last() != Some(&b'\n') {
            text.push(b'\n');
        }
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn a_session_becomes_events() {
    let (derived, _) = derive(SESSION.as_bytes());
    assert_eq!(derived.problems, []);
    let found = lines(&derived.events);
    for (found, expected) in found.lines().zip(EVENTS.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), EVENTS.lines().count());
}

#[test]
fn a_session_as_a_whole() {
    let (_, facts) = derive(SESSION.as_bytes());
    let text = |text: &str| Some(text.to_owned());
    let expected = Facts {
        native_id: None,
        parent: None,
        custom_title: text("My auth bug"),
        agent_title: text("Auth bug"),
        first_prompt: text("Fix the \"auth\" bug\nin\u{a0}한글 😀"),
        cwd: text("/home/ann/app"),
        last_cwd: text("/home/ann/app/sub"),
        branch: text("main"),
        commit: None,
        repository: None,
        model: text("claude-opus-4-6"),
        agent_version: text("2.1.235"),
        started: Some("2026-02-01T10:00:01Z".parse().unwrap()),
        updated: Some("2026-02-01T10:00:44Z".parse().unwrap()),
        tool: None,
        subagent_type: None,
        leaves: facts.leaves.clone(),
        titles_elsewhere: vec![("z9".to_owned(), "A title for elsewhere".to_owned())],
        activity: Activity::Idle,
    };
    assert_eq!(facts, expected);
    assert_eq!(facts.leaves, ["u40", "u43"], "the last message before the compaction, and the last of all");
}

#[test]
fn objects_on_one_line_are_all_read() {
    let glued = SESSION.replacen("}\n{\"parentUuid\"", "}{\"parentUuid\"", 3);
    assert!(glued.lines().count() + 3 == SESSION.lines().count());
    let (derived, _) = derive(glued.as_bytes());
    assert_eq!(derived.problems, []);
    assert_eq!(lines(&derived.events), lines(&derive(SESSION.as_bytes()).0.events));
}

#[test]
fn what_follows_a_torn_record_is_read() {
    let whole = SESSION.lines().find(|line| line.contains("I look.")).unwrap();
    let (derived, _) = derive(format!("{}{whole}\n", &whole[..150]).as_bytes());
    assert_eq!(derived.events.len(), 2, "a message and its usage");
    assert_eq!(derived.problems.len(), 1);
    assert_eq!(derived.problems[0].record, 1);
    assert!(derived.problems[0].reason.starts_with("not JSON: "), "{:?}", derived.problems);
}

#[test]
fn invalid_utf8_is_replaced_and_told() {
    let mut bytes = br#"{"type":"user","message":{"role":"user","content":"caf? time"},"uuid":"u1"}"#.to_vec();
    let at = bytes.iter().position(|&byte| byte == b'?').unwrap();
    bytes[at] = 0xE9;
    let (derived, facts) = derive(&bytes);
    assert_eq!(facts.first_prompt.as_deref(), Some("caf\u{fffd} time"));
    assert_eq!(derived.problems[0].reason, format!("not UTF-8 at column {}", at + 1));
}

#[test]
fn a_sub_agents_own_transcript_is_plain() {
    let line = br#"{"isSidechain":true,"sessionId":"5c0e","agentId":"a1","type":"user","message":{"role":"user","content":"Find it"},"uuid":"u1"}"#;
    let beside = Source { path: PathBuf::from("/p/agent-a1.jsonl"), native_id: "a1".to_owned(), ..source() };
    let mut deriver = deriver_of(&beside, None);
    let derived = derive_with(&mut *deriver, line, 1);
    assert_eq!(derived.events[0].subagent, None);
    assert_eq!(deriver.facts().parent, Some(("5c0e".to_owned(), Relation::Subagent)));

    let mut deriver = deriver_of(&source(), None);
    let derived = derive_with(&mut *deriver, line, 1);
    assert_eq!(derived.events[0].subagent.as_deref(), Some("a1"));
    assert_eq!(deriver.facts().first_prompt, None);

    let meta = br#"{"agentType":"Explore","description":"Find callers","spawnDepth":1}"#;
    let mut derived = Derived::default();
    let record = Record { side: Some("agent-a1.meta.json"), session: None, position: 0, number: 0, bytes: meta };
    deriver.derive(&record, &mut derived);
    assert_eq!(derived, Derived::default());
    assert_eq!(deriver.facts().subagent_type.as_deref(), Some("Explore"));
    assert_eq!(deriver.facts().agent_title.as_deref(), Some("Find callers"));
}
