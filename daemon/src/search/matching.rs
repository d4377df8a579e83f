//! Where a unit of a query stands: its documents in one segment, and how often.

use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

use super::bits::Bits;
use super::phrase::phrase_docs;
use super::query::{Phrase, PrefixReason, Run, UnitBody, Word};
use super::ranking::Ranking;
use super::remembered::{Asked, Kept};
use super::segment::{Segment, TermField, TermHandle};
use super::vocabulary::TermScan;

/// Terms that a pattern may stand for.
pub(crate) const MAX_EXPANSION: usize = 1024;
/// Documents that the terms of a pattern may be looked up in, all terms together.
pub(crate) const MAX_EXPANDED_POSTINGS: u64 = 200_000;
/// Where the terms of a pattern have more places than this part of the events, most of them fall together.
const MANY_DOCUMENTS: u64 = 16;
/// Terms of a prefix that count in the score.
const SCORED_EXPANSIONS: usize = 50;

/// A bound that was met: what was found is a part of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    Terms,
    Postings,
}

/// What a unit stands for in one segment.
#[derive(Debug)]
pub(crate) enum Matches<'s> {
    /// One term: its postings are walked when they are needed.
    Term(TermHandle<'s>),
    /// Documents in order, each with the frequency that counts.
    List(Vec<(u32, f32)>),
    /// The same, remembered.
    Kept(Arc<Kept>),
}

impl Matches<'_> {
    /// The number of documents.
    pub(crate) fn count(&self) -> u64 {
        match self {
            Matches::Term(handle) => u64::from(handle.doc_freq),
            Matches::List(list) => list.len() as u64,
            Matches::Kept(kept) => kept.list.len() as u64,
        }
    }
}

/// A unit made ready for all segments.
pub(crate) struct Matcher<'q> {
    body: &'q UnitBody,
    ranking: &'q Ranking,
    scan: Option<TermScan>,
}

impl<'q> Matcher<'q> {
    pub(crate) fn new(body: &'q UnitBody, ranking: &'q Ranking) -> Result<Self, String> {
        let scan = match body {
            UnitBody::Substring(part) | UnitBody::CjkCharacter(part) => Some(TermScan::substring(part)),
            UnitBody::Regex(pattern) => Some(TermScan::Regex(pattern.compile().map_err(|error| error.to_string())?)),
            UnitBody::Word(_) | UnitBody::Phrase(_) | UnitBody::Prefix(_) => None,
        };
        Ok(Self { body, ranking, scan })
    }

    /// Finds the unit in a segment; `None` where it stands nowhere. `bound` is set when only a part was looked at.
    pub(crate) fn find<'s>(&self, segment: Segment<'s>, bound: &mut Option<Bound>) -> io::Result<Option<Matches<'s>>> {
        let Some(disk) = segment.on_disk().filter(|_| self.is_costly()) else { return self.look_for(segment, bound) };
        let asked = Asked::Unit(self.body.clone(), [self.ranking.whole.to_bits(), self.ranking.prefix.to_bits()]);
        let kept = if let Some(kept) = disk.remembered.get(&asked, segment.len()) {
            kept
        } else {
            let mut met = None;
            let list = match self.look_for(segment, &mut met)? {
                Some(Matches::List(list)) => list,
                // A single term in the end.
                found @ Some(_) => return Ok(found),
                None => Vec::new(),
            };
            disk.remembered.put(asked, Kept { list, bound: met }, segment.len())
        };
        *bound = kept.bound.or(*bound);
        Ok(Some(Matches::Kept(kept)).filter(|matches| matches.count() > 0))
    }

    /// Whether more is to be done than to look up one term.
    fn is_costly(&self) -> bool {
        match self.body {
            UnitBody::Word(word) => word.prefix.is_some() || word.terms().len() > 1,
            UnitBody::Phrase(phrase) => phrase.prefix_last || phrase.terms.len() > 1,
            _ => true,
        }
    }

    fn look_for<'s>(&self, segment: Segment<'s>, bound: &mut Option<Bound>) -> io::Result<Option<Matches<'s>>> {
        let found = match self.body {
            UnitBody::Word(word) => find_word(segment, word, self.ranking, bound)?,
            UnitBody::Phrase(phrase) => find_phrase(segment, phrase, bound)?,
            UnitBody::Prefix(run) => Some(Matches::List(find_prefix(segment, run, 1.0, bound)?)),
            UnitBody::Substring(_) | UnitBody::CjkCharacter(_) | UnitBody::Regex(_) => {
                let scan = self.scan.as_ref().expect("it is made for these bodies");
                Some(Matches::List(find_scan(segment, scan, bound)?))
            }
        };
        Ok(found.filter(|matches| matches.count() > 0))
    }
}

fn find_word<'s>(
    segment: Segment<'s>,
    word: &Word,
    ranking: &Ranking,
    bound: &mut Option<Bound>,
) -> io::Result<Option<Matches<'s>>> {
    let exact = match word.runs.as_slice() {
        [run] => find_run(segment, run, ranking.whole)?,
        runs => {
            let mut found = phrase_docs(segment, &word.terms(), 0, &[])?;
            boost_wholes(segment, runs, ranking.whole, &mut found)?;
            Some(Matches::List(found))
        }
    };
    let Some(reason) = word.prefix else { return Ok(exact) };
    // What begins with the word counts a little, the word itself in full.
    let weight = if reason == PrefixReason::Hash { 1.0 } else { ranking.prefix };
    let longer = if let [run] = word.runs.as_slice() {
        find_prefix(segment, run, weight, bound)?
    } else {
        let terms: Vec<String> = word.terms().into_iter().map(str::to_owned).collect();
        let phrase = Phrase { terms, slop: 0, prefix_last: true };
        match find_phrase(segment, &phrase, bound)? {
            Some(matches) => listed(segment, matches)?.into_iter().map(|(doc, tf)| (doc, tf * weight)).collect(),
            None => Vec::new(),
        }
    };
    let exact = match exact {
        Some(matches) => listed(segment, matches)?,
        None => Vec::new(),
    };
    Ok(Some(Matches::List(merge_largest(exact, longer))))
}

/// The whole of a run, or its parts side by side.
fn find_run<'s>(segment: Segment<'s>, run: &Run, weight: f32) -> io::Result<Option<Matches<'s>>> {
    let whole = match &run.whole {
        Some(whole) => segment.term(TermField::Text, whole.as_bytes())?,
        None => None,
    };
    if run.parts.is_empty() {
        return Ok(whole.map(Matches::Term));
    }
    let parts: Vec<&str> = run.parts.iter().map(String::as_str).collect();
    if parts.len() == 1 && whole.is_none() {
        return Ok(segment.term(TermField::Text, parts[0].as_bytes())?.map(Matches::Term));
    }
    let phrase = phrase_docs(segment, &parts, 0, &[])?;
    let mut wholes = Vec::new();
    if let Some(whole) = whole {
        segment.each_doc(TermField::Text, &whole, |doc, frequency| wholes.push((doc, frequency as f32)))?;
    }
    // Where the whole stands its parts stand too, unless it was written without inner boundaries.
    let mut found = Vec::with_capacity(phrase.len().max(wholes.len()));
    let (mut at, mut next) = (0, 0);
    loop {
        let (left, right) = (phrase.get(at).copied(), wholes.get(next).copied());
        let doc = match (left, right) {
            (Some(left), Some(right)) => left.0.min(right.0),
            (Some(one), None) | (None, Some(one)) => one.0,
            (None, None) => break,
        };
        let parts = left.filter(|one| one.0 == doc).map_or(0.0, |one| one.1);
        let whole = right.filter(|one| one.0 == doc).map_or(0.0, |one| one.1);
        at += usize::from(left.is_some_and(|one| one.0 == doc));
        next += usize::from(right.is_some_and(|one| one.0 == doc));
        found.push((doc, weight * whole + (parts - whole).max(0.0)));
    }
    Ok(Some(Matches::List(found)))
}

/// Counts the phrase of several runs like a whole identifier where the runs' wholes stand in the document.
fn boost_wholes(segment: Segment<'_>, runs: &[Run], weight: f32, found: &mut [(u32, f32)]) -> io::Result<()> {
    for whole in runs.iter().filter(|run| !run.parts.is_empty()).filter_map(|run| run.whole.as_ref()) {
        let Some(handle) = segment.term(TermField::Text, whole.as_bytes())? else { continue };
        let mut postings = segment.postings(TermField::Text, &handle, false)?;
        for (doc, frequency) in found.iter_mut() {
            if postings.seek(*doc) == *doc {
                *frequency *= weight;
            }
        }
        break;
    }
    Ok(())
}

fn find_phrase<'s>(
    segment: Segment<'s>,
    phrase: &Phrase,
    bound: &mut Option<Bound>,
) -> io::Result<Option<Matches<'s>>> {
    let terms: Vec<&str> = phrase.terms.iter().map(String::as_str).collect();
    let Some((last, before)) = terms.split_last() else { return Ok(None) };
    if !phrase.prefix_last {
        if before.is_empty() {
            return Ok(segment.term(TermField::Text, last.as_bytes())?.map(Matches::Term));
        }
        return Ok(Some(Matches::List(phrase_docs(segment, &terms, phrase.slop, &[])?)));
    }
    let expanded = expand_prefix(segment, last, bound)?;
    if expanded.is_empty() {
        return Ok(None);
    }
    if before.is_empty() {
        return Ok(Some(Matches::List(union(segment, &expanded, |_| 1.0, bound)?)));
    }
    Ok(Some(Matches::List(phrase_docs(segment, before, phrase.slop, &expanded)?)))
}

/// The tokens that begin with a run: with its whole, or with its parts side by side, the last as a beginning.
fn find_prefix(segment: Segment<'_>, run: &Run, weight: f32, bound: &mut Option<Bound>) -> io::Result<Vec<(u32, f32)>> {
    let mut found = match &run.whole {
        Some(whole) => {
            let expanded = expand_prefix(segment, whole, bound)?;
            let scored = |rank: usize| if rank < SCORED_EXPANSIONS { weight } else { 0.0 };
            union(segment, &expanded, scored, bound)?
        }
        None => Vec::new(),
    };
    if let Some((last, before)) = run.parts.split_last()
        && (!before.is_empty() || run.whole.is_none())
    {
        let before: Vec<&str> = before.iter().map(String::as_str).collect();
        let expanded = expand_prefix(segment, last, bound)?;
        let parts = if expanded.is_empty() {
            Vec::new()
        } else if before.is_empty() {
            union(segment, &expanded, |_| 1.0, bound)?
        } else {
            phrase_docs(segment, &before, 0, &expanded)?
        };
        let parts = parts.into_iter().map(|(doc, frequency)| (doc, frequency * weight)).collect();
        found = merge_largest(found, parts);
    }
    Ok(found)
}

/// The terms that begin with `prefix`, commonest first.
fn expand_prefix<'s>(segment: Segment<'s>, prefix: &str, bound: &mut Option<Bound>) -> io::Result<Vec<TermHandle<'s>>> {
    let mut handles = Vec::new();
    segment.prefixed(TermField::Text, prefix.as_bytes(), &mut |_, handle| {
        handles.push(handle);
        true
    })?;
    handles.sort_by_key(|handle| std::cmp::Reverse(handle.doc_freq));
    if handles.len() > MAX_EXPANSION {
        handles.truncate(MAX_EXPANSION);
        *bound = Some(Bound::Terms);
    }
    Ok(handles)
}

fn find_scan(segment: Segment<'_>, scan: &TermScan, bound: &mut Option<Bound>) -> io::Result<Vec<(u32, f32)>> {
    let mut terms: Vec<Vec<u8>> = Vec::new();
    let mut more = false;
    segment.scan(TermField::Text, scan, &mut |term| {
        more = terms.len() >= MAX_EXPANSION;
        if !more {
            terms.push(term.to_vec());
        }
        !more
    })?;
    if more {
        *bound = Some(Bound::Terms);
    }
    let mut handles = Vec::with_capacity(terms.len());
    for term in &terms {
        handles.extend(segment.term(TermField::Text, term)?);
    }
    handles.sort_by_key(|handle| std::cmp::Reverse(handle.doc_freq));
    union(segment, &handles, |rank| if rank < SCORED_EXPANSIONS { 1.0 } else { 0.0 }, bound)
}

/// The documents of any of the terms; each occurrence counts as `weight` says of the term's rank.
fn union(
    segment: Segment<'_>,
    handles: &[TermHandle<'_>],
    weight: impl Fn(usize) -> f32,
    bound: &mut Option<Bound>,
) -> io::Result<Vec<(u32, f32)>> {
    let mut taken = handles;
    let mut postings = 0;
    for (rank, handle) in handles.iter().enumerate() {
        postings += u64::from(handle.doc_freq);
        if rank > 0 && postings > MAX_EXPANDED_POSTINGS {
            *bound = Some(Bound::Postings);
            taken = &handles[..rank];
            break;
        }
    }
    if taken.len() > 1 && postings > u64::from(segment.len()) / MANY_DOCUMENTS {
        return dense_union(segment, taken, weight);
    }
    let mut found: Vec<(u32, f32)> = Vec::new();
    for (rank, handle) in taken.iter().enumerate() {
        let weight = weight(rank);
        segment.each_doc(TermField::Text, handle, |doc, frequency| found.push((doc, weight * frequency as f32)))?;
    }
    if taken.len() > 1 {
        found.sort_unstable_by_key(|&(doc, _)| doc);
        found.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
    }
    Ok(found)
}

/// The same where so many documents are found that a place for each one costs less than to sort them.
fn dense_union(
    segment: Segment<'_>,
    handles: &[TermHandle<'_>],
    weight: impl Fn(usize) -> f32,
) -> io::Result<Vec<(u32, f32)>> {
    let mut sums = vec![0.0; segment.len() as usize];
    let mut stands = Bits::empty(segment.len() as usize);
    for (rank, handle) in handles.iter().enumerate() {
        let weight = weight(rank);
        segment.each_doc(TermField::Text, handle, |doc, frequency| {
            sums[doc as usize] += weight * frequency as f32;
            stands.insert(doc);
        })?;
    }
    Ok(stands.iter().map(|doc| (doc, sums[doc as usize])).collect())
}

/// Both lists as one; a document of both counts as in the list where it counts more.
fn merge_largest(left: Vec<(u32, f32)>, right: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    if left.is_empty() || right.is_empty() {
        return if left.is_empty() { right } else { left };
    }
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
    while let (Some(&one), Some(&other)) = (left.peek(), right.peek()) {
        merged.push((
            one.0.min(other.0),
            match one.0.cmp(&other.0) {
                Ordering::Less => one.1,
                Ordering::Greater => other.1,
                Ordering::Equal => one.1.max(other.1),
            },
        ));
        left.next_if(|next| next.0 <= other.0);
        right.next_if(|next| next.0 <= one.0);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

fn listed(segment: Segment<'_>, matches: Matches<'_>) -> io::Result<Vec<(u32, f32)>> {
    match matches {
        Matches::List(list) => Ok(list),
        Matches::Kept(kept) => Ok(kept.list.clone()),
        Matches::Term(handle) => {
            let mut list = Vec::with_capacity(handle.doc_freq as usize);
            segment.each_doc(TermField::Text, &handle, |doc, frequency| list.push((doc, frequency as f32)))?;
            Ok(list)
        }
    }
}
