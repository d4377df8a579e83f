//! The order of a session's rows, and which of them are still being written.
//!
//! A message of the agent's changes until its step is done, and its parts stream. It is therefore cut three times over:
//! a row that opens it, which never changes, its parts, each when it is whole, and a row that ends it. A message of the
//! person's only opens: what is written into it afterwards (a summary of what was done for it) tells nothing new.

use serde_json::Value;

use crate::{
    CutError,
    json_deriver::value,
    rows::{Row, Rows, mark},
};

/// A message, as its place in the session needs it.
pub(super) struct Message {
    pub(super) id: String,
    /// Another number whenever it may have changed.
    pub(super) version: u64,
    /// The person's.
    pub(super) is_user: bool,
}

/// A part of a message.
pub(super) struct Part {
    pub(super) id: String,
    pub(super) version: u64,
}

/// Where the rows of one session are kept.
pub(super) trait Store {
    /// The session's messages in their order, each with its parts in theirs.
    fn messages(&mut self) -> Result<Vec<(Message, Vec<Part>)>, CutError>;

    /// The JSON of the message at that place in the order, or of its part at that place.
    fn data(&mut self, message: usize, part: Option<usize>) -> Result<String, CutError>;

    /// Writes the row as one object that begins with the member `row`.
    fn write(&mut self, message: usize, part: Option<usize>, row: &str, json: &mut Vec<u8>) -> Result<(), CutError>;

    /// The session's own row.
    fn session(&mut self) -> Result<Vec<u8>, CutError>;

    /// The rows are messages of the newest form, which need no parts.
    fn is_whole(&self) -> bool {
        false
    }
}

#[derive(Clone, Copy)]
enum Entry {
    /// Opens a message.
    Start(usize),
    Part(usize, usize),
    /// Ends a message of the agent's.
    End(usize),
    /// A message of the newest form.
    Whole(usize),
}

/// The rows of a session.
pub(super) struct Session<S> {
    store: S,
    entries: Vec<Entry>,
    messages: Vec<(Message, Vec<Part>)>,
    /// The agent's message that is still being written.
    open: Option<usize>,
}

impl<S: Store> Session<S> {
    pub(super) fn new(store: S) -> Self {
        Self { store, entries: Vec::new(), messages: Vec::new(), open: None }
    }

    fn entry(&self, index: usize) -> Result<Entry, CutError> {
        self.entries.get(index).copied().ok_or_else(|| CutError::Busy("the session became shorter".to_owned()))
    }

    /// Whether the part of the open message is not whole yet.
    fn is_growing(&mut self, message: usize, part: usize) -> Result<bool, CutError> {
        let data = self.store.data(message, Some(part))?;
        let Ok(data) = value::parse(data.as_bytes()) else { return Ok(true) };
        let is_last = self.messages.get(message).is_some_and(|(_, parts)| part + 1 == parts.len());
        Ok(match value::text(&data, "/type") {
            Some("tool") => matches!(value::text(&data, "/state/status"), Some("pending" | "running")),
            Some("text" | "reasoning") => match data.get("time") {
                Some(time) => time.get("end").is_none_or(Value::is_null),
                None => is_last,
            },
            _ => false,
        })
    }
}

impl<S: Store> Rows for Session<S> {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        self.messages = self.store.messages()?;
        self.entries.clear();
        let mut marks = Vec::new();
        let whole = self.store.is_whole();
        for (at, (message, parts)) in self.messages.iter().enumerate() {
            if whole {
                self.entries.push(Entry::Whole(at));
                marks.push(mark(message.id.as_bytes(), &message.version.to_le_bytes()));
                continue;
            }
            self.entries.push(Entry::Start(at));
            marks.push(mark(message.id.as_bytes(), b"start"));
            for (number, part) in parts.iter().enumerate() {
                self.entries.push(Entry::Part(at, number));
                marks.push(mark(part.id.as_bytes(), &part.version.to_le_bytes()));
            }
            if !message.is_user {
                self.entries.push(Entry::End(at));
                marks.push(mark(message.id.as_bytes(), &message.version.to_le_bytes()));
            }
        }
        // Only the last message of the agent's may still be at work; one that was cut off before it is not.
        self.open = match self.messages.iter().rposition(|(message, _)| !message.is_user) {
            Some(last) => {
                let data = self.store.data(last, None)?;
                value::parse(data.as_bytes()).map_or(true, |data| is_open(&data)).then_some(last)
            }
            None => None,
        };
        Ok(marks)
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let entry = self.entry(index)?;
        let growing = match entry {
            Entry::Start(_) => false,
            Entry::Part(message, part) => self.open == Some(message) && self.is_growing(message, part)?,
            Entry::End(message) | Entry::Whole(message) => self.open == Some(message),
        };
        match entry {
            Entry::Start(message) => self.store.write(message, None, "start", json)?,
            Entry::Part(message, part) => self.store.write(message, Some(part), "part", json)?,
            Entry::End(message) => self.store.write(message, None, "end", json)?,
            Entry::Whole(message) => self.store.write(message, None, "message", json)?,
        }
        Ok(if growing { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(vec![("session".to_owned(), self.store.session()?)])
    }
}

/// Whether a message of the agent's is not at its end, in any of the forms.
fn is_open(data: &Value) -> bool {
    let ended = ["/time/completed", "/metadata/time/completed", "/error", "/metadata/error", "/finish"];
    ended.iter().all(|pointer| data.pointer(pointer).is_none_or(Value::is_null))
}
