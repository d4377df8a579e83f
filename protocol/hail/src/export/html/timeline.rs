//! The events of a session, one after the other, and what the outline tells of them.

use std::collections::BTreeMap;

use super::code::Language;
use super::prose;
use super::text::{self, Place};
use super::{STYLE_OF_SUBAGENT, escape};
use crate::export::cut::Limits;
use crate::export::joined::Joined;
use crate::export::{Subject, words};
use crate::statistics::changed_lines;
use crate::{Body, Content, Edit, Event, Message, Part, Role, Subagent};

/// Bytes of a page after which long texts are cut shorter.
const CROWDED: usize = 24 << 20;
/// Prompts in the outline.
const OUTLINE: usize = 2_000;
/// Files in the outline.
const FILES: usize = 500;
/// Failures in the outline.
const FAILURES: usize = 200;
/// Characters of a prompt in the outline.
const OUTLINE_CHARACTERS: usize = 90;
/// What of a prompt is seen at once.
const PROMPT: Limits = Limits { head_lines: 30, tail_lines: 1, head_bytes: 6_000, tail_bytes: 1 };
/// What of a message is shown at all.
const MESSAGE: Limits = Limits { head_lines: 5_000, tail_lines: 100, head_bytes: 200_000, tail_bytes: 8_000 };

/// Events as they become markup. What was written is taken from [`Timeline::out`] whenever it likes the owner.
#[derive(Debug)]
pub(super) struct Timeline {
    pub(super) subject: Subject,
    pub(super) out: String,
    /// Bytes that were taken from `out`.
    pub(super) taken: usize,
    turn: u32,
    day: String,
    /// Number and beginning of each prompt.
    pub(super) prompts: Vec<(u32, String)>,
    pub(super) prompts_left_out: u64,
    /// Lines added and removed by file, and the last edit's event.
    pub(super) files: BTreeMap<String, (u64, u64, u32)>,
    pub(super) files_left_out: bool,
    /// Events that failed.
    pub(super) failures: Vec<u32>,
    pub(super) failures_left_out: u64,
}

impl Timeline {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            out: String::new(),
            taken: 0,
            turn: 0,
            day: String::new(),
            prompts: Vec::new(),
            prompts_left_out: 0,
            files: BTreeMap::new(),
            files_left_out: false,
            failures: Vec::new(),
            failures_left_out: 0,
        }
    }

    /// Adds an event with what belongs to it.
    pub(super) fn add(&mut self, joined: &Joined) {
        let Joined { number, event, .. } = joined;
        let number = *number;
        match &event.body {
            Body::Message(message) => match message.role {
                Role::Human if event.subagent.is_none() => self.prompt(number, event, message),
                Role::Human => self.folded(number, event, "system", "task", &message.content.text()),
                Role::Agent => self.agent(number, event, message),
                Role::System => self.folded(number, event, "system", "system", &message.content.text()),
            },
            Body::Thinking(thinking) => {
                let is_hidden = thinking.content.trim().is_empty();
                let content = if is_hidden { words::HIDDEN_THINKING } else { &thinking.content };
                self.folded(number, event, "thinking", "thinking", content);
            }
            Body::ToolCall(_) | Body::Command(_) => self.call(joined),
            Body::ToolResult(result) => self.lone_result(number, event, result),
            Body::Edit(edit) => self.lone_edit(number, event, edit),
            Body::Todo(todo) => {
                self.begin(number, event, "todo");
                self.out.push_str("<ul class=\"todo\">");
                for item in todo.items.iter().take(500) {
                    let (sign, word) = words::todo(item.status);
                    self.out.push_str("<li class=\"");
                    self.out.push_str(if word == "completed" { "done" } else { "due" });
                    self.out.push_str("\"><span title=\"");
                    self.out.push_str(word);
                    self.out.push_str("\">");
                    escape::text(&mut self.out, sign);
                    self.out.push_str("</span> ");
                    escape::text(&mut self.out, &item.content);
                    self.out.push_str("</li>");
                }
                self.out.push_str("</ul>");
                self.end();
            }
            Body::Compaction(compaction) => {
                let label = match &compaction.trigger {
                    Some(trigger) => format!("summary ({trigger})"),
                    None => "summary".to_owned(),
                };
                self.folded(number, event, "summary", &label, &compaction.content);
            }
            Body::Subagent(subagent) => {
                self.begin(number, event, "subagent");
                self.subagent(subagent);
                self.end();
            }
            Body::Error(error) => {
                self.begin(number, event, "error");
                self.out.push_str("<p><span class=\"st bad\">error");
                if let Some(code) = &error.code {
                    self.out.push(' ');
                    escape::text(&mut self.out, code);
                }
                self.out.push_str("</span> ");
                let message: String = error.message.chars().take(4_000).collect();
                escape::text(&mut self.out, &message);
                self.out.push_str("</p>");
                self.end();
                self.fail(number);
            }
            Body::Usage(_) | Body::Title(_) | Body::Unknown(_) => {}
        }
    }

    /// Ends the last turn.
    pub(super) fn finish(&mut self) {
        if self.turn > 0 {
            self.out.push_str("</section>\n");
        }
    }

    pub(super) fn is_crowded(&self) -> bool {
        self.taken + self.out.len() > CROWDED
    }

    pub(super) fn place(&self, event: u32) -> Place<'static> {
        Place { short_id: "", event, is_crowded: self.is_crowded() }
    }

    /// A path as it is seen from the session's directory.
    pub(super) fn short_path<'p>(&self, path: &'p str) -> &'p str {
        let below = self.subject.header.cwd.as_deref().and_then(|cwd| path.strip_prefix(cwd));
        below.and_then(|rest| rest.strip_prefix('/')).filter(|rest| !rest.is_empty()).unwrap_or(path)
    }

    pub(super) fn begin(&mut self, number: u32, event: &Event, class: &'static str) {
        self.out.push_str("<article class=\"ev ");
        self.out.push_str(class);
        if event.subagent.is_some() {
            self.out.push_str(STYLE_OF_SUBAGENT);
        }
        self.out.push('"');
        anchor(&mut self.out, number);
        self.number(number, event);
        if class.ends_with("failed") {
            self.fail(number);
        }
    }

    pub(super) fn end(&mut self) {
        self.out.push_str("</article>\n");
    }

    /// The event's number, which leads to it and tells its time.
    pub(super) fn number(&mut self, number: u32, event: &Event) {
        let digits = number.to_string();
        self.out.push_str("<a class=\"no\" href=\"#e");
        self.out.push_str(&digits);
        if let Some(ts) = event.ts {
            self.out.push_str("\" title=\"");
            self.out.push_str(&words::full_time(ts, &self.subject.zone));
        }
        self.out.push_str("\">#");
        self.out.push_str(&digits);
        self.out.push_str("</a>");
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.out.push_str("<p>");
        let text: String = text.chars().take(4_000).collect();
        escape::text(&mut self.out, &text);
        self.out.push_str("</p>");
    }

    pub(super) fn pre(&mut self, number: u32, text: &str, language: Option<Language>) {
        let place = self.place(number);
        text::pre(&mut self.out, text, language, Place { short_id: &self.subject.short_id, ..place });
    }

    /// Images and other parts that carry no text of their own.
    pub(super) fn media(&mut self, parts: &[Part]) {
        for part in parts.iter().filter(|part| part.kind != "text").take(100) {
            self.out.push_str("<p class=\"dim\">[");
            escape::text(&mut self.out, &part.kind);
            for word in
                [part.media_type.clone(), part.bytes.map(|bytes| words::size(bytes as usize))].into_iter().flatten()
            {
                self.out.push_str(", ");
                escape::text(&mut self.out, &word);
            }
            self.out.push_str("]</p>");
        }
    }

    pub(super) fn subagent(&mut self, subagent: &Subagent) {
        self.out.push_str("<p>↳ <span class=\"w\">");
        escape::text(&mut self.out, subagent.name.as_deref().unwrap_or("sub-agent"));
        self.out.push_str("</span> ");
        escape::text(&mut self.out, subagent.description.as_deref().unwrap_or_default());
        if let Some(status) = subagent.status {
            self.out.push_str(" <span class=\"dim\">");
            self.out.push_str(words::status(status));
            self.out.push_str("</span>");
        }
        self.out.push_str("</p>");
    }

    pub(super) fn count_edit(&mut self, number: u32, edit: &Edit) {
        let path = self.short_path(edit.to.as_deref().unwrap_or(&edit.path));
        if self.files.len() >= FILES && !self.files.contains_key(path) {
            self.files_left_out = true;
            return;
        }
        let (added, removed) = changed_lines(edit);
        let path = path.to_owned();
        let entry = self.files.entry(path).or_default();
        *entry = (entry.0.saturating_add(added), entry.1.saturating_add(removed), number);
    }

    fn fail(&mut self, number: u32) {
        if self.failures.len() < FAILURES {
            self.failures.push(number);
        } else {
            self.failures_left_out += 1;
        }
    }

    fn prompt(&mut self, number: u32, event: &Event, message: &Message) {
        self.finish();
        self.turn += 1;
        let text = message.content.text();
        let text = text.trim();
        if self.prompts.len() < OUTLINE {
            let line = crate::handoff::quote::one_line(text.get(..text.floor_char_boundary(2_000)).unwrap_or_default());
            self.prompts.push((number, crate::handoff::quote::cut(&line, OUTLINE_CHARACTERS)));
        } else {
            self.prompts_left_out += 1;
        }
        self.out.push_str("<section class=\"turn\">");
        self.begin(number, event, "prompt");
        self.out.push_str("<h2><span class=\"n\">");
        self.out.push_str(&self.turn.to_string());
        self.out.push_str("</span> ");
        self.out.push_str(words::PROMPT_BY);
        self.out.push_str("</h2>");
        self.time(event);
        self.said(number, text);
        if let Content::Parts(parts) = &message.content {
            self.media(parts);
        }
        self.end();
    }

    fn time(&mut self, event: &Event) {
        let Some(ts) = event.ts else { return };
        self.out.push_str(" <time datetime=\"");
        self.out.push_str(&ts.to_string());
        self.out.push_str("\">");
        let day = words::day(ts, &self.subject.zone);
        if day != self.day {
            self.out.push_str(&day);
            self.out.push(' ');
            self.day = day;
        }
        self.out.push_str(&words::clock(ts, &self.subject.zone));
        self.out.push_str("</time>");
    }

    /// What a person typed, as it was typed; something long opens.
    fn said(&mut self, number: u32, text: &str) {
        let head = PROMPT.cut(text);
        let block = |out: &mut String, text: &str| {
            out.push_str("<div class=\"said\" dir=\"auto\"");
            out.push_str(escape::language(text));
            out.push('>');
            escape::text(out, text.trim_end());
            out.push_str("</div>");
        };
        if head.left_out.is_none() {
            block(&mut self.out, text);
            return;
        }
        block(&mut self.out, head.head);
        let rest = &text[head.head.len()..];
        let lines = words::counted(rest.lines().count() as u64, "more line", "more lines");
        self.out.push_str("<details><summary>");
        self.out.push_str(&lines);
        self.out.push_str("</summary>");
        self.pre(number, rest, None);
        self.out.push_str("</details>");
    }

    fn agent(&mut self, number: u32, event: &Event, message: &Message) {
        self.begin(number, event, "agent");
        let text = message.content.text();
        self.prose(number, &text);
        if let Content::Parts(parts) = &message.content {
            self.media(parts);
        }
        for call in message.tool_calls.iter().take(100) {
            self.out.push_str("<details><summary><span class=\"w\">");
            let name = call.get("name").and_then(serde_json::Value::as_str).unwrap_or("tool call");
            escape::text(&mut self.out, name);
            self.out.push_str("</span></summary>");
            let pretty = serde_json::to_string_pretty(call).unwrap_or_default();
            self.pre(number, &pretty, Some(Language::from_name("json")));
            self.out.push_str("</details>");
        }
        self.end();
    }

    fn prose(&mut self, number: u32, text: &str) {
        let limits = if self.is_crowded() { self.place(number).limits() } else { MESSAGE };
        let cut = limits.cut(text.trim());
        self.out.push_str("<div class=\"prose\" dir=\"auto\"");
        self.out.push_str(escape::language(text));
        self.out.push('>');
        prose::markdown(&mut self.out, cut.head);
        if let Some(left_out) = &cut.left_out {
            let place = self.place(number);
            Place { short_id: &self.subject.short_id, ..place }.note(&mut self.out, left_out);
            prose::markdown(&mut self.out, cut.tail);
        }
        self.out.push_str("</div>");
    }

    /// What is there for who looks for it.
    fn folded(&mut self, number: u32, event: &Event, class: &'static str, label: &str, content: &str) {
        self.begin(number, event, class);
        let content = content.trim();
        self.out.push_str("<details><summary><span class=\"w\">");
        escape::text(&mut self.out, label);
        self.out.push_str("</span> ");
        let first =
            crate::handoff::quote::one_line(content.get(..content.floor_char_boundary(400)).unwrap_or_default());
        self.out.push_str("<span class=\"dim\">");
        escape::text(&mut self.out, &crate::handoff::quote::cut(&first, 120));
        self.out.push_str("</span></summary>");
        self.prose(number, content);
        self.out.push_str("</details>");
        self.end();
    }
}

/// The end of a beginning tag: the attribute by which the event is jumped to.
pub(super) fn anchor(out: &mut String, number: u32) {
    out.push_str(" id=\"e");
    out.push_str(&number.to_string());
    out.push_str("\">");
}
