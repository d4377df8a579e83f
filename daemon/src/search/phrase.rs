//! Terms that stand side by side.
//!
//! The rarest term is looked at first, then one term after the other: each leaves, of the documents and of the places
//! in them where the phrase may begin, those at which it stands too.

use std::io;

use tantivy::TERMINATED;

use super::bits::Bits;
use super::segment::{Filter, Places, Postings, Segment, TermField, TermHandle, first_from};

/// A term in more documents than this is looked up in those that hold a last term of a phrase, rather than in all.
const FEW_DOCUMENTS: u32 = 1_000;
/// A term so many times as frequent as the rarest one of a phrase stands in most of its documents anyway.
const FREQUENT: u32 = 4;

/// The documents in which the terms stand side by side, in order, each with how often. With `last`, any of those terms
/// must follow. With a slack, the terms may stray by that many positions in all, in the same order.
pub(crate) fn phrase_docs(
    segment: Segment<'_>,
    terms: &[&str],
    slop: u32,
    last: &[TermHandle<'_>],
) -> io::Result<Vec<(u32, f32)>> {
    let mut handles = Vec::with_capacity(terms.len());
    for (offset, term) in (0..).zip(terms) {
        let Some(handle) = segment.term(TermField::Text, term.as_bytes())? else { return Ok(Vec::new()) };
        handles.push((offset, handle));
    }
    handles.sort_by_key(|(_, handle)| handle.doc_freq);
    if slop > 0 {
        return sloppy_docs(segment, &handles, slop, last);
    }
    let mut begun = match handles.as_slice() {
        [] => return Ok(Vec::new()),
        [(_, only)] => single(segment, only, last)?,
        [first, second, rest @ ..] => {
            let mut begun = pair(segment, first, second, rest.first())?;
            for (offset, handle) in rest {
                begun = begun.kept(segment, *offset, handle)?;
            }
            begun
        }
    };
    if !last.is_empty() {
        begun = begun.kept_by_any(segment, terms.len() as u32, last)?;
    }
    Ok(begun.counts())
}

/// Documents in order, and the positions in them at which a phrase may begin.
#[derive(Debug, Default)]
struct Begun {
    /// Each document, and where its positions end.
    docs: Vec<(u32, u32)>,
    starts: Vec<u32>,
}

impl Begun {
    /// Ends the document whose positions were added since the last call.
    fn end_doc(&mut self, doc: u32) {
        let end = self.starts.len() as u32;
        if self.docs.last().map_or(0, |&(_, end)| end) < end {
            self.docs.push((doc, end));
        }
    }

    fn iter(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let mut from = 0;
        self.docs.iter().map(move |&(doc, end)| {
            let starts = &self.starts[from as usize..end as usize];
            from = end;
            (doc, starts)
        })
    }

    fn counts(&self) -> Vec<(u32, f32)> {
        self.iter().map(|(doc, starts)| (doc, starts.len() as f32)).collect()
    }

    /// What is left when the term must stand that many positions after the beginning.
    fn kept(&self, segment: Segment<'_>, offset: u32, handle: &TermHandle<'_>) -> io::Result<Begun> {
        let mut kept = Begun::default();
        if self.docs.is_empty() {
            return Ok(kept);
        }
        let mut places = segment.places(handle, self.docs.len())?;
        let (mut filter, mut buffer) = (Filter::new(), Vec::new());
        for (doc, starts) in self.iter() {
            if places.find(doc) {
                let positions = follow(starts, &mut places, offset, &mut filter, &mut buffer)?;
                meet(starts, positions, offset, &mut kept.starts);
                kept.end_doc(doc);
            }
        }
        Ok(kept)
    }

    /// What is left when one of the terms must stand that many positions after the beginning.
    fn kept_by_any(&self, segment: Segment<'_>, offset: u32, handles: &[TermHandle<'_>]) -> io::Result<Begun> {
        let mut kept = Begun::default();
        let mut stands = vec![false; self.starts.len()];
        let (mut filter, mut buffer, mut met) = (Filter::new(), Vec::new(), Vec::new());
        let docs: Vec<u32> = self.docs.iter().map(|&(doc, _)| doc).collect();
        let mut mark = |at: usize, places: &mut Places<'_>| -> io::Result<()> {
            let from = if at == 0 { 0 } else { self.docs[at - 1].1 as usize };
            let starts = &self.starts[from..self.docs[at].1 as usize];
            let positions = follow(starts, places, offset, &mut filter, &mut buffer)?;
            met.clear();
            meet(starts, positions, offset, &mut met);
            for start in &met {
                stands[from + starts.partition_point(|other| other < start)] = true;
            }
            Ok(())
        };
        for handle in handles {
            if docs.is_empty() {
                return Ok(kept);
            }
            let mut places = segment.places(handle, docs.len())?;
            if handle.doc_freq as usize > docs.len() {
                for (at, &doc) in docs.iter().enumerate() {
                    if places.find(doc) {
                        mark(at, &mut places)?;
                    }
                }
                continue;
            }
            let mut at = 0;
            while let Some(doc) = places.doc() {
                at += first_from(&docs[at..], doc);
                match docs.get(at) {
                    None => break,
                    Some(&other) if other == doc => mark(at, &mut places)?,
                    Some(_) => {}
                }
                places.advance();
            }
        }
        let mut at = 0;
        for (doc, starts) in self.iter() {
            let stands = &stands[at..at + starts.len()];
            kept.starts.extend(starts.iter().zip(stands).filter(|&(_, &stands)| stands).map(|(start, _)| start));
            kept.end_doc(doc);
            at += starts.len();
        }
        Ok(kept)
    }
}

/// All places of one term; of a frequent one only those in documents that hold one of the `last` terms, if there are any.
fn single<'s>(segment: Segment<'s>, handle: &TermHandle<'s>, last: &[TermHandle<'s>]) -> io::Result<Begun> {
    let mut wanted = None;
    if !last.is_empty() && handle.doc_freq > FEW_DOCUMENTS {
        let wanted = wanted.insert(Bits::empty(segment.len() as usize));
        for handle in last {
            segment.each_doc(TermField::Text, handle, |doc, _| wanted.insert(doc))?;
        }
    }
    let mut begun = Begun::default();
    let mut places = segment.places(handle, handle.doc_freq as usize)?;
    let mut positions = Vec::new();
    while let Some(doc) = places.doc() {
        if wanted.as_ref().is_none_or(|wanted| wanted.contains(doc)) {
            places.positions(&mut positions)?;
            begun.starts.extend_from_slice(&positions);
            begun.end_doc(doc);
        }
        places.advance();
    }
    Ok(begun)
}

/// Where two terms stand at their offsets from a common beginning; the first is the rarer one. Where a third term is not
/// much more frequent, documents without it are passed over before positions are looked at.
fn pair<'s>(
    segment: Segment<'s>,
    first: &(u32, TermHandle<'s>),
    second: &(u32, TermHandle<'s>),
    third: Option<&(u32, TermHandle<'s>)>,
) -> io::Result<Begun> {
    let documents = first.1.doc_freq as usize;
    let mut firsts = segment.places(&first.1, documents)?;
    let mut seconds = segment.places(&second.1, documents)?;
    let mut thirds = match third {
        Some((_, third)) if third.doc_freq / FREQUENT <= first.1.doc_freq => Some(segment.places(third, documents)?),
        _ => None,
    };
    let mut begun = Begun::default();
    let (mut starts, mut buffer, mut filter) = (Vec::new(), Vec::new(), Filter::new());
    while let Some(doc) = firsts.doc() {
        if seconds.find(doc) && thirds.as_mut().is_none_or(|thirds| thirds.find(doc)) {
            firsts.positions(&mut starts)?;
            if first.0 > 0 {
                // A position too near to the beginning of the text wraps around to where no text reaches.
                for start in &mut starts {
                    *start = start.wrapping_sub(first.0);
                }
                starts.retain(|&start| start < u32::MAX / 2);
            }
            let positions = follow(&starts, &mut seconds, second.0, &mut filter, &mut buffer)?;
            meet(&starts, positions, second.0, &mut begun.starts);
            begun.end_doc(doc);
        }
        firsts.advance();
    }
    Ok(begun)
}

/// The positions of a term in the document under its cursor, without most of those that do not follow on a beginning.
#[inline]
fn follow<'b>(
    starts: &[u32],
    places: &mut Places<'_>,
    offset: u32,
    filter: &mut Filter,
    buffer: &'b mut Vec<u32>,
) -> io::Result<&'b [u32]> {
    for &start in starts {
        filter.insert(start + offset);
    }
    let positions = places.positions_among(filter, buffer)?;
    for &start in starts {
        filter.forget(start + offset);
    }
    Ok(positions)
}

/// Adds to `met` the beginnings that have a position at that offset.
#[inline]
fn meet(starts: &[u32], positions: &[u32], offset: u32, met: &mut Vec<u32>) {
    let (mut at, mut next) = (0, 0);
    while let (Some(&start), Some(&position)) = (starts.get(at), positions.get(next)) {
        let wanted = start + offset;
        if wanted == position {
            met.push(start);
        }
        at += usize::from(wanted <= position);
        next += usize::from(position <= wanted);
    }
}

/// A term of a phrase with a slack.
struct Cursor<'s> {
    postings: Postings<'s>,
    offset: u32,
    positions: Vec<u32>,
}

fn sloppy_docs<'s>(
    segment: Segment<'s>,
    handles: &[(u32, TermHandle<'s>)],
    slop: u32,
    last: &[TermHandle<'s>],
) -> io::Result<Vec<(u32, f32)>> {
    let mut cursors = Vec::with_capacity(handles.len());
    for (offset, handle) in handles {
        let postings = segment.postings(TermField::Text, handle, true)?;
        cursors.push(Cursor { postings, offset: *offset, positions: Vec::new() });
    }
    let mut tails = Vec::with_capacity(last.len());
    for handle in last {
        tails.push(segment.postings(TermField::Text, handle, true)?);
    }
    let tail_offset = handles.len() as u32;
    let mut found = Vec::new();
    let (mut scratch, mut tail_positions) = (Vec::new(), Vec::new());
    let Some(mut doc) = cursors.first().map(|cursor| cursor.postings.doc()) else { return Ok(found) };
    'docs: while doc != TERMINATED {
        for cursor in &mut cursors {
            let at = cursor.postings.seek(doc);
            if at != doc {
                doc = at;
                continue 'docs;
            }
        }
        tail_positions.clear();
        for tail in &mut tails {
            if tail.seek(doc) == doc {
                tail.positions(&mut scratch);
                tail_positions.extend_from_slice(&scratch);
            }
        }
        tail_positions.sort_unstable();
        if last.is_empty() || !tail_positions.is_empty() {
            let tail = (!last.is_empty()).then_some((tail_offset, tail_positions.as_slice()));
            let count = count_sloppy(&mut cursors, tail, slop);
            if count > 0 {
                found.push((doc, count as f32));
            }
        }
        doc = cursors[0].postings.advance();
    }
    Ok(found)
}

fn count_sloppy(cursors: &mut [Cursor<'_>], tail: Option<(u32, &[u32])>, slop: u32) -> u32 {
    for cursor in cursors.iter_mut() {
        cursor.postings.positions(&mut cursor.positions);
    }
    let mut lists: Vec<(u32, &[u32])> = cursors.iter().map(|cursor| (cursor.offset, &*cursor.positions)).collect();
    lists.extend(tail);
    lists.sort_unstable_by_key(|&(offset, _)| offset);
    let Some(((_, first), rest)) = lists.split_first() else { return 0 };
    let mut count = 0;
    for &start in *first {
        let mut at = start;
        let mut complete = true;
        for (_, positions) in rest {
            match positions.get(positions.partition_point(|&position| position <= at)) {
                Some(&next) => at = next,
                None => complete = false,
            }
        }
        if complete && at - start <= rest.len() as u32 + slop {
            count += 1;
        }
    }
    count
}
