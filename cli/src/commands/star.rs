//! `opensession star`

use opensession_protocol::{SessionDetail, Starred};
use serde_json::json;

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::{session_line, text};

/// Give a session a star, to find it again.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession star 4f2a91c7\n  opensession star @ --remove",
    after_help = "Sessions with a star: opensession search is:starred. Stars stay here, however often a session is read anew."
)]
pub(crate) struct Arguments {
    /// The session
    #[arg(value_name = "SESSION")]
    session: String,
    /// Take the star away
    #[arg(long)]
    remove: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let name = SessionName::parse(&arguments.session, context);
    let params = json!({ "session": name.session, "scope": context.scope() });
    let detail: SessionDetail = context.ask("session/get", &params)?;
    // What was looked up is what is changed, whatever `@` means by now.
    let params = json!({ "session": detail.session.id, "starred": !arguments.remove });
    let answer: Starred = context.ask("session/star", &params)?;
    context.output.line(text::star(answer.starred, answer.changed))?;
    let mut session = detail.session;
    session.starred = answer.starred;
    let rows = session_line::rows(&[&session], context);
    rows.iter().try_for_each(|row| context.output.line(row))?;
    context.hint(text::HINT_STARRED);
    Ok(Exit::Done)
}
