//! The store: raw records byte for byte, the events derived from them, and how far each source was read, in one SQLite
//! database.
//!
//! One [`Writer`] holds the only writing connection; readers open their own, read-only, and see the last commit. A
//! source's cursor and the records read up to it are committed together, so that a crash at any point loses nothing
//! and doubles nothing. Everything but `source`, `raw_frame`, `side_file` and what
//! people keep (`star`, `saved_search`, `past_query`) can be derived again from them.

mod block;
mod codec;
mod compaction;
mod kept;
mod reader;
mod records;
mod schema;
mod writer;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

pub(crate) use codec::timeline;

pub use block::{BlockBuilder, EventBlock, Frames};
pub use kept::PAST_QUERIES;
pub use reader::{EventRange, Reader, SessionRow, SourceRow};
pub use records::{RawFrame, RawPacker, SideFile};
pub use writer::{Change, ChangeKind, Committed, SessionBatch, SourceBatch, Writer};

/// What keeps the store from being read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite's own error.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The folder or the file cannot be made or opened.
    #[error("cannot open {path}: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database was written by a later version.
    #[error("{path} has schema {found}, this version knows {known}; update opensession")]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The latest that this program knows.
        known: u32,
    },
    /// What was read does not follow on what is kept, since an earlier part could not be committed.
    #[error("{path}: read from {from:?}, but the store stands at {stands:?}")]
    OutOfStep {
        /// The source.
        path: PathBuf,
        /// Generation and offset that the store has.
        stands: (u32, u64),
        /// Generation and offset from which it was read.
        from: (u32, u64),
    },
    /// A compressed frame cannot be read.
    #[error("a frame of {what} is damaged: {reason}")]
    Damaged {
        /// What it belongs to.
        what: String,
        /// Why.
        reason: String,
    },
}

impl StoreError {
    /// Whether writing failed because the disk is full or the folder is read-only: trying again later may help.
    pub fn is_unwritable(&self) -> bool {
        use rusqlite::ErrorCode::{CannotOpen, DiskFull, PermissionDenied, ReadOnly, SystemIoFailure};
        match self {
            StoreError::Sqlite(rusqlite::Error::SqliteFailure(error, _)) => {
                matches!(error.code, DiskFull | ReadOnly | CannotOpen | PermissionDenied | SystemIoFailure)
            }
            StoreError::Open { .. } => true,
            _ => false,
        }
    }
}

/// Where the database is, and how to open it.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// The store in `path`, made (file 0600) and brought to the present schema if need be.
    pub fn open(path: &Path) -> Result<(Store, Writer), StoreError> {
        let open_error = |source| StoreError::Open { path: path.to_owned(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(open_error)?;
        }
        make_private(path).map_err(open_error)?;
        let connection = Connection::open(path)?;
        schema::prepare(&connection, path)?;
        let store = Store { path: path.to_owned() };
        Ok((store.clone(), Writer::new(connection, store)))
    }

    /// A read-only view of the last commit. Opening one costs some tens of microseconds.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Size of the database on disk, its write-ahead log included, in bytes.
    pub fn bytes(&self) -> u64 {
        let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        size(&self.path) + size(&with_suffix(&self.path, "-wal"))
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Makes the file, readable by its owner alone, unless it is there: SQLite gives its companions the same mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(drop),
    }
}
