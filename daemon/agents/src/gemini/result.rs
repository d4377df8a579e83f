//! What came back from calls: outputs, exit codes, changes to files.

use opensession_hail::{Body, Content, Edit, EditOperation, Status, Subagent};

use super::message::Own;
use crate::{
    hunks::Hunks,
    transcript::{
        Came, Session,
        blocks::{Run, data_part},
        json::{self, Value},
    },
};

/// Whether a call of that status will not go on.
pub(super) fn is_final(status: Option<&str>) -> bool {
    !matches!(status, None | Some("executing" | "awaiting_approval" | "scheduled" | "validating"))
}

/// A call that has ended.
pub(super) fn ended(call: &Value<'_>, session: &mut Session<'_, Own>) {
    let content = shown(call);
    let text = content.text();
    let shell = json::text(call, "name") == Some("run_shell_command");
    let failed = json::elements(call, "result")
        .iter()
        .any(|part| json::at(part, &["functionResponse", "response", "error"]).is_some());
    let exit_code = if shell && !failed { exit_code(&text) } else { None };
    let status = match json::text(call, "status") {
        Some("cancelled") if text.contains("did not allow") => Status::Rejected,
        Some("cancelled") => Status::Interrupted,
        Some("error") => Status::Error,
        _ if exit_code.is_some_and(|code| code != 0) => Status::Error,
        _ => Status::Ok,
    };
    drop(text);
    let edits = json::member(call, "resultDisplay").and_then(edit).map(|edit| vec![edit]);
    let (id, name) = (json::text(call, "id"), json::text(call, "name"));
    if let Some(agent) = json::text(call, "agentId") {
        spawned(id, name, agent, status, session);
    }
    session.result(Came { id, name, status, exit_code, content, edits, ..Came::default() });
}

/// An answer to a call that stands in a message of its own: told only when the call's own record does not tell it.
pub(super) fn responded(response: &Value<'_>, session: &mut Session<'_, Own>) {
    let Some(id) = json::text(response, "id") else { return };
    let ts = session.ts;
    let Some(told) = session.kept.own.seen.of(id, ts) else { return };
    if std::mem::replace(&mut told.ended, true) {
        return;
    }
    let mut run = Run::default();
    let error = output(response, &mut run);
    let content = run.take().map(|(_, content)| content).unwrap_or_default();
    let name = json::text(response, "name");
    let text = content.text();
    let exit_code = if name == Some("run_shell_command") && !error { exit_code(&text) } else { None };
    let status = if error || exit_code.is_some_and(|code| code != 0) { Status::Error } else { Status::Ok };
    drop(text);
    session.result(Came { id: Some(id), name, status, exit_code, content, ..Came::default() });
}

/// A sub-agent that a call started and that has a session of its own.
fn spawned(call_id: Option<&str>, name: Option<&str>, agent_id: &str, status: Status, session: &mut Session<'_, Own>) {
    let body = Subagent {
        agent_id: Some(agent_id.to_owned()),
        call_id: call_id.map(str::to_owned),
        name: name.map(str::to_owned),
        description: None,
        status: Some(status),
    };
    session.push(call_id.map(|id| format!("{id}:agent")), Body::Subagent(body));
}

/// What the model was shown; where that was not kept, what the person was shown.
fn shown(call: &Value<'_>) -> Content {
    let mut run = Run::default();
    for part in json::elements(call, "result") {
        if let Some(response) = json::member(part, "functionResponse") {
            output(response, &mut run);
        } else if let Some(text) = part.as_str().or_else(|| json::text(part, "text")) {
            run.text(text);
        } else if let Some(data) = json::member(part, "inlineData") {
            run.part(data_part(json::text(data, "mimeType"), None, json::text(data, "data").map(str::len)));
        }
    }
    let content = run.take().map(|(_, content)| content);
    content.unwrap_or_else(|| Content::Text(json::text(call, "resultDisplay").unwrap_or_default().to_owned()))
}

/// Adds what a response tells; gives whether it is an error.
pub(crate) fn output<'v>(response: &'v Value<'_>, run: &mut Run<'v>) -> bool {
    let Some(told) = json::member(response, "response") else { return false };
    let error = json::member(told, "error");
    match error.or_else(|| json::either(told, &["output", "content", "result"])) {
        Some(text) => run.text(json::shown(text)),
        None if told.as_object().is_some_and(serde_json_borrow::ObjectAsVec::is_empty) => {}
        None => run.text(json::shown(told)),
    }
    error.is_some()
}

/// The exit code that a shell's output names. Newer versions leave it out when it is zero.
pub(crate) fn exit_code(text: &str) -> Option<i32> {
    let mut newer =
        text.trim_start().strip_prefix("<untrusted_context>").unwrap_or(text).trim_start().starts_with("Output:");
    for line in text.lines().rev().take(12) {
        if let Some(code) = line.strip_prefix("Exit Code: ") {
            return code.trim().parse().ok();
        }
        newer &= !line.starts_with("Signal: ") && !line.starts_with("Error: ");
    }
    newer.then_some(0)
}

/// The change that a result displays.
pub(crate) fn edit(display: &Value<'_>) -> Option<Edit> {
    let path = json::text_of(display, &["filePath", "fileName"])?;
    let diff = json::member(display, "fileDiff")?.as_str()?;
    let hunks = Hunks::of_unified(diff);
    let is_new = json::flag(display, "isNewFile").unwrap_or_else(|| {
        // The original is null, or absent as an empty text is in some versions, where there was no file.
        json::member(display, "originalContent").is_none_or(|original| original.as_str() == Some(""))
            && diff.contains("\n@@ -0,0 ")
    });
    let operation = if is_new { EditOperation::Create } else { EditOperation::Update };
    Some(hunks.edit(path, operation, None))
}
