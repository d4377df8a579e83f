//! One face for the segments on disk and the one in memory, so that a query is run by the same code over both.

mod disk;
mod places;
mod postings;

use std::io;

use tantivy::postings::TermInfo;
use tantivy::schema::IndexRecordOption;
use tantivy_fst::Automaton;

pub(crate) use self::disk::DiskSegment;
pub(crate) use self::places::{Filter, Places, first_from};
pub(crate) use self::postings::Postings;
use super::columns::Columns;
use super::fresh::{FreshSegment, FreshTerm};
use super::vocabulary::TermScan;

/// The fields that hold terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TermField {
    /// Words of the text, with positions.
    Text = 0,
    /// Whole paths.
    Path = 1,
    /// Tools and models.
    Label = 2,
}

/// A segment, as queries see it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Segment<'s> {
    Disk(&'s DiskSegment),
    Fresh(&'s FreshSegment),
}

/// A term of a segment: how many documents hold it, and where its postings are.
#[derive(Debug, Clone)]
pub(crate) struct TermHandle<'s> {
    pub(crate) doc_freq: u32,
    source: TermSource<'s>,
}

#[derive(Debug, Clone)]
enum TermSource<'s> {
    Disk(TermInfo),
    Fresh(&'s FreshTerm),
}

impl<'s> TermHandle<'s> {
    fn disk(info: TermInfo) -> Self {
        Self { doc_freq: info.doc_freq, source: TermSource::Disk(info) }
    }

    fn fresh(term: &'s FreshTerm) -> Self {
        Self { doc_freq: term.docs.len() as u32, source: TermSource::Fresh(term) }
    }
}

impl<'s> Segment<'s> {
    /// The segment, if it is one on disk: it never changes.
    pub(crate) fn on_disk(self) -> Option<&'s DiskSegment> {
        match self {
            Segment::Disk(disk) => Some(disk),
            Segment::Fresh(_) => None,
        }
    }

    pub(crate) fn columns(self) -> &'s Columns {
        match self {
            Segment::Disk(disk) => &disk.columns,
            Segment::Fresh(fresh) => &fresh.columns,
        }
    }

    pub(crate) fn len(self) -> u32 {
        self.columns().len() as u32
    }

    pub(crate) fn tokens(self) -> u64 {
        match self {
            Segment::Disk(disk) => disk.tokens(),
            Segment::Fresh(fresh) => fresh.tokens,
        }
    }

    /// Looks a term up.
    pub(crate) fn term(self, field: TermField, term: &[u8]) -> io::Result<Option<TermHandle<'s>>> {
        Ok(match self {
            Segment::Disk(disk) => disk.indexes[field as usize].terms().get(term)?.map(TermHandle::disk),
            Segment::Fresh(fresh) => fresh.term(field, term).map(TermHandle::fresh),
        })
    }

    /// Calls `found` with the terms that begin with `prefix`, until it says `false`.
    pub(crate) fn prefixed(
        self,
        field: TermField,
        prefix: &[u8],
        found: &mut dyn FnMut(&[u8], TermHandle<'s>) -> bool,
    ) -> io::Result<()> {
        match self {
            Segment::Disk(disk) => {
                let mut range = disk.indexes[field as usize].terms().range().ge(prefix);
                if let Some(end) = after_prefix(prefix) {
                    range = range.lt(end);
                }
                let mut stream = range.into_stream()?;
                while stream.advance() {
                    if !found(stream.key(), TermHandle::disk(stream.value().clone())) {
                        break;
                    }
                }
            }
            Segment::Fresh(fresh) => {
                for (term, postings) in fresh.terms(field) {
                    if term.starts_with(prefix) && !found(term, TermHandle::fresh(postings)) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Calls `found` with the terms that an automaton accepts.
    pub(crate) fn accepted<A: Automaton>(
        self,
        field: TermField,
        automaton: &A,
        found: &mut dyn FnMut(&[u8], TermHandle<'s>),
    ) -> io::Result<()>
    where
        A::State: Clone,
    {
        match self {
            Segment::Disk(disk) => {
                let mut stream = disk.indexes[field as usize].terms().search(automaton).into_stream()?;
                while stream.advance() {
                    found(stream.key(), TermHandle::disk(stream.value().clone()));
                }
            }
            Segment::Fresh(fresh) => {
                for (term, postings) in fresh.terms(field) {
                    let end = term.iter().fold(automaton.start(), |state, &byte| automaton.accept(&state, byte));
                    if automaton.is_match(&end) {
                        found(term, TermHandle::fresh(postings));
                    }
                }
            }
        }
        Ok(())
    }

    /// Calls `found` with the terms that a scan finds, until it says `false`.
    pub(crate) fn scan(
        self,
        field: TermField,
        scan: &TermScan,
        found: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<()> {
        match self {
            Segment::Disk(disk) => disk.vocabulary(field)?.vocabulary.scan(scan, &mut |_, term| found(term)),
            Segment::Fresh(fresh) => {
                for (term, _) in fresh.terms(field) {
                    if scan.matches(term) && !found(term) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The paths that hold a piece of text and that `wanted` takes; `None` when these are more than `most`.
    pub(crate) fn paths_with(
        self,
        piece: &str,
        most: usize,
        wanted: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<Option<Vec<TermHandle<'s>>>> {
        let scan = TermScan::substring(piece);
        let mut handles = Vec::new();
        match self {
            Segment::Disk(disk) => {
                let listed = disk.vocabulary(TermField::Path)?;
                let mut places = Vec::new();
                listed.vocabulary.scan(&scan, &mut |start, term| {
                    if wanted(term) {
                        places.push(start);
                    }
                    places.len() <= most
                });
                if places.len() > most {
                    return Ok(None);
                }
                for start in places {
                    let Some(&(from, length, doc_freq)) = listed.postings.get(listed.vocabulary.number_at(start))
                    else {
                        continue;
                    };
                    let postings_range = from as usize..from as usize + length as usize;
                    handles.push(TermHandle::disk(TermInfo { doc_freq, postings_range, positions_range: 0..0 }));
                }
            }
            Segment::Fresh(fresh) => {
                for (term, postings) in fresh.terms(TermField::Path) {
                    if scan.matches(term) && wanted(term) {
                        handles.push(TermHandle::fresh(postings));
                    }
                }
                if handles.len() > most {
                    return Ok(None);
                }
            }
        }
        Ok(Some(handles))
    }

    /// The postings of a term.
    pub(crate) fn postings(
        self,
        field: TermField,
        handle: &TermHandle<'s>,
        positions: bool,
    ) -> io::Result<Postings<'s>> {
        match (&handle.source, self) {
            (TermSource::Fresh(term), _) => Ok(Postings::Fresh { term, at: 0 }),
            (TermSource::Disk(info), Segment::Disk(disk)) => {
                let option =
                    if positions { IndexRecordOption::WithFreqsAndPositions } else { IndexRecordOption::WithFreqs };
                let postings = disk.indexes[field as usize].read_postings_from_terminfo(info, option)?;
                Ok(Postings::Disk(Box::new(postings)))
            }
            (TermSource::Disk(_), Segment::Fresh(_)) => Err(io::Error::other("a term of another segment")),
        }
    }

    /// Calls `see` with each document of a term and its frequency there.
    pub(crate) fn each_doc(
        self,
        field: TermField,
        handle: &TermHandle<'s>,
        mut see: impl FnMut(u32, u32),
    ) -> io::Result<()> {
        match (&handle.source, self) {
            (TermSource::Fresh(term), _) => {
                let mut start = 0;
                for &(doc, end) in &term.docs {
                    see(doc, (end - start).max(1));
                    start = end;
                }
            }
            (TermSource::Disk(info), Segment::Disk(disk)) => {
                let option =
                    if field == TermField::Text { IndexRecordOption::WithFreqs } else { IndexRecordOption::Basic };
                let mut blocks = disk.indexes[field as usize].read_block_postings_from_terminfo(info, option)?;
                loop {
                    let docs = blocks.docs();
                    if docs.is_empty() {
                        break;
                    }
                    if field == TermField::Text {
                        for (&doc, &frequency) in docs.iter().zip(blocks.freqs()) {
                            see(doc, frequency);
                        }
                    } else {
                        for &doc in docs {
                            see(doc, 1);
                        }
                    }
                    blocks.advance();
                }
            }
            (TermSource::Disk(_), Segment::Fresh(_)) => return Err(io::Error::other("a term of another segment")),
        }
        Ok(())
    }

    /// The event's number in its session.
    pub(crate) fn event(self, doc: u32) -> u32 {
        match self {
            Segment::Disk(disk) => disk.events.first(doc).unwrap_or(0) as u32,
            Segment::Fresh(fresh) => fresh.events[doc as usize],
        }
    }

    /// All times, in milliseconds since 1970; zero where unknown.
    pub(crate) fn times(self) -> &'s [i64] {
        match self {
            Segment::Disk(disk) => disk.times.get_or_init(|| {
                let column = disk.time_column.clone().first_or_default_col(0);
                (0..disk.reader.max_doc()).map(|doc| column.get_val(doc)).collect()
            }),
            Segment::Fresh(fresh) => &fresh.times,
        }
    }

    /// The time of one event.
    pub(crate) fn time(self, doc: u32) -> i64 {
        match self {
            Segment::Disk(disk) => disk.time_column.first(doc).unwrap_or(0),
            Segment::Fresh(fresh) => fresh.times[doc as usize],
        }
    }

    pub(crate) fn exit(self, doc: u32) -> Option<i64> {
        match self {
            Segment::Disk(disk) => disk.exits.as_ref()?.first(doc),
            Segment::Fresh(fresh) => fresh.exits[doc as usize].map(i64::from),
        }
    }

    pub(crate) fn tool(self, doc: u32) -> Option<String> {
        match self {
            Segment::Disk(disk) => {
                let tools = disk.tools.as_ref()?;
                let ordinal = tools.ords().first(doc)?;
                let mut tool = String::new();
                tools.ord_to_str(ordinal, &mut tool).ok()?.then_some(tool)
            }
            Segment::Fresh(fresh) => fresh.tools[doc as usize].as_deref().map(str::to_owned),
        }
    }

    /// The identity of an event; zero when it has none.
    pub(crate) fn identity_of(self, doc: u32) -> u64 {
        match self {
            Segment::Disk(disk) => disk.identity_column.first(doc).unwrap_or(0),
            Segment::Fresh(fresh) => fresh.identities[doc as usize],
        }
    }

    /// The documents of an identity.
    pub(crate) fn with_identity(self, identity: u64, mut see: impl FnMut(u32)) {
        match self {
            Segment::Disk(disk) => {
                let from = disk.identities.partition_point(|&(other, _)| other < identity);
                for &(_, doc) in disk.identities[from..].iter().take_while(|(other, _)| *other == identity) {
                    see(doc);
                }
            }
            Segment::Fresh(fresh) => fresh.with_identity(identity).iter().for_each(|&doc| see(doc)),
        }
    }
}

/// The smallest string after all that begin with `prefix`; `None` when there is none.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}
