//! How a command ends, and how a failure is told: the fact, the place, a hint.

use std::io;

use opensession_protocol::{QueryError, SessionBrief, error};

use crate::connection::{CallError, ConnectError};
use crate::format::{cells, clean};
use crate::output::Style;
use crate::text;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what it should.
    Done = 0,
    /// It looked and found nothing.
    NothingFound = 1,
    /// What was typed is wrong.
    WrongInput = 2,
    /// The daemon cannot be reached.
    OutOfReach = 3,
    /// It was refused.
    Refused = 4,
    /// A fault of ours.
    OurBug = 70,
    /// A daemon that was started found another one at work.
    AlreadyRunning = 75,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not go on.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Who read our output went away. That is no failure of ours, and nobody is left to be told.
    BrokenPipe,
    /// Something to tell.
    Said(Box<Said>),
}

/// A failure as it is told.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) exit: Exit,
    /// What is wrong, as a lowercase fragment.
    fact: String,
    /// Where, line by line.
    place: Vec<String>,
    /// What to do.
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, fact: impl Into<String>) -> Self {
        Self::Said(Box::new(Said { exit, fact: fact.into(), place: Vec::new(), hint: None }))
    }

    pub(crate) fn wrong_input(fact: impl Into<String>) -> Self {
        Self::new(Exit::WrongInput, fact)
    }

    /// Adds a line to the place.
    pub(crate) fn at(mut self, line: impl Into<String>) -> Self {
        if let Self::Said(said) = &mut self {
            said.place.push(line.into());
        }
        self
    }

    /// Says what to do, unless that is said already.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Said(said) = &mut self {
            said.hint.get_or_insert_with(|| hint.into());
        }
        self
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::BrokenPipe => Exit::Done,
            Self::Said(said) => said.exit,
        }
    }
}

impl Said {
    /// The fact with its place, and the hint.
    pub(crate) fn into_parts(self) -> (String, Option<String>) {
        let mut fact = self.fact;
        for line in &self.place {
            fact.push_str(": ");
            fact.push_str(line);
        }
        (fact, self.hint)
    }

    /// The lines for standard error.
    pub(crate) fn render(&self, style: Style) -> String {
        let mut lines = format!("{} {}\n", style.failed(text::ERROR), clean::one_line(&self.fact));
        for line in &self.place {
            // The caret's line begins with spaces that matter.
            lines.push_str("  ");
            lines.push_str(clean::lines(line).trim_end());
            lines.push('\n');
        }
        if let Some(hint) = &self.hint {
            let hint = format!("{} {}\n", style.dim(text::HINT), clean::one_line(hint));
            lines.push_str(&hint);
        }
        lines
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::BrokenPipe;
        }
        Self::new(Exit::Refused, format!("{}: {error}", text::CANNOT_WRITE))
    }
}

impl From<ConnectError> for Failure {
    fn from(error: ConnectError) -> Self {
        let mut failure = Self::new(Exit::OutOfReach, error.fact);
        for line in error.place {
            failure = failure.at(line);
        }
        match error.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Turns what the daemon refused into a failure; `query` is what a [`error::BAD_QUERY`] is about, and ages of sessions
/// are told by `age`.
pub(crate) fn from_call(error: CallError, query: Option<&str>, age: impl Fn(&SessionBrief) -> String) -> Failure {
    let (code, message, data) = match error {
        CallError::Lost(reason) => {
            return Failure::new(Exit::OutOfReach, format!("{}: {reason}", text::DAEMON_LOST)).hint(text::HINT_LOGS);
        }
        CallError::Unreadable(reason) => {
            return Failure::new(Exit::OurBug, format!("{}: {reason}", text::ANSWER_UNREADABLE))
                .hint(text::HINT_RESTART);
        }
        CallError::Refused { code, message, data } => (code, message, data),
    };
    if let Some((query, first)) = query.zip(data.errors.iter().find(|error| error.fatal).or(data.errors.first())) {
        return in_query(query, first);
    }
    let exit = match code {
        error::NO_SUCH_SESSION
        | error::AMBIGUOUS_SESSION
        | error::NO_SUCH_EVENT
        | error::BAD_QUERY
        | error::BAD_VALUE
        | -32602
        | -32601 => Exit::WrongInput,
        error::REFUSED | error::STORE_UNWRITABLE | error::TOO_MANY => Exit::Refused,
        error::TIMED_OUT => Exit::OutOfReach,
        _ => Exit::OurBug,
    };
    let mut failure = Failure::new(exit, message);
    for (index, near) in data.near.iter().enumerate() {
        let label = if index == 0 { text::NEAR } else { "     " };
        failure = failure.at(format!(
            "{label} {}  {} ({})",
            clean::one_line(&near.short_id),
            clean::one_line(&near.title),
            age(near)
        ));
    }
    match data.hint {
        Some(hint) => failure.hint(hint),
        None => match code {
            error::NO_SUCH_SESSION => failure.hint(text::HINT_LOG_LISTS),
            error::AMBIGUOUS_SESSION => failure.hint(text::HINT_MORE_DIGITS),
            error::STORE_UNWRITABLE | error::TIMED_OUT | error::TOO_MANY => failure.hint(text::HINT_STATUS),
            -32601 => failure.hint(text::HINT_RESTART),
            _ if exit == Exit::OurBug => failure.hint(text::HINT_LOGS),
            _ => failure,
        },
    }
}

/// A failure that lies in a query: the query, and a caret under the place.
pub(crate) fn in_query(query: &str, error: &QueryError) -> Failure {
    let mut failure = Failure::wrong_input(&*error.message);
    for line in query_place(query, error) {
        failure = failure.at(line);
    }
    match &error.hint {
        Some(hint) => failure.hint(hint),
        None => failure.hint(text::HINT_SYNTAX),
    }
}

/// The query on one line, and below it a caret under the first cell of what is wrong, as wide as that is.
pub(crate) fn query_place(query: &str, error: &QueryError) -> [String; 2] {
    // Character by character, so that offsets keep their meaning: what cannot be shown is a space.
    let shown: String = query
        .chars()
        .map(|character| {
            let cleaned = clean::one_line(character.encode_utf8(&mut [0; 4])).chars().next();
            cleaned.unwrap_or(' ')
        })
        .collect();
    let part = |from: u32, to: u32| -> String {
        shown.chars().skip(from as usize).take(to.saturating_sub(from) as usize).collect()
    };
    let before = cells::cells(&part(0, error.start));
    let wide = cells::cells(&part(error.start, error.end)).max(1);
    let caret = if error.code == "unclosed_quote" { format!("^ {}", text::OPENED_HERE) } else { "^".repeat(wide) };
    [shown, format!("{}{caret}", " ".repeat(before))]
}
