use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::{IndexState, IndexStatus};
use serde_json::json;

use super::harness::{Run, ready};

#[test]
fn a_round_is_waited_for() {
    let run = Run::piped().answer("index/status", ready()).answer("index/refresh", ready());
    assert_snapshot!(run.shown("index"), @r"
    ready, 84.1k events, 31 MB
    --- exit 0
    ");
}

#[test]
fn check_tells_whether_everything_is_in_it() {
    assert_eq!(Run::piped().answer("index/status", ready()).run("index --check").exit, Exit::Done);
    let behind = json!({ "state": "ready", "events": 10, "bytes": 1_000, "store_sequence": 9, "index_sequence": 4 });
    assert_snapshot!(Run::piped().answer("index/status", behind).shown("index --check"), @r"
    reading, 10 events, 1.0 kB, 5 behind
    --- exit 1
    ");
    let failed = json!({ "state": "failed" });
    assert_eq!(Run::piped().answer("index/status", failed).run("index --check").exit, Exit::NothingFound);
}

#[test]
fn a_rebuild_is_followed_to_its_end() {
    let at = |sequence, state| IndexStatus {
        state,
        store_sequence: 10_000,
        index_sequence: sequence,
        ..IndexStatus::default()
    };
    let ended = Run::terminal(80)
        .answer("index/rebuild", at(0, IndexState::Rebuilding))
        .answer("index/status", at(2_500, IndexState::Rebuilding))
        .update(at(10_000, IndexState::Ready))
        .run("index --rebuild --events");
    assert_eq!(ended.calls[0], r#"index/rebuild {"scope":"events"}"#);
    assert_snapshot!(ended.shown(), @r"
    ready, 0 events, 0 B
    --- stderr
      rebuilding  0 of 10.0k  [>                   ]   0%^[[K
    ^[[1A^M^[[J  rebuilding  2,500 of 10.0k  [=====>              ]  25%^[[K
    ^[[1A^M^[[J--- exit 0
    ");
}
