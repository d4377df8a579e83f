//! What was said, turn by turn, as plain text: for a session in which another agent goes on.
//!
//! The person's prompts and the agent's words stand as they were, clean and redacted. What the agent did with tools is
//! told in one line a call, in parentheses, without inputs and outputs: these lie in the sessions that the handoff cites.
//!
//! *Invariant*: memory is bounded whatever the sessions' size: the earliest turns go.

use std::collections::VecDeque;
use std::fmt::Write as _;

use serde_json::Value;

use super::quote::{bounded, clean, cut, one_line};
use crate::redact::Redactor;
use crate::{Body, Edit, EditOperation, Event, Role, Status, ToolResult};

/// Bytes kept of one turn.
const TURN_BYTES: usize = 16 * 1024;
/// Lines of calls kept of one turn.
const CALLS: usize = 200;
/// Characters of a command or a path in the line of a call.
const CALL_CHARACTERS: usize = 120;
/// Members of a tool's input that tell what it was about.
const SUBJECTS: [&str; 9] =
    ["file_path", "filePath", "path", "absolute_path", "pattern", "query", "url", "description", "name"];

/// Words of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// [`Role::Human`] or [`Role::Agent`].
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// Turns, and how many earlier ones were left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The turns.
    pub turns: Vec<Turn>,
    /// Turns before the first of them.
    pub left_out: u64,
}

/// Gathers turns.
#[derive(Debug)]
pub struct Turns {
    most: usize,
    bytes: usize,
    drafts: VecDeque<Draft>,
    left_out: u64,
}

/// A turn while it is gathered.
#[derive(Debug)]
struct Draft {
    role: Role,
    parts: Vec<Part>,
    bytes: usize,
    calls: usize,
    calls_left_out: u64,
}

#[derive(Debug)]
enum Part {
    Words(String),
    Call { id: Option<String>, line: String, outcome: String },
}

impl Turns {
    /// Keeps the last turns, about `most` bytes of them.
    pub fn new(most: usize) -> Self {
        Self { most, bytes: 0, drafts: VecDeque::new(), left_out: 0 }
    }

    /// Takes the next event.
    pub fn add(&mut self, event: &Event) {
        if event.subagent.is_some() {
            return;
        }
        match &event.body {
            Body::Message(message) => {
                let mut text = message.content.text();
                if text.trim().is_empty() && message.content.has_image() {
                    text = "(an image)".into();
                }
                match message.role {
                    Role::Human => self.prompt(&text),
                    Role::Agent => self.words(&text),
                    Role::System => {}
                }
            }
            Body::Command(command) => {
                self.call(command.call_id.as_deref(), format!("ran `{}`", short(&command.command)));
            }
            Body::ToolCall(call) => {
                let subject = SUBJECTS.iter().find_map(|key| call.input.get(key).and_then(Value::as_str));
                let line = match subject {
                    Some(subject) => format!("used {}: {}", short(&call.name), short(subject)),
                    None => format!("used {}", short(&call.name)),
                };
                self.call(call.call_id.as_deref(), line);
            }
            Body::Edit(edit) => self.edit(edit),
            Body::ToolResult(result) => self.result(result),
            Body::Error(error) => self.call(None, format!("stopped: {}", short(&error.message))),
            _ => {}
        }
    }

    /// The turns, redacted.
    pub fn finish(self, redactor: &mut Redactor) -> Told {
        let turns = self.drafts.into_iter().filter_map(|draft| {
            let text = draft.text();
            let text = redactor.text(text.trim()).trim().to_owned();
            (!text.is_empty()).then_some(Turn { role: draft.role, text })
        });
        Told { turns: turns.collect(), left_out: self.left_out }
    }

    fn prompt(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.begin(Role::Human);
            self.words_of_last(text);
        }
    }

    fn words(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.agent();
            self.words_of_last(text);
        }
    }

    /// The last turn is the agent's from here on.
    fn agent(&mut self) {
        if self.drafts.back().is_none_or(|turn| turn.role != Role::Agent) {
            self.begin(Role::Agent);
        }
    }

    fn begin(&mut self, role: Role) {
        self.drafts.push_back(Draft { role, parts: Vec::new(), bytes: 0, calls: 0, calls_left_out: 0 });
        while self.bytes > self.most && self.drafts.len() > 1 {
            if let Some(first) = self.drafts.pop_front() {
                self.bytes -= first.bytes;
                self.left_out += 1;
            }
        }
    }

    fn words_of_last(&mut self, text: &str) {
        let Some(turn) = self.drafts.back_mut() else { return };
        let room = TURN_BYTES.saturating_sub(turn.bytes);
        let text = clean(text);
        let mut kept = bounded(text.trim(), room).to_owned();
        if kept.len() < text.trim().len() {
            kept.push_str(super::quote::GAP.trim_end());
        }
        turn.bytes += kept.len();
        self.bytes += kept.len();
        turn.parts.push(Part::Words(kept));
    }

    fn call(&mut self, id: Option<&str>, line: String) {
        self.agent();
        let Some(turn) = self.drafts.back_mut() else { return };
        if turn.calls == CALLS {
            turn.calls_left_out += 1;
            return;
        }
        turn.calls += 1;
        turn.bytes += line.len();
        self.bytes += line.len();
        turn.parts.push(Part::Call { id: id.map(str::to_owned), line, outcome: String::new() });
    }

    fn edit(&mut self, edit: &Edit) {
        let path = short(&edit.path);
        let mut line = match edit.operation {
            EditOperation::Create => format!("created {path}"),
            EditOperation::Update => format!("changed {path}"),
            EditOperation::Delete => format!("deleted {path}"),
            EditOperation::Rename => format!("renamed {path} to {}", short(edit.to.as_deref().unwrap_or_default())),
        };
        if let (Some(added), Some(removed)) = (edit.added, edit.removed) {
            write!(line, " +{added} -{removed}").expect("writing into a string cannot fail");
        }
        // It says more than the call that made it.
        match edit.call_id.as_deref().and_then(|id| self.open_call(id)) {
            Some(Part::Call { line: kept, .. }) if kept.starts_with("used ") => *kept = line,
            _ => self.call(edit.call_id.as_deref(), line),
        }
    }

    fn result(&mut self, result: &ToolResult) {
        let told = match (result.exit_code, result.status) {
            (Some(code), _) => format!(": exit {code}"),
            (None, Status::Error) => ": failed".to_owned(),
            (None, Status::Rejected) => ": refused by the user".to_owned(),
            (None, Status::Interrupted) => ": interrupted".to_owned(),
            (None, Status::Ok | Status::Running) => return,
        };
        if let Some(Part::Call { outcome, .. }) = result.call_id.as_deref().and_then(|id| self.open_call(id)) {
            *outcome = told;
        }
    }

    /// The call of that id, in the last turns.
    fn open_call(&mut self, wanted: &str) -> Option<&mut Part> {
        let parts = self.drafts.iter_mut().rev().take(4).flat_map(|turn| turn.parts.iter_mut().rev());
        let mut calls = parts.filter(|part| matches!(part, Part::Call { id: Some(id), .. } if id == wanted));
        calls.next()
    }
}

impl Draft {
    fn text(&self) -> String {
        let mut text = String::new();
        let mut after_call = false;
        for part in &self.parts {
            let is_call = matches!(part, Part::Call { .. });
            if !text.is_empty() {
                text.push_str(if after_call && is_call { "\n" } else { "\n\n" });
            }
            after_call = is_call;
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Call { line, outcome, .. } => {
                    write!(text, "({line}{outcome})").expect("writing into a string cannot fail");
                }
            }
        }
        if self.calls_left_out > 0 {
            write!(text, "\n(and {} further calls)", self.calls_left_out).expect("writing into a string cannot fail");
        }
        text
    }
}

fn short(text: &str) -> String {
    cut(&one_line(bounded(text, 4 * CALL_CHARACTERS)), CALL_CHARACTERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str], most: usize) -> Told {
        let mut turns = Turns::new(most);
        for line in lines {
            turns.add(&Event::from_json(line.as_bytes()).unwrap());
        }
        turns.finish(&mut Redactor::new())
    }

    #[test]
    fn tools_are_told_in_the_agents_words() {
        let lines = [
            r#"{"role":"system","content":"a reminder"}"#,
            r#"{"role":"human","content":"Fix \u001b[2Jit, password=hunter2secret"}"#,
            r#"{"role":"agent","content":"I look."}"#,
            r#"{"type":"tool_call","call_id":"1","name":"Read","input":{"file_path":"src/a.rs"}}"#,
            r#"{"type":"tool_result","call_id":"1","content":"text"}"#,
            r#"{"type":"tool_call","call_id":"2","name":"Edit","input":{"file_path":"src/a.rs"}}"#,
            r#"{"type":"file_edit","call_id":"2","path":"src/a.rs","added":3,"removed":1}"#,
            r#"{"type":"command","call_id":"3","name":"Bash","command":"cargo\ntest"}"#,
            r#"{"type":"tool_result","call_id":"3","status":"error","exit_code":101,"content":"no"}"#,
            r#"{"role":"agent","content":"It fails."}"#,
            r#"{"role":"agent","content":"of a sub-agent","subagent":"x"}"#,
            r#"{"role":"human","content":"go on"}"#,
        ];
        let told = told(&lines, 10_000);
        let texts: Vec<(Role, &str)> = told.turns.iter().map(|turn| (turn.role, turn.text.as_str())).collect();
        assert_eq!(texts[0].0, Role::Human);
        assert!(texts[0].1.starts_with("Fix it, password=[REDACTED"), "{}", texts[0].1);
        let work =
            "I look.\n\n(used Read: src/a.rs)\n(changed src/a.rs +3 -1)\n(ran `cargo test`: exit 101)\n\nIt fails.";
        assert_eq!(texts[1..], [(Role::Agent, work), (Role::Human, "go on")]);
        assert_eq!(told.left_out, 0);
    }

    #[test]
    fn the_last_turns_stay() {
        let words = "x".repeat(100);
        let prompt = format!(r#"{{"role":"human","content":"{words}"}}"#);
        let told_of = told(&vec![prompt.as_str(); 50], 1_000);
        assert_eq!(told_of.turns.len() as u64 + told_of.left_out, 50);
        assert!((10..=12).contains(&told_of.turns.len()), "{}", told_of.turns.len());
        let long = format!(r#"{{"role":"agent","content":"{}"}}"#, "한".repeat(20_000));
        let told_of = told(&[long.as_str()], 1_000);
        assert!(told_of.turns[0].text.len() < TURN_BYTES + 10 && told_of.turns[0].text.ends_with("[…]"));
    }
}
