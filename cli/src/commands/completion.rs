//! `opensession completion`

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::{Cli, HELP_TEMPLATE};
use crate::context::Context;
use crate::failure::{Exit, Failure};

/// Print the completion script of a shell.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession completion bash > ~/.local/share/bash-completion/completions/opensession\n  \
                   opensession completion fish > ~/.config/fish/completions/opensession.fish"
)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "opensession", &mut script);
    String::from_utf8_lossy(&script).lines().try_for_each(|line| context.output.line(line))?;
    Ok(Exit::Done)
}
