//! The days as a map: a column a week, Monday at the top, the busier the darker.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use opensession_protocol::StatsRow;

use crate::format::number;
use crate::text;

/// Weeks at most: a year.
const WEEKS_MOST: usize = 53;
/// Cells before the first week.
const LABEL: usize = 4;
/// Cells of a week.
const WEEK: usize = 2;
/// Days from nothing on, the busiest apart.
const SIGNS: [&str; 4] = [".", "-", "+", "*"];
const BUSIEST: &str = "#";
const LABELS: [&str; 7] = ["Mon", "", "Wed", "", "Fri", "", "Sun"];

/// A piece of a line of the map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    /// A day by how busy it was, from nothing (0) to the busiest (4).
    Level(usize),
}

/// The sign of a day.
pub(crate) fn sign(level: usize) -> &'static str {
    SIGNS.get(level).copied().unwrap_or(BUSIEST)
}

/// The map of rows whose keys are days, in `width` cells, line by line. It ends with the last day, whatever the time that
/// was asked for; nothing for no days.
pub(crate) fn lines(rows: &[StatsRow], width: usize) -> Vec<Vec<Piece>> {
    let is_active = rows.iter().any(|row| row.stats.active_ms > 0);
    let measure = |row: &StatsRow| if is_active { row.stats.active_ms } else { row.stats.turns.max(row.sessions) };
    let days: BTreeMap<Date, u64> = rows.iter().filter_map(|row| Some((row.key.parse().ok()?, measure(row)))).collect();
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else {
        return Vec::new();
    };
    let shown = (width.saturating_sub(LABEL) / WEEK).clamp(1, WEEKS_MOST);
    let last_monday = monday(*last);
    let span = (last_monday - monday(*first)).get_days().unsigned_abs() as usize / 7 + 1;
    let weeks = span.min(shown);
    let first_monday = back(last_monday, weeks - 1);
    let limits = quartiles(days.range(first_monday..).map(|(_, amount)| *amount).collect());
    let mut lines = vec![vec![Piece::Text(months(first_monday, weeks))]];
    for (offset, label) in (0_i64..).zip(LABELS) {
        let on_its_weekday = (0..weeks).map(|week| back(last_monday, weeks - 1 - week).saturating_add(offset.days()));
        let levels = on_its_weekday.take_while(|day| day <= last).map(|day| match days.get(&day) {
            Some(amount) if *amount > 0 => 1 + limits.iter().filter(|limit| amount > limit).count(),
            _ => 0,
        });
        lines.push(apart(format!("{label:LABEL$}"), levels));
    }
    lines.push(Vec::new());
    let mut legend = apart(format!("{:LABEL$}{} ", "", text::LESS), 0..=limits.len() + 1);
    legend.push(Piece::Text(format!(" {}", text::more(is_active))));
    lines.push(legend);
    let busiest = days.range(first_monday..).max_by_key(|(_, amount)| **amount);
    if let Some((day, amount)) = busiest {
        let amount = if is_active { number::duration(*amount) } else { number::count(*amount) };
        lines.push(indented(&text::busiest(&day.to_string(), &amount)));
    }
    if span > weeks {
        lines.push(indented(&text::earlier_weeks(span - weeks)));
    }
    lines
}

/// Days with a space between them, after some text.
fn apart(before: String, levels: impl IntoIterator<Item = usize>) -> Vec<Piece> {
    let mut pieces = vec![Piece::Text(before)];
    for level in levels {
        if matches!(pieces.last(), Some(Piece::Level(_))) {
            pieces.push(Piece::Text(" ".to_owned()));
        }
        pieces.push(Piece::Level(level));
    }
    pieces
}

fn indented(text: &str) -> Vec<Piece> {
    vec![Piece::Text(format!("{:LABEL$}{text}", ""))]
}

/// The names of months above the weeks in which they begin.
fn months(first_monday: Date, weeks: usize) -> String {
    let mut line = " ".repeat(LABEL);
    let mut before = None;
    for week in 0..weeks {
        // A month is named over the first week that begins in it.
        let monday = first_monday.saturating_add((7 * week as i64).days());
        let column = LABEL + week * WEEK;
        // Where the name before it takes the room, it comes a week later.
        if before != Some(monday.month()) && line.len() <= column {
            line.push_str(&" ".repeat(column - line.len()));
            line.push_str(&monday.strftime("%b ").to_string());
            before = Some(monday.month());
        }
    }
    line.trim_end().to_owned()
}

/// What a quarter, half and three quarters of the days with something do not exceed.
fn quartiles(mut amounts: Vec<u64>) -> [u64; 3] {
    amounts.retain(|amount| *amount > 0);
    amounts.sort_unstable();
    [1, 2, 3].map(|quarter| amounts.get((amounts.len() * quarter / 4).saturating_sub(1)).copied().unwrap_or(0))
}

fn monday(day: Date) -> Date {
    let since = i64::from(day.weekday().since(Weekday::Monday));
    day.saturating_sub(since.days())
}

fn back(day: Date, weeks: usize) -> Date {
    day.saturating_sub((7 * weeks as i64).days())
}
