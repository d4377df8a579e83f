//! One generation of the index: tantivy below, the fresh segments above.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentComponent;
use tantivy::indexer::IndexWriterOptions;
use tantivy::schema::Field;
use tantivy::{Index, IndexSettings, IndexWriter, SegmentReader, Term};

use super::policy::{BULK_HEAP, BulkSchedule, FRESH_BYTES, FRESH_EVENTS, FRESH_HEAP, merge_policy};
use super::{IndexError, IndexFigures};
use crate::catalog::SessionKey;
use crate::search::columns::DEAD;
use crate::search::document::SearchDocument;
use crate::search::executor::ScratchPool;
use crate::search::fresh::FreshSegment;
use crate::search::schema::{Entry, FORMAT, Fields, register_analysers, schema};
use crate::search::segment::{DiskSegment, Segment};

/// One generation.
pub(crate) struct Core {
    folder: PathBuf,
    index: Index,
    fields: Fields,
    /// Taken before `state` where both are.
    writer: Mutex<Writer>,
    state: RwLock<State>,
    pub(crate) scratch: ScratchPool,
}

impl fmt::Debug for Core {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Core").field("folder", &self.folder).finish_non_exhaustive()
    }
}

struct Writer {
    tantivy: Option<(IndexWriter<Entry>, usize)>,
    schedule: BulkSchedule,
    /// Whether the writer was given something since the last commit.
    dirty: bool,
    /// The sequence number of what the writer was given.
    given: u64,
    committed: u64,
}

/// What searches read.
#[derive(Debug, Default)]
struct State {
    /// The segments on disk; `None` before the first search.
    disk: Option<Vec<Arc<DiskSegment>>>,
    /// In the writer already, but not committed.
    sealed: Vec<FreshSegment>,
    open: FreshSegment,
    /// What the writer must still be given, in order.
    pending: Vec<Operation>,
    /// Sessions whose removal is not committed yet but was given to the writer.
    removed: Vec<SessionKey>,
    sequence: u64,
}

#[derive(Debug)]
enum Operation {
    Add(Box<SearchDocument>),
    Remove(SessionKey),
}

impl Core {
    /// An empty generation.
    pub(super) fn create(folder: &Path) -> Result<Self, IndexError> {
        let (schema, fields) = schema();
        let directory = MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
        let settings = IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
        let index = Index::create(directory, schema, settings)?;
        Ok(Self::new(folder, index, fields, 0))
    }

    /// The generation in a folder and its sequence number, or why it cannot be used.
    pub(super) fn open(folder: &Path) -> Result<(Self, u64), String> {
        let (expected, fields) = schema();
        let directory = MmapDirectory::open(folder).map_err(|error| error.to_string())?;
        let index = Index::open(directory).map_err(|error| format!("it cannot be opened: {error}"))?;
        if index.schema() != expected {
            return Err("it has other fields than this version".to_owned());
        }
        let metas = index.load_metas().map_err(|error| format!("it cannot be opened: {error}"))?;
        let sequence = match metas.payload.as_deref().map(parse_payload) {
            Some(Some(sequence)) => sequence,
            None if metas.segments.is_empty() => 0,
            _ => return Err("it has another format than this version".to_owned()),
        };
        // The head and the foot of every file are read here; a file that is missing or cut is found.
        for segment in index.searchable_segments().map_err(|error| error.to_string())? {
            SegmentReader::open(&segment).map_err(|error| format!("a segment of it cannot be opened: {error}"))?;
            // The reader takes missing positions for a segment without any.
            segment
                .open_read(SegmentComponent::Positions)
                .map_err(|error| format!("a segment of it cannot be opened: {error}"))?;
        }
        Ok((Self::new(folder, index, fields, sequence), sequence))
    }

    fn new(folder: &Path, mut index: Index, fields: Fields, sequence: u64) -> Self {
        register_analysers(&mut index);
        Self {
            folder: folder.to_owned(),
            index,
            fields,
            writer: Mutex::new(Writer {
                tantivy: None,
                schedule: BulkSchedule::new(),
                dirty: false,
                given: sequence,
                committed: sequence,
            }),
            state: RwLock::new(State { sequence, ..State::default() }),
            scratch: ScratchPool::default(),
        }
    }

    pub(super) fn add_live(&self, documents: Vec<SearchDocument>, sequence: u64) -> Result<(), IndexError> {
        self.loaded()?;
        let mut full = false;
        for document in documents {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let doc = state.open.add(&document);
            state.mark_copies(doc, document.identity, document.session);
            state.pending.push(Operation::Add(Box::new(document)));
            full = state.open.len() >= FRESH_EVENTS || state.open.bytes >= FRESH_BYTES;
        }
        self.state.write().unwrap_or_else(PoisonError::into_inner).sequence = sequence;
        if full {
            self.flush()?;
        }
        Ok(())
    }

    pub(super) fn add_bulk(&self, documents: Vec<SearchDocument>, sequence: u64) -> Result<(), IndexError> {
        let mut writer = self.lock_writer();
        self.hand_over(&mut writer)?;
        for document in documents {
            let entry = Entry::new(self.fields, document);
            self.tantivy(&mut writer, BULK_HEAP)?.add_document(entry)?;
            writer.dirty = true;
        }
        writer.given = sequence;
        self.state.write().unwrap_or_else(PoisonError::into_inner).sequence = sequence;
        if writer.dirty && writer.schedule.due() {
            self.commit(&mut writer)?;
            writer.schedule.committed();
        }
        Ok(())
    }

    pub(super) fn remove(&self, session: SessionKey, sequence: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        for disk in state.disk.iter().flatten() {
            disk.columns.kill(session);
        }
        for fresh in &state.sealed {
            fresh.kill(session);
        }
        state.open.kill(session);
        state.pending.push(Operation::Remove(session));
        state.sequence = sequence;
    }

    pub(super) fn flush(&self) -> Result<u64, IndexError> {
        let mut writer = self.lock_writer();
        self.hand_over(&mut writer)?;
        if writer.dirty || writer.given > writer.committed {
            self.commit(&mut writer)?;
        }
        writer.schedule.reset();
        Ok(writer.committed)
    }

    pub(super) fn rest(&self) -> Result<(), IndexError> {
        let mut writer = self.lock_writer();
        if writer.dirty {
            return Ok(());
        }
        let idle = writer.tantivy.take();
        if let Some((tantivy, _)) = idle {
            tantivy.wait_merging_threads()?;
            self.reload(&writer)?;
        }
        drop(writer);
        self.scratch.release();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.disk.iter().flatten().for_each(|segment| segment.release_unused());
        Ok(())
    }

    pub(super) fn verify(&self) -> Result<Vec<PathBuf>, IndexError> {
        // Merges delete files; none may run meanwhile.
        let writer = self.lock_writer();
        let mut damaged: Vec<PathBuf> = self.index.validate_checksum()?.into_iter().collect();
        drop(writer);
        damaged.sort();
        Ok(damaged)
    }

    pub(super) fn figures(&self) -> IndexFigures {
        let committed = self.lock_writer().committed;
        let alive = |columns: &crate::search::columns::Columns| {
            columns.iter().filter(|packed| packed.session() != DEAD).count() as u64
        };
        let loaded = self.loaded().is_ok();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let disk: u64 = state.disk.iter().flatten().map(|segment| alive(&segment.columns)).sum();
        let fresh: u64 = state.sealed.iter().chain([&state.open]).map(|segment| alive(&segment.columns)).sum();
        let size = |entry: std::fs::DirEntry| entry.metadata().map_or(0, |metadata| metadata.len());
        let bytes = std::fs::read_dir(&self.folder).map_or(0, |entries| entries.flatten().map(size).sum());
        IndexFigures {
            events: if loaded { disk + fresh } else { 0 },
            fresh_events: fresh,
            bytes,
            segments: state.disk.as_ref().map_or(0, |disk| disk.len() as u64),
            sequence: state.sequence,
            durable_sequence: committed,
        }
    }

    /// All segments, held still until the guard is dropped.
    pub(crate) fn segments(&self) -> Result<Segments<'_>, IndexError> {
        self.loaded()?;
        Ok(Segments { state: self.state.read().unwrap_or_else(PoisonError::into_inner) })
    }

    /// Reads the columns of the segments on disk, the first time they are needed.
    fn loaded(&self) -> Result<(), IndexError> {
        if self.state.read().unwrap_or_else(PoisonError::into_inner).disk.is_some() {
            return Ok(());
        }
        let writer = self.lock_writer();
        if self.state.read().unwrap_or_else(PoisonError::into_inner).disk.is_none() {
            self.reload(&writer)?;
        }
        Ok(())
    }

    /// Gives the writer what was added live and removed, and keeps it searchable in memory until the commit.
    fn hand_over(&self, writer: &mut Writer) -> Result<(), IndexError> {
        let (pending, sequence) = {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            let pending = std::mem::take(&mut state.pending);
            if state.open.len() > 0 {
                let open = std::mem::take(&mut state.open);
                state.sealed.push(open);
            }
            let removed = pending.iter().filter_map(|operation| match operation {
                Operation::Remove(session) => Some(*session),
                Operation::Add(_) => None,
            });
            state.removed.extend(removed);
            (pending, state.sequence)
        };
        for operation in pending {
            let tantivy = self.tantivy(writer, FRESH_HEAP)?;
            match operation {
                Operation::Add(document) => drop(tantivy.add_document(Entry::new(self.fields, *document))?),
                Operation::Remove(session) => {
                    tantivy.delete_term(session_term(self.fields.session, session));
                }
            }
            writer.dirty = true;
        }
        writer.given = sequence;
        Ok(())
    }

    fn commit(&self, writer: &mut Writer) -> Result<(), IndexError> {
        let given = writer.given;
        let tantivy = self.tantivy(writer, FRESH_HEAP)?;
        let mut prepared = tantivy.prepare_commit()?;
        prepared.set_payload(&payload(given));
        prepared.commit()?;
        writer.committed = given;
        writer.dirty = false;
        self.reload(writer)
    }

    /// Takes the committed segments in, instead of what was sealed.
    fn reload(&self, writer: &Writer) -> Result<(), IndexError> {
        let known: HashMap<_, _> = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            state.disk.iter().flatten().map(|segment| (segment.identity(), Arc::clone(segment))).collect()
        };
        let mut disk = Vec::new();
        let mut new = Vec::new();
        for segment in self.index.searchable_segments()? {
            let identity = (segment.id(), segment.meta().delete_opstamp());
            if let Some(known) = known.get(&identity) {
                disk.push(Arc::clone(known));
            } else {
                let opened = Arc::new(DiskSegment::open(SegmentReader::open(&segment)?, &self.fields)?);
                new.push(Arc::clone(&opened));
                disk.push(opened);
            }
        }
        // Of equal hits the later one in this order is taken: the newer one, as a rule.
        disk.sort_by_key(|segment| segment.last_time());
        mark_copies_among(&disk, &new);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let sealed = if writer.dirty {
            Vec::new()
        } else {
            state.removed.clear();
            std::mem::take(&mut state.sealed)
        };
        let pending = state.pending.iter().filter_map(|operation| match operation {
            Operation::Remove(session) => Some(session),
            Operation::Add(_) => None,
        });
        for session in state.removed.iter().chain(pending) {
            for segment in &disk {
                segment.columns.kill(*session);
            }
        }
        let old = state.disk.replace(disk);
        drop(state);
        drop((old, sealed));
        Ok(())
    }

    /// The writer, made when it is first needed; a larger one when much is to come.
    fn tantivy<'w>(&self, writer: &'w mut Writer, heap: usize) -> Result<&'w mut IndexWriter<Entry>, IndexError> {
        let small = writer.tantivy.as_ref().is_some_and(|(_, size)| *size < heap);
        if small
            && !writer.dirty
            && let Some((tantivy, _)) = writer.tantivy.take()
        {
            tantivy.wait_merging_threads()?;
        }
        if writer.tantivy.is_none() {
            let options = IndexWriterOptions::builder()
                .memory_budget_per_thread(heap)
                .num_worker_threads(1)
                .num_merge_threads(1)
                .build();
            let tantivy = self.index.writer_with_options(options)?;
            tantivy.set_merge_policy(merge_policy());
            writer.tantivy = Some((tantivy, heap));
        }
        let (tantivy, _) = writer.tantivy.as_mut().expect("it was made just above");
        Ok(tantivy)
    }

    fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Marks the newest fresh event, and the events of other sessions that it is a copy of.
    fn mark_copies(&self, doc: u32, identity: u64, session: SessionKey) {
        if identity == 0 {
            return;
        }
        let mut shared = false;
        for segment in self.segments() {
            segment.with_identity(identity, |other| {
                let owner = segment.columns().get(other).session();
                if owner != session && owner != DEAD {
                    segment.columns().share(other);
                    shared = true;
                }
            });
        }
        if shared {
            self.open.columns.share(doc);
        }
    }

    fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let disk = self.disk.iter().flatten().map(|segment| Segment::Disk(segment));
        disk.chain(self.sealed.iter().chain([&self.open]).map(Segment::Fresh))
    }
}

/// Marks the events of new segments that are copies of events in any segment, and those.
fn mark_copies_among(all: &[Arc<DiskSegment>], new: &[Arc<DiskSegment>]) {
    for segment in new {
        for other in all {
            let (small, large) =
                if segment.identities.len() <= other.identities.len() { (segment, other) } else { (other, segment) };
            for &(identity, doc) in &small.identities {
                let session = small.columns.get(doc).session();
                let large = Segment::Disk(large);
                large.with_identity(identity, |copy| {
                    let owner = large.columns().get(copy).session();
                    if owner != session && owner != DEAD && session != DEAD {
                        large.columns().share(copy);
                        small.columns.share(doc);
                    }
                });
            }
        }
    }
}

/// The segments of an index, held still.
pub(crate) struct Segments<'c> {
    state: RwLockReadGuard<'c, State>,
}

impl Segments<'_> {
    pub(crate) fn list(&self) -> Vec<Segment<'_>> {
        self.state.segments().filter(|segment| segment.len() > 0).collect()
    }
}

fn session_term(field: Field, session: SessionKey) -> Term {
    Term::from_field_u64(field, u64::from(session))
}

fn payload(sequence: u64) -> String {
    format!("{FORMAT} {sequence}")
}

fn parse_payload(payload: &str) -> Option<u64> {
    let (format, sequence) = payload.split_once(' ')?;
    if format.parse() != Ok(FORMAT) {
        return None;
    }
    sequence.parse().ok()
}
