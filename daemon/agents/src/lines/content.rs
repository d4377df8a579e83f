//! A file's bytes: found plain or compressed, recognised, and read from any place.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata},
    io::{self, BufReader, ErrorKind, Read},
    os::unix::fs::{FileExt, MetadataExt},
    path::{Path, PathBuf},
};

use memchr::memchr;

use crate::{Cursor, CutError};

/// Bytes by which a file is recognised, at its beginning and before the cursor.
const EDGE: usize = 4096;

/// Where the content is, and what the file system tells of it.
#[derive(Debug)]
pub(super) struct Stat {
    path: PathBuf,
    compressed: bool,
    identity: (u64, u64),
    size: u64,
    modified_ns: i64,
}

impl Stat {
    /// Looks for the file and then for its compressed twin.
    pub(super) fn of(path: &Path) -> Result<Self, CutError> {
        match fs::metadata(path) {
            Ok(metadata) => return Self::new(path.to_owned(), false, &metadata),
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error.into()),
        }
        let mut twin = OsString::from(path);
        twin.push(".zst");
        let metadata = fs::metadata(&twin).map_err(gone)?;
        Self::new(twin.into(), true, &metadata)
    }

    fn new(path: PathBuf, compressed: bool, metadata: &Metadata) -> Result<Self, CutError> {
        if metadata.is_dir() {
            return Err(io::Error::from(ErrorKind::IsADirectory).into());
        }
        // A pipe or a device would block or never end.
        if !metadata.is_file() {
            return Err(CutError::Malformed("it is not a regular file".to_owned()));
        }
        Ok(Self {
            path,
            compressed,
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.len(),
            modified_ns: modified_ns(metadata),
        })
    }

    /// Whether the file is as it was when the cursor was taken.
    pub(super) fn is_where(&self, cursor: &Cursor) -> bool {
        self.identity == cursor.identity && self.size == cursor.size && self.modified_ns == cursor.modified_ns
    }

    /// Whether a torn line may follow the cursor, in a file that is as it was.
    pub(super) fn may_be_torn(&self, cursor: &Cursor) -> bool {
        self.compressed || cursor.offset < self.size
    }

    pub(super) fn store(&self, cursor: &mut Cursor) {
        cursor.identity = self.identity;
        cursor.size = self.size;
        cursor.modified_ns = self.modified_ns;
    }
}

/// A modification time in nanoseconds since 1970.
pub(super) fn modified_ns(metadata: &Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

/// The first eight bytes of the BLAKE3 hash: the same on every machine and in every version.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let hash = blake3::hash(bytes);
    let (first, _) = hash.as_bytes().split_first_chunk().expect("the hash has 32 bytes");
    u64::from_le_bytes(*first)
}

/// An open file.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) stat: Stat,
    file: File,
}

impl Content {
    pub(super) fn open(stat: Stat) -> Result<Self, CutError> {
        let file = File::open(&stat.path).map_err(gone)?;
        // The file may have been replaced since it was looked for.
        let stat = Stat::new(stat.path, stat.compressed, &file.metadata()?)?;
        Ok(Self { stat, file })
    }

    /// The bytes from `offset` on.
    pub(super) fn stream_at(&self, offset: u64) -> Result<Stream<'_>, CutError> {
        if !self.stat.compressed {
            return Ok(Stream::Plain(Place { file: &self.file, position: offset }));
        }
        let file = BufReader::with_capacity(128 << 10, Place { file: &self.file, position: 0 });
        let mut stream = Stream::Compressed(Box::new(zstd::Decoder::with_buffer(file)?));
        let mut block = vec![0; 64 << 10];
        let mut left = offset;
        while left > 0 {
            let wanted = left.min(block.len() as u64) as usize;
            match stream.read(&mut block[..wanted])? {
                Ok(0) => break,
                Ok(read) => left -= read as u64,
                Err(damage) => return Err(CutError::Malformed(damage)),
            }
        }
        Ok(stream)
    }

    /// Whether the content begins with what `head` is the hash of.
    pub(super) fn begins_with(&self, head: u64, length: u32) -> Result<bool, CutError> {
        if length as usize > EDGE {
            return Ok(false);
        }
        let mut bytes = vec![0; length as usize];
        Ok(self.stream_at(0)?.fill(&mut bytes)? && hash(&bytes) == head)
    }

    /// Whether the content still begins with what was read up to the cursor: then the edges and the stream from there.
    pub(super) fn recognise(&self, cursor: &Cursor) -> Result<Option<(Edges, Stream<'_>)>, CutError> {
        let (head, tail) = (cursor.head_length as usize, cursor.tail_length as usize);
        if head > EDGE || tail > EDGE || u64::from(cursor.head_length.max(cursor.tail_length)) > cursor.offset {
            return Ok(None);
        }
        if !self.stat.compressed && self.stat.size < cursor.offset {
            return Ok(None);
        }
        let mut edges = Edges { head: vec![0; head], tail: vec![0; tail] };
        let found = self.stream_at(0)?.fill(&mut edges.head)?;
        if !found || hash(&edges.head) != cursor.head {
            return Ok(None);
        }
        let mut stream = self.stream_at(cursor.offset - u64::from(cursor.tail_length))?;
        let found = stream.fill(&mut edges.tail)?;
        Ok((found && hash(&edges.tail) == cursor.tail).then_some((edges, stream)))
    }

    /// Where the line that holds `offset` ends, its terminator included, and whether it lacks one.
    pub(super) fn line_end(&self, offset: u64, block: &mut [u8]) -> Result<(u64, bool), CutError> {
        let mut stream = self.stream_at(offset)?;
        let mut position = offset;
        loop {
            // The damage is told when the stream that is given from reaches it.
            let Ok(read) = stream.read(block)? else { return Ok((position, true)) };
            if read == 0 {
                return Ok((position, true));
            }
            if let Some(at) = memchr(b'\n', &block[..read]) {
                return Ok((position + at as u64 + 1, false));
            }
            position += read as u64;
        }
    }

    /// A buffer's size for what is left after `offset`, at most `largest`.
    pub(super) fn buffer_size(&self, offset: u64, largest: usize) -> usize {
        if self.stat.compressed {
            return largest;
        }
        // One byte more than is left, so that the end is met without growing.
        (self.stat.size.saturating_sub(offset) + 1).clamp(EDGE as u64, largest as u64) as usize
    }

    /// An error when the end was met at `end`, before where the file ended when it was opened.
    pub(super) fn check_not_shrunk(&self, end: u64) -> Result<(), CutError> {
        if !self.stat.compressed && end < self.stat.size {
            return Err(CutError::Busy("the file became shorter while it was read".to_owned()));
        }
        Ok(())
    }
}

/// The first and the last bytes of what was given so far.
#[derive(Debug, Default)]
pub(super) struct Edges {
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Edges {
    /// Goes on over `bytes`.
    pub(super) fn note(&mut self, bytes: &[u8]) {
        let missing = (EDGE - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        let bytes = &bytes[bytes.len().saturating_sub(EDGE)..];
        let keep = self.tail.len().min(EDGE - bytes.len());
        self.tail.drain(..self.tail.len() - keep);
        self.tail.extend_from_slice(bytes);
    }

    pub(super) fn store(&self, cursor: &mut Cursor) {
        cursor.head = hash(&self.head);
        cursor.head_length = self.head.len() as u32;
        // Of a short file both are the same.
        cursor.tail = if self.tail == self.head { cursor.head } else { hash(&self.tail) };
        cursor.tail_length = self.tail.len() as u32;
    }
}

/// The content from some place on.
pub(super) enum Stream<'a> {
    Plain(Place<'a>),
    Compressed(Box<zstd::Decoder<'static, BufReader<Place<'a>>>>),
}

impl Stream<'_> {
    /// Reads on: zero bytes at the end, the inner error when the compressed data is damaged there.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<Result<usize, String>, CutError> {
        loop {
            let read = match self {
                Stream::Plain(place) => place.read(buffer),
                Stream::Compressed(decoder) => decoder.read(buffer),
            };
            return match read {
                Ok(read) => Ok(Ok(read)),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // What the decoder says of itself comes without a code of the operating system.
                Err(error) if matches!(self, Stream::Compressed(_)) && error.raw_os_error().is_none() => {
                    Ok(Err(format!("the compressed data is damaged or torn: {error}")))
                }
                Err(error) => Err(error.into()),
            };
        }
    }

    /// Fills `buffer`; false when the content ends before.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<bool, CutError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read(&mut buffer[filled..])? {
                Ok(0) => return Ok(false),
                Ok(read) => filled += read,
                Err(damage) => return Err(CutError::Malformed(damage)),
            }
        }
        Ok(true)
    }
}

/// A place in an open file; several can be read from independently.
#[derive(Debug)]
pub(super) struct Place<'a> {
    file: &'a File,
    position: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn gone(error: io::Error) -> CutError {
    if is_absent(&error) { CutError::Gone } else { error.into() }
}
