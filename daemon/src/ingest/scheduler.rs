//! The scheduler: knows every source, hears of changes, decides what is read next.

mod containers;
mod progress;
mod projects;
mod sources;
mod stamp;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use opensession_agents::{Cursor, Environment, Source, SourceKind};
use opensession_protocol::{
    Warning,
    config::{DaemonConfig, Retention},
};

pub(crate) use containers::RawListing;
use containers::ToList;
pub use progress::{Progress, ProgressSender};
use projects::Projects;
use sources::{Rescan, Sources};

use super::{Commit, Job, watch::Watch};
use crate::{catalog::Catalog, hosts::Home, store::SourceRow, warnings::Warnings};

/// Everything is looked at again after so long, whatever the system's file events said.
const RESCAN_ALWAYS: Duration = Duration::from_mins(20);
/// Everything is looked at again after so long where file events may be missing.
const RESCAN_UNWATCHED: Duration = Duration::from_secs(30);
/// New folders are looked at after so long: files often follow at once, and their own events can be missing.
const RESCAN_NEW_FOLDER: Duration = Duration::from_millis(20);
/// A source that could not be read is tried again after so long, doubled at each failure.
const RETRY_FIRST: Duration = Duration::from_secs(2);
/// A source that could not be read is tried again at least this often.
const RETRY_LONGEST: Duration = Duration::from_mins(10);
/// The longest wait after the store refused what was read: room may be made at any time, and people look at once.
const RETRY_REFUSED_LONGEST: Duration = Duration::from_secs(8);
/// A torn last line is taken as it is when its file has been at rest for so long.
const TORN_REST: Duration = Duration::from_mins(10);
/// While sources are read, progress is told this often: it is counted over all of them.
const REPORT: Duration = Duration::from_millis(50);
/// Growth up to this size is made searchable at once.
const LIVE_BYTES: u64 = 256 << 10;

/// What the scheduler is told.
pub enum Signal {
    /// Files or folders changed.
    Changed(Vec<PathBuf>),
    /// Look at everything again; answer when all that is found then is read.
    Rescan(Option<Sender<()>>),
    /// A source was read to its end and committed; without a cursor: it was read, but could not be committed.
    Done {
        /// The agent's id.
        agent: &'static str,
        /// The source.
        path: PathBuf,
        /// Its row.
        id: Option<i64>,
        /// How far it was read.
        cursor: Option<Cursor>,
    },
    /// A source could not be read.
    Unread {
        /// The agent's id.
        agent: &'static str,
        /// The source.
        path: PathBuf,
        /// It is gone.
        gone: bool,
        /// Why.
        failure: String,
    },
    /// The configuration leaves the session in this source alone.
    Excluded {
        /// The agent's id.
        agent: &'static str,
        /// The source.
        path: PathBuf,
    },
    /// A large container was listed.
    Listed(Box<RawListing>),
    /// The session in this file was forgotten.
    Forgotten(PathBuf),
    /// A scan found projects.
    Projects(Vec<PathBuf>),
    /// These home directories of other machines are followed from now on.
    Homes(Vec<Arc<Home>>),
    /// The configuration changed.
    Configured(Arc<DaemonConfig>),
    /// End.
    Stop,
}

/// What a scheduler is made of.
pub struct SchedulerParts {
    /// What the store knows of sources.
    pub rows: Vec<SourceRow>,
    /// Where agents keep their files.
    pub environment: Environment,
    /// Which agents are read.
    pub config: Arc<DaemonConfig>,
    /// What it is told.
    pub signals: Receiver<Signal>,
    /// To tell itself of file events.
    pub own_signals: Sender<Signal>,
    /// Workers.
    pub jobs: Sender<Job>,
    /// The committer.
    pub commits: Sender<Commit>,
    /// Who follows the progress.
    pub progress: ProgressSender,
    /// What people should know.
    pub warnings: Arc<Warnings>,
    /// Every session: the folders they took place in may hold sessions of other agents.
    pub catalog: Arc<RwLock<Arc<Catalog>>>,
    /// Projects that were found by a scan.
    pub projects: Vec<PathBuf>,
    /// What stands for home directories of other machines.
    pub homes: Vec<Arc<Home>>,
}

/// The scheduler.
pub struct Scheduler {
    sources: Sources,
    watch: Watch,
    signals: Receiver<Signal>,
    jobs: Sender<Job>,
    commits: Sender<Commit>,
    progress: ProgressSender,
    reported: Option<Instant>,
    warnings: Arc<Warnings>,
    projects: Projects,
    waiting: Vec<Sender<()>>,
    next_rescan: Instant,
    /// A round is from the first job to the last: after it fresh data goes to disk.
    in_round: Option<Instant>,
    bulk_in_round: bool,
}

impl Scheduler {
    /// A scheduler that has not looked at anything yet.
    pub fn new(parts: SchedulerParts) -> Self {
        let mut sources = Sources::new(parts.rows, parts.environment, parts.homes, parts.config);
        match list_apart(parts.own_signals.clone()) {
            Ok(apart) => sources.list_apart(apart),
            Err(error) => tracing::warn!(%error, "no thread for large databases; all are listed in turn"),
        }
        Self {
            sources,
            watch: Watch::new(parts.own_signals),
            signals: parts.signals,
            jobs: parts.jobs,
            commits: parts.commits,
            progress: parts.progress,
            reported: None,
            warnings: parts.warnings,
            projects: Projects::new(parts.catalog, parts.projects),
            waiting: Vec::new(),
            next_rescan: Instant::now(),
            in_round: None,
            bulk_in_round: false,
        }
    }

    /// Works until it is told to end.
    pub fn run(mut self) {
        self.rescan();
        loop {
            self.report_sometimes();
            self.list_due();
            let timers = [self.sources.next_retry(), self.sources.next_listing()];
            let deadline = timers.into_iter().flatten().fold(self.next_rescan, Instant::min);
            let next = self.sources.next_job();
            let signal = if let Some(job) = next {
                crossbeam_channel::select! {
                    recv(self.signals) -> signal => signal.ok(),
                    send(self.jobs, self.sources.job(job)) -> sent => {
                        if sent.is_err() {
                            return;
                        }
                        self.sources.started(job);
                        self.in_round.get_or_insert_with(Instant::now);
                        continue;
                    }
                }
            } else {
                match self.signals.recv_deadline(deadline) {
                    Ok(signal) => Some(signal),
                    Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                        self.clock();
                        continue;
                    }
                    Err(crossbeam_channel::RecvTimeoutError::Disconnected) => None,
                }
            };
            match signal {
                None | Some(Signal::Stop) => return,
                Some(signal) => self.take(signal),
            }
        }
    }

    fn take(&mut self, signal: Signal) {
        match signal {
            Signal::Changed(paths) => {
                for path in paths {
                    self.changed(&path);
                }
            }
            Signal::Rescan(reply) => {
                // Where there is nothing to read, the rescan itself ends the round and answers.
                self.waiting.extend(reply);
                self.rescan();
            }
            Signal::Done { agent, path, id, cursor } => {
                match cursor {
                    Some(cursor) => {
                        self.sources.read(agent, &path, id, &cursor, TORN_REST);
                    }
                    None => self.sources.failed(agent, &path, RETRY_FIRST, RETRY_REFUSED_LONGEST),
                }
                self.job_ended();
            }
            Signal::Unread { agent, path, gone, failure } => {
                if gone {
                    self.gone(agent, &path);
                } else {
                    self.sources.failed(agent, &path, RETRY_FIRST, RETRY_LONGEST);
                    if let Some(source) = self.sources.source(agent, &path) {
                        self.send(Commit::Failed(agent, source, failure));
                    }
                }
                self.job_ended();
            }
            Signal::Excluded { agent, path } => {
                self.sources.excluded(agent, &path);
                self.job_ended();
            }
            Signal::Listed(listing) => {
                let found = self.sources.listed(*listing, LIVE_BYTES, TORN_REST);
                self.take_found(found);
                self.job_ended();
            }
            Signal::Forgotten(path) => self.sources.forgotten(&path),
            Signal::Projects(projects) => self.projects.add(projects),
            Signal::Homes(homes) => {
                self.sources.set_homes(homes);
                self.rescan();
            }
            Signal::Configured(config) => {
                self.sources.configure(config);
                self.rescan();
            }
            Signal::Stop => {}
        }
    }

    fn changed(&mut self, path: &Path) {
        if self.sources.touch(path, LIVE_BYTES) {
            return;
        }
        // A folder that came may hold files whose own events were missed; one that went takes its files with it.
        if self.sources.is_of_interest(path) {
            let is_folder = path.is_dir();
            if is_folder || !path.exists() {
                if !is_folder {
                    self.watch.forget(path);
                }
                self.next_rescan = self.next_rescan.min(Instant::now() + RESCAN_NEW_FOLDER);
            }
        }
    }

    fn clock(&mut self) {
        let now = Instant::now();
        self.sources.retry_due(now);
        if now >= self.next_rescan {
            self.rescan();
        }
    }

    fn rescan(&mut self) {
        self.sources.set_projects(self.projects.known());
        // First, so that nothing comes between: what grows after it was looked at is heard of.
        self.watch_roots();
        self.forget_outdated();
        let found = self.sources.rescan(LIVE_BYTES, TORN_REST);
        let mut folders = self.take_found(found);
        folders.retain(|problem| problem.reason.starts_with("cannot list "));
        if let Some(first) = folders.first() {
            self.warnings.set(Warning {
                subject: "folders".into(),
                message: format!("{} of {} folders cannot be read", first.reason, folders.len()),
                remedy: Some("check the folder's permissions".into()),
            });
        } else {
            self.warnings.clear("folders");
        }
        let interval = if self.watch.incomplete.is_some() { RESCAN_UNWATCHED } else { RESCAN_ALWAYS };
        self.next_rescan = Instant::now() + interval;
        if self.sources.is_at_rest() {
            self.round_ended();
        } else {
            self.in_round.get_or_insert_with(Instant::now);
        }
    }

    /// Forgets the sessions that nobody touched for longer than the configuration keeps them.
    fn forget_outdated(&self) {
        let Retention::Days(days) = self.sources.config().storage.retention else { return };
        let before = jiff::Timestamp::now().as_millisecond() - i64::from(days) * 86_400_000;
        for key in self.projects.untouched_since(before) {
            let (reply, _) = crossbeam_channel::bounded(1);
            self.send(Commit::Forget(key, reply));
        }
    }

    /// Lists containers that changed, when it is time to.
    fn list_due(&mut self) {
        let now = Instant::now();
        if self.sources.next_listing().is_some_and(|due| due <= now) {
            let found = self.sources.list_due(now, LIVE_BYTES, TORN_REST);
            self.take_found(found);
        }
    }

    /// Passes on what was found; gives the folders that could not be read.
    fn take_found(&mut self, found: Rescan) -> Vec<opensession_agents::Problem> {
        for (id, path) in found.moved {
            self.send(Commit::Moved(id, path));
        }
        for id in found.vanished {
            self.send(Commit::Vanished(id));
        }
        for (agent, path) in found.recovered {
            self.send(Commit::Recovered(agent.id(), path));
        }
        for (agent, path, failure) in found.failed {
            let (kind, native_id) = (SourceKind::Rows, String::new());
            let source = Source { path, kind, native_id, parent: None, side_files: Vec::new(), version: 0 };
            self.send(Commit::Failed(agent.id(), Arc::new(source), failure));
        }
        self.bulk_in_round |= found.bulk;
        found.problems
    }

    fn job_ended(&mut self) {
        if self.sources.is_at_rest() {
            self.round_ended();
        }
    }

    fn round_ended(&mut self) {
        let took = self.in_round.take().map(|began| began.elapsed());
        self.sources.round_ended(took);
        if std::mem::take(&mut self.bulk_in_round) {
            self.send(Commit::RoundEnded);
        }
        // The sessions that were read may tell of projects with sessions of other agents in them: look at those before
        // anybody is told that all is read.
        if self.sources.set_projects(self.projects.known()) {
            self.rescan();
            return;
        }
        self.report();
        for reply in std::mem::take(&mut self.waiting) {
            // Through the committer, so that it is heard after everything before is searchable.
            self.send(Commit::Barrier(reply));
        }
    }

    fn gone(&mut self, agent: &'static str, path: &Path) {
        if let Some(id) = self.sources.gone(agent, path) {
            self.send(Commit::Vanished(id));
        }
    }

    fn watch_roots(&mut self) {
        for root in self.sources.roots() {
            self.watch.watch_root(&root.path, root.recursive);
        }
        match &self.watch.incomplete {
            Some(reason) => self.warnings.set(Warning {
                subject: "watch".into(),
                message: format!("changes are found only every {} s: {reason}", RESCAN_UNWATCHED.as_secs()),
                remedy: Some("raise the limit: sysctl fs.inotify.max_user_watches=524288".into()),
            }),
            None => self.warnings.clear("watch"),
        }
    }

    /// Tells the progress, unless it was told just before and sources are still being read.
    fn report_sometimes(&mut self) {
        let is_told = self.reported.is_some_and(|reported| reported.elapsed() < REPORT);
        if !is_told || self.sources.is_at_rest() {
            self.report();
            self.reported = (!self.sources.is_at_rest()).then(Instant::now);
        }
    }

    fn report(&self) {
        self.progress.send_if_changed(|| self.sources.progress());
    }

    fn send(&self, commit: Commit) {
        // The committer outlives the scheduler.
        self.commits.send(commit).ok();
    }
}

/// A thread that lists what it is sent. It ends with the scheduler, or after the listing that it is at.
fn list_apart(signals: Sender<Signal>) -> std::io::Result<Sender<ToList>> {
    let (asks, asked) = crossbeam_channel::unbounded();
    let work = move || {
        containers::list_apart(&asked, |listing| {
            // The scheduler may have ended meanwhile.
            signals.send(Signal::Listed(Box::new(listing))).ok();
        });
    };
    std::thread::Builder::new().name("list".to_owned()).spawn(work)?;
    Ok(asks)
}
