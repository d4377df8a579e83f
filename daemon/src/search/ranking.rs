//! The formulas of the ranking: BM25 over events, weighted by kind, summed over a session with decay, and recency.
//!
//! ```text
//! e(d)    = K(kind) · S · (m/n)^coverage · Σ_u idf(u) · tf'(k1+1) / (tf' + k1(1−b+b·len/avg))
//! session = Σ_i decay^i · e_i · (1 + recency·exp(−age / days))
//! ```

use opensession_hail::Kind;
use tantivy::fieldnorm::FieldNormReader;

/// A session's events that count in its score; the next would count less than half a hundredth.
pub(crate) const SUMMED_EVENTS: usize = 8;
const DAY_MS: f64 = 24.0 * 3600.0 * 1000.0;

/// What counts how much. The defaults are what the judged set says (`cargo bench --bench judged`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranking {
    /// How soon a further occurrence in an event counts no more.
    pub k1: f32,
    /// How much a long event counts less.
    pub b: f32,
    /// What an occurrence of a whole identifier counts, against one for its parts.
    pub whole: f32,
    /// What an occurrence of a longer word counts for the one that is being typed.
    pub prefix: f32,
    /// What a similar word counts.
    pub similar: f32,
    /// What a term of a word counts where the word as a whole is found nowhere.
    pub fallback: f32,
    /// What two neighbouring words count, when they stand side by side in the text too.
    pub adjacency: f32,
    /// Weight of an event that a person wrote.
    pub prompt: f32,
    /// Weight of a tool's output.
    pub output: f32,
    /// Weight of thinking.
    pub thinking: f32,
    /// Weight of a call of a tool, commands included.
    pub call: f32,
    /// Weight of a change to a file.
    pub edit: f32,
    /// Weight of what is said about the session: titles, summaries.
    pub about: f32,
    /// Weight of an event in which a path of the query is named as a path.
    pub path: f32,
    /// Factor inside a sub-agent.
    pub subagent: f32,
    /// Exponent of the share of the scored units that an event has.
    pub coverage: f32,
    /// Of what one event of a session counts, the next counts this share.
    pub decay: f32,
    /// What a session gains that has changed just now.
    pub recency: f32,
    /// After so many days that gain has fallen to a third.
    pub recency_days: f32,
}

impl Default for Ranking {
    fn default() -> Self {
        Self {
            k1: 1.2,
            b: 0.75,
            whole: 3.0,
            prefix: 0.3,
            similar: 0.4,
            fallback: 0.5,
            adjacency: 0.3,
            prompt: 1.5,
            output: 0.8,
            thinking: 1.0,
            call: 1.0,
            edit: 1.0,
            about: 1.0,
            path: 3.0,
            subagent: 0.6,
            coverage: 0.5,
            decay: 0.5,
            recency: 0.5,
            recency_days: 3.0,
        }
    }
}

impl Ranking {
    /// How much an event of that kind counts.
    fn kind(&self, kind: Kind) -> f32 {
        match kind {
            Kind::Prompt => self.prompt,
            Kind::Output => self.output,
            Kind::Thinking => self.thinking,
            Kind::Call | Kind::Command => self.call,
            Kind::Edit => self.edit,
            Kind::Summary => self.about,
            _ => 1.0,
        }
    }

    /// A session's score from its best events, best first.
    pub(crate) fn decayed_sum(&self, events: impl Iterator<Item = f32>) -> f32 {
        let mut factor = 1.0;
        let mut sum = 0.0;
        for event in events {
            sum += factor * event;
            factor *= self.decay;
        }
        sum
    }

    /// The factor of a session that last changed at `updated_ms`. A session without a time is as old as can be.
    pub(crate) fn recency(&self, now_ms: i64, updated_ms: i64) -> f32 {
        let age = now_ms.saturating_sub(updated_ms).max(0) as f64;
        let days = f64::from(self.recency_days) * DAY_MS;
        (1.0 + f64::from(self.recency) * (-age / days).exp()) as f32
    }
}

/// Inverse document frequency over events, never negative.
pub(crate) fn idf(events: u64, with_it: u64) -> f32 {
    let (all, with_it) = (events as f64, with_it.min(events) as f64);
    (1.0 + (all - with_it + 0.5) / (with_it + 0.5)).ln() as f32
}

/// The parts of the formula that are the same for a whole query.
#[derive(Debug)]
pub(crate) struct Weights {
    ranking: Ranking,
    /// `k1(1−b+b·len/avg)` by field norm.
    lengths: [f32; 256],
    /// `K · S` by kind, then by kind inside a sub-agent.
    kinds: [f32; 32],
    /// The factor by the number of scored units that an event has.
    coverage: Vec<f32>,
}

impl Weights {
    /// Weights for an index in which a text has `average` tokens.
    pub(crate) fn new(ranking: Ranking, average: f32) -> Self {
        let average = average.max(1.0);
        let mut lengths = [0.0; 256];
        for (norm, length) in (0..=u8::MAX).zip(&mut lengths) {
            let share = FieldNormReader::id_to_fieldnorm(norm) as f32 / average;
            *length = ranking.k1 * (1.0 - ranking.b + ranking.b * share);
        }
        let mut kinds = [1.0; 32];
        for kind in Kind::ALL {
            kinds[kind as usize] = ranking.kind(kind);
            kinds[kind as usize + 16] = ranking.kind(kind) * ranking.subagent;
        }
        Self { ranking, lengths, kinds, coverage: vec![1.0] }
    }

    /// Sets how many units are scored.
    pub(crate) fn set_units(&mut self, of: u32) {
        let share = |has: u32| if of <= 1 { 1.0 } else { (has as f32 / of as f32).powf(self.ranking.coverage) };
        self.coverage = (0..=of).map(share).collect();
    }

    /// What a frequency counts in a text of that length, at most `k1 + 1`.
    #[inline]
    pub(crate) fn saturate(&self, frequency: f32, norm: u8) -> f32 {
        frequency * (self.ranking.k1 + 1.0) / (frequency + self.lengths[usize::from(norm)])
    }

    /// `K · S` of an event.
    #[inline]
    pub(crate) fn event(&self, kind: u8, subagent: bool, path: bool) -> f32 {
        let index = usize::from(kind & 15) + if subagent { 16 } else { 0 };
        if path { self.ranking.path * if subagent { self.ranking.subagent } else { 1.0 } } else { self.kinds[index] }
    }

    /// The share of the scored units that an event has, as a factor.
    #[inline]
    pub(crate) fn coverage(&self, has: u16) -> f32 {
        self.coverage[usize::from(has).min(self.coverage.len() - 1)]
    }
}
