//! `opensession handoff`

mod into;
mod start;

use std::io::Read;
use std::path::Path;

use opensession_protocol::{HandoffAnswer, HandoffFormat};
use serde_json::json;

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::clipboard::{self, Copied};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::clean;
use crate::text;

/// Bytes of HAIL that are read from standard input: what a request may carry, with room for its escapes.
const HAIL_MOST: u64 = 8 * 1024 * 1024;

/// Write a summary for the next agent, in which every claim names its event.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession handoff\n  opensession handoff @ @~1 --budget brief --copy\n  opensession handoff 4f2a91c7 --format json -o handoff.json\n  opensession handoff --into codex\n  opensession handoff --run claude-code",
    after_help = "Several sessions are merged in the order in which they began. Secrets are taken out. The same sessions always \
                  give the same text, but for the state of the repository, which is that of now."
)]
pub(crate) struct Arguments {
    /// The sessions [default: @, the last one here]; HAIL files too, - reads one from standard input
    #[arg(value_name = "SESSION")]
    sessions: Vec<String>,
    /// How long it may be: brief (4 kB), standard (12 kB), full (40 kB), or bytes: 8000, 8k
    #[arg(long, value_name = "BUDGET", default_value = "standard")]
    budget: String,
    /// Markdown, or JSON
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    format: Format,
    /// Write to FILE
    #[arg(long, short, value_name = "FILE", help_heading = "Where to")]
    output: Option<String>,
    /// Copy to the clipboard
    #[arg(long, help_heading = "Where to")]
    copy: bool,
    /// Write a session that AGENT resumes: the handoff, then what was said
    #[arg(long, value_name = "AGENT", help_heading = "Where to", conflicts_with_all = ["output", "copy", "format"])]
    into: Option<String>,
    /// Start a new session of AGENT with the handoff as its first prompt
    #[arg(long, value_name = "AGENT", help_heading = "Where to", conflicts_with_all = ["output", "copy", "format", "into"])]
    run: Option<String>,
    /// With --run: print the command instead of running it
    #[arg(long, help_heading = "Where to", requires = "run")]
    print: bool,
    /// With --into: one JSON object, what was written and the command that resumes it
    #[arg(long, help_heading = "Display", requires = "into")]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For the next agent and for people
    #[default]
    Md,
    /// For programs
    Json,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    context.await_first_reading()?;
    let mut sessions = Vec::new();
    let mut hail = None;
    for name in &arguments.sessions {
        if name == "-" {
            hail = Some(read_hail(context)?);
            continue;
        }
        let name = SessionName::parse(name, context);
        if name.event.is_some() {
            return Err(Failure::wrong_input(text::HANDOFF_ONE_EVENT).hint(text::HINT_HANDOFF_SESSION));
        }
        sessions.push(name.session);
    }
    let format = match arguments.format {
        Format::Md => HandoffFormat::Markdown,
        Format::Json => HandoffFormat::Json,
    };
    if let Some(agent) = &arguments.into {
        let asked = json!({
            "into": agent, "sessions": sessions, "hail": hail, "budget": arguments.budget, "scope": context.scope(),
        });
        return into::run(&asked, arguments.json, context);
    }
    let params = json!({
        "sessions": sessions,
        "hail": hail,
        "budget": arguments.budget,
        "format": format,
        "scope": context.scope(),
    });
    let answer: HandoffAnswer = context.ask("handoff/create", &params)?;
    if let Some(agent) = &arguments.run {
        return start::run(agent, &answer, arguments.print, context);
    }
    if let Some(file) = &arguments.output {
        let path = context.absolute(file)?;
        std::fs::write(Path::new(&path), &answer.text)
            .map_err(|error| Failure::new(Exit::Refused, text::cannot_write_file(file, &error.to_string())))?;
    }
    if arguments.copy {
        match clipboard::copy(&answer.text, &|name| context.variable(name)) {
            Copied::Done => {}
            Copied::Send(sequence) if context.terminal().stderr => context.output.say(&sequence),
            Copied::Send(_) | Copied::TooLong => {
                return Err(Failure::new(Exit::Refused, text::NO_CLIPBOARD).hint(text::HINT_NO_CLIPBOARD));
            }
        }
    }
    if arguments.output.is_none() && !arguments.copy {
        let shown = if context.to_terminal() && format == HandoffFormat::Json {
            clean::json(&answer.text)
        } else {
            clean::lines(&answer.text)
        };
        shown.lines().try_for_each(|line| context.output.line(line))?;
    }
    if context.terminal().stderr {
        let ids: Vec<_> = answer.sessions.iter().map(|session| clean::one_line(&session.short_id)).collect();
        let ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
        let redacted = answer.redactions.values().sum();
        let line = text::handoff_of(&ids, &arguments.budget, answer.text.len() as u64, answer.budget, redacted);
        context.output.talk(&line);
    }
    Ok(Exit::Done)
}

fn read_hail(context: &mut Context<'_>) -> Result<String, Failure> {
    let mut hail = String::new();
    let read = Read::take(&mut *context.stdin, HAIL_MOST + 1).read_to_string(&mut hail);
    read.map_err(|error| Failure::wrong_input(text::cannot_read_hail(&error.to_string())))?;
    if hail.len() as u64 > HAIL_MOST {
        return Err(Failure::wrong_input(text::HAIL_TOO_LONG).hint(text::HINT_HAIL_FILE));
    }
    Ok(hail)
}
