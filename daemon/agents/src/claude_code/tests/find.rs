//! Where transcripts are found.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use opensession_hail::Relation;

use crate::{Agent, Environment, Platform, Root, Source, claude_code::ClaudeCode};

const SESSION: &str = "0a1b2c3d-4e5f-4061-8071-2a3b4c5d6e7f";

fn roots(variables: &[(&str, &str)]) -> Vec<PathBuf> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let environment = Environment {
        home: PathBuf::from("/home/ann"),
        variables,
        platform: Platform::Linux,
        projects: Vec::new(),
        out_of_sight: false,
    };
    ClaudeCode.roots(&environment).into_iter().map(|root| root.path).collect()
}

#[test]
fn roots_follow_the_environment() {
    let usual = ["/home/ann/.claude/projects", "/home/ann/.config/claude/projects"].map(PathBuf::from);
    assert_eq!(roots(&[]), usual);
    assert_eq!(roots(&[("CLAUDE_CONFIG_DIR", "")]), usual);
    let listed = roots(&[("CLAUDE_CONFIG_DIR", "/a, ~/b,,/home/ann/.claude")]);
    let expected = ["/a/projects", "/home/ann/b/projects"].map(PathBuf::from);
    assert_eq!(listed, [&expected[..], &usual[..]].concat());
}

#[test]
fn transcripts_are_found_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = Root { path: folder.path().join("projects"), recursive: true };
    let session = |rest: &str| format!("-p/{SESSION}/{rest}");
    let transcripts = [
        (format!("-p/{SESSION}.jsonl"), SESSION, None),
        ("-p/agent-a1.jsonl".to_owned(), "a1", None),
        (session("subagents/agent-a2.jsonl"), "a2", Some(SESSION)),
        (session("subagents/workflows/w1/agent-a3.jsonl"), "a3", Some(SESSION)),
        ("-q/old.jsonl".to_owned(), "old", None),
    ];
    let others = [
        "-p/memory/notes.jsonl".to_owned(),
        "-p/sessions-index.json".to_owned(),
        "stray.jsonl".to_owned(),
        session("tool-results/b1.txt"),
        session("tool-results/agent-x.jsonl"),
        session("subagents/workflows/w1/journal.jsonl"),
        session("subagents/notes.jsonl"),
    ];
    let meta = session("subagents/agent-a2.meta.json");
    for name in transcripts.iter().map(|(name, ..)| name).chain(&others).chain([&meta]) {
        let path = root.path.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    let mut found: BTreeMap<PathBuf, Source> = BTreeMap::new();
    let problems = ClaudeCode.find(&root, &mut |source| {
        assert!(found.insert(source.path.clone(), source).is_none(), "found twice");
    });
    assert_eq!(problems, []);
    assert_eq!(found.len(), transcripts.len(), "{:?}", found.keys());
    for (name, id, parent) in &transcripts {
        let path = root.path.join(name);
        let source = &found[&path];
        assert_eq!(source.native_id, *id);
        assert_eq!(source.parent, parent.map(|parent| (parent.to_owned(), Relation::Subagent)));
        assert_eq!(ClaudeCode.source_at(&root, &path).as_ref(), Some(source));
    }
    for name in &others {
        assert_eq!(ClaudeCode.source_at(&root, &root.path.join(name)), None, "{name}");
    }
    // What a side file tells belongs to its transcript.
    let source = &found[&root.path.join(&transcripts[2].0)];
    assert_eq!(source.side_files, [root.path.join(&meta)]);
    assert_eq!(ClaudeCode.source_at(&root, &root.path.join(&meta)).as_ref(), Some(source));
    assert_eq!(ClaudeCode.source_at(&root, Path::new("/elsewhere/-p/a.jsonl")), None);
}

#[test]
fn a_compressed_twin_is_the_same_transcript() {
    let folder = tempfile::tempdir().unwrap();
    let root = Root { path: folder.path().to_owned(), recursive: true };
    fs::create_dir(root.path.join("-p")).unwrap();
    for name in ["a.jsonl", "a.jsonl.zst", "b.jsonl.zst"] {
        fs::write(root.path.join("-p").join(name), "").unwrap();
    }
    let mut found = Vec::new();
    ClaudeCode.find(&root, &mut |source| found.push(source.path));
    found.sort();
    assert_eq!(found, ["-p/a.jsonl", "-p/b.jsonl"].map(|name| root.path.join(name)));
}

#[test]
fn links_are_followed_once_and_never_back() {
    let folder = tempfile::tempdir().unwrap();
    let root = Root { path: folder.path().join("projects"), recursive: true };
    let elsewhere = folder.path().join("elsewhere");
    for path in [root.path.join("-p"), elsewhere.clone()] {
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("a.jsonl"), "").unwrap();
    }
    for (link, target) in [("-q", &elsewhere), ("-r", &elsewhere), ("-s", &root.path.join("-p")), ("-t", &root.path)] {
        std::os::unix::fs::symlink(target, root.path.join(link)).unwrap();
    }
    std::os::unix::fs::symlink(folder.path(), root.path.join("-u")).unwrap();
    let mut found = 0;
    ClaudeCode.find(&root, &mut |_| found += 1);
    assert_eq!(found, 2);
}

#[test]
fn an_absent_root_is_no_problem() {
    let root = Root { path: PathBuf::from("/absent/projects"), recursive: true };
    assert_eq!(ClaudeCode.find(&root, &mut |_| panic!("nothing is there")), []);
}

#[test]
fn only_sessions_can_be_resumed() {
    let command = ["claude", "--resume", SESSION].map(str::to_owned);
    assert_eq!(ClaudeCode.resume(SESSION), Some(command.to_vec()));
    assert_eq!(ClaudeCode.resume("a683f63"), None);
    assert_eq!(ClaudeCode.resume("$(reboot)"), None);
}
