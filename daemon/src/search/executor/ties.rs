//! Capitals break ties: of sessions that score the same, one in which the words stand as typed comes first.

use super::Execution;
use super::tally::Tally;
use crate::catalog::SessionKey;
use crate::search::document::EventTexts;
use crate::search::query::Query;
use crate::search::snippet::Matcher;

impl Execution<'_> {
    /// Puts sessions in order that stand side by side and score the same. Texts are looked at for these alone.
    pub(super) fn break_ties(
        &self,
        sessions: &mut [(SessionKey, f32)],
        query: &Query,
        texts: &dyn EventTexts,
        tally: &Tally,
    ) {
        let has_capitals = query.units().iter().any(|unit| unit.typed.contains(char::is_uppercase));
        if query.case_sensitive || !has_capitals {
            return;
        }
        let mut matcher = None;
        for tied in sessions.chunk_by_mut(|left, right| left.1.total_cmp(&right.1).is_eq()) {
            if tied.len() < 2 {
                continue;
            }
            let matcher = matcher.get_or_insert_with(|| Matcher::with_case(query, true));
            let best = |&(session, _): &(SessionKey, f32)| tally.groups[session as usize].best().first().copied();
            let names: Vec<(SessionKey, u32)> =
                tied.iter().filter_map(best).map(|ranked| self.name(ranked.event())).collect();
            let mut exact = texts.texts(&names).into_iter().map(|text| {
                text.map_or(0, |text| matcher.counts(&text).into_iter().filter(|&count| count > 0).count())
            });
            let mut ranked: Vec<(usize, (SessionKey, f32))> =
                tied.iter().map(|&session| (exact.next().unwrap_or(0), session)).collect();
            // Stable: what is still the same stays as it was, newest first.
            ranked.sort_by_key(|(exact, _)| std::cmp::Reverse(*exact));
            for (place, (_, session)) in tied.iter_mut().zip(ranked) {
                *place = session;
            }
        }
    }
}
