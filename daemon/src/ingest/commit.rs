//! The committer: writes batches, then makes them searchable and tells subscribers.

use std::{
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Select, Sender, TryRecvError};
use opensession_agents::Cursor;
use opensession_protocol::{Forgotten, SessionEvent, SessionUpdate, Warning};
use tokio::sync::broadcast;

use super::{keep::Keep, scheduler::Signal};
use crate::{
    catalog::{Catalog, Directory, SessionKey},
    hosts::HostRow,
    indexing::Indexing,
    prices::Prices,
    store::{ChangeKind, Committed, SourceBatch, StoreError, Writer},
    texts::Texts,
    warnings::Warnings,
};

/// Batches written in one transaction at most.
const GROUP: usize = 16;
/// Events that are searchable only once they are on disk go there when no more have come for so long: what grew by much at
/// once, or was tried again, belongs to no round whose end would bring them there.
const BULK_IDLE: Duration = Duration::from_secs(1);
/// Fresh events go to disk after so long without a new one.
const FLUSH_IDLE: Duration = Duration::from_secs(20);
/// Fresh events go to disk after so long, whatever comes.
const FLUSH_LATEST: Duration = Duration::from_mins(2);
/// Sources at rest are packed after so long without anything to do.
const PACK_IDLE: Duration = Duration::from_mins(5);

/// Time between two steps of packing, so that it takes a small part of one core.
const PACK_PAUSE: Duration = Duration::from_secs(2);

/// What the committer is asked to do.
pub enum Commit {
    /// Write what was read.
    Batch {
        /// For the store.
        batch: Box<SourceBatch>,
        /// For the index.
        documents: Vec<crate::search::SearchDocument>,
        /// For subscribers.
        live_events: Vec<SessionEvent>,
        /// It should be searchable at once.
        live: bool,
        /// The source was read to its end.
        last: bool,
    },
    /// A source's file is gone.
    Vanished(i64),
    /// A source's file lies elsewhere now.
    Moved(i64, std::path::PathBuf),
    /// A source cannot be read as a whole: its agent and itself, and why.
    Failed(&'static str, Arc<opensession_agents::Source>, String),
    /// A container of the agent's could be listed: what failed before is over.
    Recovered(&'static str, std::path::PathBuf),
    /// Remember projects that a scan found.
    KeepProjects(Vec<std::path::PathBuf>, Sender<Result<(), StoreError>>),
    /// All that was found is read: fresh events may go to disk.
    RoundEnded,
    /// Forget a session.
    Forget(SessionKey, Sender<Result<Forgotten, StoreError>>),
    /// Remember a machine, and give its number.
    AddHost(HostRow, Sender<Result<u32, StoreError>>),
    /// Forget a machine; its sessions stay.
    RemoveHost(u32, Sender<Result<(), StoreError>>),
    /// A pull from a machine ended well: when, in milliseconds since 1970, and what its home directory is called there.
    HostPulled(u32, i64, std::path::PathBuf),
    /// Estimate costs by these prices from now on.
    Price(Arc<Prices>),
    /// Keep something for people, or forget it.
    Keep(Keep),
    /// Build the index anew, from the events or from the raw records.
    Rebuild(opensession_protocol::RebuildScope),
    /// Pack everything at rest now, and answer when it is done.
    Pack(Sender<()>),
    /// Answer once everything before is committed and searchable.
    Barrier(Sender<()>),
    /// Bring everything to disk and end.
    Stop,
}

/// What a committer is made of.
pub struct CommitterParts {
    /// The store.
    pub writer: Writer,
    /// The index.
    pub indexing: Indexing,
    /// The catalog's master copy.
    pub directory: Directory,
    /// Where readers find the catalog.
    pub catalog: Arc<RwLock<Arc<Catalog>>>,
    /// What is asked for.
    pub commits: Receiver<Commit>,
    /// The scheduler.
    pub signals: Sender<Signal>,
    /// Subscribers to sessions.
    pub updates: broadcast::Sender<Arc<SessionUpdate>>,
    /// What people should know.
    pub warnings: Arc<Warnings>,
    /// Texts of events, which are void where a session is read anew.
    pub texts: Arc<Texts>,
}

impl CommitterParts {
    /// Shows readers the sessions as they are now.
    pub(super) fn publish(&self) {
        let catalog = Arc::new(self.directory.snapshot());
        *self.catalog.write().unwrap_or_else(std::sync::PoisonError::into_inner) = catalog;
    }
}

/// The committer.
pub struct Committer {
    parts: CommitterParts,
    /// Since when fresh events wait for the disk, and the last one's time.
    fresh: Option<(Instant, Instant)>,
    /// When the last events came that are not searchable before they are on disk.
    bulk: Option<Instant>,
    /// Whether something was written since the last packing.
    unpacked: bool,
    /// Packing has begun, and there is more.
    packing: bool,
}

impl Committer {
    /// A committer.
    pub fn new(parts: CommitterParts) -> Self {
        Self { parts, fresh: None, bulk: None, unpacked: true, packing: false }
    }

    /// Works until it is asked to stop.
    pub fn run(mut self) {
        loop {
            let is_time = self.wait();
            let first = match self.parts.commits.try_recv() {
                Ok(commit) => commit,
                Err(TryRecvError::Empty) => {
                    self.idle(is_time);
                    continue;
                }
                Err(TryRecvError::Disconnected) => return self.stop(),
            };
            let mut group = vec![first];
            while group.len() < GROUP
                && matches!(group.last(), Some(Commit::Batch { .. }))
                && let Ok(next) = self.parts.commits.try_recv()
            {
                group.push(next);
            }
            let rest = match group.last() {
                Some(Commit::Batch { .. }) => None,
                _ => group.pop(),
            };
            if !group.is_empty() {
                self.write(group);
            }
            if let Some(Commit::Stop) = rest {
                return self.stop();
            }
            if let Some(commit) = rest {
                self.other(commit);
            }
        }
    }

    /// Waits until something is asked for, a rebuilt index is there, or it is time for what is done in between: then true.
    fn wait(&self) -> bool {
        if self.parts.indexing.has_work() {
            return false;
        }
        let mut select = Select::new();
        select.recv(&self.parts.commits);
        select.recv(self.parts.indexing.rebuilt());
        if let Some(deadline) = self.next_deadline() {
            select.ready_deadline(deadline).is_err()
        } else {
            select.ready();
            false
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let fresh = self.fresh.map(|(since, last)| (last + FLUSH_IDLE).min(since + FLUSH_LATEST));
        let bulk = self.bulk.map(|last| last + BULK_IDLE);
        let flush = [fresh, bulk].into_iter().flatten().min();
        let wait = if self.packing { PACK_PAUSE } else { PACK_IDLE };
        flush.or_else(|| self.unpacked.then(|| Instant::now() + wait))
    }

    fn idle(&mut self, is_time: bool) {
        if self.parts.indexing.has_work() {
            self.parts.indexing.work(&mut self.parts.writer, &mut self.parts.directory, &self.parts.warnings);
            self.parts.texts.forget();
            if !self.parts.indexing.has_work() {
                self.publish();
                self.flush();
            }
        } else if !is_time {
            // Woken for nothing.
        } else if self.fresh.is_some_and(|(_, last)| last.elapsed() >= FLUSH_IDLE) {
            // Nobody writes any more: what writing took goes back too.
            self.round_ended();
        } else if self.fresh.is_some() || self.bulk.is_some() {
            self.flush();
        } else if self.unpacked {
            self.unpacked = match self.parts.writer.pack_at_rest() {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "packing old frames failed; they stay as they are");
                    false
                }
            };
            self.packing = self.unpacked;
        }
    }

    /// Writes a group of batches in one transaction; when that fails, one by one, so that one bad batch spoils no other.
    fn write(&mut self, mut group: Vec<Commit>) {
        match self.write_transaction(&mut group) {
            Ok(committed) => self.written(group, committed),
            Err(_) if group.len() > 1 => {
                for commit in group {
                    self.write(vec![commit]);
                }
            }
            Err(error) => {
                for commit in group {
                    let Commit::Batch { batch, last, .. } = commit else { continue };
                    self.refused(&batch, last, &error);
                }
            }
        }
    }

    fn write_transaction(&mut self, group: &mut [Commit]) -> Result<Vec<Committed>, StoreError> {
        let writer = &self.parts.writer;
        let apply_all = |group: &mut [Commit]| {
            writer.begin()?;
            let mut committed = Vec::with_capacity(group.len());
            for commit in group {
                if let Commit::Batch { batch, .. } = commit {
                    committed.push(writer.apply(batch)?);
                }
            }
            writer.commit()?;
            Ok(committed)
        };
        apply_all(group).inspect_err(|_| writer.roll_back())
    }

    fn written(&mut self, group: Vec<Commit>, committed: Vec<Committed>) {
        self.parts.warnings.clear("store");
        self.unpacked = true;
        self.packing = false;
        let mut done = Vec::new();
        for (commit, committed) in group.into_iter().zip(committed) {
            let Commit::Batch { batch, mut documents, live_events, live, last } = commit else { continue };
            let batch = *batch;
            for (target, title) in batch.sessions.iter().flat_map(|session| &session.facts.titles_elsewhere) {
                self.parts.directory.put_title(target, title);
            }
            for change in &committed.changes {
                match change.kind {
                    ChangeKind::Restarted => {
                        self.parts.indexing.remove_session(change.session, change.sequence, &self.parts.warnings);
                        self.tell_restarted(&batch);
                    }
                    ChangeKind::Appended => {
                        for document in &mut documents {
                            document.session = change.session;
                        }
                        let documents = std::mem::take(&mut documents);
                        let now = Instant::now();
                        if !live {
                            self.bulk = Some(now);
                        } else if !documents.is_empty() {
                            self.fresh = Some((self.fresh.map_or(now, |(since, _)| since), now));
                        }
                        self.parts.indexing.add(change, documents, live, &self.parts.warnings);
                    }
                    ChangeKind::Forgotten => {}
                }
            }
            for session in batch.sessions {
                if !live_events.is_empty() {
                    self.tell(SessionUpdate::Events {
                        session: session.id.clone(),
                        agent: session.agent.to_owned(),
                        events: live_events.clone(),
                    });
                }
                if let Some(key) = session.key {
                    self.parts.directory.put(key, committed.source, session.entry);
                }
            }
            if last {
                done.push((batch.agent, batch.source.path.clone(), committed.source, batch.cursor));
            }
        }
        self.publish();
        for (agent, path, id, cursor) in done {
            self.done(agent, path, Some(id), Some(cursor));
        }
    }

    fn refused(&mut self, batch: &SourceBatch, last: bool, error: &StoreError) {
        if error.is_unwritable() {
            tracing::error!(%error, "the store cannot be written");
            self.parts.warnings.set(Warning {
                subject: "store".into(),
                message: format!("cannot write {}: {error}", self.parts.writer.store().path().display()),
                remedy: Some("free some space or make the folder writable; reading goes on by itself".into()),
            });
        } else {
            tracing::warn!(path = %batch.source.path.display(), %error, "a batch was refused");
        }
        if last {
            self.done(batch.agent, batch.source.path.clone(), batch.id, None);
        }
    }

    fn done(&self, agent: &'static str, path: std::path::PathBuf, id: Option<i64>, cursor: Option<Cursor>) {
        // The scheduler ends before the committer does; then nobody needs to hear it.
        self.parts.signals.send(Signal::Done { agent, path, id, cursor }).ok();
    }

    fn other(&mut self, commit: Commit) {
        let outcome = match commit {
            Commit::Batch { .. } | Commit::Stop => Ok(()),
            Commit::Vanished(id) => {
                self.parts.directory.set_file(id, None, true);
                self.publish();
                self.parts.writer.set_vanished(id, true)
            }
            Commit::Moved(id, path) => {
                self.parts.directory.set_file(id, Some(&path.display().to_string()), false);
                self.publish();
                self.parts.writer.move_source(id, &path)
            }
            Commit::Failed(agent, source, failure) => self
                .parts
                .writer
                .add_source(agent, &source, None)
                .and_then(|id| self.parts.writer.set_failure(id, Some(&failure))),
            Commit::Recovered(agent, path) => self.parts.writer.clear_failure(agent, &path),
            Commit::KeepProjects(projects, reply) => {
                let kept = self.parts.writer.keep_projects(&projects);
                if kept.is_ok() {
                    self.parts.signals.send(Signal::Projects(projects)).ok();
                }
                // The asker may have gone; the projects are kept all the same.
                reply.send(kept).ok();
                Ok(())
            }
            Commit::AddHost(host, reply) => {
                // The asker may have gone; the machine is remembered all the same.
                reply.send(self.parts.writer.add_host(&host)).ok();
                Ok(())
            }
            Commit::RemoveHost(id, reply) => {
                // The asker may have gone.
                reply.send(self.parts.writer.remove_host(id)).ok();
                Ok(())
            }
            Commit::HostPulled(id, time_ms, original) => self.parts.writer.host_pulled(id, time_ms, &original),
            Commit::RoundEnded => {
                self.round_ended();
                Ok(())
            }
            Commit::Forget(key, reply) => {
                let forgotten = self.forget(key);
                // The asker may have gone; the session is forgotten all the same.
                reply.send(forgotten).ok();
                Ok(())
            }
            Commit::Price(prices) => {
                self.parts.directory.set_prices(prices);
                self.publish();
                Ok(())
            }
            Commit::Keep(keep) => {
                keep.carry_out(&mut self.parts);
                Ok(())
            }
            Commit::Rebuild(scope) => {
                self.parts.indexing.begin_rebuild(scope, self.parts.writer.store(), &self.parts.warnings);
                Ok(())
            }
            Commit::Pack(reply) => {
                let mut packed = self.parts.writer.pack_at_rest();
                while let Ok(true) = packed {
                    packed = self.parts.writer.pack_at_rest();
                }
                // The asker may have gone.
                reply.send(()).ok();
                packed.map(drop)
            }
            Commit::Barrier(reply) => {
                if self.bulk.is_some() {
                    self.flush();
                }
                // The asker may have gone.
                reply.send(()).ok();
                Ok(())
            }
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "the store could not be changed");
        }
    }

    fn round_ended(&mut self) {
        if let Some(sequence) = self.parts.indexing.settle(&self.parts.warnings)
            && let Err(error) = self.parts.writer.prune_changes(sequence)
        {
            tracing::warn!(%error, "changes that the index has could not be dropped");
        }
        self.fresh = None;
        self.bulk = None;
    }

    fn forget(&mut self, key: SessionKey) -> Result<Forgotten, StoreError> {
        let entry = self.parts.directory.stored(key).cloned().unwrap_or_default();
        let writer = &self.parts.writer;
        writer.begin()?;
        let forget = || {
            writer.set_star(&entry.info.id, false)?;
            writer.forget(key)
        };
        let (change, bytes) = forget().inspect_err(|_| writer.roll_back())?;
        writer.commit()?;
        writer.checkpoint()?;
        self.parts.directory.remove(key);
        self.publish();
        self.parts.indexing.remove_session(key, change.sequence, &self.parts.warnings);
        self.flush();
        let path = std::path::Path::new(&entry.info.path);
        self.parts.signals.send(Signal::Forgotten(path.to_owned())).ok();
        self.tell(SessionUpdate::Forgotten { session: entry.info.id.clone() });
        // A session in a container is named by the container's path, `#` and its own id.
        let container = entry.info.path.rsplit_once('#').map(|(container, _)| std::path::Path::new(container));
        let file_left = [Some(path), container].into_iter().flatten().find(|path| path.exists());
        Ok(Forgotten { id: entry.info.id.clone(), bytes, file_left: file_left.map(|path| path.display().to_string()) })
    }

    fn flush(&mut self) {
        self.fresh = None;
        self.bulk = None;
        if let Some(sequence) = self.parts.indexing.flush(&self.parts.warnings)
            && let Err(error) = self.parts.writer.prune_changes(sequence)
        {
            tracing::warn!(%error, "changes that the index has could not be dropped");
        }
    }

    fn publish(&self) {
        self.parts.publish();
    }

    fn tell_restarted(&self, batch: &SourceBatch) {
        self.parts.texts.forget();
        for session in &batch.sessions {
            self.tell(SessionUpdate::Restarted { session: session.id.clone() });
        }
    }

    fn tell(&self, update: SessionUpdate) {
        // An error says that nobody listens.
        self.parts.updates.send(Arc::new(update)).ok();
    }

    fn stop(mut self) {
        self.flush();
        if let Err(error) = self.parts.writer.settle() {
            tracing::warn!(%error, "the store could not be settled; it will be at the next start");
        }
    }
}
