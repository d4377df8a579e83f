//! Every source that was ever found, and what is to be read of it.

use std::{
    collections::VecDeque,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use opensession_agents::{Agent, Cursor, Environment, Problem, Root, Source};
use opensession_protocol::{AgentProgress, config::DaemonConfig};
use rustc_hash::{FxHashMap, FxHashSet};

use super::Progress;
use crate::{ingest::Job, store::SourceRow};

/// What tells that a file is as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified_ns: i64,
    pub(super) identity: (u64, u64),
}

impl Stamp {
    #[cfg_attr(
        target_os = "linux",
        expect(clippy::unnecessary_cast, reason = "the widths of these numbers differ from system to system")
    )]
    fn of_stat(stat: &rustix::fs::Stat) -> Stamp {
        let modified_ns = stat.st_mtime.wrapping_mul(1_000_000_000).wrapping_add(stat.st_mtime_nsec as i64);
        Stamp { size: stat.st_size as u64, modified_ns, identity: (stat.st_dev as u64, stat.st_ino as u64) }
    }

    /// The stamp of a source's file, or of its compressed twin.
    fn of_file(path: &Path) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path).or_else(|error| match error.kind() {
            std::io::ErrorKind::NotFound => std::fs::metadata(compressed_twin(path)),
            _ => Err(error),
        });
        let metadata = metadata.ok().filter(std::fs::Metadata::is_file)?;
        let modified_ns = metadata.mtime().wrapping_mul(1_000_000_000).wrapping_add(metadata.mtime_nsec());
        Some(Stamp { size: metadata.size(), modified_ns, identity: (metadata.dev(), metadata.ino()) })
    }
}

/// Takes stamps of many files: those of one folder are looked up in that folder, rather than from the root each time.
#[derive(Default)]
struct Stamper {
    folder: Option<(PathBuf, OwnedFd)>,
}

impl Stamper {
    fn stamp(&mut self, path: &Path) -> Option<Stamp> {
        use rustix::fs::{AtFlags, FileType, Mode, OFlags};
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Stamp::of_file(path) };
        if self.folder.as_ref().is_none_or(|(open, _)| open.as_os_str() != folder.as_os_str()) {
            let opened = rustix::fs::open(folder, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
            self.folder = opened.ok().map(|opened| (folder.to_owned(), opened));
        }
        let stat = self.folder.as_ref().and_then(|(_, open)| rustix::fs::statat(open, name, AtFlags::empty()).ok());
        match stat {
            Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => Some(Stamp::of_stat(&stat)),
            // Compressed, gone, or something else: told by the long way.
            _ => Stamp::of_file(path),
        }
    }
}

fn compressed_twin(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".zst");
    PathBuf::from(name)
}

/// A source.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a source, each set and asked on its own")]
struct Known {
    agent: &'static dyn Agent,
    source: Arc<Source>,
    id: Option<i64>,
    /// As it was when it was last read.
    stamp: Stamp,
    offset: u64,
    /// With a worker or the committer.
    busy: bool,
    /// Changed since it was given to a worker.
    dirty: bool,
    queued: bool,
    live: bool,
    take_torn: bool,
    forgotten: bool,
    vanished: bool,
    failures: u32,
    retry_at: Option<Instant>,
}

type SourceIndex = usize;

/// What a rescan found.
#[derive(Default)]
pub(super) struct Rescan {
    /// Sources whose files are gone.
    pub(super) vanished: Vec<i64>,
    /// Sources whose files lie elsewhere now.
    pub(super) moved: Vec<(i64, PathBuf)>,
    /// Folders that cannot be read.
    pub(super) problems: Vec<Problem>,
    /// There is enough to read that it goes straight to disk.
    pub(super) bulk: bool,
}

/// Every source that was ever found.
pub(super) struct Sources {
    environment: Environment,
    config: Arc<DaemonConfig>,
    known: Vec<Known>,
    by_path: FxHashMap<(&'static str, PathBuf), SourceIndex>,
    queue: VecDeque<SourceIndex>,
    busy: usize,
    roots: Vec<(&'static dyn Agent, Root)>,
    bytes_at_start: FxHashMap<&'static str, u64>,
    first_run: bool,
    last_round: Option<Duration>,
    rounds: u64,
}

impl Sources {
    pub(super) fn new(rows: Vec<SourceRow>, environment: Environment, config: Arc<DaemonConfig>) -> Self {
        let mut sources = Self {
            environment,
            config,
            known: Vec::with_capacity(rows.len()),
            by_path: FxHashMap::default(),
            queue: VecDeque::new(),
            busy: 0,
            roots: Vec::new(),
            bytes_at_start: FxHashMap::default(),
            first_run: rows.is_empty(),
            last_round: None,
            rounds: 0,
        };
        for row in rows {
            let Some(agent) = opensession_agents::by_id(&row.agent) else { continue };
            let known = Known {
                stamp: Stamp::of_cursor(&row.cursor),
                offset: row.cursor.offset,
                id: Some(row.id),
                forgotten: row.forgotten,
                vanished: row.vanished,
                ..Known::new(agent, row.source)
            };
            sources.insert(known);
        }
        sources.find_roots();
        sources
    }

    /// Takes a new configuration.
    pub(super) fn configure(&mut self, config: Arc<DaemonConfig>) {
        self.config = config;
        self.find_roots();
    }

    /// The folders to watch.
    pub(super) fn roots(&self) -> Vec<Root> {
        self.roots.iter().map(|(_, root)| root.clone()).collect()
    }

    /// Looks at every root again and queues what changed, newest first.
    pub(super) fn rescan(&mut self, live_bytes: u64, torn_rest: Duration) -> Rescan {
        self.find_roots();
        let mut rescan = Rescan::default();
        let mut changed = Vec::new();
        let mut seen: FxHashSet<SourceIndex> = FxHashSet::default();
        let mut new = Vec::new();
        let mut stamper = Stamper::default();
        for (agent, root) in self.roots.clone() {
            let problems = agent.find(&root, &mut |source| {
                let Some(stamp) = stamper.stamp(&source.path) else { return };
                match self.by_path.get(&(agent.id(), source.path.clone())).copied() {
                    Some(index) => {
                        if seen.insert(index) && self.differs(index, stamp) {
                            let known = &mut self.known[index];
                            known.source = Arc::new(source);
                            changed.push((stamp, index));
                        }
                    }
                    None => new.push((agent, source, stamp)),
                }
            });
            rescan.problems.extend(problems);
        }
        let mut gone: FxHashMap<(&'static str, String), SourceIndex> = FxHashMap::default();
        for (index, known) in self.known.iter_mut().enumerate() {
            if seen.contains(&index) {
                known.vanished = false;
            } else if !known.vanished && !known.busy && Stamp::of_file(&known.source.path).is_none() {
                gone.insert((known.agent.id(), known.source.native_id.clone()), index);
            }
        }
        for (agent, source, stamp) in new {
            // A file of a session whose own file is gone: it was moved, as agents do when they archive a session.
            let moved = gone.remove(&(agent.id(), source.native_id.clone()));
            let index = match moved {
                Some(index) => {
                    self.by_path.remove(&(agent.id(), self.known[index].source.path.clone()));
                    self.by_path.insert((agent.id(), source.path.clone()), index);
                    if let Some(id) = self.known[index].id {
                        rescan.moved.push((id, source.path.clone()));
                    }
                    self.known[index].source = Arc::new(source);
                    index
                }
                // The same file by another of the agent's roots.
                None if self.by_path.contains_key(&(agent.id(), source.path.clone())) => continue,
                None => self.insert(Known::new(agent, source)),
            };
            changed.push((stamp, index));
        }
        for index in gone.into_values() {
            self.known[index].vanished = true;
            rescan.vanished.extend(self.known[index].id);
        }
        changed.sort_by_key(|(stamp, _)| std::cmp::Reverse(stamp.modified_ns));
        let growth = |(stamp, index): &(Stamp, SourceIndex)| stamp.size.saturating_sub(self.known[*index].offset);
        let bytes: u64 = changed.iter().map(growth).sum();
        rescan.bulk = bytes > live_bytes;
        let at_rest_before = jiff::Timestamp::now().as_nanosecond() as i64 - torn_rest.as_nanos() as i64;
        for (stamp, index) in changed {
            let agent = self.known[index].agent.id();
            let growth = stamp.size.saturating_sub(self.known[index].offset);
            *self.bytes_at_start.entry(agent).or_default() += growth;
            let known = &mut self.known[index];
            known.live = !rescan.bulk;
            // Agents end some files without a line terminator; nothing more comes to a file that has long been at rest.
            known.take_torn = at_rest_before > stamp.modified_ns;
            self.enqueue(index, false);
        }
        rescan
    }

    /// A file changed: queues its source before all others. False when it is no source's file.
    pub(super) fn touch(&mut self, path: &Path, live_bytes: u64) -> bool {
        let mut roots = self.roots.iter().filter(|(_, root)| path.starts_with(&root.path));
        let found = roots.find_map(|(agent, root)| Some((*agent, agent.source_at(root, path)?)));
        let Some((agent, source)) = found else { return false };
        let stamp = Stamp::of_file(&source.path);
        let index = match self.by_path.get(&(agent.id(), source.path.clone())) {
            Some(index) => *index,
            None if stamp.is_none() => return false,
            None => self.insert(Known::new(agent, source.clone())),
        };
        let known = &mut self.known[index];
        if known.forgotten {
            return true;
        }
        if known.source.side_files != source.side_files {
            known.source = Arc::new(source);
        }
        let growth = stamp.map_or(0, |stamp| stamp.size).saturating_sub(known.offset);
        known.live = growth <= live_bytes;
        self.enqueue(index, true);
        true
    }

    /// Whether a path lies in a root, or is one's ancestor.
    pub(super) fn is_of_interest(&self, path: &Path) -> bool {
        self.roots.iter().any(|(_, root)| path.starts_with(&root.path) || root.path.starts_with(path))
    }

    /// The next source to read.
    pub(super) fn next_job(&self) -> Option<SourceIndex> {
        self.queue.front().copied()
    }

    /// What a worker is given.
    pub(super) fn job(&self, index: SourceIndex) -> Job {
        let known = &self.known[index];
        Job {
            agent: known.agent,
            source: known.source.clone(),
            id: known.id,
            take_torn: known.take_torn,
            live: known.live,
        }
    }

    /// The first of the queue was given to a worker.
    pub(super) fn started(&mut self, index: SourceIndex) {
        self.queue.pop_front();
        self.busy += 1;
        let known = &mut self.known[index];
        known.queued = false;
        known.busy = true;
        known.dirty = false;
        known.retry_at = None;
    }

    /// A source was read and committed.
    pub(super) fn read(
        &mut self,
        agent: &'static str,
        path: &Path,
        id: Option<i64>,
        cursor: &Cursor,
        torn_rest: Duration,
    ) {
        let Some(index) = self.ended(agent, path) else { return };
        let known = &mut self.known[index];
        known.id = id.or(known.id);
        known.stamp = Stamp::of_cursor(cursor);
        known.offset = cursor.offset;
        known.failures = 0;
        known.vanished = false;
        // A torn last line, unless its rest comes, is taken as it is in the end.
        known.retry_at =
            (cursor.size > cursor.offset && !known.take_torn && !is_compressed(known.source.path.as_path()))
                .then(|| Instant::now() + torn_rest);
        known.take_torn = false;
        if known.dirty {
            self.enqueue(index, true);
        }
    }

    /// A source could not be read or committed: it is tried again later.
    pub(super) fn failed(&mut self, agent: &'static str, path: &Path, first: Duration, longest: Duration) {
        let Some(index) = self.ended(agent, path) else { return };
        let known = &mut self.known[index];
        known.failures += 1;
        let wait = first.saturating_mul(1 << known.failures.min(16).saturating_sub(1)).min(longest);
        known.retry_at = Some(Instant::now() + wait);
    }

    /// A source's file was not there when it was to be read; gives its row, if it vanished just now.
    pub(super) fn gone(&mut self, agent: &'static str, path: &Path) -> Option<i64> {
        let index = self.ended(agent, path)?;
        let known = &mut self.known[index];
        if std::mem::replace(&mut known.vanished, true) {
            return None;
        }
        known.id
    }

    /// The session in a file was forgotten: it is not read again.
    pub(super) fn forgotten(&mut self, path: &Path) {
        for known in &mut self.known {
            if known.source.path == path {
                known.forgotten = true;
            }
        }
        let known = &mut self.known;
        self.queue.retain(|index| {
            let keep = !known[*index].forgotten;
            known[*index].queued &= keep;
            keep
        });
    }

    /// The source in a file.
    pub(super) fn source(&self, agent: &'static str, path: &Path) -> Option<Arc<Source>> {
        let index = self.by_path.get(&(agent, path.to_owned()))?;
        Some(self.known[*index].source.clone())
    }

    /// When the next source is to be tried again.
    pub(super) fn next_retry(&self) -> Option<Instant> {
        self.known.iter().filter_map(|known| known.retry_at).min()
    }

    /// Queues what is to be tried again by now.
    pub(super) fn retry_due(&mut self, now: Instant) {
        for index in 0..self.known.len() {
            let known = &mut self.known[index];
            if known.retry_at.is_some_and(|at| at <= now) {
                known.retry_at = None;
                known.take_torn = known.failures == 0;
                self.enqueue(index, false);
            }
        }
    }

    /// Whether nothing is queued or being read.
    pub(super) fn is_at_rest(&self) -> bool {
        self.queue.is_empty() && self.busy == 0
    }

    /// A round of reading has ended.
    pub(super) fn round_ended(&mut self, took: Option<Duration>) {
        self.rounds += 1;
        self.first_run = false;
        self.bytes_at_start.clear();
        if took.is_some() {
            self.last_round = took;
        }
    }

    /// How far the reading is.
    pub(super) fn progress(&self) -> Progress {
        let mut agents: Vec<AgentProgress> = Vec::new();
        if !self.is_at_rest() {
            for known in self.known.iter().filter(|known| !known.forgotten && !known.vanished) {
                let id = known.agent.id();
                let at = agents.iter().position(|progress| progress.agent == id).unwrap_or_else(|| {
                    agents.push(AgentProgress { agent: id.to_owned(), ..AgentProgress::default() });
                    agents.len() - 1
                });
                agents[at].total += 1;
                agents[at].done += u64::from(!known.queued && !known.busy);
            }
            for progress in &mut agents {
                let total = self.bytes_at_start.iter().find(|(agent, _)| **agent == progress.agent);
                progress.bytes_total = total.map_or(0, |(_, bytes)| *bytes);
                progress.bytes_done = progress.bytes_total * progress.done.min(progress.total) / progress.total.max(1);
            }
        }
        Progress {
            reading: !self.is_at_rest() || self.rounds == 0,
            first_run: self.first_run,
            agents,
            last_round_ms: self.last_round.map_or(0, |took| took.as_millis() as u64),
            rounds: self.rounds,
        }
    }

    fn find_roots(&mut self) {
        self.roots.clear();
        for agent in opensession_agents::all() {
            if self.config.watchers.enabled(agent.switch()) {
                self.roots.extend(agent.roots(&self.environment).into_iter().map(|root| (*agent, root)));
            }
        }
    }

    fn differs(&self, index: SourceIndex, stamp: Stamp) -> bool {
        let known = &self.known[index];
        !known.forgotten && !known.queued && known.stamp != stamp && (known.failures == 0 || known.retry_at.is_none())
    }

    fn insert(&mut self, known: Known) -> SourceIndex {
        let index = self.known.len();
        self.by_path.insert((known.agent.id(), known.source.path.clone()), index);
        self.known.push(known);
        index
    }

    fn enqueue(&mut self, index: SourceIndex, first: bool) {
        let known = &mut self.known[index];
        if known.busy {
            known.dirty = true;
        } else if !known.queued {
            known.queued = true;
            if first {
                self.queue.push_front(index);
            } else {
                self.queue.push_back(index);
            }
        }
    }

    fn ended(&mut self, agent: &'static str, path: &Path) -> Option<SourceIndex> {
        self.busy = self.busy.saturating_sub(1);
        let index = *self.by_path.get(&(agent, path.to_owned()))?;
        self.known[index].busy = false;
        Some(index)
    }
}

impl Known {
    fn new(agent: &'static dyn Agent, source: Source) -> Self {
        Self {
            agent,
            source: Arc::new(source),
            id: None,
            stamp: Stamp::default(),
            offset: 0,
            busy: false,
            dirty: false,
            queued: false,
            live: false,
            take_torn: false,
            forgotten: false,
            vanished: false,
            failures: 0,
            retry_at: None,
        }
    }
}

/// Whether only the compressed twin is there: offsets count decompressed bytes then, and say nothing of a torn line.
fn is_compressed(path: &Path) -> bool {
    !path.exists()
}
