//! What the sessions of the list have in common, with counts: choosing one narrows the query to it.

use opensession_protocol::{FacetCount, SearchAnswer, StatsAnswer};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::format::{cells, clean, number};
use crate::text;
use crate::tui::look::Look;
use crate::tui::paint;

/// Values of one facet that are shown.
const VALUES: usize = 8;

/// A value that the query can be narrowed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facet {
    /// `agent`, `kind`.
    field: &'static str,
    value: String,
    count: u64,
}

/// The facets, and the one under the cursor.
#[derive(Debug, Default)]
pub(super) struct Facets {
    facets: Vec<Facet>,
    pub(super) selected: usize,
    pub(super) area: Rect,
}

impl Facet {
    /// As it stands in a query.
    pub(super) fn term(&self) -> String {
        let value = clean::one_line(&self.value);
        if value.contains([' ', '"']) {
            format!("{}:\"{}\"", self.field, value.replace('"', ""))
        } else {
            format!("{}:{value}", self.field)
        }
    }

    /// `agent: claude-code  9`
    pub(super) fn row(&self, query: &str) -> String {
        let mark = if has_term(query, &self.term()) { "[x]" } else { "[ ]" };
        format!("{mark} {}: {}  {}", self.field, clean::one_line(&self.value), number::count(self.count))
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

    pub(super) fn all(&self) -> &[Facet] {
        &self.facets
    }

    /// Those of a search.
    pub(super) fn took_answer(&mut self, answer: &SearchAnswer) {
        let of = |field, counts: &[FacetCount]| {
            let counts = counts.iter().take(VALUES);
            counts.map(|count| Facet { field, value: count.value.clone(), count: count.count }).collect::<Vec<_>>()
        };
        self.facets = of("agent", &answer.by_agent);
        self.facets.extend(of("kind", &answer.by_kind));
        self.selected = self.selected.min(self.facets.len().saturating_sub(1));
    }

    /// Those of a list without a query.
    pub(super) fn took_figures(&mut self, answer: &StatsAnswer) {
        let rows = answer.rows.iter().filter(|row| row.sessions > 0).take(VALUES);
        self.facets = rows.map(|row| Facet { field: "agent", value: row.key.clone(), count: row.sessions }).collect();
        self.selected = self.selected.min(self.facets.len().saturating_sub(1));
    }

    pub(super) fn clear(&mut self) {
        self.facets.clear();
        self.selected = 0;
    }

    pub(super) fn step(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.facets.len().saturating_sub(1));
    }

    /// Moves to the facet in this row of the screen.
    pub(super) fn click(&mut self, row: u16) -> bool {
        let clicked = self.rows().iter().position(|(_, at)| *at == usize::from(row.saturating_sub(self.area.y)));
        if let Some(clicked) = clicked {
            self.selected = clicked;
        }
        clicked.is_some()
    }

    /// In a column of their own.
    pub(super) fn draw(&mut self, buffer: &mut Buffer, area: Rect, query: &str, has_focus: bool, look: &Look<'_>) {
        self.area = area;
        let theme = look.theme;
        let width = usize::from(area.width);
        for (index, (head, y)) in self.rows().into_iter().enumerate() {
            let facet = &self.facets[index];
            if let Some(head) = head {
                paint::text(buffer, area, y as u16 - 1, head, if has_focus { theme.bold() } else { theme.plain() });
            }
            let count = number::count(facet.count);
            let mark = if has_term(query, &facet.term()) { "[x] " } else { "[ ] " };
            let room = width.saturating_sub(4 + count.len() + 1);
            let value = cells::cut_end(&clean::one_line(&facet.value), room, theme.ellipsis());
            paint::text(buffer, area, y as u16, &format!("{mark}{value}"), theme.plain());
            paint::line_right(buffer, area, y as u16, &Line::from(count));
            if has_focus && index == self.selected {
                paint::row_style(buffer, area, y as u16, theme.cursor(true));
            }
        }
    }

    /// On one line: `agent claude-code 9  codex 3 | kind output 31  agent 20`.
    pub(super) fn draw_line(&self, buffer: &mut Buffer, area: Rect, y: u16, look: &Look<'_>) {
        let theme = look.theme;
        let mut spans = Vec::new();
        let mut last = "";
        for facet in &self.facets {
            if facet.field == last {
                spans.push(Span::raw("  "));
            } else {
                if !last.is_empty() {
                    spans.push(Span::styled(format!(" {} ", theme.vertical()), theme.dim()));
                }
                spans.push(Span::styled(format!("{} ", facet.field), theme.dim()));
                last = facet.field;
            }
            spans.push(Span::raw(format!("{} {}", clean::one_line(&facet.value), number::count(facet.count))));
        }
        paint::line(buffer, area, y, &Line::from(spans));
    }

    /// For each facet its row, and the head above it where it is the first of its field.
    fn rows(&self) -> Vec<(Option<&'static str>, usize)> {
        let mut rows = Vec::new();
        let mut y = 0;
        let mut last = "";
        for facet in &self.facets {
            let is_first = facet.field != last;
            if is_first {
                y += if last.is_empty() { 1 } else { 2 };
                last = facet.field;
            }
            rows.push((is_first.then_some(text::tui::facet(facet.field)), y));
            y += 1;
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_facet_goes_into_the_query_and_out_of_it() {
        let facet = Facet { field: "agent", value: "codex".to_owned(), count: 3 };
        let narrowed = toggled("lock panicked", &facet.term());
        assert_eq!(narrowed, "lock panicked agent:codex");
        assert_eq!(toggled(&narrowed, &facet.term()), "lock panicked");
        assert_eq!(toggled("", &facet.term()), "agent:codex");
        assert_eq!(facet.row(&narrowed), "[x] agent: codex  3");
    }
}
