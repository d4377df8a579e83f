//! What the terminal interface wants done: calls of the daemon, programs, the clipboard. The state decides, others do.

use std::time::Duration;

use opensession_protocol::{
    AgentInfo, Completions, DaemonStatus, ExportAnswer, Forgotten, HandoffAnswer, History, IndexStatus, ProblemPage,
    SavedSearch, SearchAnswer, SessionDetail, SessionDiff, SessionDocument, SessionOutline, SessionPage,
    SessionSummary, SessionUpdate, Settings, Starred, StatsAnswer,
};
use ratatui::crossterm::event::{KeyEvent, MouseEvent};
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use super::look::Look;
use super::overlay::Overlay;
use super::views::View;
use super::views::session::pages::Page;
use crate::connection::{self, CallError};
use crate::failure;

/// What happens to the terminal interface.
#[derive(Debug)]
pub(crate) enum Message {
    /// A key was struck.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse was used.
    Mouse(MouseEvent),
    /// The terminal has another size, or shows nothing of ours any more.
    Resized,
    /// Time has passed.
    Tick,
    /// A call was answered.
    Answer(Ticket, Result<Answer, CallError>),
    /// How far the reading is, and whether something is new.
    Index(IndexStatus),
    /// Something happened in the session that is watched.
    Session(SessionUpdate),
    /// The daemon is away.
    Offline,
    /// It is back.
    Online,
    /// A program that had the terminal has ended; why it could not run, otherwise.
    Ended(Result<(), String>),
    /// Something could not be done.
    Failed(String),
    /// Something was done.
    Told(String),
}

/// What the state wants done.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Call the daemon.
    Ask(Request),
    /// Tell what happens in this session, and in no other.
    Watch(Option<String>),
    /// Give the terminal to a program until it ends.
    Run(Program),
    /// Put text on the clipboard.
    Copy(String),
    /// Write a new file with this text.
    Write {
        /// The whole path.
        path: String,
        text: String,
    },
    /// Stop, as the shell's job control does.
    Suspend,
    /// End.
    Quit,
}

/// A program that gets the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// The command, word by word.
    pub(crate) command: Vec<String>,
    /// The directory that it runs in.
    pub(crate) directory: Option<String>,
}

/// Names a call, to tell its answer from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

/// Calls of one lane are made one after the other, on a connection of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// Lists and figures.
    List,
    /// Queries while they are typed: a newer one takes an older one back.
    Search,
    /// What can stand at the cursor of a query: likewise.
    Complete,
    /// Events of a session.
    Events,
    /// What changes something or takes long.
    Act,
}

impl Lane {
    /// Whether a newer call makes an older one pointless.
    pub(crate) fn keeps_newest(self) -> bool {
        matches!(self, Self::Search | Self::Complete)
    }
}

/// A call to be made.
pub(crate) struct Request {
    pub(crate) ticket: Ticket,
    pub(crate) lane: Lane,
    pub(crate) method: &'static str,
    pub(crate) params: Value,
    /// Reads the answer, where the call is made: not on the thread that draws.
    pub(crate) read: Read,
}

/// Reads an answer of the daemon.
pub(crate) type Read = Box<dyn Fn(&RawValue) -> Result<Answer, CallError> + Send>;

impl std::fmt::Debug for Request {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.method, self.params)
    }
}

/// What the daemon answers.
#[derive(Debug)]
pub(crate) enum Answer {
    Sessions(SessionPage),
    Found(Box<SearchAnswer>),
    Session(Box<SessionDetail>),
    Summary(SessionSummary),
    Outline(Box<SessionOutline>),
    Page(Box<Page>),
    Diff(Box<SessionDiff>),
    Exported(ExportAnswer),
    Forgotten(Forgotten),
    Starred(Starred),
    Completions(Completions),
    SavedSearches(Vec<SavedSearch>),
    SavedSearch(SavedSearch),
    History(History),
    Stats(StatsAnswer),
    Status(Box<DaemonStatus>),
    Document(SessionDocument),
    Handoff(HandoffAnswer),
    Agents(Vec<AgentInfo>),
    Problems(ProblemPage),
    Settings(Settings),
}

/// Where the interface goes.
pub(crate) enum Go {
    /// Into a view, from which one comes back.
    Into(Box<dyn View>),
    /// Back to where one came from.
    Back,
    /// Away from this session, which is forgotten.
    Gone(String),
    /// Nowhere: but what is shown of sessions is another now.
    Anew,
}

/// What a view has at hand when something happens: what it says here is done when it has returned.
pub(crate) struct Ui<'a, 'h> {
    pub(crate) look: &'a Look<'h>,
    /// Time since the interface began.
    pub(crate) now: Duration,
    pub(crate) effects: &'a mut Vec<Effect>,
    pub(super) issued: &'a mut Vec<Ticket>,
    pub(super) last_ticket: &'a mut u64,
    pub(super) timers: &'a mut Vec<(Duration, u8)>,
    pub(crate) go: Option<Go>,
    pub(crate) notice: Option<Notice>,
    pub(crate) overlay: Option<Overlay>,
}

/// What the foot says until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) is_failure: bool,
}

impl Ui<'_, '_> {
    /// Calls the daemon; the view is told the answer with the ticket that this gives.
    pub(crate) fn ask<T: DeserializeOwned + 'static>(
        &mut self,
        lane: Lane,
        method: &'static str,
        params: Value,
        answer: fn(T) -> Answer,
    ) -> Ticket {
        *self.last_ticket += 1;
        let ticket = Ticket(*self.last_ticket);
        self.issued.push(ticket);
        let read: Read = Box::new(move |raw| connection::read(raw).map(answer));
        self.effects.push(Effect::Ask(Request { ticket, lane, method, params, read }));
        ticket
    }

    /// Has the view told, after so long, that the time has come.
    pub(crate) fn after(&mut self, time: Duration, timer: u8) {
        self.timers.push((self.now + time, timer));
    }

    /// Says something in the foot.
    pub(crate) fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), is_failure: false });
    }

    /// Says in the foot what failed and what to do.
    pub(crate) fn fail(&mut self, fact: &str, hint: Option<&str>) {
        let text = match hint {
            Some(hint) => format!("{fact}  ({hint})"),
            None => fact.to_owned(),
        };
        self.notice = Some(Notice { text, is_failure: true });
    }

    /// Says that a call failed. That the daemon is away is told in the head, not here.
    pub(crate) fn refused(&mut self, error: CallError) {
        if matches!(error, CallError::Lost(_)) {
            return;
        }
        let failure = failure::from_call(error, None, |near| self.look.times.listed(near.updated));
        if let failure::Failure::Said(said) = failure {
            let (fact, hint) = said.into_parts();
            self.fail(&fact, hint.as_deref());
        }
    }
}
