//! The locks of a running daemon.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use opensession_protocol::{client::LockRecord, paths::Paths};

/// How long a lock is tried for: a client that looks whether it is free holds it for a moment.
const PATIENCE: Duration = Duration::from_millis(250);

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon holds it.
    #[error("another daemon is running{} (lock {})", whose(holder.as_ref()), path.display())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// Who, as far as it said.
        holder: Option<LockRecord>,
    },
    /// The system refused.
    #[error("cannot lock {}: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The right to serve a socket and to use a database, held until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DaemonLock {
    _socket: File,
    _store: File,
}

impl DaemonLock {
    /// Takes the lock of the socket, then that of the database, and says in the first who we are.
    pub fn acquire(paths: &Paths) -> Result<Self, LockError> {
        let mut socket = lock(&paths.lock_file())?;
        let mut store = lock(&paths.store_lock_file())?;
        let record = LockRecord::of_this_process(&paths.data_dir);
        record.write(&mut socket).map_err(|source| LockError::Io { path: paths.lock_file(), source })?;
        record.write(&mut store).map_err(|source| LockError::Io { path: paths.store_lock_file(), source })?;
        Ok(Self { _socket: socket, _store: store })
    }
}

#[expect(clippy::disallowed_methods, reason = "the holder is another process, and nothing tells when it lets go")]
fn lock(path: &Path) -> Result<File, LockError> {
    let failed = |source| LockError::Io { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).map_err(failed)?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Busy { path: path.to_owned(), holder: LockRecord::read(path) });
            }
        }
    }
}

fn whose(holder: Option<&LockRecord>) -> String {
    holder.map_or_else(String::new, |holder| format!(": {}, pid {}", holder.version, holder.pid))
}
