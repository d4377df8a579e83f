//! Transcripts of text, as they were written until February 2026.
//!
//! `user:` and `assistant:` on lines of their own open a block; in the agent's blocks `[Thinking]`, `[Tool call]` and
//! `[Tool result]` open pieces. The input of a call is lines of `  key: value` whose values may go on without
//! indentation, so such a line is taken for the beginning of a block only after an empty line or a result.

use opensession_hail::{Body, Content, Message, Role, Thinking, Todo};
use serde_json::{Map, Value};

use super::{
    message::{called, edits, system},
    prompt,
    state::{Out, State, todo_items},
    tool,
};
use crate::{Derived, Deriver, Facts, Problem, Record, derive::Activity};

/// Derives a session from its transcript, which is one record.
pub(super) struct Text {
    pub(super) state: State,
}

/// The members of the tools' inputs.
const KEYS: [&str; 33] = [
    "arguments",
    "block_until_ms",
    "command",
    "contents",
    "description",
    "explanation",
    "glob",
    "glob_pattern",
    "head_limit",
    "is_background",
    "limit",
    "merge",
    "model",
    "new_string",
    "offset",
    "old_string",
    "output_mode",
    "path",
    "paths",
    "pattern",
    "prompt",
    "query",
    "readonly",
    "replace_all",
    "search_term",
    "server",
    "subagent_type",
    "target_directory",
    "target_mode_id",
    "timeout",
    "todos",
    "url",
    "working_directory",
];

/// A piece of a transcript, with its lines.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Person(Vec<&'a str>),
    Said(Vec<&'a str>),
    Thinking(Vec<&'a str>),
    Call(&'a str, Vec<&'a str>),
    /// What came back is not in it.
    Result,
}

impl Deriver for Text {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        if record.side.is_some() {
            return;
        }
        let text = match std::str::from_utf8(record.bytes) {
            Ok(text) => text,
            Err(error) => {
                derived.problems.push(Problem::of(record, format!("not a text: {error}")));
                return;
            }
        };
        for piece in pieces(text) {
            self.piece(&piece, derived);
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        self.state.put_down()
    }
}

impl Text {
    fn piece(&mut self, piece: &Piece<'_>, derived: &mut Derived) {
        let mut out = Out { derived, id: None, ts: self.state.time };
        let message = |role, text: String| {
            Body::Message(Message { role, content: Content::Text(text), tool_calls: Vec::new(), model: None })
        };
        match piece {
            Piece::Person(lines) => {
                let text = lines.join("\n");
                let turn = prompt::turn(&text);
                if turn.time.is_some() {
                    self.state.time = turn.time;
                    self.state.facts.saw(turn.time);
                    out.ts = turn.time;
                }
                turn.added.iter().for_each(|added| system(added, &mut out));
                if !turn.prompt.is_empty() {
                    self.state.facts.prompted(&turn.prompt);
                    out.push(message(Role::Human, turn.prompt));
                    self.state.facts.activity = Activity::Working;
                }
            }
            Piece::Said(lines) => {
                let text = prompt::without_redacted(&lines.join("\n"));
                if !text.is_empty() {
                    out.push(message(Role::Agent, text));
                    self.state.facts.activity = Activity::Idle;
                }
            }
            Piece::Thinking(lines) => {
                let content = prompt::without_redacted(&lines.join("\n"));
                out.push(Body::Thinking(Thinking { content, model: None }));
            }
            Piece::Call(name, lines) => self.call(name, &input(lines), &mut out),
            Piece::Result => {}
        }
    }

    fn call(&mut self, name: &str, input: &Value, out: &mut Out<'_>) {
        out.push(called(name, None, input, None));
        if tool::is_todo(name)
            && let Some(Value::Array(items)) = input.get("todos")
        {
            let items = todo_items(items);
            if !items.is_empty() {
                let todo: Todo = self.state.todo(items, tool::merges(input));
                out.push(Body::Todo(todo));
            }
        }
        for edit in edits(name, input, None) {
            out.push(Body::Edit(edit));
        }
        self.state.facts.activity = Activity::Working;
    }
}

/// A call's input: the keys of the first level, whose values are texts, or JSON where they look like it.
fn input(lines: &[&str]) -> Value {
    let mut members: Vec<(&str, String)> = Vec::new();
    for line in lines {
        let last = members.last().map(|(key, _)| *key);
        match key_value(line).filter(|(key, _)| may_follow(last, key)) {
            Some((key, value)) => members.push((key, value.to_owned())),
            None => match members.last_mut() {
                Some((_, text)) => {
                    text.push('\n');
                    text.push_str(line);
                }
                None if line.trim().is_empty() => {}
                None => members.push(("input", (*line).to_owned())),
            },
        }
    }
    let json = |text: &str| {
        let looks = text.starts_with(['[', '{']) || matches!(text, "true" | "false");
        looks.then(|| serde_json::from_str(text).ok()).flatten()
    };
    let value = |text: String| json(text.trim()).unwrap_or(Value::String(text));
    let members: Map<String, Value> = members.into_iter().map(|(key, text)| (key.to_owned(), value(text))).collect();
    Value::Object(members)
}

/// Whether a line that begins with `key` can be a member after `last`, rather than a line of its value.
fn may_follow(last: Option<&str>, key: &str) -> bool {
    match last {
        Some("contents" | "input") => false,
        Some("old_string") => key == "new_string",
        Some("new_string") => key == "replace_all",
        Some("prompt" | "command" | "description") => KEYS.contains(&key) && key != "path",
        _ => KEYS.contains(&key) || last.is_none(),
    }
}

/// `  key: value`, indented by two.
fn key_value(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?;
    let (key, value) = line.split_once(':')?;
    let is_name = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| (key, value.strip_prefix(' ').unwrap_or(value)))
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut open = true;
    for line in text.lines() {
        let role = matches!(line, "user:" | "assistant:").then_some(line);
        if let Some(role) = role.filter(|_| open) {
            pieces.push(if role == "user:" { Piece::Person(Vec::new()) } else { Piece::Said(Vec::new()) });
            open = false;
            continue;
        }
        let in_turn = matches!(pieces.last(), None | Some(Piece::Person(_)));
        let piece = if in_turn { None } else { opened(line) };
        open = line.is_empty() || matches!(piece, Some(Piece::Result));
        match (piece, pieces.last_mut()) {
            (Some(piece), _) => pieces.push(piece),
            (None, Some(Piece::Result)) if line.is_empty() => {}
            (None, Some(Piece::Result)) => pieces.push(Piece::Said(vec![line])),
            (
                None,
                Some(Piece::Person(lines) | Piece::Said(lines) | Piece::Thinking(lines) | Piece::Call(_, lines)),
            ) => {
                lines.push(line);
            }
            (None, None) => {}
        }
    }
    for piece in &mut pieces {
        if let Piece::Person(lines) | Piece::Said(lines) | Piece::Thinking(lines) | Piece::Call(_, lines) = piece {
            let filled = lines.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |last| last + 1);
            lines.truncate(filled);
        }
    }
    pieces
}

/// The piece that a line of the agent's opens.
fn opened(line: &str) -> Option<Piece<'_>> {
    if let Some(rest) = line.strip_prefix("[Thinking]") {
        return Some(Piece::Thinking(vec![rest.trim_start()]));
    }
    if let Some(name) = line.strip_prefix("[Tool call] ") {
        return Some(Piece::Call(name.trim(), Vec::new()));
    }
    line.starts_with("[Tool result]").then_some(Piece::Result)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transcript_is_taken_apart() {
        let text = "user:\n<user_query>\ngo\n</user_query>\n\nassistant:\n[Thinking] hm\n\nDone soon.\n[Tool call] Write\n  path: /a\n  \
                    contents: one\nuser:\nname: x\n\ntwo\n[Tool result] Write\nassistant:\nDone.\n";
        let taken = pieces(text);
        assert_eq!(taken.len(), 6);
        assert_eq!(taken[0], Piece::Person(vec!["<user_query>", "go", "</user_query>"]));
        assert_eq!(taken[2], Piece::Thinking(vec!["hm", "", "Done soon."]));
        let Piece::Call("Write", lines) = &taken[3] else { panic!("{taken:?}") };
        assert_eq!(input(lines), json!({"path": "/a", "contents": "one\nuser:\nname: x\n\ntwo"}));
        assert_eq!(taken[4], Piece::Result);
        assert_eq!(taken[5], Piece::Said(vec!["Done."]));
    }
}
