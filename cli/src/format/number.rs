//! Counts, sizes, durations and costs as people read them.

/// A count: `1,234`, and from 10,000 on `48.2k`, `4.1M`, `1.3G`.
pub(crate) fn count(value: u64) -> String {
    match value {
        0..1_000 => value.to_string(),
        1_000..10_000 => format!("{},{:03}", value / 1_000, value % 1_000),
        _ => scaled(value, &["k", "M", "G", "T"], true),
    }
}

/// A size in decimal units: `512 B`, `4.1 kB`, `351 MB`.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1_000 { format!("{bytes} B") } else { scaled(bytes, &[" kB", " MB", " GB", " TB"], false) }
}

/// A duration: `12 ms`, `4.1s`, `3m 05s`, `38m`, `1h 12m`.
pub(crate) fn duration(milliseconds: u64) -> String {
    // Rounded first, so that 59.96 s is not "60.0s".
    let tenths = (milliseconds + 50) / 100;
    let seconds = (milliseconds + 500) / 1_000;
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        _ if tenths < 600 => format!("{}.{}s", tenths / 10, tenths % 10),
        _ if seconds < 600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ if seconds < 3_600 => format!("{}m", seconds / 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// A cost in US dollars; `-` when it is unknown, `<$0.01` when it is less than a cent, `~$0.42` when it is estimated.
pub(crate) fn cost(dollars: Option<f64>, is_estimated: bool) -> String {
    let sign = if is_estimated { "~" } else { "" };
    match dollars {
        Some(dollars) if dollars.is_finite() && dollars >= 0.0 => match dollars {
            0.0 => format!("{sign}$0.00"),
            _ if dollars < 0.005 => "<$0.01".to_owned(),
            _ if dollars < 1_000.0 => {
                let cents = (dollars * 100.0).round() as u64;
                format!("{sign}${}.{:02}", count(cents / 100), cents % 100)
            }
            _ => format!("{sign}${}", count(dollars.round() as u64)),
        },
        _ => "-".to_owned(),
    }
}

/// A number for programs, with so many decimals at most.
pub(crate) fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// A share of a whole in percent: `3%`, `<1%`; `-` when there is no whole.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    match (part, whole) {
        (_, 0) => "-".to_owned(),
        (0, _) => "0%".to_owned(),
        _ if part.saturating_mul(100) < whole => "<1%".to_owned(),
        // Rounded down: what is not done is not 100 %.
        _ => format!("{}%", part.saturating_mul(100) / whole),
    }
}

/// `one` for one, else `many`, after the count.
pub(crate) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// Three digits at most and a unit, one decimal below ten (below a hundred, if `decimal`).
fn scaled(value: u64, units: &[&str], decimal: bool) -> String {
    let value = u128::from(value);
    let rounded = |size: u128| (value + size / 2) / size;
    let mut size = 1_000;
    let mut unit = 0;
    while rounded(size) >= 1_000 && unit + 1 < units.len() {
        size *= 1_000;
        unit += 1;
    }
    let tenths = rounded(size / 10);
    if tenths < 100 || (decimal && tenths < 1_000) {
        format!("{}.{}{}", tenths / 10, tenths % 10, units[unit])
    } else {
        format!("{}{}", rounded(size), units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_commas_and_then_units() {
        let shown: Vec<String> =
            [0, 999, 1_000, 1_234, 9_999, 10_000, 48_230, 99_960, 611_000, 999_499, 999_950, 4_130_000, 48_200_000]
                .into_iter()
                .map(count)
                .collect();
        let wanted =
            ["0", "999", "1,000", "1,234", "9,999", "10.0k", "48.2k", "100k", "611k", "999k", "1.0M", "4.1M", "48.2M"];
        assert_eq!(shown, wanted);
        assert_eq!(count(u64::MAX), "18446744T");
    }

    #[test]
    fn sizes_are_decimal() {
        let shown: Vec<String> =
            [0, 999, 1_000, 4_120, 21_000_000, 351_400_000, 3_000_000_000].into_iter().map(size).collect();
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "4.1 kB", "21 MB", "351 MB", "3.0 GB"]);
    }

    #[test]
    fn durations_take_the_unit_that_fits() {
        let shown: Vec<String> = [12, 999, 1_000, 4_120, 59_949, 59_960, 185_000, 2_280_000, 4_320_000, 220_800_000]
            .into_iter()
            .map(duration)
            .collect();
        assert_eq!(shown, ["12 ms", "999 ms", "1.0s", "4.1s", "59.9s", "1m 00s", "3m 05s", "38m", "1h 12m", "61h 20m"]);
    }

    #[test]
    fn an_unknown_cost_is_never_zero() {
        let shown: Vec<String> = [None, Some(f64::NAN), Some(0.0), Some(0.001), Some(0.42), Some(212.4), Some(1234.5)]
            .into_iter()
            .map(|dollars| cost(dollars, false))
            .collect();
        assert_eq!(shown, ["-", "-", "$0.00", "<$0.01", "$0.42", "$212.40", "$1,235"]);
        assert_eq!([cost(Some(0.42), true), cost(Some(0.001), true), cost(None, true)], ["~$0.42", "<$0.01", "-"]);
        assert_eq!([plain(212.4, 6), plain(12.0, 6), plain(0.000_000_4, 6)], ["212.4", "12", "0"]);
    }

    #[test]
    fn a_part_that_is_not_the_whole_is_not_a_hundred_percent() {
        assert_eq!(percent(999, 1000), "99%");
        assert_eq!(percent(1, 1000), "<1%");
        assert_eq!(percent(0, 7), "0%");
        assert_eq!(percent(0, 0), "-");
    }
}
