//! The way back: a conversation as a session that an agent resumes by itself.
//!
//! A [`Writer`] tells where the session goes and what stands in it, a file or rows of the agent's database, and does no
//! IO; [`read_back`] reads what was written with the agent's own reader, so that the caller can compare. What is written are plain turns: words of the person and
//! of the agent. Tools are told in the agent's words, because no agent takes another one's calls for its own.

use std::{borrow::Cow, path::PathBuf};

use jiff::{SignedDuration, Timestamp, Zoned, tz::TimeZone};
use opensession_hail::{Body, Role};
use serde_json::{Map, Value};

pub use self::{
    database::{Put, PutError, put as put_rows},
    rows::{Cell, Insert, Lookup, Rows},
};
use crate::{Agent, Cursor, CutError, Derived, Environment, Limits, Record, Root, Sink, Source, SourceKind};

mod database;
mod rows;

/// An agent into whose folders sessions can be written.
pub trait Writer: Sync {
    /// A file that has to be read before [`Writer::write`], where the agent keeps a register of its folders. It need
    /// not be there.
    fn register(&self, _environment: &Environment) -> Option<PathBuf> {
        None
    }

    /// Whether the agent tells projects apart by [`Repository::first_commit`].
    fn names_projects_by_commit(&self) -> bool {
        false
    }

    /// The session as the agent keeps it. `register` is the text of the file that [`Writer::register`] names.
    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        register: Option<&str>,
    ) -> Result<Written, WriteError>;
}

/// What was said, for the agent that takes it up.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// Its title.
    pub title: String,
    /// The directory in which it goes on, absolute.
    pub cwd: String,
    /// The branch there.
    pub branch: Option<String>,
    /// The repository that the directory is in.
    pub repository: Option<Repository>,
    /// When it is written. Turns have no times of their own: each stands a millisecond after the one before.
    pub time: Zoned,
    /// Tells it from every other one: its ids are made of it.
    pub seed: u128,
    /// The turns.
    pub turns: Vec<Turn>,
}

/// A repository, as agents know projects by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its work tree, absolute.
    pub root: String,
    /// The first commit of what is checked out: the one without parents, the least where there are several.
    pub first_commit: Option<String>,
}

/// Words of the person or of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Whether the agent said it, rather than the person.
    pub by_agent: bool,
    /// What was said.
    pub text: String,
}

/// A session that is to be written.
#[derive(Debug, Clone)]
pub struct Written {
    /// The agent's folder.
    pub root: Root,
    /// The file, or the database that the rows go into.
    pub path: PathBuf,
    /// What stands there.
    pub content: Content,
    /// The agent's id of it.
    pub native_id: String,
    /// The turns as they stand in the file: what [`read_back`] finds.
    pub turns: Vec<Turn>,
}

/// How a session lies on disk.
#[derive(Debug, Clone)]
pub enum Content {
    /// A file with these bytes.
    File(Vec<u8>),
    /// Rows of a database that is the agent's own, and that is there already.
    Rows(Rows),
}

impl Content {
    /// Its size in bytes, without what a database needs around them.
    pub fn size(&self) -> u64 {
        match self {
            Self::File(bytes) => bytes.len() as u64,
            Self::Rows(rows) => rows.size(),
        }
    }
}

/// Why a session cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// There is nothing to say.
    #[error("there is no turn to write")]
    Empty,
    /// The agent has no folder here.
    #[error("the agent's folder is not known")]
    NoFolder,
    /// The agent's register of its folders is damaged.
    #[error("{path} is not understood: {reason}")]
    Register {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a session cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The agent's reader does not take the file for a session.
    #[error("its name is not one of a session")]
    NoSession,
    /// It cannot be read.
    #[error(transparent)]
    Cut(#[from] CutError),
    /// A part of it cannot be read.
    #[error("line {0}: {1}")]
    Problem(u64, String),
    /// Another id stands in it than in its name.
    #[error("its id is {0}")]
    OtherId(String),
}

/// The turns of a session that was written, as the agent's own reader finds them.
pub fn read_back(agent: &dyn Agent, written: &Written) -> Result<Vec<Turn>, ReadBackError> {
    let source = match &written.content {
        Content::File(_) => agent.source_at(&written.root, &written.path).ok_or(ReadBackError::NoSession)?,
        Content::Rows(_) => Source::contained(&written.path, SourceKind::Rows, &written.native_id, 1),
    };
    let mut found = Found { agent, source: &source, state: None, derived: Derived::default(), failed: None };
    let mut cursor: Option<Cursor> = None;
    loop {
        // Nothing grows any more: what looks as if it did is read, and is then told to be otherwise.
        let limits = Limits { take_torn: true, ..Limits::default() };
        let cut = agent.cut(&source, cursor.as_ref(), &limits, &mut found)?;
        if let Some(failed) = found.failed.take() {
            return Err(failed);
        }
        if !cut.more {
            break;
        }
        cursor = Some(cut.cursor);
    }
    if let Some(problem) = found.derived.problems.into_iter().next() {
        return Err(ReadBackError::Problem(problem.record, problem.reason));
    }
    let native_id =
        found.state.and_then(|deriver| deriver.facts().native_id.clone()).unwrap_or_else(|| source.native_id.clone());
    if native_id != written.native_id {
        return Err(ReadBackError::OtherId(native_id));
    }
    let said = found.derived.events.into_iter().filter_map(|event| match event.body {
        Body::Message(message) if message.role != Role::System => {
            Some(Turn { by_agent: message.role == Role::Agent, text: message.content.text().into_owned() })
        }
        _ => None,
    });
    Ok(said.collect())
}

/// What comes of records while they are read back.
struct Found<'a> {
    agent: &'a dyn Agent,
    source: &'a Source,
    state: Option<Box<dyn crate::Deriver>>,
    derived: Derived,
    failed: Option<ReadBackError>,
}

impl Sink for Found<'_> {
    fn record(&mut self, record: Record<'_>) {
        if self.state.is_none() {
            match self.agent.deriver(self.source, None) {
                Ok(deriver) => self.state = Some(deriver),
                Err(error) => self.failed = Some(ReadBackError::Problem(record.number, error.to_string())),
            }
        }
        if let Some(deriver) = &mut self.state {
            deriver.derive(&record, &mut self.derived);
        }
    }

    fn oversize(&mut self, piece: Record<'_>, _last: bool) {
        self.failed = Some(ReadBackError::Problem(piece.number, "it is too long".to_owned()));
    }
}

impl Conversation {
    /// The turns as agents take them: without white space around them, none empty, and none that begins like the words
    /// that an agent puts into a person's mouth.
    pub(crate) fn plain_turns(&self) -> Result<Vec<Turn>, WriteError> {
        let turns = self.turns.iter().map(|turn| (turn, turn.text.trim())).filter(|(_, text)| !text.is_empty());
        let turns: Vec<Turn> = turns
            .map(|(turn, text)| Turn {
                by_agent: turn.by_agent,
                text: if turn.by_agent { text.to_owned() } else { spoken(text).into_owned() },
            })
            .collect();
        if turns.is_empty() { Err(WriteError::Empty) } else { Ok(turns) }
    }

    /// The id of part `number`, as a UUID (version 4): part 0 is the session.
    pub(crate) fn uuid(&self, number: usize) -> String {
        let mut bytes = self.id_bytes(number);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let digits = hex(&bytes);
        [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
    }

    /// The id of part `number`, of eight hexadecimal digits.
    pub(crate) fn short_id(&self, number: usize) -> String {
        // The number makes it another one than all others here, the rest than those in other sessions.
        format!("{:04x}{}", number & 0xffff, &hex(&self.id_bytes(number))[..4])
    }

    fn id_bytes(&self, number: usize) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes()).update(&(number as u64).to_le_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        bytes
    }

    /// When part `number` stands there.
    pub(crate) fn time_of(&self, number: usize) -> Timestamp {
        let begun = self.time.timestamp();
        begun.checked_add(SignedDuration::from_millis(number as i64)).unwrap_or(begun)
    }

    /// [`Conversation::time_of`] as agents write it: `2026-02-01T10:00:00.000Z`.
    pub(crate) fn written_time(&self, number: usize) -> String {
        self.time_of(number).to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }
}

/// Beginnings by which agents know what they wrote themselves in a person's place, in any agent.
const CLIENTS: [&str; 10] = [
    "<",
    "#",
    "[Request interrupted",
    "Caveat: ",
    "System: ",
    "Warning: ",
    "Another language model started",
    "This is the Gemini CLI",
    "/",
    "!",
];

/// A person's words so that no agent takes them for its own, nor for a command.
fn spoken(text: &str) -> Cow<'_, str> {
    if CLIENTS.iter().any(|beginning| text.starts_with(beginning)) {
        Cow::Owned(format!("The user wrote:\n{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Lines of JSON, each with its line feed.
pub(crate) fn lines(values: impl IntoIterator<Item = Map<String, Value>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in values {
        bytes.extend_from_slice(Value::Object(value).to_string().as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// An object of JSON from what `json!` makes of one.
macro_rules! object {
    ($($json:tt)+) => {
        match serde_json::json!({ $($json)+ }) {
            serde_json::Value::Object(object) => object,
            _ => serde_json::Map::new(),
        }
    };
}
pub(crate) use object;

/// A directory as some agents name its folder: every UTF-16 unit that is no letter or digit of ASCII is a hyphen.
pub(crate) fn hyphened(directory: &str) -> String {
    let unit = |unit: u16| match u8::try_from(unit) {
        Ok(byte) if byte.is_ascii_alphanumeric() => char::from(byte),
        _ => '-',
    };
    directory.encode_utf16().map(unit).collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
