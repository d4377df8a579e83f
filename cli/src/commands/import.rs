//! `opensession import`

use clap::Subcommand;
use opensession_protocol::{HostAdded, HostInfo};
use serde_json::json;

use super::remote;
use crate::arguments::HELP_TEMPLATE;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::clean;
use crate::text;

/// Keep and search the sessions in a folder: another machine's home directory, mounted or copied.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Commands",
    disable_help_subcommand = true,
    before_help = "Examples:\n  opensession import /mnt/old-laptop/home/ann --name old-laptop\n  \
                   opensession import ~/backup/.claude",
    after_help = "The folder is an old laptop's home directory, a backup, a container's volume, or one agent's own folder. Its \
                  sessions are read where they are, kept, and followed as long as it is there. What is here already is not \
                  shown twice."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<ImportCommand>,
    /// The folder
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    folder: Option<String>,
    /// What the machine is called in lists and in host: [default: as its disk says, else as the folder]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// One JSON object
    #[arg(long, help_heading = "Display")]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum ImportCommand {
    /// List imported folders
    List {
        /// One JSON object a line: hosts, then a summary
        #[arg(long, help_heading = "Display")]
        json: bool,
    },
    /// Follow a folder no longer; its sessions stay
    Remove {
        /// What it is called
        #[arg(value_name = "NAME")]
        name: String,
        /// Delete its sessions from the store and the index for good
        #[arg(long)]
        forget: bool,
    },
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let json = arguments.json;
    match (arguments.command, arguments.folder) {
        (Some(ImportCommand::Remove { name, forget }), _) => remote::remove(&name, forget, context),
        (Some(ImportCommand::List { json }), _) => list(json, context),
        (None, None) => list(json, context),
        (None, Some(folder)) => {
            let folder = context.absolute(&folder)?;
            let params = json!({ "folder": folder, "name": arguments.name });
            let added: HostAdded = context.ask("host/add", &params)?;
            if json {
                context.json_as("imported", &added)?;
                return Ok(Exit::Done);
            }
            let agents: Vec<String> = added.agents.iter().map(|agent| clean::one_line(agent).into_owned()).collect();
            let name = clean::one_line(&added.host.name).into_owned();
            context.output.line(&text::imported(&name, added.host.sessions, &agents, added.is_new))?;
            context.hint(&text::hint_search_host(&name));
            Ok(Exit::Done)
        }
    }
}

fn list(json: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut hosts: Vec<HostInfo> = context.ask("host/list", &json!({}))?;
    hosts.retain(|host| host.address.is_none());
    remote::list(&hosts, json, context)
}
