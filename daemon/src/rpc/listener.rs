//! The socket file: made so that nobody finds it before it is ours alone, removed only while it is ours.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
};

use opensession_protocol::paths::{DirectoryError, UNFINISHED_SOCKET, verify_private_directory};

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Its directory cannot be trusted.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Somebody answers at it, though we hold the lock: a daemon of another data directory, or another program.
    #[error("another program listens at {}", path.display())]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// A file that is no socket is in its place.
    #[error("{} is not a socket", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot listen at {}: {source}", path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A socket file that this process made.
#[derive(Debug)]
pub struct BoundSocket {
    path: PathBuf,
    identity: (u64, u64),
}

impl BoundSocket {
    /// Listens at `path`. The caller holds the lock: a socket that nobody answers at is a dead daemon's, and is replaced.
    pub fn bind(path: &Path, uid: u32) -> Result<(Self, UnixListener), ListenError> {
        verify_private_directory(path.parent().unwrap_or(Path::new("/")), uid)?;
        let failed = |source| ListenError::Io { path: path.to_owned(), source };
        match fs::symlink_metadata(path) {
            Ok(metadata) if !metadata.file_type().is_socket() => {
                return Err(ListenError::NotASocket { path: path.to_owned() });
            }
            Ok(_) if UnixStream::connect(path).is_ok() => return Err(ListenError::InUse { path: path.to_owned() }),
            Ok(_) => tracing::info!(socket = %path.display(), "a dead daemon's socket is replaced"),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        // Under its name it appears only when its mode is right and it listens.
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(UNFINISHED_SOCKET);
        let unfinished = PathBuf::from(unfinished);
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&unfinished).map_err(failed)?;
        fs::set_permissions(&unfinished, Permissions::from_mode(0o600)).map_err(failed)?;
        let metadata = fs::symlink_metadata(&unfinished).map_err(failed)?;
        fs::rename(&unfinished, path).map_err(failed)?;
        Ok((Self { path: path.to_owned(), identity: (metadata.dev(), metadata.ino()) }, listener))
    }

    /// Removes the file, unless it is no longer the one that was made.
    pub fn remove(self) -> io::Result<()> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) if (metadata.dev(), metadata.ino()) == self.identity => fs::remove_file(&self.path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}
