//! `opensession help`

use clap::CommandFactory as _;

use crate::arguments::Cli;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::text;

/// Lines of help are not longer than this.
const WIDEST: usize = 100;

/// Show help: of a command, or of the query language (help search).
#[derive(Debug, Default, clap::Args)]
#[command(
    help_template = crate::arguments::HELP_TEMPLATE,
    before_help = "Examples:\n  opensession help log\n  opensession help search"
)]
pub(crate) struct Arguments {
    /// The command
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    show(&arguments.command, context)?;
    if arguments.command == ["search"] {
        context.output.line("")?;
        text::QUERY_LANGUAGE.lines().try_for_each(|line| context.output.line(line))?;
    }
    Ok(Exit::Done)
}

/// Shows the help of a command, named by its words.
pub(crate) fn show(names: &[String], context: &mut Context<'_>) -> Result<(), Failure> {
    let mut cli = Cli::command().term_width(context.width().min(WIDEST));
    cli.build();
    let mut command = &mut cli;
    for name in names {
        let Some(found) = command.find_subcommand_mut(name) else {
            return Err(Failure::wrong_input(text::no_such_command(name)).hint("opensession help"));
        };
        command = found;
    }
    let help = command.render_help();
    let help = if context.style.color { help.ansi().to_string() } else { help.to_string() };
    help.trim_end().lines().try_for_each(|line| context.output.line(line.trim_end()))
}
