//! `opensession discover`

use opensession_protocol::{AgentInfo, Scanned};
use serde_json::json;

use crate::arguments::HELP_TEMPLATE;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{cells, clean, number, time};
use crate::output::{Align, Cell, Style, Table};
use crate::text;

/// List the agents whose sessions are on this machine, and where they lie.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession discover\n  opensession discover --scan ~/work\n  opensession discover --all --json"
)]
pub(crate) struct Arguments {
    /// Agents that were not found, too
    #[arg(long)]
    all: bool,
    /// Look through DIR for projects in which agents keep their sessions (Aider, Crush); they are followed from then on
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    scan: Option<String>,
    /// One JSON object a line: agents, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

/// Folders of an agent that are named at most, for people.
const PLACES_SHOWN: usize = 4;
/// What cannot be read as a whole, named at most; `doctor --problems` names all.
const UNREADABLE_SHOWN: usize = 5;

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    context.await_first_reading()?;
    if let Some(folder) = &arguments.scan {
        scan(folder, arguments.json, context)?;
    }
    let agents: Vec<AgentInfo> = context.ask("agent/list", &json!({}))?;
    let (found, absent): (Vec<&AgentInfo>, Vec<&AgentInfo>) = agents.iter().partition(|agent| is_found(agent));
    let mut listed = found.clone();
    if arguments.all {
        listed.extend(&absent);
    }
    let sum = |of: fn(&AgentInfo) -> u64| agents.iter().map(of).sum::<u64>();
    let sessions = sum(own_sessions);
    let subagents = sum(|agent| agent.subagents);
    let (problems, sources_with_problems) = (sum(|agent| agent.problems), sum(|agent| agent.sources_with_problems));
    if arguments.json {
        for agent in &listed {
            context.json_as("agent", agent)?;
        }
        context.json(&json!({
            "type": "summary",
            "agents": found.len(),
            "absent": absent.len(),
            "sessions": sessions,
            "subagents": subagents,
            "bytes": sum(|agent| agent.bytes),
            "problems": problems,
            "sources_with_problems": sources_with_problems,
        }))?;
    } else if context.to_terminal() {
        for line in table(&listed, context) {
            context.output.line(&line)?;
        }
    } else {
        for agent in &listed {
            context.output.line(&tabs(agent))?;
        }
    }
    if !arguments.json {
        if found.is_empty() {
            context.output.talk_wrapped(text::NO_AGENT);
        } else {
            let with_sessions = found.iter().filter(|agent| agent.sessions > 0).count() as u64;
            let absent = if arguments.all { 0 } else { absent.len() as u64 };
            context.output.talk_wrapped(&text::discovered(sessions, with_sessions, subagents, absent));
        }
        for reason in listed.iter().flat_map(|agent| &agent.unreadable).take(UNREADABLE_SHOWN) {
            let line = text::not_readable(&context.path(reason));
            context.output.talk_wrapped(&line);
        }
        if problems > 0 {
            let whole = found.iter().map(|agent| agent.unreadable.len() as u64).sum();
            context.output.talk_wrapped(&text::unreadable(problems, sources_with_problems, whole));
        }
        if found.is_empty() && !arguments.all {
            context.hint(text::HINT_DISCOVER_ALL);
        }
    }
    Ok(if found.is_empty() { Exit::NothingFound } else { Exit::Done })
}

/// Looks through a folder, and tells which projects were found.
fn scan(folder: &str, as_json: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let folder = context.absolute(folder)?;
    let scanned: Scanned = context.ask("agent/scan", &json!({ "path": folder }))?;
    if as_json {
        return context.json_as("scanned", &scanned);
    }
    for project in &scanned.projects {
        let line = text::project_found(&context.path(&project.path), &project.agents.join(", "), project.is_new);
        context.output.talk_wrapped(&line);
    }
    context.output.talk_wrapped(&text::scanned(&scanned));
    if scanned.incomplete {
        context.hint(text::HINT_SCAN_LESS);
    }
    Ok(())
}

fn is_found(agent: &AgentInfo) -> bool {
    agent.sessions > 0 || agent.sources > 0 || !agent.roots.is_empty()
}

/// Sessions of people; what sub-agents did belongs to them.
fn own_sessions(agent: &AgentInfo) -> u64 {
    agent.sessions.saturating_sub(agent.subagents)
}

fn table(agents: &[&AgentInfo], context: &Context<'_>) -> Vec<String> {
    let style = context.style;
    if agents.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&[Align::Left, Align::Right, Align::Left, Align::Right, Align::Left]);
    let headings = ["AGENT", "SESSIONS", "LATEST", "SIZE", "WHERE"];
    table.row(headings.into_iter().map(|heading| Cell::dressed(heading, Style::bold)).collect());
    for agent in agents {
        let mut places = places(agent, context).into_iter();
        table.row(vec![
            Cell::new(clean::one_line(&agent.id)),
            Cell::new(number::count(own_sessions(agent))),
            Cell::new(context.times.listed(agent.latest)),
            Cell::new(number::size(agent.bytes)),
            Cell::new(places.next().unwrap_or_default()),
        ]);
        for place in places {
            let empty = || Cell::new("");
            table.row(vec![empty(), empty(), empty(), empty(), Cell::new(place)]);
        }
    }
    // Paths are cut in their middle.
    let others: usize = table.widths()[..4].iter().map(|width| width + 2).sum();
    let room = context.width().saturating_sub(others).max(10);
    table.rewrite(4, |place| cells::cut_middle(place, room, style.ellipsis()));
    table.lines(context.width(), &[], style)
}

/// The folders that exist, or the one that would, and what is to be said of them.
fn places(agent: &AgentInfo, context: &Context<'_>) -> Vec<String> {
    let mut places: Vec<String> = agent.roots.iter().take(PLACES_SHOWN).map(|root| context.path(root)).collect();
    if let more @ 1.. = agent.roots.len().saturating_sub(PLACES_SHOWN) {
        places.push(text::more_places(more));
    }
    if places.is_empty() {
        let looked = agent.absent_roots.first().map(|root| context.path(root)).unwrap_or_default();
        places.push(text::not_found_at(&looked));
    }
    if !agent.enabled {
        places.push(text::SWITCHED_OFF.to_owned());
    }
    if agent.empty > 0 {
        places.push(text::drafts(agent.empty));
    }
    // What failed is told below.
    let read = agent.sources_read + agent.unreadable.len() as u64;
    if read < agent.sources {
        places.push(text::reading(read, agent.sources));
    }
    places
}

/// Agent, sessions, sub-agents' sessions, latest, bytes, problems, folders.
fn tabs(agent: &AgentInfo) -> String {
    let mut fields = vec![
        clean::one_line(&agent.id).into_owned(),
        own_sessions(agent).to_string(),
        agent.subagents.to_string(),
        time::iso(agent.latest),
        agent.bytes.to_string(),
        agent.problems.to_string(),
    ];
    fields.extend(agent.roots.iter().map(|root| clean::one_line(root).into_owned()));
    fields.join("\t")
}
