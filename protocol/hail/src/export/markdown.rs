//! A session as Markdown: a heading for each prompt, its turn below, outputs in fences that nothing in them can close.
//!
//! What the agent said stays Markdown, but HTML in it becomes text, its headings stand below ours, and links lead to the
//! web or nowhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use pulldown_cmark::{Event as Piece, Parser, Tag};

use super::cut::{self, Limits};
use super::html::call_about;
use super::joined::{Joined, Joiner};
use super::{Subject, words};
use crate::handoff::quote;
use crate::statistics::changed_lines;
use crate::{Body, Content, Edit, EditOperation, Event, Message, Part, Role, Status, ToolResult};

/// Outputs, commands and diffs.
const OUTPUT: Limits = Limits { head_lines: 40, tail_lines: 20, head_bytes: 8_000, tail_bytes: 4_000 };
/// Messages and thoughts.
const MESSAGE: Limits = Limits { head_lines: 5_000, tail_lines: 100, head_bytes: 200_000, tail_bytes: 8_000 };

#[derive(Debug)]
pub(super) struct Markdown<W> {
    writer: W,
    subject: Subject,
    joiner: Joiner,
    turn: u32,
    day: String,
    out: String,
}

impl<W: Write> Markdown<W> {
    pub(super) fn new(writer: W, subject: Subject) -> io::Result<Self> {
        let mut out = format!("# {}\n\n", inline(&quote::cut(&quote::one_line(subject.title()), 300)));
        let mut parts = words::place(&subject);
        if !subject.short_id.is_empty() {
            parts.insert(0, format!("`{}`", subject.short_id));
        }
        let parts: Vec<String> =
            parts.iter().map(|part| if part.starts_with('`') { part.clone() } else { inline(part) }).collect();
        out.push_str(&parts.join(" · "));
        out.push('\n');
        if let Some(figures) = &subject.figures {
            writeln!(out, "\n{}", words::figures(figures).join(" · ")).expect("a string takes every byte");
        }
        let mut markdown = Self { writer, subject, joiner: Joiner::default(), turn: 0, day: String::new(), out };
        markdown.write_out()?;
        Ok(markdown)
    }

    pub(super) fn event(&mut self, number: u32, event: Event) -> io::Result<()> {
        while let Some(joined) = self.joiner.next(Some(&event)) {
            self.add(&joined);
        }
        self.joiner.push(number, event);
        self.write_out()
    }

    pub(super) fn finish(mut self, redactions: &BTreeMap<String, u64>) -> io::Result<W> {
        while let Some(joined) = self.joiner.next(None) {
            self.add(&joined);
        }
        let redacted = words::redacted(redactions);
        if !redacted.is_empty() {
            write!(self.out, "\n---\n\n{redacted}\n").expect("a string takes every byte");
        }
        self.write_out()?;
        self.writer.flush()?;
        Ok(self.writer)
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.writer.write_all(self.out.as_bytes())?;
        self.out.clear();
        Ok(())
    }

    fn add(&mut self, joined: &Joined) {
        let Joined { number, event, parts, .. } = joined;
        let number = *number;
        match &event.body {
            Body::Message(message) => self.message(number, event, message),
            Body::Thinking(thinking) if !thinking.content.trim().is_empty() => {
                self.line(number, "thinking", "");
                self.quoted(&thinking.content);
            }
            Body::Command(command) => {
                let name = if command.name.is_empty() { "command" } else { &command.name };
                self.call(number, name, "", parts);
                self.fence("sh", &command.command, number);
                self.parts(parts);
            }
            Body::ToolCall(call) => {
                let about = quote::one_line(call_about(&call.input).lines().next().unwrap_or_default());
                self.call(number, &call.name, &quote::cut(&about, 160), parts);
                self.parts(parts);
            }
            Body::ToolResult(result) => {
                self.line(number, "output", &words::outcome(result));
                self.output(number, result);
            }
            Body::Edit(edit) => self.edit(number, edit),
            Body::Todo(todo) => {
                self.line(number, "todo", "");
                for item in todo.items.iter().take(500) {
                    let (sign, word) = words::todo(item.status);
                    let sign = if matches!(sign, "[x]" | "[ ]") { sign.to_owned() } else { format!("[ ] ({word})") };
                    let content = inline(&quote::one_line(&item.content));
                    writeln!(self.out, "- {sign} {content}").expect("a string takes every byte");
                }
            }
            Body::Compaction(compaction) => {
                self.line(number, "summary", compaction.trigger.as_deref().unwrap_or_default());
                self.quoted(&compaction.content);
            }
            Body::Subagent(subagent) => {
                let name = subagent.name.as_deref().unwrap_or("sub-agent");
                let status = subagent.status.map(words::status).unwrap_or_default();
                let about = format!("{} {status}", subagent.description.as_deref().unwrap_or_default());
                self.line(number, name, about.trim());
            }
            Body::Error(error) => {
                let code = error.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
                self.line(number, "error", &quote::cut(&format!("{code}{}", error.message), 2_000));
            }
            Body::Thinking(_) | Body::Usage(_) | Body::Title(_) | Body::Unknown(_) => {}
        }
    }

    fn message(&mut self, number: u32, event: &Event, message: &Message) {
        let text = message.content.text();
        match message.role {
            Role::Human if event.subagent.is_none() => {
                self.turn += 1;
                let time = event.ts.map(|ts| {
                    let day = words::day(ts, &self.subject.zone);
                    let shown = if day == self.day { String::new() } else { format!("{day} ") };
                    self.day = day;
                    format!(", {shown}{}", words::clock(ts, &self.subject.zone))
                });
                write!(self.out, "\n## {} {}{} [#{number}]\n", self.turn, words::PROMPT_BY, time.unwrap_or_default())
                    .expect("a string takes every byte");
                self.quoted(&text);
            }
            Role::Agent => {
                self.line(number, "agent", "");
                let clean = quote::clean_code(text.trim());
                let cut = MESSAGE.cut(&clean);
                self.out.push('\n');
                harmless(&mut self.out, cut.head);
                if let Some(left_out) = cut.left_out {
                    self.note(&left_out, number);
                    harmless(&mut self.out, cut.tail);
                }
            }
            Role::Human => {
                self.line(number, "task", "");
                self.quoted(&text);
            }
            Role::System => {
                self.line(number, "system", "");
                self.quoted(&text);
            }
        }
        if let Content::Parts(parts) = &message.content {
            self.media(parts);
        }
    }

    fn media(&mut self, parts: &[Part]) {
        for part in parts.iter().filter(|part| part.kind != "text").take(100) {
            let kind = inline(&quote::one_line(&part.kind));
            let size = part.bytes.map(|bytes| format!(", {}", words::size(bytes as usize))).unwrap_or_default();
            writeln!(self.out, "\n({kind}{size})").expect("a string takes every byte");
        }
    }

    /// `**Bash** src/lock.rs [#7]`
    fn line(&mut self, number: u32, name: &str, about: &str) {
        let name = inline(&quote::cut(&quote::one_line(name), 100));
        let about = inline(&quote::one_line(about));
        let space = if about.is_empty() { "" } else { " " };
        write!(self.out, "\n**{name}**{space}{about} [#{number}]\n").expect("a string takes every byte");
    }

    fn call(&mut self, number: u32, name: &str, about: &str, parts: &[(u32, Event)]) {
        let result = parts.iter().rev().find_map(|(_, part)| match &part.body {
            Body::ToolResult(result) => Some(result),
            _ => None,
        });
        let mut told = about.to_owned();
        if let Some(result) = result {
            let outcome = words::outcome(result);
            let duration = result.duration_ms.map(|ms| format!(", {}", words::duration(ms))).unwrap_or_default();
            write!(told, " ({outcome}{duration})").expect("a string takes every byte");
        }
        self.line(number, name, told.trim());
    }

    fn parts(&mut self, parts: &[(u32, Event)]) {
        let has_edit = parts.iter().any(|(_, part)| matches!(part.body, Body::Edit(_)));
        for (number, part) in parts {
            match &part.body {
                // That an edit was made is seen.
                Body::ToolResult(result) if has_edit && result.status == Status::Ok => {}
                Body::ToolResult(result) => self.output(*number, result),
                Body::Edit(edit) => self.edit(*number, edit),
                _ => {}
            }
        }
    }

    fn output(&mut self, number: u32, result: &ToolResult) {
        let content = result.content.text();
        if !content.trim().is_empty() {
            self.fence("text", &content, number);
        }
        if let Content::Parts(parts) = &result.content {
            self.media(parts);
        }
        if let Some(stderr) = result.stderr.as_deref().map(str::trim).filter(|stderr| !stderr.is_empty())
            && !content.contains(stderr)
        {
            self.fence("text", stderr, number);
        }
    }

    fn edit(&mut self, number: u32, edit: &Edit) {
        let (added, removed) = changed_lines(edit);
        let how = match edit.operation {
            EditOperation::Create => "new file",
            EditOperation::Update => "edit",
            EditOperation::Delete => "delete",
            EditOperation::Rename => "rename",
        };
        let to = edit.to.as_deref().map(|to| format!(" → {to}")).unwrap_or_default();
        self.line(number, how, &format!("{}{to} +{added} -{removed}", edit.path));
        if let Some(diff) = edit.diff.as_deref().filter(|diff| !diff.is_empty()) {
            self.fence("diff", diff, number);
        }
    }

    /// A text in a fence longer than any run of backquotes in it.
    fn fence(&mut self, language: &str, text: &str, number: u32) {
        let clean = quote::clean_code(text);
        let cut = OUTPUT.cut(clean.trim_end());
        let longest = clean.split(|character| character != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let (head, tail) = (cut::short_lines(cut.head), cut::short_lines(cut.tail));
        write!(self.out, "\n{fence}{language}\n{}", head.trim_end_matches('\n')).expect("a string takes every byte");
        if let Some(left_out) = cut.left_out {
            let how = words::elsewhere(&self.subject.short_id, number);
            write!(self.out, "\n… {left_out}{how}\n{tail}").expect("a string takes every byte");
        }
        write!(self.out, "\n{fence}\n").expect("a string takes every byte");
    }

    /// A text as it was typed: a quotation, in which nothing is markup.
    fn quoted(&mut self, text: &str) {
        let clean = quote::clean(text.trim());
        let cut = MESSAGE.cut(&clean);
        self.out.push('\n');
        for line in cut.head.lines() {
            writeln!(self.out, "> {}", inline(line)).expect("a string takes every byte");
        }
        if let Some(left_out) = cut.left_out {
            writeln!(self.out, "> … {left_out}").expect("a string takes every byte");
            for line in cut.tail.lines() {
                writeln!(self.out, "> {}", inline(line)).expect("a string takes every byte");
            }
        }
    }

    fn note(&mut self, left_out: &str, number: u32) {
        let how = words::elsewhere(&self.subject.short_id, number);
        write!(self.out, "\n… {left_out}{how}\n\n").expect("a string takes every byte");
    }
}

/// A line in which nothing is markup: what could be is escaped, and a line break stays one.
fn inline(line: &str) -> String {
    let line = quote::clean_code(line);
    let mut out = String::with_capacity(line.len() + 8);
    let mut is_start = true;
    for (at, character) in line.char_indices() {
        let escapes = match character {
            '\\' | '`' | '*' | '<' | '[' | ']' | '|' | '~' => true,
            // Within a word it is no emphasis.
            '_' => {
                let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                !(word(line[..at].chars().next_back()) && word(line[at + 1..].chars().next()))
            }
            '&' => line[at..].contains(';'),
            '#' | '>' | '-' | '+' | '=' => is_start,
            // `1.` begins a list.
            '.' | ')' => {
                !line[..at].trim_start().is_empty() && line[..at].trim_start().bytes().all(|b| b.is_ascii_digit())
            }
            '\n' | '\r' => {
                out.push(' ');
                continue;
            }
            // Four spaces would make code of it.
            ' ' | '\t' if is_start => {
                out.push('\u{a0}');
                continue;
            }
            _ => false,
        };
        is_start = is_start && character.is_whitespace();
        if escapes {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// Appends Markdown that an agent wrote, without what could do or hide something.
fn harmless(out: &mut String, markdown: &str) {
    // Places at which something is put in, in order: before what, and what.
    let mut marks: Vec<(usize, &'static str)> = Vec::new();
    let parser = Parser::new(markdown);
    marks.extend(parser.reference_definitions().iter().map(|(_, definition)| (definition.span.start, "\\")));
    let mut open_fence = None;
    for (piece, span) in parser.into_offset_iter() {
        open_fence = None;
        match piece {
            Piece::Html(text) | Piece::InlineHtml(text) => {
                marks.extend(markdown[span.clone()].match_indices('<').map(|(at, _)| (span.start + at, "\\")));
                debug_assert!(!text.is_empty());
            }
            Piece::Start(Tag::Heading { .. }) if markdown[span.clone()].starts_with('#') => {
                marks.push((span.start, "##"));
            }
            Piece::Start(Tag::Link { dest_url, .. }) if !super::html::is_web_address(&dest_url) => {
                marks.push((span.start, "\\"));
            }
            Piece::Start(Tag::Image { .. }) => {
                // Loading it would tell its server who reads.
                marks.push((span.start, "\\"));
                marks.push((span.start + 1, "\\"));
            }
            Piece::End(pulldown_cmark::TagEnd::CodeBlock) => {
                let block = &markdown[span.clone()];
                let mark: String = block.chars().take_while(|c| matches!(c, '`' | '~')).collect();
                let last = block.trim_end().rsplit('\n').next().unwrap_or_default().trim();
                let is_closed = block.trim_end().contains('\n') && last.len() >= mark.len() && last.starts_with(&mark);
                if mark.len() >= 3 && !is_closed {
                    open_fence = Some(mark);
                }
            }
            _ => {}
        }
    }
    marks.sort_unstable();
    marks.dedup();
    let mut copied = 0;
    for (at, mark) in marks {
        out.push_str(&markdown[copied..at]);
        out.push_str(mark);
        copied = at;
    }
    out.push_str(markdown[copied..].trim_end());
    out.push('\n');
    if let Some(fence) = open_fence {
        out.push_str(&fence);
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        harmless(&mut out, text);
        out
    }

    #[test]
    fn what_an_agent_says_stays_markdown_and_does_nothing() {
        assert_eq!(shown("# A\n\n*b* `<c>`"), "### A\n\n*b* `<c>`\n");
        assert_eq!(shown("a <script>x</script>"), "a \\<script>x\\</script>\n");
        assert_eq!(shown("<div>\nx\n</div>"), "\\<div>\nx\n\\</div>\n");
        assert_eq!(shown("[a](javascript:x) [b](https://b)"), "\\[a](javascript:x) [b](https://b)\n");
        assert_eq!(shown("![a](http://x/y.png)"), "\\!\\[a](http://x/y.png)\n");
        assert_eq!(shown("```rust\nlet a;"), "```rust\nlet a;\n```\n");
        assert_eq!(shown("```\na\n```"), "```\na\n```\n");
    }

    #[test]
    fn what_was_typed_is_no_markup() {
        assert_eq!(inline("# a *b* <c> 1_000 _d_"), "\\# a \\*b\\* \\<c> 1_000 \\_d\\_");
        assert_eq!(inline("1. a. b"), "1\\. a. b");
        assert_eq!(inline("    code"), "\u{a0}\u{a0}\u{a0}\u{a0}code");
    }
}
