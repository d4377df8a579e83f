//! Where the units of a query stand in a text.

use regex_automata::meta::Regex;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::literal::{TextScanner, composed, contains_literal};
use super::prefilter::Prefilter;
use crate::search::query::{Clause, Field, Query, Run, Unit, UnitBody};
use crate::search::tokenizer::{Token, TokenBuffer, TokenKind, tokenize};

/// Longer texts are looked through for the neighbourhood of a match before they are cut into tokens.
const LONG_TEXT_BYTES: usize = 2 << 10;
/// Of a long text in which nothing was found that way, this much is cut into tokens.
const MAX_SCANNED_BYTES: usize = 256 << 10;
/// Places of one scan over the text that are marked at most.
const MAX_SCAN_MARKS: usize = 256;

/// A place where a unit stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Where it begins, in bytes.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// The unit, by its number in [`Query::units`]; those of `text:` follow.
    pub unit: usize,
}

/// Finds the units of a query in texts. Made once for a query, used for many texts.
#[derive(Debug)]
pub struct Matcher {
    units: Vec<Plan>,
    elements: Vec<Element>,
    /// Elements that are whole terms, by their text.
    terms: FxHashMap<Box<str>, SmallVec<[u32; 2]>>,
    /// First bytes of those texts: most tokens are no term's beginning.
    first_bytes: [bool; 256],
    /// Elements that must look at every token.
    open: Vec<u32>,
    scanners: Vec<TextScanner>,
    prefilter: Prefilter,
}

/// How a unit is found.
#[derive(Debug, Default)]
struct Plan {
    /// Any of these.
    ways: Vec<Way>,
    /// When none of the ways is found: any of these elements.
    fallback: Vec<u32>,
    /// What stands in the text literally, and whether it must.
    literal: Option<String>,
    verify: bool,
}

/// Elements side by side.
#[derive(Debug)]
struct Way {
    elements: Vec<u32>,
    slop: u32,
}

/// What a single token may be.
#[derive(Debug)]
struct Element {
    kind: ElementKind,
    /// The text with its capitals, when they count.
    exact: Option<String>,
}

#[derive(Debug)]
enum ElementKind {
    Term,
    Prefix(String),
    Substring(String),
    Regex(Box<Regex>),
    Character(char),
}

/// A token that an element fits.
#[derive(Debug, Clone, Copy)]
struct Occurrence {
    element: u32,
    position: u32,
    start: u32,
    end: u32,
}

impl Matcher {
    /// A matcher for all units that the query looks for, and its `text:` scans. Capitals count as the query says.
    pub fn new(query: &Query) -> Self {
        Self::with_case(query, query.case_sensitive)
    }

    /// Like [`Matcher::new`], but capitals count or do not as given: to prefer texts that have them as typed.
    pub fn with_case(query: &Query, case_sensitive: bool) -> Self {
        let mut matcher = Self::for_units(&query.units(), case_sensitive);
        if let Some(clause) = &query.clause {
            clause.visit(false, &mut |clause, negated| {
                if let (Clause::Field(field), false) = (clause, negated)
                    && let Field::Text(scans) = &field.field
                {
                    // What does not compile was an error of the query.
                    matcher
                        .scanners
                        .extend(scans.iter().filter_map(|scan| TextScanner::new(scan, case_sensitive).ok()));
                }
            });
        }
        matcher
    }

    /// A matcher for these units, numbered in their order.
    pub fn for_units(units: &[&Unit], case_sensitive: bool) -> Self {
        let mut matcher = Self {
            units: Vec::with_capacity(units.len()),
            elements: Vec::new(),
            terms: FxHashMap::default(),
            first_bytes: [false; 256],
            open: Vec::new(),
            scanners: Vec::new(),
            prefilter: Prefilter::new(units),
        };
        for unit in units {
            let plan = matcher.plan(unit, case_sensitive);
            matcher.units.push(plan);
        }
        matcher
    }

    /// Lets a term stand for the unit of that number too: a slip of the pen that the index allowed for.
    pub fn add_term(&mut self, unit: usize, term: &str) {
        let element = self.term(term, None);
        if let Some(plan) = self.units.get_mut(unit) {
            plan.ways.push(Way { elements: vec![element], slop: 0 });
        }
        self.prefilter.add(unit, term);
    }

    /// Where the units stand in the text, in order. Of a long text only the neighbourhood that has most units is looked
    /// at.
    pub fn marks(&self, text: &str) -> Vec<Mark> {
        let mut marks = Vec::new();
        for (number, scanner) in self.scanners.iter().enumerate() {
            let mut from = 0;
            for _ in 0..MAX_SCAN_MARKS {
                let Some(found) = scanner.find_at(text, from) else { break };
                from = found.end;
                marks.push(mark(self.units.len() + number, found.start, found.end));
            }
        }
        let scanned = marks.len();
        let neighbourhood = if text.len() > LONG_TEXT_BYTES { self.prefilter.neighbourhood(text) } else { None };
        let certain = neighbourhood
            .is_some_and(|range| self.find_all(&text[range.clone()], range.start, &mut marks) && marks.len() > scanned);
        // What the neighbourhood has only in pieces may stand elsewhere as asked for.
        if !certain {
            let pieces = marks.split_off(scanned);
            let end = text.floor_char_boundary(MAX_SCANNED_BYTES);
            self.find_all(&text[..end], 0, &mut marks);
            if marks.len() == scanned {
                marks.extend(pieces);
            }
        }
        marks.sort_unstable();
        marks.dedup();
        marks
    }

    /// How often each unit stands in the whole text; a unit that must stand literally and does not, nought times. Single
    /// terms of a word that does not stand as a whole do not count.
    pub fn counts(&self, text: &str) -> Vec<u32> {
        let occurrences = self.occurrences(text);
        let mut marks = Vec::new();
        let mut counts = Vec::with_capacity(self.units.len());
        for (number, plan) in self.units.iter().enumerate() {
            marks.clear();
            find(plan, number, text, 0, &occurrences, &mut marks);
            marks.sort_unstable();
            marks.dedup_by_key(|mark| mark.start);
            counts.push(marks.len() as u32);
        }
        counts
    }

    /// For each unit that should stand literally: whether it does. `None` for the others.
    pub fn literals(&self, text: &str) -> Vec<Option<bool>> {
        self.units
            .iter()
            .map(|plan| plan.literal.as_ref().map(|literal| contains_literal(text, literal, false)))
            .collect()
    }

    /// Finds all units; false when one was found in pieces only.
    fn find_all(&self, text: &str, offset: usize, marks: &mut Vec<Mark>) -> bool {
        if self.units.is_empty() {
            return true;
        }
        let occurrences = self.occurrences(text);
        let mut certain = true;
        for (number, plan) in self.units.iter().enumerate() {
            let before = marks.len();
            find(plan, number, text, offset, &occurrences, marks);
            if marks.len() == before && !plan.verify {
                for element in &plan.fallback {
                    for found in of(&occurrences, *element) {
                        marks.push(mark(number, offset + found.start as usize, offset + found.end as usize));
                        certain = false;
                    }
                }
            }
        }
        certain
    }

    /// Every token that an element fits, by element and position.
    fn occurrences(&self, text: &str) -> Vec<Occurrence> {
        let mut occurrences = Vec::new();
        tokenize(text, &mut TokenBuffer::default(), |token| {
            let mut see = |element: u32, start: u32, end: u32| {
                occurrences.push(Occurrence { element, position: token.position, start, end });
            };
            if self.first_bytes[usize::from(token.text.as_bytes()[0])]
                && let Some(elements) = self.terms.get(token.text)
            {
                for element in elements {
                    if self.has_case(*element, text, &token) {
                        see(*element, token.start, token.end);
                    }
                }
            }
            for element in &self.open {
                if let Some((start, end)) = self.fits(*element, text, &token) {
                    see(*element, start, end);
                }
            }
        });
        occurrences.sort_unstable_by_key(|found| (found.element, found.position, found.start));
        occurrences
    }

    /// Whether the token's capitals are as the element wants them.
    fn has_case(&self, element: u32, text: &str, token: &Token<'_>) -> bool {
        match &self.elements[element as usize].exact {
            None => true,
            Some(exact) => composed(&text[token.start as usize..token.end as usize]) == exact.as_str(),
        }
    }

    /// Where in the token an open element is found.
    fn fits(&self, element: u32, text: &str, token: &Token<'_>) -> Option<(u32, u32)> {
        let Element { kind, exact } = &self.elements[element as usize];
        let original = &text[token.start as usize..token.end as usize];
        let whole = (token.start, token.end);
        match kind {
            ElementKind::Term => None,
            ElementKind::Prefix(prefix) => (token.text.starts_with(prefix.as_str())
                && exact.as_ref().is_none_or(|exact| composed(original).starts_with(exact.as_str())))
            .then_some(whole),
            ElementKind::Substring(part) => {
                let at = memchr::memmem::find(token.text.as_bytes(), part.as_bytes())?;
                if exact.as_ref().is_some_and(|exact| !composed(original).contains(exact.as_str())) {
                    return None;
                }
                // Where folding kept every byte the part itself can be shown.
                if original.len() == token.text.len() && original.is_char_boundary(at) {
                    let end = at + part.len();
                    let start = token.start + at as u32;
                    return original.is_char_boundary(end).then_some((start, start + part.len() as u32));
                }
                Some(whole)
            }
            ElementKind::Regex(regex) => {
                let word = if exact.is_some() { original } else { token.text };
                regex.is_match(word).then_some(whole)
            }
            ElementKind::Character(character) => {
                if token.kind != TokenKind::Cjk || !token.text.contains(*character) {
                    return None;
                }
                // The pair's own half, where both halves are as long in the text as folded.
                let at = token.text.find(*character)?;
                if original.len() != token.text.len() {
                    return Some(whole);
                }
                let start = token.start + at as u32;
                Some((start, start + character.len_utf8() as u32))
            }
        }
    }

    fn plan(&mut self, unit: &Unit, case_sensitive: bool) -> Plan {
        let exact = if case_sensitive { ExactTerms::of(&unit.typed) } else { ExactTerms::default() };
        let mut plan = Plan { literal: unit.literal.clone(), verify: unit.verify, ..Plan::default() };
        match &unit.body {
            UnitBody::Word(word) => {
                let terms = word.terms();
                let open_last = word.prefix.is_some();
                if let [Run { whole: Some(whole), parts }] = word.runs.as_slice() {
                    let element = self.term(whole, exact.whole(0));
                    plan.ways.push(Way { elements: vec![element], slop: 0 });
                    if open_last {
                        let element = self.open(ElementKind::Prefix(whole.clone()), exact.whole(0));
                        plan.ways.push(Way { elements: vec![element], slop: 0 });
                    }
                    if parts.is_empty() {
                        return plan;
                    }
                }
                let elements = self.side_by_side(&terms, &exact, open_last);
                plan.fallback.clone_from(&elements);
                plan.ways.push(Way { elements, slop: 0 });
            }
            UnitBody::Phrase(phrase) => {
                let terms: Vec<&str> = phrase.terms.iter().map(String::as_str).collect();
                let elements = self.side_by_side(&terms, &exact, phrase.prefix_last);
                plan.ways.push(Way { elements, slop: phrase.slop });
            }
            UnitBody::Prefix(run) => {
                if let Some(whole) = &run.whole {
                    let element = self.open(ElementKind::Prefix(whole.clone()), exact.whole(0));
                    plan.ways.push(Way { elements: vec![element], slop: 0 });
                }
                if !run.parts.is_empty() {
                    let terms: Vec<&str> = run.parts.iter().map(String::as_str).collect();
                    let elements = self.side_by_side(&terms, &exact, true);
                    plan.ways.push(Way { elements, slop: 0 });
                }
            }
            UnitBody::Substring(part) => {
                let element = self.open(ElementKind::Substring(part.clone()), exact.whole(0));
                plan.ways.push(Way { elements: vec![element], slop: 0 });
            }
            UnitBody::Regex(pattern) => {
                let mut pattern = pattern.clone();
                pattern.ignore_case &= !case_sensitive;
                // What does not compile was an error of the query.
                if let Ok(regex) = pattern.compile() {
                    let exact = case_sensitive.then(String::new);
                    let element = self.open(ElementKind::Regex(Box::new(regex)), exact);
                    plan.ways.push(Way { elements: vec![element], slop: 0 });
                }
            }
            UnitBody::CjkCharacter(character) => {
                if let Some(character) = character.chars().next() {
                    let element = self.open(ElementKind::Character(character), None);
                    plan.ways.push(Way { elements: vec![element], slop: 0 });
                }
            }
        }
        plan
    }

    /// Elements for terms that stand side by side, the last perhaps as a beginning.
    fn side_by_side(&mut self, terms: &[&str], exact: &ExactTerms, open_last: bool) -> Vec<u32> {
        let last = terms.len().saturating_sub(1);
        let element = |(at, term): (usize, &&str)| {
            if open_last && at == last {
                self.open(ElementKind::Prefix((*term).to_owned()), exact.finest(at))
            } else {
                self.term(term, exact.finest(at))
            }
        };
        terms.iter().enumerate().map(element).collect()
    }

    fn term(&mut self, term: &str, exact: Option<String>) -> u32 {
        let element = self.element(ElementKind::Term, exact);
        if let Some(first) = term.bytes().next() {
            self.first_bytes[usize::from(first)] = true;
        }
        self.terms.entry(term.into()).or_default().push(element);
        element
    }

    fn open(&mut self, kind: ElementKind, exact: Option<String>) -> u32 {
        let element = self.element(kind, exact);
        self.open.push(element);
        element
    }

    fn element(&mut self, kind: ElementKind, exact: Option<String>) -> u32 {
        self.elements.push(Element { kind, exact });
        self.elements.len() as u32 - 1
    }
}

/// The terms of a unit with the capitals they were typed with.
#[derive(Debug, Default)]
struct ExactTerms {
    finest: Vec<String>,
    wholes: Vec<String>,
}

impl ExactTerms {
    fn of(typed: &str) -> Self {
        let mut exact = Self::default();
        tokenize(typed, &mut TokenBuffer::default(), |token| {
            let text = composed(&typed[token.start as usize..token.end as usize]).into_owned();
            match token.kind {
                TokenKind::Whole => exact.wholes.push(text),
                TokenKind::Part => exact.finest.push(text),
                TokenKind::Symbol => {
                    // It takes the place of the letter before it.
                    exact.finest.pop();
                    exact.wholes.pop();
                    exact.wholes.push(text.clone());
                    exact.finest.push(text);
                }
                _ => {
                    exact.wholes.push(text.clone());
                    exact.finest.push(text);
                }
            }
        });
        exact
    }

    fn finest(&self, at: usize) -> Option<String> {
        self.finest.get(at).cloned()
    }

    fn whole(&self, at: usize) -> Option<String> {
        self.wholes.get(at).cloned()
    }
}

fn mark(unit: usize, start: usize, end: usize) -> Mark {
    Mark { start: start as u32, end: end as u32, unit }
}

/// The occurrences of one element.
fn of(occurrences: &[Occurrence], element: u32) -> &[Occurrence] {
    let start = occurrences.partition_point(|found| found.element < element);
    let end = start + occurrences[start..].partition_point(|found| found.element == element);
    &occurrences[start..end]
}

/// Moves a mark's beginning before the signs that the literal begins with, where they stand there: `--no-verify`.
fn with_leading_signs(text: &str, start: usize, literal: Option<&str>) -> usize {
    let Some(literal) = literal else { return start };
    let signs = literal.find(|character: char| character.is_alphanumeric() || character == '_').unwrap_or(0);
    if text[..start].ends_with(&literal[..signs]) { start - signs } else { start }
}

/// Finds one unit, among the occurrences of all elements.
fn find(plan: &Plan, number: usize, text: &str, offset: usize, occurrences: &[Occurrence], marks: &mut Vec<Mark>) {
    if plan.verify && !plan.literal.as_ref().is_some_and(|literal| contains_literal(text, literal, false)) {
        return;
    }
    for way in &plan.ways {
        let Some((first, others)) = way.elements.split_first() else { continue };
        for begin in of(occurrences, *first) {
            let mut at = begin.position;
            let mut slop = way.slop;
            let mut end = begin.end;
            let complete = others.iter().all(|element| {
                let candidates = of(occurrences, *element);
                let next = candidates.partition_point(|found| found.position <= at);
                let Some(found) = candidates.get(next) else { return false };
                let strayed = found.position - at - 1;
                if strayed > slop {
                    return false;
                }
                slop -= strayed;
                at = found.position;
                end = found.end;
                true
            });
            if complete {
                let start = with_leading_signs(text, begin.start as usize, plan.literal.as_deref());
                marks.push(mark(number, offset + start, offset + end as usize));
            }
        }
    }
}
