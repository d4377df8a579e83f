//! The index as a whole: where it lies, what is added and removed, when it reaches the disk.
//!
//! A folder holds one generation of the index in a folder of its own, named by a number, and `CURRENT`, which says which.
//! A rebuild fills the next generation while this one answers, then `CURRENT` is replaced and the old one deleted.

mod core;
mod generation;
mod policy;

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use self::core::Core;
use self::generation::Generations;
use super::document::SearchDocument;
use crate::catalog::SessionKey;

/// Why the index cannot do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The file system.
    #[error("the search index at {path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// The index is damaged, or its writer failed; a rebuild helps.
    #[error("the search index: {0}")]
    Engine(#[from] tantivy::TantivyError),
}

/// An index that was opened.
#[derive(Debug)]
pub struct Opened {
    /// The index.
    pub index: SearchIndex,
    /// The store's sequence number up to which the index has everything.
    pub sequence: u64,
    /// Why everything must be given again; the index is empty then.
    pub rebuild: Option<String>,
}

/// How large the index is, and how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct IndexFigures {
    /// Events that can be found.
    pub events: u64,
    /// Events that are only in memory.
    pub fresh_events: u64,
    /// Size on disk, in bytes.
    pub bytes: u64,
    /// Segments on disk.
    pub segments: u64,
    /// The sequence number of the last event taken in.
    pub sequence: u64,
    /// The sequence number up to which everything is on disk.
    pub durable_sequence: u64,
}

/// The search index. Shared by all threads. Searches never wait for a commit, but for the first, which reads the columns.
#[derive(Debug)]
pub struct SearchIndex {
    generations: Generations,
    core: RwLock<Arc<Core>>,
}

impl SearchIndex {
    /// Opens the index in a folder, or makes one. Cheap: a damaged one is found by its files' heads and sizes, and one
    /// that is damaged, missing or of another format is replaced by an empty one.
    pub fn open(folder: &Path) -> Result<Opened, IndexError> {
        let generations = Generations::new(folder)?;
        let found = match generations.current()? {
            None => Err("there was none".to_owned()),
            Some(current) => Core::open(&current),
        };
        let (core, sequence, rebuild) = match found {
            Ok((core, sequence)) => (core, sequence, None),
            Err(reason) => {
                let next = generations.next()?;
                let core = Core::create(&next)?;
                generations.make_current(&next)?;
                (core, 0, Some(reason))
            }
        };
        let index = SearchIndex { generations, core: RwLock::new(Arc::new(core)) };
        Ok(Opened { index, sequence, rebuild })
    }

    /// Adds events. With `live` they can be found at once; otherwise they go straight to the disk index and can be found
    /// after the next commit, which comes by itself, seldom at first and ever more seldom.
    ///
    /// `sequence` is the store's sequence number up to which everything was given, these events included.
    pub fn add(&self, documents: Vec<SearchDocument>, sequence: u64, live: bool) -> Result<(), IndexError> {
        let core = self.core();
        if live { core.add_live(documents, sequence) } else { core.add_bulk(documents, sequence) }
    }

    /// Removes all events of a session that were added before.
    pub fn remove_session(&self, session: SessionKey, sequence: u64) -> Result<(), IndexError> {
        self.core().remove(session, sequence);
        Ok(())
    }

    /// Brings everything to the disk. Gives the sequence number that is durable now.
    pub fn flush(&self) -> Result<u64, IndexError> {
        self.core().flush()
    }

    /// Ends the writer's threads and frees its memory, after what it still merges; and forgets what searches keep in
    /// memory but did not use since the last call. For quiet times; everything comes back by itself.
    pub fn rest(&self) -> Result<(), IndexError> {
        self.core().rest()
    }

    /// Begins a new generation, which is filled from the store while this one answers.
    pub fn begin_rebuild(&self) -> Result<Rebuild, IndexError> {
        let folder = self.generations.next()?;
        Ok(Rebuild { core: Core::create(&folder)?, folder })
    }

    /// Makes a rebuilt generation the current one and deletes the old one. Gives the sequence number up to which it has
    /// everything: whatever came later must be added again.
    pub fn finish_rebuild(&self, rebuild: Rebuild) -> Result<u64, IndexError> {
        let sequence = rebuild.core.flush()?;
        self.generations.make_current(&rebuild.folder)?;
        let core = Arc::new(rebuild.core);
        let old = std::mem::replace(&mut *self.core.write().unwrap_or_else(PoisonError::into_inner), core);
        drop(old);
        self.generations.sweep()?;
        Ok(sequence)
    }

    /// Compares every file with its checksum; says which are damaged. Reads the whole index.
    pub fn verify(&self) -> Result<Vec<PathBuf>, IndexError> {
        self.core().verify()
    }

    /// How large the index is, and how far.
    pub fn figures(&self) -> IndexFigures {
        self.core().figures()
    }

    pub(crate) fn core(&self) -> Arc<Core> {
        Arc::clone(&self.core.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A generation under construction.
#[derive(Debug)]
pub struct Rebuild {
    core: Core,
    folder: PathBuf,
}

impl Rebuild {
    /// Adds events; see [`SearchIndex::add`].
    pub fn add(&self, documents: Vec<SearchDocument>, sequence: u64) -> Result<(), IndexError> {
        self.core.add_bulk(documents, sequence)
    }

    /// Removes all events of a session that were added before.
    pub fn remove_session(&self, session: SessionKey, sequence: u64) {
        self.core.remove(session, sequence);
    }
}
