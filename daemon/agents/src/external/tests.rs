//! Programs that print HAIL, fail, print too much, or do not end.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use super::*;
use crate::check;

fn external(script: &str, bounds: Bounds) -> (tempfile::TempDir, External) {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("reader.sh");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(home.path().join("logs/sub")).unwrap();
    fs::write(home.path().join("logs/sub/a.log"), "hello\n").unwrap();
    fs::write(home.path().join("logs/b.txt"), "no\n").unwrap();
    let reader = Reader {
        name: "my-agent".to_owned(),
        command: vec!["/bin/sh".to_owned(), program.to_string_lossy().into_owned(), "--hail".to_owned()],
        roots: vec!["~/logs".to_owned()],
        pattern: "*.log".to_owned(),
    };
    (home, External::new(reader, bounds))
}

const PRINT: &str = r#"echo '{"v":"hail/0.1","tool":"my-agent","id":"s1"}'
while read -r line; do printf '{"role":"human","content":"%s %s"}\n' "$1" "$line"; done < "$2""#;

#[test]
fn a_program_that_prints_a_session() {
    let (home, agent) = external(PRINT, Bounds::default());
    let session = check::sessions(&agent, &check::environment(home.path())).remove(0);
    assert_eq!(session.source.native_id, "sub/a.log");
    assert_eq!(session.facts.native_id.as_deref(), Some("s1"));
    assert_eq!(check::shown(&session.derived.events), "{\"role\":\"human\",\"content\":\"--hail hello\"}\n");

    let mut records = Vec::new();
    let first = agent.cut(&session.source, None, &Limits::default(), &mut Texts(&mut records)).unwrap();
    fs::write(&session.source.path, "hello\nagain\n").unwrap();
    records.clear();
    let second = agent.cut(&session.source, Some(&first.cursor), &Limits::default(), &mut Texts(&mut records)).unwrap();
    assert!(!second.restarted);
    assert_eq!(records, ["{\"role\":\"human\",\"content\":\"--hail again\"}\n"]);
}

struct Texts<'a>(&'a mut Vec<String>);

impl Sink for Texts<'_> {
    fn record(&mut self, record: crate::Record<'_>) {
        self.0.push(String::from_utf8(record.bytes.to_vec()).unwrap());
    }
    fn oversize(&mut self, _: crate::Record<'_>, _: bool) {
        panic!("no row is that long");
    }
}

#[track_caller]
fn refused(script: &str, bounds: Bounds, expected: &str) {
    let (home, agent) = external(script, bounds);
    let source = check::sources(&agent, &check::environment(home.path())).remove(0);
    assert_eq!(check::failure(&agent, &source).to_string(), expected);
}

#[test]
fn programs_that_fail() {
    let bounds = Bounds::default();
    refused("echo >&2; echo 'no such thing' >&2; exit 3", bounds, "`/bin/sh` failed (exit status: 3): no such thing");
    refused("exit 1", bounds, "`/bin/sh` failed (exit status: 1): without a word");
    let few = Bounds { bytes: 1_000_000, ..bounds };
    refused(
        "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
        few,
        "`/bin/sh` printed more than 1 MB",
    );
    // A grandchild that holds the output open is killed with its group.
    let short = Bounds { time: Duration::from_secs(1), ..bounds };
    refused("sleep 100 & sleep 100", short, "`/bin/sh` did not end within 1 s");
    let (home, mut agent) = external("", bounds);
    agent.reader.command = vec!["/nowhere/reader".to_owned()];
    let source = check::sources(&agent, &check::environment(home.path())).remove(0);
    assert!(check::failure(&agent, &source).to_string().starts_with("`/nowhere/reader` cannot be run: "));
}

#[test]
fn what_a_program_leaves_behind_is_killed() {
    // The child holds the output open: were it let live, the program's would have no end.
    let (home, agent) = external(&format!("sleep 600 & echo $! > \"$2.child\"\n{PRINT}"), Bounds::default());
    let mut source = check::sources(&agent, &check::environment(home.path())).remove(0);
    let child = home.path().join("child");
    source.path = home.path().join("logs/sub/a.log");
    let mut records = Vec::new();
    agent.cut(&source, None, &Limits::default(), &mut Texts(&mut records)).unwrap();
    assert_eq!(records.len(), 2);
    fs::rename(home.path().join("logs/sub/a.log.child"), &child).unwrap();
    let id: i32 = fs::read_to_string(&child).unwrap().trim().parse().unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    let is_gone = || {
        rustix::process::test_kill_process(id).is_err()
            || fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    };
    // It was sent the signal that kills it; the system may take a moment.
    let began = std::time::Instant::now();
    while !is_gone() {
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "the child {id} lives on");
        std::thread::yield_now();
    }
}

#[test]
fn patterns() {
    for (pattern, name, expected) in [
        ("*.log", "a.log", true),
        ("*.log", "a.log.1", false),
        ("a*b*c", "axxbyc", true),
        ("a*b*c", "ac", false),
        ("exact", "exact", true),
        ("exact", "exactly", false),
        ("*", "", true),
    ] {
        assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
    }
}
