use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::error::{ErrorData, INTERNAL};
use serde_json::json;

use super::harness::Run;

#[test]
fn results_are_indented_for_people_and_whole_for_programs() {
    let run = |run: Run| run.answer("daemon/status", json!({ "pid": 1, "title": "\u{9b}31m" }));
    assert_snapshot!(run(Run::terminal(80)).shown("rpc daemon/status"), @r#"
    {
      "pid": 1,
      "title": "\u009b31m"
    }
    --- exit 0
    "#);
    let ended = run(Run::piped()).run("rpc daemon/status");
    assert_eq!(ended.stdout, "{\"pid\":1,\"title\":\"\u{9b}31m\"}\n");
    assert_eq!(ended.calls, ["daemon/status {}"]);
}

#[test]
fn parameters_are_typed_or_piped_in() {
    let calls = |typed: &str, line: &str| Run::piped().answer("session/get", json!({})).typed(typed).run(line).calls;
    assert_eq!(calls("", r#"rpc session/get {"session":"@"}"#), [r#"session/get {"session":"@"}"#]);
    assert_eq!(calls(r#"{"session":"@~1"}"#, "rpc session/get -"), [r#"session/get {"session":"@~1"}"#]);
    assert_snapshot!(Run::piped().shown("rpc session/get {session:"), @r#"
    --- stderr
    error: the parameters are not JSON: key must be a string at line 1 column 2
    hint: opensession rpc session/get '{"session": "@"}'
    --- exit 2
    "#);
    assert_eq!(Run::piped().run("rpc session/get 7").exit, Exit::WrongInput);
}

#[test]
fn subscriptions_print_a_line_per_update() {
    let run = Run::terminal(80).update(json!({ "type": "restarted" })).update(json!({ "type": "dropped" }));
    assert_snapshot!(run.shown("rpc session/subscribe"), @r#"
    {"type":"restarted"}
    {"type":"dropped"}
    --- exit 0
    "#);
}

#[test]
fn a_fault_of_the_daemon_is_ours() {
    let run = Run::piped().refuse("daemon/status", INTERNAL, "the request panicked", ErrorData::default());
    assert_snapshot!(run.shown("rpc daemon/status"), @r"
    --- stderr
    error: the request panicked
    hint: its log: opensession daemon logs
    --- exit 70
    ");
}
