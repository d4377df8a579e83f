//! The frame of derivers whose records are JSON values: rows of databases, elements of documents.
//!
//! A reader says what becomes of one value ([`Tell`]); parsing, problems, the kept state, and what every session's facts
//! have in common are here.

use jiff::Timestamp;
use opensession_hail::{
    Body, Content, ErrorEvent, Event, Extra, Message, Part, Role, Status, Thinking, ToolResult, Usage,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Derived, Deriver, Facts, Problem, Record, StateError,
    derive::{self, Activity},
};

pub(crate) mod calls;
pub(crate) mod value;

/// Other texts among the facts are cut to so many characters.
const FACT_CHARACTERS: usize = 1000;

/// What an agent's reader keeps between records, and what it makes of one.
pub(crate) trait Tell: Default + Serialize + DeserializeOwned + Send {
    /// Changes whenever a state of before cannot be read on.
    const VERSION: u32;

    /// Takes a record. What it returns as an error is a problem of this record.
    fn take(&mut self, value: &Value, out: &mut Out<'_>) -> Result<(), String>;
}

/// Derives a session by what `T` makes of each record.
pub(crate) struct JsonDeriver<T> {
    kept: Kept<T>,
}

#[derive(Serialize, Deserialize)]
struct Kept<T> {
    version: u32,
    facts: Facts,
    own: T,
}

impl<T: Tell> JsonDeriver<T> {
    /// A deriver at the beginning of a session, or where `state` was taken.
    pub(crate) fn new(state: Option<&[u8]>) -> Result<Self, StateError> {
        let Some(bytes) = state else {
            return Ok(Self { kept: Kept { version: T::VERSION, facts: Facts::default(), own: T::default() } });
        };
        Ok(Self { kept: derive::take_up(bytes, T::VERSION)? })
    }

    /// The session took place in `directory`, unless its records tell of another one.
    pub(crate) fn in_directory(mut self, directory: Option<String>) -> Self {
        let facts = &mut self.kept.facts;
        if facts.cwd.is_none() {
            facts.cwd.clone_from(&directory);
            facts.last_cwd = directory;
        }
        self
    }
}

impl<T: Tell> Deriver for JsonDeriver<T> {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        let told = match value::parse(record.bytes) {
            Ok(value) => {
                let facts = &mut self.kept.facts;
                let mut out = Out { facts, derived, ts: None, side: record.side, number: record.number };
                self.kept.own.take(&value, &mut out)
            }
            Err(error) => Err(format!("not JSON: {error}")),
        };
        if let Err(reason) = told {
            derived.problems.push(Problem::of(record, reason));
        }
    }

    fn facts(&self) -> &Facts {
        &self.kept.facts
    }

    fn state(&self) -> Vec<u8> {
        serde_json::to_vec(&self.kept).expect("a state has no keys that are not texts")
    }
}

/// Takes what comes of a record.
pub(crate) struct Out<'a> {
    /// What is known of the session.
    pub(crate) facts: &'a mut Facts,
    derived: &'a mut Derived,
    /// When what is told happened.
    pub(crate) ts: Option<Timestamp>,
    /// The side record that it is.
    pub(crate) side: Option<&'a str>,
    /// The record's number.
    pub(crate) number: u64,
}

impl Out<'_> {
    /// Something happened. Events with the same id are told apart by suffixes such as `:result`.
    pub(crate) fn event(&mut self, id: impl Into<String>, body: Body) {
        let id = Some(id.into()).filter(|id| !id.is_empty());
        self.derived.events.push(Event { id, ts: self.ts, ..Event::new(body) });
    }

    /// Notes when something happened: later events carry that time.
    pub(crate) fn at(&mut self, ts: Option<Timestamp>) {
        self.ts = ts.or(self.ts);
        self.facts.saw(ts);
    }

    /// Notes a directory.
    pub(crate) fn moved(&mut self, directory: Option<&str>) {
        let Some(directory) = fact(directory) else { return };
        if self.facts.cwd.is_none() {
            self.facts.cwd = Some(directory.clone());
        }
        self.facts.last_cwd = Some(directory);
    }

    /// Notes the model that answers.
    pub(crate) fn model(&mut self, model: Option<&str>) {
        self.facts.model = fact(model).or_else(|| self.facts.model.take());
    }

    /// The person's words.
    pub(crate) fn human(&mut self, id: impl Into<String>, text: &str) {
        self.human_with(id, text, Vec::new());
    }

    /// The person's words, and what was attached to them.
    pub(crate) fn human_with(&mut self, id: impl Into<String>, text: &str, attached: Vec<Part>) {
        let text = text.trim();
        if text.is_empty() && attached.is_empty() {
            return;
        }
        self.facts.activity = Activity::Working;
        self.facts.prompted(text);
        self.event(id, message(Role::Human, content(text, attached), None));
    }

    /// The agent's words.
    pub(crate) fn agent(&mut self, id: impl Into<String>, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.facts.activity = Activity::Idle;
            let model = self.facts.model.clone();
            self.event(id, message(Role::Agent, Content::Text(text.to_owned()), model));
        }
    }

    /// What the client put into the conversation.
    pub(crate) fn system(&mut self, id: impl Into<String>, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.event(id, message(Role::System, Content::Text(text.to_owned()), None));
        }
    }

    /// The model's reasoning.
    pub(crate) fn thinking(&mut self, id: impl Into<String>, text: &str) {
        let text = text.trim();
        if !text.is_empty() {
            self.facts.activity = Activity::Working;
            let model = self.facts.model.clone();
            self.event(id, Body::Thinking(Thinking { content: text.to_owned(), model }));
        }
    }

    /// What came back from a call.
    pub(crate) fn result(&mut self, id: impl Into<String>, result: ToolResult) {
        self.facts.activity =
            if result.status == Status::Interrupted { Activity::Interrupted } else { Activity::Working };
        self.event(id, Body::ToolResult(result));
    }

    /// Something failed outside a tool.
    pub(crate) fn error(&mut self, id: impl Into<String>, message: &str, code: Option<String>) {
        self.facts.activity =
            if code.as_deref() == Some("interrupted") { Activity::Interrupted } else { Activity::Idle };
        self.event(id, Body::Error(ErrorEvent { message: message.to_owned(), code }));
    }

    /// Tokens and cost, unless there are none.
    pub(crate) fn usage(&mut self, id: impl Into<String>, usage: Usage) {
        let tokens = [usage.input, usage.output, usage.cache_read, usage.cache_write];
        if tokens.iter().any(|count| *count > 0) || usage.cost.is_some() {
            self.event(id, Body::Usage(usage));
        }
    }
}

/// A text for the facts: neither empty nor endless.
pub(crate) fn fact(text: Option<&str>) -> Option<String> {
    let text = text.map(str::trim).filter(|text| !text.is_empty())?;
    Some(text.chars().take(FACT_CHARACTERS).collect())
}

/// Plain text, or parts where there is more.
pub(crate) fn content(text: &str, attached: Vec<Part>) -> Content {
    if attached.is_empty() {
        return Content::Text(text.to_owned());
    }
    let text = Some(text).filter(|text| !text.is_empty()).map(|text| part("text", Some(text), None, None));
    Content::Parts(text.into_iter().chain(attached).collect())
}

/// A part of a message.
pub(crate) fn part(kind: &str, text: Option<&str>, media_type: Option<&str>, bytes: Option<u64>) -> Part {
    let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Part { kind: kind.to_owned(), text: own(text), media_type: own(media_type), bytes, extra: Extra::new() }
}

/// What is told of binary data: its kind by its media type, its name, and its size, of which `base64` is the text.
pub(crate) fn binary(media_type: Option<&str>, name: Option<&str>, base64: Option<&str>) -> Part {
    let kind = if media_type.is_none_or(|media| media.starts_with("image/")) { "image" } else { "document" };
    let bytes = base64.map(|data| data.trim_end_matches('=').len() as u64 * 3 / 4);
    part(kind, name, media_type, bytes)
}

/// What is told of a URL: a `data:` URL's media type and size, or the address.
pub(crate) fn of_url(url: &str, media_type: Option<&str>, name: Option<&str>) -> Part {
    if let Some((head, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        let media = head.split(';').next().filter(|media| !media.is_empty()).or(media_type);
        return binary(media, name, Some(data));
    }
    let address = Some(url).filter(|url| url.len() <= 4096);
    binary(media_type, name.or(address), None)
}

fn message(role: Role, content: Content, model: Option<String>) -> Body {
    Body::Message(Message { role, content, tool_calls: Vec::new(), model })
}
