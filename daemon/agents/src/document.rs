//! The cut for files that are written anew each time: one record is the whole file.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Seek},
    os::unix::fs::MetadataExt,
};

use crate::{Cursor, Cut, CutError, Limits, Record, Sink, Source};

/// A piece of a file that is longer than [`Limits::record_bytes`].
const PIECE_BYTES: usize = 1 << 20;
/// Bytes at the beginning whose hash the cursor keeps.
const HEAD_BYTES: usize = 4096;

/// Gives `sink` the whole of `source`'s file when its content is another than at `cursor`. A file whose content changed
/// is a new generation. [`Limits::bytes`] does not bind: a document cannot be split. After an error the records given so
/// far are void.
pub fn cut(source: &Source, cursor: Option<&Cursor>, limits: &Limits, sink: &mut dyn Sink) -> Result<Cut, CutError> {
    let before = stat(fs::metadata(&source.path))?;
    if let Some(cursor) = cursor
        && is_unchanged(cursor, &before)
    {
        return Ok(Cut { cursor: cursor.clone(), restarted: false, more: false });
    }
    let mut file = File::open(&source.path).map_err(gone)?;
    if before.len() > limits.record_bytes {
        return oversize(&mut file, cursor, &before, sink);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or(0));
    (&mut file).take(limits.record_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    let after = stat(fs::metadata(&source.path))?;
    if bytes.len() as u64 != after.len() || modified_ns(&before) != modified_ns(&after) || before.ino() != after.ino() {
        return Err(being_written());
    }
    let content = blake3::hash(&bytes);
    let next = next(cursor, &after, &content, &bytes[..bytes.len().min(HEAD_BYTES)]);
    if let Some(cursor) = cursor
        && cursor.rows == next.rows
    {
        return Ok(Cut { cursor: Cursor { generation: cursor.generation, ..next }, restarted: false, more: false });
    }
    if !bytes.is_empty() {
        sink.record(Record { side: None, session: None, position: 0, number: 1, bytes: &bytes });
    }
    Ok(Cut { cursor: next, restarted: cursor.is_some(), more: false })
}

/// Gives a file that is too long in pieces, after a first pass that tells whether its content changed.
fn oversize(file: &mut File, cursor: Option<&Cursor>, stat: &Metadata, sink: &mut dyn Sink) -> Result<Cut, CutError> {
    let mut hasher = blake3::Hasher::new();
    let mut head = Vec::new();
    in_pieces(file, stat.len(), &mut |_, bytes, _| {
        if head.is_empty() {
            head.extend_from_slice(&bytes[..bytes.len().min(HEAD_BYTES)]);
        }
        hasher.update(bytes);
    })?;
    let content = hasher.finalize();
    let next = next(cursor, stat, &content, &head);
    if let Some(cursor) = cursor
        && cursor.rows == next.rows
    {
        return Ok(Cut { cursor: Cursor { generation: cursor.generation, ..next }, restarted: false, more: false });
    }
    file.rewind()?;
    let mut given = blake3::Hasher::new();
    in_pieces(file, stat.len(), &mut |position, bytes, last| {
        given.update(bytes);
        sink.oversize(Record { side: None, session: None, position, number: 1, bytes }, last);
    })?;
    if given.finalize() != content {
        return Err(being_written());
    }
    Ok(Cut { cursor: next, restarted: cursor.is_some(), more: false })
}

/// Reads `length` bytes: calls `give` with the position of each piece, its bytes, and whether it is the last.
fn in_pieces(file: &mut File, length: u64, give: &mut dyn FnMut(u64, &[u8], bool)) -> Result<(), CutError> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut position = 0;
    while position < length {
        let want = (length - position).min(PIECE_BYTES as u64) as usize;
        file.read_exact(&mut piece[..want]).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => being_written(),
            _ => CutError::Io(error),
        })?;
        give(position, &piece[..want], position + want as u64 == length);
        position += want as u64;
    }
    Ok(())
}

fn being_written() -> CutError {
    CutError::Busy("the file is being written".to_owned())
}

fn next(cursor: Option<&Cursor>, stat: &Metadata, content: &blake3::Hash, head: &[u8]) -> Cursor {
    Cursor {
        generation: cursor.map_or(0, |cursor| cursor.generation.saturating_add(1)),
        offset: stat.len(),
        records: u64::from(stat.len() > 0),
        identity: (stat.dev(), stat.ino()),
        size: stat.len(),
        modified_ns: modified_ns(stat),
        head: short(&blake3::hash(head)),
        head_length: head.len() as u32,
        rows: content.as_bytes().to_vec(),
        ..Cursor::default()
    }
}

fn is_unchanged(cursor: &Cursor, stat: &Metadata) -> bool {
    cursor.size == stat.len() && cursor.modified_ns == modified_ns(stat) && cursor.identity == (stat.dev(), stat.ino())
}

fn modified_ns(stat: &Metadata) -> i64 {
    stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec())
}

fn short(hash: &blake3::Hash) -> u64 {
    hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn stat(result: io::Result<Metadata>) -> Result<Metadata, CutError> {
    let stat = result.map_err(gone)?;
    if stat.is_file() { Ok(stat) } else { Err(CutError::Malformed("not a regular file".to_owned())) }
}

fn gone(error: io::Error) -> CutError {
    match error.kind() {
        io::ErrorKind::NotFound => CutError::Gone,
        _ => CutError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::FileTimes,
        time::{Duration, SystemTime},
    };

    use super::*;
    use crate::{Problem, SourceKind};

    #[derive(Default)]
    struct Taken {
        records: Vec<Vec<u8>>,
        pieces: Vec<(u64, usize, bool)>,
    }

    impl Sink for Taken {
        fn record(&mut self, record: Record<'_>) {
            assert_eq!((record.position, record.number), (0, 1));
            self.records.push(record.bytes.to_vec());
        }
        fn oversize(&mut self, piece: Record<'_>, last: bool) {
            self.pieces.push((piece.position, piece.bytes.len(), last));
        }
        fn problem(&mut self, problem: Problem) {
            panic!("{problem:?}");
        }
    }

    struct Kept {
        _folder: tempfile::TempDir,
        source: Source,
        writes: u64,
    }

    impl Kept {
        fn new() -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let path = folder.path().join("session.json");
            let source = Source {
                path,
                kind: SourceKind::Document,
                native_id: "x".to_owned(),
                parent: None,
                side_files: vec![],
                version: 0,
            };
            Self { _folder: folder, source, writes: 0 }
        }

        fn write(&mut self, bytes: &[u8]) {
            fs::write(&self.source.path, bytes).expect("a writable folder");
            // File systems have coarse clocks: each write gets a time of its own.
            self.writes += 1;
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + self.writes);
            let file = File::options().write(true).open(&self.source.path).expect("a file");
            file.set_times(FileTimes::new().set_modified(time)).expect("a settable time");
        }

        fn cut(&self, cursor: Option<&Cursor>, record_bytes: u64) -> (Cut, Taken) {
            let mut taken = Taken::default();
            let limits = Limits { record_bytes, ..Limits::default() };
            let cut = cut(&self.source, cursor, &limits, &mut taken).expect("a readable file");
            (cut, taken)
        }
    }

    #[test]
    fn a_document_is_given_again_only_when_its_content_changed() {
        let mut file = Kept::new();
        file.write(b"{\"a\":1}");
        let (first, taken) = file.cut(None, 1000);
        assert_eq!(taken.records, [b"{\"a\":1}"]);
        assert_eq!((first.restarted, first.more, first.cursor.generation), (false, false, 0));

        let (same, taken) = file.cut(Some(&first.cursor), 1000);
        assert_eq!((same.cursor, taken.records.len()), (first.cursor.clone(), 0));

        file.write(b"{\"a\":1}");
        let (touched, taken) = file.cut(Some(&first.cursor), 1000);
        assert_eq!((taken.records.len(), touched.restarted, touched.cursor.generation), (0, false, 0));
        assert_ne!(touched.cursor, first.cursor);

        file.write(b"{\"a\":2}");
        let (changed, taken) = file.cut(Some(&touched.cursor), 1000);
        assert_eq!(taken.records, [b"{\"a\":2}"]);
        assert_eq!((changed.restarted, changed.cursor.generation, changed.cursor.offset), (true, 1, 7));

        file.write(b"");
        let (empty, taken) = file.cut(Some(&changed.cursor), 1000);
        assert_eq!((taken.records.len(), empty.cursor.generation, empty.cursor.records), (0, 2, 0));
    }

    #[test]
    fn a_document_that_is_too_long_comes_in_pieces() {
        let mut file = Kept::new();
        file.write(&vec![b'x'; PIECE_BYTES * 2 + 5]);
        let (cut, taken) = file.cut(None, 1000);
        let piece = PIECE_BYTES as u64;
        let expected = [(0, PIECE_BYTES, false), (piece, PIECE_BYTES, false), (piece * 2, 5, true)];
        assert_eq!(taken.pieces, expected);
        assert_eq!(taken.records.len(), 0);
        file.write(&vec![b'x'; PIECE_BYTES * 2 + 5]);
        assert_eq!(file.cut(Some(&cut.cursor), 1000).1.pieces, []);
        file.write(b"short");
        assert_eq!(file.cut(Some(&cut.cursor), 1000).1.records, [b"short"]);
    }

    #[test]
    fn what_is_no_file_is_an_error() {
        let file = Kept::new();
        let mut taken = Taken::default();
        assert!(matches!(cut(&file.source, None, &Limits::default(), &mut taken), Err(CutError::Gone)));
        fs::create_dir(&file.source.path).expect("a writable folder");
        assert!(matches!(cut(&file.source, None, &Limits::default(), &mut taken), Err(CutError::Malformed(_))));
    }
}
