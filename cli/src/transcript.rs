//! The events of a session as people read them: a line for each prompt, its turn indented below, long things folded.

mod line;

use std::collections::VecDeque;

use jiff::civil::Date;
use opensession_hail::{Body, Content, Edit, EditOperation, Kind, Role, Status, TodoStatus, ToolResult};
use opensession_protocol::SessionEvent;

use crate::context::Context;
use crate::failure::Failure;
use crate::format::{cells, clean, number, time};
use crate::text;
pub(crate) use line::{Entry, path, summary};

/// Events that wait at most until the outcome of a call is known.
const WAITING_MOST: usize = 600;
/// Lines shown of what a person or the agent said.
const PROSE_LINES: usize = 20;
/// Lines shown of an output that is as it should be, and of one that is not.
const OUTPUT_LINES: usize = 3;
const FAILURE_LINES: usize = 6;
/// Cells shown of one long line.
const LINE_CELLS: usize = 1_200;
/// Lines are not laid out wider than this, so that what stands at their end is seen.
const WIDEST: usize = 120;

/// How events are shown.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Options {
    /// Reasoning too.
    pub(crate) thinking: bool,
    /// Nothing folded, diffs of edits.
    pub(crate) full: bool,
    /// The event that is looked at: never folded, and marked among others.
    pub(crate) focus: Option<u32>,
}

/// Shows events as they come, page by page. It holds back a call until its outcome is known, and little else.
pub(crate) struct Transcript {
    /// The session as `show` takes it.
    session: String,
    /// The directory in which it began: paths below it are shown from there.
    cwd: Option<String>,
    options: Options,
    waiting: VecDeque<Entry>,
    /// The day of the last prompt: the next one tells its day only when it is another.
    day: Option<Date>,
    /// Whether something was shown.
    began: bool,
}

impl Transcript {
    pub(crate) fn new(session: String, cwd: Option<String>, day: Option<Date>, options: Options) -> Self {
        Self { session, cwd, options, waiting: VecDeque::new(), day, began: false }
    }

    /// Takes events and shows those whose outcome is known.
    pub(crate) fn add(&mut self, events: Vec<SessionEvent>, context: &mut Context<'_>) -> Result<(), Failure> {
        for event in events {
            self.waiting.push_back(Entry::new(event));
            while self.front_is_settled() {
                self.show_front(context)?;
            }
        }
        Ok(())
    }

    /// Shows what is held back.
    pub(crate) fn finish(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        while !self.waiting.is_empty() {
            self.show_front(context)?;
        }
        Ok(())
    }

    /// Whether all that belongs to the first waiting event is there.
    fn front_is_settled(&self) -> bool {
        let Some(front) = self.waiting.front() else { return false };
        let Some(call) = front.call_id().filter(|_| front.is_call()) else { return true };
        self.waiting.len() > WAITING_MOST
            || self.waiting.iter().any(|entry| entry.is_result_of(call) || entry.kind == Some(Kind::Prompt))
    }

    fn show_front(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        let Some(mut front) = self.waiting.pop_front() else { return Ok(()) };
        if !context.to_terminal() {
            return self.show_for_programs(&front, context);
        }
        let mut result = None;
        if front.is_call()
            && let Some(call) = front.call_id().map(str::to_owned)
        {
            let at = self.waiting.iter().position(|entry| entry.is_result_of(&call));
            let is_told_by_edit = self.waiting.iter().any(|entry| entry.is_edit_of(&call));
            result = at.and_then(|at| self.waiting.remove(at));
            let went_well = result.as_ref().is_none_or(|result| result.status() == Some(Status::Ok));
            let is_focus = |entry: &Entry| self.options.focus == Some(entry.number);
            let is_looked_at = is_focus(&front) || result.as_ref().is_some_and(is_focus);
            if is_told_by_edit && went_well && !self.options.full && !is_looked_at {
                return Ok(());
            }
        }
        let full = self.options.full
            || self.options.focus == Some(front.number)
            || result.as_ref().is_some_and(|result| self.options.focus == Some(result.number));
        if front.kind == Some(Kind::Prompt) {
            front.day = front.event.ts.map(|ts| context.times.day(ts));
        }
        for line in self.lines(&front, result.as_ref(), full, context) {
            context.output.line(&line)?;
            self.began = true;
        }
        Ok(())
    }

    fn lines(&mut self, entry: &Entry, result: Option<&Entry>, full: bool, context: &Context<'_>) -> Vec<String> {
        let style = context.style;
        let layout = Layout { transcript: self, entry, full, context };
        match &entry.event.body {
            Body::Message(message) => match message.role {
                Role::Human => {
                    let time = layout.prompt_time();
                    let label = format!("#{} {} {time}", entry.number, text::YOU);
                    let label = label.trim_end().to_owned();
                    let mut lines = if layout.transcript.began { vec![String::new()] } else { Vec::new() };
                    lines.extend(layout.prose(&label, &style.bold(&label), &message.content, 0));
                    if entry.day.is_some() {
                        self.day = entry.day;
                    }
                    lines
                }
                Role::Agent => layout.named_prose(text::AGENT, &message.content),
                Role::System if full => layout.named_prose(text::SYSTEM, &message.content),
                Role::System => vec![],
            },
            Body::Thinking(thinking) if self.options.thinking || full => {
                let content = if thinking.content.is_empty() { text::HIDDEN_THINKING } else { &thinking.content };
                layout.dim_prose(text::THINKING, content)
            }
            Body::ToolCall(call) => {
                let about = line::summary(&call.input);
                let about = if is_path(&about) { layout.path(&about) } else { about.into_owned() };
                layout
                    .call(&call.name, &about, result, || serde_json::to_string_pretty(&call.input).unwrap_or_default())
            }
            Body::Command(command) => {
                let name = if command.name.is_empty() { text::COMMAND } else { &command.name };
                layout.call(name, &command.command, result, || command.command.clone())
            }
            Body::ToolResult(result) => {
                let mut lines = vec![layout.titled(
                    text::OUTPUT,
                    result.name.as_deref().unwrap_or_default(),
                    &layout.outcome(result),
                )];
                lines.extend(layout.output(result, entry.number));
                lines
            }
            Body::Edit(edit) => layout.edit(edit),
            Body::Todo(todo) => {
                let done = todo.items.iter().filter(|item| item.status == TodoStatus::Completed).count();
                let now = todo.items.iter().find(|item| item.status == TodoStatus::InProgress);
                let summary = text::todo(done, todo.items.len(), now.map(|item| item.content.as_str()));
                let mut lines = vec![layout.titled(text::TODO, &summary, "")];
                if full {
                    lines.extend(todo.items.iter().map(|item| {
                        let content = clean::one_line(&item.content);
                        format!("{}{} {content}", layout.body_indent(), text::todo_box(item.status))
                    }));
                }
                lines
            }
            Body::Compaction(compaction) => {
                layout.dim_prose(&text::summary(compaction.trigger.as_deref()), &compaction.content)
            }
            Body::Subagent(subagent) => {
                let name = subagent.name.as_deref().unwrap_or(text::SUBAGENT);
                let label = format!("{} {}", style.subagent_sign(), clean::one_line(name));
                let status = subagent.status.map(|status| text::status(status, style)).unwrap_or_default();
                vec![layout.titled(&label, subagent.description.as_deref().unwrap_or_default(), &status)]
            }
            Body::Error(error) => {
                let message = match &error.code {
                    Some(code) => format!("{code}: {}", error.message),
                    None => error.message.clone(),
                };
                let mut lines = vec![layout.titled(text::ERROR_KIND, &message, "")];
                if let Some(line) = lines.first_mut() {
                    *line = style.failed(line).into_owned();
                }
                lines
            }
            Body::Thinking(_) | Body::Usage(_) | Body::Title(_) | Body::Unknown(_) => vec![],
        }
    }

    /// A line of tabs per event: name, kind, time, what, text; with everything below it, indented, when nothing is to
    /// be folded.
    fn show_for_programs(&self, entry: &Entry, context: &mut Context<'_>) -> Result<(), Failure> {
        let Some(kind) = entry.kind else { return Ok(()) };
        let full = self.options.full || self.options.focus == Some(entry.number);
        let hidden = kind == Kind::Thinking && !self.options.thinking && !full;
        if hidden {
            return Ok(());
        }
        let (what, content) = line::for_programs(&entry.event);
        let mut line = [
            format!("{}#{}", self.session, entry.number),
            kind.name().to_owned(),
            time::iso(entry.event.ts),
            clean::one_line(&what).into_owned(),
        ]
        .join("\t");
        if full {
            context.output.line(&line)?;
            return clean::lines(&content).lines().try_for_each(|line| context.output.line(&format!("    {line}")));
        }
        line.push('\t');
        line.push_str(&clean::one_line(&content));
        context.output.line(&line)
    }
}

/// Whether a text is the path of one file, of any system.
fn is_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/');
    (text.starts_with('/') || has_drive) && !text.contains('\n')
}

/// What the lines of one event depend on.
struct Layout<'a, 'h> {
    transcript: &'a Transcript,
    entry: &'a Entry,
    full: bool,
    context: &'a Context<'h>,
}

impl Layout<'_, '_> {
    fn width(&self) -> usize {
        self.context.width().min(WIDEST)
    }

    /// Two cells, four for what a sub-agent did inside its parent's session; a mark for the event looked at.
    fn indent(&self) -> String {
        let depth = if self.entry.event.subagent.is_some() { 4 } else { 2 };
        let is_marked = self.transcript.options.focus == Some(self.entry.number);
        let mark = if is_marked { ">" } else { " " };
        format!("{mark}{}", " ".repeat(depth - 1))
    }

    fn body_indent(&self) -> String {
        " ".repeat(if self.entry.event.subagent.is_some() { 6 } else { 4 })
    }

    fn prompt_time(&self) -> String {
        let times = &self.context.times;
        match (self.entry.event.ts, self.entry.day) {
            (Some(ts), day) if day == self.transcript.day => times.time_of_day(ts),
            (Some(ts), _) => times.minute(ts),
            (None, _) => String::new(),
        }
    }

    fn named_prose(&self, name: &str, content: &Content) -> Vec<String> {
        let label = format!("{}#{} {name}", self.indent(), self.entry.number);
        let dressed = self.context.style.dim(&label).into_owned();
        self.prose(&label, &dressed, content, 2)
    }

    fn dim_prose(&self, name: &str, content: &str) -> Vec<String> {
        let label = format!("{}#{} {name}", self.indent(), self.entry.number);
        let lines = self.prose(&label, &label, &Content::Text(content.to_owned()), 2);
        lines.iter().map(|line| self.context.style.dim(line).into_owned()).collect()
    }

    /// Text that follows its label on the same line and goes on indented below.
    fn prose(&self, label: &str, dressed: &str, content: &Content, depth: usize) -> Vec<String> {
        let indent = " ".repeat(depth + 2);
        let raw = content.text();
        let mut cleaned = clean::lines(raw.trim()).into_owned();
        if content.has_image() {
            let space = if cleaned.is_empty() { "" } else { " " };
            cleaned.extend([space, text::IMAGE]);
        }
        let (shown, hidden) = self.fold(&cleaned, PROSE_LINES);
        let shown: Vec<String> =
            shown.iter().map(|line| if self.full { (*line).to_owned() } else { self.cut(line, LINE_CELLS) }).collect();
        // The label takes part in the breaking of the first line, as a word without a space.
        let placeholder = "x".repeat(cells::cells(label) + 2 - indent.len().min(cells::cells(label)));
        let wrapped = cells::wrap(&format!("{placeholder}{}", shown.join("\n")), self.width() - indent.len());
        let mut lines = Vec::new();
        for (index, line) in wrapped.iter().enumerate() {
            lines.push(match line.strip_prefix(&placeholder).filter(|_| index == 0) {
                Some(first) => format!("{dressed}  {first}").trim_end().to_owned(),
                None if index == 0 => dressed.to_owned(),
                None if line.is_empty() => String::new(),
                None => format!("{indent}{line}"),
            });
        }
        lines.extend(self.folded(hidden, self.entry.number, &indent));
        lines
    }

    /// A line with a name, what it is about, and how it ended at the right.
    fn titled(&self, name: &str, about: &str, outcome: &str) -> String {
        let style = self.context.style;
        let name = clean::one_line(name);
        let label = format!("{}#{} {name}", self.indent(), self.entry.number);
        let outcome_cells = if outcome.is_empty() { 0 } else { cells::cells(outcome) + 2 };
        let room = self.width().saturating_sub(cells::cells(&label) + 2 + outcome_cells).max(8);
        let first = about.trim().lines().next().unwrap_or_default();
        let mut about_line = clean::one_line(first).into_owned();
        if about.trim().lines().nth(1).is_some() {
            about_line.push(' ');
            about_line.push_str(style.ellipsis());
        }
        // Of a path both ends tell something.
        let about_line = if !about_line.contains(' ') && about_line.contains('/') {
            cells::cut_middle(&about_line, room, style.ellipsis())
        } else {
            self.cut(&about_line, room)
        };
        if outcome.is_empty() {
            return format!("{label}  {about_line}").trim_end().to_owned();
        }
        let is_failure = outcome.starts_with(style.failed_sign());
        let dressed = if is_failure { style.failed(outcome) } else { style.dim(outcome) };
        format!("{label}  {about_line}{}  {dressed}", cells::padding(&about_line, room))
    }

    /// A call with what came back.
    fn call(&self, name: &str, about: &str, result: Option<&Entry>, whole: impl FnOnce() -> String) -> Vec<String> {
        let style = self.context.style;
        let result_body = result.and_then(|entry| match &entry.event.body {
            Body::ToolResult(result) => Some((result, entry.number)),
            _ => None,
        });
        let outcome = match result_body {
            Some((result, _)) => self.outcome(result),
            None => format!("{} {}", style.running_sign(), text::NO_OUTPUT_YET),
        };
        let mut lines = vec![self.titled(name, about, &outcome)];
        if self.full {
            let whole = whole();
            if whole.lines().nth(1).is_some() || whole.len() > about.len() {
                let indent = self.body_indent();
                lines.extend(clean::lines(&whole).lines().map(|line| format!("{indent}{line}")));
            }
        }
        if let Some((result, number)) = result_body {
            // What is folded is found under the call, which has the output with it.
            let is_shown_under = if self.transcript.options.focus == Some(number) { number } else { self.entry.number };
            lines.extend(self.output(result, is_shown_under));
        }
        lines
    }

    /// What a call gave back, folded.
    fn output(&self, result: &ToolResult, number: u32) -> Vec<String> {
        let style = self.context.style;
        let mut whole = result.content.text().into_owned();
        if let Some(stderr) = result.stderr.as_deref().filter(|stderr| !whole.contains(stderr.trim())) {
            whole.push('\n');
            whole.push_str(stderr);
        }
        if result.content.has_image() {
            whole.push_str(text::IMAGE);
        }
        let cleaned = clean::lines(whole.trim_matches('\n'));
        let most = if result.status == Status::Ok { OUTPUT_LINES } else { FAILURE_LINES };
        let (shown, hidden) = self.fold(cleaned.trim_end(), most);
        let indent = self.body_indent();
        let room = self.width().saturating_sub(indent.len());
        let mut lines: Vec<String> = shown
            .iter()
            .filter(|_| !cleaned.trim().is_empty())
            .map(|line| {
                let line = if self.full { (*line).to_owned() } else { self.cut(line, room) };
                style.dim(format!("{indent}{line}").trim_end()).into_owned()
            })
            .collect();
        lines.extend(self.folded(hidden, number, &indent));
        lines
    }

    fn edit(&self, edit: &Edit) -> Vec<String> {
        let style = self.context.style;
        let path = self.path(&edit.path);
        let path = match (&edit.to, edit.operation) {
            (Some(to), _) => text::renamed(&path, &self.path(to), style.ascii),
            (None, EditOperation::Create) => format!("{path} ({})", text::NEW_FILE),
            (None, EditOperation::Delete) => format!("{path} ({})", text::DELETED_FILE),
            (None, _) => path,
        };
        let sign = |sign: char, lines: Option<u64>| lines.map(|lines| format!("{sign}{}", number::count(lines)));
        let counts: Vec<String> = [sign('+', edit.added), sign('-', edit.removed)].into_iter().flatten().collect();
        let plain = counts.join(" ");
        let line = self.titled(text::EDIT, &path, &plain);
        // The counts keep their colours.
        let dressed = match counts.as_slice() {
            [added, removed] => format!("{} {}", style.added(added), style.removed(removed)),
            _ => plain.clone(),
        };
        let at = line.len() - style.dim(&plain).len();
        let mut lines = vec![if plain.is_empty() { line } else { format!("{}{dressed}", &line[..at]) }];
        if let Some(diff) = edit.diff.as_deref().filter(|_| self.full) {
            let indent = self.body_indent();
            lines.extend(clean::lines(diff).lines().map(|line| match line.as_bytes().first() {
                Some(b'+') => format!("{indent}{}", style.added(line)),
                Some(b'-') => format!("{indent}{}", style.removed(line)),
                Some(b'@') => format!("{indent}{}", style.dim(line)),
                _ => format!("{indent}{line}").trim_end().to_owned(),
            }));
        }
        lines
    }

    /// How a call ended: `✗ 101  4.1s`.
    fn outcome(&self, result: &ToolResult) -> String {
        let style = self.context.style;
        let mut outcome = match (result.status, result.exit_code) {
            (Status::Ok, Some(0) | None) => String::new(),
            (Status::Ok, Some(code)) => code.to_string(),
            (Status::Error, Some(code)) => format!("{} {code}", style.failed_sign()),
            (status, _) => text::status(status, style),
        };
        if let Some(duration) = result.duration_ms {
            if !outcome.is_empty() {
                outcome.push_str("  ");
            }
            outcome.push_str(&number::duration(duration));
        }
        outcome
    }

    /// The lines that are shown, and how many are not.
    fn fold<'t>(&self, text: &'t str, most: usize) -> (Vec<&'t str>, usize) {
        let mut lines: Vec<&str> = text.split('\n').collect();
        // A line that says one line is missing takes as much room as that line.
        if self.full || lines.len() <= most + 1 {
            return (lines, 0);
        }
        let hidden = lines.len() - most;
        lines.truncate(most);
        (lines, hidden)
    }

    fn folded(&self, hidden: usize, number: u32, indent: &str) -> Option<String> {
        let style = self.context.style;
        let event = format!("{}#{number}", self.transcript.session);
        let more = |how: &str| text::more_lines(hidden as u64, style.ellipsis(), how);
        let whole = more(&format!("opensession show {event}"));
        let fits = indent.len() + cells::cells(&whole) <= self.width();
        let shown = if fits { whole } else { more(&event) };
        (hidden > 0).then(|| format!("{indent}{}", style.dim(&shown)))
    }

    /// A path as it is shown: from the session's own directory if it lies there.
    fn path(&self, path: &str) -> String {
        let cwd =
            self.transcript.cwd.as_deref().map(|cwd| cwd.trim_end_matches(['/', '\\'])).filter(|cwd| !cwd.is_empty());
        let below =
            cwd.and_then(|cwd| path.strip_prefix(cwd)?.strip_prefix(['/', '\\'])).filter(|rest| !rest.is_empty());
        match below {
            Some(below) => clean::one_line(below).into_owned(),
            None => self.context.path(path),
        }
    }

    fn cut(&self, line: &str, room: usize) -> String {
        cells::cut_end(line, room, self.context.style.ellipsis())
    }
}
