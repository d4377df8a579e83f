//! A session as HAIL.

use std::io::{self, Write};

use super::Subject;
use crate::Writer;

/// Writes the header; the events follow as they are.
pub(super) fn begin<W: Write>(writer: W, subject: &Subject) -> io::Result<Writer<W>> {
    Writer::new(writer, &subject.header)
}
