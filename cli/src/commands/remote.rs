//! `opensession remote`

mod progress;

use clap::Subcommand;
use opensession_protocol::{HostAdded, HostInfo, HostRemoved, HostState};
use serde_json::json;

use crate::arguments::HELP_TEMPLATE;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{cells, clean, number, time};
use crate::output::{Align, Cell, Style, Table};
use crate::text;

/// Keep and search the sessions on other machines, over your own ssh.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession remote add ann@build.example.org\n  opensession remote add laptop:2222 --name laptop --every 1h\n  \
                   opensession remote sync",
    after_help = "Agents' sessions there are copied into ~/.local/share/opensession/remotes and kept: what grew is pulled every \
                  15 minutes. Nothing is installed or written there; a shell is all that is needed. ssh must let you in \
                  without asking: with a key, or an agent that holds one."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: RemoteCommand,
}

#[derive(Debug, Subcommand)]
#[command(subcommand_help_heading = "Commands", disable_help_subcommand = true)]
enum RemoteCommand {
    /// Add a machine, and pull from it
    Add {
        /// user@host, user@host:port, or a host of your ssh configuration
        #[arg(value_name = "ADDRESS", value_hint = clap::ValueHint::Hostname)]
        address: String,
        /// What it is called in lists and in host: [default: the host]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Time between two pulls, a minute at least: 90s, 15m, 2h
        #[arg(long, value_name = "TIME", default_value = "15m", value_parser = seconds)]
        every: u32,
        /// One JSON object
        #[arg(long, help_heading = "Display")]
        json: bool,
    },
    /// List machines, imported folders too
    List {
        /// One JSON object a line: hosts, then a summary
        #[arg(long, help_heading = "Display")]
        json: bool,
    },
    /// Pull now: from one machine, or from all
    Sync {
        /// The machine
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// One JSON object a line: hosts, then a summary
        #[arg(long, help_heading = "Display")]
        json: bool,
    },
    /// Tell how pulling goes: the last time, the next one, what failed and what to do
    Status {
        /// The machine [default: all]
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// One JSON object a line: hosts, then a summary
        #[arg(long, help_heading = "Display")]
        json: bool,
    },
    /// Pull from a machine no longer; its sessions stay
    Remove {
        /// The machine
        #[arg(value_name = "NAME")]
        name: String,
        /// Delete its sessions from the store and the index for good
        #[arg(long)]
        forget: bool,
    },
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match arguments.command {
        RemoteCommand::Add { address, name, every, json } => add(&address, name.as_deref(), every, json, context),
        RemoteCommand::List { json } => {
            let hosts: Vec<HostInfo> = context.ask("host/list", &json!({}))?;
            list(&hosts, json, context)
        }
        RemoteCommand::Sync { name, json } => sync(name.as_deref(), json, context),
        RemoteCommand::Status { name, json } => {
            let mut hosts: Vec<HostInfo> = context.ask("host/list", &json!({}))?;
            if let Some(name) = &name {
                let known: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
                hosts.retain(|host| host.name == *name);
                if hosts.is_empty() {
                    return Err(Failure::wrong_input(text::no_host(name)).hint(text::known_hosts(&known)));
                }
            }
            status(&hosts, json, context)
        }
        RemoteCommand::Remove { name, forget } => remove(&name, forget, context),
    }
}

/// Follows a machine no longer.
pub(super) fn remove(name: &str, forget: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let removed: HostRemoved = context.ask("host/remove", &json!({ "name": name, "forget": forget }))?;
    context.output.line(&text::host_removed(&removed))?;
    Ok(Exit::Done)
}

/// Machines: their names, sessions, last pulls, places.
pub(super) fn list(hosts: &[HostInfo], json: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if json {
        for host in hosts {
            context.json_as("host", host)?;
        }
        let away = hosts.iter().filter(|host| host.state == HostState::Away).count();
        context.json(&json!({ "type": "summary", "hosts": hosts.len(), "away": away }))?;
    } else if !context.to_terminal() {
        hosts.iter().try_for_each(|host| context.output.line(&tabs(host)))?;
    } else if !hosts.is_empty() {
        for line in table(hosts, context) {
            context.output.line(&line)?;
        }
    }
    if hosts.is_empty() && !json {
        context.output.talk(text::NO_HOST);
        context.hint(text::HINT_ADD_HOST);
    }
    Ok(if hosts.is_empty() { Exit::NothingFound } else { Exit::Done })
}

fn add(address: &str, name: Option<&str>, every: u32, json: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let params = json!({ "address": address, "name": name, "interval_secs": every });
    let added: HostAdded = context.ask("host/add", &params)?;
    let name = clean::one_line(&added.host.name).into_owned();
    if !added.is_new && !json {
        context.output.talk(&text::host_known(&name));
    }
    let hosts = progress::during(context, Some(&added.host.name))?;
    let host = hosts.first().unwrap_or(&added.host);
    if json {
        context.json_as("host", host)?;
    } else {
        told(host, context)?;
        if host.failure.is_some() {
            context.hint(&text::hint_kept_on(&name));
        }
    }
    Ok(if host.failure.is_some() { Exit::NothingFound } else { Exit::Done })
}

fn sync(name: Option<&str>, json: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut hosts = progress::during(context, name)?;
    if name.is_none() {
        hosts.retain(|host| host.address.is_some());
    }
    if json || hosts.is_empty() {
        return list(&hosts, json, context);
    }
    for host in &hosts {
        told(host, context)?;
    }
    let is_away = hosts.iter().any(|host| host.failure.is_some());
    Ok(if is_away { Exit::NothingFound } else { Exit::Done })
}

/// What came of a pull, in one line, and what to do where it failed.
fn told(host: &HostInfo, context: &mut Context<'_>) -> Result<(), Failure> {
    let name = clean::one_line(&host.name);
    let Some(failure) = &host.failure else {
        context.output.line(&text::pulled(&name, host))?;
        for left in &host.left {
            context.output.talk(&text::left_there(&clean::one_line(left)));
        }
        return Ok(());
    };
    let style = context.style;
    let failure = clean::one_line(failure);
    context.output.line(&format!("{name}: {}", Style::waiting(style, &text::not_pulled(&failure))))?;
    if let Some(remedy) = &host.remedy {
        context.output.talk(&format!("{} {}", text::REMEDY, clean::one_line(remedy)));
    }
    Ok(())
}

fn status(hosts: &[HostInfo], json: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if json || hosts.is_empty() {
        return list(hosts, json, context);
    }
    for (at, host) in hosts.iter().enumerate() {
        if at > 0 && context.to_terminal() {
            context.output.line("")?;
        }
        for (label, value) in details(host, context) {
            if context.to_terminal() {
                context.output.line(&format!("{label:<8}  {value}"))?;
            } else {
                context.output.line(&format!("{}\t{label}\t{value}", clean::one_line(&host.name)))?;
            }
        }
    }
    Ok(if hosts.iter().any(|host| host.failure.is_some()) { Exit::NothingFound } else { Exit::Done })
}

fn details(host: &HostInfo, context: &Context<'_>) -> Vec<(&'static str, String)> {
    let style = context.style;
    let mut lines = vec![
        (text::ROW_HOST, style.bold(&clean::one_line(&host.name)).into_owned()),
        (text::ROW_FROM, place(host, context)),
        (text::ROW_SESSIONS, number::count(host.sessions)),
    ];
    if let Some(progress) = &host.progress {
        lines.push((text::ROW_PULLING, text::pulling(progress)));
    }
    if let Some(last) = host.last_pull {
        let brought = if host.failure.is_none() { text::brought(host) } else { String::new() };
        lines.push((text::ROW_PULLED, format!("{}{brought}", context.times.seconds_ago(last))));
    }
    if let Some(next) = host.next_pull.filter(|_| host.progress.is_none()) {
        lines.push((text::ROW_NEXT, context.times.minute(next)));
    }
    if let Some(failure) = &host.failure {
        lines.push((text::ROW_FAILED, style.waiting(&clean::one_line(failure)).into_owned()));
    }
    if let Some(remedy) = &host.remedy {
        lines.push((text::ROW_REMEDY, clean::one_line(remedy).into_owned()));
    }
    lines.extend(host.left.iter().map(|left| (text::ROW_LEFT, clean::one_line(left).into_owned())));
    lines
}

fn table(hosts: &[HostInfo], context: &Context<'_>) -> Vec<String> {
    let style = context.style;
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Left, Align::Left]);
    let headings = ["HOST", "SESSIONS", "PULLED", "FROM"];
    table.row(headings.into_iter().map(|heading| Cell::dressed(heading, Style::bold)).collect());
    for host in hosts {
        let pulled = match (host.state, host.last_pull) {
            (HostState::Pulling, _) => text::NOW.to_owned(),
            (HostState::Away, _) => text::AWAY.to_owned(),
            (_, Some(last)) => context.times.listed(Some(last)),
            _ => String::new(),
        };
        let dress = if host.state == HostState::Away { Style::waiting } else { Style::dim };
        table.row(vec![
            Cell::new(clean::one_line(&host.name)),
            Cell::new(number::count(host.sessions)),
            Cell::dressed(pulled, dress),
            Cell::new(place(host, context)),
        ]);
    }
    let others: usize = table.widths()[..3].iter().map(|width| width + 2).sum();
    let room = context.width().saturating_sub(others).max(10);
    table.rewrite(3, |place| cells::cut_middle(place, room, style.ellipsis()));
    table.lines(context.width(), &[], style)
}

/// Name, sessions, last pull, address or folder, failure.
fn tabs(host: &HostInfo) -> String {
    let from = host.address.as_deref().unwrap_or(&host.folder);
    let failure = host.failure.as_deref().map(|failure| clean::one_line(failure).into_owned()).unwrap_or_default();
    [
        clean::one_line(&host.name).into_owned(),
        host.sessions.to_string(),
        time::iso(host.last_pull),
        clean::one_line(from).into_owned(),
        failure,
    ]
    .join("\t")
}

fn place(host: &HostInfo, context: &Context<'_>) -> String {
    match &host.address {
        Some(address) => clean::one_line(address).into_owned(),
        None => context.path(&host.folder),
    }
}

/// `90s`, `15m`, `2h`, `1d`, in seconds.
fn seconds(text: &str) -> Result<u32, String> {
    let wrong = || text::no_interval(text);
    let (digits, unit) = text.split_at(text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).len());
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u32 = digits.parse().map_err(|_| wrong())?;
    number.checked_mul(factor).filter(|seconds| *seconds >= 60).ok_or_else(wrong)
}
