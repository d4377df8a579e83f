//! Threads in, events out.

use std::fs;

use super::Amp;
use crate::{Agent, Limits, check, rows};

const THREAD: &str = include_str!("tests/thread.json");
const PATH: &str = ".local/share/amp/threads/T-0199aaaa-0000-7000-8000-000000000001.json";

#[test]
fn threads() {
    let home = check::home(&[(PATH, THREAD), (".local/share/amp/secrets.json", "{}")]);
    let sessions = check::sessions(&Amp, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    for session in sessions {
        check::assert_robust(&Amp, &session.source, &session.records);
    }
}

#[test]
fn a_streaming_message_waits() {
    let streaming = THREAD.replace("\"type\":\"complete\"", "\"type\":\"streaming\"");
    let home = check::home(&[(PATH, &streaming)]);
    let source = check::sources(&Amp, &check::environment(home.path())).remove(0);
    let mut records = Vec::new();
    let first = Amp.cut(&source, None, &Limits::default(), &mut check::Kept(&mut records)).expect("a thread");
    assert_eq!((records.len(), rows::waits(&first.cursor)), (1, true));
    fs::write(&source.path, THREAD).expect("a writable folder");
    let second = Amp.cut(&source, Some(&first.cursor), &Limits::default(), &mut check::Kept(&mut records));
    let second = second.expect("a thread");
    assert_eq!((records.len(), second.restarted, rows::waits(&second.cursor)), (6, false, false));
    fs::write(&source.path, &THREAD[..500]).expect("a writable folder");
    assert!(matches!(check::failure(&Amp, &source), crate::CutError::Busy(_)));
}
