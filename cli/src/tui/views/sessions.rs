//! The list of sessions.

mod rows;

use std::collections::BTreeSet;

use opensession_protocol::{IndexStatus, Scope, SessionFilter, SessionPage};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use serde_json::json;

use super::{Chosen, View};
use crate::connection::CallError;
use crate::format::clean;
use crate::text;
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::look::Look;
use crate::tui::paint;
pub(crate) use rows::Order;
use rows::Rows;

/// Sessions asked for at once.
const PAGE: u32 = 100;
/// The list is asked for anew at most this often while something changes.
const REFRESH: std::time::Duration = std::time::Duration::from_millis(700);
const REFRESH_TIMER: u8 = 0;

/// The list of sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    rows: Rows,
    all: bool,
    subagents: bool,
    marked: BTreeSet<String>,
    total: u64,
    /// Where the next page begins.
    next: Option<String>,
    scope_repository: Option<String>,
    /// The call for the first page, and for the next one.
    first_page: Option<Ticket>,
    next_page: Option<Ticket>,
    was_answered: bool,
    refresh_waits: bool,
    list: Rect,
}

impl Sessions {
    fn ask_first(&mut self, ui: &mut Ui<'_, '_>) {
        // As many as are shown: what was scrolled to stays.
        let limit = (self.rows.len() as u32).clamp(PAGE, 1_000);
        let params = json!({ "filter": self.filter(ui.look), "limit": limit });
        self.first_page = Some(ui.ask(Lane::List, "session/list", params, Answer::Sessions));
    }

    fn ask_next(&mut self, ui: &mut Ui<'_, '_>) {
        if self.next_page.is_some() || self.first_page.is_some() {
            return;
        }
        let Some(cursor) = &self.next else { return };
        let params = json!({ "filter": self.filter(ui.look), "limit": PAGE, "cursor": cursor });
        self.next_page = Some(ui.ask(Lane::List, "session/list", params, Answer::Sessions));
    }

    fn filter(&self, look: &Look<'_>) -> SessionFilter {
        SessionFilter {
            scope: Scope { cwd: look.directory.clone(), all: self.all },
            subagents: self.subagents,
            ..SessionFilter::default()
        }
    }

    fn took(&mut self, ticket: Ticket, page: SessionPage, ui: &mut Ui<'_, '_>) {
        self.total = page.total;
        self.next = page.next;
        self.scope_repository = page.scope_repository;
        self.was_answered = true;
        if self.first_page == Some(ticket) {
            self.first_page = None;
            self.rows.replace(page.sessions, &ui.look.times);
        } else {
            self.next_page = None;
            self.rows.append(page.sessions, &ui.look.times);
        }
        self.look_ahead(ui);
    }

    /// Asks for the next page before the cursor comes to the end of what is there.
    fn look_ahead(&mut self, ui: &mut Ui<'_, '_>) {
        let is_near = self.rows.selected + usize::from(self.list.height.max(20)) * 2 >= self.rows.len();
        if is_near || self.rows.order == Order::Repository {
            self.ask_next(ui);
        }
    }

    fn draw_head(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let theme = look.theme;
        paint::text(buffer, area, 0, "/", theme.dim());
        let here = self.scope_repository.as_deref().map(clean::one_line).unwrap_or_default();
        let here = here.rsplit('/').next().unwrap_or_default();
        let scope = if self.all || here.is_empty() {
            text::tui::ALL.to_owned()
        } else {
            format!("{} ({here})", text::tui::HERE)
        };
        let right = Line::from(vec![Span::raw(scope), Span::raw("  "), Span::raw(text::tui::sessions(self.total))]);
        paint::line_right(buffer, area, 0, &right);
    }
}

impl View for Sessions {
    fn places(&self) -> &'static [Place] {
        &[Place::List, Place::Chosen, Place::Everywhere]
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask_first(ui);
    }

    fn resume(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask_first(ui);
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        let half = (usize::from(self.list.height) / 2).max(1) as isize;
        match action {
            Action::Down => self.rows.step(1),
            Action::Up => self.rows.step(-1),
            Action::HalfPageDown => self.rows.step(half),
            Action::HalfPageUp => self.rows.step(-half),
            Action::First => self.rows.step(isize::MIN / 2),
            Action::Last => self.rows.step(isize::MAX / 2),
            Action::Mark => {
                if let Some(session) = self.rows.session() {
                    let id = session.id.clone();
                    if !self.marked.remove(&id) {
                        self.marked.insert(id);
                    }
                }
                self.rows.step(1);
            }
            Action::Scope => {
                self.all = !self.all;
                self.ask_first(ui);
            }
            Action::Subagents => {
                self.subagents = !self.subagents;
                self.ask_first(ui);
            }
            Action::Order => self.rows.next_order(&ui.look.times),
            _ => return false,
        }
        self.look_ahead(ui);
        true
    }

    fn mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        match event.kind {
            MouseEventKind::ScrollDown => self.rows.step(3),
            MouseEventKind::ScrollUp => self.rows.step(-3),
            MouseEventKind::Down(MouseButton::Left) if self.list.contains(Position::new(event.column, event.row)) => {
                if self.rows.click(usize::from(event.row - self.list.y)) {
                    self.act(Action::Open, ui);
                }
            }
            _ => return,
        }
        self.look_ahead(ui);
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        let is_awaited = self.first_page == Some(ticket) || self.next_page == Some(ticket);
        match answer {
            Ok(Answer::Sessions(page)) if is_awaited => self.took(ticket, page, ui),
            Ok(_) => {}
            Err(error) => {
                self.first_page = self.first_page.filter(|first| *first != ticket);
                self.next_page = self.next_page.filter(|next| *next != ticket);
                if is_awaited {
                    ui.refused(error);
                }
            }
        }
    }

    fn changed(&mut self, _status: &IndexStatus, ui: &mut Ui<'_, '_>) {
        if !self.refresh_waits {
            self.refresh_waits = true;
            ui.after(REFRESH, REFRESH_TIMER);
        }
    }

    fn timer(&mut self, timer: u8, ui: &mut Ui<'_, '_>) {
        if timer == REFRESH_TIMER {
            self.refresh_waits = false;
            self.ask_first(ui);
        }
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        self.draw_head(buffer, Rect { height: 1, ..area }, look);
        let by = text::tui::by(text::tui::order(self.rows.order));
        paint::divider(buffer, area, 1, "", &by, true, look.theme);
        self.list = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        if self.rows.is_empty() {
            if self.was_answered {
                paint::text(buffer, self.list, 1, text::tui::NO_SESSION, look.theme.plain());
                if !self.all {
                    paint::text(buffer, self.list, 2, text::tui::TRY_ALL, look.theme.dim());
                }
            } else {
                paint::text(buffer, self.list, 1, text::tui::LOADING, look.theme.dim());
            }
        } else {
            self.rows.draw(buffer, self.list, self.all, &self.marked, true, look);
        }
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Mark, Action::Resume, Action::Scope, Action::Order]
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
