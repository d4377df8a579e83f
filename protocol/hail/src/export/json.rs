//! A session as one JSON object:
//!
//! ```json
//! {"session":{"id":"…","short_id":"…","header":{…}},
//!  "events":[{"event":1,"kind":"prompt","turn":1,"hail":{…}}],
//!  "redactions":{"github":2}}
//! ```

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::json;

use super::Subject;
use crate::{Event, Kind};

#[derive(Debug)]
pub(super) struct Json<W> {
    writer: W,
    line: Vec<u8>,
    turn: u32,
    is_first: bool,
}

impl<W: Write> Json<W> {
    pub(super) fn new(mut writer: W, subject: &Subject) -> io::Result<Self> {
        let session = json!({ "id": subject.id, "short_id": subject.short_id, "header": subject.header });
        write!(writer, "{{\"session\":{session},\n\"events\":[")?;
        Ok(Self { writer, line: Vec::new(), turn: 0, is_first: true })
    }

    pub(super) fn event(&mut self, number: u32, event: &Event) -> io::Result<()> {
        let kind = event.body.kind();
        self.turn += u32::from(kind == Some(Kind::Prompt) && event.subagent.is_none());
        self.line.clear();
        self.line.extend_from_slice(if self.is_first { b"\n" } else { b",\n" });
        self.is_first = false;
        write!(self.line, "{{\"event\":{number}")?;
        if let Some(kind) = kind {
            write!(self.line, ",\"kind\":\"{}\"", kind.name())?;
        }
        write!(self.line, ",\"turn\":{},\"hail\":", self.turn)?;
        event.write_json(&mut self.line);
        self.line.push(b'}');
        self.writer.write_all(&self.line)
    }

    pub(super) fn finish(mut self, redactions: &BTreeMap<String, u64>) -> io::Result<W> {
        writeln!(self.writer, "\n],\n\"redactions\":{}}}", json!(redactions))?;
        self.writer.flush()?;
        Ok(self.writer)
    }
}
