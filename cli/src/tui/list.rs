//! A list: what is chosen in it, which part of it is seen, and what keys and the mouse do to it.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::keys::Action;
use super::paint;
use super::theme::Theme;

/// Rows that a turn of the wheel moves.
const WHEEL: isize = 3;

/// A list of items, of which one is chosen, or a text of which a part is seen.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// The item under the cursor.
    selected: usize,
    /// The first line that is seen.
    top: usize,
    /// Items; of a text its lines.
    count: usize,
    /// Where it was drawn last.
    area: Rect,
    /// Nothing is chosen in it: keys move what is seen.
    is_text: bool,
}

impl List {
    /// One in which nothing is chosen.
    pub(crate) fn text() -> Self {
        Self { is_text: true, ..Self::default() }
    }

    /// The item under the cursor.
    pub(crate) fn selected(&self) -> usize {
        self.selected
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn area(&self) -> Rect {
        self.area
    }

    /// Back to the beginning.
    pub(crate) fn reset(&mut self) {
        (self.selected, self.top) = (0, 0);
    }

    /// It has so many items from now on; the cursor stays among them.
    pub(crate) fn set_count(&mut self, count: usize) {
        self.count = count;
        self.step(0);
    }

    /// Moves to an item; `true` when the cursor was there already.
    pub(crate) fn choose(&mut self, item: usize) -> bool {
        let was_there = self.selected == item;
        self.selected = item;
        self.step(0);
        was_there
    }

    /// Moves by so many items, not beyond the ends.
    pub(crate) fn step(&mut self, by: isize) {
        if self.is_text {
            self.top = self.top.saturating_add_signed(by).min(self.count.saturating_sub(self.height()));
        } else {
            self.selected = self.selected.saturating_add_signed(by).min(self.count.saturating_sub(1));
        }
    }

    /// Moves by one, from the last to the first and back.
    pub(crate) fn cycle(&mut self, forward: bool) {
        let by = if forward { 1 } else { self.count.saturating_sub(1) };
        self.selected = (self.selected + by) % self.count.max(1);
    }

    /// Does what the keys do that move; `false` for all others.
    pub(crate) fn act(&mut self, action: Action) -> bool {
        let half = (self.height() / 2).max(1) as isize;
        self.step(match action {
            Action::Down => 1,
            Action::Up => -1,
            Action::HalfPageDown => half,
            Action::HalfPageUp => -half,
            Action::First => isize::MIN / 2,
            Action::Last => isize::MAX / 2,
            _ => return false,
        });
        true
    }

    /// Takes the wheel, and gives the line that was clicked.
    pub(crate) fn mouse(&mut self, event: MouseEvent) -> Option<usize> {
        match event.kind {
            MouseEventKind::ScrollDown => self.step(WHEEL),
            MouseEventKind::ScrollUp => self.step(-WHEEL),
            MouseEventKind::Down(MouseButton::Left) if self.area.contains(Position::new(event.column, event.row)) => {
                return Some(self.top + usize::from(event.row - self.area.y));
            }
            _ => {}
        }
        None
    }

    /// It is drawn in `area`, a line an item: gives the items that are seen.
    pub(crate) fn lay_out(&mut self, area: Rect, count: usize) -> Range<usize> {
        self.area = area;
        self.set_count(count);
        self.lay_out_lines(area, count, self.selected..self.selected + 1)
    }

    /// It is drawn in `area`, in so many lines, of which those of the item under the cursor are `chosen`: gives the lines
    /// that are seen.
    pub(crate) fn lay_out_lines(&mut self, area: Rect, lines: usize, chosen: Range<usize>) -> Range<usize> {
        self.area = area;
        if self.is_text {
            self.count = lines;
            self.step(0);
        } else {
            self.top = paint::scrolled(self.top, chosen, self.height()).min(lines.saturating_sub(1));
        }
        self.top..lines.min(self.top + self.height())
    }

    /// Draws the cursor over a line that [`List::lay_out`] gave.
    pub(crate) fn draw_cursor(&self, buffer: &mut Buffer, line: usize, has_focus: bool, theme: Theme) {
        paint::row_style(buffer, self.area, self.row(line), theme.cursor(has_focus));
    }

    /// The row of the area in which a line that is seen stands.
    pub(crate) fn row(&self, line: usize) -> u16 {
        line.saturating_sub(self.top) as u16
    }

    fn height(&self) -> usize {
        usize::from(self.area.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rect = Rect { x: 2, y: 3, width: 20, height: 4 };

    #[test]
    fn the_cursor_stays_among_the_items_and_in_view() {
        let mut list = List::default();
        assert_eq!(list.lay_out(AREA, 10), 0..4);
        list.act(Action::Last);
        assert_eq!((list.selected(), list.lay_out(AREA, 10)), (9, 6..10));
        list.act(Action::Up);
        assert_eq!((list.selected(), list.lay_out(AREA, 10)), (8, 6..10));
        list.act(Action::HalfPageUp);
        list.act(Action::HalfPageUp);
        assert_eq!((list.selected(), list.lay_out(AREA, 10)), (4, 4..8));
        assert_eq!((list.lay_out(AREA, 3), list.selected()), (2..3, 2));
        list.set_count(0);
        assert_eq!(list.selected(), 0);
        assert!(!list.act(Action::Open));
    }

    #[test]
    fn a_text_scrolls_to_its_end_and_no_further() {
        let mut text = List::text();
        text.lay_out(AREA, 10);
        text.act(Action::Down);
        assert_eq!(text.lay_out(AREA, 10), 1..5);
        text.act(Action::Last);
        assert_eq!(text.lay_out(AREA, 10), 6..10);
        assert_eq!(text.lay_out(AREA, 2), 0..2);
    }

    #[test]
    fn a_click_names_the_line_under_it() {
        let click = |row| MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: 5,
            row,
            modifiers: ratatui::crossterm::event::KeyModifiers::NONE,
        };
        let mut list = List::default();
        list.lay_out(AREA, 10);
        list.choose(8);
        list.lay_out(AREA, 10);
        assert_eq!(list.mouse(click(3)), Some(5));
        assert_eq!(list.mouse(click(7)), None);
        list.cycle(true);
        list.cycle(true);
        assert_eq!(list.selected(), 0);
        list.cycle(false);
        assert_eq!(list.selected(), 9);
    }
}
