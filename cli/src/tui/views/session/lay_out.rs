//! One event of a session as rows: a head, and below it what is not folded.

use opensession_hail::{Body, Content, Edit, EditOperation, Role, Status, TodoStatus, ToolResult};
use opensession_protocol::OutlineTurn;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::format::{cells, clean, number};
use crate::text;
use crate::transcript::{self, Entry};
use crate::tui::highlight;
use crate::tui::look::Look;

/// Rows shown of an output that is as it should be, of one that is not, and of an edit, where calls are short.
const SHORT_OUTPUT: usize = 3;
const SHORT_FAILURE: usize = 6;
const SHORT_EDIT: usize = 12;
/// Lines shown of anything, and cells of one line.
const LINES_MOST: usize = 1_000;
const CELLS_MOST: usize = 4_000;
/// Cells before a turn's events, and before what is below their heads.
const INDENT: usize = 3;
const BODY_INDENT: usize = 7;

/// How much of an event is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Openness {
    /// Its head.
    Closed,
    /// Its head and a little of it.
    Short,
    /// All of it.
    Open,
}

/// What rows depend on besides their event.
pub(super) struct Layout<'a, 'h> {
    pub(super) look: &'a Look<'h>,
    pub(super) width: usize,
    /// Long lines are broken; else they are cut.
    pub(super) wrap: bool,
    /// The session's short id, for how to see what is not shown.
    pub(super) session: &'a str,
}

impl Layout<'_, '_> {
    /// The head of a turn, and the whole prompt below it where that has more than its line.
    pub(super) fn turn(&self, turn: &OutlineTurn, prompt: Option<&Entry>, is_open: bool) -> Vec<Line<'static>> {
        let theme = self.look.theme;
        let mut figures: Vec<Span<'static>> = Vec::new();
        let mut figure = |text: String, style: Style| {
            if !figures.is_empty() {
                figures.push(Span::raw("  "));
            }
            figures.push(Span::styled(text, style));
        };
        if turn.calls > 0 {
            figure(number::counted(turn.calls, text::tui::CALL, text::tui::CALLS), theme.dim());
        }
        if turn.errors > 0 {
            figure(text::tui::failed(turn.errors), theme.failed());
        }
        if turn.added + turn.removed > 0 {
            figure(format!("+{}", number::count(turn.added)), theme.added());
        }
        if turn.added + turn.removed > 0 {
            figures.push(Span::styled(format!(" -{}", number::count(turn.removed)), theme.removed()));
        }
        let mut figure = |text: String, style: Style| {
            if !figures.is_empty() {
                figures.push(Span::raw("  "));
            }
            figures.push(Span::styled(text, style));
        };
        if turn.active_ms > 0 {
            figure(format!("{:>7}", number::duration(turn.active_ms)), theme.dim());
        }
        let mark = theme.fold_sign(is_open);
        let lead = format!("{mark} {}  {}  ", turn.turn, text::YOU);
        let whole = prompt.and_then(|entry| match &entry.event.body {
            Body::Message(message) => Some(message_text(&message.content)),
            _ => None,
        });
        let first = clean::one_line(&turn.prompt).into_owned();
        let first = match &whole {
            Some(whole) if first.is_empty() => clean::one_line(whole.lines().next().unwrap_or_default()).into_owned(),
            _ => first,
        };
        let taken: usize = figures.iter().map(|figure| figure.width() + 1).sum();
        let mut rows =
            vec![self.with_right(vec![Span::styled(lead.clone(), theme.dim())], &first, theme.bold(), figures)];
        if let Some(whole) = whole.filter(|_| is_open) {
            let room = self.width.saturating_sub(cells::cells(&lead));
            let is_whole = !whole.trim().contains('\n') && cells::cells(whole.trim()) + taken <= room;
            if !is_whole {
                rows.extend(self.text(&whole, BODY_INDENT - 2, theme.bold(), usize::MAX, None).0);
            }
        }
        rows
    }

    /// The rows of an event; `result` is what came back, where it is a call. None for what is never shown.
    pub(super) fn rows(&self, entry: &Entry, result: Option<&Entry>, openness: Openness) -> Vec<Line<'static>> {
        let theme = self.look.theme;
        match &entry.event.body {
            Body::Message(message) if message.role == Role::System => {
                self.folding(entry, text::SYSTEM, &message_text(&message.content), openness, theme.dim())
            }
            Body::Message(message) => self.said(entry, &message.content),
            Body::Thinking(thinking) => {
                let content = if thinking.content.is_empty() { text::HIDDEN_THINKING } else { &thinking.content };
                self.folding(entry, text::THINKING, content, openness, theme.dim())
            }
            Body::ToolCall(call) => {
                let about = transcript::summary(&call.input);
                let about = if about.starts_with('/') { self.look.path(&about) } else { about.into_owned() };
                let whole = || serde_json::to_string_pretty(&call.input).unwrap_or_default();
                self.call(entry, &call.name, &about, result, openness, whole)
            }
            Body::Command(command) => {
                let name = if command.name.is_empty() { text::COMMAND } else { &command.name };
                self.call(entry, name, &command.command, result, openness, || command.command.clone())
            }
            Body::ToolResult(result) => {
                let mut rows = vec![self.head(
                    entry,
                    Some(openness),
                    text::OUTPUT,
                    result.name.as_deref().unwrap_or_default(),
                    self.outcome(result),
                )];
                rows.extend(self.output(result, entry.number, openness));
                rows
            }
            Body::Edit(edit) => self.edit(entry, edit, openness),
            Body::Todo(todo) => {
                let done = todo.items.iter().filter(|item| item.status == TodoStatus::Completed).count();
                let now = todo.items.iter().find(|item| item.status == TodoStatus::InProgress);
                let about = text::todo(done, todo.items.len(), now.map(|item| item.content.as_str()));
                let mut rows = vec![self.head(entry, Some(openness), text::TODO, &about, Vec::new())];
                if openness == Openness::Open {
                    for item in &todo.items {
                        let line = format!("{} {}", text::todo_box(item.status), clean::one_line(&item.content));
                        rows.extend(self.text(&line, Self::body_indent(entry), theme.plain(), LINES_MOST, None).0);
                    }
                }
                rows
            }
            Body::Compaction(compaction) => {
                let name = text::summary(compaction.trigger.as_deref());
                self.folding(entry, &name, &compaction.content, openness, theme.dim())
            }
            Body::Subagent(subagent) => {
                let name = subagent.name.as_deref().unwrap_or(text::SUBAGENT);
                let name = format!("{} {}", theme.subagent_sign(), clean::one_line(name));
                let outcome = subagent.status.map(|status| self.status(status)).unwrap_or_default();
                vec![self.head(entry, None, &name, subagent.description.as_deref().unwrap_or_default(), outcome)]
            }
            Body::Error(error) => {
                let message = match &error.code {
                    Some(code) => format!("{code}: {}", error.message),
                    None => error.message.clone(),
                };
                vec![self.head(entry, None, text::ERROR_KIND, &message, Vec::new()).patch_style(theme.failed())]
            }
            Body::Usage(_) | Body::Title(_) | Body::Unknown(_) => Vec::new(),
        }
    }

    /// What the agent said.
    fn said(&self, entry: &Entry, content: &Content) -> Vec<Line<'static>> {
        let theme = self.look.theme;
        let whole = message_text(content);
        let lead = format!("{}{}  ", " ".repeat(Self::indent(entry) + 2), text::AGENT);
        let indent = cells::cells(&lead);
        let (mut rows, hidden) = self.text(whole.trim(), indent, theme.plain(), LINES_MOST, Some(""));
        if let Some(first) = rows.first_mut() {
            let mut spans = vec![Span::styled(lead, theme.dim())];
            spans.extend(std::mem::take(&mut first.spans).into_iter().skip(1));
            *first = Line::from(spans);
        }
        rows.extend(self.hidden(hidden, entry.number, indent));
        rows
    }

    /// Something that is one row until it is opened: `▸ thinking (14 lines)`.
    fn folding(
        &self,
        entry: &Entry,
        name: &str,
        content: &str,
        openness: Openness,
        style: Style,
    ) -> Vec<Line<'static>> {
        let lines = content.trim().lines().count().max(1) as u64;
        let about = format!("({})", number::counted(lines, text::tui::LINE, text::tui::LINES));
        let mut rows = vec![self.head(entry, Some(openness), name, &about, Vec::new()).patch_style(style)];
        if openness == Openness::Open {
            let indent = Self::body_indent(entry);
            let (below, hidden) = self.text(content.trim(), indent, style, LINES_MOST, None);
            rows.extend(below);
            rows.extend(self.hidden(hidden, entry.number, indent));
        }
        rows
    }

    fn call(
        &self,
        entry: &Entry,
        name: &str,
        about: &str,
        result: Option<&Entry>,
        openness: Openness,
        whole: impl FnOnce() -> String,
    ) -> Vec<Line<'static>> {
        let result = result.and_then(|entry| match &entry.event.body {
            Body::ToolResult(result) => Some((result, entry.number)),
            _ => None,
        });
        let outcome = result.map(|(result, _)| self.outcome(result)).unwrap_or_default();
        let mut rows = vec![self.head(entry, Some(openness), name, about, outcome)];
        if openness == Openness::Open {
            let whole = whole();
            let is_shell = matches!(entry.event.body, Body::Command(_));
            if !is_shell || whole.contains('\n') || cells::cells(&whole) > self.width / 2 {
                let language = if is_shell { "sh" } else { "json" };
                let indent = Self::body_indent(entry);
                rows.extend(self.text(&whole, indent, self.look.theme.plain(), LINES_MOST, Some(language)).0);
            }
        }
        if let Some((result, number)) = result {
            rows.extend(self.output(result, number, openness));
        }
        rows
    }

    /// What a call gave back, as much as is to be shown.
    fn output(&self, result: &ToolResult, number: u32, openness: Openness) -> Vec<Line<'static>> {
        let most = match (openness, result.status) {
            (Openness::Closed, _) => return Vec::new(),
            (Openness::Short, Status::Ok) => SHORT_OUTPUT,
            (Openness::Short, _) => SHORT_FAILURE,
            (Openness::Open, _) => LINES_MOST,
        };
        let mut whole = result.content.text().into_owned();
        if let Some(stderr) = result.stderr.as_deref().filter(|stderr| !whole.contains(stderr.trim())) {
            whole.push('\n');
            whole.push_str(stderr);
        }
        if result.content.has_image() {
            whole.push_str(text::IMAGE);
        }
        let whole = whole.trim_matches('\n').trim_end();
        if whole.is_empty() {
            return Vec::new();
        }
        let (mut rows, hidden) = self.text(whole, BODY_INDENT, self.look.theme.dim(), most, None);
        rows.extend(self.hidden(hidden, number, BODY_INDENT));
        rows
    }

    fn edit(&self, entry: &Entry, edit: &Edit, openness: Openness) -> Vec<Line<'static>> {
        let theme = self.look.theme;
        let path = self.look.path(&edit.path);
        let path = match (&edit.to, edit.operation) {
            (Some(to), _) => text::renamed(&path, &self.look.path(to), theme.ascii),
            (None, EditOperation::Create) => format!("{path} ({})", text::NEW_FILE),
            (None, EditOperation::Delete) => format!("{path} ({})", text::DELETED_FILE),
            (None, _) => path,
        };
        let mut counts = Vec::new();
        if let Some(added) = edit.added {
            counts.push(Span::styled(format!("+{}", number::count(added)), theme.added()));
        }
        if let Some(removed) = edit.removed {
            counts.push(Span::raw(" "));
            counts.push(Span::styled(format!("-{}", number::count(removed)), theme.removed()));
        }
        let mut rows = vec![self.head(entry, Some(openness), text::EDIT, &path, counts)];
        let most = match openness {
            Openness::Closed => 0,
            Openness::Short => SHORT_EDIT,
            Openness::Open => LINES_MOST,
        };
        if let Some(diff) = edit.diff.as_deref().filter(|_| most > 0) {
            rows.extend(self.diff(entry, diff, &edit.path, most));
        }
        rows
    }

    /// A diff with the numbers of its lines: `88 -  let g = …`.
    fn diff(&self, entry: &Entry, diff: &str, path: &str, most: usize) -> Vec<Line<'static>> {
        let theme = self.look.theme;
        let indent = Self::body_indent(entry);
        let total = diff.lines().count();
        let (mut old, mut new) = (0_u64, 0_u64);
        let language = highlight::language_of(path);
        let mut rows = Vec::new();
        let shown = if total > most + 1 { most } else { total };
        for line in diff.lines().take(shown) {
            let cleaned = clean::lines(line);
            let line = cells::head(cleaned.lines().next().unwrap_or_default(), CELLS_MOST);
            if let Some((from, to)) = hunk(line) {
                (old, new) = (from, to);
                if !rows.is_empty() {
                    let gap = format!("{}{}", " ".repeat(indent + 5), theme.ellipsis());
                    rows.push(Line::from(Span::styled(gap, theme.dim())));
                }
                continue;
            }
            let (sign, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
            let (number, style) = match sign {
                "+" => (new, theme.added()),
                "-" => (old, theme.removed()),
                _ => (new, theme.plain()),
            };
            old += u64::from(sign != "+");
            new += u64::from(sign != "-");
            let lead = if number > 0 { format!("{}{number:>4} ", " ".repeat(indent)) } else { " ".repeat(indent + 5) };
            let mut spans = vec![Span::styled(lead, theme.dim()), Span::styled(format!("{sign} "), style)];
            match sign {
                "+" | "-" => spans.push(Span::styled(rest.to_owned(), style)),
                _ => spans.extend(highlight::spans(rest, language, theme)),
            }
            rows.push(self.cut(Line::from(spans)));
        }
        rows.extend(self.hidden(total - shown, entry.number, indent));
        rows
    }

    /// Rows of a text, and how many of its lines are not shown. `code`: it is of this language; the empty name means
    /// prose with code in it.
    fn text(
        &self,
        whole: &str,
        indent: usize,
        style: Style,
        most: usize,
        code: Option<&str>,
    ) -> (Vec<Line<'static>>, usize) {
        let theme = self.look.theme;
        let room = self.width.saturating_sub(indent).max(8);
        let total = whole.lines().count();
        // A row that says one line is missing takes as much room as that line.
        let shown = if total > most.saturating_add(1) { most } else { total };
        let mut rows = Vec::new();
        let mut fence: Option<String> = None;
        for raw in whole.lines().take(shown) {
            let raw = &raw[..raw.char_indices().nth(CELLS_MOST).map_or(raw.len(), |(at, _)| at)];
            // A line feed of its own kind inside a line is a line too.
            for line in clean::lines(raw).lines().chain(raw.is_empty().then_some("")) {
                let mut language = code.filter(|code| !code.is_empty()).map(str::to_owned);
                let mut is_heading = false;
                if code == Some("") {
                    if let Some(rest) = line.trim_start().strip_prefix("```") {
                        fence = match fence {
                            Some(_) => None,
                            None => Some(rest.trim().to_owned()),
                        };
                        language = Some(String::new());
                    } else {
                        language.clone_from(&fence);
                        is_heading = fence.is_none() && line.starts_with('#');
                    }
                }
                let parts = if self.wrap { cells::wrap(line, room) } else { vec![line.to_owned()] };
                for part in parts {
                    let mut spans = vec![Span::raw(" ".repeat(indent))];
                    match &language {
                        Some(language) if style == Style::new() => {
                            spans.extend(highlight::spans(&part, highlight::language(language), theme));
                        }
                        _ if is_heading => spans.push(Span::styled(part, style.add_modifier(Modifier::BOLD))),
                        _ => spans.push(Span::styled(part, style)),
                    }
                    rows.push(self.cut(Line::from(spans)));
                }
            }
        }
        (rows, total - shown)
    }

    /// `… 212 more lines: opensession show 4f2a91c7#7`
    fn hidden(&self, lines: usize, number: u32, indent: usize) -> Option<Line<'static>> {
        let theme = self.look.theme;
        let how = format!("opensession show {}#{number}", self.session);
        let more = text::more_lines(lines as u64, theme.ellipsis(), &how);
        let row = Line::from(vec![Span::raw(" ".repeat(indent)), Span::styled(more, theme.dim())]);
        (lines > 0).then(|| self.cut(row))
    }

    /// The head of an event: whether it is open, its name, what it is about, and how it ended at the right.
    fn head(
        &self,
        entry: &Entry,
        openness: Option<Openness>,
        name: &str,
        about: &str,
        outcome: Vec<Span<'static>>,
    ) -> Line<'static> {
        let theme = self.look.theme;
        let mark = match openness {
            Some(openness) => theme.fold_sign(openness != Openness::Closed),
            None => " ",
        };
        let lead = format!("{}{mark} {}  ", " ".repeat(Self::indent(entry)), clean::one_line(name));
        let mut lines = about.trim().lines();
        let mut first = clean::one_line(lines.next().unwrap_or_default()).into_owned();
        if lines.next().is_some() {
            first.push(' ');
            first.push_str(theme.ellipsis());
        }
        self.with_right(vec![Span::raw(lead)], &first, theme.plain(), outcome)
    }

    /// A row whose middle gives way to what stands at its end.
    fn with_right(
        &self,
        mut spans: Vec<Span<'static>>,
        middle: &str,
        style: Style,
        right: Vec<Span<'static>>,
    ) -> Line<'static> {
        let taken: usize = spans.iter().map(Span::width).sum();
        let right_width: usize = right.iter().map(Span::width).sum();
        let gap = if right.is_empty() { 0 } else { 2 };
        let room = self.width.saturating_sub(taken + right_width + gap);
        let shown = cells::cut_end(middle, room, self.look.theme.ellipsis());
        let padding = cells::padding(&shown, room + gap);
        spans.push(Span::styled(shown, style));
        if !right.is_empty() {
            spans.push(Span::raw(padding));
            spans.extend(right);
        }
        self.cut(Line::from(spans))
    }

    /// A row that fits.
    fn cut(&self, line: Line<'static>) -> Line<'static> {
        if line.width() <= self.width {
            return line;
        }
        let ellipsis = self.look.theme.ellipsis();
        let mut room = self.width.saturating_sub(cells::cells(ellipsis));
        let mut spans = Vec::new();
        for span in line.spans {
            let width = span.width();
            if width <= room {
                room -= width;
                spans.push(span);
                continue;
            }
            spans.push(Span::styled(cells::head(&span.content, room).to_owned(), span.style));
            break;
        }
        spans.push(Span::styled(ellipsis.to_owned(), self.look.theme.dim()));
        Line::from(spans)
    }

    /// How a call ended: `✗ 101  4.1s`.
    fn outcome(&self, result: &ToolResult) -> Vec<Span<'static>> {
        let theme = self.look.theme;
        let mut spans = match (result.status, result.exit_code) {
            (Status::Ok, Some(0) | None) => Vec::new(),
            (Status::Ok, Some(code)) => vec![Span::styled(code.to_string(), theme.dim())],
            (Status::Error, Some(code)) => {
                let (sign, style) = theme.status_sign(Status::Error);
                vec![Span::styled(format!("{sign} {code}"), style)]
            }
            (status, _) => self.status(status),
        };
        if let Some(duration) = result.duration_ms {
            spans.push(Span::styled(format!("  {}", number::duration(duration)), theme.dim()));
        }
        spans
    }

    fn status(&self, status: Status) -> Vec<Span<'static>> {
        let (sign, style) = self.look.theme.status_sign(status);
        match status {
            Status::Ok => vec![Span::styled(sign, style)],
            _ => vec![Span::styled(format!("{sign} {}", text::status_word(status)), style)],
        }
    }

    fn indent(entry: &Entry) -> usize {
        if entry.event.subagent.is_some() { INDENT + 2 } else { INDENT }
    }

    fn body_indent(entry: &Entry) -> usize {
        Self::indent(entry) + BODY_INDENT - INDENT
    }
}

/// The first lines of a hunk in the old file and in the new one: `@@ -88,1 +88,2 @@`.
pub(super) fn hunk(line: &str) -> Option<(u64, u64)> {
    let mut parts = line.strip_prefix("@@ -")?.split(' ');
    let first = |part: &str| part.split(',').next()?.parse().ok();
    let old = first(parts.next()?)?;
    let new = first(parts.next()?.strip_prefix('+')?)?;
    Some((old, new))
}

fn message_text(content: &Content) -> String {
    let mut text = content.text().into_owned();
    if content.has_image() {
        let space = if text.is_empty() { "" } else { " " };
        text.extend([space, text::IMAGE]);
    }
    text
}
