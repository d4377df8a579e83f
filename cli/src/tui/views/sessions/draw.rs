//! How the list's page is drawn.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::layout::{Divider, Layout, Wanted};
use super::{Pane, Sessions};
use crate::format::{cells, clean};
use crate::text;
use crate::tui::look::Look;
use crate::tui::paint;

impl Sessions {
    /// Draws everything, and gives where the cursor stands when something is typed.
    pub(super) fn draw_page(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        // The head with the tabs and the foot are not ours.
        self.size = (area.width, area.height + 2);
        let theme = look.theme;
        let cursor = self.draw_head(buffer, Rect { height: 1, ..area }, look);
        if !self.search.draw_problem(buffer, area, 1, look) {
            let marked = if self.marked.is_empty() { String::new() } else { text::tui::marked(self.marked.len()) };
            let by = text::tui::by(text::tui::order(self.rows.order));
            paint::divider(buffer, area, 1, &marked, &by, self.pane == Pane::List, theme);
        }
        let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        let wanted = Wanted {
            preview: self.has_preview(),
            facets: self.has_facets_beside(),
            facets_line: self.shows_found && self.shows_facets && !self.facets.is_empty(),
        };
        self.layout = Layout::of(body, wanted, &self.split);
        if let Some(column) = self.layout.facets {
            let query = self.search.query().to_owned();
            let has_focus = self.pane == Pane::Facets;
            self.facets.draw(buffer, Rect { width: column.width - 1, ..column }, &query, has_focus, look);
            paint::upright(buffer, Rect { x: column.x + column.width, width: 1, ..column }, theme);
        }
        self.draw_list(buffer, look);
        if let Some(preview) = self.layout.preview {
            self.draw_preview(buffer, preview, look);
        }
        if let Some(line) = self.layout.facets_line {
            self.facets.draw_line(buffer, line, look);
        }
        if let Some(candidates) = self.search.candidates.as_mut().filter(|_| self.search.is_typed) {
            candidates.draw(buffer, body, &self.search.line, cursor.x, look);
        }
        self.search.is_typed.then_some(cursor)
    }

    fn draw_head(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Position {
        let theme = look.theme;
        let here = self.scope_repository.as_deref().map(clean::one_line).unwrap_or_default();
        let here = here.rsplit('/').next().unwrap_or_default();
        let scope = if self.all || here.is_empty() {
            text::tui::ALL.to_owned()
        } else {
            format!("{} ({here})", text::tui::HERE)
        };
        let count = if self.shows_found { self.search.count() } else { None };
        let count = count.unwrap_or_else(|| text::tui::sessions(self.total));
        let spinner = if self.is_slow { theme.spinner(self.spin) } else { " " };
        let right = format!("{spinner} {scope}  {count}");
        let right_width = cells::cells(&right);
        let room = usize::from(area.width).saturating_sub(right_width + 3);
        let (typed, cursor) = self.search.line.shown(room);
        let style = if self.search.is_typed { theme.bold() } else { theme.plain() };
        paint::text(buffer, area, 0, "/", if self.search.is_typed { theme.bold() } else { theme.dim() });
        let line = Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(2), ..area };
        paint::text(buffer, line, 0, typed, style);
        if !self.search.is_typed && self.search.line.is_empty() {
            paint::text(buffer, line, 0, text::tui::SEARCH_HERE, theme.dim());
        }
        paint::line_right(buffer, area, 0, &Line::from(Span::raw(right)));
        Position { x: line.x + cursor as u16, y: line.y }
    }

    fn draw_list(&mut self, buffer: &mut Buffer, look: &Look<'_>) {
        let area = self.layout.list;
        let theme = look.theme;
        if !self.rows.is_empty() {
            let has_focus = self.pane == Pane::List;
            self.rows.draw(buffer, area, self.is_of_all(), &self.marked, has_focus, look);
            // What is being replaced is dim.
            if self.is_slow {
                for y in 0..area.height {
                    paint::row_style(buffer, area, y, theme.dim());
                }
            }
        } else if !self.was_answered || self.search.is_awaited() && !self.shows_found {
            paint::text(buffer, area, 1, text::tui::LOADING, theme.dim());
        } else if self.shows_found {
            self.search.draw_nothing(buffer, area, look);
        } else {
            let said = if self.is_of_all() { text::tui::NO_SESSION } else { text::tui::NO_SESSION_HERE };
            let kept = text::kept(self.kept);
            let below = if self.is_reading { text::tui::FIRST_READING } else { &kept };
            paint::text(buffer, area, 1, said, theme.plain());
            paint::text(buffer, area, 2, below, theme.dim());
            if !self.is_of_all() && self.kept > 0 {
                paint::text(buffer, area, 3, text::tui::TRY_ALL, theme.dim());
            }
        }
    }

    fn draw_preview(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let theme = look.theme;
        let has_focus = self.pane == Pane::Preview;
        let (title, place) = self.preview_titles();
        let mut area = area;
        match self.layout.divider {
            Some(Divider::Upright(column)) => {
                paint::upright(buffer, Rect { x: column, width: 1, ..area }, theme);
                paint::text(buffer, area, 0, &title, if has_focus { theme.bold() } else { theme.id() });
                paint::line_right(buffer, area, 0, &Line::from(Span::styled(place, theme.dim())));
                area = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
            }
            Some(Divider::Across(row)) => {
                let line = Rect { y: row, height: 1, ..area };
                paint::divider(buffer, line, 0, &title, &place, has_focus, theme);
            }
            None => {}
        }
        let Some(session) = self.rows.session() else { return };
        let found = self.search.hits(&session.id).filter(|_| self.shows_found);
        self.preview.draw(buffer, area, session, found, has_focus, look);
    }

    fn preview_titles(&self) -> (String, String) {
        let Some(session) = self.rows.session() else { return (String::new(), String::new()) };
        let found = self.search.hits(&session.id).filter(|_| self.shows_found);
        self.preview.titles(session, found)
    }
}
