//! Strict checking of a HAIL file, for those who write one: what is wrong, where, and what to do about it.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead};

use crate::read::{Line, LineReader, MAX_LINE_BYTES, header};
use crate::{Body, DecodeError, Edit, EditOperation, Event, Extra, Header};

/// The most findings that are kept; the others are counted.
pub const MAX_FINDINGS: usize = 1000;

/// The most calls whose results are matched.
const MAX_CALLS: usize = 1_000_000;

/// What a check of a file found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings, in the order of the lines; at most [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// Findings beyond that.
    pub findings_left_out: u64,
    /// Errors, those left out included.
    pub errors: u64,
    /// Events that could be read.
    pub events: u64,
}

/// One thing that is wrong or remarkable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, from 1; zero when it is about the file as a whole.
    pub line: u64,
    /// The column, in bytes from 1, where it is known.
    pub column: Option<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Allowed, but perhaps not meant.
    Note,
    /// Readers understand it, but lose something.
    Warning,
    /// The file is not HAIL.
    Error,
}

impl Report {
    /// Whether the file is HAIL: it has no errors.
    pub fn is_valid(&self) -> bool {
        self.errors == 0
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

impl fmt::Display for Finding {
    /// `3:17: error: message (remedy)`
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(formatter, "{}:", self.line)?;
            if let Some(column) = self.column {
                write!(formatter, "{column}:")?;
            }
            formatter.write_str(" ")?;
        }
        write!(formatter, "{}: {} ({})", self.severity, self.message, self.remedy)
    }
}

/// Checks a `hail/0.1` file. Fails only when reading fails.
pub fn validate<R: BufRead>(reader: R) -> io::Result<Report> {
    let mut lines = LineReader::new(reader, MAX_LINE_BYTES);
    let mut check = Check::default();
    let mut is_first = true;
    while let Some((number, line)) = lines.next_line()? {
        check.line = number;
        match line {
            Line::TooLong(length) => check.error(
                None,
                format!("the line is too long: {length} bytes, at most {MAX_LINE_BYTES} are read"),
                "leave out binary data, cut what is long",
            ),
            Line::Whole(line) if is_first => check.first_line(line),
            Line::Whole(line) => check.event_line(line),
        }
        is_first = false;
    }
    check.line = 0;
    if is_first {
        check.error(None, "the file is empty".to_owned(), HEADER_REMEDY);
    }
    if lines.had_mark {
        let message = "the file begins with a byte order mark".to_owned();
        check.add(Severity::Warning, None, message, "write UTF-8 without one");
    }
    Ok(check.report)
}

const HEADER_REMEDY: &str = r#"begin with a line such as {"v":"hail/0.1","tool":"my-agent"}"#;

#[derive(Debug, Default)]
struct Check {
    report: Report,
    line: u64,
    calls: HashSet<u64>,
    /// Unknown fields and types that were noted already: each is told once.
    noted: HashSet<String>,
}

impl Check {
    fn first_line(&mut self, line: &[u8]) {
        match header(line) {
            Some(Ok(header)) => self.header(&header),
            Some(Err(reason)) => self.error(None, reason, "`v` and `tool` are required; times are RFC 3339"),
            None => {
                self.error(None, "the header is missing".to_owned(), HEADER_REMEDY);
                self.event_line(line);
            }
        }
    }

    fn header(&mut self, header: &Header) {
        if !header.is_supported() {
            let message = format!("version `{}` is not `{}`", header.v, crate::VERSION);
            self.error(None, message, "write `v` as hail/0.1; files of hail-1.0.0 can be imported");
        }
        if header.tool.trim().is_empty() {
            self.error(None, "`tool` is empty".to_owned(), "name the agent, in lower case with hyphens");
        }
        if header.ts.is_none() {
            self.note("`ts` is missing".to_owned(), "say when the session began, so that it can be sorted");
        }
        let relation_without_parent = header.relation.is_some() && header.parent.is_none();
        if relation_without_parent {
            self.warning("`relation` without `parent`".to_owned(), "name the session that this one came from");
        }
        let has_credentials = header.git.as_ref().and_then(|git| git.repository.as_deref()).is_some_and(|url| {
            let host = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or(rest));
            host.split_once('@').is_some_and(|(user, _)| user.contains(':') || user.len() > 20)
        });
        if has_credentials {
            self.error(None, "`git.repository` holds credentials".to_owned(), "take the part before `@` out");
        }
        self.unknown_fields("the header", &header.extra);
    }

    fn event_line(&mut self, line: &[u8]) {
        if let Some(Ok(_)) = header(line) {
            self.error(None, "a second header".to_owned(), "write one file for each session");
            return;
        }
        match Event::from_json(line) {
            Ok(event) => {
                self.report.events += 1;
                self.event(&event);
            }
            Err(DecodeError { reason, column }) => {
                let remedy = if reason.contains("trailing characters") {
                    "write one event a line"
                } else if reason.starts_with("cut off") {
                    "write the whole line in one piece; a line may not contain raw line feeds"
                } else if reason == "not UTF-8" {
                    "write UTF-8"
                } else if reason.starts_with('`') {
                    "see the field's type in the specification"
                } else {
                    "write one JSON object a line"
                };
                self.error(column, reason, remedy);
            }
        }
    }

    fn event(&mut self, event: &Event) {
        match &event.body {
            Body::Message(message) if message.content == crate::Content::default() && message.tool_calls.is_empty() => {
                self.note("the message is empty".to_owned(), "leave it out");
            }
            Body::ToolCall(call) => self.call(call.call_id.as_deref()),
            Body::Command(command) => self.call(command.call_id.as_deref()),
            Body::ToolResult(result) => match result.call_id.as_deref() {
                None => self
                    .note("the result has no `call_id`".to_owned(), "without it no reader can join it with its call"),
                Some(id) => {
                    if self.calls.len() < MAX_CALLS && !self.calls.contains(&hash(id)) {
                        let message = format!("no call of `call_id` `{}` stands before this result", shown(id));
                        self.warning(message, "write the call first, or leave `call_id` out");
                    }
                }
            },
            Body::Edit(edit) => self.edit(edit),
            Body::Usage(usage) => {
                if usage.reasoning > usage.output {
                    self.warning(
                        "`reasoning` is greater than `output`".to_owned(),
                        "reasoning is a part of the output: add it to `output`",
                    );
                }
                if usage.cost.is_some_and(|cost| cost < 0.0) {
                    self.error(None, "`cost` is negative".to_owned(), "leave out a cost that is not known");
                }
                if usage.message_id.is_none() {
                    self.note(
                        "the usage has no `message_id`".to_owned(),
                        "without it, lines that repeat a response are counted twice",
                    );
                }
            }
            Body::Unknown(unknown) => self.unknown_line(&unknown.fields),
            _ => {}
        }
        self.unknown_fields("the event", &event.extra);
    }

    fn call(&mut self, call_id: Option<&str>) {
        let Some(id) = call_id else { return };
        if self.calls.len() < MAX_CALLS && !self.calls.insert(hash(id)) {
            let message = format!("`call_id` `{}` stands for another call already", shown(id));
            self.warning(message, "give each call an id of its own");
        }
    }

    fn edit(&mut self, edit: &Edit) {
        if edit.path.is_empty() {
            self.error(None, "`path` is empty".to_owned(), "name the file that was changed");
        }
        match (edit.operation, &edit.to) {
            (EditOperation::Rename, None) => {
                self.error(None, "a rename without `to`".to_owned(), "write the new name as `to`");
            }
            (EditOperation::Rename, Some(_)) | (_, None) => {}
            (_, Some(_)) => self.warning("`to` without a rename".to_owned(), "write `operation` as rename"),
        }
        let Some(diff) = &edit.diff else { return };
        if diff.starts_with("--- ") || diff.starts_with("diff ") {
            self.warning("`diff` begins with file headers".to_owned(), "write the hunks only, from the first `@@` on");
            return;
        }
        let counted = crate::statistics::changed_lines(&Edit { diff: Some(diff.clone()), ..Edit::default() });
        let differs = |said: Option<u64>, counted| said.is_some_and(|said| said != counted);
        if diff.starts_with("@@") && (differs(edit.added, counted.0) || differs(edit.removed, counted.1)) {
            self.warning(
                format!("`added` and `removed` differ from the diff, which has {} and {}", counted.0, counted.1),
                "leave them out where the diff is whole",
            );
        }
    }

    fn unknown_line(&mut self, fields: &Extra) {
        let said = |name: &str| fields.get(name).filter(|value| !value.is_null());
        if let Some(role) = said("role") {
            let message = format!("role {} is not known", shown(&role.to_string()));
            let remedy = "roles are human, agent and system; the line is kept as it is";
            self.note_once(message, remedy);
        } else if let Some(kind) = said("type") {
            let message = format!("type {} is not known", shown(&kind.to_string()));
            self.note_once(message, "check the spelling; the line is kept as it is");
        } else {
            self.warning("the line has neither `role` nor `type`".to_owned(), "say what it is");
        }
    }

    fn unknown_fields(&mut self, place: &str, fields: &Extra) {
        for (name, _) in fields {
            let message = format!("field `{}` of {place} is not known", shown(name));
            self.note_once(message, "check the spelling; the field is kept as it is");
        }
    }

    fn note_once(&mut self, message: String, remedy: &'static str) {
        if self.noted.len() < MAX_FINDINGS && self.noted.insert(message.clone()) {
            self.note(message, remedy);
        }
    }

    fn note(&mut self, message: String, remedy: &'static str) {
        self.add(Severity::Note, None, message, remedy);
    }

    fn warning(&mut self, message: String, remedy: &'static str) {
        self.add(Severity::Warning, None, message, remedy);
    }

    fn error(&mut self, column: Option<usize>, message: String, remedy: &'static str) {
        self.add(Severity::Error, column, message, remedy);
    }

    fn add(&mut self, severity: Severity, column: Option<usize>, message: String, remedy: &'static str) {
        self.report.errors += u64::from(severity == Severity::Error);
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(Finding { line: self.line, column, severity, message, remedy });
        } else {
            self.report.findings_left_out += 1;
        }
    }
}

/// Of what a file holds, this much is repeated in a message.
fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(100)]
}

/// Ids may be long and many.
fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
