//! A call with what came of it: one line, which opens.

use serde_json::Value;

use super::code::Language;
use super::escape;
use super::text::{self, Place};
use super::timeline::{Timeline, anchor};
use crate::export::joined::Joined;
use crate::export::words;
use crate::statistics::changed_lines;
use crate::{Body, Content, Edit, EditOperation, Event, Status, ToolResult};

/// Characters of what a call is about.
const ABOUT: usize = 160;
/// Lines of a diff up to which it stands open.
const OPEN_LINES: usize = 60;
/// Fields of an input that are shown.
const FIELDS: usize = 64;

impl Timeline {
    /// A tool call or a command.
    pub(super) fn call(&mut self, joined: &Joined) {
        let Joined { number, event, parts, .. } = joined;
        let result = parts.iter().rev().find_map(|(_, part)| match &part.body {
            Body::ToolResult(result) => Some((result, part)),
            _ => None,
        });
        let edits: Vec<(u32, &Edit)> = parts.iter().filter_map(|(number, part)| edit_of(*number, part)).collect();
        for (_, edit) in &edits {
            self.count_edit(*number, edit);
        }
        let status = result.map(|(result, _)| result.status);
        self.begin(*number, event, if failed(status) { "call failed" } else { "call" });
        let lines: usize =
            edits.iter().filter_map(|(_, edit)| edit.diff.as_deref()).map(|diff| diff.lines().count()).sum();
        let is_open = !edits.is_empty() && lines <= OPEN_LINES && !self.is_crowded();
        self.out.push_str(if is_open { "<details open><summary>" } else { "<details><summary>" });
        self.summary(event, &edits);
        if let Some((result, part)) = result {
            self.outcome(result, elapsed(event, part, result));
        }
        self.out.push_str("</summary>");
        if edits.is_empty() {
            self.input(*number, event);
        }
        for (number, part) in parts {
            self.part(*number, part, edits.len());
        }
        self.out.push_str("</details>");
        self.end();
    }

    /// An edit whose call stands elsewhere.
    pub(super) fn lone_edit(&mut self, number: u32, event: &Event, edit: &Edit) {
        self.count_edit(number, edit);
        self.begin(number, event, "call edit");
        let is_open = edit.diff.as_deref().is_some_and(|diff| diff.lines().count() <= OPEN_LINES) && !self.is_crowded();
        self.out.push_str(if is_open { "<details open><summary>" } else { "<details><summary>" });
        self.edit_title(edit);
        self.out.push_str("</summary>");
        self.edit_diff(number, edit);
        self.out.push_str("</details>");
        self.end();
    }

    /// An output whose call stands elsewhere.
    pub(super) fn lone_result(&mut self, number: u32, event: &Event, result: &ToolResult) {
        self.begin(number, event, if failed(Some(result.status)) { "call failed" } else { "call" });
        self.out.push_str("<details><summary><span class=\"w\">output</span> ");
        if let Some(name) = &result.name {
            self.code(name);
        }
        self.outcome(result, result.duration_ms);
        self.out.push_str("</summary>");
        self.output(number, result);
        self.out.push_str("</details>");
        self.end();
    }

    fn summary(&mut self, event: &Event, edits: &[(u32, &Edit)]) {
        if let [(_, edit)] = edits {
            self.edit_title(edit);
            return;
        }
        let (name, about) = match &event.body {
            Body::Command(command) => {
                let name = if command.name.is_empty() { "command" } else { &command.name };
                (name, command.command.trim_start().to_owned())
            }
            Body::ToolCall(call) => (&*call.name, self.short_path(&about(&call.input)).to_owned()),
            _ => return,
        };
        self.word(name);
        let first = about.lines().next().unwrap_or_default();
        let cut = first.char_indices().nth(ABOUT).map(|(end, _)| format!("{}…", &first[..end]));
        if !first.is_empty() {
            self.code(cut.as_deref().unwrap_or(first));
        }
    }

    fn word(&mut self, word: &str) {
        self.out.push_str("<span class=\"w\">");
        escape::text(&mut self.out, word);
        self.out.push_str("</span> ");
    }

    fn code(&mut self, code: &str) {
        self.out.push_str("<code>");
        escape::text(&mut self.out, code);
        self.out.push_str("</code> ");
    }

    fn outcome(&mut self, result: &ToolResult, elapsed: Option<u64>) {
        self.out.push_str(match result.status {
            Status::Ok => "<span class=\"st ok\">",
            Status::Running => "<span class=\"st running\">",
            Status::Error | Status::Rejected | Status::Interrupted => "<span class=\"st bad\">",
        });
        escape::text(&mut self.out, &words::outcome(result));
        self.out.push_str("</span>");
        if let Some(milliseconds) = elapsed {
            self.out.push_str(" <span class=\"du\">");
            self.out.push_str(&words::duration(milliseconds));
            self.out.push_str("</span>");
        }
    }

    fn edit_title(&mut self, edit: &Edit) {
        self.word(match edit.operation {
            EditOperation::Create => "new file",
            EditOperation::Update => "edit",
            EditOperation::Delete => "delete",
            EditOperation::Rename => "rename",
        });
        let path = self.short_path(&edit.path).to_owned();
        self.code(&path);
        if let Some(to) = &edit.to {
            self.out.push_str("→ ");
            let to = self.short_path(to).to_owned();
            self.code(&to);
        }
        let (added, removed) = changed_lines(edit);
        self.plus_minus(added, removed);
    }

    pub(super) fn plus_minus(&mut self, added: u64, removed: u64) {
        self.out.push_str("<span class=\"pm\"><ins>+");
        self.out.push_str(&words::count(added));
        self.out.push_str("</ins> <del>-");
        self.out.push_str(&words::count(removed));
        self.out.push_str("</del></span> ");
    }

    fn edit_diff(&mut self, number: u32, edit: &Edit) {
        if let Some(diff) = edit.diff.as_deref().filter(|diff| !diff.is_empty()) {
            let place = self.place(number);
            let language = Language::of_path(edit.to.as_deref().unwrap_or(&edit.path));
            text::diff(&mut self.out, diff, language, Place { short_id: &self.subject.short_id, ..place });
        }
    }

    /// What the call was given.
    fn input(&mut self, number: u32, event: &Event) {
        match &event.body {
            Body::Command(command) => {
                if let Some(description) = &command.description {
                    self.paragraph(description);
                }
                if let Some(cwd) = &command.cwd {
                    self.out.push_str("<p class=\"dim\">in ");
                    escape::text(&mut self.out, cwd);
                    self.out.push_str("</p>");
                }
                self.pre(number, &command.command, Some(Language::SHELL));
            }
            Body::ToolCall(call) => match &call.input {
                Value::Object(fields) if fields.is_empty() => {}
                Value::Null => {}
                Value::Object(fields) => {
                    self.out.push_str("<dl>");
                    let path = fields.get("file_path").or_else(|| fields.get("path")).and_then(Value::as_str);
                    for (name, value) in fields.iter().take(FIELDS) {
                        self.out.push_str("<dt>");
                        escape::text(&mut self.out, name);
                        self.out.push_str("</dt><dd>");
                        self.value(number, name, value, path);
                        self.out.push_str("</dd>");
                    }
                    self.out.push_str("</dl>");
                    if fields.len() > FIELDS {
                        self.paragraph(&format!("… {} more", fields.len() - FIELDS));
                    }
                }
                Value::String(text) => self.pre(number, text, None),
                other => self.pre(number, &pretty(other), Some(Language::from_name("json"))),
            },
            _ => {}
        }
    }

    fn value(&mut self, number: u32, name: &str, value: &Value, path: Option<&str>) {
        match value {
            Value::String(text) if text.contains('\n') || text.len() > 200 => {
                let is_code = matches!(name, "content" | "old_string" | "new_string" | "new_source" | "code" | "patch");
                let language = is_code.then(|| Language::of_path(path.unwrap_or_default()));
                self.pre(number, text, language);
            }
            Value::String(text) => self.code(text),
            Value::Array(_) | Value::Object(_) => self.pre(number, &pretty(value), Some(Language::from_name("json"))),
            other => self.code(&other.to_string()),
        }
    }

    /// What came of the call.
    fn part(&mut self, number: u32, part: &Event, edits: usize) {
        self.out.push_str("<div class=\"part\"");
        anchor(&mut self.out, number);
        match &part.body {
            Body::ToolResult(result) => {
                self.number(number, part);
                // That an edit was made is seen.
                let is_said = edits > 0 && result.status == Status::Ok;
                if is_said {
                    self.out.push_str("<details><summary>output</summary>");
                }
                self.output(number, result);
                if is_said {
                    self.out.push_str("</details>");
                }
            }
            Body::Edit(edit) => {
                self.number(number, part);
                if edits > 1 {
                    self.out.push_str("<p>");
                    self.edit_title(edit);
                    self.out.push_str("</p>");
                }
                self.edit_diff(number, edit);
            }
            Body::Subagent(subagent) => {
                self.number(number, part);
                self.subagent(subagent);
            }
            _ => {}
        }
        self.out.push_str("</div>");
    }

    fn output(&mut self, number: u32, result: &ToolResult) {
        let content = result.content.text();
        let stderr =
            result.stderr.as_deref().map(str::trim).filter(|stderr| !stderr.is_empty() && !content.contains(stderr));
        if content.trim().is_empty() && stderr.is_none() && !result.content.has_image() {
            self.out.push_str("<p class=\"dim\">");
            self.out.push_str(words::NO_OUTPUT);
            self.out.push_str("</p>");
        }
        if !content.trim().is_empty() {
            self.pre(number, &content, None);
        }
        if let Content::Parts(parts) = &result.content {
            self.media(parts);
        }
        if let Some(stderr) = stderr {
            self.out.push_str("<p class=\"dim\">standard error</p>");
            self.pre(number, stderr, None);
        }
    }
}

fn edit_of(number: u32, event: &Event) -> Option<(u32, &Edit)> {
    match &event.body {
        Body::Edit(edit) => Some((number, edit)),
        _ => None,
    }
}

fn failed(status: Option<Status>) -> bool {
    status == Some(Status::Error)
}

/// How long the call took: as logged, else the time between it and its output.
fn elapsed(call: &Event, part: &Event, result: &ToolResult) -> Option<u64> {
    result.duration_ms.or_else(|| {
        let time = part.ts?.duration_since(call.ts?);
        u64::try_from(time.as_millis()).ok().filter(|milliseconds| *milliseconds > 0)
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

/// What a call is about: the value of its input that tells most.
pub(in crate::export) fn about(input: &Value) -> String {
    const TELLING: [&str; 9] =
        ["file_path", "path", "notebook_path", "pattern", "query", "url", "command", "description", "prompt"];
    match TELLING.iter().find_map(|key| input.get(key)?.as_str()) {
        Some(text) => text.trim_start().to_owned(),
        None => match input {
            Value::Object(fields) if fields.is_empty() => String::new(),
            Value::Object(fields) => {
                fields.values().find_map(Value::as_str).unwrap_or_default().trim_start().to_owned()
            }
            Value::String(text) => text.clone(),
            _ => String::new(),
        },
    }
}
