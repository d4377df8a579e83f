//! Going to an event of a session, wherever it is: its turn is opened, its events are asked for, the cursor is put on it.

use std::rc::Rc;

use opensession_protocol::SessionState;
use ratatui::text::Line;

use super::SessionView;
use super::flow::{Folds, Place};
use super::lay_out::Openness;
use super::pages::{At, PAGE};
use crate::tui::effects::Ui;

/// An event to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) event: u32,
    /// Opened, so that what was found in it is seen.
    pub(super) open: bool,
}

impl SessionView {
    /// Shows an event, wherever it is.
    pub(super) fn jump(&mut self, event: u32, open: bool, ui: &mut Ui<'_, '_>) {
        self.follows = false;
        self.target = Some(Target { event, open });
        self.aim(ui);
    }

    /// Comes nearer to the target: opens its turn, asks for its events, puts the cursor on it.
    pub(super) fn aim(&mut self, ui: &mut Ui<'_, '_>) {
        let Some(target) = self.target.filter(|_| self.has_outline) else { return };
        let event = target.event.clamp(1, self.flow.total.max(1));
        let turn = self.flow.turn_at(event).map(|at| self.flow.turns[at].clone());
        let is_head = turn.as_ref().is_some_and(|turn| turn.event == event && turn.turn > 0);
        if let Some(turn) = turn.filter(|turn| !self.flow.folds.is_turn_open(turn) && (!is_head || target.open)) {
            Folds::flip(&mut self.flow.folds.turns, turn.event);
            self.flow.changed();
        }
        if !is_head && matches!(self.flow.pages.at(event), At::Missing(_)) {
            // A little before it, for the call that an output belongs to.
            if self.page.is_none() && !self.has_failed {
                let begin = self.flow.pages.gap_begin(event);
                self.ask_page(event.saturating_sub(PAGE / 4).max(begin), ui);
            }
            return;
        }
        self.target = None;
        let shown = self.flow.shown_by(event);
        if let At::Entry(entry) = self.flow.pages.at(shown)
            && target.open
            && self.flow.folds.openness(entry) == Openness::Closed
        {
            Folds::flip(&mut self.flow.folds.events, shown);
        }
        self.flow.changed();
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(ui.look, &session);
        let rows = self.flow.item(shown, &layout).rows;
        let is_found = |row: &Line<'static>| self.find.marked(row, ui.look.theme).is_some();
        let row = if target.open { rows.iter().position(is_found).unwrap_or(0) } else { 0 };
        self.cursor = self.flow.settle(Place { event: shown, row }, &layout);
        self.jumped_to = Some((self.cursor, event));
        let third = (self.height() / 3) as isize;
        self.top = self.flow.step(self.cursor, -third, &layout);
    }

    /// Where one begins to read: at the event that is named, at the end of what is being written, else at the beginning.
    pub(super) fn begin_at(&mut self, ui: &mut Ui<'_, '_>) {
        let is_live = self.info.as_ref().is_some_and(|info| info.state == SessionState::Live);
        let prompts = self.flow.turns.iter().filter(|turn| turn.turn > 0).count();
        if prompts == 1 {
            self.flow.folds.turns_open = true;
        }
        self.cursor = Place { event: self.flow.turns.first().map_or(1, |turn| turn.event), row: 0 };
        self.top = self.cursor;
        if self.target.is_none() && is_live {
            if let Some(last) = self.flow.turns.last().filter(|last| !self.flow.folds.is_turn_open(last)) {
                Folds::flip(&mut self.flow.folds.turns, last.event);
            }
            self.go_to_end(ui);
        }
    }

    /// The event that the cursor is on: the one that was jumped to, where the cursor still is.
    pub(super) fn event(&self) -> u32 {
        self.jumped_to.filter(|(place, _)| *place == self.cursor).map_or(self.cursor.event, |(_, event)| event)
    }
}
