//! `opensession forget`

use std::io::{BufRead as _, BufReader, Read};

use opensession_protocol::{Forgotten, SessionDetail};
use serde_json::json;

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::number;
use crate::{session_line, text};

/// Delete a session from the store and the index for good.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession forget 4f2a91c7\n  opensession forget 4f2a91c7 --yes",
    after_help = "The agent's own file is left alone, and is not read again."
)]
pub(crate) struct Arguments {
    /// The session
    #[arg(value_name = "SESSION")]
    session: String,
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let name = SessionName::parse(&arguments.session, context);
    if name.event.is_some() {
        return Err(Failure::wrong_input(text::FORGET_ONE_EVENT).at(arguments.session).hint(text::HINT_FORGET_SESSION));
    }
    let params = json!({ "session": name.session, "scope": context.scope() });
    let mut session = name.session;
    if !arguments.yes {
        let detail: SessionDetail = context.ask("session/get", &params)?;
        if !context.terminal().stdin || !context.terminal().stderr {
            return Err(Failure::new(Exit::Refused, text::NOT_CONFIRMED).hint(text::HINT_YES));
        }
        let lines = session_line::head(&detail.session, context);
        context.output.say(&format!("{}\n{} ", lines.join("\n"), text::FORGET_QUESTION));
        if !is_yes(&read_line(context)) {
            return Err(Failure::new(Exit::Refused, text::NOT_FORGOTTEN));
        }
        // What was shown is what goes, whatever `@` means by now.
        session = detail.session.id;
    }
    let params = json!({ "session": session, "scope": context.scope() });
    let forgotten: Forgotten = context.ask("session/forget", &params)?;
    let id: String = forgotten.id.chars().take(8).collect();
    context.output.line(&text::forgotten(&id, &number::size(forgotten.bytes)))?;
    if let Some(file) = &forgotten.file_left {
        let file = context.path(file);
        context.output.talk(&text::file_left(&file));
    }
    Ok(Exit::Done)
}

fn read_line(context: &mut Context<'_>) -> String {
    let mut line = String::new();
    // An answer that cannot be read is none.
    BufReader::new(Read::take(&mut *context.stdin, 100)).read_line(&mut line).ok();
    line
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes" | "예" | "네")
}
