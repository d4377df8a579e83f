//! A worker: cuts what is new of a source, derives events from it, compresses both, and hands them on.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crossbeam_channel::{Receiver, Sender};
use opensession_agents::{Agent, Cursor, CutError, Limits, Source};

use super::{
    Commit, Exclusions,
    collect::{Collected, Collector},
    rederive,
    scheduler::Signal,
    session::{Origin, SessionReading},
};
use crate::{
    git::Places,
    store::{BlockBuilder, Reader, SourceBatch, Store, StoreError},
};

/// Bytes of text and records after which a first reading is committed piece by piece.
const CUT_BYTES: u64 = 4 << 20;

/// A source to be read to its end.
#[derive(Clone)]
pub struct Job {
    /// The agent.
    pub agent: &'static dyn Agent,
    /// The source, with its side files.
    pub source: Arc<Source>,
    /// Its row, once it has one.
    pub id: Option<i64>,
    /// Read a torn last line too: the file has been at rest.
    pub take_torn: bool,
    /// What it grew by is small and recent: it should be searchable at once.
    pub live: bool,
    /// The session was read from another place before, which this one stands for from now on.
    pub takes_over: bool,
    /// What is left alone.
    pub exclusions: Arc<Exclusions>,
    /// Which machine it is from.
    pub origin: Origin,
}

/// Reads sources.
pub struct Worker {
    /// Jobs.
    pub jobs: Receiver<Job>,
    /// Where batches go.
    pub commits: Sender<Commit>,
    /// Where the scheduler hears of jobs that gave nothing to commit.
    pub signals: Sender<Signal>,
    /// The store, to read from.
    pub store: Store,
    /// Repositories.
    pub places: Arc<Places>,
    /// How many subscribers there are.
    pub subscribers: Arc<AtomicUsize>,
}

/// What one reading leaves for the next.
#[derive(Default)]
struct Spare {
    buffers: Option<Collected>,
    builder: Option<BlockBuilder>,
}

/// Why a source was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// It could not be cut.
    #[error("{0}")]
    Cut(#[from] CutError),
    /// The store could not be read.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The configuration leaves it alone.
    #[error("left alone by daemon.toml")]
    Excluded,
    /// The daemon is ending.
    #[error("the daemon is ending")]
    Ending,
}

impl Worker {
    /// Works until there are no more jobs and the other side is gone.
    pub fn run(self) {
        let (mut reader, mut spare) = (None, Spare::default());
        for job in &self.jobs {
            let path = job.source.path.clone();
            let agent = job.agent.id();
            // A fault in one reader must not end the reading of all other sessions.
            let outcome =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.read(&job, &mut reader, &mut spare)));
            let error = match outcome {
                Ok(Ok(())) => continue,
                Ok(Err(ReadError::Ending)) => return,
                Ok(Err(error)) => Some(error),
                Err(_) => {
                    (reader, spare) = (None, Spare::default());
                    None
                }
            };
            if let Some(ReadError::Excluded) = error {
                if self.signals.send(Signal::Excluded { agent, path }).is_err() {
                    return;
                }
                continue;
            }
            let gone = matches!(error, Some(ReadError::Cut(CutError::Gone)));
            let failure =
                error.map_or_else(|| "a fault in the reader; see the log".to_owned(), |error| error.to_string());
            tracing::debug!(path = %path.display(), failure, "the source was not read");
            if self.signals.send(Signal::Unread { agent, path, gone, failure }).is_err() {
                return;
            }
        }
    }

    /// Ends a job that changed nothing.
    fn as_it_was(&self, job: &Job, cursor: Option<Cursor>) -> Result<(), ReadError> {
        let done = Signal::Done { agent: job.agent.id(), path: job.source.path.clone(), id: job.id, cursor };
        self.signals.send(done).map_err(|_| ReadError::Ending)
    }

    fn read(&self, job: &Job, kept_reader: &mut Option<Reader>, spare: &mut Spare) -> Result<(), ReadError> {
        if kept_reader.is_none() {
            *kept_reader = Some(self.store.reader()?);
        }
        let reader = kept_reader.as_mut().expect("opened just above");
        let row = job.id.map(|id| reader.source(id)).transpose()?.flatten();
        let problems = row.as_ref().map_or(0, |row| row.problems);
        let mut cursor: Option<Cursor> = row.map(|row| row.cursor).filter(|cursor| *cursor != Cursor::default());
        let dictionary = reader.dictionary()?;
        // Opened at the first record: most looks at a source find nothing new.
        let mut session: Option<SessionReading> = None;
        let limits = Limits { bytes: CUT_BYTES, take_torn: job.take_torn, ..Limits::default() };
        // Its session was taken over by a copy on a machine that comes before this one, and then went on here alone: it is
        // one by itself from now on, from its first record.
        let mut stood = None;
        if job.origin.host.is_some()
            && let Some(id) = job.id
            && cursor.is_some()
            && reader.sessions_of(id)?.is_empty()
        {
            stood = cursor.take();
        }
        loop {
            let mut collector = spare.buffers.take().map_or_else(Collector::default, Collector::reuse);
            let mut cut = job.agent.cut(&job.source, cursor.as_ref(), &limits, &mut collector)?;
            if let Some(stood) = stood.take() {
                cut.restarted = true;
                cut.cursor.generation = stood.generation + 1;
                cursor = Some(stood);
            }
            let mut collected = collector.finish()?;
            if cut.restarted {
                session = None;
            }
            let has_records = collected.records().next().is_some();
            if cut.restarted && !has_records && collected.frames.is_empty() {
                // Emptied, as a file is for a moment that is written anew. What it held stays until something else is
                // in it: then the generation begins, and what was derived before is void together with it.
                return self.as_it_was(job, cursor);
            }
            if has_records && session.is_none() {
                let known = if cut.restarted || job.id.is_none() {
                    None
                } else {
                    reader.sessions_of(job.id.unwrap_or_default())?.pop()
                };
                let builder = SessionReading::builder(spare.builder.take(), dictionary.as_deref())?;
                let (source, origin) = (job.source.clone(), job.origin.clone());
                let problems = if cut.restarted { 0 } else { problems };
                session = match SessionReading::open(job.agent, source, origin, known.as_ref(), problems, builder) {
                    Some(session) => Some(session),
                    None => Some(rederive::replay(reader, job, known.as_ref(), dictionary.as_deref())?),
                };
            }
            let watched = self.subscribers.load(Ordering::Relaxed) > 0;
            let mut problems = std::mem::take(&mut collected.problems);
            let mut round = None;
            if let Some(session) = session.as_mut().filter(|_| has_records) {
                session.begin(watched);
                for record in collected.records() {
                    session.take(&record)?;
                }
                let mut finished = session.finish(&self.places)?;
                if job.exclusions.holds(&finished.session.entry) {
                    return Err(ReadError::Excluded);
                }
                problems.append(&mut finished.problems);
                round = Some(finished);
            }
            let more = cut.more;
            let from = cursor.as_ref().map_or((0, 0), |cursor| (cursor.generation, cursor.offset));
            cursor = Some(cut.cursor.clone());
            let (sessions, documents, live_events) = match round {
                Some(round) => (vec![round.session], round.documents, round.live_events),
                None => (Vec::new(), Vec::new(), Vec::new()),
            };
            let batch = SourceBatch {
                agent: job.agent.id(),
                source: job.source.clone(),
                host: job.origin.host.clone(),
                id: job.id,
                from,
                cursor: cut.cursor,
                restarted: cut.restarted,
                takes_over: job.takes_over,
                raw: std::mem::take(&mut collected.frames),
                side_files: std::mem::take(&mut collected.side_files),
                sessions,
                problems,
            };
            spare.buffers = Some(collected);
            let live = job.live && !more;
            self.commits
                .send(Commit::Batch { batch: Box::new(batch), documents, live_events, live, last: !more })
                .map_err(|_| ReadError::Ending)?;
            if !more {
                spare.builder = session.map(SessionReading::into_builder).or(spare.builder.take());
                return Ok(());
            }
        }
    }
}
