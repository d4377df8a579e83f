//! Sessions of both forms in, events out.

use super::QwenCode;
use crate::check;

const SESSION: &str = include_str!("tests/session.jsonl");
const OLD: &str = include_str!("tests/old.json");

fn home() -> tempfile::TempDir {
    check::home(&[
        (".qwen/projects/-w-p/chats/s1.jsonl", SESSION),
        (".qwen/projects/-w-p/chats/archive/s0.jsonl", ""),
        (".qwen/tmp/ab/chats/session-2025-10-01T10-00-cccc3333.json", OLD),
    ])
}

#[test]
fn sessions_of_both_forms() {
    let home = home();
    let sessions = check::sessions(&QwenCode, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
}

#[test]
fn damage_is_no_danger() {
    let home = home();
    for session in check::sessions(&QwenCode, &check::environment(home.path())) {
        check::assert_robust(&QwenCode, &session.source, &session.records);
    }
}

#[test]
fn titles_of_branches_that_were_left_do_not_count() {
    let Some(home) = check::samples("qwen/home") else { return };
    let sessions = check::sessions(&QwenCode, &check::environment(&home));
    let session = sessions.iter().find(|session| session.source.native_id.ends_with("04")).expect("a sample");
    assert_eq!(session.facts.custom_title, None);
    assert_eq!(session.facts.agent_title.as_deref(), Some("Active branch title"));
    assert_eq!(session.facts.model.as_deref(), Some("synthetic-active-model"));
}
