//! The list of sessions: browsed, or searched as one types.

mod actions;
mod facets;
mod preview;
mod rows;
mod search;

use std::collections::BTreeSet;
use std::time::Duration;

use opensession_protocol::{IndexStatus, Scope, SessionFilter, SessionPage};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use serde_json::json;

use super::{Chosen, View};
use crate::connection::CallError;
use crate::format::{cells, clean};
use crate::text;
use crate::tui::app::{LEAST_HEIGHT, LEAST_WIDTH};
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::look::Look;
use crate::tui::overlay::Tag;
use crate::tui::paint;
use facets::Facets;
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
/// From these widths on the preview stands beside the list, and the facets too.
const BESIDE: u16 = 120;
const FACETS_BESIDE: u16 = 150;
const FACETS_WIDTH: u16 = 20;
const LIST_WIDTH: u16 = 52;
/// It is never so wide that a session takes one line: beside a preview two lines say more.
const LIST_MOST: u16 = 60;
/// Rows of the preview below the list.
const PREVIEW_ROWS: u16 = 6;

const REFRESH_TIMER: u8 = 0;
const REST_TIMER: u8 = 1;
const SUMMARY_TIMER: u8 = 2;
const FACET_TAG: Tag = 1;

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
    refresh_waits: bool,
    /// Facets were asked for to be chosen from at once.
    picks_facet: bool,
    list: Rect,
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
            refresh_waits: false,
            picks_facet: false,
            list: Rect::default(),
            size: (80, 24),
            spin: 0,
            is_slow: false,
        }
    }
}

impl Sessions {
    /// Asks for what is shown: the list, or what the query finds.
    fn ask(&mut self, ui: &mut Ui<'_, '_>) {
        if self.search.is_on() {
            return self.search.ask(self.all, ui);
        }
        // As many as are shown: what was scrolled to stays.
        let limit = if self.shows_found { PAGE } else { (self.rows.len() as u32).clamp(PAGE, PAGE_MOST) };
        let params = json!({ "filter": self.filter(ui.look), "limit": limit });
        self.first_page = Some(ui.ask(Lane::List, "session/list", params, Answer::Sessions));
        self.has_figures = false;
    }

    fn ask_next(&mut self, ui: &mut Ui<'_, '_>) {
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

    fn ask_figures(&mut self, ui: &mut Ui<'_, '_>) {
        let params = json!({ "filter": self.filter(ui.look), "by": "agent" });
        self.figures = Some(ui.ask(Lane::List, "stats/get", params, Answer::Stats));
    }

    fn filter(&self, look: &Look<'_>) -> SessionFilter {
        SessionFilter {
            scope: Scope { cwd: look.directory.clone(), all: self.all },
            subagents: self.subagents,
            ..SessionFilter::default()
        }
    }

    fn took(&mut self, ticket: Ticket, page: SessionPage, ui: &mut Ui<'_, '_>) {
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

    fn took_found(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
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
    fn show_found(&mut self, found: bool) {
        if self.shows_found != found {
            self.shows_found = found;
            std::mem::swap(&mut self.rows.order, &mut self.other_order);
            self.preview.hit = 0;
        }
    }

    /// The cursor may be on another session: asks for what is seen of it, and for the next page before it comes to its end.
    fn moved(&mut self, ui: &mut Ui<'_, '_>) {
        let is_near = self.rows.selected + usize::from(self.list.height.max(20)) * 2 >= self.rows.len();
        let wants_all = self.rows.order == Order::Repository && self.rows.len() < PAGE_MOST as usize * 2;
        if is_near || wants_all {
            self.ask_next(ui);
        }
        let Some(session) = self.rows.session() else { return };
        if !self.shows_found && self.has_preview() && !self.preview.knows(&session.id) {
            ui.after(SUMMARY_AFTER, SUMMARY_TIMER);
        }
    }

    fn ask_summary(&mut self, ui: &mut Ui<'_, '_>) {
        let Some(session) = self.rows.session() else { return };
        if self.summary.is_none() && !self.preview.knows(&session.id) {
            let params = json!({ "session": session.id });
            self.summary = Some(ui.ask(Lane::Events, "session/summary", params, Answer::Summary));
        }
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

    fn draw_list(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        self.list = area;
        let theme = look.theme;
        if !self.rows.is_empty() {
            let has_focus = self.pane == Pane::List;
            self.rows.draw(buffer, area, self.all, &self.marked, has_focus, look);
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
            let kept = text::kept(self.kept);
            let said = if self.all { text::tui::NO_SESSION } else { text::tui::NO_SESSION_HERE };
            paint::text(buffer, area, 1, said, theme.plain());
            paint::text(buffer, area, 2, &kept, theme.dim());
            if !self.all && self.kept > 0 {
                paint::text(buffer, area, 3, text::tui::TRY_ALL, theme.dim());
            }
        }
    }

    fn draw_preview(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let Some(session) = self.rows.session() else { return };
        let found = self.search.hits(&session.id).filter(|_| self.shows_found);
        self.preview.draw(buffer, area, session, found, self.pane == Pane::Preview, look);
    }

    fn preview_titles(&self) -> (String, String) {
        let Some(session) = self.rows.session() else { return (String::new(), String::new()) };
        let found = self.search.hits(&session.id).filter(|_| self.shows_found);
        self.preview.titles(session, found)
    }
}

impl View for Sessions {
    fn places(&self) -> &'static [Place] {
        if self.search.is_typed { &[Place::SearchLine] } else { &[Place::List, Place::Chosen, Place::Everywhere] }
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
            let before = self.search.line.text().to_owned();
            self.search.line.key(key);
            if before != self.search.line.text() {
                self.query_changed(ui);
            }
        }
    }

    fn paste(&mut self, pasted: &str, ui: &mut Ui<'_, '_>) {
        if self.search.is_typed {
            self.search.line.insert(pasted);
            self.query_changed(ui);
        }
    }

    fn mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        self.take_mouse(event, ui);
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        if self.search.awaits(ticket) {
            return self.took_found(ticket, answer, ui);
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

    fn changed(&mut self, _status: &IndexStatus, ui: &mut Ui<'_, '_>) {
        if !self.refresh_waits {
            self.refresh_waits = true;
            ui.after(REFRESH, REFRESH_TIMER);
        }
    }

    fn timer(&mut self, timer: u8, ui: &mut Ui<'_, '_>) {
        match timer {
            REFRESH_TIMER => {
                self.refresh_waits = false;
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
            self.facets.selected = row;
            self.toggle_facet(ui);
        }
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        // The head with the tabs and the foot are not ours.
        self.size = (area.width, area.height + 2);
        let theme = look.theme;
        let cursor = self.draw_head(buffer, Rect { height: 1, ..area }, look);
        let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        let by = text::tui::by(text::tui::order(self.rows.order));
        let is_beside = area.width >= BESIDE;
        if !self.search.draw_problem(buffer, area, 1, look) {
            let list_has_focus = self.pane == Pane::List;
            let marked = if self.marked.is_empty() { String::new() } else { text::tui::marked(self.marked.len()) };
            paint::divider(buffer, area, 1, &marked, &by, list_has_focus, theme);
        }
        if is_beside && self.has_preview() {
            let facets = if self.has_facets_beside() { FACETS_WIDTH } else { 0 };
            if facets > 0 {
                let query = self.search.query().to_owned();
                let column = Rect { width: facets - 1, ..body };
                self.facets.draw(buffer, column, &query, self.pane == Pane::Facets, look);
                paint::upright(buffer, Rect { x: body.x + facets, width: 1, ..body }, theme);
            }
            let left = if facets > 0 { facets + 2 } else { 0 };
            let width = LIST_WIDTH.max((body.width - left) * 2 / 5).min(LIST_MOST);
            self.draw_list(buffer, Rect { x: body.x + left, width: width - 1, ..body }, look);
            paint::upright(buffer, Rect { x: body.x + left + width, width: 1, ..body }, theme);
            let taken = left + width + 2;
            let preview = Rect { x: body.x + taken, width: body.width - taken, ..body };
            let (title, place) = self.preview_titles();
            paint::text(buffer, preview, 0, &title, if self.pane == Pane::Preview { theme.bold() } else { theme.id() });
            paint::line_right(buffer, preview, 0, &Line::from(Span::styled(place, theme.dim())));
            let below = Rect { y: preview.y + 2, height: preview.height.saturating_sub(2), ..preview };
            self.draw_preview(buffer, below, look);
        } else if self.has_preview() && body.height > PREVIEW_ROWS + 4 {
            let has_line = self.shows_found && self.shows_facets && !self.facets.is_empty();
            let rows = if body.height > 24 { body.height / 3 } else { PREVIEW_ROWS - u16::from(has_line) };
            let list = body.height - rows - 1 - u16::from(has_line);
            self.draw_list(buffer, Rect { height: list, ..body }, look);
            let (title, place) = self.preview_titles();
            paint::divider(buffer, body, list, &title, &place, self.pane == Pane::Preview, theme);
            self.draw_preview(buffer, Rect { y: body.y + list + 1, height: rows, ..body }, look);
            if has_line {
                self.facets.draw_line(buffer, body, body.height - 1, look);
            }
        } else {
            self.draw_list(buffer, body, look);
        }
        self.search.is_typed.then_some(cursor)
    }

    fn hints(&self) -> &'static [Action] {
        if self.search.is_typed {
            &[Action::OpenHit, Action::NextHit, Action::CompleteField, Action::LeaveSearch]
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

/// What the mouse does to the list: kept apart from the keys.
impl Sessions {
    fn take_mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        let at = Position::new(event.column, event.row);
        let in_preview = self.has_preview() && self.preview.area.contains(at);
        let in_facets = self.has_facets_beside() && self.facets.area.contains(at);
        let wheel: isize = match event.kind {
            MouseEventKind::ScrollDown => 3,
            MouseEventKind::ScrollUp => -3,
            _ => 0,
        };
        match event.kind {
            _ if wheel != 0 && in_preview => self.step_preview(wheel.signum()),
            _ if wheel != 0 && in_facets => self.facets.step(wheel.signum()),
            _ if wheel != 0 => {
                self.rows.step(wheel);
                self.preview.hit = 0;
                self.moved(ui);
            }
            MouseEventKind::Down(MouseButton::Left) if in_facets && self.facets.click(event.row) => {
                self.toggle_facet(ui);
            }
            MouseEventKind::Down(MouseButton::Left) if in_facets => {}
            MouseEventKind::Down(MouseButton::Left) if in_preview => {
                let before = self.preview.hit;
                if self.preview.click(event.row) && self.pane == Pane::Preview && before == self.preview.hit {
                    self.open(ui);
                }
                self.pane = Pane::Preview;
            }
            MouseEventKind::Down(MouseButton::Left) if self.list.contains(at) => {
                self.pane = Pane::List;
                self.search.is_typed = false;
                let before = self.rows.selected;
                if self.rows.click(usize::from(event.row - self.list.y)) {
                    self.open(ui);
                } else if before != self.rows.selected {
                    self.preview.hit = 0;
                    self.moved(ui);
                }
            }
            MouseEventKind::Down(MouseButton::Left) if event.row + 2 == self.list.y => self.search.is_typed = true,
            _ => {}
        }
    }
}
