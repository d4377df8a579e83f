//! Figures: sessions, time, turns, tokens, cost, lines, by agent, model, repository or time.

use opensession_protocol::{IndexStatus, Scope, SessionFilter, StatsAnswer, StatsBy, StatsRow};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use serde_json::json;

use super::View;
use crate::connection::CallError;
use crate::format::{cells, clean, number};
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::look::Look;
use crate::tui::overlay::{Overlay, Tag};
use crate::tui::paint;
use crate::{session_line, text};

/// What the figures can be grouped by, in the order in which they are shown one after the other.
const GROUPS: [StatsBy; 9] = [
    StatsBy::Agent,
    StatsBy::Model,
    StatsBy::Repo,
    StatsBy::Branch,
    StatsBy::Day,
    StatsBy::Week,
    StatsBy::Month,
    StatsBy::Weekday,
    StatsBy::Hour,
];
/// Spans of time, as the daemon reads them; `None` is all of it.
const SPANS: [Option<&str>; 5] = [None, Some("7d"), Some("30d"), Some("90d"), Some("1y")];
const SPAN: Tag = 0;
/// Figures are asked for anew at most this often while something changes.
const REFRESH: std::time::Duration = std::time::Duration::from_secs(2);
const REFRESH_TIMER: u8 = 0;
/// Cells of the longest bar.
const BAR: usize = 24;
/// Cells that a group's name keeps at least.
const NAME_LEAST: usize = 12;

/// Figures over sessions.
#[derive(Default)]
pub(crate) struct Stats {
    group: usize,
    span: usize,
    all: bool,
    answer: Option<StatsAnswer>,
    awaited: Option<Ticket>,
    refresh_waits: bool,
    top: usize,
    room: usize,
}

/// A column: its head, what stands in it, and whether it gives way where there is no room: the higher the sooner.
struct Column {
    head: &'static str,
    value: fn(&StatsRow) -> String,
    style: fn(&Look<'_>) -> Style,
    gives_way: u8,
}

const COLUMNS: &[Column] = &[
    column(text::tui::HEAD_SESSIONS, 0, |row| number::count(row.sessions)),
    column(text::tui::HEAD_ACTIVE, 2, |row| match row.stats.active_ms {
        0 => text::tui::NO_VALUE.to_owned(),
        active => number::duration(active),
    }),
    column(text::tui::HEAD_TURNS, 1, |row| number::count(row.stats.turns)),
    column(text::tui::HEAD_TOKENS, 0, |row| number::count(session_line::tokens(&row.stats))),
    column(text::tui::HEAD_COST, 0, |row| number::cost(row.stats.cost, row.stats.cost_estimated)),
    column(text::tui::HEAD_FILES, 3, |row| number::count(row.stats.files)),
    Column {
        style: |look| look.theme.added(),
        ..column(text::tui::HEAD_ADDED, 1, |row| format!("+{}", number::count(row.stats.added)))
    },
    Column {
        style: |look| look.theme.removed(),
        ..column(text::tui::HEAD_REMOVED, 1, |row| format!("-{}", number::count(row.stats.removed)))
    },
    column(text::tui::HEAD_ERRORS, 4, |row| number::percent(row.stats.errors, row.stats.results)),
];

const fn column(head: &'static str, gives_way: u8, value: fn(&StatsRow) -> String) -> Column {
    Column { head, value, style: |look| look.theme.plain(), gives_way }
}

impl Stats {
    fn ask(&mut self, ui: &mut Ui<'_, '_>) {
        let filter = SessionFilter {
            scope: Scope { cwd: ui.look.directory.clone(), all: self.all },
            since: SPANS[self.span].map(str::to_owned),
            ..SessionFilter::default()
        };
        let params = json!({ "filter": filter, "by": GROUPS[self.group], "time_zone": ui.look.times.zone_name() });
        self.awaited = Some(ui.ask(Lane::List, "stats/get", params, Answer::Stats));
    }

    fn draw_head(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let here = self.answer.as_ref().and_then(|answer| answer.scope_repository.as_deref());
        let here = here.map(clean::one_line).unwrap_or_default();
        let scope = match here.rsplit('/').next() {
            Some(here) if !self.all && !here.is_empty() => format!("{} ({here})", text::tui::HERE),
            _ => text::tui::ALL.to_owned(),
        };
        let left = format!("{}  {}", text::tui::stats_by(GROUPS[self.group]), text::tui::span(SPANS[self.span]));
        paint::divider(buffer, area, 0, &left, &scope, true, look.theme);
    }

    fn draw_table(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let Some(answer) = &self.answer else { return };
        let theme = look.theme;
        let width = usize::from(area.width);
        let mut rows: Vec<(&str, &StatsRow)> = answer.rows.iter().map(|row| (&*row.key, row)).collect();
        if rows.len() > 1 {
            rows.push((text::TOTAL, &answer.total));
        }
        let names: Vec<String> = rows.iter().map(|(name, _)| clean::one_line(name).into_owned()).collect();
        let longest = names.iter().map(|name| cells::cells(name)).max().unwrap_or(0).max(NAME_LEAST);
        let mut columns: Vec<(&Column, Vec<String>, usize)> = COLUMNS
            .iter()
            .map(|column| {
                let values: Vec<String> = rows.iter().map(|(_, row)| (column.value)(row)).collect();
                let widest = values.iter().map(|value| cells::cells(value)).max().unwrap_or(0);
                (column, values, widest.max(column.head.len()) + 2)
            })
            .collect();
        let taken = |columns: &[(&Column, Vec<String>, usize)]| columns.iter().map(|(.., width)| width).sum::<usize>();
        // A name is cut before a column goes, but not to nothing.
        while taken(&columns) + longest.min(width / 3).max(NAME_LEAST) > width {
            let Some((at, _)) = columns.iter().enumerate().rev().max_by_key(|(_, (column, ..))| column.gives_way)
            else {
                break;
            };
            columns.remove(at);
        }
        let name_width = longest.min(width.saturating_sub(taken(&columns)));
        let rest = width.saturating_sub(taken(&columns) + name_width + 2);
        let bar = if rest >= BAR / 3 { rest.min(BAR) } else { 0 };
        let most = answer.rows.iter().map(|row| row.sessions).max().unwrap_or(0).max(1);

        let right =
            |text: &str, width: usize| format!("{}{text}", " ".repeat(width.saturating_sub(cells::cells(text))));
        let name = |text: &str| {
            let shown = cells::cut_end(text, name_width, theme.ellipsis());
            format!("{shown}{}", cells::padding(&shown, name_width))
        };
        let mut head = vec![Span::styled(name(text::tui::stats_head(GROUPS[self.group])), theme.bold())];
        head.extend(columns.iter().map(|(column, _, width)| Span::styled(right(column.head, *width), theme.bold())));
        paint::line(buffer, area, 0, &Line::from(head));
        self.room = usize::from(area.height.saturating_sub(1));
        self.top = self.top.min(rows.len().saturating_sub(self.room));
        for (y, index) in (self.top..rows.len()).take(self.room).enumerate() {
            let is_total = index >= answer.rows.len();
            let style = if is_total { theme.bold() } else { theme.plain() };
            let mut spans = vec![Span::styled(name(&names[index]), style)];
            for (column, values, width) in &columns {
                spans.push(Span::styled(right(&values[index], *width), (column.style)(look).patch(style)));
            }
            if bar > 0 && !is_total {
                let cells = (rows[index].1.sessions as f64 / most as f64 * bar as f64).ceil() as usize;
                spans.push(Span::styled(format!("  {}", theme.bar().repeat(cells)), theme.live()));
            }
            paint::line(buffer, area, y as u16 + 1, &Line::from(spans));
        }
    }

    fn step(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by);
    }
}

impl View for Stats {
    fn places(&self) -> &'static [Place] {
        &[Place::Stats, Place::Everywhere]
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
    }

    fn resume(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        let half = (self.room / 2).max(1) as isize;
        match action {
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::HalfPageDown => self.step(half),
            Action::HalfPageUp => self.step(-half),
            Action::First => self.top = 0,
            Action::Last => self.top = usize::MAX,
            Action::Group => {
                self.group = (self.group + 1) % GROUPS.len();
                self.top = 0;
                self.ask(ui);
            }
            Action::Scope => {
                self.all = !self.all;
                self.ask(ui);
            }
            Action::Span => {
                let rows = SPANS.iter().map(|span| text::tui::span(*span)).collect();
                let title = text::tui::SPAN_TITLE.to_owned();
                ui.overlay = Some(Overlay::Pick { title, rows, selected: self.span, tag: SPAN });
            }
            _ => return false,
        }
        true
    }

    fn picked(&mut self, tag: Tag, row: usize, ui: &mut Ui<'_, '_>) {
        if tag == SPAN && row < SPANS.len() {
            self.span = row;
            self.ask(ui);
        }
    }

    fn mouse(&mut self, event: MouseEvent, _ui: &mut Ui<'_, '_>) {
        match event.kind {
            MouseEventKind::ScrollDown => self.step(3),
            MouseEventKind::ScrollUp => self.step(-3),
            _ => {}
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        if self.awaited != Some(ticket) {
            return;
        }
        self.awaited = None;
        match answer {
            Ok(Answer::Stats(answer)) => self.answer = Some(answer),
            Ok(_) => {}
            Err(error) => ui.refused(error),
        }
    }

    fn changed(&mut self, _status: &IndexStatus, ui: &mut Ui<'_, '_>) {
        if !self.refresh_waits {
            self.refresh_waits = true;
            ui.after(REFRESH, REFRESH_TIMER);
        }
    }

    fn timer(&mut self, _timer: u8, ui: &mut Ui<'_, '_>) {
        self.refresh_waits = false;
        self.ask(ui);
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        self.draw_head(buffer, area, look);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        match &self.answer {
            None => paint::text(buffer, body, 0, text::tui::LOADING, look.theme.dim()),
            Some(answer) if answer.rows.is_empty() => {
                paint::text(buffer, body, 1, &text::tui::no_session_in(SPANS[self.span]), look.theme.plain());
                if !self.all && answer.scope_repository.is_some() {
                    paint::text(buffer, body, 2, text::tui::TRY_ALL, look.theme.dim());
                }
            }
            Some(_) => self.draw_table(buffer, body, look),
        }
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Group, Action::Span, Action::Scope]
    }
}
