//! `opensession export`

use opensession_protocol::{ExportAnswer, ExportFormat};
use serde_json::json;

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, number};
use crate::text;

/// Write a session as a file that needs nothing else.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession export @ --format html -o session.html\n  opensession export 4f2a91c7 > 4f2a91c7.hail.jsonl",
    after_help = "Secrets are taken out. A file is readable by you alone, and none that is there is written over without --force."
)]
pub(crate) struct Arguments {
    /// The session: its id, @, @~2, a file, agent:id
    #[arg(value_name = "SESSION")]
    session: String,
    /// What to write [default: what FILE ends in, else hail]
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// Write to FILE instead of standard output
    #[arg(long, short, value_name = "FILE", help_heading = "Where to")]
    output: Option<String>,
    /// Write over FILE when it is there
    #[arg(long, requires = "output", help_heading = "Where to")]
    force: bool,
    /// Leave secrets in: for your own eyes only
    #[arg(long, help_heading = "What of it")]
    no_redact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lines of JSON that can be read again
    Hail,
    /// Markdown
    Md,
    /// One JSON object
    Json,
    /// A page for a browser, which works offline
    Html,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let name = SessionName::parse(&arguments.session, context);
    if name.event.is_some() {
        return Err(Failure::wrong_input(text::EXPORT_ONE_EVENT).hint(text::HINT_EXPORT_SESSION));
    }
    context.await_first_reading()?;
    let format = arguments.format.or_else(|| arguments.output.as_deref().and_then(format_of_file));
    let format = match format.unwrap_or(Format::Hail) {
        Format::Hail => ExportFormat::Hail,
        Format::Md => ExportFormat::Markdown,
        Format::Json => ExportFormat::Json,
        Format::Html => ExportFormat::Html,
    };
    let to = arguments.output.as_deref().map(|file| context.absolute(file)).transpose()?;
    let params = json!({
        "session": name.session,
        "format": format,
        "to": to,
        "force": arguments.force,
        "redact": !arguments.no_redact,
        "scope": context.scope(),
    });
    let answer: ExportAnswer = context.ask("session/export", &params)?;
    if let Some(path) = &answer.path {
        let line = if context.to_terminal() {
            format!("{} ({})", context.path(path), number::size(answer.bytes))
        } else {
            clean::one_line(path).into_owned()
        };
        context.output.line(&line)?;
    } else if let Some(text) = &answer.text {
        text.lines().try_for_each(|line| print(line, format, context))?;
    } else {
        return Err(Failure::new(Exit::Refused, text::EXPORT_TOO_LONG).hint(text::HINT_EXPORT_FILE));
    }
    if context.terminal().stderr {
        let id = clean::one_line(&answer.session.short_id).into_owned();
        let redacted = (!arguments.no_redact).then(|| answer.redactions.values().sum());
        context.output.talk(&text::exported(&id, answer.events, redacted));
    }
    Ok(Exit::Done)
}

/// A line of the export: as it is for programs and files, harmless for terminals.
fn print(line: &str, format: ExportFormat, context: &mut Context<'_>) -> Result<(), Failure> {
    if !context.to_terminal() {
        return context.output.line(line);
    }
    match format {
        ExportFormat::Hail | ExportFormat::Json => context.output.line(&clean::json(line)),
        ExportFormat::Markdown | ExportFormat::Html => context.output.line(&clean::lines(line)),
    }
}

/// The format that a file's name tells.
fn format_of_file(file: &str) -> Option<Format> {
    let ending = file.rsplit_once('.')?.1;
    Some(match ending.to_ascii_lowercase().as_str() {
        "html" | "htm" => Format::Html,
        "md" | "markdown" => Format::Md,
        "json" => Format::Json,
        "jsonl" | "hail" => Format::Hail,
        _ => return None,
    })
}
