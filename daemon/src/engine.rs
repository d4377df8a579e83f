//! Everything behind the socket, put together: threads, channels, and the state that requests read.

use std::{
    sync::{Arc, Mutex, PoisonError, RwLock, atomic::AtomicUsize},
    thread::JoinHandle,
};

use anyhow::Context as _;
use crossbeam_channel::Sender;
use jiff::Timestamp;
use opensession_agents::Environment;
use opensession_protocol::{
    AgentProgress, IndexState, IndexStatus, SessionUpdate, Warning, config::DaemonConfig, paths::Paths,
};
use tokio::sync::{broadcast, watch};

use crate::{
    catalog::{Catalog, Directory},
    git::Places,
    hosts::{Hosts, HostsParts},
    indexing::{Indexing, IndexingState},
    ingest::{
        Commit, Committer, CommitterParts, Keep, Progress, ProgressSender, Scheduler, SchedulerParts, Signal, Worker,
    },
    prices::Prices,
    search::SearchIndex,
    store::Store,
    texts::Texts,
    warnings::Warnings,
};

/// Workers that read sources: as many as help on small machines; the committer and the index have threads of their own.
const WORKERS: usize = 2;
/// Batches between workers and the committer: each holds some megabytes at most.
const COMMITS_WAITING: usize = 4;
/// Updates a slow subscriber may lag behind.
const UPDATES_WAITING: usize = 1024;

/// Everything behind the socket.
pub struct Engine {
    /// Where everything lies.
    pub paths: Paths,
    /// When the daemon started.
    pub started: Timestamp,
    /// The store.
    pub store: Store,
    /// Texts of events.
    pub texts: Arc<Texts>,
    /// The search index.
    pub index: Arc<SearchIndex>,
    /// Repositories.
    pub places: Arc<Places>,
    /// What people should know.
    pub warnings: Arc<Warnings>,
    /// How many subscribers to sessions there are.
    pub subscribers: Arc<AtomicUsize>,
    /// Other machines.
    pub hosts: Hosts,
    environment: Environment,
    config: RwLock<Arc<DaemonConfig>>,
    prices: RwLock<Arc<Prices>>,
    catalog: Arc<RwLock<Arc<Catalog>>>,
    indexing: Arc<IndexingState>,
    progress: watch::Receiver<Progress>,
    updates: broadcast::Sender<Arc<SessionUpdate>>,
    signals: Sender<Signal>,
    commits: Sender<Commit>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Engine {
    /// Opens the store and the index and begins to read.
    pub fn start(paths: Paths, environment: Environment, config: DaemonConfig) -> anyhow::Result<Arc<Engine>> {
        let (store, writer) =
            Store::open(&paths.store()).with_context(|| format!("cannot open {}", paths.store().display()))?;
        let opened = SearchIndex::open(&paths.index_dir())
            .with_context(|| format!("cannot open {}", paths.index_dir().display()))?;
        if let Some(reason) = &opened.rebuild {
            tracing::info!(reason, "the search index begins empty");
        }
        let reader = store.reader()?;
        let rows = reader.sources()?;
        let prices = Arc::new(Prices::new(&config.prices));
        let directory = load_directory(&reader, &rows, prices.clone())?;
        let projects = reader.projects()?;
        let host_rows = reader.hosts()?;
        drop(reader);

        let config = Arc::new(config);
        let warnings = Arc::new(Warnings::default());
        let places = Arc::new(Places::default());
        let texts = Arc::new(Texts::new(store.clone()));
        let subscribers = Arc::new(AtomicUsize::new(0));
        let index = Arc::new(opened.index);
        let indexing_state = Arc::new(IndexingState::default());
        let catalog = Arc::new(RwLock::new(Arc::new(directory.snapshot())));
        let (progress_sender, progress) =
            watch::channel(Progress { reading: true, first_run: rows.is_empty(), ..Progress::default() });
        let (updates, _) = broadcast::channel(UPDATES_WAITING);
        let (signals, signals_received) = crossbeam_channel::unbounded();
        let (jobs, jobs_received) = crossbeam_channel::bounded(1);
        let (commits, commits_received) = crossbeam_channel::bounded(COMMITS_WAITING);

        let mut indexing = Indexing::new(index.clone(), store.clone(), places.clone(), indexing_state.clone());
        let last_sequence = writer.last_sequence()?;
        let sequence = if opened.rebuild.is_some() { 0 } else { opened.sequence };
        indexing.catch_up(sequence, last_sequence, &warnings)?;

        let mut threads = Vec::new();
        let committer = Committer::new(CommitterParts {
            writer,
            indexing,
            directory,
            catalog: catalog.clone(),
            commits: commits_received,
            signals: signals.clone(),
            updates: updates.clone(),
            warnings: warnings.clone(),
            texts: texts.clone(),
        });
        threads.push(spawn("commit", move || committer.run())?);
        for number in 0..WORKERS {
            let worker = Worker {
                jobs: jobs_received.clone(),
                commits: commits.clone(),
                signals: signals.clone(),
                store: store.clone(),
                places: places.clone(),
                subscribers: subscribers.clone(),
            };
            threads.push(spawn(&format!("read-{number}"), move || worker.run())?);
        }
        let parts = SchedulerParts {
            rows,
            environment: environment.clone(),
            config: config.clone(),
            signals: signals_received,
            own_signals: signals.clone(),
            jobs,
            commits: commits.clone(),
            progress: ProgressSender::new(progress_sender),
            warnings: warnings.clone(),
            catalog: catalog.clone(),
            projects,
            homes: Hosts::homes(&host_rows, &environment.home),
        };
        threads.push(spawn("schedule", move || Scheduler::new(parts).run())?);
        forget_queries_unless(&config, &commits);

        let hosts = Hosts::start(HostsParts {
            rows: host_rows,
            mirrors: paths.mirrors_dir(),
            own_home: environment.home.clone(),
            config: config.clone(),
            catalog: catalog.clone(),
            commits: commits.clone(),
            signals: signals.clone(),
            warnings: warnings.clone(),
        });
        Ok(Arc::new(Engine {
            hosts,
            paths,
            started: Timestamp::now(),
            store,
            texts,
            index,
            places,
            warnings,
            subscribers,
            environment,
            config: RwLock::new(config),
            prices: RwLock::new(prices),
            catalog,
            indexing: indexing_state,
            progress,
            updates,
            signals,
            commits,
            threads: Mutex::new(threads),
        }))
    }

    /// Every session as it is now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The configuration in force.
    pub fn config(&self) -> Arc<DaemonConfig> {
        self.config.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where agents keep their files.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What tokens cost.
    pub fn prices(&self) -> Arc<Prices> {
        self.prices.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes another configuration.
    pub fn configure(&self, config: DaemonConfig) {
        let config = Arc::new(config);
        if self.config().prices != config.prices {
            let prices = Arc::new(Prices::new(&config.prices));
            *self.prices.write().unwrap_or_else(PoisonError::into_inner) = prices.clone();
            self.commit(Commit::Price(prices));
        }
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = config.clone();
        self.hosts.configure(config.clone());
        forget_queries_unless(&config, &self.commits);
        self.signal(Signal::Configured(config));
    }

    /// Updates of sessions from now on.
    pub fn updates(&self) -> broadcast::Receiver<Arc<SessionUpdate>> {
        self.updates.subscribe()
    }

    /// The progress of reading, from now on.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Tells the scheduler.
    pub fn signal(&self, signal: Signal) {
        // It is gone only when the daemon ends.
        self.signals.send(signal).ok();
    }

    /// Asks the committer.
    pub fn commit(&self, commit: Commit) {
        // It is gone only when the daemon ends.
        self.commits.send(commit).ok();
    }

    /// Asks the committer for what nobody waits for; where it has much to do, not at all.
    pub fn commit_later(&self, commit: Commit) {
        if self.commits.try_send(commit).is_err() {
            tracing::debug!("the committer is busy; what was asked for is dropped");
        }
    }

    /// How the index is, and how far the reading.
    pub fn index_status(&self) -> IndexStatus {
        use std::sync::atomic::Ordering::Relaxed;
        let progress = self.progress.borrow().clone();
        let figures = self.index.figures();
        let state = if self.indexing.failed.load(Relaxed) {
            IndexState::Failed
        } else if self.indexing.rebuilding.load(Relaxed) {
            IndexState::Rebuilding
        } else if progress.reading {
            IndexState::Reading
        } else {
            IndexState::Ready
        };
        let sum = |field: fn(&AgentProgress) -> u64| progress.agents.iter().map(field).sum();
        IndexStatus {
            state,
            events: figures.events,
            bytes: figures.bytes,
            store_sequence: self.indexing.sequence.load(Relaxed),
            index_sequence: figures.sequence,
            durable_sequence: figures.durable_sequence,
            bytes_done: sum(|agent| agent.bytes_done),
            bytes_total: sum(|agent| agent.bytes_total),
            agents: progress.agents,
            first_run: progress.first_run,
            last_round_ms: progress.last_round_ms,
        }
    }

    /// Ends reading, brings everything to disk, and waits for it.
    pub fn stop(&self) {
        self.hosts.stop();
        self.signal(Signal::Stop);
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // The committer is the first; it may be asked to stop only after those that feed it have ended.
        let mut threads = threads.into_iter();
        let committer = threads.next();
        let mut feeding: Vec<_> = threads.collect();
        // The scheduler ends first: it holds the jobs that workers wait for.
        while let Some(thread) = feeding.pop() {
            join(thread);
        }
        self.commit(Commit::Stop);
        if let Some(thread) = committer {
            join(thread);
        }
    }

    /// What people should know, the configuration's oddities included.
    pub fn all_warnings(&self) -> Vec<Warning> {
        self.warnings.all()
    }
}

/// Forgets the queries that people ran, where none are to be kept.
fn forget_queries_unless(config: &DaemonConfig, commits: &Sender<Commit>) {
    if !config.search.history {
        // It is gone only when the daemon ends.
        commits.send(Commit::Keep(Keep::ForgetQueries(None))).ok();
    }
}

fn load_directory(
    reader: &crate::store::Reader,
    rows: &[crate::store::SourceRow],
    prices: Arc<Prices>,
) -> anyhow::Result<Directory> {
    let of_source: rustc_hash::FxHashMap<i64, &crate::store::SourceRow> =
        rows.iter().map(|row| (row.id, row)).collect();
    let mut damaged = 0_u32;
    let mut entries = Vec::with_capacity(rows.len());
    reader.entries(|key, source, entry| match entry {
        Some(mut entry) => {
            if let Some(row) = of_source.get(&source) {
                let info = Arc::make_mut(&mut entry.info);
                info.vanished = row.vanished;
                if row.source.path.to_str() != Some(&info.path) {
                    info.path = row.source.path.display().to_string();
                }
            }
            entries.push((key, source, entry));
        }
        None => damaged += 1,
    })?;
    if damaged > 0 {
        tracing::warn!(
            damaged,
            "entries of sessions cannot be read; `opensession index --rebuild --events` makes them anew"
        );
    }
    Ok(Directory::new(entries, reader.titles_elsewhere()?, reader.stars()?, prices))
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .with_context(|| format!("cannot start the thread {name}"))
}

fn join(thread: JoinHandle<()>) {
    let name = thread.thread().name().unwrap_or_default().to_owned();
    if thread.join().is_err() {
        tracing::error!(thread = name, "a thread ended by a fault");
    }
}
