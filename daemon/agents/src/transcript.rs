//! What the derivers of JSON transcripts share: the state they keep, how a call is joined with its result, and how what
//! was said becomes events. A reader gives a [`Format`], which tells what each record of its agent's means.

pub(crate) mod blocks;
mod calls;
pub(crate) mod json;
#[cfg(test)]
mod tests;
pub(crate) mod tools;
pub(crate) mod walk;

use std::borrow::Cow;

use jiff::Timestamp;
use opensession_hail::{Body, Compaction, Content, ErrorEvent, Event, Message, Role, Thinking, Title, Usage};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use self::calls::{Came, Made};
use self::{calls::Calls, json::Value};
use crate::{
    Derived, Deriver, Facts, Problem, Record, StateError,
    codex::{Ids, hash_debug, hash_id},
    derive::{self, Activity},
    lenient_json,
};

/// What the records of an agent mean.
pub(crate) trait Format: Send {
    /// Changes whenever a state of before cannot be read on.
    const VERSION: u32;

    /// What it keeps between records beside facts and calls. Small, whatever the session's size.
    type Own: Default + Serialize + DeserializeOwned + Send;

    /// Takes a record. An absent or odd part of it is left out.
    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Self::Own>);

    /// Takes a side record that is JSON.
    fn side(&self, _name: &str, _record: &Value<'_>, _session: &mut Session<'_, Self::Own>) {}

    /// Takes a side record that is a plain text; `false` when `name` is not one of these.
    fn side_text(&self, _name: &str, _text: &str, _session: &mut Session<'_, Self::Own>) -> bool {
        false
    }
}

/// Everything that is kept between records.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Kept<Own> {
    version: u32,
    pub(crate) facts: Facts,
    calls: Calls,
    ids: Ids,
    pub(crate) own: Own,
}

/// A session that is being told.
pub(crate) struct Session<'a, Own> {
    pub(crate) kept: &'a mut Kept<Own>,
    /// The time of what is told next.
    pub(crate) ts: Option<Timestamp>,
    /// The sub-agent whose doings are told next, where they stand in its parent's session.
    pub(crate) subagent: Option<String>,
    derived: &'a mut Derived,
    /// The record's number and position, for problems.
    place: (u64, u64),
}

impl<Own> Session<'_, Own> {
    /// Takes note of a record's time: it is the time of what is told next.
    pub(crate) fn at(&mut self, ts: Option<Timestamp>) {
        self.ts = ts;
        self.kept.facts.saw(ts);
    }

    /// Takes note of a directory.
    pub(crate) fn directory(&mut self, cwd: Option<&str>) {
        let facts = &mut self.kept.facts;
        if facts.cwd.is_none() {
            facts.cwd = cwd.map(str::to_owned);
        }
        replace(&mut facts.last_cwd, cwd);
    }

    /// Takes note of the model that answers.
    pub(crate) fn model(&mut self, model: Option<&str>) {
        replace(&mut self.kept.facts.model, model);
    }

    /// Tells that something happened. Without an `id` of the agent's own one is made of `body`.
    pub(crate) fn push(&mut self, id: Option<String>, body: Body) {
        let id = id.unwrap_or_else(|| self.kept.ids.next(hash_debug(&body)));
        let subagent = self.subagent.clone();
        self.derived.events.push(Event { id: Some(id), ts: self.ts, subagent, ..Event::new(body) });
    }

    /// `id`, with a number where it was given out lately: for records that share one.
    pub(crate) fn once(&mut self, id: &str) -> String {
        let next = self.kept.ids.next(hash_id(id));
        match next.split_once('-') {
            Some((_, number)) => format!("{id}-{number}"),
            None => id.to_owned(),
        }
    }

    /// Tells that something could not be read.
    pub(crate) fn problem(&mut self, reason: impl Into<String>) {
        let (record, position) = self.place;
        self.derived.problems.push(Problem { record, position, reason: reason.into() });
    }

    /// A person's words.
    pub(crate) fn prompt(&mut self, id: Option<String>, content: Content) {
        let facts = &mut self.kept.facts;
        facts.activity = Activity::Working;
        if facts.first_prompt.is_none() {
            let text = content.text();
            if !is_slash_command(text.trim()) {
                facts.prompted(&text);
            }
        }
        self.message(id, Role::Human, content);
    }

    /// The client's words.
    pub(crate) fn system(&mut self, id: Option<String>, text: &str) {
        if !text.trim().is_empty() {
            self.message(id, Role::System, Content::Text(text.to_owned()));
        }
    }

    /// The agent's words.
    pub(crate) fn agent(&mut self, id: Option<String>, content: Content) {
        self.kept.facts.activity = Activity::Idle;
        self.message(id, Role::Agent, content);
    }

    fn message(&mut self, id: Option<String>, role: Role, content: Content) {
        let model = if role == Role::Agent { self.kept.facts.model.clone() } else { None };
        self.push(id, Body::Message(Message { role, content, model, ..Message::default() }));
    }

    /// The model's reasoning.
    pub(crate) fn thinking(&mut self, id: Option<String>, text: &str) {
        if !text.trim().is_empty() {
            let model = self.kept.facts.model.clone();
            self.push(id, Body::Thinking(Thinking { content: text.to_owned(), model }));
        }
    }

    /// The tokens of one response; nothing is told of one that counted none.
    pub(crate) fn usage(&mut self, id: Option<String>, usage: Usage) {
        let Usage { input, output, cache_read, cache_write, reasoning, cost, .. } = &usage;
        if [*input, *output, *cache_read, *cache_write, *reasoning].iter().any(|count| *count > 0)
            || cost.is_some_and(|cost| cost > 0.0)
        {
            let model = usage.model.clone().or_else(|| self.kept.facts.model.clone());
            self.push(id, Body::Usage(Usage { model, ..usage }));
        }
    }

    /// The history was replaced by a summary.
    pub(crate) fn compaction(&mut self, id: Option<String>, compaction: Compaction) {
        self.push(id, Body::Compaction(compaction));
    }

    /// The session was given a title, unless it is the one that it had.
    pub(crate) fn title(&mut self, id: Option<String>, title: &str, custom: bool) {
        let facts = &mut self.kept.facts;
        let known = if custom { &mut facts.custom_title } else { &mut facts.agent_title };
        if known.as_deref() == Some(title) || title.trim().is_empty() {
            return;
        }
        *known = Some(title.to_owned());
        let source = if custom { "human" } else { "agent" };
        self.push(id, Body::Title(Title { title: title.to_owned(), source: Some(source.to_owned()) }));
    }

    /// Something failed outside a tool.
    pub(crate) fn error(&mut self, id: Option<String>, message: &str, code: Option<&str>) {
        if message.is_empty() && code.is_none() {
            return;
        }
        let error = ErrorEvent { message: message.to_owned(), code: code.map(str::to_owned) };
        self.push(id, Body::Error(error));
    }

    /// The person stopped the agent.
    pub(crate) fn interrupted(&mut self, id: Option<String>, message: &str) {
        self.kept.facts.activity = Activity::Interrupted;
        self.error(id, message, Some("interrupted"));
    }
}

/// A deriver of the sessions of `format`.
pub(crate) struct Transcript<F: Format> {
    format: F,
    kept: Kept<F::Own>,
}

impl<F: Format> Transcript<F> {
    /// A deriver at the beginning of a session, or where `state` was taken.
    pub(crate) fn new(format: F, state: Option<&[u8]>) -> Result<Self, StateError> {
        let Some(bytes) = state else {
            return Ok(Self { format, kept: Kept { version: F::VERSION, ..Kept::default() } });
        };
        Ok(Self { format, kept: derive::take_up(bytes, F::VERSION)? })
    }
}

impl<F: Format> Deriver for Transcript<F> {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        let text = lenient_json::decoded(record.bytes);
        let place = (record.number, record.position);
        let mut session = Session { kept: &mut self.kept, ts: None, subagent: None, derived, place };
        if let Cow::Owned(_) = text {
            session.problem("not UTF-8");
        }
        if let Some(name) = record.side {
            if self.format.side_text(name, &text, &mut session) {
                return;
            }
            match serde_json::from_str::<Value<'_>>(&text) {
                Ok(value) => self.format.side(name, &value, &mut session),
                Err(error) => session.problem(format!("{name} is not JSON: {error}")),
            }
            return;
        }
        // A crash, or two processes, may have left several objects on one line.
        for value in serde_json::Deserializer::from_str(&text).into_iter::<Value<'_>>() {
            match value {
                Ok(value) => self.format.record(&value, &mut session),
                Err(error) => session.problem(format!("not JSON: {error}")),
            }
        }
    }

    fn facts(&self) -> &Facts {
        &self.kept.facts
    }

    fn state(&self) -> Vec<u8> {
        serde_json::to_vec(&self.kept).expect("the state has string keys and no failing serializer")
    }
}

/// Whether a prompt is the name of a command of the client's and no more: `/model`.
fn is_slash_command(text: &str) -> bool {
    text.strip_prefix('/').is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':'))
    })
}

/// Takes `told` over when it is there and another one.
pub(crate) fn replace(known: &mut Option<String>, told: Option<&str>) {
    if let Some(told) = told
        && !told.is_empty()
        && known.as_deref() != Some(told)
    {
        *known = Some(told.to_owned());
    }
}
