//! Readers against independent counts of the samples: `tests/counts/<agent>.json`, written by the scripts beside them,
//! which share nothing with the readers.
//!
//! ```json
//! {"agent": "goose", "samples": {"goose/home-1.52.0": {"20261122_1": {"prompts": 2, "calls": 3}}}}
//! ```
//!
//! A sample is a home directory below the folder of samples; in it sessions are named by their native ids. Every session
//! that is read must be counted, and every one that is counted read. Counted are `prompts`, `agent` (messages of the
//! agent that say something), `system`, `thinking`, `calls` (tool calls and commands), `results`, `errors` (results that
//! failed or were rejected, and errors of the agent's own), `edits`, `todos`, `compactions`, and of usage, every response
//! once, `input`, `output`, `cache_read`, `cache_write`. What is not named is zero.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
};

use opensession_agents::{Agent, Environment, Platform, Source};
use opensession_hail::{Body, Event, Role, Status, Usage};
use serde::Deserialize;

use crate::corpus;

type Counts = BTreeMap<String, u64>;

#[derive(Deserialize)]
struct Expected {
    agent: String,
    /// Sample, native id, what.
    samples: BTreeMap<String, BTreeMap<String, Counts>>,
}

#[test]
fn samples_hold_what_was_counted_in_them() {
    let Some(corpus) = corpus::corpus() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/counts");
    let mut differences = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // The two first readers are held by tests of their own.
        let Ok(expected) = serde_json::from_str::<Expected>(&text) else {
            let own = ["claude_code.json", "codex.json"].map(|name| path.ends_with(name));
            assert!(own.contains(&true), "{} is not of the form above", path.display());
            continue;
        };
        let agent = opensession_agents::by_id(&expected.agent).expect("an agent that is read");
        for (sample, sessions) in &expected.samples {
            compare(agent, sample, &corpus.join(sample), sessions, &mut differences);
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

fn compare(
    agent: &dyn Agent,
    sample: &str,
    home: &Path,
    expected: &BTreeMap<String, Counts>,
    differences: &mut Vec<String>,
) {
    let mut found: BTreeMap<String, Counts> = BTreeMap::new();
    for source in sources(agent, home) {
        let (derived, deriver) = corpus::derive(agent, &source);
        let native_id = deriver.facts().native_id.clone().unwrap_or_else(|| source.native_id.clone());
        let counts = count(&derived.events);
        if !counts.is_empty() {
            found.insert(native_id, counts);
        }
    }
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for name in names {
        let nothing = Counts::new();
        let (expected, found) = (expected.get(name).unwrap_or(&nothing), found.get(name).unwrap_or(&nothing));
        let whats: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
        for what in whats {
            let (expected, found) = (expected.get(what).unwrap_or(&0), found.get(what).unwrap_or(&0));
            if expected != found {
                differences.push(format!("{} {sample} {name}: {what}: read {found}, counted {expected}", agent.id()));
            }
        }
    }
}

/// Homes of samples that are counted, by agent.
pub(crate) fn samples() -> BTreeMap<String, Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/counts");
    let mut samples = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json")
            && let Ok(expected) = serde_json::from_str::<Expected>(&fs::read_to_string(&path).unwrap())
        {
            samples.insert(expected.agent, expected.samples.into_keys().collect());
        }
    }
    samples
}

/// Every source in a home; of several with one native id the one of the lowest rank.
pub(crate) fn sources(agent: &dyn Agent, home: &Path) -> Vec<Source> {
    let environment = Environment {
        home: home.to_owned(),
        variables: BTreeMap::new(),
        platform: Platform::Linux,
        projects: vec![home.to_owned()],
        out_of_sight: false,
    };
    let mut best: BTreeMap<String, Source> = BTreeMap::new();
    for root in agent.roots(&environment) {
        let mut found = Vec::new();
        agent.find(&root, &mut |source| found.push(source));
        let mut containers = Vec::new();
        agent.containers(&root, &mut |container| containers.push(container));
        for container in containers {
            agent.sources_in(&container, None, &mut |source| found.push(source)).unwrap();
        }
        for source in found {
            let known = best.get(&source.native_id);
            if known.is_none_or(|known| agent.rank(&source) < agent.rank(known)) {
                best.insert(source.native_id.clone(), source);
            }
        }
    }
    best.into_values().collect()
}

fn count(events: &[Event]) -> Counts {
    let mut counts = Counts::new();
    let mut responses: HashMap<String, Usage> = HashMap::new();
    let mut unnamed = 0_u64;
    let mut add = |what: &str, count: u64| {
        if count > 0 {
            *counts.entry(what.to_owned()).or_default() += count;
        }
    };
    for event in events {
        match &event.body {
            Body::Message(message) => match message.role {
                Role::Human => add("prompts", 1),
                Role::Agent => add("agent", 1),
                Role::System => add("system", 1),
            },
            Body::Thinking(thinking) => add("thinking", u64::from(!thinking.content.is_empty())),
            Body::ToolCall(_) | Body::Command(_) => add("calls", 1),
            Body::ToolResult(result) => {
                add("results", 1);
                add("errors", u64::from(matches!(result.status, Status::Error | Status::Rejected)));
            }
            Body::Edit(_) => add("edits", 1),
            Body::Todo(_) => add("todos", 1),
            Body::Compaction(_) => add("compactions", 1),
            Body::Error(_) => add("errors", 1),
            Body::Usage(usage) => {
                // A response's usage may be told several times, growing: the last one holds.
                let id = usage.message_id.clone().unwrap_or_else(|| {
                    unnamed += 1;
                    format!("#{unnamed}")
                });
                responses.insert(id, usage.clone());
            }
            Body::Subagent(_) | Body::Title(_) | Body::Unknown(_) => {}
        }
    }
    for usage in responses.values() {
        add("input", usage.input);
        add("output", usage.output);
        add("cache_read", usage.cache_read);
        add("cache_write", usage.cache_write);
    }
    counts
}
