//! Looking at what is there: everything, a container, or a file that changed; and queueing what changed.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use opensession_agents::{Agent, Problem, Source};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    super::{
        containers::{self, Listed, RawListing},
        stamp::{Stamp, Stamper},
    },
    Known, Rooted, SourceIndex, Sources,
};

/// Folders that could not be read, remembered at most.
const UNREADABLE_MOST: usize = 100;

/// What a session in a container, of which nothing was read yet, is taken to hold.
const CONTAINED_BYTES: u64 = 64 << 10;

/// What a rescan found.
#[derive(Default)]
pub(in crate::ingest::scheduler) struct Rescan {
    /// Sources whose files are gone.
    pub(in crate::ingest::scheduler) vanished: Vec<i64>,
    /// Sources whose files lie elsewhere now.
    pub(in crate::ingest::scheduler) moved: Vec<(i64, PathBuf)>,
    /// Containers that cannot be listed, and why.
    pub(in crate::ingest::scheduler) failed: Vec<(&'static dyn Agent, PathBuf, String)>,
    /// Containers that were listed.
    pub(in crate::ingest::scheduler) recovered: Vec<(&'static dyn Agent, PathBuf)>,
    /// Folders that cannot be read.
    pub(in crate::ingest::scheduler) problems: Vec<Problem>,
    /// There is enough to read that it goes straight to disk.
    pub(in crate::ingest::scheduler) bulk: bool,
}

impl Sources {
    /// Looks at every root again and queues what changed, newest first.
    pub(in crate::ingest::scheduler) fn rescan(&mut self, live_bytes: u64, torn_rest: Duration) -> Rescan {
        self.find_roots();
        let mut rescan = Rescan::default();
        let mut changed = Vec::new();
        let mut seen: FxHashSet<SourceIndex> = FxHashSet::default();
        let mut new = Vec::new();
        let mut stamper = Stamper::default();
        self.unreadable.clear();
        for Rooted { agent, root, home } in self.roots.clone() {
            let problems = agent.find(&root, &mut |source| {
                let Some(stamp) = stamper.stamp(&source.path) else { return };
                if let Some(index) = self.by_path.get(&(agent.id(), source.path.clone())).copied() {
                    if seen.insert(index) && self.differs(index, stamp) {
                        let known = &mut self.known[index];
                        known.source = Arc::new(source);
                        changed.push((stamp, index));
                    }
                } else if home.as_ref().is_none_or(|home| home.holds(&source)) {
                    new.push((agent, source, home.clone(), stamp));
                }
            });
            let containers =
                agent.containers(&root, &mut |container| self.containers.find(agent, container, home.as_ref()));
            for problem in problems.into_iter().chain(containers) {
                if self.unreadable.len() < UNREADABLE_MOST {
                    self.unreadable.push((agent.id(), problem.reason.clone()));
                }
                rescan.problems.push(problem);
            }
        }
        let mut gone: FxHashMap<(&'static str, String), SourceIndex> = FxHashMap::default();
        for (index, known) in self.known.iter_mut().enumerate() {
            if known.source.container().is_some() {
                continue;
            }
            if seen.contains(&index) {
                // As when a disk is mounted again: nothing in it changed, so it is not read.
                if std::mem::take(&mut known.vanished)
                    && let Some(id) = known.id
                {
                    rescan.moved.push((id, known.source.path.clone()));
                }
            } else if !known.vanished && !known.busy && Stamp::of_file(&known.source.path).is_none() {
                gone.insert((known.agent.id(), known.source.native_id.clone()), index);
            }
        }
        for listed in self.containers.list_changed(Instant::now()) {
            self.take_listing(listed, &mut changed, &mut rescan);
        }
        for (agent, source, home, stamp) in new {
            // A file of a session whose own file is gone: it was moved, as agents do when they archive a session.
            let moved = gone.remove(&(agent.id(), source.native_id.clone()));
            let host = home.as_ref().map(|home| &home.host);
            let index = match moved.filter(|index| self.known[*index].host.as_ref() == host) {
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
                None => self.insert(Known::new(agent, source, home.as_ref())),
            };
            changed.push((stamp, index));
        }
        for index in gone.into_values() {
            self.known[index].vanished = true;
            rescan.vanished.extend(self.known[index].id);
        }
        self.queue_changed(changed, live_bytes, torn_rest, &mut rescan);
        rescan
    }

    /// Lists the containers that changed and whose time has come, and queues what changed in them.
    pub(in crate::ingest::scheduler) fn list_due(
        &mut self,
        now: Instant,
        live_bytes: u64,
        torn_rest: Duration,
    ) -> Rescan {
        let mut rescan = Rescan::default();
        let mut changed = Vec::new();
        for listed in self.containers.list_due(now) {
            self.take_listing(listed, &mut changed, &mut rescan);
        }
        self.queue_changed(changed, live_bytes, torn_rest, &mut rescan);
        rescan
    }

    /// Takes what listing a container apart gave, and queues what changed in it.
    pub(in crate::ingest::scheduler) fn listed(
        &mut self,
        listing: RawListing,
        live_bytes: u64,
        torn_rest: Duration,
    ) -> Rescan {
        let mut rescan = Rescan::default();
        let mut changed = Vec::new();
        if let Some(listed) = self.containers.listed(listing) {
            self.take_listing(listed, &mut changed, &mut rescan);
        }
        self.queue_changed(changed, live_bytes, torn_rest, &mut rescan);
        rescan
    }

    /// A file changed: queues its source before all others. False when it is no source's file.
    pub(in crate::ingest::scheduler) fn touch(&mut self, path: &Path, live_bytes: u64) -> bool {
        let path: &Path = &path.components().collect::<PathBuf>();
        let mut roots = self.roots.iter().filter(|rooted| is_below(path, &rooted.root.path));
        let found = roots.find_map(|Rooted { agent, root, home }| {
            let container = agent.container_at(root, path).map(Touched::Container);
            let touched = container.or_else(|| agent.source_at(root, path).map(Touched::Source))?;
            Some((*agent, touched, home.clone()))
        });
        let (agent, source, home) = match found {
            None => return false,
            Some((agent, Touched::Container(container), home)) => {
                self.containers.touch(agent, container, home.as_ref(), Instant::now());
                return true;
            }
            Some((agent, Touched::Source(source), home)) => (agent, source, home),
        };
        let stamp = Stamp::of_file(&source.path);
        let index = match self.by_path.get(&(agent.id(), source.path.clone())) {
            Some(index) => *index,
            None if stamp.is_none() || home.as_ref().is_some_and(|home| !home.holds(&source)) => return false,
            None => self.insert(Known::new(agent, source.clone(), home.as_ref())),
        };
        if self.known[index].forgotten || self.known[index].excluded || self.is_shadowed(index) {
            return true;
        }
        let known = &mut self.known[index];
        if known.source.side_files != source.side_files {
            known.source = Arc::new(source);
        }
        let growth = stamp.map_or(0, |stamp| stamp.size).saturating_sub(known.offset);
        known.live = growth <= live_bytes;
        self.enqueue(index, true);
        true
    }

    fn queue_changed(
        &mut self,
        mut changed: Vec<(Stamp, SourceIndex)>,
        live_bytes: u64,
        torn_rest: Duration,
        rescan: &mut Rescan,
    ) {
        changed.retain(|(_, index)| !self.is_shadowed(*index));
        changed.sort_by_key(|(stamp, _)| std::cmp::Reverse(stamp.modified_ns));
        let growth = |known: &Known, stamp: &Stamp| match known.source.container() {
            Some(_) if known.id.is_none() => CONTAINED_BYTES,
            Some(_) => 0,
            None => stamp.size.saturating_sub(known.offset),
        };
        let bytes: u64 = changed.iter().map(|(stamp, index)| growth(&self.known[*index], stamp)).sum();
        rescan.bulk = bytes > live_bytes;
        let at_rest_before = jiff::Timestamp::now().as_nanosecond() as i64 - torn_rest.as_nanos() as i64;
        for (stamp, index) in changed {
            let known = &mut self.known[index];
            *self.bytes_at_start.entry(known.agent.id()).or_default() += growth(known, &stamp);
            known.live = !rescan.bulk;
            // Agents end some files without a line terminator; nothing more comes to a file that has long been at rest.
            let written = known.source.container().map_or(stamp.modified_ns, containers::written_ns);
            known.take_torn = at_rest_before > written;
            self.enqueue(index, false);
        }
    }

    /// Takes what a container's listing told: sessions that are new or changed into `changed`, those that went into
    /// `rescan`.
    fn take_listing(&mut self, listed: Listed, changed: &mut Vec<(Stamp, SourceIndex)>, rescan: &mut Rescan) {
        let Listed { agent, container, home, outcome } = listed;
        let (sources, listing) = match outcome {
            Ok(listed) => listed,
            Err(failure) => {
                rescan.failed.push((agent, container, failure));
                return;
            }
        };
        if let Some(listing) = &listing {
            rescan.recovered.push((agent, container.clone()));
            rescan.problems.extend(listing.problems.iter().cloned());
        }
        let mut seen: FxHashSet<SourceIndex> = FxHashSet::default();
        for source in sources {
            let stamp = Stamp::of_version(&source);
            let index = match self.by_path.get(&(agent.id(), source.path.clone())).copied() {
                Some(index) => {
                    let differs = self.differs(index, stamp);
                    let known = &mut self.known[index];
                    if std::mem::take(&mut known.vanished) {
                        rescan.moved.extend(known.id.map(|id| (id, known.source.path.clone())));
                    }
                    if known.busy && known.source.version != source.version {
                        known.dirty = true;
                    }
                    known.source = Arc::new(source);
                    seen.insert(index);
                    if !differs {
                        continue;
                    }
                    index
                }
                None => self.insert(Known::new(agent, source, home.as_ref())),
            };
            seen.insert(index);
            changed.push((stamp, index));
        }
        // Without a listing the container itself is gone.
        if listing.is_none_or(|listing| listing.whole) {
            for (index, known) in self.known.iter_mut().enumerate() {
                let is_gone = !seen.contains(&index)
                    && !known.vanished
                    && !known.busy
                    && known.agent.id() == agent.id()
                    && known.source.container() == Some(&*container);
                if is_gone {
                    known.vanished = true;
                    rescan.vanished.extend(known.id);
                }
            }
        }
    }

    fn differs(&self, index: SourceIndex, stamp: Stamp) -> bool {
        let known = &self.known[index];
        !known.forgotten
            && !known.excluded
            && !known.queued
            && known.stamp != stamp
            && (known.failures == 0 || known.retry_at.is_none())
    }
}

/// What a changed file belongs to.
enum Touched {
    Container(PathBuf),
    Source(Source),
}

/// Whether a path lies in a folder; both are spelled plainly, so that their bytes tell. Most folders are others.
fn is_below(path: &Path, folder: &Path) -> bool {
    let rest = path.as_os_str().as_encoded_bytes().strip_prefix(folder.as_os_str().as_encoded_bytes());
    rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/' | b'\\')) || folder.parent().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_tell_what_lies_below() {
        let below = |path: &str, folder: &str| is_below(Path::new(path), Path::new(folder));
        for (path, folder) in [("/a/b", "/a/b"), ("/a/b/c", "/a/b"), ("/a", "/")] {
            assert!(below(path, folder) && Path::new(path).starts_with(folder), "{path} {folder}");
        }
        for (path, folder) in [("/a/bc", "/a/b"), ("/a", "/a/b"), ("/x/a/b", "/a/b")] {
            assert!(!below(path, folder) && !Path::new(path).starts_with(folder), "{path} {folder}");
        }
    }
}
