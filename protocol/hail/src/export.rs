//! A session as a file: HAIL lines, one JSON document, Markdown, or a page for a browser that needs nothing else.
//!
//! Events go in one by one, bytes come out as they come. What is held back is bounded, whatever the session's length: a
//! call waits for its output among the events that follow soon.

mod cut;
mod hail;
pub mod html;
mod joined;
mod json;
mod markdown;
mod words;

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::redact::Redactor;
use crate::{Event, Header};

/// The forms of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// HAIL: the header, then a line for each event.
    Hail,
    /// Markdown.
    Markdown,
    /// One JSON object.
    Json,
    /// A page that needs no other file and no network.
    Html,
}

/// What the session is.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The header, its title included.
    pub header: Header,
    /// The session's id in its store; empty when it is in none.
    pub id: String,
    /// The beginning of it, by which people name the session.
    pub short_id: String,
    /// The agent's name in sentences: Claude Code.
    pub agent_name: String,
    /// Its figures, where they are known beforehand.
    pub figures: Option<Figures>,
    /// The time zone of the times that are shown.
    pub zone: TimeZone,
}

impl Subject {
    /// What a header alone tells.
    pub fn of_header(header: Header) -> Self {
        Self {
            id: String::new(),
            short_id: String::new(),
            agent_name: header.tool.clone(),
            figures: None,
            zone: TimeZone::UTC,
            header,
        }
    }

    fn title(&self) -> &str {
        self.header.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(words::UNTITLED)
    }
}

/// Figures that stand at the head.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Figures {
    /// Prompts.
    pub turns: u64,
    /// Distinct files changed.
    pub files: u64,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// Calls that failed.
    pub errors: u64,
    /// Tokens of all kinds.
    pub tokens: u64,
    /// Cost in US dollars.
    pub cost: Option<f64>,
    /// Whether the cost is an estimate, not what the agent logged.
    pub cost_estimated: bool,
    /// Time without idle gaps, in milliseconds.
    pub active_ms: u64,
}

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exported {
    /// Events written or summed up.
    pub events: u64,
    /// What was taken out, by rule.
    pub redactions: BTreeMap<String, u64>,
}

/// Writes a session, event by event.
#[derive(Debug)]
pub struct Exporter<W: Write> {
    renderer: Renderer<W>,
    redactor: Option<Redactor>,
    events: u64,
}

#[derive(Debug)]
enum Renderer<W: Write> {
    Hail(crate::Writer<W>),
    Markdown(Box<markdown::Markdown<W>>),
    Json(json::Json<W>),
    Html(Box<html::Page<W>>),
}

impl<W: Write> Exporter<W> {
    /// Writes the head. Secrets are taken out where there is a redactor; only the session's owner does without.
    pub fn new(writer: W, form: Form, mut subject: Subject, mut redactor: Option<Redactor>) -> io::Result<Self> {
        if let Some(redactor) = &mut redactor {
            subject.header = redactor.header(subject.header);
        }
        let renderer = match form {
            Form::Hail => Renderer::Hail(hail::begin(writer, &subject)?),
            Form::Markdown => Renderer::Markdown(Box::new(markdown::Markdown::new(writer, subject)?)),
            Form::Json => Renderer::Json(json::Json::new(writer, &subject)?),
            Form::Html => Renderer::Html(Box::new(html::Page::new(writer, subject)?)),
        };
        Ok(Self { renderer, redactor, events: 0 })
    }

    /// Writes the next event. Numbers count from 1 and rise.
    pub fn event(&mut self, number: u32, event: Event) -> io::Result<()> {
        let event = match &mut self.redactor {
            Some(redactor) => redactor.event(event),
            None => event,
        };
        self.events += 1;
        match &mut self.renderer {
            Renderer::Hail(writer) => writer.write(&event),
            Renderer::Markdown(markdown) => markdown.event(number, event),
            Renderer::Json(json) => json.event(number, &event),
            Renderer::Html(page) => page.event(number, event),
        }
    }

    /// Writes what is still held back and the end.
    pub fn finish(self) -> io::Result<(W, Exported)> {
        let redactions = self.redactor.map(|redactor| redactor.found().clone()).unwrap_or_default();
        let writer = match self.renderer {
            Renderer::Hail(writer) => writer.finish()?,
            Renderer::Markdown(markdown) => markdown.finish(&redactions)?,
            Renderer::Json(json) => json.finish(&redactions)?,
            Renderer::Html(page) => page.finish(&redactions)?,
        };
        Ok((writer, Exported { events: self.events, redactions }))
    }
}
