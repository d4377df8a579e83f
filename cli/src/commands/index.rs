//! `opensession index`

use opensession_protocol::{IndexState, IndexStatus, RebuildScope};
use serde_json::json;

use crate::arguments::HELP_TEMPLATE;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::{progress, text};

/// Read what is new now, and wait until all of it is searchable.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession index\n  opensession index --rebuild",
    after_help = "The daemon does this by itself; this waits for it, checks it, or builds it anew. Ctrl-C stops the \
                  waiting, not the work."
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub(crate) struct Arguments {
    /// Build the search index anew from what is kept
    #[arg(long)]
    rebuild: bool,
    /// Derive the events anew from the raw records too
    #[arg(long, requires = "rebuild")]
    events: bool,
    /// Only tell whether the index has everything; exit code 1 when it has not
    #[arg(long, conflicts_with = "rebuild")]
    check: bool,
    /// One JSON object: the index's status
    #[arg(long, help_heading = "Display")]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut status: IndexStatus = if arguments.check {
        context.ask("index/status", &json!({}))?
    } else if arguments.rebuild {
        let scope = if arguments.events { RebuildScope::Events } else { RebuildScope::Index };
        let started: IndexStatus = context.ask("index/rebuild", &json!({ "scope": scope }))?;
        let mut connection = context.second_connection()?;
        progress::follow(context, &mut *connection, Some(&started))?
    } else {
        refresh(context)?
    };
    if arguments.check && status.index_sequence < status.store_sequence && status.state == IndexState::Ready {
        // Not ready, whatever it says.
        status.state = IndexState::Reading;
    }
    if arguments.json {
        context.json_as("index", &status)?;
    } else {
        context.output.line(&text::index_line(&status))?;
    }
    Ok(match status.state {
        IndexState::Failed => {
            context.hint(text::HINT_REBUILD);
            if arguments.check { Exit::NothingFound } else { Exit::Refused }
        }
        IndexState::Reading | IndexState::Rebuilding if arguments.check => Exit::NothingFound,
        _ => Exit::Done,
    })
}

/// Has a round made, and shows how far it is.
fn refresh(context: &mut Context<'_>) -> Result<IndexStatus, Failure> {
    let status: IndexStatus = context.ask("index/status", &json!({}))?;
    if status.first_run && status.state == IndexState::Reading {
        progress::await_reading(context, &status)?;
    }
    progress::during(context, "index/refresh")
}
