//! Keeps the search index in step with the store: what is committed, what a crash left out, and rebuilding.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crossbeam_channel::{Receiver, Sender};
use opensession_agents::Source;
use opensession_hail::Event;
use opensession_protocol::{RebuildScope, Warning};

use crate::{
    catalog::{Directory, SessionKey},
    git::Places,
    ingest::{self, Job, Origin},
    search::{SearchDocument, SearchIndex, index::Rebuild},
    store::{Change, ChangeKind, EventRange, Reader, Store, StoreError, Writer},
    warnings::Warnings,
};

/// Events given to the index at once, when they come from the store.
const BATCH_EVENTS: usize = 2_000;
/// Changes read from the store at once.
const BATCH_CHANGES: u32 = 500;

/// What the index is doing, for whoever asks.
#[derive(Debug, Default)]
pub struct IndexingState {
    /// It is being built anew.
    pub rebuilding: AtomicBool,
    /// It cannot be written.
    pub failed: AtomicBool,
    /// The last change that was given to it.
    pub sequence: AtomicU64,
}

/// Keeps the search index in step with the store. Owned by the committer's thread.
pub struct Indexing {
    index: Arc<SearchIndex>,
    store: Store,
    places: Arc<Places>,
    state: Arc<IndexingState>,
    /// Sessions to be derived again before the index is built anew.
    rederive: VecDeque<SessionKey>,
    finished: (Sender<Outcome>, Receiver<Outcome>),
    /// Whether more came in than went to disk.
    unflushed: bool,
}

/// How a rebuild in the background ended.
type Outcome = Result<Rebuilt, String>;

struct Rebuilt {
    rebuild: Rebuild,
    /// The store's last change when it was read.
    sequence: u64,
}

impl Indexing {
    /// Keeps `index` in step with `store`.
    pub fn new(index: Arc<SearchIndex>, store: Store, places: Arc<Places>, state: Arc<IndexingState>) -> Self {
        Self {
            index,
            store,
            places,
            state,
            rederive: VecDeque::new(),
            finished: crossbeam_channel::bounded(1),
            unflushed: false,
        }
    }

    /// Gives the index what was committed after `sequence`, which it has. When that is not in the list of changes any more,
    /// the index is built anew.
    pub fn catch_up(&mut self, sequence: u64, last_sequence: u64, warnings: &Warnings) -> Result<(), StoreError> {
        self.state.sequence.store(sequence, Ordering::Relaxed);
        let mut reader = self.store.reader()?;
        let has_all = sequence == last_sequence
            || (sequence < last_sequence && reader.first_change()?.is_some_and(|first| first <= sequence + 1));
        if !has_all {
            tracing::info!(sequence, last_sequence, "the index does not follow on the store; building it anew");
            self.begin_rebuild(RebuildScope::Index, &self.store.clone(), warnings);
            return Ok(());
        }
        self.take_changes(&mut reader, sequence, warnings)
    }

    /// Events were committed.
    pub fn add(&mut self, change: &Change, documents: Vec<SearchDocument>, live: bool, warnings: &Warnings) {
        self.unflushed = true;
        self.state.sequence.store(change.sequence, Ordering::Relaxed);
        if let Err(error) = self.index.add(documents, change.sequence, live) {
            self.failed(&error.to_string(), warnings);
        }
    }

    /// All events of a session are void.
    pub fn remove_session(&mut self, session: SessionKey, sequence: u64, warnings: &Warnings) {
        self.unflushed = true;
        self.state.sequence.store(sequence, Ordering::Relaxed);
        if let Err(error) = self.index.remove_session(session, sequence) {
            self.failed(&error.to_string(), warnings);
        }
    }

    /// Brings everything to disk; gives the change up to which it is.
    pub fn flush(&mut self, warnings: &Warnings) -> Option<u64> {
        if !self.unflushed {
            return None;
        }
        match self.index.flush() {
            Ok(sequence) => {
                self.unflushed = false;
                self.state.failed.store(false, Ordering::Relaxed);
                warnings.clear("index");
                // While it is built anew, the changes since then must stay.
                (!self.state.rebuilding.load(Ordering::Relaxed)).then_some(sequence)
            }
            Err(error) => {
                self.failed(&error.to_string(), warnings);
                None
            }
        }
    }

    /// A round of reading has ended: brings it to disk and frees what writing took.
    pub fn settle(&mut self, warnings: &Warnings) -> Option<u64> {
        let sequence = self.flush(warnings);
        if let Err(error) = self.index.rest() {
            self.failed(&error.to_string(), warnings);
        }
        sequence
    }

    /// Begins to build the index anew: in the background, while the old one answers.
    pub fn begin_rebuild(&mut self, scope: RebuildScope, store: &Store, warnings: &Warnings) {
        if self.state.rebuilding.swap(true, Ordering::Relaxed) {
            return;
        }
        match scope {
            RebuildScope::Index => self.rebuild_index(warnings),
            RebuildScope::Events => match store.reader().and_then(|reader| reader.session_keys()) {
                Ok(keys) if keys.is_empty() => self.rebuild_index(warnings),
                Ok(keys) => self.rederive = keys.into(),
                Err(error) => self.rebuild_failed(&error.to_string(), warnings),
            },
        }
    }

    /// Whether [`Indexing::work`] has something to do now.
    pub fn has_work(&self) -> bool {
        !self.rederive.is_empty() || !self.finished.1.is_empty()
    }

    /// Ready when an index built anew is there to be taken over; only [`Indexing::work`] takes from it.
    pub fn rebuilt(&self) -> &Receiver<impl Sized> {
        &self.finished.1
    }

    /// Does the next piece of a rebuild.
    pub fn work(&mut self, writer: &mut Writer, directory: &mut Directory, warnings: &Warnings) {
        if let Some(key) = self.rederive.pop_front() {
            if let Err(error) = self.rederive_session(key, writer, directory) {
                tracing::warn!(session = key, %error, "a session could not be derived again; its events stay");
            }
            if self.rederive.is_empty() {
                self.rebuild_index(warnings);
            }
            return;
        }
        match self.finished.1.try_recv() {
            Ok(Ok(rebuilt)) => {
                let taken_over = self.take_over(rebuilt, warnings);
                self.state.rebuilding.store(false, Ordering::Relaxed);
                if let Err(error) = taken_over {
                    self.failed(&error, warnings);
                }
            }
            Ok(Err(error)) => self.rebuild_failed(&error, warnings),
            Err(_) => {}
        }
    }

    fn rederive_session(
        &mut self,
        key: SessionKey,
        writer: &mut Writer,
        directory: &mut Directory,
    ) -> Result<(), StoreError> {
        let mut reader = self.store.reader()?;
        let Some(known) = reader.session(key)? else { return Ok(()) };
        let Some(row) = reader.source(known.source)? else { return Ok(()) };
        let Some(agent) = opensession_agents::registry::by_id(&row.agent) else { return Ok(()) };
        let source: Source = row.source;
        let job = Job {
            agent,
            source: Arc::new(source),
            id: Some(row.id),
            take_torn: false,
            live: false,
            takes_over: false,
            exclusions: Arc::default(),
            origin: Origin::named(row.host.as_deref()),
        };
        if let Some((committed, entry)) = ingest::rederive_session(&mut reader, writer, &job, &known, &self.places)? {
            if let Some(last) = committed.changes.last() {
                self.state.sequence.store(last.sequence, Ordering::Relaxed);
            }
            directory.put(key, committed.source, entry);
        }
        Ok(())
    }

    fn rebuild_index(&mut self, warnings: &Warnings) {
        let rebuild = match self.index.begin_rebuild() {
            Ok(rebuild) => rebuild,
            Err(error) => return self.rebuild_failed(&error.to_string(), warnings),
        };
        let store = self.store.clone();
        let finished = self.finished.0.clone();
        let spawned = std::thread::Builder::new().name("index-rebuild".into()).spawn(move || {
            let outcome = fill(&store, &rebuild).map(|sequence| Rebuilt { rebuild, sequence });
            // When the daemon has ended meanwhile, nobody takes it over; the next start begins again.
            finished.send(outcome).ok();
        });
        if let Err(error) = spawned {
            self.rebuild_failed(&error.to_string(), warnings);
        }
    }

    fn take_over(&mut self, rebuilt: Rebuilt, warnings: &Warnings) -> Result<(), String> {
        self.index.finish_rebuild(rebuilt.rebuild).map_err(|error| error.to_string())?;
        self.unflushed = true;
        let mut reader = self.store.reader().map_err(|error| error.to_string())?;
        self.take_changes(&mut reader, rebuilt.sequence, warnings).map_err(|error| error.to_string())?;
        self.state.failed.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Gives the index the changes after `sequence`.
    fn take_changes(&mut self, reader: &mut Reader, mut sequence: u64, warnings: &Warnings) -> Result<(), StoreError> {
        loop {
            let changes = reader.changes_after(sequence, BATCH_CHANGES)?;
            let Some(last) = changes.last() else { return Ok(()) };
            sequence = last.sequence;
            for change in changes {
                match change.kind {
                    ChangeKind::Appended => {
                        let range = EventRange {
                            session: change.session,
                            from: change.first,
                            to: change.first + change.count.saturating_sub(1),
                        };
                        let mut batches = Vec::new();
                        documents(reader, range, &mut |batch| batches.push(batch))?;
                        for batch in batches {
                            self.add(&change, batch, false, warnings);
                        }
                    }
                    ChangeKind::Restarted | ChangeKind::Forgotten => {
                        self.remove_session(change.session, change.sequence, warnings);
                    }
                }
            }
        }
    }

    fn rebuild_failed(&mut self, error: &str, warnings: &Warnings) {
        self.state.rebuilding.store(false, Ordering::Relaxed);
        self.failed(error, warnings);
    }

    fn failed(&self, error: &str, warnings: &Warnings) {
        tracing::error!(error, "the search index cannot be written");
        self.state.failed.store(true, Ordering::Relaxed);
        warnings.set(Warning {
            subject: "index".into(),
            message: format!("the search index cannot be written: {error}"),
            remedy: Some("free some space, then: opensession index --rebuild".into()),
        });
    }
}

/// Gives a rebuild every event of the store, as of one moment; tells the last change of that moment.
fn fill(store: &Store, rebuild: &Rebuild) -> Result<u64, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut reader = store.reader().map_err(|error| text(&error))?;
    let sequence = reader.freeze().map_err(|error| text(&error))?;
    for key in reader.session_keys().map_err(|error| text(&error))? {
        let mut fault = None;
        documents(&mut reader, EventRange { session: key, from: 1, to: u32::MAX }, &mut |batch| {
            if fault.is_none() {
                fault = rebuild.add(batch, sequence).err();
            }
        })
        .map_err(|error| text(&error))?;
        if let Some(error) = fault {
            return Err(text(&error));
        }
    }
    Ok(sequence)
}

/// The documents of a range of events, in batches.
fn documents(
    reader: &mut Reader,
    range: EventRange,
    take: &mut dyn FnMut(Vec<SearchDocument>),
) -> Result<(), StoreError> {
    let mut batch = Vec::new();
    let mut identities = ingest::Identities::default();
    let agent = reader.agent_of(range.session)?.unwrap_or_default();
    reader.event_lines(range, |number, _, line| {
        if let Ok(event) = Event::from_json(line) {
            let identity = identities.of(&agent, &event);
            if let Some(mut document) = ingest::document(&event, number, identity) {
                document.session = range.session;
                batch.push(document);
            }
        }
        if batch.len() >= BATCH_EVENTS {
            take(std::mem::take(&mut batch));
        }
        true
    })?;
    if !batch.is_empty() {
        take(batch);
    }
    Ok(())
}
