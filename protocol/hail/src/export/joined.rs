//! Calls with what came of them: the output, the edits, the sub-agent, which stand in later events.

use std::collections::{HashMap, VecDeque};

use crate::{Body, Event, Role, Status};

/// Events held back at most while a call waits for its output.
const HELD_EVENTS: usize = 256;
/// Bytes of text held back at most, roughly.
const HELD_BYTES: usize = 4 * 1024 * 1024;

/// An event, and the later ones that belong to it.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) number: u32,
    pub(super) event: Event,
    /// Of a call: its outputs, edits and sub-agents, in order.
    pub(super) parts: Vec<(u32, Event)>,
    waits: bool,
}

/// Holds calls back until their outputs come, or until that takes too long.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    held: VecDeque<Joined>,
    /// Calls that are held, by their id: which of all that were ever held.
    calls: HashMap<String, usize>,
    /// How many were let go.
    gone: usize,
    bytes: usize,
}

impl Joiner {
    /// Takes the next event.
    pub(super) fn push(&mut self, number: u32, event: Event) {
        self.bytes += weight(&event);
        if let Some(at) = call_id_of_part(&event.body).and_then(|id| self.calls.get(id))
            && let Some(call) = self.held.get_mut(at - self.gone)
        {
            if let Body::ToolResult(result) = &event.body {
                call.waits = result.status == Status::Running;
            }
            call.parts.push((number, event));
            return;
        }
        let id = call_id(&event.body).map(str::to_owned);
        let waits = id.is_some();
        if let Some(id) = id {
            self.calls.insert(id, self.gone + self.held.len());
        }
        self.held.push_back(Joined { number, event, parts: Vec::new(), waits });
    }

    /// The next event that waits for nothing any more. Asked until there is none before each [`Joiner::push`].
    pub(super) fn next(&mut self, coming: Option<&Event>) -> Option<Joined> {
        let belongs = coming
            .and_then(|event| call_id_of_part(&event.body))
            .is_some_and(|id| self.calls.get(id).is_some_and(|at| *at >= self.gone));
        let is_full = self.held.len() >= HELD_EVENTS || self.bytes >= HELD_BYTES;
        let is_turn = coming.is_none_or(
            |event| matches!(&event.body, Body::Message(message) if message.role == Role::Human && event.subagent.is_none()),
        );
        let goes = is_full || is_turn || !belongs && self.held.front().is_some_and(|first| !first.waits);
        if !goes {
            return None;
        }
        let first = self.held.pop_front()?;
        self.gone += 1;
        self.bytes -= weight(&first.event) + first.parts.iter().map(|(_, part)| weight(part)).sum::<usize>();
        if let Some(id) = call_id(&first.event.body) {
            self.calls.remove(id);
        }
        Some(first)
    }
}

fn call_id(body: &Body) -> Option<&str> {
    match body {
        Body::ToolCall(call) => call.call_id.as_deref(),
        Body::Command(command) => command.call_id.as_deref(),
        _ => None,
    }
}

fn call_id_of_part(body: &Body) -> Option<&str> {
    match body {
        Body::ToolResult(result) => result.call_id.as_deref(),
        Body::Edit(edit) => edit.call_id.as_deref(),
        Body::Subagent(subagent) => subagent.call_id.as_deref(),
        _ => None,
    }
}

/// About how much memory an event takes.
fn weight(event: &Event) -> usize {
    512 + match &event.body {
        Body::Message(message) => message.content.text().len(),
        Body::Thinking(thinking) => thinking.content.len(),
        Body::Command(command) => command.command.len(),
        Body::ToolCall(call) => value_weight(&call.input),
        Body::ToolResult(result) => result.content.text().len() + result.stderr.as_ref().map_or(0, String::len),
        Body::Edit(edit) => edit.diff.as_ref().map_or(0, String::len),
        Body::Compaction(compaction) => compaction.content.len(),
        _ => 0,
    }
}

fn value_weight(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(text) => 32 + text.len(),
        serde_json::Value::Array(values) => values.iter().map(value_weight).sum(),
        serde_json::Value::Object(fields) => {
            fields.iter().map(|(name, value)| 64 + name.len() + value_weight(value)).sum()
        }
        _ => 32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(lines: &[&str]) -> Vec<(u32, Vec<u32>)> {
        let mut joiner = Joiner::default();
        let mut out = Vec::new();
        let mut take = |joined: Joined| {
            out.push((joined.number, joined.parts.iter().map(|(number, _)| *number).collect()));
        };
        for (number, line) in (1..).zip(lines) {
            let event = Event::from_json(line.as_bytes()).unwrap();
            while let Some(joined) = joiner.next(Some(&event)) {
                take(joined);
            }
            joiner.push(number, event);
        }
        while let Some(joined) = joiner.next(None) {
            take(joined);
        }
        assert_eq!((joiner.bytes, joiner.calls.len()), (0, 0));
        out
    }

    #[test]
    fn outputs_join_their_calls() {
        let lines = [
            r#"{"type":"command","call_id":"a","command":"x"}"#,
            r#"{"type":"tool_call","call_id":"b","name":"Edit"}"#,
            r#"{"type":"tool_result","call_id":"b"}"#,
            r#"{"type":"file_edit","call_id":"b","path":"p"}"#,
            r#"{"role":"agent","content":"while a runs"}"#,
            r#"{"type":"tool_result","call_id":"a"}"#,
            r#"{"role":"agent","content":"done"}"#,
        ];
        assert_eq!(numbers(&lines), [(1, vec![6]), (2, vec![3, 4]), (5, vec![]), (7, vec![])]);
    }

    #[test]
    fn nothing_waits_beyond_its_turn_or_forever() {
        let call = r#"{"type":"command","call_id":"a","command":"x"}"#;
        let result = r#"{"type":"tool_result","call_id":"a"}"#;
        let prompt = r#"{"role":"human","content":"next"}"#;
        assert_eq!(numbers(&[call, prompt, result]), [(1, vec![]), (2, vec![]), (3, vec![])]);
        let mut lines = vec![call];
        lines.extend([r#"{"role":"agent","content":"x"}"#; 300]);
        lines.push(result);
        assert_eq!(numbers(&lines).last(), Some(&(302, vec![])));
    }
}
