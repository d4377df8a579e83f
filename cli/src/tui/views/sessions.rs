//! The list of sessions: browsed, or searched as one types.

mod actions;
mod asking;
mod candidates;
mod complete;
mod draw;
mod facets;
mod kept;
mod layout;
mod mouse;
mod preview;
mod rows;
mod search;
mod typing;

use std::collections::BTreeSet;
use std::time::Duration;

use opensession_protocol::{IndexState, IndexStatus};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};

use super::{Chosen, View};
use crate::connection::CallError;
use crate::format::clean;
use crate::tui::app::{LEAST_HEIGHT, LEAST_WIDTH};
use crate::tui::effects::{Answer, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::look::Look;
use crate::tui::overlay::Tag;
use crate::tui::refresh::Refresh;
use facets::Facets;
use layout::{FACETS_BESIDE, Layout, Split};
use preview::Preview;
pub(crate) use rows::Order;
use rows::Rows;
use search::Search;

/// Sessions asked for at once, and at most.
const PAGE: u32 = 100;
const PAGE_MOST: u32 = 1_000;
/// The list is asked for anew at most this often while something changes.
const REFRESH: Duration = Duration::from_millis(700);
/// A session is summed up when the cursor has been on it for so long.
const SUMMARY_AFTER: Duration = Duration::from_millis(80);
const REFRESH_TIMER: u8 = 0;
const REST_TIMER: u8 = 1;
const SUMMARY_TIMER: u8 = 2;
const FACET_TAG: Tag = 1;
const SAVE_TAG: Tag = 2;

/// The part of the screen that takes the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Pane {
    #[default]
    List,
    Preview,
    Facets,
}

/// The list of sessions.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Sessions {
    rows: Rows,
    search: Search,
    preview: Preview,
    facets: Facets,
    pane: Pane,
    shows_preview: bool,
    shows_facets: bool,
    all: bool,
    subagents: bool,
    marked: BTreeSet<String>,
    /// The orders of the list and of what was found, when the other is shown.
    other_order: Order,
    total: u64,
    kept: u64,
    /// Where the next page begins.
    next: Option<String>,
    scope_repository: Option<String>,
    first_page: Option<Ticket>,
    next_page: Option<Ticket>,
    summary: Option<Ticket>,
    figures: Option<Ticket>,
    has_figures: bool,
    /// The rows are those of a query.
    shows_found: bool,
    was_answered: bool,
    /// Sources are being read: more is to come.
    is_reading: bool,
    refresh: Refresh,
    /// Facets were asked for to be chosen from at once.
    picks_facet: bool,
    /// Where everything was drawn last.
    layout: Layout,
    split: Split,
    size: (u16, u16),
    /// Steps of the sign of something under way.
    spin: usize,
    is_slow: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self {
            rows: Rows::default(),
            search: Search::default(),
            preview: Preview::default(),
            facets: Facets::default(),
            pane: Pane::default(),
            shows_preview: true,
            shows_facets: true,
            all: false,
            subagents: false,
            marked: BTreeSet::new(),
            other_order: Order::Best,
            total: 0,
            kept: 0,
            next: None,
            scope_repository: None,
            first_page: None,
            next_page: None,
            summary: None,
            figures: None,
            has_figures: false,
            shows_found: false,
            was_answered: false,
            is_reading: false,
            refresh: Refresh::default(),
            picks_facet: false,
            layout: Layout::default(),
            split: Split::default(),
            size: (80, 24),
            spin: 0,
            is_slow: false,
        }
    }
}

impl Sessions {
    /// Whether sessions of all repositories are shown: also where there is none here.
    fn is_of_all(&self) -> bool {
        self.all || self.scope_repository.is_none()
    }

    fn has_preview(&self) -> bool {
        self.shows_preview && self.size.0 >= LEAST_WIDTH && self.size.1 > LEAST_HEIGHT
    }

    fn has_facets_beside(&self) -> bool {
        self.shows_facets && self.size.0 >= FACETS_BESIDE && self.size.1 > LEAST_HEIGHT
    }

    /// The panes that are there, in the order in which `Tab` goes through them.
    fn panes(&self) -> Vec<Pane> {
        let mut panes = vec![Pane::List];
        panes.extend(self.has_preview().then_some(Pane::Preview));
        panes.extend((self.has_facets_beside() && !self.facets.is_empty()).then_some(Pane::Facets));
        panes
    }
}

impl View for Sessions {
    fn places(&self) -> &'static [Place] {
        match &self.search.candidates {
            _ if !self.search.is_typed => &[Place::List, Place::Chosen, Place::Everywhere],
            Some(candidates) if candidates.complete_a_piece() => &[Place::Candidates, Place::SearchLine],
            Some(_) => &[Place::KeptSearches, Place::Candidates, Place::SearchLine],
            None => &[Place::SearchLine],
        }
    }

    fn help_places(&self) -> &'static [Place] {
        &[Place::List, Place::Chosen, Place::SearchLine, Place::Candidates, Place::KeptSearches, Place::Everywhere]
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
    }

    fn resume(&mut self, ui: &mut Ui<'_, '_>) {
        self.preview.forget();
        self.ask(ui);
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        self.do_action(action, ui)
    }

    fn key(&mut self, key: &str, ui: &mut Ui<'_, '_>) {
        if self.search.is_typed {
            self.type_into(|line| _ = line.key(key), ui);
        }
    }

    fn paste(&mut self, pasted: &str, ui: &mut Ui<'_, '_>) {
        if self.search.is_typed {
            self.type_into(|line| line.insert(pasted), ui);
        }
    }

    fn mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        self.take_mouse(event, ui);
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        self.took_answer(ticket, answer, ui);
    }

    fn changed(&mut self, status: &IndexStatus, ui: &mut Ui<'_, '_>) {
        self.is_reading = status.state == IndexState::Reading;
        self.refresh.changed(REFRESH, REFRESH_TIMER, ui);
    }

    fn timer(&mut self, timer: u8, ui: &mut Ui<'_, '_>) {
        match timer {
            REFRESH_TIMER => {
                self.refresh.rang();
                // What is being typed or read is not shuffled under one's eyes; the next key brings what is new.
                if !self.search.is_on() {
                    self.ask(ui);
                }
            }
            REST_TIMER => {
                if let Some(sessions) = self.search.rested(ui.now) {
                    self.rows.replace(sessions, &ui.look.times);
                }
                self.is_slow = self.search.is_slow(ui.now);
                if self.is_slow {
                    self.spin += 1;
                    ui.after(Duration::from_millis(100), REST_TIMER);
                }
            }
            SUMMARY_TIMER => self.ask_summary(ui),
            _ => {}
        }
    }

    fn settle(&mut self, ui: &mut Ui<'_, '_>) {
        // The first picture told how much room there is.
        let lacks_figures = self.has_facets_beside() && !self.shows_found && !self.has_figures;
        if lacks_figures && self.figures.is_none() {
            self.ask_figures(ui);
        }
    }

    fn picked(&mut self, tag: Tag, row: usize, ui: &mut Ui<'_, '_>) {
        if tag == FACET_TAG {
            self.facets.list().choose(row);
            self.toggle_facet(ui);
        }
    }

    fn typed(&mut self, tag: Tag, typed: &str, ui: &mut Ui<'_, '_>) {
        if tag == SAVE_TAG {
            self.save_as(typed, ui);
        }
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        self.draw_page(buffer, area, look)
    }

    fn hints(&self) -> &'static [Action] {
        if self.search.candidates.is_some() && self.search.is_typed {
            &[Action::TakeCandidate, Action::NextCandidate, Action::ForgetSearch, Action::CloseCandidates]
        } else if self.search.is_typed {
            &[
                Action::OpenHit,
                Action::Complete,
                Action::KeptSearches,
                Action::SaveSearch,
                Action::NextHit,
                Action::LeaveSearch,
            ]
        } else {
            &[
                Action::Open,
                Action::Search,
                Action::Mark,
                Action::Resume,
                Action::Facets,
                Action::Scope,
                Action::Order,
                Action::Preview,
            ]
        }
    }

    fn chosen(&self) -> Option<Chosen> {
        let session = self.rows.session()?;
        Some(Chosen {
            id: session.id.clone(),
            short_id: clean::one_line(&session.short_id).into_owned(),
            agent: session.agent.clone(),
            title: session.title.clone(),
            event: None,
        })
    }
}
