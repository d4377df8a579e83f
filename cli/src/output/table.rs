//! Columns, aligned by cells.

use std::borrow::Cow;

use crate::format::cells;
use crate::output::Style;

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// How the text of a cell is dressed.
type Dress = fn(Style, &str) -> Cow<'_, str>;

/// The text of a cell, and how it is dressed.
pub(crate) struct Cell {
    text: String,
    dress: Option<Dress>,
    least: usize,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), dress: None, least: 0 }
    }

    pub(crate) fn dressed(text: impl Into<String>, dress: Dress) -> Self {
        Self { text: text.into(), dress: Some(dress), least: 0 }
    }

    /// The text, undressed.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    fn cells(&self) -> usize {
        cells::cells(&self.text).max(self.least)
    }

    /// Cuts it to `width` cells.
    fn cut(&mut self, width: usize, style: Style) {
        self.text = cells::cut_end(&self.text, width, style.ellipsis());
    }

    fn push(&self, line: &mut String, width: usize, align: Align, style: Style) {
        let padding = cells::padding(&self.text, width);
        if align == Align::Right {
            line.push_str(&padding);
        }
        match self.dress {
            Some(dress) => line.push_str(&dress(style, &self.text)),
            None => line.push_str(&self.text),
        }
        if align == Align::Left {
            line.push_str(&padding);
        }
    }
}

/// Rows of cells in columns.
pub(crate) struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(aligns: &[Align]) -> Self {
        Self { aligns: aligns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; cells that are missing at its end stay empty.
    pub(crate) fn row(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// Makes a column at least `width` cells wide.
    pub(crate) fn fill(&mut self, column: usize, width: usize) {
        if let Some(cell) = self.rows.first_mut().and_then(|row| row.get_mut(column)) {
            cell.least = width;
        }
    }

    /// Replaces the texts of a column.
    pub(crate) fn rewrite(&mut self, column: usize, text: impl Fn(&str) -> String) {
        for cell in self.rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            cell.text = text(&cell.text);
        }
    }

    /// The width of every column.
    pub(crate) fn widths(&self) -> Vec<usize> {
        let mut widths = vec![0; self.aligns.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.cells());
            }
        }
        widths
    }

    /// The lines, two spaces between columns. Columns that are empty throughout are left out. Where the lines are wider
    /// than `width`, the columns of `shrink` give way, each down to its least width, in that order.
    pub(crate) fn lines(mut self, width: usize, shrink: &[(usize, usize)], style: Style) -> Vec<String> {
        let mut widths = self.widths();
        let total = |widths: &[usize]| {
            let shown = widths.iter().filter(|width| **width > 0);
            shown.map(|width| width + 2).sum::<usize>().saturating_sub(2)
        };
        for &(column, least) in shrink {
            let excess = total(&widths).saturating_sub(width);
            let to = widths[column].saturating_sub(excess).max(least.min(widths[column]));
            widths[column] = to;
            for row in &mut self.rows {
                if let Some(cell) = row.get_mut(column) {
                    cell.cut(to, style);
                }
            }
        }
        self.rows.iter().map(|row| self.line(row, &widths, style)).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize], style: Style) -> String {
        let mut line = String::new();
        let mut is_first = true;
        for ((cell, &width), &align) in row.iter().zip(widths).zip(&self.aligns) {
            if width == 0 {
                continue;
            }
            if !is_first {
                line.push_str("  ");
            }
            is_first = false;
            cell.push(&mut line, width, align, style);
        }
        line.truncate(line.trim_end_matches(' ').len());
        line
    }
}
