//! `opensession log`

mod graph;
mod template;

use opensession_protocol::{SessionFilter, SessionInfo, SessionPage};
use serde_json::json;

use crate::arguments::{FilterArguments, HELP_TEMPLATE};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, path};
use crate::{session_line, text};
use template::Template;

/// Sessions asked for at once.
const PAGE: u32 = 200;

/// List sessions, newest first; of this repository when in one.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession log --since 2w --touches src/auth\n  opensession log --all --agent codex --format oneline\n  \
                   opensession log --graph\n  opensession log --format '%h %c %s'",
    after_help = template::PLACEHOLDERS
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filter: FilterArguments,
    /// At most N sessions
    #[arg(short = 'n', long, value_name = "N", help_heading = "Which sessions")]
    limit: Option<u64>,
    /// Draw which session came from which, with sub-agents' sessions and forks; a line each, unless --format says more
    #[arg(long, conflicts_with = "json", help_heading = "Display")]
    graph: bool,
    /// How much of each session: oneline, short or full; or a text with placeholders, see below [default: short]
    #[arg(long, value_name = "FORMAT", help_heading = "Display")]
    format: Option<String>,
    /// One JSON object a line: sessions, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

/// How much of each session.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Format {
    /// A line each.
    Oneline,
    /// Three lines each.
    Short,
    /// All that is known.
    Full,
    /// What the user wants.
    Template(Template),
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let format = match arguments.format.as_deref() {
        Some(format) => Format::parse(format)?,
        None if arguments.graph => Format::Oneline,
        None => Format::Short,
    };
    context.await_first_reading()?;
    let Arguments { filter, limit, graph, json, .. } = arguments;
    let words = filter.words();
    // Dates in the filter are the user's.
    let has_date = filter.since.is_some() || filter.until.is_some();
    let time_zone = if has_date { context.times.zone_name() } else { None };
    let grep = filter.grep.clone();
    let mut filter = filter.filter(context);
    filter.subagents |= graph;
    let mut pages = Pages { filter, time_zone, grep, cursor: None, last: SessionPage::default(), is_over: false };
    let mut shown: u64 = 0;
    if graph {
        let sessions = graph::sessions(&mut pages, limit, context)?;
        shown = sessions.len() as u64;
        graph::show(&sessions, &format, context)?;
    } else {
        while let Some(sessions) = pages.next(limit.map(|limit| limit - shown), context)? {
            show(&sessions, shown == 0, &format, json, context)?;
            shown += sessions.len() as u64;
            if limit.is_some_and(|limit| shown >= limit) {
                break;
            }
        }
    }
    let page = pages.last;
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

impl Format {
    fn parse(typed: &str) -> Result<Self, Failure> {
        Ok(match typed {
            "oneline" => Self::Oneline,
            "short" => Self::Short,
            "full" => Self::Full,
            _ if typed.contains('%') => Self::Template(Template::parse(typed)?),
            _ => {
                let failure = Failure::wrong_input(text::bad_flag_value(typed, "--format"));
                let beginning = typed.get(..2).unwrap_or(typed);
                let near = ["oneline", "short", "full"].into_iter().find(|word| word.starts_with(beginning));
                return Err(match near {
                    Some(near) => failure.hint(text::did_you_mean_word(near)),
                    None => failure.hint(text::HINT_FORMATS),
                });
            }
        })
    }
}

/// The sessions that a filter leaves, page by page.
struct Pages {
    filter: SessionFilter,
    time_zone: Option<String>,
    grep: Option<String>,
    cursor: Option<String>,
    /// The last page, its sessions taken.
    last: SessionPage,
    is_over: bool,
}

impl Pages {
    /// The next sessions, at most so many; `None` when there are no more.
    fn next(&mut self, most: Option<u64>, context: &mut Context<'_>) -> Result<Option<Vec<SessionInfo>>, Failure> {
        if self.is_over {
            return Ok(None);
        }
        let limit = most.map_or(u64::from(PAGE), |most| most.min(u64::from(PAGE)));
        let params =
            json!({ "filter": self.filter, "limit": limit, "cursor": self.cursor, "time_zone": self.time_zone });
        let answer = context.connection()?.ask("session/list", &params);
        self.last = answer.map_err(|error| context.refused(error, self.grep.as_deref()))?;
        let sessions = std::mem::take(&mut self.last.sessions);
        self.cursor = self.last.next.take();
        self.is_over = self.cursor.is_none() || sessions.is_empty();
        Ok(Some(sessions).filter(|sessions| !sessions.is_empty()))
    }
}

fn show(
    sessions: &[SessionInfo],
    is_first: bool,
    format: &Format,
    json: bool,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    if json {
        return sessions.iter().try_for_each(|session| context.json_as("session", session));
    }
    if let Format::Template(template) = format {
        return sessions.iter().try_for_each(|session| {
            let line = template.fill(session, context);
            context.output.line(&line)
        });
    }
    if !context.to_terminal() {
        return sessions.iter().try_for_each(|session| context.output.line(&session_line::tabs(session)));
    }
    if *format == Format::Oneline {
        let sessions: Vec<&SessionInfo> = sessions.iter().collect();
        let rows = session_line::rows(&sessions, context);
        return rows.iter().try_for_each(|row| context.output.line(row));
    }
    for (index, session) in sessions.iter().enumerate() {
        if index > 0 || !is_first {
            context.output.line("")?;
        }
        for line in block(session, format, context.width(), context) {
            context.output.line(&line)?;
        }
    }
    Ok(())
}

/// A session in several lines.
fn block(session: &SessionInfo, format: &Format, width: usize, context: &Context<'_>) -> Vec<String> {
    let mut lines = session_line::head_in(width, session, context);
    if *format == Format::Full {
        lines.extend(session_line::fields(session, context));
    }
    lines
}
