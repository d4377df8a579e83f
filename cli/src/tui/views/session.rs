//! One session: turns with their events, of which only those near the cursor are at hand.

mod aim;
mod draw;
mod find;
mod flow;
mod keys;
mod lay_out;
mod live;
pub(crate) mod pages;

use std::rc::Rc;

use opensession_protocol::{SessionDetail, SessionInfo, SessionUpdate};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use serde_json::json;

use super::{Chosen, View};
use crate::connection::CallError;
use crate::format::{cells, clean, number};
use crate::text;
use crate::tui::effects::{Answer, Effect, Go, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place as KeyPlace};
use crate::tui::look::Look;
use crate::tui::refresh::Refresh;
use aim::Target;
use find::Find;
use flow::{Flow, Place};
use lay_out::Layout;
use pages::{PAGE, Page};

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
    refresh: Refresh,
    has_failed: bool,
    area: Rect,
    outline_area: Rect,
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
            refresh: Refresh::default(),
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
}

impl View for SessionView {
    fn places(&self) -> &'static [KeyPlace] {
        if self.find.is_typed {
            &[KeyPlace::FindLine]
        } else {
            &[KeyPlace::Session, KeyPlace::Chosen, KeyPlace::Everywhere]
        }
    }

    fn help_places(&self) -> &'static [KeyPlace] {
        &[KeyPlace::Session, KeyPlace::Chosen, KeyPlace::FindLine, KeyPlace::Everywhere]
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
        self.refresh.rang();
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
        self.draw_page(buffer, area, look)
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
