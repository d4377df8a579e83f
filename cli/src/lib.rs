//! The commands of `opensession`, apart from the process that runs them: `main` gives them the real streams, clock and
//! daemon, tests give made-up ones. See `cli/README.md`.

mod arguments;
mod clipboard;
mod commands;
mod connection;
mod context;
mod failure;
mod figures;
mod format;
mod heat;
mod host;
mod output;
mod progress;
mod session_line;
mod text;
mod transcript;
mod tui;
mod usage;

use std::ffi::OsString;

use clap::Parser as _;
use clap::error::ErrorKind;

pub use connection::{CallError, ConnectError, Connection, Connector, DaemonControl, HangUp, Update, Updates};
pub use failure::Exit;
pub use host::{Clock, Host, Terminal};

use arguments::{Cli, DisplayArguments};
use context::Context;
use failure::Failure;

/// Runs the command line `arguments`, whose first one is the program's name.
pub fn run(arguments: Vec<OsString>, host: Host<'_>) -> Exit {
    let arguments = arguments::query_words::separate(arguments);
    let (cli, wrong) = match Cli::try_parse_from(&arguments) {
        Ok(cli) => (cli, None),
        Err(error) => {
            let command = arguments.iter().skip(1).find_map(|word| word.to_str().filter(|word| !word.starts_with('-')));
            let known = command.filter(|command| commands::is_known(command)).map(str::to_owned);
            (Cli { display: DisplayArguments::default(), command: None }, Some((error, known)))
        }
    };
    let mut context = Context::new(host, &cli.display);
    let ended = match wrong {
        None => commands::run(cli.command, &mut context),
        Some((error, command)) => {
            explain(&error, command.as_deref(), arguments.get(1..).unwrap_or_default(), &mut context)
        }
    };
    // What was found before something failed is shown all the same.
    let finished = context.output.finish();
    match ended.and_then(|exit| finished.map(|()| exit)) {
        Ok(exit) => exit,
        Err(failure) => {
            if let Failure::Said(said) = &failure {
                context.output.say(&said.render(context.talk_style));
            }
            failure.exit()
        }
    }
}

/// The reference page of the command line, as Markdown.
pub fn reference() -> String {
    commands::reference()
}

/// Help and version are answers; all else that the parser says is an error.
fn explain(
    error: &clap::Error,
    command: Option<&str>,
    arguments: &[OsString],
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    match error.kind() {
        ErrorKind::DisplayHelp => commands::show_help(arguments, context),
        ErrorKind::DisplayVersion => {
            context.output.line(error.render().to_string().trim_end())?;
            Ok(Exit::Done)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            let help = error.render().to_string();
            help.trim_end().lines().for_each(|line| context.output.talk(line.trim_end()));
            Ok(Exit::WrongInput)
        }
        _ => Err(usage::failure(error, command)),
    }
}
