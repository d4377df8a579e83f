//! The list beneath the search line: what can stand at the cursor, or the searches that are kept.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget as _};

use crate::format::cells;
use crate::tui::line_edit::LineEdit;
use crate::tui::list::List;
use crate::tui::look::Look;
use crate::tui::paint;

/// Rows that it takes at most.
const ROWS: usize = 8;
/// Cells that names have at most, so that what they mean is seen too.
const NAME_MOST: usize = 44;

/// What can be put into the search line.
#[derive(Debug)]
pub(super) struct Candidates {
    of: Of,
    items: Vec<Item>,
    list: List,
    /// What its lower edge says.
    note: String,
}

/// Where a candidate goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// In the place of these code points of the line that they were asked for.
    Piece { line: String, range: Range<usize> },
    /// In the place of the whole line.
    Line,
}

/// One of them, harmless.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// What is put into the line.
    pub(super) text: String,
    /// What kind it is of, at the first of its kind.
    pub(super) head: &'static str,
    pub(super) name: String,
    pub(super) detail: String,
    /// What stands at the right.
    pub(super) count: String,
}

impl Candidates {
    /// `None` for none.
    pub(super) fn new(of: Of, items: Vec<Item>, note: String) -> Option<Self> {
        let mut list = List::default();
        list.set_count(items.len());
        (!items.is_empty()).then_some(Self { of, items, list, note })
    }

    pub(super) fn list(&mut self) -> &mut List {
        &mut self.list
    }

    /// Whether they go into the place of a piece of the line, and not of all of it.
    pub(super) fn complete_a_piece(&self) -> bool {
        matches!(self.of, Of::Piece { .. })
    }

    pub(super) fn is_one(&self) -> bool {
        self.items.len() == 1
    }

    /// Whether they are for this line, and not for one that was typed before.
    pub(super) fn are_for(&self, typed: &LineEdit) -> bool {
        match &self.of {
            Of::Piece { line, range } => line == typed.text() && (range.start..=range.end).contains(&typed.cursor()),
            Of::Line => true,
        }
    }

    /// Puts the one under the cursor into the line. Gives whether it wants to go on: a field its value, a folder what is
    /// in it.
    pub(super) fn put(&self, line: &mut LineEdit) -> bool {
        let Some(item) = self.items.get(self.list.selected()) else { return false };
        match &self.of {
            Of::Piece { range, .. } => {
                let before = line.text().to_owned();
                line.replace(range.clone(), &item.text);
                before != line.text() && item.text.ends_with([':', '/'])
            }
            Of::Line => {
                line.set(item.text.clone());
                false
            }
        }
    }

    /// Draws itself over the top of `area`. `cursor` is the column of the cursor in the line above.
    pub(super) fn draw(&mut self, buffer: &mut Buffer, area: Rect, line: &LineEdit, cursor: u16, look: &Look<'_>) {
        let theme = look.theme;
        let widest = |of: fn(&Item) -> &str| self.items.iter().map(|item| cells::cells(of(item))).max().unwrap_or(0);
        let most = usize::from(area.width).saturating_sub(4);
        let head = widest(|item| item.head);
        let name = widest(|item| &item.name).min(NAME_MOST).min(most.saturating_sub(head));
        let count = widest(|item| &item.count);
        let gap = |width: usize| if width > 0 { width + 2 } else { 0 };
        let fixed = gap(head) + name + if count > 0 { count + 2 } else { 0 };
        // What a candidate means gives way first.
        let detail = widest(|item| &item.detail).min(most.saturating_sub(fixed + 2));
        let width = (fixed + if detail > 0 { detail + 2 } else { 0 }).max(cells::cells(&self.note) + 6).min(most) + 4;
        let rows = self.items.len().min(ROWS).min(usize::from(area.height.saturating_sub(1)));
        // Candidates stand below the piece that they complete.
        let column = match &self.of {
            Of::Piece { range, .. } => {
                let piece: String = line.before().chars().skip(range.start).collect();
                cursor.saturating_sub(cells::cells(&piece) as u16 + 2)
            }
            Of::Line => area.x,
        };
        let x = column.clamp(area.x, (area.x + area.width).saturating_sub(width as u16).max(area.x));
        let outer = Rect { x, y: area.y, width: width as u16, height: rows as u16 + 1 };
        if rows == 0 {
            return;
        }
        Clear.render(outer, buffer);
        let inner = Rect { x: x + 2, width: outer.width.saturating_sub(4), height: rows as u16, ..outer };
        for index in self.list.lay_out(inner, self.items.len()) {
            let item = &self.items[index];
            let y = self.list.row(index);
            let fit = |text: &str, width: usize| {
                let shown = cells::cut_end(text, width, theme.ellipsis());
                format!("{shown}{}", cells::padding(&shown, width))
            };
            let mut spans = Vec::new();
            let mut put = |text: String, style: Style| spans.push(Span::styled(text, style));
            if head > 0 {
                put(fit(item.head, head + 2), theme.dim());
            }
            put(fit(&item.name, name), theme.plain());
            if detail > 0 {
                put(format!("  {}", fit(&item.detail, detail)), theme.dim());
            }
            paint::line(buffer, inner, y, &Line::from(spans));
            paint::line_right(buffer, inner, y, &Line::from(item.count.as_str()));
            if index == self.list.selected() {
                self.list.draw_cursor(buffer, index, true, theme);
            }
            paint::text(buffer, outer, y, theme.vertical(), theme.dim());
            paint::line_right(buffer, outer, y, &Line::from(Span::styled(theme.vertical(), theme.dim())));
        }
        paint::divider(buffer, outer, rows as u16, &self.note, "", false, theme);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(line: &str, range: Range<usize>, texts: &[&str]) -> Candidates {
        let item = |text: &&str| Item { text: (*text).to_owned(), name: (*text).to_owned(), ..Item::default() };
        let of = Of::Piece { line: line.to_owned(), range };
        Candidates::new(of, texts.iter().map(item).collect(), String::new()).unwrap()
    }

    #[test]
    fn a_candidate_takes_the_place_of_its_piece_alone() {
        let mut line = LineEdit::new("잠금 ag");
        let mut candidates = candidates("잠금 ag", 3..5, &["agent:", "again"]);
        assert!(candidates.are_for(&line));
        assert!(candidates.put(&mut line), "a field wants its value");
        assert_eq!(line.text(), "잠금 agent:");
        assert!(!candidates.are_for(&line), "the line is another one");
        line.set("잠금 ag");
        candidates.list().cycle(true);
        assert!(!candidates.put(&mut line));
        assert_eq!(line.text(), "잠금 again");
    }

    #[test]
    fn what_changes_nothing_does_not_go_on() {
        let mut line = LineEdit::new("agent:");
        assert!(!candidates("agent:", 0..6, &["agent:"]).put(&mut line));
    }
}
