//! What the sessions of the list have in common, with counts: choosing one narrows the query to it.

use opensession_protocol::{FacetCount, SearchAnswer, StatsAnswer};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use crate::format::{cells, clean, number};
use crate::text;
use crate::tui::list::List;
use crate::tui::look::Look;
use crate::tui::paint;

/// Values of one facet that are shown.
const VALUES: usize = 8;
/// Likewise on one line: as many as there is room for, but no more.
const VALUES_ON_LINE: usize = 4;

/// A value that the query can be narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facet {
    field: Field,
    value: String,
    count: u64,
}

/// What facets are of, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Agent,
    Kind,
    Repository,
    Month,
}

impl Field {
    /// Its name as a head.
    fn name(self) -> &'static str {
        match self {
            Self::Agent => text::tui::FACET_AGENT,
            Self::Kind => text::tui::FACET_KIND,
            Self::Repository => text::tui::FACET_REPOSITORY,
            Self::Month => text::tui::FACET_MONTH,
        }
    }

    /// Its name in a query.
    fn term(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Kind => "kind",
            Self::Repository => "repo",
            Self::Month => "on",
        }
    }
}

/// The facets, and the one under the cursor.
#[derive(Debug, Default)]
pub(super) struct Facets {
    facets: Vec<Facet>,
    list: List,
}

impl Facet {
    /// As it stands in a query.
    pub(super) fn term(&self) -> String {
        let (field, value) = (self.field.term(), clean::one_line(&self.value));
        if value.contains([' ', '"']) {
            format!("{field}:\"{}\"", value.replace('"', ""))
        } else {
            format!("{field}:{value}")
        }
    }

    /// The value as it is shown: of a month of this year the name alone, of a repository without its owner.
    fn shown(&self, look: &Look<'_>) -> String {
        let value = clean::one_line(&self.value);
        match self.field {
            Field::Month => look.times.month_name(&value),
            Field::Repository => value.rsplit('/').next().unwrap_or_default().to_owned(),
            Field::Agent | Field::Kind => value.into_owned(),
        }
    }
}

/// `query` without the term, or with it.
pub(super) fn toggled(query: &str, term: &str) -> String {
    let words: Vec<&str> = query.split_whitespace().collect();
    if has_term(query, term) {
        words.into_iter().filter(|word| *word != term).collect::<Vec<_>>().join(" ")
    } else {
        [words.join(" ").as_str(), term].join(" ").trim().to_owned()
    }
}

fn has_term(query: &str, term: &str) -> bool {
    query.split_whitespace().any(|word| word == term)
}

impl Facets {
    pub(super) fn is_empty(&self) -> bool {
        self.facets.is_empty()
    }

    /// All of them, to choose one from: `[ ] agent: claude-code    9`.
    pub(super) fn choices(&self, query: &str, look: &Look<'_>) -> Vec<String> {
        let name = |facet: &Facet| format!("{}: {}", facet.field.name(), facet.shown(look));
        let names = self.facets.iter().map(|facet| cells::cells(&name(facet))).max().unwrap_or(0);
        let counts = self.facets.iter().map(|facet| number::count(facet.count).len()).max().unwrap_or(0);
        let choice = |facet: &Facet| {
            let mark = if has_term(query, &facet.term()) { "[x]" } else { "[ ]" };
            let name = name(facet);
            format!("{mark} {name}{}  {:>counts$}", cells::padding(&name, names), number::count(facet.count))
        };
        self.facets.iter().map(choice).collect()
    }

    /// Those of a search.
    pub(super) fn took_answer(&mut self, answer: &SearchAnswer) {
        let of = |field, counts: &[FacetCount]| {
            let counts = counts.iter().take(VALUES);
            counts.map(|count| Facet { field, value: count.value.clone(), count: count.count }).collect::<Vec<_>>()
        };
        self.facets = of(Field::Agent, &answer.by_agent);
        self.facets.extend(of(Field::Kind, &answer.by_kind));
        // Where all is of one repository there is nothing to narrow by.
        if answer.by_repository.len() > 1 {
            self.facets.extend(of(Field::Repository, &answer.by_repository));
        }
        self.facets.extend(of(Field::Month, &answer.by_month));
        self.list.set_count(self.facets.len());
    }

    /// Those of a list without a query.
    pub(super) fn took_figures(&mut self, answer: &StatsAnswer) {
        let rows = answer.rows.iter().filter(|row| row.sessions > 0).take(VALUES);
        let facet = |row: &opensession_protocol::StatsRow| Facet {
            field: Field::Agent,
            value: row.key.clone(),
            count: row.sessions,
        };
        self.facets = rows.map(facet).collect();
        self.list.set_count(self.facets.len());
    }

    pub(super) fn clear(&mut self) {
        self.facets.clear();
        self.list.set_count(0);
    }

    /// The one under the cursor.
    pub(super) fn selected(&self) -> Option<&Facet> {
        self.facets.get(self.list.selected())
    }

    pub(super) fn list(&mut self) -> &mut List {
        &mut self.list
    }

    pub(super) fn contains(&self, at: Position) -> bool {
        self.list.area().contains(at)
    }

    /// Moves to the facet that the mouse is used on; `true` when there is one.
    pub(super) fn mouse(&mut self, event: MouseEvent) -> bool {
        let line = self.list.mouse(event);
        let clicked = line.and_then(|line| self.lines().iter().position(|(_, at)| *at == line));
        if let Some(clicked) = clicked {
            self.list.choose(clicked);
        }
        clicked.is_some()
    }

    /// In a column of their own.
    pub(super) fn draw(&mut self, buffer: &mut Buffer, area: Rect, query: &str, has_focus: bool, look: &Look<'_>) {
        let theme = look.theme;
        let width = usize::from(area.width);
        let lines = self.lines();
        let count = lines.last().map_or(0, |(_, line)| line + 1);
        let chosen =
            lines.get(self.list.selected()).map_or(0..0, |(head, at)| at - usize::from(head.is_some())..at + 1);
        let seen = self.list.lay_out_lines(area, count, chosen);
        for (index, (head, line)) in lines.into_iter().enumerate() {
            let facet = &self.facets[index];
            if let Some(head) = head.filter(|_| seen.contains(&(line - 1))) {
                let style = if has_focus { theme.bold() } else { theme.plain() };
                paint::text(buffer, area, self.list.row(line - 1), head, style);
            }
            if !seen.contains(&line) {
                continue;
            }
            let y = self.list.row(line);
            let count = number::count(facet.count);
            let mark = if has_term(query, &facet.term()) { "[x] " } else { "[ ] " };
            let room = width.saturating_sub(4 + count.len() + 1);
            let value = cells::cut_end(&facet.shown(look), room, theme.ellipsis());
            paint::text(buffer, area, y, &format!("{mark}{value}"), theme.plain());
            paint::line_right(buffer, area, y, &Line::from(count));
            if has_focus && index == self.list.selected() {
                self.list.draw_cursor(buffer, line, true, theme);
            }
        }
    }

    /// On one line: `agent claude-code 9  codex 3 | kind output 31  agent 20 | month Nov 8  Oct 4`.
    pub(super) fn draw_line(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let theme = look.theme;
        let room = usize::from(area.width);
        let width = |parts: &[(&str, String)]| {
            parts
                .iter()
                .map(|(name, values)| name.len() + 1 + cells::cells(values) + 3)
                .sum::<usize>()
                .saturating_sub(3)
        };
        // A value of each, then one more of each as long as there is room.
        let mut counts = vec![1; self.facets.chunk_by(|one, next| one.field == next.field).count()];
        for most in 2..=VALUES_ON_LINE {
            for field in 0..counts.len() {
                let before = std::mem::replace(&mut counts[field], most);
                if width(&self.on_line(&counts, look)) > room {
                    counts[field] = before;
                }
            }
        }
        let mut parts = self.on_line(&counts, look);
        // Where there is no room for a value of each, the last are left out whole.
        while parts.len() > 1 && width(&parts) > room {
            parts.pop();
        }
        let mut spans = Vec::new();
        for (name, values) in parts {
            if !spans.is_empty() {
                spans.push(Span::styled(format!(" {} ", theme.vertical()), theme.dim()));
            }
            spans.push(Span::styled(format!("{name} "), theme.dim()));
            spans.push(Span::raw(values));
        }
        paint::line(buffer, area, 0, &Line::from(spans));
    }

    /// Each field with so many of its values at most.
    fn on_line(&self, counts: &[usize], look: &Look<'_>) -> Vec<(&'static str, String)> {
        let of_field = self.facets.chunk_by(|one, next| one.field == next.field);
        of_field
            .zip(counts)
            .map(|(facets, most)| {
                let values = facets.iter().take(*most);
                let values = values.map(|facet| format!("{} {}", facet.shown(look), number::count(facet.count)));
                (facets[0].field.name(), values.collect::<Vec<_>>().join("  "))
            })
            .collect()
    }

    /// For each facet its line, and the head above it where it is the first of its field.
    fn lines(&self) -> Vec<(Option<&'static str>, usize)> {
        let mut lines = Vec::with_capacity(self.facets.len());
        let mut line = 0;
        for of_field in self.facets.chunk_by(|one, next| one.field == next.field) {
            // A head, with a line above it that is left empty but for the first.
            line += if lines.is_empty() { 1 } else { 2 };
            for (index, facet) in of_field.iter().enumerate() {
                lines.push(((index == 0).then_some(facet.field.name()), line));
                line += 1;
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_goes_into_the_query_and_out_of_it() {
        let facet = Facet { field: Field::Agent, value: "codex".to_owned(), count: 3 };
        let narrowed = toggled("lock panicked", &facet.term());
        assert_eq!(narrowed, "lock panicked agent:codex");
        assert_eq!(toggled(&narrowed, &facet.term()), "lock panicked");
        assert_eq!(toggled("", &facet.term()), "agent:codex");
    }

    #[test]
    fn a_month_narrows_to_what_was_done_in_it() {
        let facet = Facet { field: Field::Month, value: "2026-11".to_owned(), count: 8 };
        assert_eq!(toggled("lock", &facet.term()), "lock on:2026-11");
    }
}
