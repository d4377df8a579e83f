//! What a word that no event has is taken for, and how the answer says so.

use std::collections::HashMap;
use std::io;

use opensession_protocol::{Interpretation, Reading};

use super::Execution;
use crate::search::matching::Matches;
use crate::search::plan::{PlanUnit, Role};
use crate::search::query::{PrefixReason, Query, Run, UnitBody, Word};
use crate::search::segment::TermField;
use crate::search::vocabulary::TermScan;

/// Shorter words are pieces of too many others.
const MIN_PIECE_CHARS: usize = 4;
/// Terms that are named.
const MOST_NAMED: usize = 8;

/// What a word was taken for.
#[derive(Debug, Clone)]
pub(super) struct Fallback {
    /// The unit, by its number in [`Query::units`].
    number: usize,
    /// A part of the unit, where only that was taken for something.
    part: Option<String>,
    reading: Reading,
    terms: Vec<String>,
    /// What is looked for in the unit's place.
    body: Option<UnitBody>,
}

impl Fallback {
    /// The unit's number, and what is looked for in its place.
    pub(super) fn replacement(self) -> Option<(usize, UnitBody)> {
        if self.part.is_some() { None } else { Some((self.number, self.body?)) }
    }
}

/// What the answer says of them, in the order of the words.
pub(super) fn interpretations(fallbacks: &[Fallback], query: &Query) -> Vec<Interpretation> {
    let units = query.units();
    let told = |fallback: &Fallback| {
        let unit = units.get(fallback.number)?;
        Some(Interpretation {
            word: fallback.part.clone().unwrap_or_else(|| unit.typed.clone()),
            start: unit.start,
            end: unit.end,
            reading: fallback.reading,
            terms: fallback.terms.clone(),
        })
    };
    let mut interpretations: Vec<Interpretation> = fallbacks.iter().filter_map(told).collect();
    interpretations.sort_by_key(|one| one.start);
    interpretations
}

impl<'x> Execution<'x> {
    /// Takes a word that no event has for a piece of longer ones, where it is one.
    pub(super) fn take_for_piece(
        &mut self,
        index: usize,
        matches: &mut Vec<Option<Matches<'x>>>,
        count: &mut u64,
    ) -> io::Result<()> {
        let Some(piece) = piece_of(&self.plan.units[index]) else { return Ok(()) };
        let body = UnitBody::Substring(piece.clone());
        let bound = self.bound;
        let (found, documents) = self.find_unit(&body)?;
        // What is a piece of very many words says nothing.
        if self.bound != bound || documents == 0 {
            self.bound = bound;
            return Ok(());
        }
        let terms = self.commonest(|execution, see| {
            let scan = TermScan::substring(&piece);
            execution.segments.iter().try_for_each(|segment| {
                let mut terms = Vec::new();
                segment.scan(TermField::Text, &scan, &mut |term| {
                    terms.push(term.to_vec());
                    true
                })?;
                for term in terms {
                    let documents = segment.term(TermField::Text, &term)?.map_or(0, |handle| handle.doc_freq);
                    see(&term, documents);
                }
                Ok(())
            })
        })?;
        self.note(index, Reading::Substring, terms, Some(body.clone()));
        let unit = &mut self.plan.units[index];
        unit.body = body;
        unit.weight *= self.request.ranking.fallback;
        (*matches, *count) = (found, documents);
        Ok(())
    }

    /// Notes that the last word, which no event has, is taken for the beginning of others.
    pub(super) fn note_beginning(&mut self, index: usize, body: &UnitBody) -> io::Result<()> {
        let UnitBody::Word(word) = body else { return Ok(()) };
        let Some(last) = word.terms().last().map(|&term| term.to_owned()) else { return Ok(()) };
        let beginning = match word.runs.as_slice() {
            [Run { whole: Some(whole), .. }] => whole.clone(),
            _ => last,
        };
        let terms = self.commonest(|execution, see| {
            execution.segments.iter().try_for_each(|segment| {
                segment.prefixed(TermField::Text, beginning.as_bytes(), &mut |term, handle| {
                    see(term, handle.doc_freq);
                    true
                })
            })
        })?;
        self.note(index, Reading::Beginning, terms, None);
        Ok(())
    }

    /// Notes that a word is taken for its terms.
    pub(super) fn note_parts(&mut self, unit: &PlanUnit, word: &Word) {
        if let Some(number) = unit.number.filter(|_| unit.counts()) {
            let terms = word.terms().into_iter().take(MOST_NAMED).map(str::to_owned).collect();
            self.fallbacks.push(Fallback { number, part: None, reading: Reading::Parts, terms, body: None });
        }
    }

    /// Notes that a word which no event has is taken for similar ones: those from the number `known` on.
    pub(super) fn note_similar(&mut self, index: usize, known: usize) {
        let terms: Vec<String> = self.similar[known..].iter().map(|(_, term)| term.clone()).collect();
        if !terms.is_empty() {
            self.note(index, Reading::Near, terms, None);
        }
    }

    fn note(&mut self, index: usize, reading: Reading, terms: Vec<String>, body: Option<UnitBody>) {
        let unit = &self.plan.units[index];
        let Some(number) = unit.number else { return };
        // Of a word that is looked for term by term already, it is one of the terms.
        let is_part = self.fallbacks.iter().any(|before| before.number == number && before.reading == Reading::Parts);
        let part = match &unit.body {
            UnitBody::Word(word) if is_part => word.terms().first().map(|&term| term.to_owned()),
            _ => None,
        };
        self.fallbacks.push(Fallback { number, part, reading, terms, body });
    }

    /// The terms that most documents hold, of those that `each` gives.
    fn commonest(
        &self,
        each: impl FnOnce(&Self, &mut dyn FnMut(&[u8], u32)) -> io::Result<()>,
    ) -> io::Result<Vec<String>> {
        let mut counts: HashMap<Vec<u8>, u64> = HashMap::new();
        each(self, &mut |term, documents| *counts.entry(term.to_vec()).or_default() += u64::from(documents))?;
        let mut ranked: Vec<(u64, Vec<u8>)> = counts.into_iter().map(|(term, count)| (count, term)).collect();
        ranked.sort_unstable_by(|left, right| right.0.cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        Ok(ranked.into_iter().take(MOST_NAMED).filter_map(|(_, term)| String::from_utf8(term).ok()).collect())
    }
}

/// What a word is looked for as inside others; `None` where it is not.
fn piece_of(unit: &PlanUnit) -> Option<String> {
    let UnitBody::Word(Word { runs, prefix: None | Some(PrefixReason::Typing) }) = &unit.body else { return None };
    let [Run { whole: Some(whole), .. }] = runs.as_slice() else { return None };
    let is_meant = unit.role == Role::Ranked && unit.counts() && whole.chars().count() >= MIN_PIECE_CHARS;
    is_meant.then(|| whole.clone())
}
