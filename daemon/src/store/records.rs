//! Raw records: the bytes of a source as they were read, in zstd frames.

use zstd::bulk::Compressor;

use super::StoreError;

/// Compression of frames as they come in: quick, since packing compresses them harder once their session is at rest. A
/// step below the first level costs a fifth less than it and leaves a sixth more bytes.
const FRESH_LEVEL: i32 = -1;

/// A run of a source's bytes, compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// Byte offset of the first byte in the source.
    pub start: u64,
    /// Uncompressed bytes.
    pub length: u64,
    /// Number of the first record that begins in it; zero for a piece of a record that is too long to be read.
    pub record: u64,
    /// The zstd frame.
    pub bytes: Vec<u8>,
}

/// Compresses frames as they come in. What it needs for that is kept from one to the next.
#[derive(Default)]
pub struct RawPacker(Option<Compressor<'static>>);

impl RawPacker {
    /// Compresses `plain`, which begins at `start` with record number `record`.
    pub fn pack(&mut self, start: u64, record: u64, plain: &[u8]) -> Result<RawFrame, StoreError> {
        let compressor = match &mut self.0 {
            Some(compressor) => compressor,
            kept => kept.insert(Compressor::new(FRESH_LEVEL).map_err(|error| damaged(&error))?),
        };
        let bytes = compressor.compress(plain).map_err(|error| damaged(&error))?;
        Ok(RawFrame { start, length: plain.len() as u64, record, bytes })
    }
}

impl RawFrame {
    /// Compresses `plain` at a level, which begins at `start` with record number `record`.
    pub(super) fn pack_at(level: i32, start: u64, record: u64, plain: &[u8]) -> Result<Self, StoreError> {
        let bytes = zstd::bulk::compress(plain, level).map_err(|error| damaged(&error))?;
        Ok(Self { start, length: plain.len() as u64, record, bytes })
    }

    /// The plain bytes of a frame.
    pub fn open(bytes: &[u8], length: u64) -> Result<Vec<u8>, StoreError> {
        zstd::bulk::decompress(bytes, length as usize).map_err(|error| damaged(&error))
    }
}

/// A small file beside a source, kept whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideFile {
    /// Its name, without the folder.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

fn damaged(error: &std::io::Error) -> StoreError {
    StoreError::Damaged { what: "raw records".into(), reason: error.to_string() }
}
