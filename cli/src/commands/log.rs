//! `opensession log`

use opensession_protocol::{SessionInfo, SessionPage};
use serde_json::json;

use crate::arguments::{FilterArguments, HELP_TEMPLATE};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, path};
use crate::{session_line, text};

/// Sessions asked for at once.
const PAGE: u32 = 200;

/// List sessions, newest first; of this repository when in one.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession log --since 2w --touches src/auth\n  opensession log --all --agent codex --format oneline"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filter: FilterArguments,
    /// At most N sessions
    #[arg(short = 'n', long, value_name = "N", help_heading = "Which sessions")]
    limit: Option<u64>,
    /// How much of each session
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Display")]
    format: Format,
    /// One JSON object a line: sessions, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line each
    Oneline,
    /// Three lines each
    #[default]
    Short,
    /// All that is known
    Full,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    context.await_first_reading()?;
    let Arguments { filter, limit, format, json } = arguments;
    let words = filter.words();
    // Dates in the filter are the user's.
    let has_date = filter.since.is_some() || filter.until.is_some();
    let time_zone = if has_date { context.times.zone_name() } else { None };
    let grep = filter.grep.clone();
    let filter = filter.filter(context);
    let mut shown: u64 = 0;
    let mut cursor: Option<String> = None;
    let page = loop {
        let wanted = limit.map_or(u64::from(PAGE), |limit| (limit - shown).min(u64::from(PAGE)));
        let params = json!({ "filter": filter, "limit": wanted, "cursor": cursor, "time_zone": time_zone });
        let answer = context.connection()?.ask("session/list", &params);
        let mut page: SessionPage = answer.map_err(|error| context.refused(error, grep.as_deref()))?;
        show(&page.sessions, shown == 0, format, json, context)?;
        shown += page.sessions.len() as u64;
        let is_enough = limit.is_some_and(|limit| shown >= limit);
        cursor = page.next.take().filter(|_| !is_enough && !page.sessions.is_empty());
        if cursor.is_none() {
            break page;
        }
    };
    if json {
        context.json(&json!({
            "type": "summary",
            "sessions": shown,
            "total": page.total,
            "scope_repository": page.scope_repository,
            "sessions_kept": page.sessions_kept,
        }))?;
    }
    if shown > 0 || limit == Some(0) {
        return Ok(Exit::Done);
    }
    if !json {
        let here = page.scope_repository.as_deref().map(clean::one_line);
        context.output.talk(&text::no_session(&path::shell_line(&words), here.as_deref()));
        context.output.talk(&text::kept(page.sessions_kept));
        if page.sessions_kept == 0 {
            context.hint(text::HINT_DISCOVER);
        } else if here.is_some() {
            let words = path::shell_line(&words);
            context.hint(format!("opensession log --all {words}").trim_end());
        }
    }
    Ok(Exit::NothingFound)
}

fn show(
    sessions: &[SessionInfo],
    is_first: bool,
    format: Format,
    json: bool,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    if json {
        return sessions.iter().try_for_each(|session| context.json_as("session", session));
    }
    if !context.to_terminal() {
        return sessions.iter().try_for_each(|session| context.output.line(&session_line::tabs(session)));
    }
    if format == Format::Oneline {
        let sessions: Vec<&SessionInfo> = sessions.iter().collect();
        return session_line::rows(&sessions, context).iter().try_for_each(|row| context.output.line(row));
    }
    for (index, session) in sessions.iter().enumerate() {
        if index > 0 || !is_first {
            context.output.line("")?;
        }
        let mut lines = session_line::head(session, context);
        if format == Format::Full {
            lines.extend(session_line::fields(session, context));
        }
        for line in lines {
            context.output.line(&line)?;
        }
    }
    Ok(())
}
