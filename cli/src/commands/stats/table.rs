//! The table: a row a group, and a bar where there is room.

use opensession_protocol::{StatsAnswer, StatsRow};

use super::By;
use crate::context::Context;
use crate::figures::{Bars, Figure};
use crate::format::clean;
use crate::output::{Align, Cell, Style, Table};
use crate::text;

/// From this width on tokens stand apart.
const WIDE: usize = 120;
/// From this width on there are files and lines even where groups are times: below it, bars come before them.
const FILES_AND_BARS_FROM: usize = 100;
/// Columns that are left out where there is no room for all, in this order, and what comes instead of them.
const GIVE_WAY: &[(&[Figure], Option<Figure>)] = &[
    (&[Figure::Files, Figure::Added, Figure::Removed], None),
    (&[Figure::Errors], None),
    (&APART, Some(Figure::Tokens)),
    (&[Figure::Turns], None),
    (&[Figure::Active], None),
];
/// Tokens, apart.
const APART: [Figure; 4] = [Figure::Input, Figure::Output, Figure::CacheRead, Figure::CacheWritten];
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
        let gives_way = |column: &Column| matches!(column, Column::Figure(figure) if least.contains(figure));
        let at = columns.iter().position(gives_way);
        columns.retain(|column| !gives_way(column));
        if let (Some(at), Some(instead)) = (at, instead) {
            columns.insert(at, Column::Figure(*instead));
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
    let bars = Bars::of(by.on_the_wire(), rows);
    let heading = bars.head();
    if let Some(first) = lines.first_mut().filter(|_| heading.len() <= room) {
        first.push_str("  ");
        first.push_str(&style.dim(heading));
    }
    for (line, row) in lines.iter_mut().skip(1).zip(rows) {
        let cells = bars.cells(row, room);
        if cells > 0 {
            line.push_str("  ");
            line.push_str(&style.live(&style.bar_sign().repeat(cells)));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Group,
    Figure(Figure),
}

/// The columns that a screen of this width may have room for.
fn columns(by: By, width: usize) -> Vec<Column> {
    let mut figures = vec![Figure::Sessions, Figure::Active, Figure::Turns];
    if width >= WIDE {
        figures.extend(APART);
    } else {
        figures.push(Figure::Tokens);
    }
    figures.push(Figure::Cost);
    if width >= WIDE {
        figures.push(Figure::Errors);
    }
    if !by.is_time() || width >= FILES_AND_BARS_FROM {
        figures.extend([Figure::Files, Figure::Added, Figure::Removed]);
    }
    std::iter::once(Column::Group).chain(figures.into_iter().map(Column::Figure)).collect()
}

impl Column {
    fn align(self) -> Align {
        if self == Self::Group { Align::Left } else { Align::Right }
    }

    fn heading(self, by: By) -> &'static str {
        match self {
            Self::Group => text::head_of_groups(by.on_the_wire()),
            Self::Figure(figure) => figure.head(),
        }
    }

    fn cell(self, row: &StatsRow, key: &str) -> Cell {
        match self {
            Self::Group => Cell::new(key.to_owned()),
            Self::Figure(figure @ Figure::Added) => Cell::dressed(figure.of(row), Style::added),
            Self::Figure(figure @ Figure::Removed) => Cell::dressed(figure.of(row), Style::removed),
            Self::Figure(figure) => Cell::new(figure.of(row)),
        }
    }
}
