//! Finds where the units of a query stand: first as typed, then as what may have been meant.

use std::io;

use super::Execution;
use crate::search::bits::Bits;
use crate::search::filter::add_naming;
use crate::search::fuzzy::similar_terms;
use crate::search::matching::{Matcher, Matches};
use crate::search::plan::{Node, PlanUnit, Role};
use crate::search::query::{MAX_SCORED_UNITS, PrefixReason, Run, UnitBody, Word};
use crate::search::ranking::idf;

/// A word that more events have is not taken for a slip of the pen, nor for one that was not typed to its end.
const MAX_FOR_SIMILAR: u64 = 2;
/// Shorter words begin too many others.
const MIN_BEGINNING_CHARS: usize = 3;

/// Whether the unit is a pattern that was asked for, rather than a word that is being typed.
fn is_asked_for(unit: &PlanUnit) -> bool {
    match &unit.body {
        UnitBody::Prefix(_) | UnitBody::Substring(_) | UnitBody::Regex(_) => true,
        UnitBody::Phrase(phrase) => phrase.prefix_last && unit.typed.ends_with('*'),
        UnitBody::Word(_) | UnitBody::CjkCharacter(_) => false,
    }
}

impl<'x> Execution<'x> {
    /// Finds where each unit stands. A word of several terms that stands nowhere is replaced by its terms.
    pub(super) fn find_units(&mut self, events: u64) -> io::Result<()> {
        let mut index = 0;
        let mut last = (0..self.plan.units.len()).max_by_key(|&unit| self.plan.units[unit].number);
        while index < self.plan.units.len() {
            self.request.stop.check()?;
            let bound = self.bound;
            let (mut matches, mut count) = self.find_unit(&self.plan.units[index].body.clone())?;
            if let (None, Some(met)) = (bound, self.bound)
                && is_asked_for(&self.plan.units[index])
            {
                self.refused.get_or_insert((self.plan.units[index].typed.clone(), met));
            }
            if Some(index) == last && count <= MAX_FOR_SIMILAR {
                last = None;
                self.add_longer(index, &mut matches, &mut count)?;
            }
            if count == 0 {
                self.take_for_piece(index, &mut matches, &mut count)?;
            }
            let unit = &self.plan.units[index];
            if count == 0
                && unit.role == Role::Ranked
                && !unit.is_negative()
                && let UnitBody::Word(word) = &unit.body
                && word.terms().len() > 1
            {
                let unit = unit.clone();
                let UnitBody::Word(word) = &unit.body else { unreachable!("it was one just above") };
                self.note_parts(&unit, word);
                self.split_word(index, &unit, word);
            } else {
                self.idfs.push(idf(events, count));
                self.matches.push(matches);
                if count <= MAX_FOR_SIMILAR {
                    let known = self.similar.len();
                    self.add_similar(index)?;
                    if count == 0 {
                        self.note_similar(index, known);
                    }
                }
                index += 1;
            }
        }
        self.keep_rarest();
        Ok(())
    }

    pub(super) fn find_unit(&mut self, body: &UnitBody) -> io::Result<(Vec<Option<Matches<'x>>>, u64)> {
        let ranking = &self.request.ranking;
        let Ok(matcher) = Matcher::new(body, ranking) else {
            return Ok((self.segments.iter().map(|_| None).collect(), 0));
        };
        let mut matches = Vec::with_capacity(self.segments.len());
        let mut count = 0;
        for segment in self.segments {
            self.request.stop.check()?;
            let found = matcher.find(*segment, &mut self.bound)?;
            count += found.as_ref().map_or(0, Matches::count);
            matches.push(found);
        }
        Ok((matches, count))
    }

    /// Looks for words that begin with the last one, which hardly any event has. Where none has it, they take its place;
    /// otherwise they stand beside it.
    fn add_longer(&mut self, index: usize, matches: &mut Vec<Option<Matches<'x>>>, count: &mut u64) -> io::Result<()> {
        let unit = &self.plan.units[index];
        let UnitBody::Word(word) = &unit.body else { return Ok(()) };
        let ends_open = unit.typed.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let has_end = word.runs.last().is_some_and(|run| run.whole.is_some());
        if unit.role != Role::Ranked
            || !unit.counts()
            || word.prefix.is_some()
            || !(ends_open && has_end)
            || unit.typed.chars().count() < MIN_BEGINNING_CHARS
        {
            return Ok(());
        }
        let unit = unit.clone();
        let body = UnitBody::Word(Word { prefix: Some(PrefixReason::Rare), ..word.clone() });
        let bound = self.bound;
        let (longer, found) = self.find_unit(&body)?;
        // Beyond a bound it is a part of them, which the answer says.
        if found <= *count {
            self.bound = bound;
            return Ok(());
        }
        self.opened = unit.number;
        if *count == 0 {
            self.note_beginning(index, &body)?;
            self.plan.units[index].body = body;
            (*matches, *count) = (longer, found);
        } else {
            self.plan.units.push(PlanUnit { body, role: Role::Similar, ..unit });
            let longer = Node::Unit(self.plan.units.len() - 1);
            self.plan.root.replace(index, &[Node::Unit(index), longer]);
        }
        Ok(())
    }

    /// Puts a word's terms in its place, each at half its weight.
    fn split_word(&mut self, index: usize, unit: &PlanUnit, word: &Word) {
        let mut nodes = Vec::new();
        for (number, term) in word.terms().into_iter().enumerate() {
            let run = Run { whole: Some(term.to_owned()), parts: Vec::new() };
            let part = PlanUnit {
                body: UnitBody::Word(Word { runs: vec![run], prefix: None }),
                weight: unit.weight * self.request.ranking.fallback,
                ..unit.clone()
            };
            if number == 0 {
                self.plan.units[index] = part;
                nodes.push(Node::Unit(index));
            } else {
                self.plan.units.push(part);
                nodes.push(Node::Unit(self.plan.units.len() - 1));
            }
        }
        self.plan.root.replace(index, &nodes);
    }

    /// Looks for similar words beside one that hardly any event has.
    fn add_similar(&mut self, index: usize) -> io::Result<()> {
        let unit = &self.plan.units[index];
        let UnitBody::Word(word) = &unit.body else { return Ok(()) };
        let ([run], None) = (word.runs.as_slice(), word.prefix) else { return Ok(()) };
        if unit.role != Role::Ranked || !unit.counts() || !run.parts.is_empty() {
            return Ok(());
        }
        let Some(whole) = &run.whole else { return Ok(()) };
        let mut nodes = vec![Node::Unit(index)];
        let unit = unit.clone();
        for term in similar_terms(self.segments, whole)? {
            let run = Run { whole: Some(term.clone()), parts: Vec::new() };
            self.plan.units.push(PlanUnit {
                body: UnitBody::Word(Word { runs: vec![run], prefix: None }),
                weight: unit.weight * self.request.ranking.similar,
                role: Role::Similar,
                ..unit.clone()
            });
            nodes.push(Node::Unit(self.plan.units.len() - 1));
            self.similar.extend(unit.number.map(|number| (number, term)));
        }
        if nodes.len() > 1 {
            self.plan.root.replace(index, &nodes);
        }
        Ok(())
    }

    /// Of very many scored units, leaves only the rarest in the score.
    fn keep_rarest(&mut self) {
        let mut scored: Vec<usize> = (0..self.plan.units.len()).filter(|&unit| self.plan.units[unit].scored).collect();
        scored.sort_by(|&left, &right| self.idfs[right].total_cmp(&self.idfs[left]));
        for &common in scored.iter().skip(MAX_SCORED_UNITS) {
            self.plan.units[common].scored = false;
        }
    }

    /// Finds the events that name a word of the query with a path's look in one of their paths.
    pub(super) fn find_paths(&mut self) -> io::Result<()> {
        self.named = self.segments.iter().map(|_| None).collect();
        for unit in self.plan.units.iter().filter(|unit| unit.counts()) {
            let UnitBody::Word(word) = &unit.body else { continue };
            let typed = unit.typed.to_lowercase();
            if word.runs.len() < 2 || !typed.contains(['/', '.']) || typed.len() < 4 {
                continue;
            }
            for (segment, named) in self.segments.iter().zip(&mut self.named) {
                let docs = named.get_or_insert_with(|| Bits::empty(segment.len() as usize));
                add_naming(*segment, typed.trim_start_matches("./"), docs)?;
            }
        }
        Ok(())
    }
}
