//! Putting text into cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::theme::Theme;
use crate::format::cells;

/// Writes `text` at the beginning of row `y` of `area`, cut to its width.
pub(crate) fn text(buffer: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) {
    line(buffer, area, y, &Line::from(Span::styled(text, style)));
}

/// Writes a line at the beginning of row `y` of `area`, cut to its width.
pub(crate) fn line(buffer: &mut Buffer, area: Rect, y: u16, line: &Line<'_>) {
    if y < area.height && area.width > 0 {
        buffer.set_line(area.x, area.y + y, line, area.width);
    }
}

/// Writes a line that ends where row `y` of `area` ends.
pub(crate) fn line_right(buffer: &mut Buffer, area: Rect, y: u16, shown: &Line<'_>) {
    let width = (shown.width() as u16).min(area.width);
    let right = Rect { x: area.x + area.width - width, width, ..area };
    line(buffer, right, y, shown);
}

/// Gives the whole row a style, on top of what its text has.
pub(crate) fn row_style(buffer: &mut Buffer, area: Rect, y: u16, style: Style) {
    if y < area.height {
        buffer.set_style(Rect { y: area.y + y, height: 1, ..area }, style);
    }
}

/// A line across with words on it: `--- 4f2a91c7 #131 output ---- hit 1 of 6 ----`.
pub(crate) fn divider(buffer: &mut Buffer, area: Rect, y: u16, left: &str, right: &str, is_focus: bool, theme: Theme) {
    if y >= area.height {
        return;
    }
    let width = usize::from(area.width);
    text(buffer, area, y, &theme.horizontal().repeat(width), theme.dim());
    let title = if is_focus { theme.bold() } else { theme.plain() };
    let put = |buffer: &mut Buffer, at: usize, words: &str, style: Style| {
        if !words.is_empty() && at < width {
            let shown = cells::cut_end(&format!(" {words} "), width - at, theme.ellipsis());
            let part = Rect { x: area.x + at as u16, width: (width - at) as u16, ..area };
            text(buffer, part, y, &shown, style);
        }
    };
    put(buffer, 3, left, title);
    let right_at = width.saturating_sub(cells::cells(right) + 3);
    if right_at > 3 + cells::cells(left) + 3 {
        put(buffer, right_at, right, theme.dim());
    }
}

/// A line down, in a column of its own.
pub(crate) fn upright(buffer: &mut Buffer, area: Rect, theme: Theme) {
    for y in 0..area.height {
        text(buffer, area, y, theme.vertical(), theme.dim());
    }
}

/// The first row to be shown so that `selected` is, with the rows that were shown before moved as little as possible.
pub(crate) fn scrolled(top: usize, selected: std::ops::Range<usize>, height: usize) -> usize {
    if selected.start < top {
        selected.start
    } else if selected.end > top + height {
        selected.end.saturating_sub(height).min(selected.start)
    } else {
        top
    }
}
