//! Directories that only their user may enter.

use std::{
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Why a directory cannot be trusted with the socket or with transcripts.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// A file or a symbolic link is in the way.
    #[error("{} is not a directory", path.display())]
    NotADirectory {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else made it.
    #[error("{} belongs to user {owner}, not to you (user {uid})", path.display())]
    WrongOwner {
        /// The path.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        uid: u32,
    },
    /// Others may enter it.
    #[error("{} is open to other users (mode {mode:04o}, 0700 is needed)", path.display())]
    WrongMode {
        /// The path.
        path: PathBuf,
        /// The mode's last twelve bits.
        mode: u32,
    },
    /// It cannot be made or looked at.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DirectoryError {
    /// What the user can do.
    pub fn hint(&self) -> String {
        match self {
            Self::NotADirectory { path } => format!("move {} away", path.display()),
            Self::WrongOwner { .. } => "name a socket in a directory of your own in OPENSESSION_SOCKET".into(),
            Self::WrongMode { path, .. } => format!("chmod 700 {}", path.display()),
            Self::Io { path, .. } => format!("look whether {} exists and is yours", path.display()),
        }
    }
}

/// Makes the directory (0700) and its parents where they are absent, then verifies it.
pub fn create_private_directory(path: &Path, uid: u32) -> Result<(), DirectoryError> {
    create(path)?;
    verify_private_directory(path, uid)
}

/// Like [`create_private_directory`], but takes others' access away from a directory that is ours. For data, where
/// nobody could have planted anything that we would run.
pub fn tighten_private_directory(path: &Path, uid: u32) -> Result<(), DirectoryError> {
    create(path)?;
    match verify_private_directory(path, uid) {
        Err(DirectoryError::WrongMode { .. }) => {
            fs::set_permissions(path, Permissions::from_mode(0o700))
                .map_err(|source| DirectoryError::Io { path: path.to_owned(), source })?;
            verify_private_directory(path, uid)
        }
        result => result,
    }
}

/// Checks that the path is a directory, belongs to `uid`, and lets nobody else in. A symbolic link is refused: who
/// made it may point it elsewhere later.
pub fn verify_private_directory(path: &Path, uid: u32) -> Result<(), DirectoryError> {
    let owned = path.to_owned();
    let metadata = fs::symlink_metadata(path).map_err(|source| DirectoryError::Io { path: owned.clone(), source })?;
    if !metadata.is_dir() {
        return Err(DirectoryError::NotADirectory { path: owned });
    }
    if metadata.uid() != uid {
        return Err(DirectoryError::WrongOwner { path: owned, owner: metadata.uid(), uid });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(DirectoryError::WrongMode { path: owned, mode });
    }
    Ok(())
}

/// Whether the path is a directory of `uid`.
pub(super) fn belongs_to(path: &Path, uid: u32) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == uid)
}

fn create(path: &Path) -> Result<(), DirectoryError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .or_else(|error| match error.kind() {
            // A file or a dangling link of that name: the check that follows says so.
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(error),
        })
        .map_err(|source| DirectoryError::Io { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn uid() -> u32 {
        rustix::process::getuid().as_raw()
    }

    #[test]
    fn makes_a_directory_that_only_we_enter() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("a/b");
        create_private_directory(&path, uid()).unwrap();
        create_private_directory(&path, uid()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o700);
    }

    #[test]
    fn refuses_each_fault_by_name() {
        let temporary = tempfile::tempdir().unwrap();
        let open = temporary.path().join("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, Permissions::from_mode(0o750)).unwrap();
        let error = create_private_directory(&open, uid()).unwrap_err();
        assert!(matches!(error, DirectoryError::WrongMode { mode: 0o750, .. }), "{error}");
        assert_eq!(error.hint(), format!("chmod 700 {}", open.display()));

        let error = verify_private_directory(&open, uid() + 1).unwrap_err();
        assert!(matches!(error, DirectoryError::WrongOwner { .. }), "{error}");

        let link = temporary.path().join("link");
        symlink(&open, &link).unwrap();
        let error = create_private_directory(&link, uid()).unwrap_err();
        assert!(matches!(error, DirectoryError::NotADirectory { .. }), "{error}");

        let file = temporary.path().join("file");
        fs::write(&file, "").unwrap();
        let error = create_private_directory(&file, uid()).unwrap_err();
        assert!(matches!(error, DirectoryError::NotADirectory { .. }), "{error}");

        tighten_private_directory(&open, uid()).unwrap();
        assert_eq!(fs::metadata(&open).unwrap().mode() & 0o7777, 0o700);
    }
}
