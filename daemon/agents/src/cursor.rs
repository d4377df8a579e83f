//! How far a source has been read, and what came since.

use std::io;

use serde::{Deserialize, Serialize};

use crate::Problem;

/// How far a source has been read. Committed together with the records read up to it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cursor {
    /// Counts how often the source was found rewritten, truncated or replaced and was read again from its beginning.
    pub generation: u32,
    /// Bytes (of the decompressed content) that were cut into records.
    pub offset: u64,
    /// Records cut so far: the number of lines, for files of lines.
    pub records: u64,
    /// Device and inode of the file, zero where the system has none.
    pub identity: (u64, u64),
    /// The file's size in bytes when it was last read; more than `offset` while a torn line waits.
    pub size: u64,
    /// The file's modification time when it was last read, in nanoseconds since 1970; [`i64::MIN`], which no file
    /// has, while more records are known to wait.
    pub modified_ns: i64,
    /// Hash of the first `head_length` bytes.
    pub head: u64,
    /// At most 4,096.
    pub head_length: u32,
    /// Hash of the last `tail_length` bytes before `offset`.
    pub tail: u64,
    /// At most 4,096.
    pub tail_length: u32,
    /// Size and modification time of each side file, hashed together.
    pub side: u64,
    /// What the kind of source keeps of its own: the hash of a document, whether rows wait ([`crate::rows::waits`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<u8>,
}

/// Bounds of one call of `cut`.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Stop at the first record boundary after so many bytes.
    pub bytes: u64,
    /// A record longer than this is kept as raw bytes but not derived from.
    pub record_bytes: u64,
    /// Give what follows the last line terminator as a record too, rather than waiting for its rest: for files that
    /// have been idle for so long that no rest will come.
    pub take_torn: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 20, record_bytes: 32 << 20, take_torn: false }
    }
}

/// A raw record. The bytes of all records of a file of lines, one after the other, are the file.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The side file that it is; `None` for the source's own records.
    pub side: Option<&'a str>,
    /// The session it belongs to, in a source that holds several; `None` otherwise.
    pub session: Option<&'a str>,
    /// Byte offset of its beginning, or a row's number.
    pub position: u64,
    /// Number of the record in its source, from 1: the line number, for files of lines.
    pub number: u64,
    /// Its bytes, with the line terminator.
    pub bytes: &'a [u8],
}

/// Takes what `cut` reads.
pub trait Sink {
    /// A whole record.
    fn record(&mut self, record: Record<'_>);

    /// A piece of a record longer than [`Limits::record_bytes`]: kept, but not derived from. `last` on its last piece.
    fn oversize(&mut self, piece: Record<'_>, last: bool);

    /// Something of the source that could not be read while the rest of it could: a side file, a damaged end of a
    /// compressed file. Sinks that show problems override this.
    fn problem(&mut self, _problem: Problem) {}
}

/// What a call of `cut` did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Where the next call goes on.
    pub cursor: Cursor,
    /// The source was rewritten, truncated or replaced: the records given are the first of a new generation.
    pub restarted: bool,
    /// More records are waiting: call again.
    pub more: bool,
}

/// Why a source could not be read now.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// It is gone.
    #[error("the file is gone")]
    Gone,
    /// It could not be opened or read.
    #[error("cannot read it: {0}")]
    Io(#[from] io::Error),
    /// Someone else holds it, or it is half-written; trying again later may help.
    #[error("it is busy: {0}")]
    Busy(String),
    /// It is not what its name says.
    #[error("{0}")]
    Malformed(String),
}
