//! `opensession completion`

mod sessions;

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::arguments::{Cli, HELP_TEMPLATE};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::text;

/// Print the completion script of a shell, or write man pages.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession completion bash > ~/.local/share/bash-completion/completions/opensession\n  \
                   opensession completion fish > ~/.config/fish/completions/opensession.fish\n  \
                   opensession completion --man ~/.local/share/man/man1",
    after_help = "In bash, zsh and fish names of sessions are completed too: those that `opensession log` lists here, the newest first."
)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL", required_unless_present = "man")]
    shell: Option<Shell>,
    /// Write man pages into DIR, one for each command
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, conflicts_with = "shell")]
    man: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if let Some(folder) = &arguments.man {
        let folder = context.absolute(folder)?;
        let written = write_man_pages(Path::new(&folder));
        let count = written.map_err(|error| {
            Failure::new(Exit::Refused, text::cannot_write_into(&context.path(&folder), &error.to_string()))
        })?;
        let line = text::man_pages(count, &context.path(&folder));
        context.output.talk(&line);
    }
    if let Some(shell) = arguments.shell {
        script(shell).lines().try_for_each(|line| context.output.line(line))?;
    }
    Ok(Exit::Done)
}

fn script(shell: Shell) -> String {
    let mut cli = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli, "opensession", &mut script);
    sessions::complete(shell, &String::from_utf8_lossy(&script), &cli)
}

/// Gives how many pages were written.
fn write_man_pages(folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut cli = Cli::command();
    cli.build();
    let mut pages = vec![cli];
    let mut written = 0;
    while let Some(command) = pages.pop() {
        pages.extend(command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()).cloned());
        clap_mangen::Man::new(command).generate_to(folder)?;
        written += 1;
    }
    Ok(written)
}
