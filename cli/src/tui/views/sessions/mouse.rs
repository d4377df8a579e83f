//! What the mouse does to the list's page.

use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{Pane, Sessions};
use crate::tui::effects::Ui;

impl Sessions {
    pub(super) fn take_mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        let at = Position::new(event.column, event.row);
        if let Some(candidates) = self.search.candidates.as_mut() {
            if candidates.list().area().contains(at) {
                if let Some(line) = candidates.list().mouse(event) {
                    candidates.list().choose(line);
                    self.take_candidate(ui);
                }
                return;
            }
            if matches!(event.kind, MouseEventKind::Down(_)) {
                self.search.candidates = None;
            }
        }
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if !self.split.take(&self.layout, at) => self.click(event, ui),
            MouseEventKind::Drag(MouseButton::Left) => self.split.drag(&self.layout, at),
            MouseEventKind::Up(MouseButton::Left) => self.split.drop(),
            MouseEventKind::ScrollDown => self.turn_wheel(event, 3, ui),
            MouseEventKind::ScrollUp => self.turn_wheel(event, -3, ui),
            _ => {}
        }
    }

    /// The pane under the mouse scrolls.
    fn turn_wheel(&mut self, event: MouseEvent, by: isize, ui: &mut Ui<'_, '_>) {
        let at = Position::new(event.column, event.row);
        if self.has_preview() && self.preview.area.contains(at) {
            self.step_preview(by.signum());
        } else if self.has_facets_beside() && self.facets.contains(at) {
            self.facets.list().step(by.signum());
        } else {
            self.rows.step(by);
            self.preview.hit = 0;
            self.moved(ui);
        }
    }

    fn click(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        let at = Position::new(event.column, event.row);
        let list = self.layout.list;
        if self.has_facets_beside() && self.facets.contains(at) {
            if self.facets.mouse(event) {
                self.toggle_facet(ui);
            }
        } else if self.has_preview() && self.preview.area.contains(at) {
            let before = self.preview.hit;
            if self.preview.click(event.row) && self.pane == Pane::Preview && before == self.preview.hit {
                self.open(ui);
            }
            self.pane = Pane::Preview;
        } else if list.contains(at) {
            self.pane = Pane::List;
            self.search.leave();
            let before = self.rows.selected;
            if self.rows.click(usize::from(event.row - list.y)) {
                self.open(ui);
            } else if before != self.rows.selected {
                self.preview.hit = 0;
                self.moved(ui);
            }
        } else if event.row + 2 == list.y {
            self.search.begin();
        }
    }
}
