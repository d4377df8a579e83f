//! The samples of real sessions, where they are at hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use opensession_hail::{Body, Role, Status};

use super::{Codex, robustness::assert_resumable};
use crate::{Agent, CutError, Derived, Environment, Limits, Platform, Problem, Record, Sink, Source, SourceKind};

/// The folder of samples: `OPENSESSION_CORPUS`, or `shared/corpus` beside the workspace.
fn corpus() -> Option<PathBuf> {
    let folder = if let Some(folder) = std::env::var_os("OPENSESSION_CORPUS") {
        PathBuf::from(folder)
    } else {
        let workspace =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|folder| folder.join("Cargo.lock").is_file());
        workspace?.join("../shared/corpus")
    };
    folder.join("codex").is_dir().then_some(folder)
}

/// Every source in the samples.
fn samples() -> Vec<(String, Source)> {
    let Some(corpus) = corpus() else {
        eprintln!("skipped: no samples");
        return Vec::new();
    };
    let mut samples = Vec::new();
    for home in std::fs::read_dir(corpus.join("codex")).expect("a folder").filter_map(Result::ok) {
        let environment = Environment {
            home: home.path(),
            variables: BTreeMap::new(),
            platform: Platform::Linux,
            projects: Vec::new(),
            out_of_sight: false,
        };
        for root in Codex.roots(&environment) {
            let problems = Codex.find(&root, &mut |source| {
                let plain = source.path.clone();
                let mut compressed = plain.clone().into_os_string();
                compressed.push(".zst");
                let path = if plain.exists() { plain } else { compressed.into() };
                let name = path.strip_prefix(&corpus).expect("below the samples").display().to_string();
                samples.push((name, source));
            });
            assert_eq!(problems, []);
        }
    }
    samples.sort_by(|one, other| one.0.cmp(&other.0));
    samples
}

#[derive(Default)]
struct Bytes(Vec<u8>);

impl Sink for Bytes {
    fn record(&mut self, record: Record<'_>) {
        self.0.extend_from_slice(record.bytes);
    }
    fn oversize(&mut self, piece: Record<'_>, _: bool) {
        self.0.extend_from_slice(piece.bytes);
    }
    fn problem(&mut self, problem: Problem) {
        panic!("{problem:?}");
    }
}

fn bytes_of(source: &Source) -> Result<Vec<u8>, CutError> {
    let mut bytes = Bytes::default();
    let mut cursor = None;
    loop {
        let cut = Codex.cut(source, cursor.as_ref(), &Limits::default(), &mut bytes)?;
        if !cut.more {
            return Ok(bytes.0);
        }
        cursor = Some(cut.cursor);
    }
}

fn counts(derived: &Derived) -> BTreeMap<&'static str, u64> {
    let names = ["prompts", "agent", "thinking", "calls", "results", "errors", "edits", "input", "output", "cached"];
    let mut counts: BTreeMap<&'static str, u64> = names.map(|name| (name, 0)).into();
    let mut results: BTreeMap<String, Status> = BTreeMap::new();
    let mut calls = BTreeSet::new();
    let mut add = |name, number| *counts.entry(name).or_default() += number;
    for (at, event) in derived.events.iter().enumerate() {
        match &event.body {
            Body::Message(message) => match message.role {
                Role::Human => add("prompts", 1),
                Role::Agent => add("agent", 1),
                Role::System => {}
            },
            Body::Thinking(_) => add("thinking", 1),
            Body::ToolCall(call) => drop(calls.insert(call.call_id.clone().unwrap_or(at.to_string()))),
            Body::Command(call) => drop(calls.insert(call.call_id.clone().unwrap_or(at.to_string()))),
            Body::ToolResult(result) => {
                results.insert(result.call_id.clone().unwrap_or(at.to_string()), result.status);
            }
            Body::Edit(_) => add("edits", 1),
            Body::Usage(usage) => {
                add("input", usage.input);
                add("output", usage.output);
                add("cached", usage.cache_read);
            }
            _ => {}
        }
    }
    add("calls", calls.len() as u64);
    add("results", results.len() as u64);
    add(
        "errors",
        results.values().filter(|status| **status != Status::Ok && **status != Status::Running).count() as u64,
    );
    counts
}

#[test]
fn samples_are_read_without_problems_and_taken_up_anywhere() {
    for (name, source) in samples() {
        let bytes = bytes_of(&source).expect("a readable sample");
        let (derived, deriver) = super::derive(source.kind, &bytes);
        assert_eq!(derived.problems, [], "{name}");
        assert_eq!(deriver.facts().native_id.as_deref(), Some(source.native_id.as_str()), "{name}");
        assert_resumable(SourceKind::Lines, &bytes);
    }
}

#[test]
fn samples_hold_what_an_independent_count_finds() {
    let expected: BTreeMap<String, BTreeMap<String, u64>> =
        serde_json::from_str(include_str!("../../../tests/counts/codex.json")).expect("counts");
    let mut compared = 0;
    for (name, source) in samples() {
        let Some(expected) = expected.get(&name) else { continue };
        let (derived, _) = super::derive(source.kind, &bytes_of(&source).expect("a readable sample"));
        let counts: BTreeMap<String, u64> =
            counts(&derived).into_iter().map(|(name, number)| (name.to_owned(), number)).collect();
        assert_eq!(&counts, expected, "{name}");
        compared += 1;
    }
    assert!(compared == expected.len() || corpus().is_none(), "{compared} of {} samples compared", expected.len());
}
