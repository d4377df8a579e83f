//! How the daemon is, and what could not be read.

use opensession_protocol::{DaemonStatus, IndexStatus, ProblemInfo, ProblemPage};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use serde_json::json;

use super::{Chosen, View};
use crate::commands;
use crate::connection::CallError;
use crate::format::{cells, clean};
use crate::text;
use crate::tui::effects::{Answer, Go, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::list::List;
use crate::tui::look::Look;
use crate::tui::paint;
use crate::tui::refresh::Refresh;
use crate::tui::views::session::SessionView;

/// Problems that are listed at most.
const MOST: u32 = 5_000;
/// Asked for anew at most this often while something changes.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(2);
const REFRESH_TIMER: u8 = 0;

/// How the daemon is, and what could not be read.
#[derive(Default)]
pub(crate) struct Problems {
    status: Option<Box<DaemonStatus>>,
    page: Option<ProblemPage>,
    awaited: Vec<Ticket>,
    refresh: Refresh,
    list: List,
}

/// A row of the list of problems.
enum Row<'p> {
    File(&'p ProblemInfo),
    Problem(usize, &'p ProblemInfo),
}

impl Problems {
    fn ask(&mut self, ui: &mut Ui<'_, '_>) {
        let status = ui.ask(Lane::List, "daemon/status", json!({}), |status| Answer::Status(Box::new(status)));
        let page = ui.ask(Lane::List, "problem/list", json!({ "limit": MOST }), Answer::Problems);
        self.awaited = vec![status, page];
    }

    fn problem(&self) -> Option<&ProblemInfo> {
        self.page.as_ref()?.problems.get(self.list.selected())
    }

    /// Draws how the daemon is; gives the rows it took.
    fn draw_status(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> u16 {
        let theme = look.theme;
        paint::divider(buffer, area, 0, text::CHECK_DAEMON, "", false, theme);
        let Some(status) = &self.status else {
            paint::text(buffer, area, 1, text::tui::LOADING, theme.dim());
            return 2;
        };
        let mut y = 1;
        for (name, value) in commands::daemon_lines(status, &look.times, &|path| look.path(path)) {
            let spans =
                vec![Span::styled(format!("{name}{}  ", cells::padding(name, 8)), theme.dim()), Span::raw(value)];
            paint::line(buffer, area, y, &Line::from(spans));
            y += 1;
        }
        for warning in &status.warnings {
            let subject = clean::one_line(&warning.subject).into_owned();
            let message = clean::one_line(&warning.message).into_owned();
            let room = usize::from(area.width.saturating_sub(10));
            for (index, part) in cells::wrap(&message, room).iter().enumerate() {
                let shown = if index == 0 { subject.as_str() } else { "" };
                let shown = cells::cut_end(shown, 8, theme.ellipsis());
                let padded = format!("{shown}{}  ", cells::padding(&shown, 8));
                let spans = vec![Span::styled(padded, theme.failed()), Span::raw(part.clone())];
                paint::line(buffer, area, y, &Line::from(spans));
                y += 1;
            }
            if let Some(remedy) = &warning.remedy {
                let remedy = format!("{}{} {}", " ".repeat(10), text::REMEDY, clean::one_line(remedy));
                paint::text(buffer, area, y, &remedy, theme.dim());
                y += 1;
            }
        }
        y
    }

    fn draw_list(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let theme = look.theme;
        let Some(page) = &self.page else { return };
        let told = if page.total == 0 { text::ALL_READ.to_owned() } else { text::problems(page.total, page.sources) };
        paint::divider(buffer, area, 0, &told, "", true, theme);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let selected = self.list.selected();
        let rows = rows(page);
        let at = rows.iter().position(|row| matches!(row, Row::Problem(index, _) if *index == selected));
        let at = at.unwrap_or(0);
        // The file of the first problem of a file is seen with it.
        let from = if at > 0 && matches!(rows[at - 1], Row::File(_)) { at - 1 } else { at };
        for line in self.list.lay_out_lines(body, rows.len(), from..at + 1) {
            let y = self.list.row(line);
            match &rows[line] {
                Row::File(problem) => {
                    let id = problem.session.as_deref().map(|id| id.chars().take(8).collect::<String>());
                    let id = id.map(|id| format!("{}  ", clean::one_line(&id))).unwrap_or_default();
                    let agent = clean::one_line(&problem.agent).into_owned();
                    let room = usize::from(area.width).saturating_sub(cells::cells(&id) + cells::cells(&agent) + 2);
                    let path = cells::cut_middle(&look.path(&problem.path), room, theme.ellipsis());
                    let spans = vec![
                        Span::styled(id, theme.id()),
                        Span::styled(path, theme.bold()),
                        Span::styled(format!("  {agent}"), theme.dim()),
                    ];
                    paint::line(buffer, body, y, &Line::from(spans));
                }
                Row::Problem(index, problem) => {
                    let place = match problem.line {
                        0 => text::WHOLE_FILE.to_owned(),
                        line => text::line_number(line),
                    };
                    let told = format!("  {place}  {}", clean::one_line(&problem.reason));
                    let shown = cells::cut_end(&told, usize::from(area.width), theme.ellipsis());
                    paint::text(buffer, body, y, &shown, theme.plain());
                    if *index == selected {
                        self.list.draw_cursor(buffer, line, true, theme);
                    }
                }
            }
        }
    }
}

/// A row a problem, and one a file before its problems.
fn rows(page: &ProblemPage) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut last = None;
    for (index, problem) in page.problems.iter().enumerate() {
        if last != Some(&problem.path) {
            rows.push(Row::File(problem));
            last = Some(&problem.path);
        }
        rows.push(Row::Problem(index, problem));
    }
    rows
}

impl View for Problems {
    fn places(&self) -> &'static [Place] {
        if self.chosen().is_some() { &[Place::Chosen, Place::Everywhere] } else { &[Place::Everywhere] }
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
    }

    fn resume(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        match action {
            Action::Open => match self.chosen() {
                Some(chosen) => {
                    ui.go = Some(Go::Into(Box::new(SessionView::new(chosen.id, &chosen.short_id, None))));
                }
                None if self.problem().is_some() => ui.say(text::tui::NO_SESSION_OF_PROBLEM),
                None => {}
            },
            _ => return self.list.act(action),
        }
        true
    }

    fn mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        let Some(line) = self.list.mouse(event) else { return };
        let clicked = self.page.as_ref().and_then(|page| match rows(page).get(line) {
            Some(Row::Problem(index, _)) => Some(*index),
            _ => None,
        });
        if clicked.is_some_and(|clicked| self.list.choose(clicked)) {
            self.act(Action::Open, ui);
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        if !self.awaited.contains(&ticket) {
            return;
        }
        match answer {
            Ok(Answer::Status(status)) => self.status = Some(status),
            Ok(Answer::Problems(page)) => {
                self.list.set_count(page.problems.len());
                self.page = Some(page);
            }
            Ok(_) => {}
            Err(error) => ui.refused(error),
        }
    }

    fn changed(&mut self, _status: &IndexStatus, ui: &mut Ui<'_, '_>) {
        self.refresh.changed(REFRESH, REFRESH_TIMER, ui);
    }

    fn timer(&mut self, _timer: u8, ui: &mut Ui<'_, '_>) {
        self.refresh.rang();
        self.ask(ui);
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        let used = self.draw_status(buffer, area, look).min(area.height);
        self.draw_list(buffer, Rect { y: area.y + used, height: area.height - used, ..area }, look);
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Open, Action::Handoff, Action::Copy]
    }

    fn chosen(&self) -> Option<Chosen> {
        let problem = self.problem()?;
        let id = problem.session.clone()?;
        Some(Chosen {
            short_id: clean::one_line(&id).chars().take(8).collect(),
            id,
            agent: problem.agent.clone(),
            title: problem.path.clone(),
            event: None,
        })
    }
}
