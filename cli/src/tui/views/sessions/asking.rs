//! What the list asks the daemon for, and what it does with the answers.

use opensession_protocol::{Scope, SessionFilter, SessionPage};
use serde_json::json;

use super::{Order, PAGE, PAGE_MOST, SUMMARY_AFTER, SUMMARY_TIMER, Sessions, search};
use crate::connection::CallError;
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::look::Look;

impl Sessions {
    /// Asks for what is shown: the list, or what the query finds.
    pub(super) fn ask(&mut self, ui: &mut Ui<'_, '_>) {
        if self.search.is_on() {
            return self.search.ask(self.all, ui);
        }
        // As many as are shown: what was scrolled to stays.
        let limit = if self.shows_found { PAGE } else { (self.rows.len() as u32).clamp(PAGE, PAGE_MOST) };
        let params = json!({ "filter": self.filter(ui.look), "limit": limit });
        self.first_page = Some(ui.ask(Lane::List, "session/list", params, Answer::Sessions));
        self.has_figures = false;
    }

    pub(super) fn ask_next(&mut self, ui: &mut Ui<'_, '_>) {
        if self.shows_found {
            return self.search.ask_next(self.all, ui);
        }
        if self.next_page.is_some() || self.first_page.is_some() {
            return;
        }
        let Some(cursor) = &self.next else { return };
        let params = json!({ "filter": self.filter(ui.look), "limit": PAGE, "cursor": cursor });
        self.next_page = Some(ui.ask(Lane::List, "session/list", params, Answer::Sessions));
    }

    pub(super) fn ask_figures(&mut self, ui: &mut Ui<'_, '_>) {
        let params = json!({ "filter": self.filter(ui.look), "by": "agent" });
        self.figures = Some(ui.ask(Lane::List, "stats/get", params, Answer::Stats));
    }

    pub(super) fn filter(&self, look: &Look<'_>) -> SessionFilter {
        SessionFilter {
            scope: Scope { cwd: look.directory.clone(), all: self.all },
            subagents: self.subagents,
            ..SessionFilter::default()
        }
    }

    pub(super) fn took(&mut self, ticket: Ticket, page: SessionPage, ui: &mut Ui<'_, '_>) {
        let is_first = self.first_page == Some(ticket);
        if is_first {
            self.first_page = None;
        } else {
            self.next_page = None;
        }
        if self.search.is_on() {
            return;
        }
        (self.total, self.kept) = (page.total, page.sessions_kept);
        self.next = page.next;
        self.scope_repository = page.scope_repository;
        self.was_answered = true;
        if is_first {
            self.show_found(false);
            self.rows.replace(page.sessions, &ui.look.times);
        } else {
            self.rows.append(page.sessions, &ui.look.times);
        }
        self.moved(ui);
    }

    pub(super) fn took_found(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        let rows = self.search.took(ticket, answer, ui);
        if !self.search.is_on() {
            return;
        }
        self.is_slow = false;
        if let Some(answer) = &self.search.answer {
            self.facets.took_answer(answer);
            self.scope_repository.clone_from(&answer.scope_repository);
        }
        self.was_answered = true;
        let times = &ui.look.times;
        match rows {
            search::Rows::Stay => {}
            search::Rows::Are(sessions) => {
                self.show_found(true);
                self.rows.replace(sessions, times);
            }
            search::Rows::Become(sessions) => {
                self.show_found(true);
                self.rows.become_these(sessions, times);
            }
            search::Rows::And(sessions) => self.rows.append(sessions, times),
        }
        self.moved(ui);
    }

    /// The rows are those of a query from now on, or those of the list; each has its own order.
    pub(super) fn show_found(&mut self, found: bool) {
        if self.shows_found != found {
            self.shows_found = found;
            std::mem::swap(&mut self.rows.order, &mut self.other_order);
            self.preview.hit = 0;
        }
    }

    /// The cursor may be on another session: asks for what is seen of it, and for the next page before it comes to its end.
    pub(super) fn moved(&mut self, ui: &mut Ui<'_, '_>) {
        let is_near = self.rows.selected + usize::from(self.layout.list.height.max(20)) * 2 >= self.rows.len();
        let wants_all = self.rows.order == Order::Repository && self.rows.len() < PAGE_MOST as usize * 2;
        if is_near || wants_all {
            self.ask_next(ui);
        }
        let Some(session) = self.rows.session() else { return };
        if !self.shows_found && self.has_preview() && !self.preview.knows(&session.id) {
            ui.after(SUMMARY_AFTER, SUMMARY_TIMER);
        }
    }

    pub(super) fn ask_summary(&mut self, ui: &mut Ui<'_, '_>) {
        let Some(session) = self.rows.session() else { return };
        if self.summary.is_none() && !self.preview.knows(&session.id) {
            let params = json!({ "session": session.id });
            self.summary = Some(ui.ask(Lane::Events, "session/summary", params, Answer::Summary));
        }
    }

    /// Takes an answer, whichever of its calls it is to.
    pub(super) fn took_answer(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        if self.search.awaits(ticket) {
            return self.took_found(ticket, answer, ui);
        }
        if self.search.completing.awaits(ticket) {
            return self.took_completions(answer, ui);
        }
        if self.search.kept.awaits(ticket) {
            return self.took_kept(ticket, answer, ui);
        }
        if self.summary == Some(ticket) {
            self.summary = None;
            if let Ok(Answer::Summary(summary)) = answer {
                self.preview.took(summary);
                // The cursor may have gone on meanwhile.
                self.moved(ui);
            }
            return;
        }
        if self.figures == Some(ticket) {
            self.figures = None;
            self.has_figures = true;
            if let Ok(Answer::Stats(figures)) = answer
                && !self.shows_found
            {
                self.facets.took_figures(&figures);
                self.pick_facet(ui);
            }
            return;
        }
        let is_awaited = self.first_page == Some(ticket) || self.next_page == Some(ticket);
        match answer {
            Ok(Answer::Sessions(page)) if is_awaited => self.took(ticket, page, ui),
            Ok(_) => {}
            Err(error) if is_awaited => {
                self.first_page = self.first_page.filter(|first| *first != ticket);
                self.next_page = self.next_page.filter(|next| *next != ticket);
                ui.refused(error);
            }
            Err(_) => {}
        }
    }
}
