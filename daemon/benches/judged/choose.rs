//! What each part of the ranking is worth, and which weights would be better: one after the other, by the half of the set
//! that is there for it.

use opensession_daemon::search::Ranking;

use crate::answers::{Clock, Searcher};
use crate::draw::Judged;
use crate::figures::{Worth, objective, worth};

/// A gain below this is noise.
const GAIN: f64 = 0.0005;
/// Rounds over all weights at most.
const ROUNDS: usize = 3;

/// A weight: its name, its place, the values that are tried, and the value that takes its part away.
type Weight = (&'static str, fn(&mut Ranking) -> &mut f32, &'static [f32], f32);

const WEIGHTS: [Weight; 19] = [
    ("k1", |ranking| &mut ranking.k1, &[0.6, 0.9, 1.2, 1.6, 2.0], 1.2),
    ("b", |ranking| &mut ranking.b, &[0.2, 0.4, 0.6, 0.75, 0.9], 0.75),
    ("whole", |ranking| &mut ranking.whole, &[1.0, 2.0, 3.0, 4.0], 1.0),
    ("prefix", |ranking| &mut ranking.prefix, &[0.1, 0.2, 0.3, 0.5], 0.0),
    ("similar", |ranking| &mut ranking.similar, &[0.2, 0.4, 0.6, 0.8], 0.0),
    ("fallback", |ranking| &mut ranking.fallback, &[0.25, 0.5, 0.75, 1.0], 1.0),
    ("adjacency", |ranking| &mut ranking.adjacency, &[0.0, 0.15, 0.3, 0.5, 0.8, 1.2], 0.0),
    ("prompt", |ranking| &mut ranking.prompt, &[1.0, 1.25, 1.5, 2.0, 2.5, 3.0], 1.0),
    ("output", |ranking| &mut ranking.output, &[0.5, 0.65, 0.8, 1.0], 1.0),
    ("thinking", |ranking| &mut ranking.thinking, &[0.6, 0.8, 1.0, 1.25], 1.0),
    ("call", |ranking| &mut ranking.call, &[0.6, 0.8, 1.0, 1.25, 1.5], 1.0),
    ("edit", |ranking| &mut ranking.edit, &[0.6, 0.8, 1.0, 1.5, 2.0, 3.0], 1.0),
    ("about", |ranking| &mut ranking.about, &[1.0, 1.5, 2.0, 3.0], 1.0),
    ("path", |ranking| &mut ranking.path, &[1.0, 1.5, 2.0, 3.0, 4.0], 1.0),
    ("subagent", |ranking| &mut ranking.subagent, &[0.4, 0.6, 0.8, 1.0], 1.0),
    ("coverage", |ranking| &mut ranking.coverage, &[0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0], 0.0),
    ("decay", |ranking| &mut ranking.decay, &[0.0, 0.3, 0.4, 0.5, 0.6, 0.7], 0.0),
    ("recency", |ranking| &mut ranking.recency, &[0.0, 0.25, 0.5, 0.75, 1.0], 0.0),
    ("recency days", |ranking| &mut ranking.recency_days, &[1.0, 2.0, 3.0, 5.0, 10.0, 20.0], 3.0),
];

/// The worths of our answers under some weights.
pub(crate) fn ours(searcher: &Searcher<'_>, judged: &[Judged], clock: Clock, ranking: &Ranking) -> Vec<Worth> {
    let one = |judged: &Judged| {
        let answer = searcher.ours(judged, clock, ranking);
        let visible = judged.grades.iter().map(|(&session, &grade)| (session, grade));
        worth(&answer, &visible.filter(|&(session, _)| searcher.is_visible(judged, clock, session)).collect())
    };
    judged.iter().map(one).collect()
}

fn value(searcher: &Searcher<'_>, judged: &[Judged], ranking: &Ranking) -> f64 {
    let worths = ours(searcher, judged, Clock::Then, ranking);
    let chosen: Vec<Worth> =
        worths.into_iter().zip(judged).filter(|(_, judged)| judged.for_choosing).map(|(worth, _)| worth).collect();
    objective(&chosen)
}

/// Prints what is lost without each part.
pub(crate) fn without_each(searcher: &Searcher<'_>, judged: &[Judged]) {
    let all = value(searcher, judged, &Ranking::default());
    println!("without each part (mean of MRR and nDCG on the half for choosing, {all:.4} with all)");
    for (name, place, _, off) in WEIGHTS {
        let mut ranking = Ranking::default();
        if (*place(&mut ranking) - off).abs() > f32::EPSILON {
            *place(&mut ranking) = off;
            println!("  {name:<13} {:+.4}", value(searcher, judged, &ranking) - all);
        }
    }
}

/// Looks for better weights by coordinate ascent, and prints them.
pub(crate) fn better_weights(searcher: &Searcher<'_>, judged: &[Judged]) {
    let mut ranking = Ranking::default();
    let mut best = value(searcher, judged, &ranking);
    println!("choosing weights, from {best:.4}");
    for _ in 0..ROUNDS {
        let before = best;
        for (name, place, values, _) in WEIGHTS {
            let mut tried = String::new();
            let kept = *place(&mut ranking);
            let mut chosen = kept;
            for &one in values.iter().filter(|&&one| (one - kept).abs() > f32::EPSILON) {
                *place(&mut ranking) = one;
                let value = value(searcher, judged, &ranking);
                tried.push_str(&format!(" {one}: {value:.4}"));
                if value > best + GAIN {
                    (best, chosen) = (value, one);
                }
            }
            *place(&mut ranking) = chosen;
            println!("  {name:<13} {kept} → {chosen}  ({best:.4};{tried})");
        }
        if best <= before {
            break;
        }
    }
    println!("{ranking:?}");
}
