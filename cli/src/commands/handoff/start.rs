//! `handoff --run`: a new session of an agent, with the handoff as its first prompt.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use opensession_protocol::{AgentInfo, HandoffAnswer};
use serde_json::json;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, path};
use crate::text;

/// Bytes of one word of a command at most: Linux takes 128 KiB with the byte that ends it.
const WORD_BYTES: usize = 128 * 1024 - 1;

pub(super) fn run(
    agent: &str,
    answer: &HandoffAnswer,
    print: bool,
    context: &mut Context<'_>,
) -> Result<Exit, Failure> {
    let agents: Vec<AgentInfo> = context.ask("agent/list", &json!({}))?;
    let begins =
        || agents.iter().filter(|info| info.begin.is_some()).map(|info| clean::one_line(&info.id).into_owned());
    let Some(info) = agents.iter().find(|info| info.id == agent) else {
        let known: Vec<String> = begins().collect();
        return Err(Failure::wrong_input(text::no_agent(&clean::one_line(agent))).hint(text::hint_one_of(&known)));
    };
    let Some(begin) = info.begin.as_ref().filter(|begin| !begin.command.is_empty()) else {
        let known: Vec<String> = begins().collect();
        return Err(
            Failure::new(Exit::Refused, text::no_begin(&clean::one_line(&info.name))).hint(text::hint_one_of(&known))
        );
    };
    let directory = match &answer.cwd {
        Some(cwd) if Path::new(cwd).is_dir() => cwd.clone(),
        _ => context.absolute(".")?,
    };
    let mut words = begin.command.clone();
    let prompt = format!("{}\n\n{}", text::HANDOFF_INTRODUCTION, answer.text);
    if begin.from_file {
        words.push(if print { text::HANDOFF_FILE.to_owned() } else { file(&prompt)?.display().to_string() });
    } else if prompt.len() > WORD_BYTES {
        return Err(Failure::new(Exit::Refused, text::HANDOFF_TOO_LONG).hint(text::HINT_HANDOFF_BUDGET));
    } else {
        words.push(prompt);
    }
    if print {
        let line = format!("cd {} && {}", path::shell_word(&directory), path::shell_line(&words));
        clean::lines(&line).lines().try_for_each(|line| context.output.line(line))?;
        return Ok(Exit::Done);
    }
    let mut process = Command::new(&words[0]);
    process.args(&words[1..]).current_dir(&directory);
    // The agent takes this process's place, so that signals, the terminal and the exit code are its own.
    let error = process.exec();
    let hint = text::hint_install_for_run(&clean::one_line(&info.name), &clean::one_line(&info.id));
    Err(Failure::new(Exit::Refused, text::cannot_run(&words[0], &error.to_string())).hint(hint))
}

/// A file with the prompt, that only its user can read. The agent reads it after this process is gone: it stays until
/// the system clears its folder of temporary files.
fn file(prompt: &str) -> Result<PathBuf, Failure> {
    let path = std::env::temp_dir().join(format!("opensession-handoff-{}.md", std::process::id()));
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Refused, text::cannot_write_file(&path.to_string_lossy(), &error.to_string()))
    };
    // Left by a process of the same number.
    if path.symlink_metadata().is_ok() {
        fs::remove_file(&path).map_err(failed)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    file.write_all(prompt.as_bytes()).map_err(failed)?;
    Ok(path)
}
