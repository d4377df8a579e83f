//! Which files are sources, and what the thread index tells.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use super::{Codex, derive_with};
use crate::{Agent, Environment, Platform, Root, Source, SourceKind};

const ID: &str = "01a201ff-f746-7f32-8800-5ef4e3adb2f8";

fn environment(home: &Path, variables: &[(&str, &str)]) -> Environment {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Environment {
        home: home.to_owned(),
        variables,
        platform: Platform::Linux,
        projects: Vec::new(),
        out_of_sight: false,
    }
}

fn found(root: &Root) -> Vec<Source> {
    let mut sources = Vec::new();
    let problems = Codex.find(root, &mut |source| sources.push(source));
    assert_eq!(problems, []);
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources
}

fn write(path: PathBuf) {
    fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a writable folder");
    fs::write(path, "{}\n").expect("a writable folder");
}

#[test]
fn roots_are_in_the_home_or_where_the_variable_says() {
    let paths = |environment: &Environment| -> BTreeMap<PathBuf, bool> {
        Codex.roots(environment).into_iter().map(|root| (root.path, root.recursive)).collect()
    };
    let home = Path::new("/home/ann");
    let expected = |base: &str| {
        [("sessions", true), ("archived_sessions", false), ("", false)]
            .map(|(below, recursive)| (Path::new(base).join(below), recursive))
            .into()
    };
    assert_eq!(paths(&environment(home, &[])), expected("/home/ann/.codex"));
    assert_eq!(paths(&environment(home, &[("CODEX_HOME", "~/c")])), expected("/home/ann/c"));
    assert_eq!(paths(&environment(home, &[("CODEX_HOME", "")])), expected("/home/ann/.codex"));
}

#[test]
fn every_name_of_a_rollout_is_found_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let codex = folder.path().join(".codex");
    let day = codex.join("sessions/2026/11/22");
    write(day.join(format!("rollout-2026-11-22T06-44-41-{ID}.jsonl")));
    write(day.join(format!("rollout-2026-11-22T06-44-41-{ID}.jsonl.zst")));
    write(day.join(format!("rollout-2026-11-23T06-44-41-{ID}.jsonl.zst")));
    write(codex.join(format!("sessions/rollout-2025-05-07-{ID}.jsonl")));
    write(codex.join(format!("sessions/rollout-2025-04-16-{ID}.json")));
    write(codex.join("sessions/rollout-odd.jsonl"));
    write(day.join("notes.jsonl"));
    write(day.join("rollout-x.jsonl.tmp"));
    write(codex.join(format!("archived_sessions/rollout-2026-01-01T00-00-00-{ID}.jsonl")));
    write(codex.join(format!("archived_sessions/below/rollout-2026-01-01T00-00-00-{ID}.jsonl")));
    write(codex.join("session_index.jsonl"));
    write(codex.join("history.jsonl"));
    let roots = Codex.roots(&environment(folder.path(), &[]));
    let mut shown = Vec::new();
    for root in &roots {
        for source in found(root) {
            assert_eq!(Codex.source_at(root, &source.path).as_ref(), Some(&source));
            let path = source.path.strip_prefix(&codex).expect("below the home");
            shown.push(format!("{} {:?} {}", path.display(), source.kind, source.native_id));
        }
    }
    insta::assert_snapshot!(shown.join("\n"), @"
    sessions/2026/11/22/rollout-2026-11-22T06-44-41-01a201ff-f746-7f32-8800-5ef4e3adb2f8.jsonl Lines 01a201ff-f746-7f32-8800-5ef4e3adb2f8
    sessions/2026/11/22/rollout-2026-11-23T06-44-41-01a201ff-f746-7f32-8800-5ef4e3adb2f8.jsonl Lines 01a201ff-f746-7f32-8800-5ef4e3adb2f8
    sessions/rollout-2025-04-16-01a201ff-f746-7f32-8800-5ef4e3adb2f8.json Document 01a201ff-f746-7f32-8800-5ef4e3adb2f8
    sessions/rollout-2025-05-07-01a201ff-f746-7f32-8800-5ef4e3adb2f8.jsonl Lines 01a201ff-f746-7f32-8800-5ef4e3adb2f8
    sessions/rollout-odd.jsonl Lines odd
    archived_sessions/rollout-2026-01-01T00-00-00-01a201ff-f746-7f32-8800-5ef4e3adb2f8.jsonl Lines 01a201ff-f746-7f32-8800-5ef4e3adb2f8
    session_index.jsonl Lines session_index
    ");
    let twin = day.join(format!("rollout-2026-11-22T06-44-41-{ID}.jsonl.zst"));
    let source = Codex.source_at(&roots[0], &twin).expect("a rollout");
    assert_eq!(source.path, day.join(format!("rollout-2026-11-22T06-44-41-{ID}.jsonl")));
    assert_eq!(Codex.source_at(&roots[2], &twin), None);
    assert_eq!(Codex.source_at(&roots[0], &day.join("notes.jsonl")), None);
}

#[test]
fn a_root_that_is_not_there_is_empty() {
    assert_eq!(found(&Root { path: "/nowhere/at/all".into(), recursive: true }), []);
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_never_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sessions = folder.path().join("sessions");
    let elsewhere = folder.path().join("elsewhere");
    write(sessions.join(format!("2026/rollout-2026-01-01T00-00-00-{ID}.jsonl")));
    write(elsewhere.join(format!("rollout-2026-01-02T00-00-00-{ID}.jsonl")));
    for (target, link) in [
        (&sessions, sessions.join("2026/loop")),
        (&sessions.join("2026"), sessions.join("twice")),
        (&elsewhere, sessions.join("linked")),
        (&elsewhere, sessions.join("linked-again")),
        (&folder.path().to_owned(), sessions.join("above")),
        (&sessions.join("nothing"), sessions.join("dangling")),
    ] {
        std::os::unix::fs::symlink(target, link).expect("a link");
    }
    assert_eq!(found(&Root { path: sessions, recursive: true }).len(), 2);
}

#[test]
fn resume_takes_an_id_and_nothing_else() {
    assert_eq!(Codex.resume(ID), Some(vec!["codex".to_owned(), "resume".to_owned(), ID.to_owned()]));
    assert_eq!(Codex.resume("--last"), None);
    assert_eq!(Codex.resume("session_index"), None);
}

#[test]
fn names_of_threads_are_titles_of_other_sessions() {
    let source = super::super::source("session_index.jsonl".into(), SourceKind::Lines, "session_index".to_owned());
    let lines: [&[u8]; 5] = [
        b"{\"id\":\"a\",\"thread_name\":\"First\",\"updated_at\":\"2026-02-01T00:00:00Z\"}\n",
        b"{\"id\":\"b\",\"thread_name\":\"Other\"}\n",
        b"{\"id\":7}\n",
        b"{broken\n",
        b"{\"id\":\"a\",\"thread_name\":\"Second\"}\n",
    ];
    let mut whole = Codex.deriver(&source, None).expect("no state");
    let derived = derive_with(&mut *whole, &lines, 1);
    assert_eq!(derived.events, []);
    assert_eq!(derived.problems.iter().map(|problem| problem.record).collect::<Vec<_>>(), [4]);
    let expected = [("session:a".to_owned(), "Second".to_owned()), ("session:b".to_owned(), "Other".to_owned())];
    assert_eq!(whole.facts().titles_elsewhere, expected);

    let mut first = Codex.deriver(&source, None).expect("no state");
    derive_with(&mut *first, &lines[..2], 1);
    let mut second = Codex.deriver(&source, Some(&first.state())).expect("its own state");
    derive_with(&mut *second, &lines[2..], 3);
    assert_eq!(second.facts(), whole.facts());
}
