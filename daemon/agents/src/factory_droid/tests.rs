//! Sessions in, events out.

use super::FactoryDroid;
use crate::{Agent, Source, SourceKind, check};

const SETTINGS: &str = r#"{"model":"claude-opus-4-5","reasoningEffort":"high","tokenUsage":{"inputTokens":10,"outputTokens":7,"cacheCreationTokens":3,"cacheReadTokens":5,"thinkingTokens":2}}"#;

#[test]
fn sessions_with_and_without_settings() {
    let home = check::home(&[
        (".factory/sessions/-w-p/d1.jsonl", include_str!("tests/session.jsonl")),
        (".factory/sessions/-w-p/d1.settings.json", SETTINGS),
        (".factory/sessions/flat.jsonl", "{\"type\":\"session_start\",\"id\":\"flat\"}\n"),
    ]);
    let sessions = check::sessions(&FactoryDroid, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    let root = &FactoryDroid.roots(&check::environment(home.path()))[0];
    let of_settings = FactoryDroid.source_at(root, &root.path.join("-w-p/d1.settings.json")).expect("a session");
    assert_eq!(of_settings.path, root.path.join("-w-p/d1.jsonl"));
    for session in sessions {
        check::assert_robust(&FactoryDroid, &session.source, &session.records);
    }
}

#[test]
fn what_the_program_prints_is_read_too() {
    let Some(folder) = check::samples("droid/exported") else { return };
    let source = Source {
        path: folder.join("stream_json_large.jsonl"),
        kind: SourceKind::Lines,
        native_id: "printed".to_owned(),
        parent: None,
        side_files: Vec::new(),
        version: 0,
    };
    let session = check::session(&FactoryDroid, source);
    insta::assert_snapshot!(check::told(&[session], &folder));
}
