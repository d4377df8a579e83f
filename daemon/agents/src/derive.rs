//! From records to events: the interface of the pure part of a reader.

use jiff::Timestamp;
use opensession_hail::{Event, Relation};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Record;

/// The first prompt is cut to so many characters.
const PROMPT_CHARACTERS: usize = 200;

/// Turns the records of one session, in order, into events. Does no IO.
pub trait Deriver: Send {
    /// Takes the next record.
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived);

    /// What is known of the session as a whole so far.
    fn facts(&self) -> &Facts;

    /// All that [`crate::Agent::deriver`] needs to go on from here. Small: a few kilobytes, whatever the session's size.
    fn state(&self) -> Vec<u8>;
}

/// What came out of records.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Derived {
    /// Events, in the order of the session.
    pub events: Vec<Event>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Something that could not be read. The rest of the source is read all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The record's number in its source (the line, for files of lines); zero when it is about the source as a whole.
    pub record: u64,
    /// Byte offset of the record.
    pub position: u64,
    /// What is wrong, as a lowercase fragment: `not JSON: expected value at column 17`.
    pub reason: String,
}

impl Problem {
    /// A problem of a record.
    pub(crate) fn of(record: &Record<'_>, reason: impl Into<String>) -> Self {
        Self { record: record.number, position: record.position, reason: reason.into() }
    }
}

/// What is known of a session as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The agent's id of the session, where the records tell a better one than the path.
    pub native_id: Option<String>,
    /// The session it came from.
    pub parent: Option<(String, Relation)>,
    /// The title a person gave it.
    pub custom_title: Option<String>,
    /// The title the agent gave it.
    pub agent_title: Option<String>,
    /// The first prompt that is really one, cut to 200 characters.
    pub first_prompt: Option<String>,
    /// The directory in which it began.
    pub cwd: Option<String>,
    /// The last directory that a record names.
    pub last_cwd: Option<String>,
    /// The last branch that a record names.
    pub branch: Option<String>,
    /// The commit at its beginning.
    pub commit: Option<String>,
    /// The remote's URL, as the agent logged it; it may hold credentials.
    pub repository: Option<String>,
    /// The model that answered last.
    pub model: Option<String>,
    /// The agent's version that wrote last.
    pub agent_version: Option<String>,
    /// Earliest time of a record.
    pub started: Option<Timestamp>,
    /// Latest time of a record.
    pub updated: Option<Timestamp>,
    /// The agent it came from, where a reader reads what others wrote: a HAIL header's `tool`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What a sub-agent was started as: `Explore`.
    pub subagent_type: Option<String>,
    /// Ids of the last records of the session's branches, at most 16, for titles that stand in other sessions.
    pub leaves: Vec<String>,
    /// Titles for other sessions: the id of a record there, and the title.
    pub titles_elsewhere: Vec<(String, String)>,
    /// What the session waits for, as far as its last records tell.
    pub activity: Activity,
}

impl Facts {
    /// Takes note of a time in the session.
    pub(crate) fn saw(&mut self, ts: Option<Timestamp>) {
        let Some(ts) = ts else { return };
        self.started = Some(self.started.map_or(ts, |started| started.min(ts)));
        self.updated = Some(self.updated.map_or(ts, |updated| updated.max(ts)));
    }

    /// Takes note of what a person typed.
    pub(crate) fn prompted(&mut self, text: &str) {
        let text = text.trim();
        if self.first_prompt.is_none() && !text.is_empty() {
            self.first_prompt = Some(text.chars().take(PROMPT_CHARACTERS).collect());
        }
    }
}

/// What a session is doing, as far as its records tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// The agent has answered; it is the person's turn.
    #[default]
    Idle,
    /// A prompt or a tool result stands last: the agent is at work, or was cut off.
    Working,
    /// The person interrupted the agent.
    Interrupted,
}

/// A deriver's state that cannot be taken up: of another version, or damaged. The session is derived again from its
/// first record.
#[derive(Debug, thiserror::Error)]
#[error("the kept state of the reader cannot be used: {0}")]
pub struct StateError(pub String);

/// A state that was put down, which has a member `version`; another one than `version` cannot be read on.
pub(crate) fn take_up<S: DeserializeOwned>(state: &[u8], version: u32) -> Result<S, StateError> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let unreadable = |error: serde_json::Error| StateError(error.to_string());
    let found: Versioned = serde_json::from_slice(state).map_err(unreadable)?;
    if found.version != version {
        return Err(StateError(format!("version {} instead of {version}", found.version)));
    }
    serde_json::from_slice(state).map_err(unreadable)
}
