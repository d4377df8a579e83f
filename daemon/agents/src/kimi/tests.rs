//! Sessions of both programs and all their forms in, events out.

use super::Kimi;
use crate::check;

const STATE: &str = r#"{"createdAt":"2026-08-01T19:33:23.256Z","updatedAt":"2026-08-01T21:16:08.967Z","title":"Mine","isCustomTitle":true,"workDir":"/w/p","agents":{}}"#;
/// The MD5 of `/w/p`.
const HASH: &str = "4660865cb5f323e3fad3cda5d8e72538";

fn home() -> tempfile::TempDir {
    let at = |rest: &str| format!(".kimi/sessions/{HASH}/{rest}");
    check::home(&[
        (".kimi-code/sessions/wd_p/s1/state.json", STATE),
        (".kimi-code/sessions/wd_p/s1/agents/main/wire.jsonl", include_str!("tests/code.jsonl")),
        (".kimi-code/sessions/wd_p/s1/agents/agent-0/wire.jsonl", include_str!("tests/agent.jsonl")),
        (".kimi/kimi.json", r#"{"work_dirs":[{"path":"/other"},{"path":"/w/p","kaos":"local"}]}"#),
        (&at("s2/wire.jsonl"), include_str!("tests/wire.jsonl")),
        (&at("s2/context.jsonl"), include_str!("tests/context.jsonl")),
        (&at("s2/state.json"), r#"{"custom_title":"Theirs"}"#),
        (&at("s3/context.jsonl"), include_str!("tests/context.jsonl")),
        (&at("s4.jsonl"), include_str!("tests/context.jsonl")),
    ])
}

#[test]
fn sessions_of_all_forms() {
    let home = home();
    let sessions = check::sessions(&Kimi, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
}

#[test]
fn damage_is_no_danger() {
    let home = home();
    for session in check::sessions(&Kimi, &check::environment(home.path())) {
        check::assert_robust(&Kimi, &session.source, &session.records);
    }
}
