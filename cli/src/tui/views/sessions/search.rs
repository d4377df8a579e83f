//! The search line of the list: what is typed, what the daemon found, and why nothing was found.

use std::collections::HashMap;
use std::time::Duration;

use opensession_protocol::{Hit, SearchAnswer, SearchOptions, SessionInfo};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use serde_json::json;

use super::candidates::Candidates;
use super::complete::Completing;
use super::kept::Kept;
use crate::connection::CallError;
use crate::failure;
use crate::format::{cells, clean, number};
use crate::text;
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::line_edit::LineEdit;
use crate::tui::look::Look;
use crate::tui::paint;
use opensession_protocol::{QueryError, Scope};

/// Rows change places only after so long without a key.
pub(super) const REST: Duration = Duration::from_millis(150);
/// What takes longer shows that it is under way.
const SPINNER_AFTER: Duration = Duration::from_millis(200);
/// Sessions asked for at once, and hits of each.
const PAGE: u32 = 50;
const HITS: u32 = 12;

/// What is looked for, and what was found.
#[derive(Debug, Default)]
pub(super) struct Search {
    pub(super) line: LineEdit,
    /// Whether it is being typed.
    pub(super) is_typed: bool,
    pub(super) completing: Completing,
    pub(super) kept: Kept,
    /// What can be put into the line, beneath it.
    pub(super) candidates: Option<Candidates>,
    /// The query that was told last to be one to keep.
    remembered: String,
    pub(super) answer: Option<SearchAnswer>,
    hits: HashMap<String, Found>,
    awaited: Option<(Ticket, Duration)>,
    next_page: Option<Ticket>,
    /// How many were found by the pages so far; `None` when there are no more.
    offset: Option<u32>,
    last_key: Duration,
    /// The order that rows take when typing rests.
    resting: Option<Vec<SessionInfo>>,
    /// The query could not be run.
    problem: Option<(QueryError, String)>,
}

/// The hits of a session.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) hits: Vec<Hit>,
    pub(super) total: u64,
}

/// What an answer means for the rows.
pub(super) enum Rows {
    /// Nothing.
    Stay,
    /// These, in this order.
    Are(Vec<SessionInfo>),
    /// These, but what is shown stays where it is.
    Become(Vec<SessionInfo>),
    /// These too.
    And(Vec<SessionInfo>),
}

impl Search {
    /// Whether the list is that of a query.
    pub(super) fn is_on(&self) -> bool {
        !self.line.text().trim().is_empty()
    }

    pub(super) fn query(&self) -> &str {
        self.line.text().trim()
    }

    pub(super) fn hits(&self, session: &str) -> Option<&Found> {
        self.hits.get(session)
    }

    /// Whether an answer is under way for so long that it is to be shown.
    pub(super) fn is_slow(&self, now: Duration) -> bool {
        self.awaited.is_some_and(|(_, asked)| now >= asked + SPINNER_AFTER)
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.awaited.is_some()
    }

    /// A key changed the query.
    pub(super) fn changed(&mut self, all: bool, ui: &mut Ui<'_, '_>, rest_timer: u8) {
        self.last_key = ui.now;
        if self.is_on() {
            self.ask(all, ui);
            ui.after(REST, rest_timer);
            ui.after(SPINNER_AFTER, rest_timer);
        } else {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.line.set("");
        self.forget();
        (self.awaited, self.next_page, self.resting) = (None, None, None);
    }

    fn forget(&mut self) {
        self.answer = None;
        self.hits.clear();
        self.offset = None;
        self.problem = None;
    }

    pub(super) fn ask(&mut self, all: bool, ui: &mut Ui<'_, '_>) {
        let ticket = self.ask_from(0, all, ui);
        self.awaited = Some((ticket, ui.now));
        self.next_page = None;
    }

    pub(super) fn ask_next(&mut self, all: bool, ui: &mut Ui<'_, '_>) {
        if let Some(offset) = self.offset.filter(|_| self.next_page.is_none() && self.awaited.is_none()) {
            self.next_page = Some(self.ask_from(offset, all, ui));
        }
    }

    fn ask_from(&self, offset: u32, all: bool, ui: &mut Ui<'_, '_>) -> Ticket {
        let options = SearchOptions {
            scope: Scope { cwd: ui.look.directory.clone(), all },
            limit: Some(PAGE),
            hits_per_session: Some(HITS),
            offset,
            typing: self.is_typed,
            // Later pages are counted with the first.
            facets: offset == 0,
            time_zone: ui.look.times.zone_name(),
            ..SearchOptions::default()
        };
        let params = json!({ "query": self.query(), "options": options });
        ui.ask(Lane::Search, "search/query", params, |answer| Answer::Found(Box::new(answer)))
    }

    /// Has the query kept: somebody is done typing it. Nothing waits for the answer.
    pub(super) fn remember(&mut self, all: bool, ui: &mut Ui<'_, '_>) {
        if !self.is_on() || self.remembered == self.query() {
            return;
        }
        self.remembered = self.query().to_owned();
        let options = SearchOptions {
            scope: Scope { cwd: ui.look.directory.clone(), all },
            limit: Some(1),
            no_snippets: true,
            remember: true,
            time_zone: ui.look.times.zone_name(),
            ..SearchOptions::default()
        };
        let params = json!({ "query": self.query(), "options": options });
        ui.ask(Lane::Act, "search/query", params, |answer| Answer::Found(Box::new(answer)));
    }

    /// The line is typed in from now on.
    pub(super) fn begin(&mut self) {
        if !self.is_typed {
            self.is_typed = true;
            self.kept.begin();
        }
    }

    /// It is not any more.
    pub(super) fn leave(&mut self) {
        self.is_typed = false;
        self.candidates = None;
    }

    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.awaited.is_some_and(|(awaited, _)| awaited == ticket) || self.next_page == Some(ticket)
    }

    /// Takes the answer to its own call; late ones are not its own any more.
    pub(super) fn took(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) -> Rows {
        let is_first = self.next_page != Some(ticket);
        if is_first {
            self.awaited = None;
        } else {
            self.next_page = None;
        }
        let answer = match answer {
            Ok(Answer::Found(answer)) => *answer,
            Ok(_) => return Rows::Stay,
            Err(CallError::Refused { data, message, .. }) if !data.errors.is_empty() => {
                self.forget();
                let error = data.errors.iter().find(|error| error.fatal).unwrap_or(&data.errors[0]).clone();
                self.problem = Some((error, message));
                return Rows::Are(Vec::new());
            }
            Err(error) => {
                ui.refused(error);
                return Rows::Stay;
            }
        };
        if is_first {
            self.forget();
        }
        let got = answer.sessions.len() as u32;
        self.offset = (got == PAGE).then(|| self.offset.unwrap_or(0) + got);
        let mut sessions = Vec::with_capacity(answer.sessions.len());
        let mut answer = answer;
        for found in std::mem::take(&mut answer.sessions) {
            self.hits.insert(found.session.id.clone(), Found { hits: found.hits, total: found.total });
            sessions.push(found.session);
        }
        if !is_first {
            return Rows::And(sessions);
        }
        self.answer = Some(answer);
        if self.is_typed && ui.now < self.last_key + REST {
            self.resting = Some(sessions.clone());
            return Rows::Become(sessions);
        }
        self.resting = None;
        Rows::Are(sessions)
    }

    /// The rows in their order, once typing has rested.
    pub(super) fn rested(&mut self, now: Duration) -> Option<Vec<SessionInfo>> {
        if now < self.last_key + REST { None } else { self.resting.take() }
    }

    /// What is wrong in the query, as a caret under its place; nothing for what is still being typed.
    pub(super) fn draw_problem(&self, buffer: &mut Buffer, area: Rect, y: u16, look: &Look<'_>) -> bool {
        let in_answer = || self.answer.as_ref()?.errors.first().map(|error| (error, &error.message));
        let Some((error, message)) = self.problem.as_ref().map(|(error, message)| (error, message)).or_else(in_answer)
        else {
            return false;
        };
        if error.code == "unclosed_quote" && self.is_typed {
            return false;
        }
        let message = if error.message.is_empty() { message } else { &error.message };
        let [_, caret] = failure::query_place(self.line.text(), error);
        let caret = caret.split('^').next().unwrap_or_default().to_owned()
            + &"^".repeat(caret.chars().filter(|character| *character == '^').count());
        let mut said = format!("  {caret} {}", clean::one_line(message));
        if let Some(hint) = &error.hint {
            said.push_str(&format!("  ({})", clean::one_line(hint)));
        }
        let shown = cells::cut_end(&said, usize::from(area.width), look.theme.ellipsis());
        paint::text(buffer, area, y, &shown, look.theme.failed());
        true
    }

    /// Why nothing was found, and what to drop.
    pub(super) fn draw_nothing(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let theme = look.theme;
        let Some(answer) = &self.answer else { return };
        let mut lines = vec![Line::from(text::no_session_matches(&clean::one_line(self.query())))];
        if let Some(empty) = &answer.empty {
            for part in &empty.without {
                let name = text::without(&clean::one_line(&part.part));
                lines.push(Line::from(format!(
                    "  {name}{}  {}",
                    cells::padding(&name, 28),
                    number::count(part.sessions)
                )));
            }
            for near in empty.without.iter().flat_map(|part| &part.near) {
                let name = clean::one_line(&near.value).into_owned();
                let count = number::count(near.count);
                lines.push(Line::from(vec![
                    Span::raw(format!("  {name}{}  {count}  ", cells::padding(&name, 28))),
                    Span::styled(text::DID_YOU_MEAN, theme.dim()),
                ]));
            }
            if empty.elsewhere > 0 {
                lines.push(Line::from(text::tui::elsewhere(empty.elsewhere)));
            }
        }
        let here = answer.scope_repository.as_deref().map(clean::one_line);
        lines.push(Line::from(Span::styled(text::tui::searched(answer.searched, here.as_deref()), theme.dim())));
        if answer.reading {
            lines.push(Line::from(Span::styled(text::tui::STILL_READING, theme.dim())));
        }
        for (y, line) in lines.iter().enumerate() {
            paint::line(buffer, area, y as u16 + 1, line);
        }
    }

    /// `12 sessions`, or how many there are at least.
    pub(super) fn count(&self) -> Option<String> {
        let answer = self.answer.as_ref()?;
        let (all, any) = (answer.matching_all, answer.matching_any);
        let (count, suffix) = if all.value > 0 || any.value == 0 { (all, "") } else { (any, text::tui::SOME_WORDS) };
        let at_least = if count.at_least { text::tui::AT_LEAST } else { "" };
        Some(format!("{at_least}{}{suffix}", text::tui::sessions(count.value)))
    }
}
