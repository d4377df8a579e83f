//! What tells that a source is as it was.

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

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

    #[cfg_attr(
        target_os = "linux",
        expect(clippy::unnecessary_cast, reason = "the widths of these numbers differ from system to system")
    )]
    fn of_stat(stat: &rustix::fs::Stat) -> Stamp {
        let modified_ns = stat.st_mtime.wrapping_mul(1_000_000_000).wrapping_add(stat.st_mtime_nsec as i64);
        Stamp { size: stat.st_size as u64, modified_ns, identity: (stat.st_dev as u64, stat.st_ino as u64) }
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

/// A folder that is only looked up in: nobody who watches it hears of that.
#[cfg(target_os = "linux")]
const AS_A_PLACE: rustix::fs::OFlags = rustix::fs::OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const AS_A_PLACE: rustix::fs::OFlags = rustix::fs::OFlags::empty();

/// Takes stamps of many files: those of one folder are looked up in that folder, rather than from the root each time.
#[derive(Default)]
pub(super) struct Stamper {
    folder: Option<(PathBuf, OwnedFd)>,
}

impl Stamper {
    pub(super) fn stamp(&mut self, path: &Path) -> Option<Stamp> {
        use rustix::fs::{AtFlags, FileType, Mode, OFlags};
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Stamp::of_file(path) };
        if self.folder.as_ref().is_none_or(|(open, _)| open.as_os_str() != folder.as_os_str()) {
            let opened = rustix::fs::open(folder, AS_A_PLACE | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
            self.folder = opened.ok().map(|opened| (folder.to_owned(), opened));
        }
        let stat = self.folder.as_ref().and_then(|(_, open)| rustix::fs::statat(open, name, AtFlags::empty()).ok());
        match stat {
            Some(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => Some(Stamp::of_stat(&stat)),
            // Compressed, gone, or something else: told by the long way.
            _ => Stamp::of_file(path),
        }
    }
}

fn compressed_twin(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".zst");
    PathBuf::from(name)
}
