//! One session: turns with their events, of which only those near the cursor are at hand.

mod find;
mod flow;
mod keys;
mod lay_out;
mod live;
pub(crate) mod pages;

use std::rc::Rc;

use opensession_protocol::{SessionDetail, SessionInfo, SessionState, SessionUpdate};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use serde_json::json;

use super::{Chosen, View};
use crate::connection::CallError;
use crate::format::{cells, clean, number};
use crate::session_line;
use crate::text;
use crate::tui::effects::{Answer, Effect, Go, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place as KeyPlace};
use crate::tui::look::Look;
use crate::tui::paint;
use find::Find;
use flow::{Flow, Folds, Place};
use lay_out::Layout;
use pages::{At, PAGE, Page};

/// From this width on an outline of the prompts stands at the left, so wide.
const OUTLINE_FROM: u16 = 160;
const OUTLINE_WIDTH: u16 = 34;
/// Rows on a screen before anything was drawn.
const ROWS_AT_FIRST: u16 = 40;

/// A session.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct SessionView {
    id: String,
    short_id: Rc<str>,
    info: Option<SessionInfo>,
    flow: Flow,
    failures: Vec<u32>,
    edits: Vec<u32>,
    cursor: Place,
    top: Place,
    wrap: bool,
    /// Whether the view goes along with what is written.
    follows: bool,
    /// Events that were written below what is seen.
    unseen: u32,
    /// An event to be shown once it is at hand.
    target: Option<Target>,
    /// The last event that was jumped to, which its row's own number need not be.
    jumped_to: Option<(Place, u32)>,
    find: Find,
    detail: Option<Ticket>,
    outline: Option<Ticket>,
    has_outline: bool,
    page: Option<Ticket>,
    /// The cursor came to the events that are asked for from below, at this event.
    came_from: Option<u32>,
    outline_waits: bool,
    has_failed: bool,
    area: Rect,
    outline_area: Rect,
}

/// An event to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Target {
    event: u32,
    /// Opened, so that what was found in it is seen.
    open: bool,
}

impl SessionView {
    /// The session of this id, at this event where one is named.
    pub(crate) fn new(id: String, short_id: &str, event: Option<u32>) -> Self {
        Self {
            id,
            short_id: short_id.into(),
            info: None,
            flow: Flow::default(),
            failures: Vec::new(),
            edits: Vec::new(),
            cursor: Place::default(),
            top: Place::default(),
            wrap: true,
            follows: false,
            unseen: 0,
            target: event.map(|event| Target { event, open: true }),
            jumped_to: None,
            find: Find::default(),
            detail: None,
            outline: None,
            has_outline: false,
            page: None,
            came_from: None,
            outline_waits: false,
            has_failed: false,
            area: Rect { width: 80, height: ROWS_AT_FIRST, ..Rect::default() },
            outline_area: Rect::default(),
        }
    }

    /// Looks for these words in it from the beginning on, as a search did.
    pub(crate) fn looking_for(mut self, words: &str) -> Self {
        self.find.line.set(words);
        self
    }

    fn layout<'a, 'h>(&self, look: &'a Look<'h>, session: &'a str) -> Layout<'a, 'h> {
        Layout { look, width: usize::from(self.area.width), wrap: self.wrap, session }
    }

    fn height(&self) -> usize {
        usize::from(self.area.height).max(1)
    }

    fn ask_detail(&mut self, ui: &mut Ui<'_, '_>) {
        let params = json!({ "session": self.id });
        self.detail = Some(ui.ask(Lane::List, "session/get", params, |detail| Answer::Session(Box::new(detail))));
    }

    /// Asks for the outline, from the last turn that is known on.
    fn ask_outline(&mut self, ui: &mut Ui<'_, '_>) {
        let from = self.flow.turns.last().map(|last| last.event);
        let params = json!({ "session": self.id, "from": from });
        self.outline =
            Some(ui.ask(Lane::List, "session/outline", params, |outline| Answer::Outline(Box::new(outline))));
    }

    fn ask_page(&mut self, from: u32, ui: &mut Ui<'_, '_>) {
        let params = json!({ "session": self.id, "from": from, "limit": PAGE });
        let read = |page| Answer::Page(Box::new(Page::read(page)));
        self.page = Some(ui.ask(Lane::Events, "session/events", params, read));
    }

    fn took_detail(&mut self, detail: SessionDetail) {
        self.id.clone_from(&detail.session.id);
        self.short_id = clean::one_line(&detail.session.short_id).into_owned().into();
        self.flow.total = self.flow.total.max(detail.session.events);
        self.info = Some(detail.session);
    }

    fn took_outline(&mut self, outline: opensession_protocol::SessionOutline, ui: &mut Ui<'_, '_>) {
        self.flow.turns.retain(|turn| turn.event < outline.from);
        self.flow.turns.extend(outline.turns);
        self.failures.retain(|failure| *failure < outline.from);
        self.failures.extend(outline.failures);
        self.edits.retain(|edit| *edit < outline.from);
        self.edits.extend(outline.edits);
        self.flow.total = self.flow.total.max(outline.total);
        self.flow.changed();
        if !self.has_outline {
            self.has_outline = true;
            self.begin_at(ui);
        }
    }

    /// Where one begins to read: at the event that is named, at the end of what is being written, else at the beginning.
    fn begin_at(&mut self, ui: &mut Ui<'_, '_>) {
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

    fn took_page(&mut self, page: Page, ui: &mut Ui<'_, '_>) {
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(ui.look, &session);
        let from_top = self.flow.distance(self.top, self.cursor, self.height(), &layout);
        self.flow.total = self.flow.total.max(page.total);
        if page.from >= page.end {
            self.has_failed = true;
        }
        self.flow.pages.add(page, self.cursor.event);
        self.flow.changed();
        if let Some(below) = self.came_from.take() {
            self.cursor = self.flow.step(Place { event: below, row: 0 }, -1, &layout);
        }
        self.cursor = self.flow.settle(self.cursor, &layout);
        self.top = self.flow.step(self.cursor, -(from_top as isize), &layout);
    }

    /// Moves so many rows.
    fn step(&mut self, by: isize, ui: &mut Ui<'_, '_>) {
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(ui.look, &session);
        self.cursor = self.flow.step(self.cursor, by, &layout);
        let item = self.flow.item(self.cursor.event, &layout);
        self.came_from = (by < 0 && item.is_missing).then_some(item.next);
        let is_last = self.flow.step(self.cursor, 1, &layout) == self.cursor;
        self.follows = self.follows && is_last;
        if is_last && !item.is_missing {
            self.unseen = 0;
        }
    }

    fn go_to_end(&mut self, ui: &mut Ui<'_, '_>) {
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(ui.look, &session);
        self.cursor = self.flow.last(&layout);
        let item = self.flow.item(self.cursor.event, &layout);
        self.came_from = item.is_missing.then_some(item.next);
        self.unseen = 0;
    }

    /// Shows an event, wherever it is.
    fn jump(&mut self, event: u32, open: bool, ui: &mut Ui<'_, '_>) {
        self.follows = false;
        self.target = Some(Target { event, open });
        self.aim(ui);
    }

    /// Comes nearer to the target: opens its turn, asks for its events, puts the cursor on it.
    fn aim(&mut self, ui: &mut Ui<'_, '_>) {
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
            && self.flow.folds.openness(entry) == lay_out::Openness::Closed
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

    /// Brings the cursor into view.
    fn scroll(&mut self, look: &Look<'_>) {
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(look, &session);
        self.cursor = self.flow.settle(self.cursor, &layout);
        let height = self.height();
        if self.cursor < self.top {
            self.top = self.cursor;
        } else if self.flow.distance(self.top, self.cursor, height, &layout) >= height {
            self.top = self.flow.step(self.cursor, 1 - height as isize, &layout);
        }
        self.top = self.flow.settle(self.top, &layout);
        // Nothing is left empty below the end where there is something above.
        let below = self.flow.step(self.top, height as isize, &layout);
        if self.flow.step(below, 1, &layout) == below && !self.flow.item(below.event, &layout).is_missing {
            let filled = self.flow.step(below, 1 - height as isize, &layout);
            self.top = self.top.min(filled);
        }
    }

    /// The event that the cursor is on: the one that was jumped to, where the cursor still is.
    fn event(&self) -> u32 {
        self.jumped_to.filter(|(place, _)| *place == self.cursor).map_or(self.cursor.event, |(_, event)| event)
    }

    fn draw_head(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let theme = look.theme;
        let Some(info) = &self.info else {
            return paint::text(buffer, area, 0, &format!("{}  {}", self.short_id, text::tui::LOADING), theme.dim());
        };
        let turn = self.flow.turn_at(self.cursor.event).map_or(0, |at| self.flow.turns[at].turn);
        let turns = self.flow.turns.last().map_or(0, |last| last.turn);
        let right = text::tui::turn_of(turn, turns);
        let mut spans = vec![Span::raw("  "), Span::styled(self.short_id.to_string(), theme.id())];
        if let Some(word) = info.state.word() {
            let (sign, style) = theme.state_sign(info.state);
            spans.push(Span::styled(format!(" {}", format!("{sign} {word}").trim_start()), style));
        }
        let place = session_line::place(info);
        let facts = format!("  {} {place}", clean::one_line(&info.agent));
        let width = usize::from(area.width);
        let id: usize = spans.iter().map(Span::width).sum();
        let room = width.saturating_sub(id + cells::cells(&right) + 2);
        let facts_room = (cells::cells(&facts)).min(room / 2);
        let title = cells::cut_end(&clean::one_line(&info.title), room - facts_room, theme.ellipsis());
        let facts = cells::cut_end(facts.trim_end(), room - cells::cells(&title), theme.ellipsis());
        spans.insert(0, Span::styled(title, theme.bold()));
        spans.push(Span::styled(facts, theme.dim()));
        paint::line(buffer, area, 0, &Line::from(spans));
        paint::line_right(buffer, area, 0, &Line::from(right));
    }

    /// The prompts, the one of the cursor marked.
    fn draw_outline(&self, buffer: &mut Buffer, look: &Look<'_>) {
        let area = self.outline_area;
        let theme = look.theme;
        let current = self.flow.turn_at(self.cursor.event).unwrap_or(0);
        for (y, at) in (self.outline_top()..self.flow.turns.len()).take(usize::from(area.height)).enumerate() {
            let turn = &self.flow.turns[at];
            let mark = if at == current { ">" } else { " " };
            let failed = if turn.errors > 0 { theme.status_sign(opensession_hail::Status::Error).0 } else { " " };
            let line = format!("{mark}{failed} {:>3} {}", turn.turn, clean::one_line(&turn.prompt));
            let shown = cells::cut_end(&line, usize::from(area.width), theme.ellipsis());
            let style = if at == current { theme.bold() } else { theme.plain() };
            paint::text(buffer, area, y as u16, &shown, style);
        }
    }

    fn outline_top(&self) -> usize {
        let height = usize::from(self.outline_area.height).max(1);
        let current = self.flow.turn_at(self.cursor.event).unwrap_or(0);
        let most = self.flow.turns.len().saturating_sub(height);
        current.saturating_sub(height / 2).min(most)
    }

    fn draw_rows(&self, buffer: &mut Buffer, look: &Look<'_>) {
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(look, &session);
        let mut event = self.top.event.max(1);
        let mut skip = self.top.row;
        let mut y = 0;
        while event < self.flow.end() && usize::from(y) < self.height() {
            let item = self.flow.item(event, &layout);
            for (row, line) in item.rows.iter().enumerate().skip(skip) {
                let marked = self.find.marked(line, look.theme);
                paint::line(buffer, self.area, y, marked.as_ref().unwrap_or(line));
                if (Place { event, row }) == self.cursor {
                    paint::row_style(buffer, self.area, y, look.theme.cursor(!self.find.is_typed));
                }
                y += 1;
            }
            skip = 0;
            event = item.next;
        }
    }
}

impl View for SessionView {
    fn places(&self) -> &'static [KeyPlace] {
        if self.find.is_typed {
            &[KeyPlace::FindLine]
        } else {
            &[KeyPlace::Session, KeyPlace::Chosen, KeyPlace::Everywhere]
        }
    }

    fn has_own_head(&self) -> bool {
        true
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        ui.effects.push(Effect::Watch(Some(self.id.clone())));
        self.ask_detail(ui);
        self.ask_outline(ui);
        self.ask_page(self.target.map_or(1, |target| target.event.saturating_sub(PAGE / 4).max(1)), ui);
        if !self.find.line.is_empty() {
            self.ask_find(ui);
        }
    }

    fn resume(&mut self, ui: &mut Ui<'_, '_>) {
        self.has_failed = false;
        self.page = None;
        ui.effects.push(Effect::Watch(Some(self.id.clone())));
        self.ask_detail(ui);
        self.ask_outline(ui);
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        self.do_action(action, ui)
    }

    fn key(&mut self, key: &str, ui: &mut Ui<'_, '_>) {
        if self.find.is_typed && self.find.line.key(key) {
            self.ask_find(ui);
        }
    }

    fn paste(&mut self, pasted: &str, ui: &mut Ui<'_, '_>) {
        if self.find.is_typed {
            self.find.line.insert(pasted);
            self.ask_find(ui);
        }
    }

    fn mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        let position = Position::new(event.column, event.row);
        match event.kind {
            MouseEventKind::ScrollDown => self.step(3, ui),
            MouseEventKind::ScrollUp => self.step(-3, ui),
            MouseEventKind::Down(MouseButton::Left) if self.area.contains(position) => {
                let session = Rc::clone(&self.short_id);
                let layout = self.layout(ui.look, &session);
                let row = isize::try_from(event.row - self.area.y).unwrap_or(0);
                let clicked = self.flow.step(self.top, row, &layout);
                let was_there = clicked == self.cursor;
                self.cursor = clicked;
                // A click on what can be folded folds it; elsewhere the second one does.
                if was_there || clicked.row == 0 {
                    self.do_action(Action::Fold, ui);
                }
            }
            MouseEventKind::Down(MouseButton::Left) if self.outline_area.contains(position) => {
                let at = self.outline_top() + usize::from(event.row - self.outline_area.y);
                if let Some(turn) = self.flow.turns.get(at) {
                    self.jump(turn.event, false, ui);
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        if self.find.awaited == Some(ticket) {
            self.find.awaited = None;
            return self.took_find(answer, ui);
        }
        let is_awaited = [&mut self.detail, &mut self.outline, &mut self.page].into_iter().any(|awaited| {
            let is_it = *awaited == Some(ticket);
            if is_it {
                *awaited = None;
            }
            is_it
        });
        match answer {
            _ if !is_awaited => {}
            Ok(Answer::Session(detail)) => self.took_detail(*detail),
            Ok(Answer::Outline(outline)) => self.took_outline(*outline, ui),
            Ok(Answer::Page(page)) => self.took_page(*page, ui),
            Ok(_) => {}
            Err(error) => {
                self.has_failed = true;
                self.target = None;
                ui.refused(error);
            }
        }
        self.aim(ui);
    }

    fn timer(&mut self, _timer: u8, ui: &mut Ui<'_, '_>) {
        self.outline_waits = false;
        self.ask_outline(ui);
        self.ask_detail(ui);
    }

    fn updated(&mut self, update: SessionUpdate, ui: &mut Ui<'_, '_>) {
        self.took_update(update, ui);
    }

    fn settle(&mut self, ui: &mut Ui<'_, '_>) {
        self.scroll(ui.look);
        if self.page.is_some() || self.has_failed || !self.has_outline || self.target.is_some() {
            return;
        }
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(ui.look, &session);
        if self.flow.item(self.cursor.event, &layout).is_missing {
            return self.ask_page(self.cursor.event, ui);
        }
        // Half a screen ahead, so that scrolling seldom waits.
        if let Some(missing) = self.flow.first_missing(self.top, self.height() * 3 / 2, &layout) {
            self.ask_page(missing, ui);
        }
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        self.draw_head(buffer, Rect { height: 1, ..area }, look);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.outline_area = Rect::default();
        self.area = body;
        if area.width >= OUTLINE_FROM {
            self.outline_area = Rect { width: OUTLINE_WIDTH, ..body };
            paint::upright(buffer, Rect { x: body.x + OUTLINE_WIDTH, width: 1, ..body }, look.theme);
            let taken = OUTLINE_WIDTH + 2;
            self.area = Rect { x: body.x + taken, width: body.width - taken, ..body };
        }
        if !self.has_outline {
            paint::text(buffer, self.area, 1, text::tui::LOADING, look.theme.dim());
        } else if self.flow.total == 0 {
            paint::text(buffer, self.area, 1, text::tui::NO_EVENT, look.theme.dim());
        } else {
            self.scroll(look);
            self.draw_outline(buffer, look);
            self.draw_rows(buffer, look);
        }
        let (_, cursor) = self.find.line.shown(usize::from(area.width / 2));
        let at = Position { x: area.x + 1 + cursor as u16, y: area.y + area.height };
        self.find.is_typed.then_some(at)
    }

    fn foot(&self, look: &Look<'_>) -> String {
        let mut parts = Vec::new();
        if self.find.is_typed || !self.find.line.is_empty() {
            let width = usize::from(self.area.width / 2);
            let count = self.find.count(self.event());
            let line = format!("/{}", self.find.line.shown(width).0);
            parts.push(format!("{}  {count}", cells::cut_end(&line, width.max(20), look.theme.ellipsis())));
        }
        if self.unseen > 0 {
            parts.push(text::tui::unseen(&number::count(self.unseen.into())));
        } else if self.follows {
            parts.push(text::tui::FOLLOWING.to_owned());
        }
        parts.join("  ")
    }

    fn hints(&self) -> &'static [Action] {
        if self.find.is_typed {
            &[Action::OpenHit, Action::LeaveSearch]
        } else {
            &[
                Action::NextPrompt,
                Action::NextError,
                Action::NextEdit,
                Action::Fold,
                Action::Search,
                Action::Follow,
                Action::Thinking,
                Action::Back,
            ]
        }
    }

    fn chosen(&self) -> Option<Chosen> {
        let info = self.info.as_ref()?;
        Some(Chosen {
            id: info.id.clone(),
            short_id: self.short_id.to_string(),
            agent: info.agent.clone(),
            title: info.title.clone(),
            event: Some(self.event()).filter(|event| *event > 0),
        })
    }
}

/// A view of a session's parent, or nothing where it has none.
fn parent_of(info: &SessionInfo) -> Option<Go> {
    let parent = info.parent.clone()?;
    let short: String = clean::one_line(&parent).chars().take(8).collect();
    Some(Go::Into(Box::new(SessionView::new(parent, &short, None))))
}
