//! `handoff --into`: a session that another agent resumes.

use opensession_protocol::HandoffWritten;
use serde_json::Value;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, number, path};
use crate::text;

pub(super) fn run(asked: &Value, as_json: bool, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let written: HandoffWritten = context.ask("handoff/write", asked)?;
    if as_json {
        context.json_as("written", &written)?;
        return Ok(Exit::Done);
    }
    // The command is what a script wants, and what a person runs next.
    let resume = clean::one_line(&path::shell_line(&written.resume)).into_owned();
    context.output.line(&format!("cd {} && {resume}", path::shell_word(&clean::one_line(&written.resume_cwd))))?;
    if context.terminal().stderr {
        let file = context.path(&written.path);
        let redacted = written.redactions.values().sum();
        let line =
            text::handoff_written(&file, written.turns, &number::size(written.bytes), written.turns_left_out, redacted);
        context.output.talk(&line);
    }
    Ok(Exit::Done)
}
