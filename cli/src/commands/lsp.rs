//! `opensession lsp`

use crate::arguments::HELP_TEMPLATE;
use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Be a language server on standard input and output, for editors.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession lsp\n  hx --health    (with a [language-server.opensession] of this command)",
    after_help = "The daemon is the language server; this starts it where none runs, and carries bytes. Editors that open \
                  sockets may connect by themselves: opensession daemon path"
)]
pub(crate) struct Arguments {
    /// Understood and ignored: editors add it
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(crate) fn run(_arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    Ok(context.daemon.carry()?)
}
