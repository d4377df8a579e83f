//! What is shown of the session under the cursor beside the list: its hits, or what it was about.

use std::collections::HashMap;

use opensession_protocol::{Hit, SessionInfo, SessionSummary};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::search::Found;
use crate::format::{cells, clean, number};
use crate::session_line;
use crate::text;
use crate::tui::look::Look;
use crate::tui::paint;

/// Summaries kept.
const KEPT: usize = 200;

/// The preview, and the hit that is chosen in it.
#[derive(Debug, Default)]
pub(super) struct Preview {
    /// The hit under the cursor, of the session under the cursor.
    pub(super) hit: usize,
    summaries: HashMap<String, SessionSummary>,
    pub(super) area: Rect,
    /// Which hit stands in which row, as last drawn.
    rows: Vec<usize>,
}

impl Preview {
    pub(super) fn knows(&self, session: &str) -> bool {
        self.summaries.contains_key(session)
    }

    pub(super) fn took(&mut self, summary: SessionSummary) {
        if self.summaries.len() >= KEPT {
            self.summaries.clear();
        }
        self.summaries.insert(summary.session.id.clone(), summary);
    }

    /// What is known may be of yesterday.
    pub(super) fn forget(&mut self) {
        self.summaries.clear();
    }

    pub(super) fn step(&mut self, by: isize, found: Option<&Found>) {
        let last = found.map_or(0, |found| found.hits.len().saturating_sub(1));
        self.hit = self.hit.saturating_add_signed(by).min(last);
    }

    /// Moves to the hit in this row of the screen.
    pub(super) fn click(&mut self, row: u16) -> bool {
        let clicked = self.rows.get(usize::from(row.saturating_sub(self.area.y))).copied();
        if let Some(hit) = clicked {
            self.hit = hit;
        }
        clicked.is_some()
    }

    /// `4f2a91c7 #131 output`, and `hit 1 of 6`.
    pub(super) fn titles(&self, session: &SessionInfo, found: Option<&Found>) -> (String, String) {
        let id = clean::one_line(&session.short_id).into_owned();
        match found.and_then(|found| Some((found, found.hits.get(self.hit)?))) {
            Some((found, hit)) => {
                let left = format!("{id} {} {}", hit_name(hit), hit.kind.name());
                (left, text::tui::hit_of(self.hit + 1, found.total))
            }
            None => (id, String::new()),
        }
    }

    pub(super) fn draw(
        &mut self,
        buffer: &mut Buffer,
        area: Rect,
        session: &SessionInfo,
        found: Option<&Found>,
        has_focus: bool,
        look: &Look<'_>,
    ) {
        self.area = area;
        self.rows.clear();
        match found.filter(|found| !found.hits.is_empty()) {
            Some(found) => self.draw_hits(buffer, area, found, has_focus, look),
            None => self.draw_summary(buffer, area, session, look),
        }
    }

    fn draw_hits(&mut self, buffer: &mut Buffer, area: Rect, found: &Found, has_focus: bool, look: &Look<'_>) {
        let theme = look.theme;
        let width = usize::from(area.width);
        self.hit = self.hit.min(found.hits.len() - 1);
        let name_width = found.hits.iter().map(|hit| cells::cells(&hit_name(hit))).max().unwrap_or(0);
        let kind_width = found.hits.iter().map(|hit| hit.kind.name().len()).max().unwrap_or(0);
        let lead = name_width + 2 + kind_width + 2;
        let mut rows: Vec<(usize, Line<'static>)> = Vec::new();
        for (index, hit) in found.hits.iter().enumerate() {
            let name = hit_name(hit);
            let kind = hit.kind.name();
            let style = if hit.error { theme.failed() } else { theme.dim() };
            let (text, ranges) = harmless(hit);
            let parts = wrapped(&text, &ranges, width.saturating_sub(lead + 1), theme);
            for (part, spans) in parts.into_iter().take(if index == self.hit { 6 } else { 2 }).enumerate() {
                let mut line = if part == 0 {
                    vec![
                        Span::styled(if index == self.hit { ">" } else { " " }, theme.bold()),
                        Span::styled(format!("{name}{}  ", cells::padding(&name, name_width)), theme.id()),
                        Span::styled(format!("{kind:<kind_width$}  "), style),
                    ]
                } else {
                    vec![Span::raw(" ".repeat(lead + 1))]
                };
                line.extend(spans);
                rows.push((index, Line::from(line)));
            }
        }
        let first = rows.iter().position(|(index, _)| *index == self.hit).unwrap_or(0);
        let last = rows.iter().rposition(|(index, _)| *index == self.hit).unwrap_or(0);
        let top = paint::scrolled(0, first..last + 1, usize::from(area.height));
        for (y, (index, line)) in rows.into_iter().skip(top).take(usize::from(area.height)).enumerate() {
            paint::line(buffer, area, y as u16, &line);
            if has_focus && index == self.hit {
                paint::row_style(buffer, area, y as u16, theme.cursor(true));
            }
            self.rows.push(index);
        }
    }

    fn draw_summary(&self, buffer: &mut Buffer, area: Rect, session: &SessionInfo, look: &Look<'_>) {
        let theme = look.theme;
        let mut facts = vec![clean::one_line(&session.agent).into_owned()];
        facts.extend(session.model.as_deref().map(|model| clean::one_line(model).into_owned()));
        facts.extend(Some(session_line::place(session)).filter(|place| !place.is_empty()));
        facts.extend(session.updated.map(|updated| look.times.minute(updated)));
        facts.extend(session.state.word().map(str::to_owned));
        facts.extend(session.starred.then(|| text::STARRED.to_owned()));
        let stats = &session.stats;
        let mut figures = vec![number::counted(stats.turns, text::TURN, text::TURNS)];
        if stats.files > 0 {
            let files = number::counted(stats.files, text::FILE, text::FILES);
            figures.push(format!("{files} +{} -{}", number::count(stats.added), number::count(stats.removed)));
        }
        if stats.errors > 0 {
            figures.push(number::counted(stats.errors, text::FAILED_CALL, text::FAILED_CALLS));
        }
        figures.push(number::counted(session_line::tokens(stats), text::TOKEN, text::TOKENS));
        figures.push(number::cost(stats.cost, stats.cost_estimated));
        let mut lines = vec![(facts.join(", "), theme.plain()), (figures.join(", "), theme.dim())];
        if let Some(summary) = self.summaries.get(&session.id) {
            lines.push((clean::one_line(&summary.outcome).into_owned(), theme.plain()));
            lines.push((clean::lines(&summary.objective).into_owned(), theme.bold()));
        } else if let Some(prompt) = &session.first_prompt {
            lines.push((clean::lines(prompt).into_owned(), theme.bold()));
        }
        let mut y = 0;
        for (line, style) in lines.into_iter().filter(|(line, _)| !line.is_empty()) {
            for part in cells::wrap(&line, usize::from(area.width)) {
                paint::text(buffer, area, y, &part, style);
                y += 1;
            }
        }
    }
}

/// The event's number, with its session's where that is a sub-agent's.
fn hit_name(hit: &Hit) -> String {
    match &hit.session {
        Some(session) => format!("{}#{}", clean::one_line(session).chars().take(8).collect::<String>(), hit.event),
        None => format!("#{}", hit.event),
    }
}

/// A snippet's harmless characters, and the matches among them.
fn harmless(hit: &Hit) -> (Vec<char>, Vec<(usize, usize)>) {
    let numbered = clean::numbered(&hit.text);
    let place = |number: u32| numbered.partition_point(|(at, _)| *at < number as usize);
    let ranges = hit.ranges.iter().map(|&(from, to)| (place(from), place(to))).collect();
    (numbered.into_iter().map(|(_, character)| character).collect(), ranges)
}

/// A text in rows of so many cells, its matches marked.
fn wrapped(
    text: &[char],
    ranges: &[(usize, usize)],
    width: usize,
    theme: crate::tui::theme::Theme,
) -> Vec<Vec<Span<'static>>> {
    let width = width.max(8);
    let is_hit = |at: usize| ranges.iter().any(|(from, to)| (*from..*to).contains(&at));
    let mut rows = Vec::new();
    let mut begin = 0;
    while begin < text.len() {
        let whole: String = text[begin..].iter().take(width + 1).collect();
        let fits = cells::head(&whole, width).chars().count().max(1);
        let mut end = (begin + fits).min(text.len());
        if end < text.len()
            && let Some(space) = text[begin..end].iter().rposition(|character| *character == ' ').filter(|at| *at > 0)
        {
            end = begin + space + 1;
        }
        let mut spans: Vec<Span<'static>> = Vec::new();
        let mut at = begin;
        while at < end {
            let hit = is_hit(at);
            let to = (at..end).find(|next| is_hit(*next) != hit).unwrap_or(end);
            let piece: String = text[at..to].iter().collect();
            spans.push(match (hit, theme.ascii && !theme.color) {
                (true, true) => Span::raw(format!("[{piece}]")),
                (true, false) => Span::styled(piece, theme.hit()),
                (false, _) => Span::raw(piece),
            });
            at = to;
        }
        rows.push(spans);
        begin = end;
    }
    rows
}
