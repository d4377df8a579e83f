//! What tells that a source is as it was.

use std::path::{Path, PathBuf};

use opensession_agents::{Cursor, Source};

/// What tells that a file is as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    pub(super) modified_ns: i64,
    pub(super) identity: (u64, u64),
}

impl Stamp {
    /// The stamp under which a source stands after it was read to `cursor`.
    pub(super) fn of_cursor(source: &Source, cursor: &Cursor) -> Self {
        if source.container().is_some() {
            return Stamp { modified_ns: cursor.modified_ns, ..Stamp::default() };
        }
        Stamp { size: cursor.size, modified_ns: cursor.modified_ns, identity: cursor.identity }
    }

    /// The stamp of a session in a container, as its listing told.
    pub(super) fn of_version(source: &Source) -> Self {
        Stamp { modified_ns: source.version as i64, ..Stamp::default() }
    }

    /// The stamp of a source's file, or of its compressed twin.
    pub(super) fn of_file(path: &Path) -> Option<Stamp> {
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

fn compressed_twin(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".zst");
    PathBuf::from(name)
}
