//! Figures of a list of answers, and whether the difference of two lists is more than chance.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::answers::{Answer, DEPTH};
use crate::draw::{Dice, Judged};

/// Times that the queries are drawn again.
const RESAMPLED: usize = 4000;

/// What one answer is worth.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Worth {
    /// One over the place of the first session that was looked for.
    pub(crate) rank: f64,
    /// Gain by place, of the best possible.
    pub(crate) gain: f64,
    pub(crate) first: f64,
    pub(crate) five: f64,
    pub(crate) cpu: Duration,
}

/// Judges an answer. `visible`: the grades of the sessions that could be found.
pub(crate) fn worth(answer: &Answer, visible: &BTreeMap<usize, u8>) -> Worth {
    let grade = |session: &usize| visible.get(session).copied().unwrap_or(0);
    let place = answer.sessions.iter().take(DEPTH).position(|session| grade(session) == 2);
    let gained: f64 =
        answer.sessions.iter().take(DEPTH).enumerate().map(|(place, session)| gain(grade(session), place)).sum();
    let mut best: Vec<u8> = visible.values().copied().collect();
    best.sort_unstable_by(|left, right| right.cmp(left));
    let ideal: f64 = best.into_iter().take(DEPTH).enumerate().map(|(place, grade)| gain(grade, place)).sum();
    Worth {
        rank: place.map_or(0.0, |place| 1.0 / (place + 1) as f64),
        gain: if ideal > 0.0 { gained / ideal } else { 0.0 },
        first: f64::from(place == Some(0)),
        five: f64::from(place.is_some_and(|place| place < 5)),
        cpu: answer.cpu,
    }
}

fn gain(grade: u8, place: usize) -> f64 {
    (f64::from(1 << grade) - 1.0) / ((place + 2) as f64).log2()
}

/// The mean of one figure.
pub(crate) fn mean(worths: &[Worth], figure: impl Fn(&Worth) -> f64) -> f64 {
    worths.iter().map(figure).sum::<f64>() / worths.len().max(1) as f64
}

/// What weights are chosen by: both figures alike.
pub(crate) fn objective(worths: &[Worth]) -> f64 {
    mean(worths, |worth| f64::midpoint(worth.rank, worth.gain))
}

/// Mean of `left − right`, and the bounds within which it lies in 95 of a hundred draws of as many queries.
pub(crate) fn difference(left: &[Worth], right: &[Worth], figure: impl Fn(&Worth) -> f64) -> (f64, f64, f64) {
    let differences: Vec<f64> = left.iter().zip(right).map(|(left, right)| figure(left) - figure(right)).collect();
    let count = differences.len();
    let mean = |sum: f64| sum / count.max(1) as f64;
    let mut dice = Dice::seeded(4711);
    let mut means: Vec<f64> =
        (0..RESAMPLED).map(|_| mean((0..count).map(|_| differences[dice.below(count)]).sum())).collect();
    means.sort_unstable_by(f64::total_cmp);
    let at = |share: f64| means[((RESAMPLED - 1) as f64 * share) as usize];
    (mean(differences.iter().sum()), at(0.025), at(0.975))
}

/// The judgements of a class, or all, by way of answering.
pub(crate) struct Compared<'c> {
    pub(crate) judged: &'c [Judged],
    /// Newest first, plain, ours.
    pub(crate) worths: [&'c [Worth]; 3],
}

impl Compared<'_> {
    /// The worths of the queries that are wanted.
    fn among(&self, wanted: &dyn Fn(&Judged) -> bool) -> [Vec<Worth>; 3] {
        self.worths.map(|worths| {
            self.judged.iter().zip(worths).filter(|(judged, _)| wanted(judged)).map(|(_, worth)| *worth).collect()
        })
    }

    /// Prints a table by class; says by how much we are above plain in all, and lists each class that is too far below.
    pub(crate) fn print(&self, title: &str, wanted: &dyn Fn(&Judged) -> bool) -> (f64, f64, Vec<String>) {
        println!("{title}");
        println!(
            "  {:<11} {:>4}   {:<24} {:<24} {:<24} {:<24} {:>8}",
            "", "", "MRR@10", "nDCG@10", "S@1", "S@5", "CPU ms"
        );
        println!("  {:<11} {:>4}  {}", "class", "n", " newest  plain   ours   ".repeat(4));
        let mut classes: Vec<&str> = Vec::new();
        for judged in self.judged {
            if !classes.contains(&judged.class) {
                classes.push(judged.class);
            }
        }
        let mut below = Vec::new();
        for class in classes.iter().copied().chain(["all"]) {
            let worths = self.among(&|judged| wanted(judged) && (class == "all" || judged.class == class));
            row(class, &worths);
            let [_, plain, ours] = &worths;
            let lost = mean(plain, |worth| worth.rank) - mean(ours, |worth| worth.rank);
            if class != "all" && plain.len() >= 20 && lost > 0.02 {
                below.push(format!("{class} −{lost:.3}"));
            }
        }
        let [newest, plain, ours] = self.among(wanted);
        for (name, other) in [("plain", &plain), ("newest", &newest)] {
            let ranks = difference(&ours, other, |worth| worth.rank);
            let gains = difference(&ours, other, |worth| worth.gain);
            println!(
                "  ours − {name:<7} MRR {:+.3} [{:+.3}, {:+.3}]   nDCG {:+.3} [{:+.3}, {:+.3}]",
                ranks.0, ranks.1, ranks.2, gains.0, gains.1, gains.2
            );
        }
        let above = |figure: fn(&Worth) -> f64| mean(&ours, figure) - mean(&plain, figure);
        (above(|worth| worth.rank), above(|worth| worth.gain), below)
    }
}

fn row(class: &str, worths: &[Vec<Worth>; 3]) {
    let cell = |figure: fn(&Worth) -> f64| {
        let cells = worths.iter().map(|worths| format!("{:>7.3}", mean(worths, figure)));
        format!("{}   ", cells.collect::<String>())
    };
    let cpu = worths.iter().map(|worths| format!("{:>6.2}", mean(worths, |worth| worth.cpu.as_secs_f64() * 1e3)));
    println!(
        "  {class:<11} {:>4} {}{}{}{} {}",
        worths[0].len(),
        cell(|worth| worth.rank),
        cell(|worth| worth.gain),
        cell(|worth| worth.first),
        cell(|worth| worth.five),
        cpu.collect::<String>()
    );
}
