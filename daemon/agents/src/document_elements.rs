//! Documents that are written anew at each message: their list of messages as rows, what stands beside it as a side.

use std::{collections::BTreeMap, fs, path::PathBuf};

use memchr::memchr2;
use serde_json::value::RawValue;

use crate::{
    CutError, lenient_json,
    rows::{self, Row, Rows},
    transcript::json::Value,
};

/// The name of the side record with all of the document but its elements.
pub(crate) const DOCUMENT: &str = "document";
/// A file beside the document longer than this is not given.
const FILE_BYTES: u64 = 64 << 10;

/// A document's elements.
pub(crate) struct Elements {
    rows: Vec<(Vec<u8>, Row)>,
    sides: Vec<(String, Vec<u8>)>,
}

impl Elements {
    /// The elements of the array `member` of the document `bytes`, or, without a name, of the array that it is.
    /// `growing` tells of an element, as JSON, whether more of it is to come; and is told whether it is the last one.
    pub(crate) fn of_document(
        bytes: &[u8],
        member: Option<&str>,
        growing: impl Fn(&str, bool) -> bool,
    ) -> Result<Self, CutError> {
        let text = lenient_json::decoded(bytes);
        let mut sides = Vec::new();
        let elements: Vec<&RawValue> = match member {
            None => serde_json::from_str(&text).map_err(fault)?,
            Some(member) => {
                let mut document: BTreeMap<String, &RawValue> = serde_json::from_str(&text).map_err(fault)?;
                let elements = document.remove(member);
                let mut side = Vec::new();
                compact(&serde_json::to_string(&document).map_err(fault)?, &mut side);
                sides.push((DOCUMENT.to_owned(), side));
                elements.map_or(Ok(Vec::new()), |raw| serde_json::from_str(raw.get())).map_err(fault)?
            }
        };
        let last = elements.len().saturating_sub(1);
        let row = |(index, raw): (usize, &&RawValue)| {
            let grows = growing(raw.get(), index == last);
            let mut json = Vec::with_capacity(raw.get().len());
            compact(raw.get(), &mut json);
            (json, if grows { Row::Growing } else { Row::Whole })
        };
        Ok(Self { rows: elements.iter().enumerate().map(row).collect(), sides })
    }

    /// Gives small files too, each under its name, as far as they are there.
    pub(crate) fn with_files(mut self, files: &[PathBuf]) -> Self {
        for file in files {
            let Some(name) = file.file_name().and_then(|name| name.to_str()) else { continue };
            if fs::metadata(file).is_ok_and(|stat| stat.is_file() && stat.len() <= FILE_BYTES)
                && let Ok(bytes) = fs::read(file)
            {
                self.sides.push((name.to_owned(), bytes));
            }
        }
        self
    }

    /// Of what stands beside the elements, gives those members alone that are named.
    pub(crate) fn beside(mut self, members: &[&str]) -> Self {
        for (_, json) in self.sides.iter_mut().filter(|(name, _)| name == DOCUMENT) {
            if let Ok(mut document) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(json) {
                document.retain(|name, _| members.contains(&name.as_str()));
                *json = serde_json::to_vec(&document).expect("JSON can be written into memory");
            }
        }
        self
    }

    /// Gives a record of that name too.
    pub(crate) fn with_side(mut self, name: &str, json: Vec<u8>) -> Self {
        self.sides.push((name.to_owned(), json));
        self
    }

    /// Adds an element of which more is to come.
    pub(crate) fn then(mut self, json: &str) -> Self {
        let mut row = Vec::with_capacity(json.len());
        compact(json, &mut row);
        self.rows.push((row, Row::Growing));
        self
    }

    /// Makes other elements of them, by their number.
    pub(crate) fn map(mut self, change: impl Fn(usize, Vec<u8>) -> Vec<u8>) -> Self {
        let rows = std::mem::take(&mut self.rows).into_iter().enumerate();
        self.rows = rows.map(|(index, (json, row))| (change(index, json), row)).collect();
        self
    }

    /// Those elements alone that `keep` holds.
    pub(crate) fn only(mut self, keep: impl Fn(&Value<'_>) -> bool) -> Self {
        self.rows.retain(|(json, _)| serde_json::from_slice(json).is_ok_and(|value| keep(&value)));
        self
    }
}

impl Rows for Elements {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        Ok(self.rows.iter().map(|(json, _)| rows::mark(&[], json)).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let (row, state) = &self.rows[index];
        json.extend_from_slice(row);
        Ok(*state)
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(self.sides.clone())
    }
}

/// Leaves out the white space between the tokens of a JSON text.
fn compact(json: &str, compacted: &mut Vec<u8>) {
    let mut rest = json.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        if byte == b'"' {
            let text = 1 + text_length(after);
            compacted.extend_from_slice(&rest[..text]);
            rest = &rest[text..];
        } else {
            if !byte.is_ascii_whitespace() {
                compacted.push(byte);
            }
            rest = after;
        }
    }
}

/// How long the text is that begins behind a quote, with the quote at its end.
fn text_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr2(b'"', b'\\', &bytes[at..]) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at = (at + 2).min(bytes.len());
    }
    bytes.len()
}

/// What an error of the parser's means: the end is missing while the document is being written.
fn fault(error: serde_json::Error) -> CutError {
    if error.is_eof() {
        CutError::Busy("the file is being written".to_owned())
    } else {
        CutError::Malformed(format!("not what is expected: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_becomes_rows_and_a_side() {
        let document = b"{\n  \"a\": [1, \"b \\\" \\\\\"],\n  \"m\": [\n {\"x\": 1},\n {\"x\" : 2}\n ]\n}";
        let growing = |json: &str, last: bool| last && json.contains('2');
        let mut elements = Elements::of_document(document, Some("m"), growing).expect("a document");
        assert_eq!(elements.sides, [(DOCUMENT.to_owned(), br#"{"a":[1,"b \" \\"]}"#.to_vec())]);
        assert_eq!(elements.rows[0], (br#"{"x":1}"#.to_vec(), Row::Whole));
        assert_eq!(elements.rows[1].1, Row::Growing);
        assert_eq!(elements.marks().expect("marks").len(), 2);
        let torn = Elements::of_document(&document[..20], Some("m"), growing);
        assert!(matches!(torn, Err(CutError::Busy(_))));
        let other = Elements::of_document(b"[7]", Some("m"), growing);
        assert!(matches!(other, Err(CutError::Malformed(_))));
    }
}
