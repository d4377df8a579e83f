//! Dates and times in queries.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, Timestamp, ToSpan, Zoned};

use super::ParseContext;
use super::field::TimeRange;

/// Which side of a date a field asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// `after:`, `since:` from its beginning on.
    From,
    /// `before:` up to its beginning.
    Before,
    /// `until:` up to its end.
    Until,
    /// `on:` within it.
    On,
}

/// Why a date is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadTime {
    /// It is not understood.
    Unknown,
    /// The range ends before it begins.
    Backwards,
}

/// A date or a time: the stretch it stands for, in milliseconds since 1970, and the day it lies in.
#[derive(Debug, Clone, Copy)]
struct Moment {
    start: i64,
    end: i64,
    day: (i64, i64),
}

/// Reads the value of a time field.
pub(super) fn time_range(value: &str, side: Side, context: &ParseContext) -> Result<TimeRange, BadTime> {
    let read = |text: &str| moment(text, context).ok_or(BadTime::Unknown);
    let range = if let Some((from, until)) = value.split_once("..") {
        let until = until.strip_prefix('=').unwrap_or(until);
        if from.is_empty() && until.is_empty() {
            return Err(BadTime::Unknown);
        }
        TimeRange {
            from_ms: if from.is_empty() { None } else { Some(read(from)?.start) },
            until_ms: if until.is_empty() { None } else { Some(read(until)?.end) },
        }
    } else if let Some(text) = value.strip_prefix(">=") {
        TimeRange { from_ms: Some(read(text)?.start), until_ms: None }
    } else if let Some(text) = value.strip_prefix("<=") {
        TimeRange { from_ms: None, until_ms: Some(read(text)?.end) }
    } else if let Some(text) = value.strip_prefix('>') {
        TimeRange { from_ms: Some(read(text)?.end), until_ms: None }
    } else if let Some(text) = value.strip_prefix('<') {
        TimeRange { from_ms: None, until_ms: Some(read(text)?.start) }
    } else {
        let moment = read(value)?;
        match side {
            Side::From => TimeRange { from_ms: Some(moment.start), until_ms: None },
            Side::Before => TimeRange { from_ms: None, until_ms: Some(moment.start) },
            Side::Until => TimeRange { from_ms: None, until_ms: Some(moment.end) },
            Side::On => TimeRange { from_ms: Some(moment.day.0), until_ms: Some(moment.day.1) },
        }
    };
    match range {
        TimeRange { from_ms: Some(from), until_ms: Some(until) } if until <= from => Err(BadTime::Backwards),
        range => Ok(range),
    }
}

fn moment(text: &str, context: &ParseContext) -> Option<Moment> {
    let now = context.now.to_zoned(context.zone.clone());
    let text = text.trim().to_ascii_lowercase();
    let today = now.date();
    match text.as_str() {
        "now" => return instant(&now),
        "today" => return days(today, 1.day(), context),
        "yesterday" => return days(today.yesterday().ok()?, 1.day(), context),
        "tomorrow" => return days(today.tomorrow().ok()?, 1.day(), context),
        _ => {}
    }
    if let Some(weekday) = weekday(&text) {
        let back = i64::from(today.weekday().since(weekday));
        return days(today.checked_sub(back.days()).ok()?, 1.day(), context);
    }
    if let Some(span) = ago(&text) {
        return instant(&now.checked_sub(span).ok()?);
    }
    calendar(&text, context).or_else(|| clock(&text, context))
}

/// `2026`, `2026-02`, `2026-02-01`.
fn calendar(text: &str, context: &ParseContext) -> Option<Moment> {
    let numbers: Vec<&str> = text.split('-').collect();
    let number = |at: usize, digits: usize| -> Option<i16> {
        let text = numbers.get(at)?;
        (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let year = number(0, 4)?;
    let (month, day, span) = match numbers.len() {
        1 => (1, 1, 1.year()),
        2 => (number(1, 2)?, 1, 1.month()),
        3 => (number(1, 2)?, number(2, 2)?, 1.day()),
        _ => return None,
    };
    days(Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?, span, context)
}

/// RFC 3339, or a date and a time in the user's zone.
fn clock(text: &str, context: &ParseContext) -> Option<Moment> {
    let text = text.to_ascii_uppercase();
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return instant(&timestamp.to_zoned(context.zone.clone()));
    }
    // Jiff would take a date alone, or one with an offset that does not fit the zone.
    if !text.contains([':', 'T']) || text.contains(['[', 'Z', '+']) {
        return None;
    }
    let local: DateTime = text.parse().ok()?;
    instant(&local.to_zoned(context.zone.clone()).ok()?)
}

/// `90m 6h 3d 2w 1mo 1y`: how long ago.
fn ago(text: &str) -> Option<Span> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=6).contains(&digits) {
        return None;
    }
    let (count, unit) = text.split_at(digits);
    let count: i64 = count.parse().ok()?;
    let span = Span::new();
    match unit {
        "s" => span.try_seconds(count),
        "m" | "min" => span.try_minutes(count),
        "h" => span.try_hours(count),
        "d" => span.try_days(count),
        "w" => span.try_weeks(count),
        "mo" => span.try_months(count),
        "y" => span.try_years(count),
        _ => return None,
    }
    .ok()
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => return None,
    })
}

/// A moment that has no length.
fn instant(at: &Zoned) -> Option<Moment> {
    let ms = at.timestamp().as_millisecond();
    let day = at.start_of_day().ok()?;
    let next = day.checked_add(1.day()).ok()?.start_of_day().ok()?;
    let day = (day.timestamp().as_millisecond(), next.timestamp().as_millisecond());
    Some(Moment { start: ms, end: ms.saturating_add(1), day })
}

/// The days from one on, for as long as the span says.
fn days(first: Date, span: Span, context: &ParseContext) -> Option<Moment> {
    let midnight = |date: Date| Some(date.to_zoned(context.zone.clone()).ok()?.timestamp().as_millisecond());
    let start = midnight(first)?;
    let end = midnight(first.checked_add(span).ok()?)?;
    Some(Moment { start, end, day: (start, end) })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn range(value: &str, side: Side) -> String {
        let zone = TimeZone::get("Asia/Seoul").unwrap();
        // A Sunday, 23:05 in Seoul.
        let context = ParseContext::new("2026-11-22T14:05:00Z".parse().unwrap(), zone.clone());
        let show = |ms: Option<i64>| {
            ms.map_or("open".to_owned(), |ms| {
                let local = Timestamp::from_millisecond(ms).unwrap().to_zoned(zone.clone());
                local.strftime("%F %T%.f").to_string()
            })
        };
        match time_range(value, side, &context) {
            Ok(range) => format!("{} .. {}", show(range.from_ms), show(range.until_ms)),
            Err(bad) => format!("{bad:?}"),
        }
    }

    #[test]
    fn table() {
        let table = [
            ("2026-02-01", Side::From, "2026-02-01 00:00:00 .. open"),
            ("2026-02-08", Side::Before, "open .. 2026-02-08 00:00:00"),
            ("2026-02-08", Side::Until, "open .. 2026-02-09 00:00:00"),
            ("2026-02", Side::On, "2026-02-01 00:00:00 .. 2026-03-01 00:00:00"),
            ("2026", Side::On, "2026-01-01 00:00:00 .. 2027-01-01 00:00:00"),
            ("today", Side::On, "2026-11-22 00:00:00 .. 2026-11-23 00:00:00"),
            ("Yesterday", Side::From, "2026-11-21 00:00:00 .. open"),
            ("monday", Side::From, "2026-11-16 00:00:00 .. open"),
            ("sunday", Side::From, "2026-11-22 00:00:00 .. open"),
            ("90m", Side::From, "2026-11-22 21:35:00 .. open"),
            ("6h", Side::From, "2026-11-22 17:05:00 .. open"),
            ("3d", Side::Before, "open .. 2026-11-19 23:05:00"),
            ("2w", Side::From, "2026-11-08 23:05:00 .. open"),
            ("1mo", Side::From, "2026-10-22 23:05:00 .. open"),
            ("1y", Side::On, "2025-11-22 00:00:00 .. 2025-11-23 00:00:00"),
            ("2026-02-01..2026-02-03", Side::On, "2026-02-01 00:00:00 .. 2026-02-04 00:00:00"),
            ("..yesterday", Side::On, "open .. 2026-11-22 00:00:00"),
            ("2w..", Side::On, "2026-11-08 23:05:00 .. open"),
            (">2026-02-01", Side::On, "2026-02-02 00:00:00 .. open"),
            ("<=2026-02-01", Side::On, "open .. 2026-02-02 00:00:00"),
            ("2026-02-01T10:00:00Z", Side::From, "2026-02-01 19:00:00 .. open"),
            ("2026-02-01t10:00:00+09:00", Side::From, "2026-02-01 10:00:00 .. open"),
            ("2026-02-01T10:00", Side::From, "2026-02-01 10:00:00 .. open"),
            ("2026-02-01 10:00", Side::Before, "open .. 2026-02-01 10:00:00"),
            ("2026-02-30", Side::From, "Unknown"),
            ("2026-13", Side::From, "Unknown"),
            ("soon", Side::From, "Unknown"),
            ("", Side::From, "Unknown"),
            ("..", Side::On, "Unknown"),
            ("99999999d", Side::From, "Unknown"),
            ("999999y", Side::From, "Unknown"),
            ("2026-02-03..2026-02-01", Side::On, "Backwards"),
        ];
        for (value, side, expected) in table {
            assert_eq!(range(value, side), expected, "{value} {side:?}");
        }
    }
}
