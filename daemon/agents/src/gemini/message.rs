//! The records of a session: its introduction, messages as they grow, and what replaces them.

use std::path::Path;

use opensession_hail::{Body, Compaction, Extra, Unknown, Usage};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{result, seen::Seen};
use crate::{
    codex::hash_id,
    document_elements::DOCUMENT,
    transcript::{
        Format, Made, Session,
        blocks::{Run, data_part},
        json::{self, Value},
        replace,
        tools::Tools,
    },
};

/// Sessions of Gemini CLI, and of its forks as long as they wrote the same.
pub(crate) struct Gemini;

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Own {
    pub(super) seen: Seen,
    /// SHA-256 of the project's path, in hexadecimal.
    project_hash: Option<String>,
    /// Paths that were tried as the project's.
    tried: u32,
}

pub(crate) const TOOLS: Tools = Tools {
    shells: &["run_shell_command"],
    edits: &["replace", "edit"],
    creates: &[],
    writes: &["write_file"],
    todos: &["write_todos", "todo_write"],
    agents: &["invoke_agent", "delegate_to_agent", "task", "agent", "codebase_investigator", "browser_agent"],
};

/// So many paths are tried as the project's.
const MOST_TRIED: u32 = 2000;

impl Format for Gemini {
    const VERSION: u32 = 1;
    type Own = Own;

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        if let Some(set) = json::member(record, "$set") {
            header(set, session);
            messages(set, session);
        } else if let Some(to) = json::member(record, "$rewindTo") {
            let mut fields = Extra::new();
            fields.insert("type".to_owned(), "rollback".into());
            fields.insert("to".to_owned(), json::to_owned(to));
            session.push(None, Body::Unknown(Unknown { fields }));
        } else if json::either(record, &["projectHash", "startTime"]).is_some() {
            header(record, session);
            messages(record, session);
        } else if json::member(record, "id").is_some() {
            message(record, session);
        } else if json::member(record, "messageId").is_some() {
            logged(record, session);
        }
    }

    fn side(&self, name: &str, record: &Value<'_>, session: &mut Session<'_, Own>) {
        match name {
            DOCUMENT => header(record, session),
            "projects.json" => {
                let projects = json::member(record, "projects").and_then(Value::as_object);
                for path in projects.iter().flat_map(|projects| projects.keys()) {
                    try_path(path, session);
                }
            }
            _ => {}
        }
    }

    fn side_text(&self, name: &str, text: &str, session: &mut Session<'_, Own>) -> bool {
        if name == ".project_root" {
            session.directory(Some(text.trim()).filter(|path| !path.is_empty()));
        }
        name == ".project_root"
    }
}

/// Whether more of a message in a document is to come: a tool that runs, or the tokens of the last answer.
pub(super) fn grows(message: &str, last: bool) -> bool {
    // Most messages are prompts and answers: what is said below of calls needs none of them parsed.
    if !last && !message.contains("\"toolCalls\"") {
        return false;
    }
    let Ok(message) = serde_json::from_str::<Value<'_>>(message) else { return false };
    let message = &message;
    let running = |call: &Value<'_>| !result::is_final(json::text(call, "status"));
    json::elements(message, "toolCalls").iter().any(running)
        || last
            && is_agent(json::text(message, "type"))
            && json::member(message, "tokens").is_none()
            && json::elements(message, "toolCalls").is_empty()
}

/// Whether a message of that type is the agent's.
fn is_agent(kind: Option<&str>) -> bool {
    matches!(kind, Some("gemini" | "qwen" | "assistant" | "model"))
}

fn header(header: &Value<'_>, session: &mut Session<'_, Own>) {
    replace(&mut session.kept.facts.native_id, json::text(header, "sessionId"));
    replace(&mut session.kept.own.project_hash, json::text(header, "projectHash"));
    session.at(json::time_of(header, "startTime"));
    session.at(json::time_of(header, "lastUpdated"));
    if session.kept.facts.cwd.is_none() {
        session.directory(json::elements(header, "directories").iter().find_map(Value::as_str));
    }
    if let Some(summary) = json::text(header, "summary") {
        session.title(None, summary, false);
    }
    if json::text(header, "kind") == Some("subagent") && session.kept.facts.subagent_type.is_none() {
        session.kept.facts.subagent_type = json::owned(header, "agentName").or_else(|| Some("subagent".to_owned()));
    }
}

/// Messages that stand in place of all before: those that were told are known again.
fn messages(record: &Value<'_>, session: &mut Session<'_, Own>) {
    for element in json::elements(record, "messages") {
        message(element, session);
    }
}

fn message(message: &Value<'_>, session: &mut Session<'_, Own>) {
    let Some(id) = json::text(message, "id") else { return };
    let ts = json::time_of(message, "timestamp");
    let Some(told) = session.kept.own.seen.of(id, ts) else { return };
    let said = told.said;
    session.at(ts);
    match json::text(message, "type") {
        Some("user") => user(id, message, said, session),
        kind if is_agent(kind) => agent(id, message, session),
        Some(kind) if !said => {
            let text = plain(json::member(message, "content"));
            match kind {
                "error" => session.error(Some(id.to_owned()), &text, None),
                "info" if text.trim() == "Request cancelled." => session.interrupted(Some(id.to_owned()), text.trim()),
                "info" | "warning" => session.system(Some(id.to_owned()), &text),
                _ => {}
            }
        }
        _ => {}
    }
    if let Some(told) = session.kept.own.seen.of(id, ts) {
        told.said |= !is_agent(json::text(message, "type")) || !plain(json::member(message, "content")).is_empty();
    }
}

fn user(id: &str, message: &Value<'_>, said: bool, session: &mut Session<'_, Own>) {
    let content = json::member(message, "content");
    let mut images = Vec::new();
    let mut texts = Vec::new();
    for part in parts(content) {
        if let Some(response) = json::member(part, "functionResponse") {
            result::responded(response, session);
        } else if let Some(data) = json::either(part, &["inlineData", "fileData"]) {
            let name = json::text_of(data, &["displayName", "fileUri"]);
            images.push(data_part(json::text(data, "mimeType"), name, json::text(data, "data").map(str::len)));
        } else if let Some(text) = part.as_str().or_else(|| json::text(part, "text")) {
            texts.push(text);
        }
    }
    if said {
        return;
    }
    let own_id = || Some(id.to_owned());
    let first = texts.first().map(|text| text.trim_start()).unwrap_or_default();
    if first.starts_with("<session_context>") || first.starts_with("This is the Gemini CLI. We are setting up the") {
        session.directory(workspace(first));
        return session.system(own_id(), &texts.join("\n"));
    }
    if first.starts_with("<state_snapshot>") {
        return session.compaction(own_id(), Compaction { content: first.to_owned(), ..Compaction::default() });
    }
    let displayed = plain(json::member(message, "displayContent"));
    let mut run = Run::default();
    if displayed.is_empty() {
        for text in texts {
            run.text(text);
        }
    } else {
        // The content holds what the client made of it: the files that were named, for one.
        let added: Vec<&str> = texts.into_iter().filter(|text| text.trim() != displayed.trim()).collect();
        run.text(displayed);
        session.system(Some(format!("{id}:context")), &added.join("\n"));
    }
    for image in images {
        run.part(image);
    }
    if let Some((_, content)) = run.take() {
        let text = content.text();
        if is_client(&text) { session.system(own_id(), &text) } else { session.prompt(own_id(), content) }
    }
}

/// Whether the client wrote it in the person's name.
fn is_client(text: &str) -> bool {
    ["System: ", "<system-reminder>", "<hook_context>"].iter().any(|beginning| text.starts_with(beginning))
}

fn agent(id: &str, message: &Value<'_>, session: &mut Session<'_, Own>) {
    let ts = session.ts;
    let Some(told) = session.kept.own.seen.of(id, ts).copied() else { return };
    session.model(json::text(message, "model"));
    let thoughts = json::elements(message, "thoughts");
    for (number, thought) in thoughts.iter().enumerate().skip(usize::from(told.thoughts)) {
        let texts = [
            json::text(thought, "subject").map(|subject| format!("**{subject}**")),
            json::owned(thought, "description"),
        ];
        let text = texts.into_iter().flatten().collect::<Vec<_>>().join("\n\n");
        session.ts = json::time_of(thought, "timestamp").or(ts);
        session.thinking(Some(format!("{id}:thinking:{number}")), &text);
    }
    session.ts = ts;
    let mut run = Run::default();
    let mut calls = Vec::new();
    let mut thought = String::new();
    for part in parts(json::member(message, "content")) {
        if let Some(call) = json::member(part, "functionCall") {
            calls.push(call);
        } else if let Some(text) = part.as_str().or_else(|| json::text(part, "text")) {
            if json::flag(part, "thought") == Some(true) {
                thought.push_str(text);
            } else {
                run.text(text);
            }
        }
    }
    if thoughts.is_empty() && told.thoughts == 0 {
        session.thinking(Some(format!("{id}:thinking:0")), &thought);
    }
    if !told.said
        && let Some((_, content)) = run.take()
    {
        session.agent(Some(id.to_owned()), content);
    }
    let tokens = usage(id, message, told.tokens, session);
    for call in calls {
        made(call, None, session);
    }
    for call in json::elements(message, "toolCalls") {
        made(call, Some(call), session);
    }
    if let Some(told) = session.kept.own.seen.of(id, ts) {
        let thoughts = thoughts.len().max(usize::from(!thought.is_empty()));
        told.thoughts = told.thoughts.max(u16::try_from(thoughts).unwrap_or(u16::MAX));
        told.tokens = tokens;
    }
}

/// A call, and its result when there is one; whatever of it was told already is not told again.
fn made(call: &Value<'_>, ended: Option<&Value<'_>>, session: &mut Session<'_, Own>) {
    let Some(name) = json::text(call, "name") else { return };
    let ts = session.ts;
    let id = json::text(call, "id");
    let empty = Value::Null;
    let input = json::member(call, "args").unwrap_or(&empty);
    for path in
        ["absolute_path", "file_path", "path", "dir_path", "directory"].iter().filter_map(|key| json::text(input, key))
    {
        try_path(path, session);
    }
    let told = id.and_then(|id| session.kept.own.seen.of(id, ts)).map(|told| (told.said, told.ended));
    let (said, has_ended) = told.unwrap_or((id.is_some(), id.is_some()));
    if !said {
        session.call(&TOOLS, Made { id, event: None, name, input, description: None });
    }
    let ends = ended.is_some_and(|call| result::is_final(json::text(call, "status"))) && !has_ended;
    if ends {
        session.at(json::time_of(call, "timestamp").or(ts));
        result::ended(call, session);
        session.ts = ts;
    }
    if let Some(told) = id.and_then(|id| session.kept.own.seen.of(id, ts)) {
        told.said = true;
        told.ended |= ends;
    }
}

/// Tells the tokens of an answer when they are others than those told; gives their hash.
fn usage(id: &str, message: &Value<'_>, told: u32, session: &mut Session<'_, Own>) -> u32 {
    let Some(tokens) = json::member(message, "tokens") else { return told };
    let of = |key| json::count(tokens, key);
    let (input, cached, thoughts) = (of("input"), of("cached"), of("thoughts"));
    let usage = Usage {
        message_id: Some(id.to_owned()),
        input: input.saturating_sub(cached).saturating_add(of("tool")),
        output: of("output").saturating_add(thoughts),
        cache_read: cached,
        reasoning: thoughts,
        ..Usage::default()
    };
    let hash = hash_id(&format!("{usage:?}")) as u32;
    if hash != told {
        session.usage(Some(format!("{id}:usage")), usage);
    }
    hash
}

/// A prompt in the log of the versions that kept nothing else.
fn logged(entry: &Value<'_>, session: &mut Session<'_, Own>) {
    let Some(native_id) = json::text(entry, "sessionId") else { return };
    replace(&mut session.kept.facts.native_id, Some(native_id));
    session.at(json::time_of(entry, "timestamp"));
    let mut run = Run::default();
    run.text(plain(json::member(entry, "message")));
    if let Some((_, content)) = run.take() {
        let number = json::count(entry, "messageId");
        session.prompt(Some(format!("{native_id}:{number}")), content);
    }
}

/// The parts of a content: a text is one.
fn parts<'v, 'c>(content: Option<&'v Value<'c>>) -> &'v [Value<'c>] {
    match content {
        Some(Value::Array(parts)) => parts,
        Some(one) => std::slice::from_ref(one),
        None => &[],
    }
}

/// The texts of a content.
fn plain(content: Option<&Value<'_>>) -> String {
    let texts = parts(content).iter().filter_map(|part| part.as_str().or_else(|| json::text(part, "text")));
    texts.collect::<Vec<_>>().join("\n")
}

/// The first directory that the context at the beginning of a session names.
fn workspace(text: &str) -> Option<&str> {
    if let Some((_, list)) = text.split_once("Workspace Directories:**\n") {
        return list.lines().next()?.trim().strip_prefix("- ");
    }
    let (_, rest) = text.split_once("I'm currently working in the directory: ")?;
    rest.lines().next().map(str::trim)
}

/// Takes `path`, or a folder that it lies in, for the project's when that is what the project's hash was made of.
fn try_path(path: &str, session: &mut Session<'_, Own>) {
    let own = &mut session.kept.own;
    let Some(hash) = own.project_hash.as_deref().filter(|_| session.kept.facts.cwd.is_none()) else { return };
    let mut path = path.trim_end_matches('/');
    let is_it = |path: &str| {
        let found = Sha256::digest(path.as_bytes());
        found.iter().map(|byte| format!("{byte:02x}")).collect::<String>() == hash
    };
    while path.len() > 1 && path.starts_with('/') && own.tried < MOST_TRIED {
        own.tried += 1;
        if is_it(path) {
            return session.directory(Some(path));
        }
        // On macOS these are links; a project is hashed by what they lead to.
        let linked = ["/tmp", "/var", "/etc"].iter().any(|link| Path::new(path).starts_with(link));
        if let Some(real) = linked.then(|| format!("/private{path}")).filter(|real| is_it(real)) {
            return session.directory(Some(&real));
        }
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
}
