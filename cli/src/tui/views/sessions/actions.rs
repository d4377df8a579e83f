//! What the keys of the list do.

use serde_json::json;

use super::facets::toggled;
use super::{FACET_TAG, Order, Pane, REST_TIMER, Sessions};
use crate::format::clean;
use crate::text;
use crate::tui::effects::{Go, Ui};
use crate::tui::keys::Action;
use crate::tui::overlay::Overlay;
use crate::tui::views::diff::DiffView;
use crate::tui::views::session::SessionView;

impl Sessions {
    pub(super) fn do_action(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        let half = (usize::from(self.layout.list.height) / 2).max(1) as isize;
        match action {
            Action::Down | Action::NextHit => self.step(1, ui),
            Action::Up | Action::PreviousHit => self.step(-1, ui),
            Action::LaterSearch => self.step_or_recall(false, ui),
            Action::EarlierSearch => self.step_or_recall(true, ui),
            Action::HalfPageDown => self.step(half, ui),
            Action::HalfPageUp => self.step(-half, ui),
            Action::First => self.step(isize::MIN / 2, ui),
            Action::Last => self.step(isize::MAX / 2, ui),
            Action::Open if self.pane == Pane::Facets => self.toggle_facet(ui),
            Action::Open | Action::OpenHit => self.open(ui),
            Action::Mark if self.pane == Pane::Facets => self.toggle_facet(ui),
            Action::Mark => {
                if let Some(session) = self.rows.session() {
                    let id = session.id.clone();
                    if !self.marked.remove(&id) {
                        self.marked.insert(id);
                    }
                }
                self.step(1, ui);
            }
            Action::Diff => self.diff(ui),
            Action::Scope => {
                self.all = !self.all;
                self.facets.clear();
                self.ask(ui);
            }
            Action::Subagents => {
                self.subagents = !self.subagents;
                ui.say(text::tui::subagents(self.subagents));
                self.ask(ui);
            }
            Action::Order => {
                self.rows.next_order(self.shows_found, &ui.look.times);
                self.moved(ui);
            }
            Action::Preview => {
                self.shows_preview = !self.shows_preview;
                self.pane = Pane::List;
                self.moved(ui);
            }
            Action::Facets => {
                if self.has_facets_beside() && !self.facets.is_empty() {
                    self.pane = if self.pane == Pane::Facets { Pane::List } else { Pane::Facets };
                } else if self.shows_found {
                    self.picks_facet = true;
                    self.pick_facet(ui);
                } else {
                    self.picks_facet = true;
                    self.ask_figures(ui);
                }
            }
            Action::NextPane => {
                let panes = self.panes();
                let at = panes.iter().position(|pane| *pane == self.pane).unwrap_or(0);
                self.pane = panes[(at + 1) % panes.len()];
            }
            Action::ListSmaller | Action::ListLarger => {
                self.split.step(&self.layout, action == Action::ListLarger);
            }
            Action::Search => {
                self.search.begin();
                self.pane = Pane::List;
            }
            Action::Complete => self.search.completing.ask(&self.search.line, self.all, true, ui),
            Action::KeptSearches => self.search.kept.list(ui),
            Action::SaveSearch => self.ask_name(ui),
            Action::NextCandidate | Action::PreviousCandidate => {
                if let Some(candidates) = &mut self.search.candidates {
                    candidates.list().cycle(action == Action::NextCandidate);
                }
            }
            Action::TakeCandidate => self.take_candidate(ui),
            Action::CloseCandidates => self.search.candidates = None,
            Action::ForgetSearch => {
                if let Some(candidates) = &mut self.search.candidates {
                    let row = candidates.list().selected();
                    self.search.kept.forget(row, ui);
                }
            }
            Action::LeaveSearch => self.search.leave(),
            Action::Clear if self.pane != Pane::List => self.pane = Pane::List,
            Action::Clear if self.search.is_on() => {
                self.search.clear();
                self.query_changed(ui);
            }
            Action::Clear if !self.marked.is_empty() => self.marked.clear(),
            _ => return false,
        }
        true
    }

    /// The query is another one: what it finds is asked for, or the list, where there is no query any more.
    pub(super) fn query_changed(&mut self, ui: &mut Ui<'_, '_>) {
        self.preview.hit = 0;
        self.search.changed(self.all, ui, REST_TIMER);
        if !self.search.is_on() {
            self.is_slow = false;
            self.facets.clear();
            self.ask(ui);
        }
    }

    pub(super) fn step(&mut self, by: isize, ui: &mut Ui<'_, '_>) {
        match self.pane {
            Pane::Preview => self.step_preview(by),
            Pane::Facets => self.facets.list().step(by),
            Pane::List => {
                let before = self.rows.selected;
                self.rows.step(by);
                if before != self.rows.selected {
                    self.preview.hit = 0;
                }
                self.moved(ui);
            }
        }
    }

    pub(super) fn step_preview(&mut self, by: isize) {
        let found = self.rows.session().and_then(|session| self.search.hits(&session.id));
        self.preview.step(by, found);
    }

    /// Opens the session under the cursor, at its hit where it was searched for.
    pub(super) fn open(&mut self, ui: &mut Ui<'_, '_>) {
        self.search.remember(self.all, ui);
        let Some(session) = self.rows.session() else { return };
        self.search.leave();
        let found = self.search.hits(&session.id).filter(|_| self.shows_found);
        let view = match found.and_then(|found| found.hits.get(self.preview.hit)) {
            Some(hit) => {
                // A sub-agent's hit stands in a session of its own.
                let id = hit.session.clone().unwrap_or_else(|| session.id.clone());
                let short: String = match &hit.session {
                    Some(own) => clean::one_line(own).chars().take(8).collect(),
                    None => clean::one_line(&session.short_id).into_owned(),
                };
                SessionView::new(id, &short, Some(hit.event)).looking_for(self.search.query())
            }
            None => SessionView::new(session.id.clone(), &clean::one_line(&session.short_id), None),
        };
        ui.go = Some(Go::Into(Box::new(view)));
    }

    fn diff(&mut self, ui: &mut Ui<'_, '_>) {
        let marked: Vec<String> = self.marked.iter().cloned().collect();
        match marked.as_slice() {
            [a, b] => ui.go = Some(Go::Into(Box::new(DiffView::new(json!({ "a": a, "b": b }))))),
            _ => ui.say(text::tui::MARK_TWO),
        }
    }

    /// Lays the facets over the list to choose from, where they have no place of their own.
    pub(super) fn pick_facet(&mut self, ui: &mut Ui<'_, '_>) {
        if !std::mem::take(&mut self.picks_facet) {
            return;
        }
        if self.facets.is_empty() {
            return ui.say(text::tui::NO_FACETS);
        }
        let rows = self.facets.choices(self.search.query(), ui.look);
        let title = text::tui::FACETS.to_owned();
        ui.overlay = Some(Overlay::Pick { title, rows, selected: 0, tag: FACET_TAG });
    }

    /// Narrows the query to the facet under the cursor, or widens it again.
    pub(super) fn toggle_facet(&mut self, ui: &mut Ui<'_, '_>) {
        let Some(facet) = self.facets.selected() else { return };
        let narrowed = toggled(self.search.line.text(), &facet.term());
        self.search.line.set(narrowed);
        self.query_changed(ui);
        if self.search.is_on() {
            self.rows.order = if self.shows_found { self.rows.order } else { Order::Day };
        }
    }
}
