//! Redacting whole events: every string of one that is no id, whatever its type and whether this version knows it.

use serde_json::Value;

use super::Redactor;
use crate::{Body, Content, Event, Extra, Header, Part};

/// Values nest no deeper when they were read; one made by hand loses what is below.
const MAX_DEPTH: usize = 128;
/// Names of fields whose values are looked at together with them: the rule of keyed values needs both.
const TELLING: [&str; 6] = ["pass", "secret", "key", "token", "credential", "auth"];

impl Redactor {
    /// `event` without secrets.
    #[must_use]
    pub fn event(&mut self, mut event: Event) -> Event {
        match &mut event.body {
            Body::Message(message) => {
                self.content(&mut message.content);
                message.tool_calls.iter_mut().for_each(|call| self.value(call, 0));
            }
            Body::Thinking(thinking) => self.string(&mut thinking.content),
            Body::ToolCall(call) => self.value(&mut call.input, 0),
            Body::Command(command) => {
                self.string(&mut command.command);
                self.optional(&mut command.description);
                self.optional(&mut command.cwd);
            }
            Body::ToolResult(result) => {
                self.content(&mut result.content);
                self.optional(&mut result.stderr);
            }
            Body::Edit(edit) => {
                self.string(&mut edit.path);
                self.optional(&mut edit.to);
                self.optional(&mut edit.diff);
            }
            Body::Todo(todo) => todo.items.iter_mut().for_each(|item| self.string(&mut item.content)),
            Body::Compaction(compaction) => self.string(&mut compaction.content),
            Body::Subagent(subagent) => self.optional(&mut subagent.description),
            Body::Title(title) => self.string(&mut title.title),
            Body::Error(error) => self.string(&mut error.message),
            Body::Unknown(unknown) => self.fields(&mut unknown.fields, 0),
            Body::Usage(_) => {}
        }
        self.fields(&mut event.extra, 0);
        event
    }

    /// `header` without secrets.
    #[must_use]
    pub fn header(&mut self, mut header: Header) -> Header {
        self.optional(&mut header.title);
        self.optional(&mut header.cwd);
        if let Some(git) = &mut header.git {
            self.optional(&mut git.repository);
            self.optional(&mut git.branch);
        }
        self.fields(&mut header.extra, 0);
        header
    }

    fn content(&mut self, content: &mut Content) {
        match content {
            Content::Text(text) => self.string(text),
            Content::Parts(parts) => parts.iter_mut().for_each(|part| self.part(part)),
        }
    }

    fn part(&mut self, part: &mut Part) {
        self.optional(&mut part.text);
        self.fields(&mut part.extra, 0);
    }

    fn optional(&mut self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.string(text);
        }
    }

    fn string(&mut self, text: &mut String) {
        if let std::borrow::Cow::Owned(clean) = self.text(text) {
            *text = clean;
        }
    }

    fn value(&mut self, value: &mut Value, depth: usize) {
        match value {
            _ if depth > MAX_DEPTH => *value = Value::Null,
            Value::String(text) => self.string(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value, depth + 1)),
            Value::Object(fields) => self.fields(fields, depth + 1),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn fields(&mut self, fields: &mut Extra, depth: usize) {
        for (name, value) in fields.iter_mut() {
            self.value(value, depth);
            if let Value::String(text) = value {
                self.named(name, text);
            }
        }
    }

    /// A value that only its name tells to be a secret.
    fn named(&mut self, name: &str, text: &mut String) {
        let lower = name.to_lowercase();
        if name.len() > 64 || text.len() > 512 || !TELLING.iter().any(|part| lower.contains(part)) {
            return;
        }
        let (head, tail) = (format!("{name}=\""), "\"");
        let whole = format!("{head}{text}{tail}");
        if let std::borrow::Cow::Owned(clean) = self.text(&whole)
            && let Some(value) = clean.strip_prefix(&head).and_then(|rest| rest.strip_suffix(tail))
        {
            value.clone_into(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_string_but_ids_is_looked_at() {
        let token = ["gh", "p_", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"].concat();
        for line in [
            r#"{"role":"human","content":"T"}"#,
            r#"{"role":"agent","content":[{"type":"text","text":"T","more":"T"}],"tool_calls":[{"a":["T"]}]}"#,
            r#"{"type":"thinking","content":"T"}"#,
            r#"{"type":"tool_call","name":"X","input":{"a":{"b":["T"]}}}"#,
            r#"{"type":"command","command":"T","description":"T","cwd":"T"}"#,
            r#"{"type":"tool_result","content":"T","stderr":"T"}"#,
            r#"{"type":"file_edit","path":"T","diff":"+T","to":"T"}"#,
            r#"{"type":"todo","items":[{"content":"T","status":"pending"}]}"#,
            r#"{"type":"compaction","content":"T"}"#,
            r#"{"type":"subagent","description":"T"}"#,
            r#"{"type":"title","title":"T"}"#,
            r#"{"type":"error","message":"T"}"#,
            r#"{"type":"of_later","what":"T"}"#,
            r#"{"type":"usage","later":"T"}"#,
        ] {
            let event = Event::from_json(line.replace('T', &token).as_bytes()).unwrap();
            let mut redactor = Redactor::new();
            let mut written = Vec::new();
            redactor.event(event).write_json(&mut written);
            let written = String::from_utf8(written).unwrap();
            assert!(!written.contains(&token), "{written}");
            assert_eq!(redactor.found()["github"], line.matches('T').count() as u64, "{written}");
        }
    }

    #[test]
    fn a_name_and_its_value_are_looked_at_together() {
        let line = br#"{"type":"tool_call","id":"i1","name":"X","input":{"password":"hunter2hunter","path":"a1b2c3"}}"#;
        let mut written = Vec::new();
        Redactor::new().event(Event::from_json(line).unwrap()).write_json(&mut written);
        assert_eq!(
            String::from_utf8(written).unwrap(),
            r#"{"type":"tool_call","name":"X","input":{"password":"[REDACTED:keyed]","path":"a1b2c3"},"id":"i1"}"#
        );
    }
}
