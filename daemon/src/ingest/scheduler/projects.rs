//! Folders of projects, for agents that keep their sessions in them: where other sessions took place, and what a scan
//! found.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::{Catalog, SessionKey};

/// Ancestors of a session's directory in which its repository is looked for.
const ANCESTORS: usize = 8;
/// Projects followed at most: each costs a watch.
const PROJECTS_MOST: usize = 2000;

/// Folders of projects.
pub(super) struct Projects {
    catalog: Arc<RwLock<Arc<Catalog>>>,
    scanned: Vec<PathBuf>,
    /// The work tree around each directory that was looked at; itself where there is none.
    around: FxHashMap<String, Option<PathBuf>>,
}

impl Projects {
    pub(super) fn new(catalog: Arc<RwLock<Arc<Catalog>>>, scanned: Vec<PathBuf>) -> Self {
        Self { catalog, scanned, around: FxHashMap::default() }
    }

    /// A scan found these.
    pub(super) fn add(&mut self, projects: Vec<PathBuf>) {
        self.scanned.extend(projects);
        self.scanned.sort();
        self.scanned.dedup();
    }

    /// Sessions whose last record is older than `before_ms`, in milliseconds since 1970; none of which it is unknown.
    pub(super) fn untouched_since(&self, before_ms: i64) -> Vec<SessionKey> {
        let catalog = self.catalog.read().unwrap_or_else(PoisonError::into_inner).clone();
        let outdated = catalog.iter().filter(|entry| entry.updated_ms != 0 && entry.updated_ms < before_ms);
        outdated.map(|entry| entry.key).collect()
    }

    /// Every project that is known now, in order. Directories that do not exist are none.
    pub(super) fn known(&mut self) -> Vec<PathBuf> {
        let catalog = self.catalog.read().unwrap_or_else(PoisonError::into_inner).clone();
        let directories: FxHashSet<&str> = catalog.iter().filter_map(|entry| entry.info.cwd.as_deref()).collect();
        let mut projects = self.scanned.clone();
        for directory in directories {
            let around = match self.around.get(directory) {
                Some(around) => around,
                None => self.around.entry(directory.to_owned()).or_insert_with(|| around(Path::new(directory))),
            };
            projects.extend(around.clone());
        }
        projects.sort();
        projects.dedup();
        projects.truncate(PROJECTS_MOST);
        projects
    }
}

/// The work tree that a directory is in, the directory itself where it is in none; `None` where it does not exist.
fn around(directory: &Path) -> Option<PathBuf> {
    if !directory.is_absolute() || !directory.is_dir() {
        return None;
    }
    let mut ancestors = directory.ancestors().take(ANCESTORS);
    Some(ancestors.find(|ancestor| ancestor.join(".git").exists()).unwrap_or(directory).to_owned())
}
