//! What happens in the search line and in the list beneath it.

use super::candidates::Candidates;
use super::complete::Completed;
use super::kept::Recalled;
use super::{SAVE_TAG, Sessions};
use crate::connection::CallError;
use crate::format::clean;
use crate::text;
use crate::tui::effects::{Answer, Ticket, Ui};
use crate::tui::line_edit::LineEdit;
use crate::tui::overlay::Overlay;

impl Sessions {
    /// Types into the line, with what changes it: a key, or text that is pasted.
    pub(super) fn type_into(&mut self, typed: impl FnOnce(&mut LineEdit), ui: &mut Ui<'_, '_>) {
        let before = self.search.line.clone();
        typed(&mut self.search.line);
        let line = &self.search.line;
        if before.text() != line.text() {
            // What completed the line as it was is asked for anew: it stays in sight until then.
            if self.search.candidates.as_ref().is_some_and(Candidates::complete_a_piece) {
                self.search.completing.ask(line, self.all, false, ui);
            } else {
                self.search.candidates = None;
            }
            self.query_changed(ui);
        } else if before.cursor() != line.cursor() {
            self.search.candidates = None;
        }
    }

    /// An arrow in the search line: through earlier searches where it was called for, else through what was found.
    pub(super) fn step_or_recall(&mut self, back: bool, ui: &mut Ui<'_, '_>) {
        let recalled = self.search.kept.step(&self.search.line, back, ui);
        self.took_recalled(recalled, back, ui);
    }

    fn took_recalled(&mut self, recalled: Recalled, back: bool, ui: &mut Ui<'_, '_>) {
        match recalled {
            Recalled::Nothing => {}
            Recalled::NotHere => self.step(if back { -1 } else { 1 }, ui),
            Recalled::Query(query) => {
                self.search.line.set(query);
                self.query_changed(ui);
            }
            Recalled::List(candidates) if self.search.is_typed => self.search.candidates = Some(candidates),
            Recalled::List(_) => {}
        }
    }

    pub(super) fn took_kept(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        let row = self.search.candidates.as_mut().map_or(0, |candidates| candidates.list().selected());
        let recalled = self.search.kept.took(ticket, answer, &self.search.line, ui);
        self.took_recalled(recalled, true, ui);
        // After one was forgotten the cursor is where it was.
        if let Some(candidates) = &mut self.search.candidates {
            candidates.list().choose(row);
        }
    }

    pub(super) fn took_completions(&mut self, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        match self.search.completing.took(answer, &self.search.line, ui) {
            Completed::Late => {}
            Completed::Nothing => self.search.candidates = None,
            Completed::One(candidates) => {
                self.search.candidates = Some(candidates);
                self.take_candidate(ui);
            }
            Completed::Several(candidates) => self.search.candidates = Some(candidates),
        }
    }

    /// Puts the candidate under the cursor into the line.
    pub(super) fn take_candidate(&mut self, ui: &mut Ui<'_, '_>) {
        // Those of a line that was typed on meanwhile are no good any more.
        let candidates = self.search.candidates.take();
        let Some(candidates) = candidates.filter(|candidates| candidates.are_for(&self.search.line)) else { return };
        let before = self.search.line.text().to_owned();
        let goes_on = candidates.put(&mut self.search.line);
        if before == self.search.line.text() {
            return ui.say(text::tui::NOTHING_TO_COMPLETE);
        }
        if goes_on {
            self.search.completing.ask(&self.search.line, self.all, true, ui);
        }
        self.query_changed(ui);
    }

    /// Asks for a name to save the query under.
    pub(super) fn ask_name(&mut self, ui: &mut Ui<'_, '_>) {
        if !self.search.is_on() {
            return ui.say(text::tui::NOTHING_TO_SAVE_YET);
        }
        self.search.candidates = None;
        ui.overlay = Some(Overlay::Ask {
            title: text::tui::SAVE_SEARCH_AS.to_owned(),
            note: clean::one_line(self.search.query()).into_owned(),
            line: LineEdit::new(self.search.kept.name_of(self.search.query())),
            tag: SAVE_TAG,
        });
    }

    /// The name was typed.
    pub(super) fn save_as(&mut self, name: &str, ui: &mut Ui<'_, '_>) {
        if name.trim().is_empty() {
            return ui.say(text::tui::NO_NAME);
        }
        let query = self.search.query().to_owned();
        self.search.kept.save(name.trim(), &query, ui);
    }
}
