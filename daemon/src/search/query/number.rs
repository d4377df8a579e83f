//! Numbers in queries: with units, as comparisons and as ranges.

use super::field::{Bound, NumberRange};

/// What a number counts, which decides its units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// US dollars.
    Dollars,
    /// Things, with `k` and `m` for thousands and millions.
    Count,
    /// Time, in milliseconds; a number without a unit is seconds.
    Duration,
    /// An exit code.
    Code,
}

/// Digits of a number at most; more than a float can tell apart help nobody.
const MAX_DIGITS: usize = 15;

/// A number and the step of its last digit, in base units.
#[derive(Debug, Clone, Copy)]
struct Number {
    value: f64,
    step: f64,
}

/// Reads the value of a number field; `None` when it is not understood or a range is backwards.
pub(super) fn number_range(text: &str, measure: Measure) -> Option<NumberRange> {
    let read = |text: &str| number(text.trim(), measure);
    if let Some((low, high)) = text.split_once("..") {
        if low.is_empty() && high.is_empty() {
            return None;
        }
        let bound =
            |text: &str| if text.is_empty() { Some(Bound::Open) } else { Some(Bound::Included(read(text)?.value)) };
        let range = NumberRange { low: bound(low)?, high: bound(high)? };
        return match range {
            NumberRange { low: Bound::Included(low), high: Bound::Included(high) } if high < low => None,
            range => Some(range),
        };
    }
    let range = if let Some(text) = text.strip_prefix(">=") {
        NumberRange { low: Bound::Included(read(text)?.value), high: Bound::Open }
    } else if let Some(text) = text.strip_prefix("<=") {
        NumberRange { low: Bound::Open, high: Bound::Included(read(text)?.value) }
    } else if let Some(text) = text.strip_prefix('>') {
        NumberRange { low: Bound::Excluded(read(text)?.value), high: Bound::Open }
    } else if let Some(text) = text.strip_prefix('<') {
        NumberRange { low: Bound::Open, high: Bound::Excluded(read(text)?.value) }
    } else {
        let Number { value, step } = read(text)?;
        let exact = matches!(measure, Measure::Code) || (measure == Measure::Count && step <= 1.0);
        if exact {
            NumberRange { low: Bound::Included(value), high: Bound::Included(value) }
        } else {
            // What is shown as that number.
            NumberRange { low: Bound::Included(value - step / 2.0), high: Bound::Excluded(value + step / 2.0) }
        }
    };
    Some(range)
}

fn number(text: &str, measure: Measure) -> Option<Number> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) if measure == Measure::Code => (true, rest),
        _ => (false, text),
    };
    let mut rest = if measure == Measure::Dollars { text.strip_prefix('$').unwrap_or(text) } else { text };
    let mut total = Number { value: 0.0, step: 0.0 };
    // Several only for durations: `1h30m`.
    loop {
        let length = rest.bytes().take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'_')).count();
        let (digits, after) = rest.split_at(length);
        let digits = digits.replace('_', "");
        if !(1..=MAX_DIGITS).contains(&digits.len()) || !digits.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let decimals = digits.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let value: f64 = digits.parse().ok()?;
        let length = after.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = after.split_at(length);
        let scale = scale(unit, measure)?;
        total.value += value * scale;
        total.step = scale * 10_f64.powi(-(decimals as i32));
        if after.is_empty() {
            break;
        }
        if measure != Measure::Duration || unit.is_empty() {
            return None;
        }
        rest = after;
    }
    if negative {
        total.value = -total.value;
    }
    Some(total)
}

fn scale(unit: &str, measure: Measure) -> Option<f64> {
    let unit = unit.to_ascii_lowercase();
    Some(match (measure, unit.as_str()) {
        (Measure::Duration, "m" | "min") => 60e3,
        (Measure::Duration, "h") => 3_600e3,
        (Measure::Duration, "d") => 86_400e3,
        (Measure::Duration, "" | "s") | (Measure::Count | Measure::Dollars, "k") => 1e3,
        (Measure::Count, "m") => 1e6,
        (Measure::Duration, "ms") | (_, "") => 1.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        let table = [
            (">1", Measure::Dollars, "(1, open"),
            (">=$0.50", Measure::Dollars, "[0.5, open"),
            ("0.42", Measure::Dollars, "[0.415, 0.425)"),
            ("$1..$5", Measure::Dollars, "[1, 5]"),
            (">100k", Measure::Count, "(100000, open"),
            ("1.5m..", Measure::Count, "[1500000, open"),
            ("..2k", Measure::Count, "open, 2000]"),
            ("5", Measure::Count, "[5, 5]"),
            ("48k", Measure::Count, "[47500, 48500)"),
            ("1_000", Measure::Count, "[1000, 1000]"),
            (">10m", Measure::Duration, "(600000, open"),
            ("<1h30m", Measure::Duration, "open, 5400000)"),
            (">90", Measure::Duration, "(90000, open"),
            ("101", Measure::Code, "[101, 101]"),
            ("-1", Measure::Code, "[-1, -1]"),
            ("!0", Measure::Code, "none"),
            ("", Measure::Count, "none"),
            ("..", Measure::Count, "none"),
            ("5..1", Measure::Count, "none"),
            ("1.2.3", Measure::Count, "none"),
            (".5", Measure::Count, "none"),
            ("5x", Measure::Count, "none"),
            ("1k2", Measure::Count, "none"),
            ("1234567890123456", Measure::Count, "none"),
            ("nan", Measure::Dollars, "none"),
        ];
        for (text, measure, expected) in table {
            let shown = number_range(text, measure).map_or("none".to_owned(), |range| {
                let low = match range.low {
                    Bound::Open => "open".to_owned(),
                    Bound::Included(value) => format!("[{value}"),
                    Bound::Excluded(value) => format!("({value}"),
                };
                match range.high {
                    Bound::Open => format!("{low}, open"),
                    Bound::Included(value) => format!("{low}, {value}]"),
                    Bound::Excluded(value) => format!("{low}, {value})"),
                }
            });
            assert_eq!(shown, expected, "{text}");
        }
    }

    #[test]
    fn ranges_hold_their_ends_as_said() {
        let range = number_range(">1", Measure::Dollars).unwrap();
        assert!(!range.contains(1.0) && range.contains(1.01));
        let range = number_range("1..2", Measure::Count).unwrap();
        assert!(range.contains(1.0) && range.contains(2.0) && !range.contains(2.5));
    }
}
