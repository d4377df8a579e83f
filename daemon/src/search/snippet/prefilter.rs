//! Finds the neighbourhood of a match in a long text without cutting all of it into tokens.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use crate::search::query::{Unit, UnitBody};

/// Places that are looked at in one text at most.
const MAX_PLACES: usize = 20_000;
/// The length of a neighbourhood in which needles are counted, in bytes.
const NEIGHBOURHOOD_BYTES: usize = 512;
/// What is cut into tokens before and after it.
const MARGIN_BYTES: usize = 512;
/// A run without white space may be this long before a neighbourhood begins inside it.
const MAX_RUN_BYTES: usize = 512;

/// Looks for pieces of text of each unit.
#[derive(Debug)]
pub(super) struct Prefilter {
    needles: Vec<Needle>,
    /// The first slot of each unit.
    slots: Vec<usize>,
    count: usize,
    /// Built from the needles; `None` where that failed or there are none.
    automaton: Option<AhoCorasick>,
}

/// A piece of text that stands where the unit does.
#[derive(Debug)]
struct Needle {
    /// What it stands for: needles of one slot are alternatives.
    slot: usize,
    text: String,
    /// Whether a token begins with it, and whether one ends with it.
    begins: bool,
    ends: bool,
}

impl Prefilter {
    pub(super) fn new(units: &[&Unit]) -> Self {
        let mut prefilter = Self { needles: Vec::new(), slots: Vec::new(), count: 0, automaton: None };
        for unit in units {
            prefilter.slots.push(prefilter.count);
            prefilter.needles.extend(Needle::of(prefilter.count, unit));
            prefilter.count = prefilter.needles.iter().map(|needle| needle.slot + 1).max().unwrap_or(0);
        }
        prefilter.build();
        prefilter
    }

    /// Lets a term stand for the unit too.
    pub(super) fn add(&mut self, unit: usize, term: &str) {
        if let Some(slot) = self.slots.get(unit) {
            self.needles.push(Needle { slot: *slot, text: term.to_owned(), begins: true, ends: true });
            self.count = self.count.max(slot + 1);
            self.build();
        }
    }

    fn build(&mut self) {
        self.automaton = if self.needles.is_empty() {
            None
        } else {
            // An automaton that cannot be built costs time, not hits: the text is cut into tokens instead.
            AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(self.needles.iter().map(|needle| needle.text.as_bytes()))
                .ok()
        };
    }

    /// The piece of the text, with a margin, in which most needles may stand, and of those the first.
    pub(super) fn neighbourhood(&self, text: &str) -> Option<Range<usize>> {
        let automaton = self.automaton.as_ref()?;
        let mut counts = vec![0_u32; self.count];
        let mut distinct = 0;
        let mut most = 0;
        let mut best = None;
        let mut places: VecDeque<(usize, usize)> = VecDeque::new();
        let found = automaton.find_overlapping_iter(text).filter(|found| {
            let needle = &self.needles[found.pattern().as_usize()];
            needle.is_at(text.as_bytes(), found.start(), found.end())
        });
        for found in found.take(MAX_PLACES) {
            let slot = self.needles[found.pattern().as_usize()].slot;
            while let Some((at, slot)) = places.front().copied()
                && found.end() - at > NEIGHBOURHOOD_BYTES
            {
                places.pop_front();
                counts[slot] -= 1;
                distinct -= u32::from(counts[slot] == 0);
            }
            distinct += u32::from(counts[slot] == 0);
            counts[slot] += 1;
            places.push_back((found.start(), slot));
            if distinct > most {
                most = distinct;
                best = places.front().map(|(first, _)| *first..found.end());
                if distinct as usize == self.count {
                    break;
                }
            }
        }
        best.map(|range| with_margin(text, &range))
    }
}

impl Needle {
    /// The unit's two most telling pieces, from that slot on; none for a regular expression.
    fn of(slot: usize, unit: &Unit) -> Vec<Self> {
        let needle = |slot, text: &str, begins, ends| Self { slot, text: text.to_owned(), begins, ends };
        let (terms, open): (Vec<&str>, bool) = match &unit.body {
            UnitBody::Word(word) => (word.terms(), word.prefix.is_some()),
            UnitBody::Phrase(phrase) => (phrase.terms.iter().map(String::as_str).collect(), phrase.prefix_last),
            UnitBody::Prefix(run) => (run.terms().collect(), true),
            UnitBody::Substring(part) => return vec![needle(slot, part, false, false)],
            UnitBody::CjkCharacter(character) => (vec![character.as_str()], false),
            UnitBody::Regex(_) => return Vec::new(),
        };
        let last = terms.len().saturating_sub(1);
        let mut longest: Vec<(usize, &str)> = terms.into_iter().enumerate().collect();
        longest.sort_by_key(|(_, term)| Reverse(term.len()));
        longest.truncate(2);
        let mut needles: Vec<Self> = longest
            .into_iter()
            .enumerate()
            .map(|(number, (at, term))| needle(slot + number, term, true, !(open && at == last)))
            .collect();
        // A single run also stands as a whole, in other capitals: `manualcommit`.
        let whole = match &unit.body {
            UnitBody::Word(word) if word.runs.len() == 1 => word.runs[0].whole.as_deref(),
            UnitBody::Prefix(run) => run.whole.as_deref(),
            _ => None,
        };
        needles.extend(whole.filter(|_| last > 0).map(|whole| needle(slot, whole, true, !open)));
        needles
    }

    /// Whether a token may begin and end there, as far as the bytes beside it tell.
    fn is_at(&self, text: &[u8], start: usize, end: usize) -> bool {
        let inside = |before: u8, after: u8| {
            before.is_ascii_alphanumeric()
                && after.is_ascii_alphanumeric()
                && before.is_ascii_digit() == after.is_ascii_digit()
                && !(before.is_ascii_lowercase() && after.is_ascii_uppercase())
                && !(before.is_ascii_uppercase() && after.is_ascii_uppercase())
        };
        let begins = !self.begins || start == 0 || !inside(text[start - 1], text[start]);
        let ends = !self.ends || text.get(end).is_none_or(|after| !inside(text[end - 1], *after));
        begins && ends
    }
}

/// The range with its margin, begun and ended at white space where that is near.
fn with_margin(text: &str, range: &Range<usize>) -> Range<usize> {
    let bytes = text.as_bytes();
    let start = range.start.saturating_sub(MARGIN_BYTES);
    let space = bytes[start..range.start].iter().take(MAX_RUN_BYTES).position(u8::is_ascii_whitespace);
    let start = if start == 0 { 0 } else { text.floor_char_boundary(start + space.unwrap_or(0)) };
    let end = (range.end + MARGIN_BYTES).min(bytes.len());
    let space = bytes[end..].iter().take(MAX_RUN_BYTES).position(u8::is_ascii_whitespace);
    let end = text.floor_char_boundary(space.map_or(end, |space| end + space));
    start..end.max(range.end)
}
