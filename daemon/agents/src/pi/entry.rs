//! The entries of a session, of all versions: a line of entries, later a tree of them, whose side branches are history
//! too.

use opensession_hail::{Body, Command, Compaction, Content, EditOperation, Relation, Status, Usage};
use serde::{Deserialize, Serialize};

use super::diff;
use crate::transcript::{
    Came, Format, Made, Session,
    blocks::{self, Run, numbered},
    json::{self, Value},
    replace,
    tools::Tools,
};

/// Sessions of pi, or of an agent built on it.
pub(crate) struct Pi(pub(crate) Who);

/// Whose sessions they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Pi,
    OpenClaw,
}

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Own {
    /// The session's own header was seen.
    introduced: bool,
}

const TOOLS: Tools = Tools {
    shells: &["bash", "exec", "shell_exec", "run_terminal", "shell"],
    edits: &["edit", "edit_file", "str_replace"],
    creates: &["create_file"],
    writes: &["write", "write_file"],
    todos: &["todo", "todo_write", "update_todos"],
    agents: &["task", "subagent", "sessions_spawn"],
};

impl Format for Pi {
    const VERSION: u32 = 1;
    type Own = Own;

    fn record(&self, entry: &Value<'_>, session: &mut Session<'_, Own>) {
        session.at(json::time_of(entry, "timestamp"));
        let id = json::owned(entry, "id").map(|id| session.once(&id));
        match json::text(entry, "type") {
            Some("session") => introduce(entry, session),
            Some("message") => {
                if let Some(message) = json::member(entry, "message") {
                    self.message(id, message, session);
                }
            }
            Some("model_change") => session.model(json::text(entry, "modelId")),
            Some("compaction") => {
                let content = json::owned(entry, "summary").unwrap_or_default();
                let tokens_before = json::number(entry, "tokensBefore");
                session.compaction(id, Compaction { content, trigger: None, tokens_before });
            }
            Some("branch_summary") => branch_left(id, json::text(entry, "summary"), session),
            Some("custom_message") => {
                let content = blocks::content(json::member(entry, "content"));
                session.system(id, &content.text());
            }
            Some("session_info") => {
                if let Some(name) = json::text(entry, "name") {
                    session.title(id, name, true);
                }
            }
            _ => {}
        }
    }
}

impl Pi {
    fn message(&self, id: Option<String>, message: &Value<'_>, session: &mut Session<'_, Own>) {
        if session.ts.is_none() {
            session.at(json::time_of(message, "timestamp"));
        }
        let content = json::member(message, "content");
        match json::text(message, "role") {
            Some("user") => {
                let content = blocks::content(content);
                let text = content.text();
                if self.0 == Who::OpenClaw && text.starts_with("System: ") {
                    session.system(id, &text);
                } else if !text.trim().is_empty() || content.has_image() {
                    drop(text);
                    session.prompt(id, content);
                }
            }
            Some("assistant") => agent(id, message, session),
            Some("toolResult") => result(message, session),
            Some("bashExecution") => executed(id, message, session),
            Some("custom") => session.system(id, &blocks::content(content).text()),
            Some("branchSummary") => branch_left(id, json::text(message, "summary"), session),
            Some("compactionSummary") => {
                let content = json::owned(message, "summary").unwrap_or_default();
                let tokens_before = json::number(message, "tokensBefore");
                session.compaction(id, Compaction { content, trigger: None, tokens_before });
            }
            _ => {}
        }
    }
}

/// The id in the name of a file, `<time>_<id>`; all of it where there is no time.
pub(super) fn id_in_name(stem: &str) -> &str {
    stem.rsplit_once('_').map_or(stem, |(_, id)| id)
}

fn introduce(header: &Value<'_>, session: &mut Session<'_, Own>) {
    session.directory(json::text(header, "cwd"));
    session.model(json::text(header, "modelId"));
    if std::mem::replace(&mut session.kept.own.introduced, true) {
        return;
    }
    let facts = &mut session.kept.facts;
    replace(&mut facts.native_id, json::text(header, "id"));
    let parent = json::text(header, "parentSession").map(|path| {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        id_in_name(name.strip_suffix(".jsonl").unwrap_or(name)).to_owned()
    });
    facts.parent = parent.filter(|parent| facts.native_id.as_ref() != Some(parent)).map(|id| (id, Relation::Fork));
}

/// A branch was left: what had been done there.
fn branch_left(id: Option<String>, summary: Option<&str>, session: &mut Session<'_, Own>) {
    session.system(id, summary.unwrap_or_default());
}

fn agent(id: Option<String>, message: &Value<'_>, session: &mut Session<'_, Own>) {
    session.model(json::text(message, "model"));
    let id = id.as_deref();
    let mut run = Run::default();
    let mut thoughts = 0;
    let content = json::member(message, "content");
    if let Some(text) = content.and_then(Value::as_str) {
        run.text(text);
    }
    for block in content.and_then(Value::as_array).unwrap_or_default() {
        match json::text(block, "type") {
            Some("text") => run.text(json::text(block, "text").unwrap_or_default()),
            Some("thinking") => {
                run.tell(id, session);
                let text = json::text(block, "thinking").unwrap_or_default();
                session.thinking(id.map(|id| numbered(&format!("{id}:thinking"), thoughts)), text);
                thoughts += 1;
            }
            Some("toolCall" | "tool_call" | "toolUse") => {
                run.tell(id, session);
                let Some(name) = json::text(block, "name") else { continue };
                let empty = Value::Null;
                let input = json::either(block, &["arguments", "input"]).unwrap_or(&empty);
                session.call(&TOOLS, Made { id: json::text(block, "id"), event: None, name, input, description: None });
            }
            Some("image") => run.part(blocks::image_part(block)),
            _ => {}
        }
    }
    run.tell(id, session);
    if let Some(usage) = json::member(message, "usage") {
        let of = |key| json::count(usage, key);
        let usage = Usage {
            message_id: id.map(str::to_owned),
            input: of("input"),
            output: of("output"),
            cache_read: of("cacheRead"),
            cache_write: of("cacheWrite"),
            cost: json::at(usage, &["cost", "total"]).and_then(Value::as_f64),
            ..Usage::default()
        };
        session.usage(id.map(|id| format!("{id}:usage")), usage);
    }
    let failed = json::text(message, "errorMessage").unwrap_or_default();
    let error_id = id.map(|id| format!("{id}:error"));
    match json::text(message, "stopReason") {
        Some("aborted") => session.interrupted(error_id, if failed.is_empty() { "aborted" } else { failed }),
        Some("error") => session.error(error_id, failed, Some("error")),
        _ => {}
    }
}

fn result(message: &Value<'_>, session: &mut Session<'_, Own>) {
    let content = blocks::content(json::member(message, "content"));
    let name = json::text(message, "toolName");
    let failed = json::flag(message, "isError") == Some(true);
    let details = json::member(message, "details");
    let text = content.text();
    let told = details.and_then(|details| json::member(details, "exitCode")).and_then(Value::as_i64);
    let exit_code = told.and_then(|code| i32::try_from(code).ok()).or_else(|| match name {
        // The tool fails whenever the command does, and says how.
        Some("bash") if failed => text.rsplit_once("Command exited with code ")?.1.trim().parse().ok(),
        Some("bash") => Some(0),
        _ => None,
    });
    let status = match failed {
        true if text.trim_end().ends_with("aborted") => Status::Interrupted,
        true => Status::Error,
        false if exit_code.is_some_and(|code| code != 0) => Status::Error,
        false => Status::Ok,
    };
    drop(text);
    let path = details.and_then(|details| json::text_of(details, &["path", "filePath"]));
    let hunks = details.and_then(|details| json::text(details, "diff")).and_then(diff::hunks);
    let id = json::text(message, "toolCallId");
    let path = path.map(str::to_owned).or_else(|| id.and_then(|id| session.path_of(id)));
    let edits = hunks.zip(path).map(|(hunks, path)| vec![hunks.edit(path, EditOperation::Update, None)]);
    session.result(Came { id, name, status, exit_code, content, edits, ..Came::default() });
}

/// A command that the person ran with `!`.
fn executed(id: Option<String>, message: &Value<'_>, session: &mut Session<'_, Own>) {
    let Some(command) = json::text(message, "command") else { return };
    let body = Command { call_id: id.clone(), name: "!".to_owned(), command: command.to_owned(), ..Command::default() };
    session.push(id.clone(), Body::Command(body));
    let exit_code = json::member(message, "exitCode").and_then(Value::as_i64).and_then(|code| i32::try_from(code).ok());
    let status = match exit_code {
        _ if json::flag(message, "cancelled") == Some(true) => Status::Interrupted,
        Some(code) if code != 0 => Status::Error,
        _ => Status::Ok,
    };
    let content = Content::Text(json::text(message, "output").unwrap_or_default().to_owned());
    session.result(Came { id: id.as_deref(), name: Some("!"), status, exit_code, content, ..Came::default() });
}
