//! `opensession restore`

use opensession_protocol::Restored;
use serde_json::json;

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, number, path};
use crate::text;

/// Write a session's file back, so that its agent can resume it.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession restore 4f2a91c7\n  opensession restore @~2 --to /tmp/session.jsonl",
    after_help = "A file that is there is never written over."
)]
pub(crate) struct Arguments {
    /// The session
    #[arg(value_name = "SESSION")]
    session: String,
    /// Write to PATH instead of where the file was
    #[arg(long, value_name = "PATH")]
    to: Option<String>,
    /// One JSON object: what was written
    #[arg(long, help_heading = "Display")]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let name = SessionName::parse(&arguments.session, context);
    let to = arguments.to.as_deref().map(|to| context.absolute(to)).transpose()?;
    let params = json!({ "session": name.session, "to": to, "scope": context.scope() });
    let restored: Restored = context.ask("session/restore", &params)?;
    if arguments.json {
        context.json_as("restored", &restored)?;
        return Ok(Exit::Done);
    }
    let is_piped = !context.to_terminal();
    for (index, file) in std::iter::once(&restored.path).chain(&restored.side_files).enumerate() {
        let line = if is_piped {
            clean::one_line(file).into_owned()
        } else if index == 0 {
            format!("{} ({})", context.path(file), number::size(restored.bytes))
        } else {
            context.path(file)
        };
        context.output.line(&line)?;
    }
    if let Some(resume) = &restored.resume {
        let resume = clean::one_line(&path::shell_line(resume)).into_owned();
        let resume = match &restored.resume_cwd {
            Some(cwd) => format!("cd {} && {resume}", path::shell_word(&clean::one_line(cwd))),
            None => resume,
        };
        context.hint(&text::resume_with(&resume));
    }
    Ok(Exit::Done)
}
