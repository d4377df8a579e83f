//! `opensession show`

use opensession_protocol::{EventPage, SessionDetail, SessionEvent, SessionRelation, SessionUpdate};
use serde_json::json;

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::connection::{self, Update};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, path};
use crate::transcript::{Options, Transcript};
use crate::{session_line, text};

/// Events asked for at once.
const PAGE: u32 = 500;
/// Events around one among which its call or its output is looked for.
const PARTNERS: u32 = 200;

/// Show a session, or one event of it.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession show @\n  opensession show 4f2a91c7#131 --around 5",
    after_help = "--raw prints HAIL, the session as JSON lines; of all events it is a file that can be kept and read again."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub(crate) struct Arguments {
    /// The session: its id, @, @~2, a file, agent:id; with #N one event
    #[arg(value_name = "SESSION")]
    session: String,
    /// Only event N, in full
    #[arg(long, value_name = "N", help_heading = "Which events")]
    event: Option<u32>,
    /// With N events before and after it
    #[arg(long, value_name = "N", help_heading = "Which events")]
    around: Option<u32>,
    /// Go on with what is added, until Ctrl-C
    #[arg(long, short, conflicts_with_all = ["event", "around"], help_heading = "Which events")]
    follow: bool,
    /// The model's reasoning too
    #[arg(long, help_heading = "How much")]
    thinking: bool,
    /// Fold nothing, and show the diffs of edits
    #[arg(long, help_heading = "How much")]
    full: bool,
    /// HAIL lines, as they are kept
    #[arg(long, help_heading = "Display", conflicts_with = "json")]
    raw: bool,
    /// One JSON object a line: the session, its events, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let name = SessionName::parse(&arguments.session, context);
    let event = arguments.event.or(name.event);
    if arguments.follow && event.is_some() {
        return Err(Failure::wrong_input(text::FOLLOW_ONE_EVENT).hint(text::HINT_FOLLOW_SESSION));
    }
    if arguments.around.is_some() && event.is_none() {
        return Err(Failure::wrong_input(text::AROUND_WHAT).hint(text::HINT_AROUND));
    }
    let detail: SessionDetail =
        context.ask("session/get", &json!({ "session": name.session, "scope": context.scope() }))?;
    let form = match (arguments.raw, arguments.json) {
        (true, _) => Form::Raw,
        (_, true) => Form::Json,
        _ => Form::Text,
    };
    let mut page = Shown::new(detail, form, arguments, event, context);
    match event {
        Some(event) => page.one(event, arguments.around, context)?,
        None if arguments.follow => page.follow(context)?,
        None => {
            page.begin(context)?;
            page.all(1, context)?;
        }
    }
    page.end(event, context)?;
    Ok(Exit::Done)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Raw,
}

/// A session being shown.
struct Shown {
    detail: SessionDetail,
    form: Form,
    transcript: Transcript,
    /// Events shown.
    count: u64,
    /// Number of the last event shown.
    last: u32,
}

impl Shown {
    fn new(
        detail: SessionDetail,
        form: Form,
        arguments: &Arguments,
        focus: Option<u32>,
        context: &Context<'_>,
    ) -> Self {
        let options = Options { thinking: arguments.thinking, full: arguments.full, focus };
        // The head tells the day on which the session was last changed.
        let day = detail.session.updated.filter(|_| context.to_terminal()).map(|updated| context.times.day(updated));
        let cwd = detail.session.cwd.clone();
        let transcript = Transcript::new(session_line::short_id(&detail.session), cwd, day, options);
        Self { detail, form, transcript, count: 0, last: 0 }
    }

    /// The head: of what the events are.
    fn begin(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        let session = &self.detail.session;
        match self.form {
            Form::Json => context.json_as("session", session),
            Form::Raw => context.json(&session.header()),
            Form::Text if context.to_terminal() => {
                let mut lines = session_line::head(session, context);
                if let (Some(parent), Some(relation)) = (&session.parent, session.relation) {
                    let id: String = clean::one_line(parent).chars().take(8).collect();
                    let word = if relation == SessionRelation::Fork { text::FORK_OF } else { text::SUBAGENT_OF };
                    lines.push(format!("  {word} {id}"));
                }
                if !self.detail.children.is_empty() {
                    let ids: Vec<_> =
                        self.detail.children.iter().map(|child| clean::one_line(&child.short_id)).collect();
                    let children = text::children(&ids.iter().map(AsRef::as_ref).collect::<Vec<_>>());
                    lines.push(format!("  {children}"));
                }
                lines.push(String::new());
                lines.iter().try_for_each(|line| context.output.line(line))
            }
            // For programs every line is an event.
            Form::Text => Ok(()),
        }
    }

    /// All events from `from` on.
    fn all(&mut self, from: u32, context: &mut Context<'_>) -> Result<(), Failure> {
        let mut from = Some(from);
        while let Some(start) = from {
            let params = json!({ "session": self.detail.session.id, "from": start, "limit": PAGE });
            let page: EventPage = context.ask("session/events", &params)?;
            // A page that does not go on ends it, whatever it says.
            from = page.next.filter(|next| *next > start);
            self.show(page.events, context)?;
        }
        Ok(())
    }

    /// One event, with what belongs to it: a call with its output, an output with its call.
    fn one(&mut self, event: u32, around: Option<u32>, context: &mut Context<'_>) -> Result<(), Failure> {
        let limit = around.map_or(PARTNERS, |around| around.saturating_mul(2).saturating_add(1)).min(2_000);
        let params = json!({ "session": self.detail.session.id, "around": event, "limit": limit });
        let page: EventPage = context.ask("session/events", &params)?;
        if !page.events.iter().any(|found| found.event == event) {
            let id = session_line::short_id(&self.detail.session);
            return Err(Failure::wrong_input(text::no_event(&id, event)).hint(text::events_up_to(page.total)));
        }
        let events = if around.is_some() { page.events } else { with_partner(page.events, event) };
        if self.form == Form::Text && context.to_terminal() {
            let session = &self.detail.session;
            let rows = session_line::rows(&[session], context);
            rows.iter().try_for_each(|row| context.output.line(row))?;
        }
        self.show(events, context)
    }

    /// All events, then those that are added.
    fn follow(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        // Subscribed first, so that nothing falls between the pages and the updates.
        let mut connection = context.second_connection()?;
        let params = json!({ "session": self.detail.session.id });
        let updates = connection.subscribe("session/subscribe", &params);
        let mut updates = updates.map_err(|error| context.refused(error, None))?;
        self.begin(context)?;
        self.all(1, context)?;
        self.settle(context)?;
        while let Update::Said(update) = updates.next(None).map_err(|error| context.refused(error, None))? {
            let update = connection::read(&update).map_err(|error| context.refused(error, None))?;
            match update {
                SessionUpdate::Events { events, .. } => {
                    let new: Vec<SessionEvent> = events.into_iter().filter(|event| event.event > self.last).collect();
                    if new.first().is_some_and(|event| event.event > self.last + 1) {
                        self.all(self.last + 1, context)?;
                    } else {
                        self.show(new, context)?;
                    }
                }
                SessionUpdate::Dropped { .. } => self.all(self.last + 1, context)?,
                SessionUpdate::Restarted { .. } => {
                    context.output.say(&format!("{}\n", text::READ_ANEW));
                    self.last = 0;
                    self.all(1, context)?;
                }
                SessionUpdate::Forgotten { .. } => {
                    context.output.say(&format!("{}\n", text::WAS_FORGOTTEN));
                    break;
                }
            }
            self.settle(context)?;
        }
        Ok(())
    }

    fn show(&mut self, events: Vec<SessionEvent>, context: &mut Context<'_>) -> Result<(), Failure> {
        self.count += events.len() as u64;
        self.last = events.last().map_or(self.last, |event| event.event);
        match self.form {
            Form::Text => self.transcript.add(events, context),
            Form::Json => events.iter().try_for_each(|event| context.json_as("event", event)),
            Form::Raw => events.iter().try_for_each(|event| context.json(&event.hail)),
        }
    }

    /// Shows everything that is there, at once.
    fn settle(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        self.transcript.finish(context)?;
        context.output.flush()
    }

    fn end(&mut self, event: Option<u32>, context: &mut Context<'_>) -> Result<(), Failure> {
        self.transcript.finish(context)?;
        match self.form {
            Form::Json => {
                let session = &self.detail.session;
                context.json(&json!({
                    "type": "summary",
                    "session": session.id,
                    "events": self.count,
                    "total": session.events,
                }))
            }
            Form::Raw => Ok(()),
            Form::Text => {
                let id = session_line::short_id(&self.detail.session);
                match (event, &self.detail.resume) {
                    (Some(event), _) => context.hint(&text::more_around(&id, event)),
                    (None, Some(resume)) => {
                        let resume = clean::one_line(&path::shell_line(resume)).into_owned();
                        let directory = self.detail.resume_cwd.as_deref();
                        let directory = directory.map(|directory| path::shell_word(&clean::one_line(directory)));
                        let resume = match directory {
                            Some(directory) => format!("cd {directory} && {resume}"),
                            None => resume,
                        };
                        context.hint(&text::resume_with(&resume));
                    }
                    (None, None) => {}
                }
                Ok(())
            }
        }
    }
}

/// The event, its call or output, and nothing else.
fn with_partner(events: Vec<SessionEvent>, number: u32) -> Vec<SessionEvent> {
    let call_of = |event: &SessionEvent| event.hail["call_id"].as_str().map(str::to_owned);
    let kind = |event: &SessionEvent| event.hail["type"].as_str().map(str::to_owned);
    let focus = events.iter().find(|event| event.event == number);
    let call = focus.filter(|event| kind(event).as_deref() != Some("file_edit")).and_then(call_of);
    let belongs = |event: &SessionEvent| {
        event.event == number || call.is_some() && call_of(event) == call && kind(event).as_deref() != Some("file_edit")
    };
    events.into_iter().filter(belongs).collect()
}
