//! The mirror: what was pulled of a home directory, readable by its user alone.
//!
//! A file's modification time is the one it has on the other machine once all of it is here, so that size and time tell
//! what is as it was; nothing else has to be remembered. A file that is only appended to grows in place, by whole lines;
//! any other is put together elsewhere and takes its place when it is whole.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rustix::fs::OFlags;

use super::entry::Entry;

/// The mirror of one home directory.
#[derive(Debug, Clone)]
pub(super) struct Mirror {
    /// Stands for the home directory.
    home: PathBuf,
    /// Where files are put together.
    incoming: PathBuf,
}

/// Why something cannot be written here.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
pub(super) struct MirrorError {
    path: PathBuf,
    source: io::Error,
}

impl Mirror {
    /// The mirror in `folder`, which is made where it is absent.
    pub(super) fn open(folder: &Path) -> Result<Self, MirrorError> {
        let mirror = Self { home: home_in(folder), incoming: folder.join("incoming") };
        make(&mirror.home)?;
        make(&mirror.incoming)?;
        Ok(mirror)
    }

    /// Stands for the home directory.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// Where a file of the home directory lies here.
    pub(super) fn path(&self, below: &Path) -> PathBuf {
        self.home.join(below)
    }

    /// Size and modification time (seconds since 1970) of a file here.
    pub(super) fn stamp(&self, below: &Path) -> Option<(u64, i64)> {
        let stat = fs::symlink_metadata(self.path(below)).ok().filter(fs::Metadata::is_file)?;
        Some((stat.size(), stat.mtime()))
    }

    /// Whether all of the file is here as it is there.
    pub(super) fn holds(&self, entry: &Entry) -> bool {
        self.stamp(&entry.path) == Some((entry.size, entry.modified))
    }

    /// Bytes of a file here, fewer where it ends.
    pub(super) fn read(&self, below: &Path, from: u64, most: usize) -> io::Result<Vec<u8>> {
        read_at(&File::open(self.path(below))?, from, most)
    }

    /// Appends to a file that has `from` bytes; one that is not there has none.
    pub(super) fn append(&self, below: &Path, from: u64, bytes: &[u8]) -> Result<(), MirrorError> {
        let path = self.path(below);
        make_parent(&path)?;
        write_at(&path, from, bytes).map_err(|source| MirrorError { path, source })
    }

    /// All of the file is here: it has the time that it has there. One that may still have been written to when it was
    /// listed gets another time, so that it is looked at again.
    pub(super) fn finish(&self, entry: &Entry, is_settled: bool) -> Result<(), MirrorError> {
        let path = self.path(&entry.path);
        let seconds = entry.modified - i64::from(!is_settled);
        set_time(&path, seconds).map_err(|source| MirrorError { path, source })
    }

    /// Where the file is put together that is to take the place of one here. Another one for each state of the file
    /// there, so that what came before a connection broke can be gone on with.
    pub(super) fn staged(&self, entry: &Entry) -> PathBuf {
        let mut hasher = blake3::Hasher::new();
        hasher.update(entry.path.as_os_str().as_encoded_bytes());
        hasher.update(&entry.inode.to_le_bytes()).update(&entry.size.to_le_bytes());
        hasher.update(&entry.modified.to_le_bytes());
        self.incoming.join(&hasher.finalize().to_hex()[..32])
    }

    /// Appends to a file that is put together.
    pub(super) fn stage(staged: &Path, from: u64, bytes: &[u8]) -> Result<(), MirrorError> {
        write_at(staged, from, bytes).map_err(|source| MirrorError { path: staged.to_owned(), source })
    }

    /// Puts the file into place.
    pub(super) fn place(&self, staged: &Path, entry: &Entry, is_settled: bool) -> Result<(), MirrorError> {
        let path = self.path(&entry.path);
        make_parent(&path)?;
        let seconds = entry.modified - i64::from(!is_settled);
        let placed = set_time(staged, seconds).and_then(|()| fs::rename(staged, &path));
        placed.map_err(|source| MirrorError { path, source })
    }

    /// A file that is gone there goes here too: what was read of it is kept in the store.
    pub(super) fn remove(&self, below: &Path) -> Result<(), MirrorError> {
        let path = self.path(below);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => Err(MirrorError { path, source }),
            _ => Ok(()),
        }
    }

    /// The files here below a folder of the home directory, or directly in it.
    pub(super) fn files(&self, folder: &Path, recursive: bool) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.home.join(folder)];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() && recursive => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => {
                        files.extend(entry.path().strip_prefix(&self.home).ok().map(Path::to_owned));
                    }
                    _ => {}
                }
            }
        }
        files
    }

    /// Takes away what was put together for states of files that are past.
    pub(super) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.incoming) else { return };
        for entry in entries.flatten() {
            if let Err(error) = fs::remove_file(entry.path()) {
                tracing::debug!(%error, file = %entry.path().display(), "a part of a file is left");
            }
        }
    }
}

/// What stands for the home directory in the folder of a mirror.
pub(super) fn home_in(folder: &Path) -> PathBuf {
    folder.join("home")
}

/// Size of a file; zero where there is none.
pub(super) fn length(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |stat| stat.len())
}

/// Bytes of an open file, fewer where it ends.
pub(super) fn read_at(file: &File, from: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    let mut filled = 0;
    while filled < most {
        match file.read_at(&mut bytes[filled..], from + filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn write_at(path: &Path, from: u64, bytes: &[u8]) -> io::Result<()> {
    // Nothing of ours is a link; one that somebody put there leads elsewhere.
    let no_follow = OFlags::NOFOLLOW.bits() as i32;
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(no_follow).open(path)?;
    let has = file.metadata()?.len();
    if has < from {
        return Err(io::Error::other("it is shorter than it was"));
    }
    // A part that was written by halves before, as when the disk was full.
    if has > from {
        file.set_len(from)?;
    }
    file.write_all_at(bytes, from)
}

fn set_time(path: &Path, seconds: i64) -> io::Result<()> {
    let time = match u64::try_from(seconds) {
        Ok(seconds) => SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
        Err(_) => SystemTime::UNIX_EPOCH - Duration::from_secs(seconds.unsigned_abs()),
    };
    OpenOptions::new().write(true).open(path)?.set_modified(time)
}

fn make_parent(path: &Path) -> Result<(), MirrorError> {
    path.parent().map_or(Ok(()), make)
}

fn make(folder: &Path) -> Result<(), MirrorError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| MirrorError { path: folder.to_owned(), source })
}

/// Copies a file, open for its user alone.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.flush()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn entry(path: &str, size: u64) -> Entry {
        Entry { path: path.into(), inode: 1, size, modified: 1_700_000_000 }
    }

    #[test]
    fn files_grow_in_place_or_are_replaced_whole_for_their_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("m")).unwrap();
        let grown = entry(".claude/projects/a/s.jsonl", 8);
        mirror.append(&grown.path, 0, b"one\n").unwrap();
        assert!(!mirror.holds(&grown));
        mirror.append(&grown.path, 4, b"two\n").unwrap();
        mirror.finish(&grown, false).unwrap();
        assert!(!mirror.holds(&grown), "it may have been written to meanwhile");
        mirror.finish(&grown, true).unwrap();
        assert!(mirror.holds(&grown));
        assert_eq!(mirror.read(&grown.path, 2, 100).unwrap(), b"e\ntwo\n");
        // Written by halves, then again.
        mirror.append(&grown.path, 4, b"TWO\n").unwrap();
        assert_eq!(mirror.read(&grown.path, 0, 100).unwrap(), b"one\nTWO\n");
        assert!(mirror.append(&grown.path, 9, b"x").is_err());

        let whole = entry(".config/x/state.json", 2);
        let staged = mirror.staged(&whole);
        Mirror::stage(&staged, 0, b"{}").unwrap();
        assert_eq!(mirror.stamp(&whole.path), None);
        mirror.place(&staged, &whole, true).unwrap();
        assert!(mirror.holds(&whole));
        for path in [mirror.path(&grown.path), mirror.path(&whole.path)] {
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert_eq!(mirror.files(Path::new(".claude"), true), std::slice::from_ref(&grown.path));
        assert!(mirror.files(Path::new(".claude"), false).is_empty());
        mirror.remove(&grown.path).unwrap();
        mirror.remove(&grown.path).unwrap();
        assert_eq!(mirror.stamp(&grown.path), None);
    }

    #[test]
    fn a_link_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = Mirror::open(&folder.path().join("m")).unwrap();
        let outside = folder.path().join("outside");
        fs::write(&outside, "kept").unwrap();
        std::os::unix::fs::symlink(&outside, mirror.path(Path::new("link"))).unwrap();
        assert!(mirror.append(Path::new("link"), 0, b"gone").is_err());
        assert_eq!(fs::read(&outside).unwrap(), b"kept");
        assert_eq!(mirror.stamp(Path::new("link")), None);
    }
}
