//! Files of lines, each of which is written anew with every message: the lines are taken for rows.

use std::ops::Range;

use crate::{
    CutError,
    rows::{Row, Rows, mark},
};

/// The lines of a file.
pub(super) struct Lines {
    bytes: Vec<u8>,
    lines: Vec<Range<usize>>,
    /// The line that tells of the session, where there is one.
    about: Option<Range<usize>>,
}

impl Lines {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let mut lines: Vec<Range<usize>> = Vec::new();
        let mut begin = 0;
        while begin < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[begin..]).map_or(bytes.len(), |at| begin + at);
            if !bytes[begin..end].trim_ascii().is_empty() {
                lines.push(begin..end);
            }
            begin = end + 1;
        }
        let about = lines.first().filter(|line| is_about(&bytes[(*line).clone()])).cloned();
        if about.is_some() {
            lines.remove(0);
        }
        Self { bytes, lines, about }
    }
}

impl Rows for Lines {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        Ok(self.lines.iter().map(|line| mark(b"", &self.bytes[line.clone()])).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let line = self.lines.get(index).cloned().unwrap_or_default();
        let is_torn = line.end == self.bytes.len();
        let line = self.bytes[line].trim_ascii();
        json.extend_from_slice(line);
        // A last line without its end may be half of one, unless it says something whole.
        let torn = is_torn && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err();
        Ok(if torn { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(self.about.iter().map(|line| ("session".to_owned(), self.bytes[line.clone()].to_vec())).collect())
    }
}

/// Whether a first line tells of the session: it is an object that says nothing.
fn is_about(line: &[u8]) -> bool {
    let Ok(value) = crate::json_deriver::value::parse(line) else { return false };
    value.is_object() && value.get("role").is_none() && value.get("content").is_none()
}
