//! Sessions of the first and of the latest version in, events out.

use super::PiAgent;
use crate::check;

pub(crate) const V1: &str = include_str!("tests/v1.jsonl");
pub(crate) const V3: &str = include_str!("tests/v3.jsonl");

fn home() -> tempfile::TempDir {
    check::home(&[
        (".pi/agent/sessions/--w-p--/2025-11-20T23-33-50-805Z_d703a1a9-0000-4000-8000-000000000001.jsonl", V1),
        (".omp/agent/sessions/--w-p--/2026-05-07T18-36-14-561Z_019e03b9-0000-7000-8000-000000000002.jsonl", V3),
    ])
}

#[test]
fn sessions_of_both_versions() {
    let home = home();
    let sessions = check::sessions(&PiAgent, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
}

#[test]
fn damage_is_no_danger() {
    let home = home();
    for session in check::sessions(&PiAgent, &check::environment(home.path())) {
        check::assert_robust(&PiAgent, &session.source, &session.records);
    }
}
