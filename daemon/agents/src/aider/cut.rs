//! The cut of one section: its lines, after a side record that tells what stands outside it.
//!
//! The side record `section` holds the machine's time zone (headers and inputs are in local time), when prompts were
//! typed, and, once nothing more is expected of the section, its length: only then can the last reply be told, of which
//! nothing but what follows says that it is whole.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    os::unix::fs::MetadataExt,
    path::Path,
};

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{
    inputs::{self, Input},
    sections::{self, Section, first_eight, gone},
};
use crate::{Cursor, Cut, CutError, Limits, Record, Sink, Source};

/// The side record's name.
pub(super) const SIDE: &str = "section";
/// Bytes by which a section is recognised, at its beginning and before the cursor.
const EDGE: u64 = 4096;
/// A piece of a line that is longer than [`Limits::record_bytes`].
const PIECE: usize = 1 << 20;

/// The side record.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Side {
    /// The time zone's name: `Europe/Berlin`.
    pub(super) zone: Option<String>,
    /// The section's length in bytes, once it is whole.
    pub(super) length: Option<u64>,
    /// What was typed during it.
    pub(super) inputs: Vec<Input>,
}

/// Gives `sink` the lines of a section that came after `cursor`.
pub(super) fn cut(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Cut, CutError> {
    let path = source.container().ok_or_else(|| CutError::Malformed("not a section of a log".to_owned()))?;
    let table = sections::table(path)?;
    let section = table.sections.iter().find(|section| section.native_id == source.native_id).ok_or(CutError::Gone)?;
    let length = section.end - section.start;
    let mut file = File::open(path).map_err(gone)?;
    let stat = file.metadata()?;

    let continues = match cursor {
        Some(cursor) => recognise(&mut file, section, cursor)?,
        None => false,
    };
    let mut next = match cursor {
        Some(cursor) if continues => cursor.clone(),
        Some(cursor) => Cursor { generation: cursor.generation.saturating_add(1), ..Cursor::default() },
        None => Cursor::default(),
    };
    // A section that was taken for whole stays so until it grows.
    let whole = !section.last || limits.take_torn || ended(&next) == Some(length);
    next.rows = if whole { length.to_le_bytes().to_vec() } else { Vec::new() };
    give_side(path, section, whole.then_some(length), &mut next, sink)?;

    file.seek(SeekFrom::Start(section.start + next.offset))?;
    let mut lines = Lines { reader: BufReader::new(file.take(length - next.offset)), next: &mut next };
    let more = lines.give(limits, whole, sink)?;

    let mut file = File::open(path).map_err(gone)?;
    next.head_length = next.offset.min(EDGE) as u32;
    next.head = hash_at(&mut file, section.start, next.head_length)?.unwrap_or(0);
    next.tail_length = next.head_length;
    next.tail =
        hash_at(&mut file, section.start + next.offset - u64::from(next.tail_length), next.tail_length)?.unwrap_or(0);
    next.size = length;
    next.identity = (stat.dev(), stat.ino());
    next.modified_ns = if more { i64::MIN } else { i64::try_from(source.version).unwrap_or(i64::MAX) };
    Ok(Cut { cursor: next, restarted: cursor.is_some() && !continues, more })
}

/// The length at which the section was taken for whole.
fn ended(cursor: &Cursor) -> Option<u64> {
    cursor.rows.as_slice().try_into().ok().map(u64::from_le_bytes)
}

/// Whether the section still begins with what was read up to the cursor.
fn recognise(file: &mut File, section: &Section, cursor: &Cursor) -> Result<bool, CutError> {
    let tail = u64::from(cursor.tail_length);
    if cursor.offset > section.end - section.start
        || tail > cursor.offset
        || u64::from(cursor.head_length) > cursor.offset
    {
        return Ok(false);
    }
    Ok(hash_at(file, section.start, cursor.head_length)? == Some(cursor.head)
        && hash_at(file, section.start + cursor.offset - tail, cursor.tail_length)? == Some(cursor.tail))
}

/// The hash of `length` bytes; `None` where there are fewer.
fn hash_at(file: &mut File, position: u64, length: u32) -> Result<Option<u64>, CutError> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(position))?;
    file.take(u64::from(length).min(EDGE)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == u64::from(length)).then(|| first_eight(&bytes)))
}

fn give_side(
    path: &Path,
    section: &Section,
    length: Option<u64>,
    next: &mut Cursor,
    sink: &mut dyn Sink,
) -> Result<(), CutError> {
    let inputs = section.started.map(|started| inputs::between(path, started, section.ended)).unwrap_or_default();
    let zone = TimeZone::system().iana_name().map(str::to_owned);
    let bytes =
        serde_json::to_vec(&Side { zone, length, inputs }).map_err(|error| CutError::Malformed(error.to_string()))?;
    let hash = first_eight(&bytes);
    if hash != next.side {
        next.side = hash;
        sink.record(Record { side: Some(SIDE), session: None, position: 0, number: 0, bytes: &bytes });
    }
    Ok(())
}

struct Lines<'a> {
    reader: BufReader<std::io::Take<File>>,
    next: &'a mut Cursor,
}

impl Lines<'_> {
    /// Gives whole lines, and what follows the last one if nothing more will come. Returns whether more is waiting.
    fn give(&mut self, limits: &Limits, whole: bool, sink: &mut dyn Sink) -> Result<bool, CutError> {
        let stop = self.next.offset.saturating_add(limits.bytes);
        let mut line = Vec::new();
        while self.next.offset < stop {
            line.clear();
            if self.reader.read_until(b'\n', &mut line)? == 0 || !(whole || line.ends_with(b"\n")) {
                return Ok(false);
            }
            self.next.records += 1;
            let (number, mut position) = (self.next.records, self.next.offset);
            if line.len() as u64 > limits.record_bytes {
                let mut pieces = line.chunks(PIECE).peekable();
                while let Some(bytes) = pieces.next() {
                    let piece = Record { side: None, session: None, position, number, bytes };
                    sink.oversize(piece, pieces.peek().is_none());
                    position += bytes.len() as u64;
                }
            } else {
                sink.record(Record { side: None, session: None, position, number, bytes: &line });
            }
            self.next.offset += line.len() as u64;
        }
        Ok(!self.reader.fill_buf()?.is_empty())
    }
}
