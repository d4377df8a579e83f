//! A thread's document and its messages.

use opensession_hail::{Compaction, Content, EditOperation, Status, Usage};

use crate::{
    hunks::Hunks,
    transcript::{
        Came, Format, Made, Session,
        blocks::{self, Run, numbered},
        json::{self, Value},
        replace,
        tools::Tools,
    },
};

/// Threads of Amp.
pub(super) struct Thread {
    /// The id that the file's name tells: messages are numbered within a thread.
    pub(super) native_id: String,
}

const TOOLS: Tools = Tools {
    shells: &["Bash", "shell_command"],
    edits: &["edit_file"],
    creates: &["create_file"],
    writes: &[],
    todos: &["todo_write"],
    agents: &["Task", "oracle", "finder", "librarian"],
};

impl Format for Thread {
    const VERSION: u32 = 1;
    type Own = ();

    fn side(&self, _name: &str, document: &Value<'_>, session: &mut Session<'_, ()>) {
        session.at(json::time_of(document, "created"));
        let facts = &mut session.kept.facts;
        replace(&mut facts.native_id, json::text(document, "id"));
        if let Some(initial) = json::at(document, &["env", "initial"]) {
            let version = json::at(initial, &["platform", "clientVersion"]).and_then(Value::as_str);
            replace(&mut facts.agent_version, version);
            if let Some(tree) = json::elements(initial, "trees").first() {
                if let Some(repository) = json::member(tree, "repository") {
                    replace(&mut facts.repository, json::text(repository, "url"));
                    replace(&mut facts.commit, json::text(repository, "sha"));
                    let branch = json::text(repository, "ref").and_then(|name| name.strip_prefix("refs/heads/"));
                    replace(&mut facts.branch, branch);
                }
                let directory = json::text(tree, "uri").map(path_of);
                session.directory(directory.as_deref());
            }
        }
        if let Some(title) = json::text(document, "title") {
            session.title(None, title, false);
        }
    }

    fn record(&self, message: &Value<'_>, session: &mut Session<'_, ()>) {
        // Times are sparse: what has none is later than what was before it, and no more is known.
        let sent = json::member(message, "meta").and_then(|meta| json::time_of(meta, "sentAt"));
        let answered = json::member(message, "usage").and_then(|usage| json::time_of(usage, "timestamp"));
        session.at(sent.or(answered));
        let number = json::member(message, "messageId").map(json::shown);
        let number = number.or_else(|| json::owned(message, "protocolMessageID"));
        let id = number.map(|number| format!("{}:{number}", self.native_id)).map(|id| session.once(&id));
        let content = json::member(message, "content");
        match json::text(message, "role") {
            Some("user") => user(id, content, session),
            Some("assistant") => agent(id.as_deref(), message, content, session),
            Some("info") => info(id, content, session),
            _ => {}
        }
    }
}

/// Whether more of a message is to come.
pub(super) fn grows(message: &str) -> bool {
    let Ok(message) = serde_json::from_str::<Value<'_>>(message) else { return false };
    let message = &message;
    let runs = |block: &Value<'_>| {
        let status = json::member(block, "run").and_then(|run| json::text(run, "status"));
        matches!(status, Some("in-progress" | "queued" | "blocked-on-user"))
    };
    json::at(message, &["state", "type"]).and_then(Value::as_str) == Some("streaming")
        || json::elements(message, "content").iter().any(runs)
}

fn user(id: Option<String>, content: Option<&Value<'_>>, session: &mut Session<'_, ()>) {
    let mut run = Run::default();
    if let Some(text) = content.and_then(Value::as_str) {
        run.text(text);
    }
    for block in content.and_then(Value::as_array).unwrap_or_default() {
        match json::text(block, "type") {
            Some("tool_result") => result(block, session),
            Some("image") => run.part(blocks::image_part(block)),
            _ => run.text(json::text(block, "text").unwrap_or_default()),
        }
    }
    if let Some((_, content)) = run.take() {
        session.prompt(id, content);
    }
}

fn agent(id: Option<&str>, message: &Value<'_>, content: Option<&Value<'_>>, session: &mut Session<'_, ()>) {
    let usage = json::member(message, "usage");
    session.model(usage.and_then(|usage| json::text(usage, "model")));
    let mut run = Run::default();
    let mut thoughts = 0;
    if let Some(text) = content.and_then(Value::as_str) {
        run.text(text);
    }
    for block in content.and_then(Value::as_array).unwrap_or_default() {
        match json::text(block, "type") {
            Some("thinking") => {
                run.tell(id, session);
                let text = json::text(block, "thinking").unwrap_or_default();
                session.thinking(id.map(|id| numbered(&format!("{id}:thinking"), thoughts)), text);
                thoughts += 1;
            }
            Some("tool_use") => {
                run.tell(id, session);
                let Some(name) = json::text(block, "name") else { continue };
                let empty = Value::Null;
                let input = json::member(block, "input").unwrap_or(&empty);
                session.call(&TOOLS, Made { id: json::text(block, "id"), event: None, name, input, description: None });
            }
            Some("text") | None => run.text(json::text(block, "text").unwrap_or_default()),
            _ => {}
        }
    }
    run.tell(id, session);
    if let Some(tokens) = usage {
        let of = |key| json::count(tokens, key);
        let usage = Usage {
            message_id: id.map(str::to_owned),
            input: of("inputTokens"),
            output: of("outputTokens"),
            cache_read: of("cacheReadInputTokens"),
            cache_write: of("cacheCreationInputTokens"),
            ..Usage::default()
        };
        session.usage(id.map(|id| format!("{id}:usage")), usage);
    }
    let Some(state) = json::member(message, "state") else { return };
    let error_id = id.map(|id| format!("{id}:error"));
    match json::text(state, "type") {
        Some("cancelled") => session.interrupted(error_id, "cancelled"),
        Some("error") => {
            let error = json::member(state, "error");
            let told = error.and_then(|error| error.as_str().or_else(|| json::text(error, "message")));
            session.error(error_id, told.unwrap_or_default(), Some("error"));
        }
        _ => {}
    }
}

/// The client's words, among them the summary that replaced a long history.
fn info(id: Option<String>, content: Option<&Value<'_>>, session: &mut Session<'_, ()>) {
    let blocks = content.and_then(Value::as_array).unwrap_or_default();
    if let Some(block) = blocks.iter().find(|block| json::text(block, "type") == Some("summary")) {
        let summary = json::member(block, "summary").unwrap_or(block);
        let content = summary.as_str().or_else(|| json::text_of(summary, &["summary", "text", "content"]));
        let content = content.unwrap_or_default().to_owned();
        return session.compaction(id, Compaction { content, ..Compaction::default() });
    }
    session.system(id, &blocks::content(content).text());
}

fn result(block: &Value<'_>, session: &mut Session<'_, ()>) {
    let id = json::text_of(block, &["toolUseID", "tool_use_id", "toolUseId"]);
    let empty = Value::Null;
    let run = json::member(block, "run").unwrap_or(&empty);
    let told = json::member(run, "result").or_else(|| json::member(block, "content"));
    let exit_code = told.and_then(|told| json::member(told, "exitCode")).and_then(Value::as_i64);
    let exit_code = exit_code.and_then(|code| i32::try_from(code).ok());
    let status = match json::text(run, "status") {
        Some("error") => Status::Error,
        Some("rejected-by-user") => Status::Rejected,
        Some("cancelled") => Status::Interrupted,
        Some("in-progress" | "queued" | "blocked-on-user") => Status::Running,
        _ if exit_code.is_some_and(|code| code != 0) => Status::Error,
        _ => Status::Ok,
    };
    let failed = json::member(run, "error")
        .map(|error| json::text(error, "message").map_or_else(|| json::shown(error), str::to_owned));
    let content = match failed.or_else(|| json::owned(run, "reason")) {
        Some(text) => Content::Text(text),
        None => match told.and_then(|told| json::member(told, "output")) {
            Some(output) => blocks::content(Some(output)),
            None => blocks::content(told),
        },
    };
    let path = id.and_then(|id| session.path_of(id));
    let diff = told.and_then(|told| json::text(told, "diff"));
    let edits = diff.filter(|diff| diff.contains("@@")).zip(path).map(|(diff, path)| {
        let operation = if diff.contains("@@ -0,0 ") { EditOperation::Create } else { EditOperation::Update };
        vec![Hunks::of_unified(diff).edit(path, operation, None)]
    });
    session.result(Came { id, status, exit_code, content, edits, ..Came::default() });
}

/// The path of a `file://` address.
fn path_of(uri: &str) -> String {
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    let mut bytes = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(byte) = path.as_bytes().get(at) {
        let escaped = (*byte == b'%').then(|| path.get(at + 1..at + 3)).flatten();
        if let Some(decoded) = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(decoded);
            at += 3;
        } else {
            bytes.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
