//! Figures: sessions, time, turns, tokens, cost, lines, by agent, model, repository or time.

use opensession_protocol::{IndexStatus, Scope, SessionFilter, StatsAnswer, StatsBy, StatsRow};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use serde_json::json;

use super::View;
use crate::connection::CallError;
use crate::figures::{Bars, Figure};
use crate::format::{cells, clean};
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::list::List;
use crate::tui::look::Look;
use crate::tui::overlay::{Overlay, Tag};
use crate::tui::paint;
use crate::tui::refresh::Refresh;
use crate::{heat, text};

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

/// Rows of the table that there must be room for before the map of days takes any.
const TABLE_LEAST: u16 = 6;

/// Figures over sessions.
pub(crate) struct Stats {
    group: usize,
    span: usize,
    all: bool,
    answer: Option<StatsAnswer>,
    awaited: Option<Ticket>,
    /// The days, whatever is grouped by.
    days: Option<StatsAnswer>,
    awaited_days: Option<Ticket>,
    shows_days: bool,
    refresh: Refresh,
    table: List,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            group: 0,
            span: 0,
            all: false,
            answer: None,
            awaited: None,
            days: None,
            awaited_days: None,
            shows_days: true,
            refresh: Refresh::default(),
            table: List::text(),
        }
    }
}

/// The columns, and when each gives way where there is no room: the higher the sooner.
const COLUMNS: &[(Figure, u8)] = &[
    (Figure::Sessions, 0),
    (Figure::Active, 2),
    (Figure::Turns, 1),
    (Figure::Tokens, 0),
    (Figure::Cost, 0),
    (Figure::Files, 3),
    (Figure::Added, 1),
    (Figure::Removed, 1),
    (Figure::Errors, 4),
];

fn style(figure: Figure, look: &Look<'_>) -> Style {
    match figure {
        Figure::Added => look.theme.added(),
        Figure::Removed => look.theme.removed(),
        _ => look.theme.plain(),
    }
}

impl Stats {
    fn ask(&mut self, ui: &mut Ui<'_, '_>) {
        let filter = SessionFilter {
            scope: Scope { cwd: ui.look.directory.clone(), all: self.all },
            since: SPANS[self.span].map(str::to_owned),
            ..SessionFilter::default()
        };
        let by = GROUPS[self.group];
        let zone = ui.look.times.zone_name();
        let params = json!({ "filter": filter, "by": by, "time_zone": zone });
        self.awaited = Some(ui.ask(Lane::List, "stats/get", params, Answer::Stats));
        if by != StatsBy::Day {
            let params = json!({ "filter": filter, "by": StatsBy::Day, "time_zone": zone });
            self.awaited_days = Some(ui.ask(Lane::List, "stats/get", params, Answer::Stats));
        }
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
        let mut columns: Vec<Column> = COLUMNS
            .iter()
            .map(|&(figure, gives_way)| {
                let values: Vec<String> = rows.iter().map(|(_, row)| figure.of(row)).collect();
                let widest = values.iter().map(|value| cells::cells(value)).max().unwrap_or(0);
                Column { figure, gives_way, width: widest.max(figure.head().len()) + 2, values }
            })
            .collect();
        let taken = |columns: &[Column]| columns.iter().map(|column| column.width).sum::<usize>();
        // A name is cut before a column goes, but not to nothing.
        while taken(&columns) + longest.min(width / 3).max(NAME_LEAST) > width {
            let Some((at, _)) = columns.iter().enumerate().rev().max_by_key(|(_, column)| column.gives_way) else {
                break;
            };
            columns.remove(at);
        }
        let name_width = longest.min(width.saturating_sub(taken(&columns)));
        let rest = width.saturating_sub(taken(&columns) + name_width + 2);
        let bar = if rest >= BAR / 3 { rest.min(BAR) } else { 0 };
        let bars = Bars::of(GROUPS[self.group], &answer.rows);

        let right =
            |text: &str, width: usize| format!("{}{text}", " ".repeat(width.saturating_sub(cells::cells(text))));
        let name = |text: &str| {
            let shown = cells::cut_end(text, name_width, theme.ellipsis());
            format!("{shown}{}", cells::padding(&shown, name_width))
        };
        let mut head = vec![Span::styled(name(text::head_of_groups(GROUPS[self.group])), theme.bold())];
        head.extend(columns.iter().map(|column| Span::styled(right(column.figure.head(), column.width), theme.bold())));
        if bar >= bars.head().len() {
            head.push(Span::styled(format!("  {}", bars.head()), theme.dim()));
        }
        paint::line(buffer, area, 0, &Line::from(head));
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        for index in self.table.lay_out(below, rows.len()) {
            let is_total = index >= answer.rows.len();
            let style = if is_total { theme.bold() } else { theme.plain() };
            let mut spans = vec![Span::styled(name(&names[index]), style)];
            for column in &columns {
                let dress = self::style(column.figure, look).patch(style);
                spans.push(Span::styled(right(&column.values[index], column.width), dress));
            }
            if bar > 0 && !is_total {
                let cells = bars.cells(rows[index].1, bar);
                spans.push(Span::styled(format!("  {}", theme.bar().repeat(cells)), theme.live()));
            }
            paint::line(buffer, below, self.table.row(index), &Line::from(spans));
        }
    }

    /// The map of days, line by line; nothing where it is not wanted or is not known.
    fn map(&self, width: u16) -> Vec<Vec<heat::Piece>> {
        let days = if GROUPS[self.group] == StatsBy::Day { &self.answer } else { &self.days };
        match days {
            Some(days) if self.shows_days => heat::lines(&days.rows, usize::from(width)),
            _ => Vec::new(),
        }
    }
}

/// A column of the table, filled.
struct Column {
    figure: Figure,
    gives_way: u8,
    values: Vec<String>,
    width: usize,
}

fn draw_map(buffer: &mut Buffer, area: Rect, map: &[Vec<heat::Piece>], look: &Look<'_>) {
    for (y, line) in map.iter().enumerate() {
        let spans = line.iter().map(|piece| match piece {
            heat::Piece::Text(text) => Span::raw(text.as_str()),
            heat::Piece::Level(level) => Span::styled(heat::sign(*level), look.theme.heat(*level)),
        });
        paint::line(buffer, area, y as u16, &spans.collect());
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
        match action {
            Action::Group => {
                self.group = (self.group + 1) % GROUPS.len();
                self.table.reset();
                self.ask(ui);
            }
            Action::DaysMap => self.shows_days = !self.shows_days,
            Action::Scope => {
                self.all = !self.all;
                self.ask(ui);
            }
            Action::Span => {
                let rows = SPANS.iter().map(|span| text::tui::span(*span)).collect();
                let title = text::tui::SPAN_TITLE.to_owned();
                ui.overlay = Some(Overlay::Pick { title, rows, selected: self.span, tag: SPAN });
            }
            _ => return self.table.act(action),
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
        self.table.mouse(event);
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        let is_days = self.awaited_days.take_if(|awaited| *awaited == ticket).is_some();
        let is_table = self.awaited.take_if(|awaited| *awaited == ticket).is_some();
        match answer {
            _ if !is_days && !is_table => {}
            Ok(Answer::Stats(answer)) if is_days => self.days = Some(answer),
            Ok(Answer::Stats(answer)) => self.answer = Some(answer),
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
            Some(_) => {
                // The map stands at the foot, where the table leaves it room.
                let map = self.map(area.width);
                let taken = if map.is_empty() { 0 } else { map.len() as u16 + 1 };
                let taken = if body.height >= taken + TABLE_LEAST { taken } else { 0 };
                let table = Rect { height: body.height - taken, ..body };
                self.draw_table(buffer, table, look);
                if taken > 0 {
                    let rows = self.table.count() as u16 + 1;
                    let y = body.y + table.height.min(rows) + 1;
                    draw_map(buffer, Rect { y, height: taken - 1, ..body }, &map, look);
                }
            }
        }
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Group, Action::Span, Action::Scope, Action::DaysMap]
    }
}
