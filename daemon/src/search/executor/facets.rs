//! Counts by repository and by month, for whoever asks for them.

use std::collections::HashMap;
use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use opensession_protocol::FacetCount;

use super::scratch::Scratch;
use super::{Execution, facets};
use crate::search::bits::Bits;
use crate::search::columns::Packed;

impl Execution<'_> {
    /// Sessions by repository, most first.
    pub(super) fn by_repository(&self, sessions: &Bits) -> Vec<FacetCount> {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for entry in sessions.iter().filter_map(|session| self.catalog.get(session)) {
            if let Some(repository) = &entry.info.repository {
                *counts.entry(repository).or_default() += 1;
            }
        }
        facets(counts.into_iter().collect())
    }

    /// Sessions by the months in which their matching events were written, last month first.
    pub(super) fn by_month(&self, zone: &TimeZone, sessions: &Bits, scratch: &Scratch) -> io::Result<Vec<FacetCount>> {
        let mut months = Months { zone, limit: self.catalog.sessions.len(), months: Vec::new(), last: 0 };
        let mut index = 0;
        self.emit(scratch, &mut |session: u32, _: f32, event: u32, _: Packed| {
            if !sessions.contains(session) {
                return;
            }
            // Events come segment by segment.
            if event < self.bases[index] || self.bases.get(index + 1).is_some_and(|&next| event >= next) {
                index = self.bases.partition_point(|&base| base <= event) - 1;
            }
            let time = self.segments[index].times()[(event - self.bases[index]) as usize];
            if let Some(sessions) = months.sessions_at(time) {
                sessions.insert(session);
            }
        })?;
        months.months.sort_unstable_by_key(|month| std::cmp::Reverse(month.start));
        let counted = |month: Month| FacetCount { value: month.name, count: month.sessions.count() };
        Ok(months.months.into_iter().map(counted).collect())
    }
}

/// A month, from its first millisecond to the next one's.
struct Month {
    start: i64,
    end: i64,
    name: String,
    sessions: Bits,
}

/// The months seen.
struct Months<'z> {
    zone: &'z TimeZone,
    limit: usize,
    months: Vec<Month>,
    /// The one that was asked for last: mostly it is the next too.
    last: usize,
}

impl Months<'_> {
    /// The sessions of the month in which a time lies; `None` for an unknown time.
    fn sessions_at(&mut self, time: i64) -> Option<&mut Bits> {
        let holds = |month: &Month| (month.start..month.end).contains(&time);
        if !self.months.get(self.last).is_some_and(holds) {
            self.last = if let Some(known) = self.months.iter().position(holds) {
                known
            } else {
                self.months.push(self.month_of(time)?);
                self.months.len() - 1
            };
        }
        self.months.get_mut(self.last).map(|month| &mut month.sessions)
    }

    fn month_of(&self, time: i64) -> Option<Month> {
        let date = Timestamp::from_millisecond(time).ok().filter(|_| time != 0)?.to_zoned(self.zone.clone()).date();
        let midnight =
            |date: jiff::civil::Date| Some(date.to_zoned(self.zone.clone()).ok()?.timestamp().as_millisecond());
        Some(Month {
            start: midnight(date.first_of_month())?,
            end: midnight(date.last_of_month().tomorrow().ok()?)?,
            name: date.strftime("%Y-%m").to_string(),
            sessions: Bits::empty(self.limit),
        })
    }
}
