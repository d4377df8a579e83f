//! `opensession mcp`

mod budget;
mod caller;
mod daemon;
mod install;
mod server;
mod tools;

use std::path::PathBuf;

use clap::Subcommand;

pub(crate) use install::Change;

use crate::arguments::HELP_TEMPLATE;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::text;

/// Give agents search over past sessions, as an MCP server.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession mcp install claude-code\n  opensession mcp uninstall claude-code",
    after_help = "Without a subcommand it is the server, on standard input and output; agents start it. Nothing leaves this \
                  machine but what the agent sends to its model."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<McpCommand>,
}

#[derive(Debug, Subcommand)]
#[command(subcommand_help_heading = "Commands", disable_help_subcommand = true)]
enum McpCommand {
    /// Write the server into an agent's settings
    Install {
        /// claude-code, codex, cursor, gemini or opencode
        #[arg(value_name = "AGENT")]
        agent: String,
    },
    /// Take it out again, leaving the settings as they were
    Uninstall {
        /// claude-code, codex, cursor, gemini or opencode
        #[arg(value_name = "AGENT")]
        agent: String,
    },
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        None => serve(context),
        Some(McpCommand::Install { agent }) => {
            let places = places(context)?;
            let done = install::install(install::agent(agent)?, &places)?;
            let line = text::mcp_installed(&done, &context.path(&done.path.display().to_string()));
            context.output.line(&line)?;
            if done.changed {
                context.hint(text::HINT_MCP_RESTART);
            }
            Ok(Exit::Done)
        }
        Some(McpCommand::Uninstall { agent }) => {
            let places = places(context)?;
            let done = install::uninstall(install::agent(agent)?, &places)?;
            let line = text::mcp_uninstalled(&done, &context.path(&done.path.display().to_string()));
            context.output.line(&line)?;
            Ok(Exit::Done)
        }
    }
}

/// The tools run in a runtime of their own; this thread calls the daemon for them.
fn serve(context: &mut Context<'_>) -> Result<Exit, Failure> {
    // The daemon is there, and reads, before the agent has its first question.
    let connection = context.second_connection()?;
    let variables = caller::variables(&|name| context.variable(name));
    let caller = caller::Caller::new(context.directory(), variables);
    let (daemon, calls) = daemon::channel();
    let serving = std::thread::Builder::new()
        .name("mcp".into())
        .spawn(move || server::run(daemon, caller))
        .map_err(|error| Failure::new(Exit::OurBug, error.to_string()))?;
    calls.answer(connection, || context.second_connection());
    match serving.join() {
        Ok(Ok(())) => Ok(Exit::Done),
        Ok(Err(error)) => Err(Failure::new(Exit::OutOfReach, error)),
        Err(_panic) => Err(Failure::new(Exit::OurBug, text::MCP_ENDED).hint(text::HINT_LOGS)),
    }
}

fn places(context: &Context<'_>) -> Result<install::Places, Failure> {
    let home = context.variable("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = home.ok_or_else(|| Failure::wrong_input(text::NO_HOME))?;
    let folder = |name: &str| context.variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let program = std::env::current_exe().map_err(|error| Failure::new(Exit::OurBug, error.to_string()))?;
    // Agents start servers without most of their variables. Without these the server would look for another daemon.
    let usual = [
        ("OPENSESSION_SOCKET", None),
        ("XDG_CONFIG_HOME", Some(home.join(".config"))),
        ("XDG_DATA_HOME", Some(home.join(".local/share"))),
        ("XDG_RUNTIME_DIR", Some(format!("/run/user/{}", rustix::process::getuid().as_raw()).into())),
        ("XDG_STATE_HOME", Some(home.join(".local/state"))),
    ];
    let unusual = usual.into_iter().filter_map(|(name, usual)| {
        let value = folder(name).filter(|value| Some(value) != usual.as_ref())?;
        Some((name, value.to_str()?.to_owned()))
    });
    Ok(install::Places {
        variables: unusual.collect(),
        records: folder("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share")).join("opensession/mcp"),
        claude: folder("CLAUDE_CONFIG_DIR"),
        codex: folder("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
        config: folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
        program: program.display().to_string(),
        home,
    })
}
