//! Every source that was ever found, and what is to be read of it.

mod copies;
mod rescan;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;
use opensession_agents::{Agent, Cursor, Environment, Root, Source, SourceKind, rows};
use opensession_protocol::{AgentProgress, config::DaemonConfig};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::{
    Progress,
    containers::{Containers, ToList},
    stamp::Stamp,
};
use crate::{
    hosts::Home,
    ingest::{Exclusions, Job, Origin},
    store::SourceRow,
};
pub(super) use rescan::Rescan;

/// A folder in which an agent's sessions may be.
#[derive(Clone)]
struct Rooted {
    agent: &'static dyn Agent,
    root: Root,
    /// The home directory of another machine that it lies in.
    home: Option<Arc<Home>>,
}

/// A source.
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a source, each set and asked on its own")]
struct Known {
    agent: &'static dyn Agent,
    source: Arc<Source>,
    /// The other machine that it is from.
    host: Option<Arc<str>>,
    id: Option<i64>,
    /// The beginning by which a file of lines is recognised: the hash of so many bytes.
    head: Option<(u64, u32)>,
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
    /// Left alone by the configuration.
    excluded: bool,
    vanished: bool,
    failures: u32,
    retry_at: Option<Instant>,
}

type SourceIndex = usize;

/// Every source that was ever found.
pub(super) struct Sources {
    environment: Environment,
    config: Arc<DaemonConfig>,
    exclusions: Arc<Exclusions>,
    known: Vec<Known>,
    by_path: FxHashMap<(&'static str, PathBuf), SourceIndex>,
    queue: VecDeque<SourceIndex>,
    busy: usize,
    roots: Vec<Rooted>,
    /// What stands for home directories of other machines.
    homes: Vec<Arc<Home>>,
    containers: Containers,
    /// Sources by the native id of what they hold, for agents that keep one session in several places.
    by_native_id: FxHashMap<(&'static str, String), SmallVec<[SourceIndex; 2]>>,
    bytes_at_start: FxHashMap<&'static str, u64>,
    first_run: bool,
    last_round: Option<Duration>,
    rounds: u64,
    unreadable: Vec<(&'static str, String)>,
}

impl Sources {
    pub(super) fn new(
        rows: Vec<SourceRow>,
        environment: Environment,
        homes: Vec<Arc<Home>>,
        config: Arc<DaemonConfig>,
    ) -> Self {
        let mut sources = Self {
            exclusions: Arc::default(),
            environment,
            homes,
            config,
            known: Vec::with_capacity(rows.len()),
            by_path: FxHashMap::with_capacity_and_hasher(rows.len(), rustc_hash::FxBuildHasher),
            queue: VecDeque::new(),
            busy: 0,
            roots: Vec::new(),
            containers: Containers::default(),
            by_native_id: FxHashMap::default(),
            bytes_at_start: FxHashMap::default(),
            first_run: rows.is_empty(),
            last_round: None,
            rounds: 0,
            unreadable: Vec::new(),
        };
        for row in rows {
            let Some(agent) = opensession_agents::registry::by_id(&row.agent) else { continue };
            if row.source.native_id.is_empty() {
                // A container that could not be listed: it stands in the store for its failure alone.
                continue;
            }
            let known = Known {
                stamp: Stamp::of_cursor(&row.source, &row.cursor),
                offset: row.cursor.offset,
                id: Some(row.id),
                head: head_of(&row.cursor),
                host: row.host.as_deref().map(Arc::from),
                forgotten: row.forgotten,
                vanished: row.vanished,
                ..Known::new(agent, row.source, None)
            };
            sources.insert(known);
        }
        sources.exclude();
        sources.find_roots();
        sources
    }

    /// Takes the home directories of other machines that are followed from now on.
    pub(super) fn set_homes(&mut self, homes: Vec<Arc<Home>>) {
        self.homes = homes;
        self.exclude();
        self.find_roots();
    }

    /// Takes the folders of projects that are known by now; tells whether they are others than before.
    pub(super) fn set_projects(&mut self, projects: Vec<PathBuf>) -> bool {
        let changed = self.environment.projects != projects;
        if changed {
            self.environment.projects = projects;
            self.find_roots();
        }
        changed
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> &DaemonConfig {
        &self.config
    }

    /// Takes a new configuration. What the one before left alone is looked at again.
    pub(super) fn configure(&mut self, config: Arc<DaemonConfig>) {
        self.config = config;
        self.exclude();
        for known in &mut self.known {
            known.excluded = false;
        }
        self.find_roots();
    }

    /// The folders to watch.
    pub(super) fn roots(&self) -> Vec<Root> {
        self.roots.iter().map(|rooted| rooted.root.clone()).collect()
    }

    /// Lists large containers by `apart` from now on.
    pub(super) fn list_apart(&mut self, apart: Sender<ToList>) {
        self.containers.list_apart(apart);
    }

    /// When the next container is to be listed.
    pub(super) fn next_listing(&self) -> Option<Instant> {
        self.containers.next_due()
    }

    /// Whether a path lies in a root, or is one's ancestor.
    pub(super) fn is_of_interest(&self, path: &Path) -> bool {
        self.roots.iter().any(|Rooted { root, .. }| path.starts_with(&root.path) || root.path.starts_with(path))
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
            exclusions: self.exclusions.clone(),
            takes_over: self.takes_over(index),
            origin: self.origin(known),
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
        known.stamp = Stamp::of_cursor(&known.source, cursor);
        known.offset = cursor.offset;
        known.head = head_of(cursor);
        known.failures = 0;
        known.vanished = false;
        // A torn last line or row, unless its rest comes, is taken as it is in the end.
        let is_torn = match known.source.kind {
            SourceKind::Rows => rows::waits(cursor),
            SourceKind::Section => cursor.size > cursor.offset,
            SourceKind::Lines | SourceKind::Document => {
                cursor.size > cursor.offset && !is_compressed(&known.source.path)
            }
        };
        known.retry_at = (is_torn && !known.take_torn).then(|| Instant::now() + torn_rest);
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

    /// The configuration leaves a source's session alone.
    pub(super) fn excluded(&mut self, agent: &'static str, path: &Path) {
        if let Some(index) = self.ended(agent, path) {
            self.known[index].excluded = true;
        }
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

    /// Whether nothing is queued, being read or being listed.
    pub(super) fn is_at_rest(&self) -> bool {
        self.queue.is_empty() && self.busy == 0 && !self.containers.is_listing()
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
            drafts: self.containers.drafts(),
            unreadable: self.unreadable.clone(),
        }
    }

    fn find_roots(&mut self) {
        self.roots.clear();
        // However a variable spells it: changes are heard of, and files found, under one name.
        let plain = |root: Root| Root { path: root.path.components().collect(), ..root };
        for agent in opensession_agents::registry::agents() {
            let is_wanted = self.config.watchers.enabled(agent.switch());
            if is_wanted && !self.config.privacy.excludes_agent(agent.id()) {
                let own = agent.roots(&self.environment).into_iter().map(plain);
                self.roots.extend(own.map(|root| Rooted { agent: *agent, root, home: None }));
                for home in &self.homes {
                    let theirs = home.roots(*agent).into_iter().map(plain);
                    self.roots.extend(theirs.map(|root| Rooted { agent: *agent, root, home: Some(home.clone()) }));
                }
            }
        }
    }

    /// Makes the exclusions anew: `~` is the home directory on every machine.
    fn exclude(&mut self) {
        let mut homes = vec![self.environment.home.clone()];
        homes.extend(self.homes.iter().filter_map(|home| home.original.clone()));
        self.exclusions = Arc::new(Exclusions::new(self.config.privacy.clone(), homes));
    }

    /// The machine that a source is from.
    fn origin(&self, known: &Known) -> Origin {
        match &known.host {
            Some(host) => Origin { host: Some(host.clone()), home: self.home_of(host).cloned() },
            None => Origin::default(),
        }
    }

    fn home_of(&self, host: &str) -> Option<&Arc<Home>> {
        self.homes.iter().find(|home| &*home.host == host)
    }

    fn insert(&mut self, known: Known) -> SourceIndex {
        let index = self.known.len();
        self.by_path.insert((known.agent.id(), known.source.path.clone()), index);
        let twins = self.by_native_id.entry((known.agent.id(), known.source.native_id.clone())).or_default();
        twins.push(index);
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

/// The beginning by which the content is recognised.
fn head_of(cursor: &Cursor) -> Option<(u64, u32)> {
    (cursor.head_length > 0).then_some((cursor.head, cursor.head_length))
}

impl Known {
    fn new(agent: &'static dyn Agent, source: Source, home: Option<&Arc<Home>>) -> Self {
        Self {
            agent,
            source: Arc::new(source),
            host: home.map(|home| home.host.clone()),
            id: None,
            head: None,
            stamp: Stamp::default(),
            offset: 0,
            busy: false,
            dirty: false,
            queued: false,
            live: false,
            take_torn: false,
            forgotten: false,
            excluded: false,
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
