//! The best events and the counts of each session.

use crate::search::columns::Packed;
use crate::search::ranking::SUMMED_EVENTS;
use crate::search::schema::flag;

/// The group of a session that cannot be found.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// A score and an event in one word that compares like the pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Ranked(u64);

impl Ranked {
    /// `score` is never negative, so its bits compare like itself.
    #[inline]
    pub(crate) fn new(score: f32, event: u32) -> Self {
        Self(u64::from(score.to_bits()) << 32 | u64::from(event))
    }

    pub(crate) fn score(self) -> f32 {
        f32::from_bits((self.0 >> 32) as u32)
    }

    /// The event's number over all segments.
    pub(crate) fn event(self) -> u32 {
        self.0 as u32
    }
}

/// One session's part.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct GroupTally {
    best: [Ranked; SUMMED_EVENTS],
    /// Events that match.
    pub(crate) total: u32,
    /// Those of them that another session holds a copy of.
    pub(crate) shared: u32,
}

impl GroupTally {
    /// Its best events, best first.
    pub(crate) fn best(&self) -> &[Ranked] {
        &self.best[..SUMMED_EVENTS.min(self.total as usize)]
    }

    /// Adds to the scores of its best events what `gain` says.
    pub(crate) fn raise(&mut self, gain: impl Fn(u32) -> Option<f32>) {
        let best = &mut self.best[..SUMMED_EVENTS.min(self.total as usize)];
        for ranked in &mut *best {
            if let Some(gain) = gain(ranked.event()) {
                *ranked = Ranked::new(ranked.score() + gain, ranked.event());
            }
        }
        best.sort_unstable_by(|left, right| right.cmp(left));
    }
}

/// All sessions.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) groups: Vec<GroupTally>,
    /// Events by the number of their kind.
    pub(crate) kinds: [u64; 16],
}

impl Tally {
    pub(crate) fn new(groups: usize) -> Self {
        Self { groups: vec![GroupTally::default(); groups], kinds: [0; 16] }
    }

    #[inline]
    pub(crate) fn add(&mut self, group: u32, score: f32, event: u32, packed: Packed) {
        let tally = &mut self.groups[group as usize];
        let ranked = Ranked::new(score, event);
        let mut at = SUMMED_EVENTS.min(tally.total as usize);
        tally.total += 1;
        tally.shared += u32::from(packed.flags() & flag::SHARED != 0);
        self.kinds[usize::from(packed.kind())] += 1;
        if at == SUMMED_EVENTS {
            if ranked <= tally.best[SUMMED_EVENTS - 1] {
                return;
            }
            at -= 1;
        }
        while at > 0 && tally.best[at - 1] < ranked {
            tally.best[at] = tally.best[at - 1];
            at -= 1;
        }
        tally.best[at] = ranked;
    }
}
