//! One file per command, and the table that routes to it.

mod completion;
mod daemon;
mod diff;
mod discover;
mod doctor;
mod export;
mod forget;
mod handoff;
mod help;
mod import;
mod index;
mod log;
mod lsp;
mod mcp;
mod remote;
mod restore;
mod resume;
mod rpc;
mod search;
mod show;
mod star;
mod stats;

use std::ffi::OsString;

use clap::{CommandFactory as _, Subcommand};

pub(crate) use daemon::lines as daemon_lines;
pub(crate) use mcp::Change as McpChange;
pub(crate) use resume::missing as missing_for_resume;

use crate::arguments::Cli;
use crate::context::Context;
use crate::failure::{Exit, Failure};

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Search(search::Arguments),
    Log(log::Arguments),
    Show(show::Arguments),
    Stats(stats::Arguments),
    Handoff(handoff::Arguments),
    Export(export::Arguments),
    Diff(diff::Arguments),
    Discover(discover::Arguments),
    Import(import::Arguments),
    Remote(remote::Arguments),
    Resume(resume::Arguments),
    Restore(restore::Arguments),
    Star(star::Arguments),
    Forget(forget::Arguments),
    Index(index::Arguments),
    Doctor(doctor::Arguments),
    Daemon(daemon::Arguments),
    Lsp(lsp::Arguments),
    Mcp(mcp::Arguments),
    Rpc(rpc::Arguments),
    Completion(completion::Arguments),
    Help(help::Arguments),
}

/// Runs a command; without one, the terminal interface where there is a terminal, else help.
pub(crate) fn run(command: Option<Command>, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match command {
        Some(Command::Search(arguments)) => search::run(arguments, context),
        Some(Command::Log(arguments)) => log::run(arguments, context),
        Some(Command::Show(arguments)) => show::run(&arguments, context),
        Some(Command::Stats(arguments)) => stats::run(arguments, context),
        Some(Command::Handoff(arguments)) => handoff::run(&arguments, context),
        Some(Command::Export(arguments)) => export::run(&arguments, context),
        Some(Command::Diff(arguments)) => diff::run(&arguments, context),
        Some(Command::Discover(arguments)) => discover::run(&arguments, context),
        Some(Command::Import(arguments)) => import::run(arguments, context),
        Some(Command::Remote(arguments)) => remote::run(arguments, context),
        Some(Command::Resume(arguments)) => resume::run(&arguments, context),
        Some(Command::Restore(arguments)) => restore::run(&arguments, context),
        Some(Command::Star(arguments)) => star::run(&arguments, context),
        Some(Command::Forget(arguments)) => forget::run(arguments, context),
        Some(Command::Index(arguments)) => index::run(&arguments, context),
        Some(Command::Doctor(arguments)) => doctor::run(&arguments, context),
        Some(Command::Daemon(arguments)) => daemon::run(&arguments, context),
        Some(Command::Lsp(arguments)) => lsp::run(&arguments, context),
        Some(Command::Mcp(arguments)) => mcp::run(&arguments, context),
        Some(Command::Rpc(arguments)) => rpc::run(&arguments, context),
        Some(Command::Completion(arguments)) => completion::run(&arguments, context),
        Some(Command::Help(arguments)) => help::run(&arguments, context),
        None if context.may_draw() => crate::tui::run(context),
        None => help::run(&help::Arguments::default(), context),
    }
}

/// Whether a command has this name.
pub(crate) fn is_known(name: &str) -> bool {
    Command::has_subcommand(name)
}

/// Shows the help of the command that `arguments` (without the program's name) begin with.
pub(crate) fn show_help(arguments: &[OsString], context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut names = Vec::new();
    let cli = Cli::command();
    let mut command = &cli;
    for word in arguments.iter().filter_map(|word| word.to_str()) {
        match command.find_subcommand(word) {
            Some(found) => {
                names.push(word.to_owned());
                command = found;
            }
            None if word.starts_with('-') => {}
            None => break,
        }
    }
    help::show(&names, context)?;
    Ok(Exit::Done)
}

/// The reference page: every command's help.
pub(crate) fn reference() -> String {
    let mut cli = Cli::command().term_width(100);
    cli.build();
    let mut page = format!("{}\n", crate::text::REFERENCE_HEAD);
    describe(&mut cli, 2, &mut page);
    page
}

fn describe(command: &mut clap::Command, level: usize, page: &mut String) {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned();
    let help = command.render_help().to_string();
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    let section = format!("\n{} `{name}`\n\n```text\n{}\n```\n", "#".repeat(level), help.join("\n"));
    page.push_str(&section);
    for subcommand in command.get_subcommands_mut().filter(|subcommand| !subcommand.is_hide_set()) {
        describe(subcommand, level + 1, page);
    }
}
