//! The days as a map: a column a week, Monday at the top, the busier the darker.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};
use opensession_protocol::StatsRow;

use crate::context::Context;
use crate::format::number;
use crate::text;

/// Weeks at most: a year.
const WEEKS_MOST: usize = 53;
/// Cells before the first week.
const LABEL: usize = 4;
/// Cells of a week.
const WEEK: usize = 2;
const LABELS: [&str; 7] = ["Mon", "", "Wed", "", "Fri", "", "Sun"];

/// The map of rows whose keys are days. It ends with the last day or with today, whatever the time that was asked for;
/// nothing for no days.
pub(super) fn lines(rows: &[StatsRow], context: &Context<'_>) -> Vec<String> {
    let style = context.style;
    let is_active = rows.iter().any(|row| row.stats.active_ms > 0);
    let measure = |row: &StatsRow| if is_active { row.stats.active_ms } else { row.stats.turns.max(row.sessions) };
    let days: BTreeMap<Date, u64> = rows.iter().filter_map(|row| Some((row.key.parse().ok()?, measure(row)))).collect();
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else {
        return Vec::new();
    };
    let shown = (context.width().saturating_sub(LABEL) / WEEK).clamp(1, WEEKS_MOST);
    let last_monday = monday(*last);
    let span = (last_monday - monday(*first)).get_days().unsigned_abs() as usize / 7 + 1;
    let weeks = span.min(shown);
    let first_monday = back(last_monday, weeks - 1);
    let limits = quartiles(days.range(first_monday..).map(|(_, amount)| *amount).collect());
    let mut lines = vec![months(first_monday, weeks)];
    for (offset, label) in (0_i64..).zip(LABELS) {
        let mut line = format!("{label:LABEL$}");
        for week in 0..weeks {
            let day = back(last_monday, weeks - 1 - week).saturating_add(offset.days());
            let level = match days.get(&day) {
                Some(amount) if *amount > 0 => 1 + limits.iter().filter(|limit| amount > limit).count(),
                _ => 0,
            };
            if day > *last {
                break;
            }
            line.push_str(&style.heat(level));
            line.push(' ');
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.push(String::new());
    let signs: Vec<String> = (0..=limits.len() + 1).map(|level| style.heat(level).into_owned()).collect();
    lines.push(format!("{:LABEL$}{}", "", text::less_and_more(&signs.join(" "), is_active)));
    let busiest = days.range(first_monday..).max_by_key(|(_, amount)| **amount);
    if let Some((day, amount)) = busiest {
        let amount = if is_active { number::duration(*amount) } else { number::count(*amount) };
        lines.push(format!("{:LABEL$}{}", "", text::busiest(&day.to_string(), &amount)));
    }
    if span > weeks {
        lines.push(format!("{:LABEL$}{}", "", text::earlier_weeks(span - weeks)));
    }
    lines
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
