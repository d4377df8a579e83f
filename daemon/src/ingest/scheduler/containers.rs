//! Files that hold several sessions each, and when they are listed.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

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

/// Every container that was found since the start.
#[derive(Default)]
pub(super) struct Containers {
    known: FxHashMap<(&'static str, PathBuf), Container>,
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

struct Container {
    agent: &'static dyn Agent,
    home: Option<Arc<Home>>,
    /// As it was when it was listed last: itself and its write-ahead log. Empty for a folder, which tells nothing.
    stamp: Option<[Option<Stamp>; 2]>,
    mark: Vec<u8>,
    listed: Option<Instant>,
    due: Option<Instant>,
    failures: u32,
    drafts: u64,
    gone: bool,
}

impl Containers {
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
            gone: false,
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
        self.known.values().filter_map(|container| container.due).min()
    }

    /// Lists those whose time has come.
    pub(super) fn list_due(&mut self, now: Instant) -> Vec<Listed> {
        let due = self.known.iter_mut().filter(|(_, container)| container.due.is_some_and(|due| due <= now));
        due.map(|((_, path), container)| container.list(path, now)).collect()
    }

    /// Lists those that are not as they were when they were listed last.
    pub(super) fn list_changed(&mut self, now: Instant) -> Vec<Listed> {
        let changed = self.known.iter_mut().filter(|((_, path), container)| {
            let retries = container.failures > 0 && container.due.is_some();
            !retries && (container.stamp.is_none() || container.stamp != stamp(path))
        });
        changed.map(|((_, path), container)| container.list(path, now)).collect()
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
    fn list(&mut self, path: &Path, now: Instant) -> Listed {
        // Looked at before it is listed: what changes meanwhile is seen next time.
        let stamp = stamp(path);
        let mut sources = Vec::new();
        let since = (!self.mark.is_empty()).then_some(self.mark.as_slice());
        let outcome = self.agent.sources_in(path, since, &mut |source| sources.push(source));
        self.due = None;
        self.listed = Some(now);
        let outcome = match outcome {
            Ok(listing) => {
                self.failures = 0;
                self.gone = false;
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
                self.gone = true;
                Ok((Vec::new(), None))
            }
            Err(error) => {
                self.failures += 1;
                let wait = RETRY_FIRST.saturating_mul(1 << self.failures.min(16).saturating_sub(1));
                self.due = Some(now + wait.min(RETRY_LONGEST));
                Err(error.to_string())
            }
        };
        Listed { agent: self.agent, container: path.to_owned(), home: self.home.clone(), outcome }
    }
}

/// When the container was last written to, in nanoseconds since 1970.
pub(super) fn written_ns(path: &Path) -> i64 {
    let parts = [path.to_owned(), database::log_of(path)];
    let times = parts.iter().filter_map(|part| fs::metadata(part).ok());
    times.map(|stat| stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec())).max().unwrap_or(0)
}

fn stamp(path: &Path) -> Option<[Option<Stamp>; 2]> {
    let own = Stamp::of_file(path)?;
    Some([Some(own), Stamp::of_file(&database::log_of(path))])
}
