//! What a daemon says about itself in its lock file.

use std::{
    fs::File,
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::PROTOCOL_VERSION;

/// Bytes that a record may have.
const RECORD_LIMIT: u64 = 16 << 10;

/// What a daemon says about itself in its lock file, before it listens. It spares every client the question: a client
/// reads the file after it has connected. The lock itself, not the record, tells that a daemon runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockRecord {
    /// Its process, for people.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// The data directory that it keeps.
    pub data_dir: PathBuf,
}

impl LockRecord {
    /// The record of this process.
    pub fn of_this_process(data_dir: &Path) -> Self {
        Self {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").into(),
            protocol: PROTOCOL_VERSION,
            data_dir: data_dir.to_owned(),
        }
    }

    /// Reads the record; `None` when the file is absent, empty or damaged.
    pub fn read(lock_file: &Path) -> Option<Self> {
        let mut text = String::new();
        File::open(lock_file).ok()?.take(RECORD_LIMIT).read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Writes the record into a file that is locked.
    pub fn write(&self, file: &mut File) -> io::Result<()> {
        let text = serde_json::to_string(self)? + "\n";
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }
}
