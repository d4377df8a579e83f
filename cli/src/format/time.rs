//! Times: ages in lists, absolute times beside them.

use std::cell::OnceCell;

use jiff::{Timestamp, tz::TimeZone};

use crate::host::Clock;
use crate::text;

/// Shows times relative to one moment, in one time zone.
///
/// The time zone is looked up when it is first needed: most lists hold only ages, and loading it costs more than the
/// rest of the list.
pub(crate) struct Times<'c> {
    clock: &'c dyn Clock,
    now: Timestamp,
    zone: OnceCell<TimeZone>,
    absolute: bool,
}

impl<'c> Times<'c> {
    /// Times as of now; `absolute` ones instead of ages when asked for.
    pub(crate) fn new(clock: &'c dyn Clock, absolute: bool) -> Self {
        Self { clock, now: clock.now(), zone: OnceCell::new(), absolute }
    }

    /// The same, as of now.
    pub(crate) fn renewed(&self) -> Self {
        Self { clock: self.clock, now: self.clock.now(), zone: self.zone.clone(), absolute: self.absolute }
    }

    /// A time in a list: `now 4m 2h 3d`, after a week `Oct 14`, in other years `2025-10-14`.
    pub(crate) fn listed(&self, time: Option<Timestamp>) -> String {
        match time {
            None => "-".to_owned(),
            Some(time) if self.absolute => self.absolute(time),
            Some(time) => self.age(time).unwrap_or_else(|| self.date(time)),
        }
    }

    /// A time in a sentence: `2h ago`, `now`, `Oct 14`.
    pub(crate) fn ago(&self, time: Timestamp) -> String {
        match self.age(time) {
            Some(age) if age == "now" => age,
            Some(age) => format!("{age} ago"),
            None => self.date(time),
        }
    }

    /// Like [`Times::ago`], to the second: `4s ago`.
    pub(crate) fn seconds_ago(&self, time: Timestamp) -> String {
        match self.now.duration_since(time).as_secs() {
            ..1 => "now".to_owned(),
            seconds @ 1..60 => format!("{seconds}s ago"),
            _ => self.ago(time),
        }
    }

    /// How long ago, in milliseconds; zero for what lies ahead.
    pub(crate) fn since(&self, time: Timestamp) -> u64 {
        u64::try_from(self.now.duration_since(time).as_millis()).unwrap_or(0)
    }

    /// The time with its date and zone: `2026-11-22 14:05 +09:00`.
    pub(crate) fn absolute(&self, time: Timestamp) -> String {
        time.to_zoned(self.zone().clone()).strftime("%Y-%m-%d %H:%M %:z").to_string()
    }

    /// Date and time of day: `2026-11-22 14:05`.
    pub(crate) fn minute(&self, time: Timestamp) -> String {
        time.to_zoned(self.zone().clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The time of day: `14:05`.
    pub(crate) fn time_of_day(&self, time: Timestamp) -> String {
        if self.absolute {
            return self.absolute(time);
        }
        time.to_zoned(self.zone().clone()).strftime("%H:%M").to_string()
    }

    /// The day in the user's zone, to tell when one day's events end and the next one's begin.
    pub(crate) fn day(&self, time: Timestamp) -> jiff::civil::Date {
        time.to_zoned(self.zone().clone()).date()
    }

    /// The day in a list: `Today`, `Yesterday`, `Thu Nov 19`, in other years `2025-10-14`.
    pub(crate) fn day_name(&self, time: Timestamp) -> String {
        let (day, today) = (self.day(time), self.day(self.now));
        if day == today {
            text::tui::TODAY.to_owned()
        } else if today.yesterday().is_ok_and(|yesterday| yesterday == day) {
            text::tui::YESTERDAY.to_owned()
        } else if day.year() == today.year() {
            day.strftime("%a %b %-d").to_string()
        } else {
            day.strftime("%Y-%m-%d").to_string()
        }
    }

    /// A month that is given as `2026-11`: of this year `Nov`, of others as it is given.
    pub(crate) fn month_name(&self, month: &str) -> String {
        let first: Option<jiff::civil::Date> = format!("{month}-01").parse().ok();
        match first.filter(|first| first.year() == self.day(self.now).year()) {
            Some(first) => first.strftime("%b").to_string(),
            None => month.to_owned(),
        }
    }

    /// The name of the time zone, as in `Asia/Seoul`, when it has one.
    pub(crate) fn zone_name(&self) -> Option<String> {
        self.zone().iana_name().map(str::to_owned)
    }

    fn zone(&self) -> &TimeZone {
        self.zone.get_or_init(|| self.clock.time_zone())
    }

    /// `now 4m 2h 3d`; nothing for what is older than a week or lies ahead.
    fn age(&self, time: Timestamp) -> Option<String> {
        Some(match self.now.duration_since(time).as_secs() {
            // The clocks of two processes may differ by little.
            -60..60 => "now".to_owned(),
            seconds @ 60..3_600 => format!("{}m", seconds / 60),
            seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
            seconds @ 86_400..604_800 => format!("{}d", seconds / 86_400),
            _ => return None,
        })
    }

    fn date(&self, time: Timestamp) -> String {
        let date = self.day(time);
        if date.year() == self.day(self.now).year() {
            date.strftime("%b %-d").to_string()
        } else {
            date.strftime("%Y-%m-%d").to_string()
        }
    }
}

/// A time in piped output: RFC 3339 in UTC, empty when there is none.
pub(crate) fn iso(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Clock for Fixed {
        fn now(&self) -> Timestamp {
            "2026-11-22T05:05:00Z".parse().unwrap()
        }

        fn time_zone(&self) -> TimeZone {
            TimeZone::fixed(jiff::tz::offset(9))
        }
    }

    fn at(time: &str) -> Option<Timestamp> {
        time.parse().ok()
    }

    #[test]
    fn lists_hold_ages_for_a_week_and_then_dates() {
        let times = Times::new(&Fixed, false);
        let shown: Vec<String> = [
            at("2026-11-22T05:05:30Z"),
            at("2026-11-22T05:04:01Z"),
            at("2026-11-22T05:01:00Z"),
            at("2026-11-22T03:00:00Z"),
            at("2026-11-19T05:00:00Z"),
            at("2026-11-15T05:04:00Z"),
            at("2026-10-13T18:00:00Z"),
            at("2025-12-31T18:00:00Z"),
            at("2025-10-14T00:00:00Z"),
            at("2026-11-23T05:05:30Z"),
            None,
        ]
        .into_iter()
        .map(|time| times.listed(time))
        .collect();
        assert_eq!(shown, ["now", "now", "4m", "2h", "3d", "Nov 15", "Oct 14", "Jan 1", "2025-10-14", "Nov 23", "-"]);
    }

    #[test]
    fn absolute_times_carry_their_offset() {
        let times = Times::new(&Fixed, true);
        assert_eq!(times.listed(at("2026-11-22T05:05:00Z")), "2026-11-22 14:05 +09:00");
        assert_eq!(iso(at("2026-11-22T05:05:00.120Z")), "2026-11-22T05:05:00.12Z");
    }
}
