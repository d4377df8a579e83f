//! `hail-1.0.0`, the older dialect, read into the form of this version.
//!
//! It has two shapes that carry the same data: lines (a header, events, an optional last line of figures), and one
//! object with all of that in it. Its figures are not taken over: they are recomputed from the events where needed.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use serde_json::Value;

use crate::read::{Item, Line, LineReader, Problem};
use crate::{DecodeError, Event, Extra, Git, Header};

mod event;

use event::Importer;

/// Whether a first line is the header of a file of lines.
pub(crate) fn is_header(fields: &Extra) -> bool {
    text(fields, "type") == Some("header") && is_version(fields)
}

/// Whether an object is a whole session.
pub(crate) fn is_document(fields: &Extra) -> bool {
    is_version(fields) && fields.get("events").is_some_and(Value::is_array)
}

fn is_version(fields: &Extra) -> bool {
    text(fields, "version").is_some_and(|version| version.starts_with("hail-1."))
}

/// The items of a session that is one object.
pub(crate) fn document(mut fields: Extra) -> Vec<Item> {
    let events = match fields.shift_remove("events") {
        Some(Value::Array(events)) => events,
        _ => Vec::new(),
    };
    let mut importer = Importer::default();
    let mut items = Vec::with_capacity(events.len() + 1);
    let mut converted = Vec::new();
    for (number, event) in events.into_iter().enumerate() {
        if let Err(reason) = importer.import(event, &mut converted) {
            let reason = format!("events[{number}]: {reason}");
            items.push(Item::Problem(Problem { line: 0, column: None, reason }));
        }
        items.extend(converted.drain(..).map(Item::Event));
    }
    items.insert(0, Item::Header(header(fields, first_event(&items))));
    items
}

/// The items of a session of lines.
#[derive(Debug)]
pub(crate) struct ImportedLines<R> {
    lines: LineReader<R>,
    importer: Importer,
    pending: VecDeque<Item>,
    has_header: bool,
    ended: bool,
}

impl<R: BufRead> ImportedLines<R> {
    pub(crate) fn new(lines: LineReader<R>) -> Self {
        Self { lines, importer: Importer::default(), pending: VecDeque::new(), has_header: false, ended: false }
    }

    /// Reads the next line into `pending`; `false` at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        let max = self.lines.max;
        let Some((number, line)) = self.lines.next_line()? else { return Ok(false) };
        let parsed = match line {
            Line::Whole(bytes) => serde_json::from_slice::<Value>(bytes),
            Line::TooLong(length) => {
                self.pending.push_back(Item::Problem(Problem::too_long(number, length, max)));
                return Ok(true);
            }
        };
        let problem = |column, reason| Item::Problem(Problem { line: number, column, reason });
        match parsed {
            Ok(Value::Object(fields)) if text(&fields, "type") == Some("header") => {
                if self.has_header {
                    self.pending.push_back(problem(None, "a second header".to_owned()));
                } else {
                    self.has_header = true;
                    // The time at which the session began may stand in the next line only.
                    self.read_line()?;
                    let header = header(fields, first_event(self.pending.make_contiguous()));
                    self.pending.push_front(Item::Header(header));
                }
            }
            Ok(Value::Object(fields)) if text(&fields, "type") == Some("stats") => {}
            Ok(event) => {
                let mut events = Vec::new();
                if let Err(reason) = self.importer.import(event, &mut events) {
                    self.pending.push_back(problem(None, reason));
                }
                self.pending.extend(events.into_iter().map(Item::Event));
            }
            Err(error) => {
                let error = DecodeError::from_json_error(&error);
                self.pending.push_back(problem(error.column, error.reason));
            }
        }
        Ok(true)
    }
}

impl<R: BufRead> Iterator for ImportedLines<R> {
    type Item = io::Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.pending.pop_front() {
                return Some(Ok(item));
            }
            if self.ended {
                return None;
            }
            match self.read_line() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

fn first_event(items: &[Item]) -> Option<&Event> {
    items.iter().find_map(|item| match item {
        Item::Event(event) if event.ts.is_some() => Some(event),
        _ => None,
    })
}

/// `created_at` is often the time at which the file was indexed, so an earlier first event is believed instead.
fn header(mut fields: Extra, first: Option<&Event>) -> Header {
    let agent = object(&mut fields, "agent");
    let mut context = object(&mut fields, "context");
    let mut attributes = object(&mut context, "attributes");
    let git = object(&mut attributes, "git");
    let known = |fields: &Extra, name: &str| {
        text(fields, name).filter(|text| !text.is_empty() && *text != "unknown").map(str::to_owned)
    };

    let mut header = Header::new(known(&agent, "tool").unwrap_or_else(|| "unknown".to_owned()));
    header.model = known(&agent, "model");
    header.agent_version = known(&agent, "tool_version");
    header.id = known(&fields, "session_id");
    header.title = known(&context, "title");
    header.cwd = known(&attributes, "cwd").or_else(|| known(&attributes, "working_directory"));
    let created = text(&context, "created_at").and_then(|created| created.parse().ok());
    header.ts = [created, first.and_then(|event| event.ts)].into_iter().flatten().min();
    let git = Git {
        repository: ["remote", "remote_url", "repository", "repository_url", "origin"]
            .into_iter()
            .find_map(|name| known(&git, name))
            .map(|url| without_credentials(&url)),
        branch: known(&git, "branch"),
        commit: known(&git, "commit").or_else(|| known(&git, "commit_hash")).or_else(|| known(&git, "head")),
    };
    header.git = (git != Git::default()).then_some(git);
    for name in ["description", "tags", "related_session_ids"] {
        let value = context.shift_remove(name).unwrap_or_default();
        let is_empty = value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
        if !is_empty {
            header.extra.insert(name.to_owned(), value);
        }
    }
    if let Some(provider) = known(&agent, "provider") {
        header.extra.insert("provider".to_owned(), provider.into());
    }
    header
}

fn object(fields: &mut Extra, name: &str) -> Extra {
    match fields.shift_remove(name) {
        Some(Value::Object(object)) => object,
        _ => Extra::new(),
    }
}

fn text<'a>(fields: &'a Extra, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

/// `https://user:token@host/path` without the user and the token.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let host_end = rest.find('/').unwrap_or(rest.len());
    match rest[..host_end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}
