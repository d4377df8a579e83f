//! `opensession daemon`

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use clap::Subcommand;
use opensession_protocol::{DaemonStatus, Warning};
use serde_json::json;

use crate::arguments::HELP_TEMPLATE;
use crate::connection::{ConnectError, Connection};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::time::Times;
use crate::format::{clean, number};
use crate::output::Style;
use crate::text;

/// Bytes at the end of the log that are looked through for its last lines.
const LOG_TAIL: u64 = 1024 * 1024;
/// How often a followed log is looked at.
const LOG_LOOK: Duration = Duration::from_millis(250);

/// Start, stop and look at the daemon that reads, keeps and searches sessions.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession daemon status\n  opensession daemon logs --follow",
    after_help = "Every command starts the daemon when it is needed."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: DaemonCommand,
}

#[derive(Debug, Subcommand)]
#[command(subcommand_help_heading = "Commands", disable_help_subcommand = true)]
enum DaemonCommand {
    /// Start it, unless it runs
    Start,
    /// Ask it to finish what is under way and to end
    Stop,
    /// Stop and start it
    Restart,
    /// Tell how it is; exit code 3 when it does not run
    Status {
        /// One JSON object
        #[arg(long, help_heading = "Display")]
        json: bool,
    },
    /// Show the end of its log
    Logs {
        /// Lines
        #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
        lines: usize,
        /// Go on as the log grows, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
    },
    /// Be the daemon, in the foreground
    Run {
        /// Leave the terminal once it listens; how commands start it
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Print the path of its socket
    Path,
    /// Have the system start it at login (systemd, launchd)
    Install,
    /// Take that back
    Uninstall,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    match &arguments.command {
        DaemonCommand::Start => {
            let was_running = running(context)?.is_some();
            start(was_running, context)
        }
        DaemonCommand::Stop => stop(context),
        DaemonCommand::Restart => {
            context.daemon.stop()?;
            start(false, context)
        }
        DaemonCommand::Status { json } => status(*json, context),
        DaemonCommand::Logs { lines, follow } => logs(*lines, *follow, context),
        DaemonCommand::Run { detached } => Ok(context.daemon.run(*detached)?),
        DaemonCommand::Path => {
            let socket = context.daemon.socket()?;
            context.output.line(&socket.to_string_lossy())?;
            Ok(Exit::Done)
        }
        DaemonCommand::Install => {
            let lines = context.daemon.install()?;
            lines.iter().try_for_each(|line| context.output.line(&clean::one_line(line)))?;
            Ok(Exit::Done)
        }
        DaemonCommand::Uninstall => {
            let lines = context.daemon.uninstall()?;
            lines.iter().try_for_each(|line| context.output.line(&clean::one_line(line)))?;
            Ok(Exit::Done)
        }
    }
}

fn start(was_running: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let status: DaemonStatus = context.ask("daemon/status", &json!({}))?;
    let line = text::daemon_started(was_running, &clean::one_line(&status.version), status.pid);
    context.output.line(&line)?;
    Ok(Exit::Done)
}

fn stop(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let stopped = context.daemon.stop()?;
    context.output.line(if stopped { text::DAEMON_STOPPED } else { text::DAEMON_NOT_RUNNING })?;
    Ok(Exit::Done)
}

fn status(json: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let Some(connection) = running(context)? else {
        if json {
            context.json(&json!({ "type": "daemon", "running": false }))?;
        } else {
            context.output.line(text::DAEMON_NOT_RUNNING)?;
            context.hint(text::HINT_START);
        }
        return Ok(Exit::OutOfReach);
    };
    context.use_connection(connection);
    let status: DaemonStatus = context.ask("daemon/status", &json!({}))?;
    if json {
        let mut object = json!({ "type": "daemon", "running": true });
        if let (Some(object), Ok(serde_json::Value::Object(fields))) =
            (object.as_object_mut(), serde_json::to_value(&status))
        {
            object.extend(fields);
        }
        context.json(&object)?;
        return Ok(Exit::Done);
    }
    for (name, value) in lines(&status, &context.times, &|shown| context.path(shown)) {
        if context.to_terminal() {
            context.output.line(&format!("{name:<8}  {value}"))?;
        } else {
            context.output.line(&format!("{name}\t{value}"))?;
        }
    }
    for warning in &status.warnings {
        warn(warning, context)?;
    }
    Ok(Exit::Done)
}

/// How a daemon is: names and values.
pub(crate) fn lines(
    status: &DaemonStatus,
    times: &Times<'_>,
    path: &dyn Fn(&str) -> String,
) -> Vec<(&'static str, String)> {
    let mut running = vec![clean::one_line(&status.version).into_owned(), format!("pid {}", status.pid)];
    running.extend(status.started.map(|started| format!("up {}", number::duration(times.since(started)))));
    running.extend(status.memory.map(number::size));
    let last_event = status.last_event.map(|last| times.seconds_ago(last));
    let store = path(&status.store);
    let mut lines = vec![
        (text::ROW_RUNNING, running.join(", ")),
        (text::ROW_SOCKET, path(&status.socket)),
        (text::ROW_SESSIONS, text::sessions_line(status.sessions, status.agents, status.live, last_event.as_deref())),
        (text::ROW_STORE, format!("{store}, {}", number::size(status.store_bytes))),
        (text::ROW_INDEX, text::index_line(&status.index)),
    ];
    if !status.publish_on.is_empty() {
        lines.push((text::ROW_PUBLISH, clean::one_line(&status.publish_on).into_owned()));
    }
    lines
}

fn warn(warning: &Warning, context: &mut Context<'_>) -> Result<(), Failure> {
    let style = context.style;
    let subject = clean::one_line(&warning.subject);
    let message = clean::one_line(&warning.message);
    if !context.to_terminal() {
        let remedy = warning.remedy.as_deref().map(clean::one_line).unwrap_or_default();
        return context.output.line(&format!("{}\t{subject}: {message}\t{remedy}", text::WARN));
    }
    context.output.line(&format!("{}      {subject}: {message}", Style::waiting(style, text::WARN)))?;
    if let Some(remedy) = &warning.remedy {
        context.output.line(&format!("          {} {}", text::REMEDY, clean::one_line(remedy)))?;
    }
    Ok(())
}

/// A connection to the daemon that runs, if one does.
pub(super) fn running(context: &mut Context<'_>) -> Result<Option<Box<dyn Connection>>, Failure> {
    match context.daemon.connect(false) {
        Ok(connection) => Ok(Some(connection)),
        Err(ConnectError { not_running: true, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn logs(lines: usize, follow: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let path = context.daemon.log()?;
    let shown_path = context.path(&path.to_string_lossy());
    let unreadable = |error: std::io::Error| {
        Failure::new(Exit::NothingFound, text::no_log(&shown_path, &error.to_string())).hint(text::HINT_START)
    };
    let mut file = File::open(&path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL))).map_err(unreadable)?;
    let mut reader = BufReader::new(file);
    let mut last: VecDeque<String> = VecDeque::new();
    let mut line = Vec::new();
    let mut is_cut = length > LOG_TAIL;
    while reader.read_until(b'\n', &mut line).map_err(unreadable)? > 0 {
        if !std::mem::take(&mut is_cut) {
            last.push_back(clean::one_line(&String::from_utf8_lossy(&line)).into_owned());
        }
        if last.len() > lines {
            last.pop_front();
        }
        line.clear();
    }
    last.iter().try_for_each(|line| context.output.line(line))?;
    if !follow {
        return Ok(Exit::Done);
    }
    context.output.flush()?;
    loop {
        line.clear();
        if reader.by_ref().take(LOG_TAIL).read_until(b'\n', &mut line).map_err(unreadable)? == 0 {
            pause();
            continue;
        }
        context.output.line(&clean::one_line(&String::from_utf8_lossy(&line)))?;
        context.output.flush()?;
    }
}

fn pause() {
    #[expect(clippy::disallowed_methods, reason = "a plain file tells nobody that it grew; Ctrl-C ends the waiting")]
    std::thread::sleep(LOG_LOOK);
}
