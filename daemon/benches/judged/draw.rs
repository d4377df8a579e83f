//! The judged set: queries, each with the sessions that answer it. Drawn by rule and by one seed, so that every run draws
//! the same.

pub(crate) mod cjk;
mod prompts;
mod told;
mod work;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::history::History;
use crate::transcripts::Transcript;

/// Queries of each class.
const CLASSES: [(&str, usize); 11] = [
    ("title", 90),
    ("commit", 100),
    ("question", 80),
    ("error", 60),
    ("later", 44),
    ("identifier", 64),
    ("path", 50),
    ("short", 40),
    ("typo", 30),
    ("prefix", 30),
    ("cjk", 16),
];

const HOUR: f64 = 3_600_000.0;
/// A query is asked so long after its session ended, at least and at most.
const LAG: (f64, f64) = (HOUR, 45.0 * 24.0 * HOUR);

/// A query and its judgement.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) class: &'static str,
    pub(crate) text: String,
    /// When it is asked, in milliseconds since 1970. Sessions that begin later are hidden.
    pub(crate) asked: i64,
    /// Grade of each session, by its number: 2 is what was looked for, 1 is related.
    pub(crate) grades: BTreeMap<usize, u8>,
    /// The session in which it is asked, which is no answer.
    pub(crate) own: Option<usize>,
    /// Whether the last word is being typed.
    pub(crate) typing: bool,
    /// Whether weights may be chosen by it; the others are looked at when they are chosen.
    pub(crate) for_choosing: bool,
}

/// What a class is drawn from.
pub(crate) struct Material<'m> {
    pub(crate) transcripts: &'m [Transcript],
    pub(crate) history: &'m History,
    /// In how many sessions a word of the prompts stands, in any text of theirs.
    pub(crate) spread: &'m HashMap<String, u32>,
}

/// A query before it has a time and a half.
pub(crate) struct Drawn {
    text: String,
    grades: BTreeMap<usize, u8>,
    asked: Option<i64>,
    own: Option<usize>,
}

impl Drawn {
    fn new(text: impl Into<String>, grades: impl IntoIterator<Item = (usize, u8)>) -> Self {
        Self { text: text.into(), grades: grades.into_iter().collect(), asked: None, own: None }
    }
}

/// Draws the whole set.
pub(crate) fn draw(material: &Material<'_>) -> Vec<Judged> {
    let mut all = Vec::new();
    let mut taken: HashSet<String> = HashSet::new();
    for (seed, (class, count)) in (1..).zip(CLASSES) {
        let mut dice = Dice(seed);
        let mut drawn = match class {
            "title" => told::titles(material),
            "commit" => told::commits(material),
            "question" => told::questions(material, &mut dice),
            "error" => work::errors(material),
            "later" => work::later(material),
            "identifier" => work::identifiers(material, &mut dice),
            "path" => work::paths(material, &mut dice),
            "short" => prompts::short(material, &mut dice),
            "typo" => prompts::misspelt(material, &mut dice),
            "prefix" => prompts::cut_short(material, &mut dice),
            _ => cjk::queries(material.transcripts),
        };
        dice.shuffle(&mut drawn);
        let fresh = drawn.into_iter().filter(|one| !one.text.trim().is_empty() && taken.insert(one.text.clone()));
        for one in fresh.take(count) {
            all.push(judge(class, one, material.transcripts, &mut dice));
        }
    }
    all
}

fn judge(class: &'static str, drawn: Drawn, transcripts: &[Transcript], dice: &mut Dice) -> Judged {
    let targets: Vec<usize> =
        drawn.grades.iter().filter(|(_, grade)| **grade == 2).map(|(&session, _)| session).collect();
    let ended = targets.iter().map(|&target| transcripts[target].ended).max().unwrap_or(0);
    let lag = LAG.0 * (LAG.1 / LAG.0).powf(dice.share());
    let first = targets.first().map_or("", |&target| &transcripts[target].id);
    Judged {
        class,
        text: drawn.text,
        asked: drawn.asked.unwrap_or(ended + lag as i64),
        for_choosing: Dice::of(first).below(2) == 0,
        grades: drawn.grades,
        own: drawn.own,
        typing: class == "prefix",
    }
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    /// Numbers that depend on a text.
    pub(crate) fn of(text: &str) -> Self {
        Self(
            text.bytes()
                .fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)),
        )
    }

    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// From zero to one.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
