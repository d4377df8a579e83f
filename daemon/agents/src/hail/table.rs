//! A session in any dialect of HAIL as rows of this version: the header and the events, each as one line.

use std::io::BufRead;

use opensession_hail::{Item, read_any};

use crate::{
    CutError,
    rows::{self, Row, Rows},
};

/// The rows, and what could not be read of the file.
pub(crate) struct Table {
    rows: Vec<Vec<u8>>,
    problems: Vec<String>,
}

impl Table {
    /// Reads a session to its end.
    pub(crate) fn read(reader: impl BufRead) -> Result<Self, CutError> {
        let mut table = Self { rows: Vec::new(), problems: Vec::new() };
        for item in read_any(reader)? {
            let mut row = Vec::new();
            match item? {
                Item::Header(header) => serde_json::to_writer(&mut row, &header)
                    .map_err(|error| CutError::Malformed(format!("a header that cannot be written: {error}")))?,
                Item::Event(event) => event.write_json(&mut row),
                Item::Problem(problem) => {
                    table.problems.push(format!("line {}: {}", problem.line, problem.reason));
                    continue;
                }
            }
            table.rows.push(row);
        }
        Ok(table)
    }

    /// Whether there is a header among the rows, or anything else.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Rows for Table {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        Ok(self.rows.iter().map(|row| rows::mark(b"line", row)).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        json.extend_from_slice(&self.rows[index]);
        Ok(Row::Whole)
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        if self.problems.is_empty() {
            return Ok(Vec::new());
        }
        self.problems.truncate(100);
        Ok(vec![(super::derive::PROBLEMS.to_owned(), serde_json::json!(self.problems).to_string().into_bytes())])
    }
}
