//! Transcripts in, events out; what has none is told of.

use super::Antigravity;
use crate::{Agent, check};

const TRANSCRIPT: &str = include_str!("tests/transcript.jsonl");

#[test]
fn transcripts_of_both_programs() {
    let home = check::home(&[
        (".gemini/antigravity/brain/c1/.system_generated/logs/transcript.jsonl", "{}\n"),
        (".gemini/antigravity/brain/c1/.system_generated/logs/transcript_full.jsonl", TRANSCRIPT),
        (".gemini/antigravity/brain/c1/task.md", "# Tasks\n- [x] look\n- [ ] fix\n"),
        (".gemini/antigravity/conversations/c1.pb", "x"),
        (".gemini/antigravity-cli/brain/c1/.system_generated/logs/transcript.jsonl", TRANSCRIPT),
    ]);
    let sessions = check::sessions(&Antigravity, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    for session in sessions {
        assert_eq!(Antigravity.resume(&session.source.native_id).is_some(), !session.source.native_id.contains('/'));
        check::assert_robust(&Antigravity, &session.source, &session.records);
    }
}

#[test]
fn conversations_without_a_transcript_are_told_of() {
    let home = check::home(&[
        (".gemini/antigravity/conversations/c1.pb", "x"),
        (".gemini/antigravity/conversations/c2.db", "x"),
        (".gemini/antigravity/conversations/c2.db-wal", "x"),
    ]);
    let root = &Antigravity.roots(&check::environment(home.path()))[0];
    let problems = Antigravity.find(root, &mut |source| panic!("{source:?}"));
    assert_eq!(problems.len(), 1);
    assert!(problems[0].reason.starts_with("2 conversations in "), "{problems:?}");
}
