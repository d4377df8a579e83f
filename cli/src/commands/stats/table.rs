//! The table: a row a group, and a bar where there is room.

use opensession_protocol::{StatsAnswer, StatsRow};

use super::By;
use crate::context::Context;
use crate::format::{clean, number};
use crate::output::{Align, Cell, Style, Table};
use crate::{session_line, text};

/// From this width on tokens stand apart.
const WIDE: usize = 120;
/// From this width on there are files and lines even where groups are times: below it, bars come before them.
const FILES_AND_BARS_FROM: usize = 100;
/// Columns that are left out where there is no room for all, in this order, and what comes instead of them.
const GIVE_WAY: &[(&[Column], Option<Column>)] = &[
    (&[Column::Files, Column::Added, Column::Removed], None),
    (&[Column::Errors], None),
    (&[Column::Input, Column::Output, Column::CacheRead, Column::CacheWritten], Some(Column::Tokens)),
    (&[Column::Turns], None),
    (&[Column::Active], None),
];
/// Cells of the longest bar, and of one that is worth drawing.
const BAR_MOST: usize = 24;
const BAR_LEAST: usize = 6;

pub(super) fn lines(answer: &StatsAnswer, by: By, context: &Context<'_>) -> Vec<String> {
    if answer.rows.is_empty() {
        return Vec::new();
    }
    let style = context.style;
    let width = context.width();
    let mut columns = columns(by, width);
    let mut table = table(answer, by, &columns);
    // What says least gives way before names are cut.
    for (least, instead) in GIVE_WAY {
        if cells_of(&table) <= width {
            break;
        }
        let at = columns.iter().position(|column| least.contains(column));
        columns.retain(|column| !least.contains(column));
        if let (Some(at), Some(instead)) = (at, instead) {
            columns.insert(at, *instead);
        }
        table = self::table(answer, by, &columns);
    }
    let room = width.saturating_sub(cells_of(&table) + 2).min(BAR_MOST);
    let mut lines = table.lines(width, &[(0, 8)], style);
    if room >= BAR_LEAST && answer.rows.len() > 1 {
        draw_bars(&mut lines, &answer.rows, by, room, style);
    }
    lines
}

fn table(answer: &StatsAnswer, by: By, columns: &[Column]) -> Table {
    let mut table = Table::new(&columns.iter().map(|column| column.align()).collect::<Vec<_>>());
    let headings = columns.iter().map(|column| Cell::dressed(column.heading(by), Style::bold));
    table.row(headings.collect());
    for row in &answer.rows {
        let key = clean::one_line(&row.key);
        table.row(columns.iter().map(|column| column.cell(row, &key)).collect());
    }
    if answer.rows.len() > 1 {
        table.row(columns.iter().map(|column| column.cell(&answer.total, text::TOTAL)).collect());
    }
    table
}

fn cells_of(table: &Table) -> usize {
    let widths = table.widths();
    widths.iter().filter(|width| **width > 0).map(|width| width + 2).sum::<usize>().saturating_sub(2)
}

/// Adds a bar behind each row of a group. The lines have the same width, for the last column is aligned at its right.
fn draw_bars(lines: &mut [String], rows: &[StatsRow], by: By, room: usize, style: Style) {
    let is_active = by.is_time() && rows.iter().any(|row| row.stats.active_ms > 0);
    let measure = |row: &StatsRow| if is_active { row.stats.active_ms } else { row.sessions };
    let most = rows.iter().map(measure).max().unwrap_or(0).max(1);
    let heading = if is_active { text::BARS_OF_TIME } else { text::BARS_OF_SESSIONS };
    if let Some(first) = lines.first_mut().filter(|_| heading.len() <= room) {
        first.push_str("  ");
        first.push_str(&style.dim(heading));
    }
    for (line, row) in lines.iter_mut().skip(1).zip(rows) {
        let cells = (measure(row) as f64 / most as f64 * room as f64).ceil() as usize;
        if cells > 0 {
            line.push_str("  ");
            line.push_str(&style.live(&style.bar_sign().repeat(cells.min(room))));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Group,
    Sessions,
    Active,
    Turns,
    Tokens,
    Input,
    Output,
    CacheRead,
    CacheWritten,
    Cost,
    Errors,
    Files,
    Added,
    Removed,
}

/// The columns that a screen of this width may have room for.
fn columns(by: By, width: usize) -> Vec<Column> {
    let mut columns = vec![Column::Group, Column::Sessions, Column::Active, Column::Turns];
    if width >= WIDE {
        columns.extend([Column::Input, Column::Output, Column::CacheRead, Column::CacheWritten]);
    } else {
        columns.push(Column::Tokens);
    }
    columns.push(Column::Cost);
    if width >= WIDE {
        columns.push(Column::Errors);
    }
    if !by.is_time() || width >= FILES_AND_BARS_FROM {
        columns.extend([Column::Files, Column::Added, Column::Removed]);
    }
    columns
}

impl Column {
    fn align(self) -> Align {
        if self == Self::Group { Align::Left } else { Align::Right }
    }

    fn heading(self, by: By) -> &'static str {
        match self {
            Self::Group => match by {
                By::Agent => "AGENT",
                By::Model => "MODEL",
                By::Repo => "REPOSITORY",
                By::Branch => "BRANCH",
                By::Day => "DAY",
                By::Week => "WEEK",
                By::Month => "MONTH",
                By::Hour => "HOUR",
                By::Weekday => "WEEKDAY",
            },
            Self::Sessions => "SESSIONS",
            Self::Active => "ACTIVE",
            Self::Turns => "TURNS",
            Self::Tokens => "TOKENS",
            Self::Input => "IN",
            Self::Output => "OUT",
            Self::CacheRead => "CACHE READ",
            Self::CacheWritten => "WRITTEN",
            Self::Cost => "COST",
            Self::Errors => "ERRORS",
            Self::Files => "FILES",
            Self::Added => "",
            Self::Removed => "LINES",
        }
    }

    fn cell(self, row: &StatsRow, key: &str) -> Cell {
        let stats = &row.stats;
        let is_token = matches!(self, Self::Tokens | Self::Input | Self::Output | Self::CacheRead | Self::CacheWritten);
        // Agents that log none used some all the same.
        if is_token && session_line::tokens(stats) == 0 {
            return Cell::new("-");
        }
        Cell::new(match self {
            Self::Group => key.to_owned(),
            Self::Sessions => number::count(row.sessions),
            Self::Active if stats.active_ms == 0 => "-".to_owned(),
            Self::Active => number::duration(stats.active_ms),
            Self::Turns => number::count(stats.turns),
            Self::Tokens => number::count(session_line::tokens(stats)),
            Self::Input => number::count(stats.input_tokens),
            Self::Output => number::count(stats.output_tokens),
            Self::CacheRead => number::count(stats.cache_read_tokens),
            Self::CacheWritten => number::count(stats.cache_write_tokens),
            Self::Cost => cost(row),
            Self::Errors => number::percent(stats.errors, stats.results),
            Self::Files => number::count(stats.files),
            Self::Added => return Cell::dressed(format!("+{}", number::count(stats.added)), Style::added),
            Self::Removed => return Cell::dressed(format!("-{}", number::count(stats.removed)), Style::removed),
        })
    }
}

/// The cost, with a sign where tokens without a price would come to it.
fn cost(row: &StatsRow) -> String {
    let cost = number::cost(row.stats.cost, row.stats.cost_estimated);
    if row.stats.cost.is_some() && row.unpriced_tokens > 0 { format!("{cost}+") } else { cost }
}
