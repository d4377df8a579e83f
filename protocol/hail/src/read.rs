//! Reading HAIL files, line by line.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use serde_json::Value;

use crate::{Event, Extra, Header};

pub use any::{AnyReader, MAX_DOCUMENT_BYTES, read_any};

mod any;

/// The longest line that is read, in bytes. Longer ones are skipped and reported.
pub const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// Reads a `hail/0.1` file: the header, then the events, in order. What cannot be read is told as a problem, and the
/// rest is read all the same; only a failure of the underlying reader ends it early.
///
/// A byte order mark, CRLF line ends, blank lines and a missing last line end are tolerated. See [`read_any`] for files
/// that may be of the older dialect.
#[derive(Debug)]
pub struct Reader<R> {
    lines: LineReader<R>,
    pending: VecDeque<Item>,
    state: State,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// The first line.
    Header(Header),
    /// A line after it.
    Event(Event),
    /// A line, or something about the file, that could not be read.
    Problem(Problem),
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1; zero when it is about the file as a whole.
    pub line: u64,
    /// The column, in bytes from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong, as a lowercase fragment.
    pub reason: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Events,
    End,
}

impl<R: BufRead> Reader<R> {
    /// A reader of lines of at most [`MAX_LINE_BYTES`].
    pub fn new(reader: R) -> Self {
        Self::with_max_line(reader, MAX_LINE_BYTES)
    }

    /// A reader of lines of at most `max_line_bytes`.
    pub fn with_max_line(reader: R, max_line_bytes: usize) -> Self {
        Self { lines: LineReader::new(reader, max_line_bytes), pending: VecDeque::new(), state: State::Start }
    }

    /// The number of the line read last, from 1.
    pub fn line(&self) -> u64 {
        self.lines.number
    }

    fn read(&mut self) -> io::Result<Option<Item>> {
        if let Some(item) = self.pending.pop_front() {
            return Ok(Some(item));
        }
        let max = self.lines.max;
        let (number, line) = match self.lines.next_line()? {
            Some(line) => line,
            None if self.state == State::Start => {
                self.state = State::End;
                return Ok(Some(Item::Problem(Problem { line: 0, column: None, reason: "the file is empty".into() })));
            }
            None => return Ok(None),
        };
        let is_first = self.state == State::Start;
        self.state = State::Events;
        let bytes = match line {
            Line::Whole(bytes) => bytes,
            Line::TooLong(length) => {
                return Ok(Some(Item::Problem(Problem::too_long(number, length, max))));
            }
        };
        if is_first || looks_like_header(bytes) {
            match header(bytes) {
                Some(Ok(header)) if is_first => {
                    if !header.is_supported() {
                        self.pending.push_back(Item::Problem(Problem {
                            line: number,
                            column: None,
                            reason: format!("version `{}` is not `{}`", header.v, crate::VERSION),
                        }));
                    }
                    return Ok(Some(Item::Header(header)));
                }
                Some(Ok(_)) => {
                    let reason = "a second header".to_owned();
                    return Ok(Some(Item::Problem(Problem { line: number, column: None, reason })));
                }
                Some(Err(reason)) => {
                    return Ok(Some(Item::Problem(Problem { line: number, column: None, reason })));
                }
                None => {}
            }
        }
        let item = match Event::from_json(bytes) {
            Ok(event) => Item::Event(event),
            Err(error) => Item::Problem(Problem { line: number, column: error.column, reason: error.reason }),
        };
        if !is_first {
            return Ok(Some(item));
        }
        self.pending.push_back(item);
        Ok(Some(Item::Problem(Problem { line: number, column: None, reason: "the header is missing".into() })))
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::End && self.pending.is_empty() {
            return None;
        }
        let item = self.read().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.state = State::End;
        }
        item
    }
}

impl Problem {
    pub(crate) fn too_long(line: u64, length: u64, max: usize) -> Self {
        Self { line, column: None, reason: format!("the line is too long: {length} bytes, at most {max} are read") }
    }
}

impl Header {
    /// Whether this crate understands the file: later versions of `hail/0` only add fields.
    pub fn is_supported(&self) -> bool {
        self.v.strip_prefix("hail/0.").is_some_and(|minor| minor.parse::<u32>().is_ok_and(|minor| minor >= 1))
    }
}

/// The header that a line is; `None` when it is none, an error when it wants to be one. A header has a `v` and is
/// neither a message nor typed.
pub(crate) fn header(line: &[u8]) -> Option<Result<Header, String>> {
    let fields: Extra = serde_json::from_slice(line).ok()?;
    if !fields.contains_key("v") || fields.contains_key("role") || fields.contains_key("type") {
        return None;
    }
    Some(serde_json::from_value(Value::Object(fields)).map_err(|error| format!("in the header: {error}")))
}

/// Cheap, for it is asked of every line: only then is it parsed as a header.
pub(crate) fn looks_like_header(line: &[u8]) -> bool {
    line.starts_with(br#"{"v":"hail"#)
}

/// Lines of a bounded length, counted. Blank ones are skipped.
#[derive(Debug)]
pub(crate) struct LineReader<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The number of the line read last.
    pub(crate) number: u64,
    /// The longest line that is kept, in bytes.
    pub(crate) max: usize,
    /// Whether the file began with a byte order mark.
    pub(crate) had_mark: bool,
}

#[derive(Debug)]
pub(crate) enum Line<'a> {
    /// Without its line end and without white space around it; never empty.
    Whole(&'a [u8]),
    /// Its length in bytes.
    TooLong(u64),
}

impl<R: BufRead> LineReader<R> {
    pub(crate) fn new(reader: R, max: usize) -> Self {
        Self { reader, buffer: Vec::new(), number: 0, max, had_mark: false }
    }

    /// The next line that is not blank, and its number.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<(u64, Line<'_>)>> {
        /// The buffer stays this large between lines.
        const KEPT_BYTES: usize = 1024 * 1024;
        loop {
            self.buffer.clear();
            self.buffer.shrink_to(KEPT_BYTES);
            // One byte more tells a line of the greatest length from a longer one, and one is the line feed.
            let limit = (self.max as u64).saturating_add(2);
            let read = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.had_mark = true;
                self.buffer.drain(..3);
            }
            if read as u64 == limit && self.buffer.last() != Some(&b'\n') {
                let rest = self.skip_line()?;
                return Ok(Some((self.number, Line::TooLong(read as u64 + rest))));
            }
            let length = self.buffer.trim_ascii().len();
            if length > self.max {
                return Ok(Some((self.number, Line::TooLong(length as u64))));
            }
            if length > 0 {
                return Ok(Some((self.number, Line::Whole(self.buffer.trim_ascii()))));
            }
        }
    }

    /// Reads to the end of the line; how many bytes, without the line end.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            self.buffer.clear();
            let read = self.reader.by_ref().take(64 * 1024).read_until(b'\n', &mut self.buffer)? as u64;
            skipped += read;
            if self.buffer.last() == Some(&b'\n') {
                return Ok(skipped - 1);
            }
            if read == 0 {
                return Ok(skipped);
            }
        }
    }
}
