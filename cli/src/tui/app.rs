//! The state of the terminal interface. [`App::update`] takes what happens and gives what is to be done; it touches
//! neither the terminal nor the daemon, so that tests drive it as the loop does.

mod frame;
mod layers;
mod session_actions;

use std::time::Duration;

use opensession_protocol::IndexStatus;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyEventKind, MouseButton, MouseEventKind};
use ratatui::layout::{Position, Rect};
use serde_json::json;

use super::effects::{Answer, Effect, Go, Lane, Message, Notice, Ticket, Ui};
use super::keys::{self, Action, Called, Place};
use super::look::Look;
use super::overlay::{Outcome, Overlay, Tag};
use super::views::Tab;
use super::views::handoff::Handoff;
use crate::connection::CallError;
use crate::format::cells;
use crate::text;
use layers::Layer;
use session_actions::SessionActions;

/// Below this size a list is all there is room for.
pub(crate) const LEAST_WIDTH: u16 = 60;
pub(crate) const LEAST_HEIGHT: u16 = 15;
/// How often the daemon's figures in the head are looked at anew, at most.
const STATUS_EVERY: Duration = Duration::from_secs(2);
/// Tags from here on are the interface's own.
pub(crate) const OWN_TAGS: Tag = 200;

/// The state of the terminal interface.
pub(crate) struct App<'h> {
    pub(crate) look: Look<'h>,
    /// The views that lie on each other, for every tab that was opened.
    tabs: Vec<(Tab, Vec<Layer>)>,
    current: usize,
    overlay: Option<Overlay>,
    notice: Option<Notice>,
    /// The first key of two.
    prefix: String,
    /// The last key.
    struck: String,
    is_offline: bool,
    index: IndexStatus,
    live: u64,
    status_asked: Option<Duration>,
    own_calls: Vec<Ticket>,
    actions: SessionActions,
    last_ticket: u64,
    last_layer: u64,
    timers: Vec<(Duration, u64, u8)>,
    area: Rect,
    is_new_size: bool,
}

impl<'h> App<'h> {
    /// The interface as it begins, and what is to be done first.
    pub(crate) fn new(look: Look<'h>) -> (Self, Vec<Effect>) {
        let mut app = Self {
            look,
            tabs: Vec::new(),
            current: 0,
            overlay: None,
            notice: None,
            prefix: String::new(),
            struck: String::new(),
            is_offline: false,
            index: IndexStatus::default(),
            live: 0,
            status_asked: None,
            own_calls: Vec::new(),
            actions: SessionActions::default(),
            last_ticket: 0,
            last_layer: 0,
            timers: Vec::new(),
            area: Rect::default(),
            is_new_size: false,
        };
        let mut effects = Vec::new();
        app.show_tab(Tab::Sessions, Duration::ZERO, &mut effects);
        app.ask_status(Duration::ZERO, &mut effects);
        (app, effects)
    }

    /// Takes what happened `now`, and gives what is to be done.
    pub(crate) fn update(&mut self, message: Message, now: Duration) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.look.times = self.look.times.renewed();
        match message {
            Message::Key(key) if key.kind != KeyEventKind::Release => {
                if let Some(key) = keys::name(key) {
                    self.notice = None;
                    self.key(&key, now, &mut effects);
                }
            }
            Message::Key(_) | Message::Resized => {}
            Message::Paste(text) => match &mut self.overlay {
                Some(overlay) => overlay.paste(&text),
                None => self.with_top(now, &mut effects, |view, ui| view.paste(&text, ui)),
            },
            Message::Mouse(event) => self.mouse(event, now, &mut effects),
            Message::Tick => self.ring(now, &mut effects),
            Message::Answer(ticket, answer) => self.answered(ticket, answer, now, &mut effects),
            Message::Index(status) => {
                let is_new = status.store_sequence != self.index.store_sequence || status.state != self.index.state;
                self.index = status;
                if is_new {
                    let due = self.status_asked.is_none_or(|asked| now >= asked + STATUS_EVERY);
                    if due {
                        self.ask_status(now, &mut effects);
                    }
                    let status = self.index.clone();
                    self.with_top(now, &mut effects, |view, ui| view.changed(&status, ui));
                }
            }
            Message::Session(update) => self.with_top(now, &mut effects, |view, ui| view.updated(update, ui)),
            Message::Offline => self.is_offline = true,
            Message::Online => {
                self.is_offline = false;
                self.ask_status(now, &mut effects);
                self.with_top(now, &mut effects, |view, ui| view.resume(ui));
            }
            Message::Told(text) => self.notice = Some(Notice { text, is_failure: false }),
            Message::Failed(reason) => self.notice = Some(Notice { text: reason, is_failure: true }),
            Message::Ended(ended) => {
                if let Err(reason) = ended {
                    self.notice = Some(Notice { text: reason, is_failure: true });
                }
                self.with_top(now, &mut effects, |view, ui| view.resume(ui));
            }
        }
        self.with_top(now, &mut effects, |view, ui| view.settle(ui));
        effects
    }

    /// Whether the last picture was of another size than the one before: views then know what room they have, and
    /// [`Message::Resized`] has them ask for what they need for it.
    pub(crate) fn is_new_size(&self) -> bool {
        self.is_new_size
    }

    /// When the next timer is due.
    pub(crate) fn next_timer(&self) -> Option<Duration> {
        self.timers.iter().map(|(at, ..)| *at).min()
    }

    /// Draws everything, and gives where the cursor stands when something is typed.
    pub(crate) fn draw(&mut self, buffer: &mut Buffer) -> Option<Position> {
        let area = buffer.area;
        self.is_new_size = self.area != area;
        self.area = area;
        if area.width == 0 || area.height == 0 {
            return None;
        }
        let has_own_head = self.top().view.has_own_head();
        if !has_own_head {
            self.draw_head(buffer, Rect { height: 1, ..area });
        }
        let head = u16::from(!has_own_head);
        let foot = u16::from(area.height > head + 1);
        let body = Rect { y: area.y + head, height: area.height.saturating_sub(head + foot), ..area };
        let look = &self.look;
        let layer = Self::top_of(&mut self.tabs, self.current);
        let mut cursor = if body.height > 0 { layer.view.draw(buffer, body, look) } else { None };
        if foot > 0 {
            self.draw_foot(buffer, Rect { y: area.y + area.height - 1, height: 1, ..area });
        }
        if let Some(overlay) = &mut self.overlay {
            cursor = overlay.draw(buffer, area, &self.look);
        }
        cursor.filter(|cursor| area.contains(*cursor))
    }

    fn key(&mut self, key: &str, now: Duration, effects: &mut Vec<Effect>) {
        if let Some(overlay) = &mut self.overlay {
            let outcome = overlay.key(key);
            return self.close_overlay(outcome, now, effects);
        }
        let prefix = std::mem::take(&mut self.prefix);
        key.clone_into(&mut self.struck);
        let places = self.top().view.places();
        match keys::called(places, &prefix, key) {
            Called::Action(action) => self.act(action, now, effects),
            Called::Prefix => key.clone_into(&mut self.prefix),
            Called::Nothing if key == "Ctrl-c" => effects.push(Effect::Quit),
            Called::Nothing => self.with_top(now, effects, |view, ui| view.key(key, ui)),
        }
    }

    fn close_overlay(&mut self, outcome: Outcome, now: Duration, effects: &mut Vec<Effect>) {
        if outcome == Outcome::Stay {
            return;
        }
        self.overlay = None;
        match outcome {
            Outcome::Stay | Outcome::Close => {}
            Outcome::Act(action) => self.act(action, now, effects),
            Outcome::Picked(tag, row) if tag >= OWN_TAGS => {
                self.with_actions(now, effects, |actions, ui| actions.picked(tag, row, ui));
            }
            Outcome::Typed(tag, text) if tag >= OWN_TAGS => {
                self.with_actions(now, effects, |actions, ui| actions.typed(tag, &text, ui));
            }
            Outcome::Picked(tag, row) => self.with_top(now, effects, |view, ui| view.picked(tag, row, ui)),
            Outcome::Typed(tag, text) => self.with_top(now, effects, |view, ui| view.typed(tag, &text, ui)),
        }
    }

    fn act(&mut self, action: Action, now: Duration, effects: &mut Vec<Effect>) {
        let mut is_done = false;
        self.with_top(now, effects, |view, ui| is_done = view.act(action, ui));
        if is_done {
            return;
        }
        match action {
            Action::Quit => effects.push(Effect::Quit),
            Action::Suspend => effects.push(Effect::Suspend),
            Action::Help => {
                let places = self.top().view.help_places().to_vec();
                self.overlay = Some(Overlay::Help { places, filter: super::line_edit::LineEdit::default(), top: 0 });
            }
            Action::Palette => {
                let places = self.top().view.places().to_vec();
                let filter = super::line_edit::LineEdit::default();
                self.overlay = Some(Overlay::Palette { places, filter, selected: 0 });
            }
            Action::Handoff => match self.top().view.chosen() {
                Some(chosen) => self.open(Box::new(Handoff::of(chosen)), now, effects),
                None => self.notice = Some(Notice { text: text::tui::NOTHING_CHOSEN.to_owned(), is_failure: false }),
            },
            Action::Back | Action::Clear => {
                // Only the key that is meant to leaves the interface, not one of the arrows.
                let may_quit = action == Action::Back && self.struck == "q";
                self.back(may_quit, now, effects);
            }
            Action::Resume | Action::Export | Action::Copy | Action::Star | Action::Forget => {
                let chosen = self.top().view.chosen();
                match chosen {
                    Some(chosen) => self.with_actions(now, effects, |actions, ui| actions.begin(action, chosen, ui)),
                    None => {
                        self.notice = Some(Notice { text: text::tui::NOTHING_CHOSEN.to_owned(), is_failure: false });
                    }
                }
            }
            _ => {
                if let Some((tab, _)) = Tab::ALL.iter().find(|(_, shows)| *shows == action) {
                    self.show_tab(*tab, now, effects);
                }
            }
        }
    }

    fn answered(
        &mut self,
        ticket: Ticket,
        answer: Result<Answer, CallError>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        match &answer {
            Ok(_) => self.is_offline = false,
            Err(CallError::Lost(_)) => self.is_offline = true,
            Err(_) => {}
        }
        if let Some(at) = self.own_calls.iter().position(|own| *own == ticket) {
            self.own_calls.remove(at);
            if let Ok(Answer::Status(status)) = answer {
                self.live = status.live;
                self.index = status.index;
            } else if self.actions.awaits(ticket) {
                self.with_actions(now, effects, |actions, ui| actions.answered(ticket, answer, ui));
            }
            return;
        }
        // The view that asked may lie below others by now, or be gone.
        let found = self.tabs.iter().enumerate().find_map(|(tab, (_, layers))| {
            let layer = layers.iter().position(|layer| layer.calls.contains(&ticket))?;
            Some((tab, layer))
        });
        if let Some((tab, layer)) = found {
            self.tabs[tab].1[layer].calls.retain(|call| *call != ticket);
            self.with_layer(tab, layer, now, effects, |view, ui| view.answered(ticket, answer, ui));
        }
    }

    /// Tells views whose time has come.
    fn ring(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        let due: Vec<_> = self.timers.iter().copied().filter(|(at, ..)| *at <= now).collect();
        self.timers.retain(|(at, ..)| *at > now);
        for (_, id, timer) in due {
            let found = self
                .tabs
                .iter()
                .enumerate()
                .find_map(|(tab, (_, layers))| Some((tab, layers.iter().position(|layer| layer.id == id)?)));
            if let Some((tab, layer)) = found {
                self.with_layer(tab, layer, now, effects, |view, ui| view.timer(timer, ui));
            }
        }
    }

    fn mouse(&mut self, event: ratatui::crossterm::event::MouseEvent, now: Duration, effects: &mut Vec<Effect>) {
        if self.overlay.is_some() {
            if event.kind == MouseEventKind::Down(MouseButton::Left) {
                self.overlay = None;
            }
            return;
        }
        let is_head = event.row == self.area.y && !self.top().view.has_own_head();
        if is_head && event.kind == MouseEventKind::Down(MouseButton::Left) {
            let mut at = cells::cells(text::tui::NAME) + 2;
            for (tab, action) in Tab::ALL {
                let key = keys::key_of(&[Place::Everywhere], *action).unwrap_or_default();
                let width = cells::cells(&format!("{key} {}", text::tui::tab(*tab)));
                if (at..at + width).contains(&usize::from(event.column)) {
                    return self.show_tab(*tab, now, effects);
                }
                at += width + 2;
            }
            return;
        }
        self.notice = None;
        self.with_top(now, effects, |view, ui| view.mouse(event, ui));
    }

    fn ask_status(&mut self, now: Duration, effects: &mut Vec<Effect>) {
        self.status_asked = Some(now);
        self.with_actions(now, effects, |_, ui| {
            ui.ask(Lane::List, "daemon/status", json!({}), |status| Answer::Status(Box::new(status)));
        });
    }

    /// Has the actions on a session do something, and does what they say.
    fn with_actions(
        &mut self,
        now: Duration,
        effects: &mut Vec<Effect>,
        run: impl FnOnce(&mut SessionActions, &mut Ui<'_, '_>),
    ) {
        let mut ui = Ui {
            look: &self.look,
            now,
            effects,
            issued: &mut self.own_calls,
            last_ticket: &mut self.last_ticket,
            timers: &mut Vec::new(),
            go: None,
            notice: None,
            overlay: None,
        };
        run(&mut self.actions, &mut ui);
        let Ui { go, notice, overlay, .. } = ui;
        self.follow(go, notice, overlay, now, effects);
    }

    fn follow(
        &mut self,
        go: Option<Go>,
        notice: Option<Notice>,
        overlay: Option<Overlay>,
        now: Duration,
        effects: &mut Vec<Effect>,
    ) {
        if notice.is_some() {
            self.notice = notice;
        }
        if overlay.is_some() {
            self.overlay = overlay;
        }
        match go {
            Some(Go::Into(view)) => self.open(view, now, effects),
            Some(Go::Back) => self.back(false, now, effects),
            Some(Go::Anew) => self.with_top(now, effects, |view, ui| view.resume(ui)),
            Some(Go::Gone(session)) => {
                let is_shown = self.top().view.has_own_head()
                    && self.top().view.chosen().is_some_and(|chosen| chosen.id == session);
                if is_shown {
                    self.back(false, now, effects);
                } else {
                    self.with_top(now, effects, |view, ui| view.resume(ui));
                }
            }
            None => {}
        }
    }
}
