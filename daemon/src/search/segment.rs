//! One face for the segments on disk and the one in memory, so that a query is run by the same code over both.

mod places;

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tantivy::columnar::{Column, ColumnValues, StrColumn};
use tantivy::directory::{CompositeFile, OwnedBytes};
use tantivy::index::{SegmentComponent, SegmentId};
use tantivy::postings::{Postings as _, SegmentPostings, TermInfo};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, InvertedIndexReader, SegmentReader, TERMINATED};
use tantivy_fst::Automaton;

pub(crate) use self::places::{Filter, Places, first_from};
use super::columns::{Columns, DEAD, Packed};
use super::fresh::{FreshSegment, FreshTerm};
use super::schema::{Fields, column};
use super::vocabulary::{TermScan, Vocabulary};

/// Documents that a cursor steps over before it searches.
const NEAR: usize = 3;

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

/// A segment on disk, with what queries need of it in memory.
pub(crate) struct DiskSegment {
    reader: SegmentReader,
    indexes: [Arc<InvertedIndexReader>; 3],
    /// The positions of the text's terms.
    positions: OwnedBytes,
    pub(crate) columns: Columns,
    /// Identities other than zero in order, each with its document.
    pub(crate) identities: Vec<(u64, u32)>,
    identity_column: Column<u64>,
    events: Column<u64>,
    times: OnceLock<Vec<i64>>,
    time_column: Column<i64>,
    exits: Option<Column<i64>>,
    tools: Option<StrColumn>,
    vocabularies: [Mutex<Held>; 3],
}

/// A vocabulary in memory, and whether it was used since anybody last looked.
type Held = Option<(Arc<Listed>, bool)>;

/// The terms of a field and, where many are looked up together, the places of their postings.
struct Listed {
    vocabulary: Vocabulary,
    /// Of each term of the paths: where its postings begin, how long they are, how many documents hold it.
    postings: Vec<(u64, u32, u32)>,
}

impl std::fmt::Debug for DiskSegment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DiskSegment").field("id", &self.reader.segment_id()).finish_non_exhaustive()
    }
}

impl DiskSegment {
    pub(crate) fn open(reader: SegmentReader, fields: &Fields) -> tantivy::Result<Self> {
        let count = reader.max_doc();
        let fast = reader.fast_fields();
        let sessions = fast.u64(column::SESSION)?.first_or_default_col(0);
        let flags = fast.u64(column::FLAGS)?.first_or_default_col(0);
        let positions =
            match CompositeFile::open(&reader.open_read(SegmentComponent::Positions)?)?.open_read(fields.text) {
                Some(file) => file.read_bytes()?,
                None => OwnedBytes::empty(),
            };
        let norms = reader.get_fieldnorms_reader(fields.text)?;
        let identity = fast.u64(column::IDENTITY)?.first_or_default_col(0);
        let all = |column: &dyn ColumnValues<u64>| {
            let mut values = vec![0; count as usize];
            column.get_range(0, &mut values);
            values
        };
        let mut columns = Columns::with_capacity(count as usize);
        for ((doc, session), flags) in (0..count).zip(all(&*sessions)).zip(all(&*flags)) {
            let session = if reader.is_deleted(doc) { DEAD } else { session as u32 };
            columns.push(Packed::new(session, norms.fieldnorm_id(doc), flags as u16));
        }
        let identified = (0..count).zip(all(&*identity)).map(|(doc, identity)| (identity, doc));
        let mut identities: Vec<(u64, u32)> =
            identified.filter(|&(identity, doc)| identity != 0 && !reader.is_deleted(doc)).collect();
        identities.sort_unstable();
        identities.shrink_to_fit();
        Ok(Self {
            indexes: [
                reader.inverted_index(fields.text)?,
                reader.inverted_index(fields.path)?,
                reader.inverted_index(fields.label)?,
            ],
            positions,
            columns,
            identities,
            identity_column: fast.u64(column::IDENTITY)?,
            events: fast.u64(column::EVENT)?,
            times: OnceLock::new(),
            time_column: fast.i64(column::TIME)?,
            exits: fast.column_opt::<i64>(column::EXIT)?,
            tools: fast.str(column::TOOL)?,
            vocabularies: [const { Mutex::new(None) }; 3],
            reader,
        })
    }

    /// Which segment it is, and with which deletions.
    pub(crate) fn identity(&self) -> (SegmentId, Option<u64>) {
        (self.reader.segment_id(), self.reader.delete_opstamp())
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.indexes[TermField::Text as usize].total_num_tokens()
    }

    /// The time of the last event that was added to it.
    pub(crate) fn last_time(&self) -> i64 {
        self.reader.max_doc().checked_sub(1).and_then(|last| self.time_column.first(last)).unwrap_or(0)
    }

    /// Forgets the vocabularies that were not used since the last call.
    pub(crate) fn release_unused(&self) {
        for vocabulary in &self.vocabularies {
            let mut held = vocabulary.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *held {
                Some((_, used)) if *used => *used = false,
                held => *held = None,
            }
        }
    }

    fn vocabulary(&self, field: TermField) -> io::Result<Arc<Listed>> {
        let mut held = self.vocabularies[field as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((vocabulary, used)) = &mut *held {
            *used = true;
            return Ok(Arc::clone(vocabulary));
        }
        let mut listed = Listed { vocabulary: Vocabulary::new(), postings: Vec::new() };
        let mut stream = self.indexes[field as usize].terms().stream()?;
        while stream.advance() {
            listed.vocabulary.push(stream.key());
            if field == TermField::Path {
                let info = stream.value();
                let range = &info.postings_range;
                listed.postings.push((range.start as u64, range.len() as u32, info.doc_freq));
            }
        }
        let vocabulary = Arc::new(listed);
        *held = Some((Arc::clone(&vocabulary), true));
        Ok(vocabulary)
    }
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

/// A cursor over the documents of a term, in order.
pub(crate) enum Postings<'s> {
    Disk(Box<SegmentPostings>),
    Fresh { term: &'s FreshTerm, at: usize },
}

impl Postings<'_> {
    /// The document under the cursor; [`TERMINATED`] at the end.
    pub(crate) fn doc(&self) -> u32 {
        match self {
            Postings::Disk(postings) => postings.doc(),
            Postings::Fresh { term, at } => term.docs.get(*at).map_or(TERMINATED, |&(doc, _)| doc),
        }
    }

    pub(crate) fn advance(&mut self) -> u32 {
        match self {
            Postings::Disk(postings) => postings.advance(),
            Postings::Fresh { at, .. } => {
                *at += 1;
                self.doc()
            }
        }
    }

    /// Goes to the first document at or after `target`.
    pub(crate) fn seek(&mut self, target: u32) -> u32 {
        match self {
            Postings::Disk(postings) => {
                // The next document is often the one that is sought, and a step is cheaper than a search.
                let mut doc = postings.doc();
                for _ in 0..NEAR {
                    if doc >= target {
                        return doc;
                    }
                    doc = postings.advance();
                }
                if doc >= target { doc } else { postings.seek(target) }
            }
            Postings::Fresh { term, at } => {
                *at += term.docs[*at..].partition_point(|&(doc, _)| doc < target);
                self.doc()
            }
        }
    }

    /// The positions in the document under the cursor, in order.
    pub(crate) fn positions(&mut self, out: &mut Vec<u32>) {
        out.clear();
        match self {
            Postings::Disk(postings) => postings.append_positions_with_offset(0, out),
            Postings::Fresh { term, at } => {
                let start = if *at == 0 { 0 } else { term.docs[*at - 1].1 } as usize;
                out.extend_from_slice(&term.positions[start..term.docs[*at].1 as usize]);
            }
        }
    }
}
