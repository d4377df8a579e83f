//! The figures of a group of sessions, as every table of them shows them.

use opensession_protocol::{StatsBy, StatsRow};

use crate::format::number;
use crate::{session_line, text};

/// A figure: a column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Figure {
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

impl Figure {
    /// The head of its column.
    pub(crate) fn head(self) -> &'static str {
        match self {
            Self::Sessions => text::HEAD_SESSIONS,
            Self::Active => text::HEAD_ACTIVE,
            Self::Turns => text::HEAD_TURNS,
            Self::Tokens => text::HEAD_TOKENS,
            Self::Input => text::HEAD_INPUT,
            Self::Output => text::HEAD_OUTPUT,
            Self::CacheRead => text::HEAD_CACHE_READ,
            Self::CacheWritten => text::HEAD_CACHE_WRITTEN,
            Self::Cost => text::HEAD_COST,
            Self::Errors => text::HEAD_ERRORS,
            Self::Files => text::HEAD_FILES,
            Self::Added => text::HEAD_ADDED,
            Self::Removed => text::HEAD_REMOVED,
        }
    }

    /// What it comes to in a group.
    pub(crate) fn of(self, row: &StatsRow) -> String {
        let stats = &row.stats;
        let is_token = matches!(self, Self::Tokens | Self::Input | Self::Output | Self::CacheRead | Self::CacheWritten);
        // Agents that log none used some all the same.
        if is_token && session_line::tokens(stats) == 0 {
            return text::NO_VALUE.to_owned();
        }
        match self {
            Self::Sessions => number::count(row.sessions),
            Self::Active if stats.active_ms == 0 => text::NO_VALUE.to_owned(),
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
            Self::Added => format!("+{}", number::count(stats.added)),
            Self::Removed => format!("-{}", number::count(stats.removed)),
        }
    }
}

/// Bars beside groups: of active time where the groups are stretches of time and some is known, else of sessions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bars {
    is_active: bool,
    most: u64,
}

impl Bars {
    pub(crate) fn of(by: StatsBy, rows: &[StatsRow]) -> Self {
        let is_time = matches!(by, StatsBy::Day | StatsBy::Week | StatsBy::Month | StatsBy::Hour | StatsBy::Weekday);
        let bars = Self { is_active: is_time && rows.iter().any(|row| row.stats.active_ms > 0), most: 1 };
        Self { most: rows.iter().map(|row| bars.measure(row)).max().unwrap_or(0).max(1), ..bars }
    }

    /// What the bars are of.
    pub(crate) fn head(self) -> &'static str {
        if self.is_active { text::BARS_OF_TIME } else { text::BARS_OF_SESSIONS }
    }

    /// The cells of a group's bar, where the longest has `room`.
    pub(crate) fn cells(self, row: &StatsRow, room: usize) -> usize {
        let cells = (self.measure(row) as f64 / self.most as f64 * room as f64).ceil() as usize;
        cells.min(room)
    }

    fn measure(self, row: &StatsRow) -> u64 {
        if self.is_active { row.stats.active_ms } else { row.sessions }
    }
}

/// The cost, with a sign where tokens without a price would come to it.
fn cost(row: &StatsRow) -> String {
    let cost = number::cost(row.stats.cost, row.stats.cost_estimated);
    if row.stats.cost.is_some() && row.unpriced_tokens > 0 { format!("{cost}+") } else { cost }
}
