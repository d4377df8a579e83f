//! The reader of Claude Code against an independent count of the samples (`tests/counts/count_claude_code.py`).

use std::collections::{BTreeMap, HashMap};

use opensession_agents::{Agent, Root, claude_code::ClaudeCode};
use opensession_hail::{Body, Event, Role, Status, Usage};

use crate::corpus;

type Counts = BTreeMap<String, u64>;

#[test]
fn the_samples_hold_what_was_counted_in_them() {
    let Some(corpus) = corpus::corpus() else { return };
    let expected: BTreeMap<String, Counts> = serde_json::from_str(include_str!("../counts/claude_code.json")).unwrap();
    let mut differences = Vec::new();
    for (name, expected) in &expected {
        let path = corpus.join(name);
        let root = path.ancestors().find(|path| path.ends_with("projects")).unwrap();
        let root = Root { path: root.to_owned(), recursive: true };
        let source = ClaudeCode.source_at(&root, &path).unwrap();
        let (derived, _) = corpus::derive(&ClaudeCode, &source);
        let found = count(&derived.events);
        for (what, expected) in expected {
            let found = found.get(what).copied().unwrap_or(0);
            if found != *expected {
                differences.push(format!("{name}: {what}: read {found}, counted {expected}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

fn count(events: &[Event]) -> Counts {
    let mut counts = Counts::new();
    let mut responses: HashMap<(bool, String), Usage> = HashMap::new();
    for event in events {
        let subagent = event.subagent.is_some();
        let mut add = |what: &str, count: u64| {
            let what = if subagent { format!("subagent_{what}") } else { what.to_owned() };
            *counts.entry(what).or_default() += count;
        };
        match &event.body {
            Body::Message(message) => match message.role {
                Role::Human => add("prompts", 1),
                Role::Agent => add("agent", 1),
                Role::System => {}
            },
            Body::Thinking(thinking) => add("thinking", u64::from(!thinking.content.is_empty())),
            Body::Command(command) if command.name == "!" => add("shell", 1),
            Body::ToolCall(_) | Body::Command(_) => add("calls", 1),
            Body::ToolResult(result) if result.name.as_deref() != Some("!") => {
                add("results", 1);
                let failed = matches!(result.status, Status::Error | Status::Rejected);
                add("errors", u64::from(failed));
            }
            Body::Edit(_) => add("edits", 1),
            Body::Error(error) if error.message.starts_with("API Error") => add("api_errors", 1),
            Body::Usage(usage) => {
                let id = usage.message_id.clone().unwrap_or_default();
                let largest = responses.entry((subagent, id)).or_default();
                largest.input = largest.input.max(usage.input);
                largest.output = largest.output.max(usage.output);
                largest.cache_read = largest.cache_read.max(usage.cache_read);
                largest.cache_write = largest.cache_write.max(usage.cache_write);
            }
            _ => {}
        }
    }
    for ((subagent, _), usage) in responses {
        let prefix = if subagent { "subagent_" } else { "" };
        for (what, count) in [
            ("input", usage.input),
            ("output", usage.output),
            ("cache_read", usage.cache_read),
            ("cache_write", usage.cache_write),
        ] {
            *counts.entry(format!("{prefix}{what}")).or_default() += count;
        }
    }
    counts
}
