//! `opensession resume`

use std::env;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use opensession_protocol::SessionDetail;
use serde_json::json;

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, path};
use crate::text;

/// Continue a session in its own agent, in the directory where it started.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession resume @\n  opensession resume 4f2a91c7 --print"
)]
pub(crate) struct Arguments {
    /// The session
    #[arg(value_name = "SESSION", default_value = "@")]
    session: String,
    /// Print the command instead of running it
    #[arg(long)]
    print: bool,
    /// Run it in DIR instead of where the session started
    #[arg(long = "in", value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    directory: Option<String>,
    /// One JSON object: the command, word by word, its directory, and what is missing for it
    #[arg(long, help_heading = "Display")]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let name = SessionName::parse(&arguments.session, context);
    let params = json!({ "session": name.session, "scope": context.scope() });
    let detail: SessionDetail = context.ask("session/get", &params)?;
    let directory = match &arguments.directory {
        Some(directory) => Some(context.absolute(directory)?),
        None => detail.resume_cwd.clone(),
    };
    let Some(command) = detail.resume.clone().filter(|command| !command.is_empty()) else {
        let agent = clean::one_line(&detail.session.agent).into_owned();
        return Err(Failure::new(Exit::Refused, text::no_resume(&agent)).hint(text::HINT_NO_RESUME));
    };
    if let Some(host) = &detail.session.host {
        return elsewhere(&detail, host, &command, directory.as_deref(), arguments, context);
    }
    let search = context.variable("PATH").or_else(|| env::var("PATH").ok()).unwrap_or_default();
    let missing = missing(&detail, &command[0], directory.as_deref(), &search, &|path| context.path(path));
    if arguments.json {
        let reasons: Vec<&String> = missing.iter().map(|missing| &missing.fact).collect();
        let resume = json!({ "session": detail.session.id, "command": command, "cwd": directory, "missing": reasons });
        context.json_as("resume", &resume)?;
        return Ok(Exit::Done);
    }
    if arguments.print {
        let mut line = clean::one_line(&path::shell_line(&command)).into_owned();
        if let Some(directory) = &directory {
            line = format!("cd {} && {line}", path::shell_word(&clean::one_line(directory)));
        }
        context.output.line(&line)?;
        for missing in missing {
            context.output.talk(&missing.fact);
            context.hint(&missing.hint);
        }
        return Ok(Exit::Done);
    }
    if let Some(missing) = missing.into_iter().next() {
        return Err(Failure::new(Exit::Refused, missing.fact).hint(missing.hint));
    }
    let mut process = Command::new(&command[0]);
    process.args(&command[1..]);
    if let Some(directory) = &directory {
        process.current_dir(directory);
    }
    // The agent takes this process's place, so that signals, the terminal and the exit code are its own.
    let error = process.exec();
    Err(Failure::new(Exit::Refused, text::cannot_run(&command[0], &error.to_string())))
}

/// A session of another machine is gone on with there, by a command that is shown.
fn elsewhere(
    detail: &SessionDetail,
    host: &str,
    command: &[String],
    directory: Option<&str>,
    arguments: &Arguments,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let mut there = path::shell_line(command);
    if let Some(directory) = directory {
        there = format!("cd {} && {there}", path::shell_word(directory));
    }
    let whole = detail.resume_through.as_ref().map(|through| [through.as_slice(), &[there]].concat());
    let fact = text::on_other_machine(&clean::one_line(host));
    if arguments.json {
        let resume = json!({
            "session": detail.session.id,
            "command": whole.as_deref().unwrap_or(command),
            "cwd": if whole.is_some() { None } else { directory },
            "missing": [fact],
        });
        context.json_as("resume", &resume)?;
        return Ok(Exit::Done);
    }
    let Some(whole) = whole else {
        return Err(Failure::new(Exit::Refused, fact).hint(text::HINT_HAND_OVER));
    };
    let line = clean::one_line(&path::shell_line(&whole)).into_owned();
    if arguments.print {
        context.output.line(&line)?;
        context.output.talk(&fact);
        return Ok(Exit::Done);
    }
    Err(Failure::new(Exit::Refused, fact).hint(text::hint_run_there(&line)))
}

/// Something without which the session cannot be resumed.
pub(crate) struct Missing {
    pub(crate) fact: String,
    pub(crate) hint: String,
}

/// What is missing to resume a session with `program` in `directory`; `search` is where programs are looked for, `shown`
/// writes a path.
pub(crate) fn missing(
    detail: &SessionDetail,
    program: &str,
    directory: Option<&str>,
    search: &str,
    shown: &dyn Fn(&str) -> String,
) -> Vec<Missing> {
    let session = &detail.session;
    let mut missing = Vec::new();
    if session.vanished {
        missing.push(Missing {
            fact: text::session_file_gone(&shown(&session.path)),
            hint: text::hint_restore_first(&session.short_id),
        });
    }
    if let Some(directory) = directory.filter(|directory| !Path::new(directory).is_dir()) {
        missing.push(Missing { fact: text::directory_gone(&shown(directory)), hint: text::HINT_DIRECTORY.to_owned() });
    }
    if !is_on(search, program) {
        missing.push(Missing {
            fact: text::program_missing(&clean::one_line(program)),
            hint: text::hint_install_program(&clean::one_line(&session.agent)),
        });
    }
    missing
}

/// Whether one of the folders of `search` holds the program.
fn is_on(search: &str, program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    env::split_paths(search).map(|folder: PathBuf| folder.join(program)).any(|path| path.is_file())
}
