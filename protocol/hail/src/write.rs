//! Writing HAIL files, line by line.

use std::io::{self, Write};

use crate::{Event, Header};

/// Writes a HAIL file: the header at once, then each event as it comes. A line reaches the underlying writer in one
/// piece, so that a file that is cut off by a crash lacks lines but has at most one torn one.
#[derive(Debug)]
pub struct Writer<W> {
    writer: W,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub fn new(mut writer: W, header: &Header) -> io::Result<Self> {
        let mut line = serde_json::to_vec(header)?;
        line.push(b'\n');
        writer.write_all(&line)?;
        Ok(Self { writer, line })
    }

    /// Writes the next event.
    pub fn write(&mut self, event: &Event) -> io::Result<()> {
        self.line.clear();
        event.write_json(&mut self.line);
        self.line.push(b'\n');
        self.writer.write_all(&self.line)
    }

    /// Flushes, and gives the underlying writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        Ok(self.writer)
    }
}
