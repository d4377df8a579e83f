//! Terms that differ from a word by a slip of the pen.

use std::collections::HashMap;
use std::io;

use tantivy_fst::Automaton;

use super::segment::{Segment, TermField};

/// Similar terms that are looked for at most.
const MOST: usize = 4;
/// Words shorter than this have too many neighbours.
const SHORTEST: usize = 4;
/// Words of this length may differ in two letters.
const LONG: usize = 8;
/// Longest word, in bytes: the automaton keeps one bit for each.
const LONGEST: usize = 60;

/// The terms most like a word: same first letter, one letter inserted, left out or changed, two in a long word. Nearest
/// first, then commonest. Words of ASCII letters and digits only.
pub(crate) fn similar_terms(segments: &[Segment<'_>], word: &str) -> io::Result<Vec<String>> {
    let plain =
        word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && word.bytes().any(|byte| byte.is_ascii_alphabetic());
    if !plain || !(SHORTEST..=LONGEST).contains(&word.len()) {
        return Ok(Vec::new());
    }
    let automaton = Slips { word: word.as_bytes(), slips: if word.len() >= LONG { 2 } else { 1 } };
    let mut terms: HashMap<Vec<u8>, u64> = HashMap::new();
    for segment in segments {
        segment.accepted(TermField::Text, &automaton, &mut |term, handle| {
            if term != word.as_bytes() {
                *terms.entry(term.to_vec()).or_default() += u64::from(handle.doc_freq);
            }
        })?;
    }
    let mut ranked: Vec<(usize, std::cmp::Reverse<u64>, Vec<u8>)> =
        terms.into_iter().map(|(term, count)| (automaton.distance(&term), std::cmp::Reverse(count), term)).collect();
    ranked.sort_unstable();
    Ok(ranked.into_iter().take(MOST).filter_map(|(_, _, term)| String::from_utf8(term).ok()).collect())
}

/// Accepts the words that differ by at most that many slips, the first letter excepted.
struct Slips<'w> {
    word: &'w [u8],
    slips: usize,
}

impl Slips<'_> {
    fn distance(&self, term: &[u8]) -> usize {
        let end = term.iter().fold(self.start(), |state, &byte| self.accept(&state, byte));
        (0..=self.slips).find(|&slips| end.reached[slips] >> self.word.len() & 1 == 1).unwrap_or(usize::MAX)
    }
}

/// Bit `i` of number `k`: the first `i` letters were read with `k` slips.
#[derive(Debug, Clone, Copy)]
struct Reached {
    reached: [u64; 3],
    begun: bool,
}

impl Automaton for Slips<'_> {
    type State = Reached;

    fn start(&self) -> Reached {
        Reached { reached: [1, 0, 0], begun: false }
    }

    fn is_match(&self, state: &Reached) -> bool {
        state.reached.iter().any(|reached| reached >> self.word.len() & 1 == 1)
    }

    fn can_match(&self, state: &Reached) -> bool {
        state.reached != [0; 3]
    }

    fn accept(&self, state: &Reached, byte: u8) -> Reached {
        let mut next = Reached { reached: [0; 3], begun: true };
        if !state.begun {
            if self.word.first() == Some(&byte) {
                next.reached = [0b10, 0, 0];
                // Letters left out right after the first.
                for slips in 1..=self.slips {
                    next.reached[slips] = next.reached[slips - 1] << 1;
                }
            }
            return next;
        }
        let here = (0..).zip(self.word).fold(0_u64, |bits, (at, &letter)| bits | u64::from(letter == byte) << at);
        let bound = (2_u64 << self.word.len()) - 1;
        for slips in 0..=self.slips {
            let mut reached = (state.reached[slips] & here) << 1;
            if slips > 0 {
                let before = state.reached[slips - 1];
                // A letter too many, another letter, a letter left out.
                reached |= before | before << 1 | next.reached[slips - 1] << 1;
            }
            next.reached[slips] = reached & bound;
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (word, term, expected) in [
            ("wingman", "wingman", Some(0)),
            ("wingman", "wingmen", Some(1)),
            ("wingman", "wigman", Some(1)),
            ("wingman", "wingmann", Some(1)),
            ("wingman", "singman", None),
            ("wingman", "wimgmen", None),
            ("condenser", "condemsor", Some(2)),
            ("condenser", "cndensr", Some(2)),
            ("condenser", "condensation", None),
        ] {
            let automaton = Slips { word: word.as_bytes(), slips: if word.len() >= LONG { 2 } else { 1 } };
            let end = term.bytes().fold(automaton.start(), |state, byte| automaton.accept(&state, byte));
            assert_eq!(automaton.is_match(&end), expected.is_some(), "{word} {term}");
            assert_eq!(automaton.distance(term.as_bytes()), expected.unwrap_or(usize::MAX), "{word} {term}");
        }
    }
}
