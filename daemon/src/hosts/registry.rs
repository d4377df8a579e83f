//! Every other machine whose sessions are kept: added, listed, pulled from, taken away.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use crossbeam_channel::{Receiver, Sender};
use jiff::Timestamp;
use opensession_agents::Agent;
use opensession_protocol::{HostInfo, HostProgress, HostState, config::DaemonConfig};
use tokio::sync::watch;

use super::{
    Address, Home,
    follow::{Follow, Order},
    mirror,
};
use crate::{
    catalog::Catalog,
    ingest::{Commit, Signal},
    store::StoreError,
    warnings::Warnings,
};

/// Seconds between two pulls, where nothing else is wanted.
pub(crate) const INTERVAL_SECS: u32 = 15 * 60;
/// Nobody is asked more often than this, in seconds.
pub(crate) const INTERVAL_LEAST_SECS: u32 = 60;

/// A machine as the store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostRow {
    /// Its number, in the order in which machines were added; filled in when it is written.
    pub id: u32,
    /// Its name.
    pub name: String,
    /// Stands for its home directory.
    pub folder: PathBuf,
    /// What the folder is below the home directory, where it is only a part of it.
    pub prefix: PathBuf,
    /// The home directory's path there, where it is known.
    pub original: Option<PathBuf>,
    /// Where it is pulled from; `None` for a folder that was imported.
    pub address: Option<String>,
    /// Seconds between two pulls.
    pub interval_secs: Option<u32>,
    /// When the last pull that succeeded ended, in milliseconds since 1970.
    pub last_pull_ms: Option<i64>,
}

/// What the machines are made of.
pub struct HostsParts {
    /// What the store knows of them.
    pub rows: Vec<HostRow>,
    /// The folder with a folder for each mirror.
    pub mirrors: PathBuf,
    /// The home directory of this machine's user.
    pub own_home: PathBuf,
    /// Which agents are read.
    pub config: Arc<DaemonConfig>,
    /// Every session.
    pub catalog: Arc<RwLock<Arc<Catalog>>>,
    /// The committer.
    pub commits: Sender<Commit>,
    /// The scheduler.
    pub signals: Sender<Signal>,
    /// What people should know.
    pub warnings: Arc<Warnings>,
}

/// Every other machine.
pub struct Hosts {
    shared: Arc<Shared>,
}

/// What the threads that pull share with those that answer.
pub(super) struct Shared {
    pub(super) parts: HostsParts,
    pub(super) config: RwLock<Arc<DaemonConfig>>,
    hosts: Mutex<BTreeMap<u32, Entry>>,
    changed: watch::Sender<u64>,
}

struct Entry {
    row: HostRow,
    outcome: Outcome,
    /// For a machine that is pulled from: how its thread is told.
    following: Option<Following>,
}

struct Following {
    orders: Sender<Order>,
    called_off: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// How the last pull ended, and how the one under way goes.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) progress: Option<HostProgress>,
    pub(super) next: Option<Timestamp>,
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) failure: Option<(String, String)>,
    pub(super) left: Vec<String>,
}

/// Why a machine is not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// Another one has the name.
    #[error("there is another machine called {0}")]
    NameTaken(String),
    /// The store cannot keep it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The daemon is ending.
    #[error("the daemon is ending")]
    Ending,
}

impl Hosts {
    /// The machines of `parts`; pulling begins.
    pub fn start(mut parts: HostsParts) -> Self {
        let rows = std::mem::take(&mut parts.rows);
        let config = RwLock::new(parts.config.clone());
        let (changed, _) = watch::channel(0);
        let shared = Arc::new(Shared { parts, config, hosts: Mutex::default(), changed });
        let hosts = Self { shared };
        for row in rows {
            hosts.insert(row, false);
        }
        hosts
    }

    /// What stands for home directories of the machines in `rows`.
    pub fn homes(rows: &[HostRow], own_home: &Path) -> Vec<Arc<Home>> {
        rows.iter().map(|row| Arc::new(home(row, own_home))).collect()
    }

    /// All machines, in the order in which they were added.
    pub fn list(&self) -> Vec<HostInfo> {
        let catalog = self.shared.parts.catalog.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut sessions: BTreeMap<&str, u64> = BTreeMap::new();
        for entry in catalog.iter().filter(|entry| entry.root == entry.key) {
            if let Some(host) = entry.info.host.as_deref() {
                *sessions.entry(host).or_default() += 1;
            }
        }
        let known: Vec<(HostRow, Outcome)> =
            self.shared.hosts().values().map(|entry| (entry.row.clone(), entry.outcome.clone())).collect();
        // Folders are looked at after the lock is given back: one on a network that is away may take its time.
        let info = |(row, outcome): &(HostRow, Outcome)| {
            info(row, outcome, sessions.get(row.name.as_str()).copied().unwrap_or(0))
        };
        known.iter().map(info).collect()
    }

    /// Where a machine is pulled from.
    pub fn address(&self, name: &str) -> Option<Address> {
        let hosts = self.shared.hosts();
        let entry = hosts.values().find(|entry| entry.row.name == name)?;
        entry.row.address.as_deref()?.parse().ok()
    }

    /// The machine of that name, or with that folder or address.
    pub fn find(&self, is_wanted: impl Fn(&HostRow) -> bool) -> Option<HostRow> {
        self.shared.hosts().values().map(|entry| &entry.row).find(|row| is_wanted(row)).cloned()
    }

    /// Adds a machine and follows it; one that is pulled from gets its mirror's folder.
    pub fn add(&self, mut row: HostRow) -> Result<HostRow, AddError> {
        if self.find(|known| known.name.eq_ignore_ascii_case(&row.name)).is_some() {
            return Err(AddError::NameTaken(row.name));
        }
        if row.address.is_some() {
            row.folder = mirror::home_in(&self.mirror(&row.name));
        }
        let (reply, added) = crossbeam_channel::bounded(1);
        self.commit(Commit::AddHost(row.clone(), reply));
        row.id = added.recv().map_err(|_| AddError::Ending)??;
        self.insert(row.clone(), true);
        self.shared.tell_homes();
        Ok(row)
    }

    /// Follows a machine no longer; gives it, if there was one. Its mirror goes.
    pub fn remove(&self, name: &str) -> Result<Option<HostRow>, AddError> {
        let Some(row) = self.find(|row| row.name == name) else { return Ok(None) };
        let (reply, removed) = crossbeam_channel::bounded(1);
        self.commit(Commit::RemoveHost(row.id, reply));
        removed.recv().map_err(|_| AddError::Ending)??;
        let entry = self.shared.hosts().remove(&row.id);
        if let Some(following) = entry.and_then(|entry| entry.following) {
            end([following]);
        }
        self.shared.parts.warnings.clear(&subject(&row.name));
        self.shared.tell_homes();
        self.shared.tell();
        if row.address.is_some() {
            let folder = self.mirror(&row.name);
            if let Err(error) = std::fs::remove_dir_all(&folder)
                && error.kind() != std::io::ErrorKind::NotFound
            {
                tracing::warn!(%error, folder = %folder.display(), "a mirror is left");
            }
        }
        Ok(Some(row))
    }

    /// Asks for a pull now, from the machine of that name or from all; each answer comes when its pull has ended.
    pub fn sync(&self, name: Option<&str>) -> Vec<Receiver<()>> {
        let hosts = self.shared.hosts();
        let wanted = hosts.values().filter(|entry| name.is_none_or(|name| entry.row.name == name));
        let asked = wanted.filter_map(|entry| entry.following.as_ref()).map(|following| {
            let (reply, ended) = crossbeam_channel::bounded(1);
            // It is gone only when the machine is taken away.
            following.orders.send(Order::Pull(reply)).ok();
            ended
        });
        asked.collect()
    }

    /// Takes another configuration.
    pub fn configure(&self, config: Arc<DaemonConfig>) {
        *self.shared.config.write().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// Changes whenever something about the machines does.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// Breaks pulls off, and waits until they have ended.
    pub fn stop(&self) {
        let following: Vec<Following> =
            self.shared.hosts().values_mut().filter_map(|entry| entry.following.take()).collect();
        end(following);
    }

    fn insert(&self, row: HostRow, is_new: bool) {
        let id = row.id;
        let following = match row.address.as_deref().map(str::parse::<Address>) {
            Some(Ok(address)) => self.follow(&row, address, is_new),
            Some(Err(error)) => {
                tracing::error!(host = row.name, %error, "its address is not understood; it is not pulled from");
                None
            }
            None => None,
        };
        self.shared.hosts().insert(id, Entry { row, outcome: Outcome::default(), following });
        self.shared.tell();
    }

    fn follow(&self, row: &HostRow, address: Address, is_new: bool) -> Option<Following> {
        let (orders, received) = crossbeam_channel::unbounded();
        let called_off = Arc::new(AtomicBool::new(false));
        let follow = Follow {
            shared: self.shared.clone(),
            row: row.clone(),
            address,
            folder: self.mirror(&row.name),
            orders: received,
            called_off: called_off.clone(),
            waits_for_order: is_new,
        };
        let spawned = std::thread::Builder::new().name("pull".into()).spawn(move || follow.run());
        match spawned {
            Ok(thread) => Some(Following { orders, called_off, thread }),
            Err(error) => {
                tracing::error!(host = row.name, %error, "no thread can be started; it is not pulled from");
                None
            }
        }
    }

    fn mirror(&self, name: &str) -> PathBuf {
        self.shared.parts.mirrors.join(name)
    }

    fn commit(&self, commit: Commit) {
        // It is gone only when the daemon ends.
        self.shared.parts.commits.send(commit).ok();
    }
}

impl Shared {
    fn hosts(&self) -> MutexGuard<'_, BTreeMap<u32, Entry>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something about a machine changed.
    pub(super) fn update(&self, id: u32, change: impl FnOnce(&mut HostRow, &mut Outcome)) {
        if let Some(entry) = self.hosts().get_mut(&id) {
            change(&mut entry.row, &mut entry.outcome);
        }
        self.tell();
    }

    /// The scheduler hears which home directories there are.
    pub(super) fn tell_homes(&self) {
        let rows: Vec<HostRow> = self.hosts().values().map(|entry| entry.row.clone()).collect();
        // It is gone only when the daemon ends.
        self.parts.signals.send(Signal::Homes(Hosts::homes(&rows, &self.parts.own_home))).ok();
    }

    /// Agents that are read.
    pub(super) fn agents(&self) -> Vec<&'static dyn Agent> {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner).clone();
        let is_wanted =
            |agent: &&dyn Agent| config.watchers.enabled(agent.switch()) && !config.privacy.excludes_agent(agent.id());
        opensession_agents::registry::agents().iter().copied().filter(is_wanted).collect()
    }

    fn tell(&self) {
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }
}

/// The subject of warnings about a machine.
pub(super) fn subject(name: &str) -> String {
    format!("remote {name}")
}

fn end(following: impl IntoIterator<Item = Following>) {
    let following: Vec<Following> = following.into_iter().collect();
    for Following { called_off, orders, .. } in &following {
        called_off.store(true, Ordering::Relaxed);
        // One that has ended needs no telling.
        orders.send(Order::End).ok();
    }
    for Following { thread, .. } in following {
        if thread.join().is_err() {
            tracing::error!("a pull ended by a fault");
        }
    }
}

fn home(row: &HostRow, own_home: &Path) -> Home {
    Home {
        host: row.name.as_str().into(),
        seniority: row.id,
        folder: row.folder.clone(),
        prefix: row.prefix.clone(),
        original: row.original.clone(),
        own_home: own_home.to_owned(),
    }
}

fn info(row: &HostRow, outcome: &Outcome, sessions: u64) -> HostInfo {
    let is_there = row.folder.is_dir();
    let absent = || {
        let what = format!("{} is not there", row.folder.display());
        (what, "mount it; what was read of it is kept".to_owned())
    };
    let failure = match (&outcome.failure, &row.address) {
        (Some(failure), _) => Some(failure.clone()),
        (None, None) if !is_there => Some(absent()),
        _ => None,
    };
    let state = match (&row.address, &outcome.progress) {
        (Some(_), Some(_)) => HostState::Pulling,
        _ if failure.is_some() => HostState::Away,
        (Some(_), None) => HostState::Waiting,
        (None, _) => HostState::Followed,
    };
    let (failure, remedy) = failure.unzip();
    HostInfo {
        name: row.name.clone(),
        folder: row.folder.display().to_string(),
        address: row.address.clone(),
        state,
        sessions,
        interval_secs: row.interval_secs,
        last_pull: row.last_pull_ms.and_then(|time| Timestamp::from_millisecond(time).ok()),
        next_pull: outcome.next,
        progress: outcome.progress,
        files: outcome.files,
        bytes: outcome.bytes,
        failure,
        remedy,
        left: outcome.left.clone(),
    }
}
