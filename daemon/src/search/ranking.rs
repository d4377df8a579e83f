//! The formulas of the ranking: BM25 over events, weighted by kind, summed over a session with decay, and recency.
//!
//! ```text
//! e(d)    = K(kind) · S · (m/n)^0.5 · Σ_u idf(u) · tf'(k1+1) / (tf' + k1(1−b+b·len/avg))
//! session = Σ_i 0.5^i · e_i · (1 + 0.5·exp(−age / 3 days))
//! ```

use opensession_hail::Kind;
use tantivy::fieldnorm::FieldNormReader;

const K1: f32 = 1.2;
const B: f32 = 0.75;

/// What an occurrence of a whole identifier counts, against one for its parts.
pub(crate) const WHOLE_TF: f32 = 3.0;
/// What an occurrence of a longer word counts for the one that is being typed.
pub(crate) const PREFIX_TF: f32 = 0.3;
/// What a similar word counts.
pub(crate) const SIMILAR_WEIGHT: f32 = 0.4;
/// What a term of a word counts where the word as a whole is found nowhere.
pub(crate) const FALLBACK_WEIGHT: f32 = 0.5;
/// What two neighbouring words count, when they stand side by side in the text too.
pub(crate) const ADJACENCY_WEIGHT: f32 = 0.3;
/// A session's events that count in its score; the next would count less than half a hundredth.
pub(crate) const SUMMED_EVENTS: usize = 8;
/// Weight of an event in which a path of the query is named as a path.
const PATH_WEIGHT: f32 = 3.0;
const SUBAGENT_WEIGHT: f32 = 0.6;
const DECAY: f32 = 0.5;
const RECENCY_GAIN: f64 = 0.5;
const RECENCY_MS: f64 = 3.0 * 24.0 * 3600.0 * 1000.0;

/// How much an event of that kind counts.
fn kind_weight(kind: Kind) -> f32 {
    match kind {
        Kind::Prompt => 1.5,
        Kind::Output => 0.8,
        _ => 1.0,
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
    /// `k1(1−b+b·len/avg)` by field norm.
    lengths: [f32; 256],
    /// `K · S` by kind, then by kind inside a sub-agent.
    kinds: [f32; 32],
}

impl Weights {
    /// Weights for an index in which a text has `average` tokens.
    pub(crate) fn new(average: f32) -> Self {
        let average = average.max(1.0);
        let mut lengths = [0.0; 256];
        for (norm, length) in (0..=u8::MAX).zip(&mut lengths) {
            *length = K1 * (1.0 - B + B * FieldNormReader::id_to_fieldnorm(norm) as f32 / average);
        }
        let mut kinds = [1.0; 32];
        for kind in Kind::ALL {
            kinds[kind as usize] = kind_weight(kind);
            kinds[kind as usize + 16] = kind_weight(kind) * SUBAGENT_WEIGHT;
        }
        Self { lengths, kinds }
    }

    /// What a frequency counts in a text of that length, at most `k1 + 1`.
    #[inline]
    pub(crate) fn saturate(&self, frequency: f32, norm: u8) -> f32 {
        frequency * (K1 + 1.0) / (frequency + self.lengths[usize::from(norm)])
    }

    /// `K · S` of an event.
    #[inline]
    pub(crate) fn event(&self, kind: u8, subagent: bool, path: bool) -> f32 {
        let index = usize::from(kind & 15) + if subagent { 16 } else { 0 };
        if path { PATH_WEIGHT * if subagent { SUBAGENT_WEIGHT } else { 1.0 } } else { self.kinds[index] }
    }
}

/// The share of the scored units that an event has, as a factor.
#[inline]
pub(crate) fn coverage(has: u32, of: u32) -> f32 {
    if of <= 1 { 1.0 } else { (has as f32 / of as f32).sqrt() }
}

/// A session's score from its best events, best first.
pub(crate) fn decayed_sum(events: impl Iterator<Item = f32>) -> f32 {
    let mut factor = 1.0;
    let mut sum = 0.0;
    for event in events {
        sum += factor * event;
        factor *= DECAY;
    }
    sum
}

/// The factor of a session that last changed at `updated_ms`. A session without a time is as old as can be.
pub(crate) fn recency(now_ms: i64, updated_ms: i64) -> f32 {
    let age = now_ms.saturating_sub(updated_ms).max(0) as f64;
    (1.0 + RECENCY_GAIN * (-age / RECENCY_MS).exp()) as f32
}
