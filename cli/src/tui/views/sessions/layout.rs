//! Where the parts of the list's page stand, and how the divider between list and preview is moved.

use ratatui::layout::{Position, Rect};

/// From these widths on the preview stands beside the list, and the facets too.
const BESIDE: u16 = 120;
pub(super) const FACETS_BESIDE: u16 = 150;
const FACETS_WIDTH: u16 = 20;
const LIST_WIDTH: u16 = 52;
/// It is never so wide of itself that a session takes one line: beside a preview two lines say more.
const LIST_MOST: u16 = 60;
/// Cells that list and preview keep when the divider is moved.
const WIDTH_LEAST: u16 = 30;
/// Rows of the preview below the list, and those that it and the list keep.
const PREVIEW_ROWS: u16 = 6;
const PREVIEW_LEAST: u16 = 2;
const LIST_LEAST: u16 = 3;

/// Where the parts stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// The facets in a column of their own.
    pub(super) facets: Option<Rect>,
    pub(super) list: Rect,
    pub(super) divider: Option<Divider>,
    /// With its title, which beside the list stands in its first row and below it on the divider.
    pub(super) preview: Option<Rect>,
    /// The facets on one line.
    pub(super) facets_line: Option<Rect>,
}

/// The line between list and preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Divider {
    /// In this column.
    Upright(u16),
    /// In this row.
    Across(u16),
}

/// What is to be shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) preview: bool,
    pub(super) facets: bool,
    /// The facets, where they have no column of their own.
    pub(super) facets_line: bool,
}

/// How the user divides list and preview.
#[derive(Debug, Default)]
pub(super) struct Split {
    /// Cells of the list, where the preview stands beside it.
    width: Option<u16>,
    /// Rows of the preview, where it stands below.
    rows: Option<u16>,
    is_dragged: bool,
}

impl Layout {
    pub(super) fn of(body: Rect, wanted: Wanted, split: &Split) -> Self {
        if wanted.preview && body.width >= BESIDE {
            return Self::beside(body, wanted, split);
        }
        if wanted.preview && body.height > PREVIEW_ROWS + 4 {
            return Self::below(body, wanted, split);
        }
        Self { list: body, ..Self::default() }
    }

    fn beside(body: Rect, wanted: Wanted, split: &Split) -> Self {
        let facets = wanted.facets.then_some(Rect { width: FACETS_WIDTH, ..body });
        // A column for the line, and one between it and the list.
        let left = if facets.is_some() { FACETS_WIDTH + 2 } else { 0 };
        let room = body.width - left;
        let own = LIST_WIDTH.max(room * 2 / 5).min(LIST_MOST);
        let width = split.width.unwrap_or(own).clamp(WIDTH_LEAST, room - WIDTH_LEAST);
        let taken = left + width + 2;
        Self {
            facets,
            list: Rect { x: body.x + left, width: width - 1, ..body },
            divider: Some(Divider::Upright(body.x + left + width)),
            preview: Some(Rect { x: body.x + taken, width: body.width - taken, ..body }),
            facets_line: None,
        }
    }

    fn below(body: Rect, wanted: Wanted, split: &Split) -> Self {
        let line = u16::from(wanted.facets_line);
        let own = if body.height > 24 { body.height / 3 } else { PREVIEW_ROWS - line };
        let rows = split.rows.unwrap_or(own).clamp(PREVIEW_LEAST, body.height - line - 1 - LIST_LEAST);
        let list = body.height - rows - 1 - line;
        Self {
            facets: None,
            list: Rect { height: list, ..body },
            divider: Some(Divider::Across(body.y + list)),
            preview: Some(Rect { y: body.y + list + 1, height: rows, ..body }),
            facets_line: wanted.facets_line.then_some(Rect { y: body.y + body.height - 1, height: 1, ..body }),
        }
    }
}

impl Split {
    /// The mouse takes hold of the divider, when it is on it.
    pub(super) fn take(&mut self, layout: &Layout, at: Position) -> bool {
        self.is_dragged = match layout.divider {
            Some(Divider::Upright(column)) => at.x == column && at.y >= layout.list.y,
            Some(Divider::Across(row)) => at.y == row,
            None => false,
        };
        self.is_dragged
    }

    pub(super) fn drop(&mut self) {
        self.is_dragged = false;
    }

    /// The mouse is moved with the divider in hold.
    pub(super) fn drag(&mut self, layout: &Layout, at: Position) {
        if !self.is_dragged {
            return;
        }
        match layout.divider {
            Some(Divider::Upright(_)) => self.width = Some(at.x.saturating_sub(layout.list.x)),
            Some(Divider::Across(row)) => {
                let rows = layout.preview.map_or(0, |preview| preview.height);
                self.set_rows(layout, i32::from(rows) + i32::from(row) - i32::from(at.y));
            }
            None => {}
        }
    }

    /// The keys make the list larger or smaller.
    pub(super) fn step(&mut self, layout: &Layout, larger: bool) {
        let sign = if larger { 1 } else { -1 };
        match layout.divider {
            Some(Divider::Upright(column)) => {
                let width = i32::from(self.width.unwrap_or(column - layout.list.x)) + sign * 4;
                // What the room does not allow is not remembered: the way back would be longer than the way there.
                let most = layout.list.width + layout.preview.map_or(0, |preview| preview.width) + 3 - WIDTH_LEAST;
                self.width = Some((width.max(0) as u16).clamp(WIDTH_LEAST, most.max(WIDTH_LEAST)));
            }
            Some(Divider::Across(_)) => {
                let rows = self.rows.unwrap_or(layout.preview.map_or(0, |preview| preview.height));
                self.set_rows(layout, i32::from(rows) - sign);
            }
            None => {}
        }
    }

    fn set_rows(&mut self, layout: &Layout, rows: i32) {
        let both = layout.preview.map_or(0, |preview| preview.height) + layout.list.height;
        let most = both.saturating_sub(LIST_LEAST).max(PREVIEW_LEAST);
        self.rows = Some(rows.clamp(i32::from(PREVIEW_LEAST), i32::from(most)) as u16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Wanted = Wanted { preview: true, facets: true, facets_line: false };

    #[test]
    fn parts_stand_beside_each_other_and_below() {
        let body = Rect { x: 0, y: 3, width: 160, height: 41 };
        let layout = Layout::of(body, ALL, &Split::default());
        assert_eq!((layout.facets.unwrap().width, layout.list.x, layout.list.width), (20, 22, 54));
        assert_eq!(layout.divider, Some(Divider::Upright(77)));
        assert_eq!(layout.preview.unwrap().x + layout.preview.unwrap().width, 160);
        let line = Wanted { preview: true, facets: false, facets_line: true };
        let small = Rect { x: 0, y: 3, width: 80, height: 20 };
        let layout = Layout::of(small, line, &Split::default());
        assert_eq!((layout.list.height, layout.divider), (13, Some(Divider::Across(16))));
        assert_eq!((layout.preview.unwrap().height, layout.facets_line.unwrap().y), (5, 22));
    }

    #[test]
    fn the_divider_is_moved_within_bounds() {
        let body = Rect { x: 0, y: 3, width: 160, height: 41 };
        let mut split = Split::default();
        for to in [100, 0, 159] {
            let layout = Layout::of(body, ALL, &split);
            let Some(Divider::Upright(column)) = layout.divider else { panic!("{layout:?}") };
            assert!(!split.take(&layout, Position::new(column + 1, 10)));
            assert!(split.take(&layout, Position::new(column, 10)));
            split.drag(&layout, Position::new(to, 10));
            split.drop();
            split.drag(&layout, Position::new(1, 10));
            let moved = Layout::of(body, ALL, &split);
            let expected = to.clamp(22 + WIDTH_LEAST, 160 - WIDTH_LEAST);
            assert_eq!(moved.divider, Some(Divider::Upright(expected)), "to {to}");
        }
        let before = Layout::of(body, ALL, &split);
        split.step(&before, true);
        assert_eq!(Layout::of(body, ALL, &split), before, "it is as large as it can be");
        split.step(&before, false);
        assert_eq!(Layout::of(body, ALL, &split).list.width, before.list.width - 4);
    }

    #[test]
    fn below_the_list_keys_and_mouse_move_it_by_rows() {
        let body = Rect { x: 0, y: 3, width: 80, height: 20 };
        let wanted = Wanted { preview: true, facets: false, facets_line: false };
        let mut split = Split::default();
        let rows = |split: &Split| Layout::of(body, wanted, split).preview.unwrap().height;
        let before = rows(&split);
        split.step(&Layout::of(body, wanted, &split), false);
        assert_eq!(rows(&split), before + 1);
        let layout = Layout::of(body, wanted, &split);
        let Some(Divider::Across(row)) = layout.divider else { panic!("{layout:?}") };
        split.take(&layout, Position::new(5, row));
        split.drag(&layout, Position::new(5, 0));
        assert_eq!(Layout::of(body, wanted, &split).list.height, LIST_LEAST);
    }
}
