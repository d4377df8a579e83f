//! The front door: reads a session whatever dialect of HAIL it is in.

use std::io::{self, BufRead, Chain, Cursor, Read};

use serde_json::Value;

use super::{Item, LineReader, MAX_LINE_BYTES, Reader};
use crate::import::{self, ImportedLines};

/// The largest file of one JSON object that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 256 * 1024 * 1024;

/// Reads a file of `hail/0.1`, or of `hail-1.0.0` in either of its shapes; which one is told from its beginning. A file
/// that is none of them is read as `hail/0.1`, which tells what is wrong with it.
pub fn read_any<R: BufRead>(mut reader: R) -> io::Result<AnyReader<R>> {
    let (first, value) = first_line(&mut reader)?;
    let dialect = match value {
        Ok(Value::Object(fields)) if import::is_header(&fields) => {
            let lines = LineReader::new(Cursor::new(first).chain(reader), MAX_LINE_BYTES);
            Dialect::Lines(Box::new(ImportedLines::new(lines)))
        }
        Ok(Value::Object(fields)) if import::is_document(&fields) => {
            Dialect::Document(import::document(fields).into_iter())
        }
        // An object that goes on over several lines.
        Err(error) if error.is_eof() && first.trim_ascii().starts_with(b"{") => {
            let mut bytes = first;
            let left = (MAX_DOCUMENT_BYTES as u64 + 1).saturating_sub(bytes.len() as u64);
            reader.by_ref().take(left).read_to_end(&mut bytes)?;
            match serde_json::from_slice::<Value>(without_mark(&bytes)) {
                Ok(Value::Object(fields)) if import::is_document(&fields) => {
                    Dialect::Document(import::document(fields).into_iter())
                }
                _ => Dialect::Hail(Box::new(Reader::new(Cursor::new(bytes).chain(reader)))),
            }
        }
        _ => Dialect::Hail(Box::new(Reader::new(Cursor::new(first).chain(reader)))),
    };
    Ok(AnyReader { dialect })
}

/// What [`read_any`] gives: the items of a file in any dialect, in the form of this version.
#[derive(Debug)]
pub struct AnyReader<R> {
    dialect: Dialect<R>,
}

#[derive(Debug)]
enum Dialect<R> {
    Hail(Box<Reader<Chain<Cursor<Vec<u8>>, R>>>),
    Lines(Box<ImportedLines<Chain<Cursor<Vec<u8>>, R>>>),
    Document(std::vec::IntoIter<Item>),
}

impl<R> AnyReader<R> {
    /// Whether the file is of the older dialect, so that not all of what is read was written like this.
    pub fn is_imported(&self) -> bool {
        !matches!(self.dialect, Dialect::Hail(_))
    }
}

impl<R: BufRead> Iterator for AnyReader<R> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.dialect {
            Dialect::Hail(reader) => reader.next(),
            Dialect::Lines(lines) => lines.next(),
            Dialect::Document(items) => items.next().map(Ok),
        }
    }
}

/// Everything up to the end of the first line that is not blank, and that line as JSON.
fn first_line(reader: &mut impl BufRead) -> io::Result<(Vec<u8>, serde_json::Result<Value>)> {
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        let left = (MAX_LINE_BYTES as u64).saturating_sub(start as u64);
        let read = reader.by_ref().take(left).read_until(b'\n', &mut bytes)?;
        let line = without_mark(&bytes[start..]).trim_ascii();
        if read == 0 || !line.is_empty() {
            let value = serde_json::from_slice(line);
            return Ok((bytes, value));
        }
    }
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}
