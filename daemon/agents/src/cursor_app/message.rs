//! Sessions of the command line program's store, and transcripts of lines: messages with parts, as they went to the
//! model.

use std::borrow::Cow;

use opensession_hail::{
    Body, Command, Content, Message, Relation, Role, Status, Subagent, Thinking, Title, ToolCall, ToolResult,
    text::is_shell_tool,
};
use serde_json::Value;

use super::{
    edit::{self, Made},
    places, prompt,
    state::{Out, State, parse, todo_items},
    tool,
};
use crate::{Derived, Deriver, Facts, Record, derive::Activity, lenient_json};

/// Derives a session from such messages.
pub(super) struct Messages {
    pub(super) state: State,
}

impl Deriver for Messages {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        if record.bytes.trim_ascii().is_empty() {
            return;
        }
        let Some(value) = parse(record, derived) else { return };
        match record.side {
            Some(places::TRUSTED) => self.state.in_folder(lenient_json::owned(&value, "workspacePath"), true),
            Some("meta") => self.meta(&value, derived),
            Some(_) => {}
            None => self.line(&value, derived),
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        self.state.put_down()
    }
}

impl Messages {
    /// Takes what the store tells of the session.
    fn meta(&mut self, meta: &Value, derived: &mut Derived) {
        let state = &mut self.state;
        state.facts.saw(lenient_json::time_of(meta, "createdAt"));
        state.facts.saw(lenient_json::time_of(meta, "updatedAt"));
        state.in_folder(lenient_json::owned(meta, "cwd").or_else(|| lenient_json::owned(meta, "workspacePath")), true);
        if state.facts.model.is_none() {
            state.answered_by(lenient_json::text(meta, "lastUsedModel"));
        }
        let info = meta.get("subagentInfo").unwrap_or(&Value::Null);
        if let Some(parent) = lenient_json::any_text(info, &["parentComposerId", "parentAgentId", "parentId"]) {
            state.facts.parent = Some((parent.to_owned(), Relation::Subagent));
            state.facts.subagent_type = lenient_json::owned(info, "subagentTypeName");
        }
        let title = lenient_json::text(meta, "title").or_else(|| lenient_json::text(meta, "name"));
        if let Some(title) = title.filter(|title| *title != "New Agent") {
            state.facts.agent_title = Some(title.to_owned());
            if state.title.as_deref() != Some(title) {
                state.title = Some(title.to_owned());
                let ts = lenient_json::time_of(meta, "updatedAt");
                let title = Title { title: title.to_owned(), source: None };
                Out { derived, id: None, ts }.push(Body::Title(title));
            }
        }
    }

    fn line(&mut self, line: &Value, derived: &mut Derived) {
        if lenient_json::text(line, "type") == Some("turn_ended") {
            let interrupted =
                matches!(lenient_json::text(line, "status"), Some("aborted" | "cancelled" | "interrupted"));
            self.state.facts.activity = if interrupted { Activity::Interrupted } else { Activity::Idle };
            return;
        }
        // The store's messages stand in `message` with the blob's id; a transcript's have the role outside.
        let message = line.get("message").unwrap_or(line);
        let role = lenient_json::text(line, "role").or_else(|| lenient_json::text(message, "role"));
        let ts = lenient_json::time_of(line, "timestamp");
        self.state.facts.saw(ts);
        let options = message.get("providerOptions").and_then(|options| options.get("cursor"));
        self.state.answered_by(options.and_then(|options| lenient_json::text(options, "modelName")));
        let mut out = Out { derived, id: lenient_json::owned(line, "id"), ts: ts.or(self.state.time) };
        let whole;
        let parts = match message.get("content") {
            Some(Value::Array(parts)) => parts.as_slice(),
            Some(Value::String(text)) => {
                whole = [serde_json::json!({"type": "text", "text": text})];
                &whole
            }
            _ => &[],
        };
        match role {
            Some("user") => self.person(parts, &mut out),
            Some("assistant") => self.agent(parts, &mut out),
            Some("tool") => self.results(parts, &mut out),
            Some("system") => system(&texts(parts).join("\n"), &mut out),
            _ => {}
        }
    }

    fn person(&mut self, parts: &[Value], out: &mut Out<'_>) {
        self.results(parts, out);
        let text = texts(parts).join("\n");
        let turn = prompt::turn(&text);
        if turn.time.is_some() {
            self.state.time = turn.time;
            self.state.facts.saw(turn.time);
            out.ts = turn.time;
        }
        self.state.in_folder(turn.folder.map(str::to_owned), false);
        turn.added.iter().for_each(|added| system(added, out));
        let images: Vec<_> = parts
            .iter()
            .filter(|part| matches!(lenient_json::text(part, "type"), Some("image" | "file")))
            .map(|part| {
                let media_type = lenient_json::any_text(part, &["mediaType", "mimeType"]).map(str::to_owned);
                let data = lenient_json::any_text(part, &["image", "data"]).map(|data| data.len() as u64 / 4 * 3);
                lenient_json::data_part("image", None, media_type, data)
            })
            .collect();
        if !turn.prompt.is_empty() || !images.is_empty() {
            self.state.facts.prompted(&turn.prompt);
            let content = lenient_json::content(turn.prompt, images);
            out.push(Body::Message(Message { role: Role::Human, content, tool_calls: Vec::new(), model: None }));
            self.state.facts.activity = Activity::Working;
        }
    }

    fn agent(&mut self, parts: &[Value], out: &mut Out<'_>) {
        let model = self.state.facts.model.clone();
        self.state.facts.activity = Activity::Idle;
        for part in parts {
            match lenient_json::text(part, "type") {
                Some("text") => {
                    let text = prompt::without_redacted(lenient_json::text(part, "text").unwrap_or_default());
                    if !text.is_empty() {
                        let content = Content::Text(text);
                        let model = model.clone();
                        out.push(Body::Message(Message { role: Role::Agent, content, tool_calls: Vec::new(), model }));
                    }
                }
                Some("reasoning" | "redacted-reasoning" | "thinking") => {
                    let content = lenient_json::any_text(part, &["text", "thinking"]).unwrap_or_default();
                    let content = prompt::without_redacted(content);
                    out.push(Body::Thinking(Thinking { content, model: model.clone() }));
                }
                Some("tool-call" | "tool_use") => self.call(part, model.clone(), out),
                _ => {}
            }
        }
    }

    fn call(&mut self, part: &Value, model: Option<String>, out: &mut Out<'_>) {
        let Some(name) = lenient_json::any_text(part, &["toolName", "name"]) else { return };
        let id = lenient_json::any_text(part, &["toolCallId", "id"]);
        let input = part.get("args").or_else(|| part.get("input")).unwrap_or(&Value::Null);
        out.push(called(name, id, input, model));
        if tool::is_task(name) {
            let kind = lenient_json::any_text(input, &["subagent_type", "subagentType"]);
            out.push(Body::Subagent(Subagent {
                agent_id: None,
                call_id: id.map(str::to_owned),
                name: kind.map(str::to_owned),
                description: lenient_json::owned(input, "description"),
                status: None,
            }));
        }
        if tool::is_todo(name) {
            let items = todo_items(lenient_json::list(input, "todos"));
            if !items.is_empty() {
                out.push(Body::Todo(self.state.todo(items, tool::merges(input))));
            }
        }
        for edit in edits(name, input, id) {
            match id {
                Some(id) => self.state.waiting.add(id, edit),
                // Transcripts have neither ids nor results: nothing will tell more.
                None => out.push(Body::Edit(edit)),
            }
        }
        self.state.facts.activity = Activity::Working;
    }

    fn results(&mut self, parts: &[Value], out: &mut Out<'_>) {
        for part in
            parts.iter().filter(|part| matches!(lenient_json::text(part, "type"), Some("tool-result" | "tool_result")))
        {
            let id = lenient_json::any_text(part, &["toolCallId", "tool_use_id"]);
            let failed = ["isError", "is_error"].iter().any(|key| part.get(*key) == Some(&Value::Bool(true)));
            let result = part.get("result").or_else(|| part.get("output")).or_else(|| part.get("content"));
            let (text, exit_code) = outcome(result.unwrap_or(&Value::Null));
            let failed = failed || exit_code.is_some_and(|code| code != 0);
            out.push(Body::ToolResult(ToolResult {
                call_id: id.map(str::to_owned),
                name: lenient_json::any_text(part, &["toolName", "name"]).map(str::to_owned),
                status: if failed { Status::Error } else { Status::Ok },
                exit_code,
                duration_ms: None,
                content: Content::Text(text),
                stderr: None,
            }));
            let edits = id.map(|id| self.state.waiting.take(id)).unwrap_or_default();
            if !failed {
                for edit in edits {
                    out.push(Body::Edit(edit));
                }
            }
            self.state.facts.activity = Activity::Working;
        }
    }
}

/// A call of a tool by its friendly name.
pub(super) fn called(name: &str, id: Option<&str>, input: &Value, model: Option<String>) -> Body {
    let call_id = id.map(str::to_owned);
    if let Some(command) = lenient_json::text(input, "command").filter(|_| is_shell_tool(name)) {
        return Body::Command(Command {
            call_id,
            name: name.to_owned(),
            command: command.to_owned(),
            description: lenient_json::owned(input, "description"),
            cwd: lenient_json::any_text(input, &["working_directory", "cwd"]).map(str::to_owned),
            model,
        });
    }
    Body::ToolCall(ToolCall { call_id, name: name.to_owned(), input: input.clone(), model })
}

/// The edits that a call wants to make. A file that is written whole may have been there before: which of its lines are
/// new is not known.
pub(super) fn edits(name: &str, input: &Value, id: Option<&str>) -> Vec<opensession_hail::Edit> {
    let made = Made { tool: name, input, resolved: &Value::Null, result: &Value::Null, contents: None, lines: &[] };
    edit::edits(&made, id)
}

/// A result's text, and its exit code where it is one of a command.
fn outcome(result: &Value) -> (String, Option<i32>) {
    let code = result.get("exitCode").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
    let text: Cow<'_, str> = match result {
        Value::Null => "".into(),
        Value::String(text) => text.into(),
        Value::Array(parts) => texts(parts).join("\n").into(),
        result => match lenient_json::any_text(result, &["output", "stdout", "value", "text"]) {
            Some(text) => text.into(),
            None => result.to_string().into(),
        },
    };
    (text.into_owned(), code)
}

fn texts(parts: &[Value]) -> Vec<&str> {
    let is_text = |part: &&Value| matches!(lenient_json::text(part, "type"), Some("text") | None);
    parts.iter().filter(is_text).filter_map(|part| lenient_json::text(part, "text")).collect()
}

/// Words of Cursor's own.
pub(super) fn system(text: &str, out: &mut Out<'_>) {
    if !text.trim().is_empty() {
        let content = Content::Text(text.to_owned());
        out.push(Body::Message(Message { role: Role::System, content, tool_calls: Vec::new(), model: None }));
    }
}
