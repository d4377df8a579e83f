//! Files that hold several sessions each, and when they are listed.
//!
//! Small ones are listed at once. A large one, of which the first listing may take seconds, is listed on a thread of its
//! own, so that no other session waits for it.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use opensession_agents::{Agent, CutError, Listing, Source, database};
use rustc_hash::FxHashMap;

use super::stamp::Stamp;
use crate::hosts::Home;

/// A container that is written to without pause is listed this often.
const PACE: Duration = Duration::from_millis(150);
/// A container that could not be listed is tried again after so long, doubled at each failure.
const RETRY_FIRST: Duration = Duration::from_secs(2);
/// A container that could not be listed is tried again at least this often.
const RETRY_LONGEST: Duration = Duration::from_mins(10);

/// Containers of more bytes are listed apart.
const LARGE_BYTES: u64 = 16 << 20;

/// Every container that was found since the start.
#[derive(Default)]
pub(super) struct Containers {
    known: FxHashMap<(&'static str, PathBuf), Container>,
    /// Where large ones are listed; all are listed at once without it.
    apart: Option<Sender<ToList>>,
    /// How many are being listed apart.
    waiting: usize,
}

/// What listing a container gave.
pub(super) struct Listed {
    pub(super) agent: &'static dyn Agent,
    pub(super) container: PathBuf,
    /// The home directory of another machine that it lies in.
    pub(super) home: Option<Arc<Home>>,
    /// The sessions it named, and the listing; without one the container is gone. Or why it could not be listed.
    pub(super) outcome: Result<(Vec<Source>, Option<Listing>), String>,
}

/// A container that is to be listed.
pub(super) struct ToList {
    agent: &'static dyn Agent,
    container: PathBuf,
    mark: Vec<u8>,
    stamp: Option<ContainerStamp>,
}

/// A container that was listed, before anything was made of it.
pub struct RawListing {
    to_list: ToList,
    sources: Vec<Source>,
    outcome: Result<Listing, CutError>,
}

/// Itself and its write-ahead log. There is none for a folder, which tells nothing.
type ContainerStamp = [Option<Stamp>; 2];

/// Lists containers, one after the other, until nobody asks any more.
pub(super) fn list_apart(asked: &Receiver<ToList>, mut told: impl FnMut(RawListing)) {
    for to_list in asked {
        told(to_list.list());
    }
}

impl ToList {
    fn list(self) -> RawListing {
        let mut sources = Vec::new();
        let since = (!self.mark.is_empty()).then_some(self.mark.as_slice());
        let listing = std::panic::AssertUnwindSafe(|| {
            self.agent.sources_in(&self.container, since, &mut |source| sources.push(source))
        });
        // A fault in one reader must not end the reading of all other sessions.
        let outcome = std::panic::catch_unwind(listing)
            .unwrap_or_else(|_| Err(CutError::Malformed("a fault in the reader; see the log".to_owned())));
        RawListing { to_list: self, sources, outcome }
    }
}

struct Container {
    agent: &'static dyn Agent,
    /// As it was when it was listed last.
    stamp: Option<ContainerStamp>,
    home: Option<Arc<Home>>,
    mark: Vec<u8>,
    listed: Option<Instant>,
    due: Option<Instant>,
    failures: u32,
    drafts: u64,
    /// Being listed apart.
    is_listed: bool,
}

impl Containers {
    /// Lists large ones by `apart` from now on; what comes of it is to be given to [`Containers::listed`].
    pub(super) fn list_apart(&mut self, apart: Sender<ToList>) {
        self.apart = Some(apart);
    }

    /// There is such a container.
    pub(super) fn find(&mut self, agent: &'static dyn Agent, path: PathBuf, home: Option<&Arc<Home>>) {
        if home.is_some_and(|home| !home.holds_file(&path)) {
            return;
        }
        self.known.entry((agent.id(), path)).or_insert_with(|| Container {
            agent,
            home: home.cloned(),
            stamp: None,
            mark: Vec::new(),
            listed: None,
            due: None,
            failures: 0,
            drafts: 0,
            is_listed: false,
        });
    }

    /// Something in the container changed: it is listed soon.
    pub(super) fn touch(&mut self, agent: &'static dyn Agent, path: PathBuf, home: Option<&Arc<Home>>, now: Instant) {
        self.find(agent, path.clone(), home);
        if let Some(container) = self.known.get_mut(&(agent.id(), path)) {
            let soonest = container.listed.map_or(now, |listed| now.max(listed + PACE));
            container.due.get_or_insert(soonest);
        }
    }

    /// When the next container is to be listed.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.known.values().filter(|container| !container.is_listed).filter_map(|container| container.due).min()
    }

    /// Whether one is being listed apart.
    pub(super) fn is_listing(&self) -> bool {
        self.waiting > 0
    }

    /// Lists those whose time has come; gives what came of those that are not listed apart.
    pub(super) fn list_due(&mut self, now: Instant) -> Vec<Listed> {
        self.list(now, |_, container| container.due.is_some_and(|due| due <= now))
    }

    /// Lists those that are not as they were when they were listed last.
    pub(super) fn list_changed(&mut self, now: Instant) -> Vec<Listed> {
        self.list(now, |path, container| {
            let retries = container.failures > 0 && container.due.is_some();
            !retries && (container.stamp.is_none() || container.stamp != stamp(path))
        })
    }

    fn list(&mut self, now: Instant, is_wanted: impl Fn(&Path, &Container) -> bool) -> Vec<Listed> {
        let wanted =
            self.known.iter().filter(|((_, path), container)| !container.is_listed && is_wanted(path, container));
        let wanted: Vec<_> = wanted.map(|(name, _)| name.clone()).collect();
        wanted.into_iter().filter_map(|name| self.begin(name, now)).collect()
    }

    fn begin(&mut self, name: (&'static str, PathBuf), now: Instant) -> Option<Listed> {
        let container = self.known.get_mut(&name)?;
        // Looked at before it is listed: what changes meanwhile is seen next time.
        let stamp = stamp(&name.1);
        container.due = None;
        container.listed = Some(now);
        let size: u64 = stamp.iter().flatten().flatten().map(|stamp| stamp.size).sum();
        let to_list = ToList { agent: container.agent, container: name.1, mark: container.mark.clone(), stamp };
        let Some(apart) = self.apart.as_ref().filter(|_| size > LARGE_BYTES) else {
            return self.take(to_list.list());
        };
        match apart.send(to_list) {
            Ok(()) => {
                container.is_listed = true;
                self.waiting += 1;
                None
            }
            Err(unsent) => self.take(unsent.0.list()),
        }
    }

    /// One was listed apart.
    pub(super) fn listed(&mut self, listing: RawListing) -> Option<Listed> {
        self.waiting = self.waiting.saturating_sub(1);
        self.take(listing)
    }

    fn take(&mut self, listing: RawListing) -> Option<Listed> {
        let RawListing { to_list: ToList { agent, container: path, stamp, .. }, sources, outcome } = listing;
        let container = self.known.get_mut(&(agent.id(), path.clone()))?;
        container.is_listed = false;
        let outcome = container.take(stamp, sources, outcome);
        Some(Listed { agent, container: path, home: container.home.clone(), outcome })
    }

    /// Sessions in which nothing was ever said, by agent.
    pub(super) fn drafts(&self) -> Vec<(&'static str, u64)> {
        let mut drafts = BTreeMap::new();
        for ((agent, _), container) in &self.known {
            *drafts.entry(*agent).or_default() += container.drafts;
        }
        drafts.into_iter().filter(|(_, drafts)| *drafts > 0).collect()
    }
}

impl Container {
    fn take(
        &mut self,
        stamp: Option<ContainerStamp>,
        sources: Vec<Source>,
        outcome: Result<Listing, CutError>,
    ) -> Result<(Vec<Source>, Option<Listing>), String> {
        match outcome {
            Ok(listing) => {
                self.failures = 0;
                self.stamp = stamp;
                self.mark.clone_from(&listing.mark);
                if listing.whole {
                    self.drafts = listing.drafts;
                }
                Ok((sources, Some(listing)))
            }
            Err(CutError::Gone) => {
                self.stamp = None;
                self.mark.clear();
                self.failures = 0;
                self.drafts = 0;
                Ok((Vec::new(), None))
            }
            Err(error) => {
                self.failures += 1;
                let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16).saturating_sub(1));
                self.due = Some(Instant::now() + wait.min(RETRY_LONGEST));
                Err(error.to_string())
            }
        }
    }
}

/// When the container was last written to, in nanoseconds since 1970.
pub(super) fn written_ns(path: &Path) -> i64 {
    let parts = [path.to_owned(), database::log_of(path)];
    let times = parts.iter().filter_map(|part| fs::metadata(part).ok());
    times.map(|stat| stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec())).max().unwrap_or(0)
}

fn stamp(path: &Path) -> Option<ContainerStamp> {
    let own = Stamp::of_file(path)?;
    Some([Some(own), Stamp::of_file(&database::log_of(path))])
}
