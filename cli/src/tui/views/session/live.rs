//! What is written to the session while it is shown.

use std::rc::Rc;
use std::time::Duration;

use opensession_protocol::{EventPage, SessionUpdate};

use super::pages::Page;
use super::{Place, SessionView};
use crate::text;
use crate::tui::effects::{Go, Ui};

/// The outline is asked for anew at most this often.
const OUTLINE_EVERY: Duration = Duration::from_millis(500);
/// The view's only timer.
const OUTLINE_TIMER: u8 = 0;

impl SessionView {
    pub(super) fn took_update(&mut self, update: SessionUpdate, ui: &mut Ui<'_, '_>) {
        match update {
            SessionUpdate::Events { session, events, .. } if session == self.id => {
                let Some(last) = events.last().map(|event| event.event) else { return };
                let session = Rc::clone(&self.short_id);
                let layout = self.layout(ui.look, &session);
                let was_at_end = self.flow.step(self.cursor, 1, &layout) == self.cursor;
                let new = events.iter().filter(|event| event.kind.is_some() && event.event > self.flow.total).count();
                self.flow.total = self.flow.total.max(last);
                let page = EventPage { session: self.id.clone(), total: self.flow.total, next: None, events };
                self.flow.pages.add(Page::read(page), self.cursor.event);
                self.flow.changed();
                self.refresh_outline(ui);
                // Only who reads at the end goes along.
                if self.has_outline && (self.follows || was_at_end) {
                    self.follows = true;
                    self.open_last_turn();
                    self.go_to_end(ui);
                } else {
                    self.unseen += new as u32;
                }
            }
            SessionUpdate::Restarted { session } if session == self.id => {
                self.flow.pages.clear();
                self.flow.turns.clear();
                self.flow.total = 0;
                self.flow.changed();
                self.has_outline = false;
                self.unseen = 0;
                self.cursor = Place::default();
                self.ask_outline(ui);
                self.ask_page(1, ui);
            }
            SessionUpdate::Forgotten { session } if session == self.id => {
                ui.say(text::WAS_FORGOTTEN);
                ui.go = Some(Go::Back);
            }
            // What was dropped is asked for when it is scrolled to.
            SessionUpdate::Dropped { .. } => self.refresh_outline(ui),
            _ => {}
        }
    }

    fn refresh_outline(&mut self, ui: &mut Ui<'_, '_>) {
        self.refresh.changed(OUTLINE_EVERY, OUTLINE_TIMER, ui);
    }
}
