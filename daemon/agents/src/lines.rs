//! Cutting append-only files of lines, plain or compressed with zstd.
//!
//! A file that did not change since its cursor was taken costs one `stat`. A file that grew costs its new bytes and two
//! blocks of at most 4 KB, by which it is recognised: the first bytes and the last ones before the cursor. Where these
//! differ, or where the file has become shorter, it is read again from its beginning as a new generation.

mod content;
mod side;

use std::path::Path;

use memchr::memchr;

use self::content::{Content, Edges, Stat, Stream};
use crate::{Cursor, Cut, CutError, Limits, Problem, Record, Sink, Source};

/// Bytes read at once, and the size of the pieces in which oversize records are given.
const BLOCK: usize = 256 << 10;

/// Gives `sink` the whole lines that came after `cursor`, after side files that changed.
///
/// Where `source.path` is absent, `source.path` with `.zst` appended is read in its place, as a stream; offsets count
/// decompressed bytes, so that compressing a file is no change to its cursor. Bytes after the last line feed wait for
/// their rest unless [`Limits::take_torn`]. Lines longer than [`Limits::record_bytes`] are given in pieces, so that
/// memory stays bounded.
///
/// After an error the records given so far are void: nothing says that they are of one version of the file.
pub fn cut(source: &Source, cursor: Option<&Cursor>, limits: &Limits, sink: &mut dyn Sink) -> Result<Cut, CutError> {
    let stat = Stat::of(&source.path)?;
    let side = side::fingerprint(&source.side_files);
    if let Some(cursor) = cursor
        && stat.is_where(cursor)
        && !(limits.take_torn && stat.may_be_torn(cursor))
    {
        if side != cursor.side {
            side::give(&source.side_files, sink);
        }
        return Ok(Cut { cursor: Cursor { side, ..cursor.clone() }, restarted: false, more: false });
    }

    let content = Content::open(stat)?;
    let (mut next, edges, stream, restarted) = match cursor {
        None => (Cursor::default(), Edges::default(), content.stream_at(0)?, false),
        Some(cursor) => {
            if let Some((edges, stream)) = content.recognise(cursor)? {
                (cursor.clone(), edges, stream, false)
            } else {
                let next = Cursor { generation: cursor.generation.saturating_add(1), ..Cursor::default() };
                (next, Edges::default(), content.stream_at(0)?, true)
            }
        }
    };
    if restarted || cursor.is_none_or(|cursor| cursor.side != side) {
        side::give(&source.side_files, sink);
    }

    let mut cutting = Cutting {
        content: &content,
        stream,
        buffer: vec![0; content.buffer_size(next.offset, BLOCK)],
        begin: 0,
        end: 0,
        offset: next.offset,
        records: next.records,
        edges,
    };
    let more = cutting.run(limits, sink)?;

    next.offset = cutting.offset;
    next.records = cutting.records;
    cutting.edges.store(&mut next);
    content.stat.store(&mut next);
    next.side = side;
    if more {
        next.modified_ns = i64::MIN;
    }
    Ok(Cut { cursor: next, restarted, more })
}

/// Whether the content of a file of lines, plain or compressed, begins with what a cursor's
/// [`head`](Cursor::head) is the hash of.
pub fn begins_with(path: &Path, head: u64, head_length: u32) -> Result<bool, CutError> {
    Content::open(Stat::of(path)?)?.begins_with(head, head_length)
}

/// One call's reading.
struct Cutting<'a> {
    content: &'a Content,
    stream: Stream<'a>,
    /// `begin..end` was read but not given yet; what lies before `begin` was given.
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
    /// Where in the content `begin` is.
    offset: u64,
    records: u64,
    edges: Edges,
}

impl Cutting<'_> {
    /// Gives records until the content or a limit ends. Returns whether more is waiting.
    fn run(&mut self, limits: &Limits, sink: &mut dyn Sink) -> Result<bool, CutError> {
        let stop = self.offset.saturating_add(limits.bytes);
        let longest = limits.record_bytes;
        // Up to here the buffer holds no line feed after `begin`.
        let mut scanned = 0;
        loop {
            while let Some(at) = memchr(b'\n', &self.buffer[scanned..self.end]) {
                scanned += at + 1;
                self.give(scanned, longest, sink);
                if self.offset >= stop {
                    self.forget_given();
                    return Ok(self.end > 0 || self.fill(sink)? > 0);
                }
            }
            self.forget_given();
            if self.end as u64 > longest {
                if !self.give_oversize(limits.take_torn, sink)? {
                    return Ok(false);
                }
                if self.offset >= stop {
                    self.forget_given();
                    return Ok(self.end > 0 || self.fill(sink)? > 0);
                }
                scanned = self.begin;
                continue;
            }
            scanned = self.end;
            if self.fill(sink)? == 0 {
                break;
            }
        }
        self.content.check_not_shrunk(self.offset + self.end as u64)?;
        if limits.take_torn && self.end > 0 {
            self.give(self.end, longest, sink);
            self.forget_given();
        }
        Ok(false)
    }

    /// Gives `begin..until`, all of it in the buffer, as one record.
    fn give(&mut self, until: usize, longest: u64, sink: &mut dyn Sink) {
        self.records += 1;
        let bytes = &self.buffer[self.begin..until];
        let record = Record { side: None, session: None, position: self.offset, number: self.records, bytes };
        if bytes.len() as u64 > longest {
            sink.oversize(record, true);
        } else {
            sink.record(record);
        }
        self.offset += bytes.len() as u64;
        self.begin = until;
    }

    /// Gives a record of which the buffer holds only the beginning. False when its end is not written yet.
    fn give_oversize(&mut self, take_torn: bool, sink: &mut dyn Sink) -> Result<bool, CutError> {
        // Its end is looked for before a piece of it is given: pieces of a torn line would be given again later.
        let read = self.offset + self.end as u64;
        let (line_end, torn) = self.content.line_end(read, &mut vec![0; BLOCK])?;
        if torn && !take_torn {
            self.content.check_not_shrunk(line_end)?;
            return Ok(false);
        }
        self.records += 1;
        let mut position = self.offset;
        loop {
            let piece = ((line_end - position).min(self.end as u64) as usize).min(BLOCK);
            let bytes = &self.buffer[..piece];
            let last = position + piece as u64 >= line_end;
            sink.oversize(Record { side: None, session: None, position, number: self.records, bytes }, last);
            position += piece as u64;
            self.begin = piece;
            self.offset = position;
            if last {
                return Ok(true);
            }
            self.forget_given();
            if self.end == 0 && self.fill(sink)? == 0 {
                return Err(CutError::Busy("the file became shorter while it was read".to_owned()));
            }
        }
    }

    /// Takes what was given out of the buffer.
    fn forget_given(&mut self) {
        if self.begin == 0 {
            return;
        }
        self.edges.note(&self.buffer[..self.begin]);
        self.buffer.copy_within(self.begin..self.end, 0);
        self.end -= self.begin;
        self.begin = 0;
    }

    /// Reads on; returns how much, zero at the end of the content.
    fn fill(&mut self, sink: &mut dyn Sink) -> Result<usize, CutError> {
        if self.end == self.buffer.len() {
            let size = (self.buffer.len() * 2).max(BLOCK);
            self.buffer.resize(size, 0);
        }
        match self.stream.read(&mut self.buffer[self.end..])? {
            Ok(read) => {
                self.end += read;
                Ok(read)
            }
            Err(damage) => {
                sink.problem(Problem { record: 0, position: self.offset, reason: damage });
                Ok(0)
            }
        }
    }
}

#[cfg(test)]
mod tests;
