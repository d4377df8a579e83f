//! Kimi Code: flat records with a time, in one file for each agent of a session.

use std::collections::VecDeque;

use opensession_hail::{Body, Compaction, Content, Status, Subagent, Usage};
use serde::{Deserialize, Serialize};

use crate::{
    codex::{hash_id, hash_words},
    transcript::{
        Came, Format, Made, Session,
        blocks::{self, Run, url_part},
        json::{self, Value},
        replace,
        tools::Tools,
    },
};

/// Sessions of Kimi Code.
pub(super) struct Code {
    /// The id that the path tells; that of a sub-agent holds its parent's.
    pub(super) native_id: String,
}

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    /// Prompts, hashed, that are still to be written again as messages.
    prompts: VecDeque<u64>,
    /// The response whose tokens are told next.
    response: Option<String>,
    /// The call that a person refused, hashed.
    refused: Option<u64>,
    /// Why the history is being compressed: `manual`.
    trigger: Option<String>,
}

/// Prompts that wait to be repeated are forgotten beyond these.
const MOST_PROMPTS: usize = 32;

pub(super) const TOOLS: Tools = Tools {
    shells: &["Bash", "Shell"],
    edits: &["Edit", "StrReplaceFile"],
    creates: &[],
    writes: &["Write", "WriteFile"],
    todos: &["TodoList", "SetTodoList"],
    agents: &["Agent", "Task"],
};

impl Format for Code {
    const VERSION: u32 = 1;
    type Own = Own;

    fn side(&self, _name: &str, state: &Value<'_>, session: &mut Session<'_, Own>) {
        session.directory(json::text(state, "workDir"));
        if self.native_id.contains('/') {
            return;
        }
        session.kept.facts.saw(json::time_of(state, "createdAt"));
        session.kept.facts.saw(json::time_of(state, "updatedAt"));
        let Some(title) = json::text(state, "title") else { return };
        if json::flag(state, "isCustomTitle") == Some(true) {
            session.title(None, title, true);
        } else {
            // Mostly the first prompt: nothing that happened.
            replace(&mut session.kept.facts.agent_title, Some(title));
        }
    }

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        session.at(json::time_of(record, "time").or_else(|| json::time_of(record, "created_at")));
        match json::text(record, "type") {
            Some("config.update" | "profile.bind") => {
                session.directory(json::text(record, "cwd"));
                session.directory(json::at(record, &["environmentDisclosure", "cwd"]).and_then(Value::as_str));
                if session.kept.facts.model.is_none() {
                    session.model(json::text(record, "modelAlias"));
                }
                if self.native_id.contains('/') {
                    replace(&mut session.kept.facts.subagent_type, json::text(record, "profileName"));
                }
            }
            Some("llm.request") => session.model(json::text(record, "model")),
            Some("turn.prompt" | "turn.steer") => {
                let text = self.prompted(json::member(record, "input"), json::member(record, "origin"), session);
                let waiting = &mut session.kept.own.prompts;
                if waiting.len() == MOST_PROMPTS {
                    waiting.pop_front();
                }
                waiting.push_back(text);
            }
            Some("turn.cancel") => session.interrupted(None, "turn cancelled"),
            Some("turn.ended") => ended(record, session),
            Some("context.append_message") => {
                if let Some(message) = json::member(record, "message") {
                    self.message(message, session);
                }
            }
            Some("context.append_loop_event") => {
                if let Some(event) = json::member(record, "event") {
                    self.event(event, session);
                }
            }
            Some("usage.record") => self.usage(record, session),
            Some("permission.record_approval_result") => {
                let decision = json::at(record, &["result", "decision"]).and_then(Value::as_str);
                if decision.is_some_and(|decision| decision != "approved") {
                    session.kept.own.refused = json::text(record, "toolCallId").map(hash_id);
                }
            }
            Some("full_compaction.begin") => session.kept.own.trigger = json::owned(record, "source"),
            Some("context.apply_compaction") => {
                let content = json::owned(record, "summary").unwrap_or_default();
                let trigger = session.kept.own.trigger.take();
                let tokens_before = json::number(record, "tokensBefore");
                session.compaction(None, Compaction { content, trigger, tokens_before });
            }
            _ => {}
        }
    }
}

impl Code {
    fn message(&self, message: &Value<'_>, session: &mut Session<'_, Own>) {
        let content = json::member(message, "content");
        match json::text(message, "role") {
            Some("user") => {
                let key = hash_words("prompt", &content_of(content).text());
                let waiting = &mut session.kept.own.prompts;
                if let Some(at) = waiting.iter().position(|known| *known == key) {
                    waiting.remove(at);
                    return;
                }
                self.prompted(content, json::member(message, "origin"), session);
            }
            Some("assistant") => {
                parts(None, content, session);
                for call in json::elements(message, "toolCalls") {
                    let empty = Value::Null;
                    let function = json::member(call, "function").unwrap_or(call);
                    let Some(name) = json::text(function, "name") else { continue };
                    let input = json::either(function, &["args", "arguments"]).unwrap_or(&empty);
                    self.call(json::text(call, "id"), name, input, None, session);
                }
            }
            Some("tool") => {
                let id = json::text_of(message, &["toolCallId", "tool_call_id"]);
                session.result(Came { id, content: content_of(content), ..Came::default() });
            }
            _ => {}
        }
    }

    fn event(&self, event: &Value<'_>, session: &mut Session<'_, Own>) {
        match json::text(event, "type") {
            Some("content.part") => {
                if let Some(part) = json::member(event, "part") {
                    let id = json::text(event, "uuid").map(|uuid| session.once(uuid));
                    parts(id, Some(part), session);
                }
            }
            Some("tool.call") => {
                let Some(name) = json::text(event, "name") else { return };
                let empty = Value::Null;
                let input = json::member(event, "args").unwrap_or(&empty);
                self.call(json::text(event, "toolCallId"), name, input, json::text(event, "description"), session);
            }
            Some("tool.result") => self.result(event, session),
            Some("step.end") => replace(&mut session.kept.own.response, json::text(event, "messageId")),
            _ => {}
        }
    }

    /// Calls are numbered within a session.
    fn call(
        &self,
        id: Option<&str>,
        name: &str,
        input: &Value<'_>,
        description: Option<&str>,
        session: &mut Session<'_, Own>,
    ) {
        let event = id.map(|id| session.once(&format!("{}:{id}", self.native_id)));
        let description = description.filter(|_| TOOLS.agents.contains(&name));
        session.call(&TOOLS, Made { id, event, name, input, description });
    }

    fn result(&self, event: &Value<'_>, session: &mut Session<'_, Own>) {
        let id = json::text(event, "toolCallId");
        let empty = Value::Null;
        let result = json::member(event, "result").unwrap_or(&empty);
        let content = match json::member(result, "output") {
            Some(output) => content_of(Some(output)),
            None => blocks::content(Some(result).filter(|result| result.as_str().is_some())),
        };
        let text = content.text();
        let failed = json::flag(result, "isError") == Some(true);
        let exit_code =
            text.trim_end().rsplit('\n').next().and_then(|line| {
                line.strip_prefix("Command failed with exit code: ")?.trim_end_matches('.').parse().ok()
            });
        let refused = id.is_some_and(|id| session.kept.own.refused == Some(hash_id(id)));
        let status = match failed || exit_code.is_some() {
            _ if refused => Status::Rejected,
            true => Status::Error,
            false => Status::Ok,
        };
        let started = text.strip_prefix("agent_id: ").map(|rest| {
            let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            let agent = rest.lines().next().unwrap_or_default().trim();
            Subagent {
                agent_id: Some(format!("{}/{agent}", self.native_id)),
                call_id: id.map(str::to_owned),
                name: line("actual_subagent_type: "),
                description: None,
                status: Some(status),
            }
        });
        drop(text);
        session.result(Came { id, status, exit_code, content, ..Came::default() });
        if let Some(started) = started {
            let event = id.map(|id| format!("{}:{id}:agent", self.native_id));
            session.push(event, Body::Subagent(started));
        }
    }

    fn usage(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        let Some(tokens) = json::member(record, "usage") else { return };
        let of = |key| json::count(tokens, key);
        let time = session.ts.map_or(0, jiff::Timestamp::as_millisecond);
        let response = session.kept.own.response.take().unwrap_or_else(|| format!("{}:{time}", self.native_id));
        let usage = Usage {
            input: of("inputOther"),
            output: of("output"),
            cache_read: of("inputCacheRead"),
            cache_write: of("inputCacheCreation"),
            message_id: Some(response.clone()),
            ..Usage::default()
        };
        let id = session.once(&format!("{response}:usage"));
        session.usage(Some(id), usage);
    }

    /// Tells a prompt, or what the client says in its place; gives its hash.
    fn prompted(&self, content: Option<&Value<'_>>, origin: Option<&Value<'_>>, session: &mut Session<'_, Own>) -> u64 {
        let content = content_of(content);
        let text = content.text();
        let key = hash_words("prompt", &text);
        let kind = origin.and_then(|origin| json::text(origin, "kind")).unwrap_or("user");
        if text.trim().is_empty() && !content.has_image() {
            return key;
        }
        // The first thing that a sub-agent is told is its task, whoever writes it.
        let is_task =
            kind == "system_trigger" && self.native_id.contains('/') && session.kept.facts.first_prompt.is_none();
        if (kind == "user" || is_task) && !text.trim_start().starts_with("<system-reminder>") {
            drop(text);
            session.prompt(None, content);
        } else {
            session.system(None, &text);
        }
        key
    }
}

/// A turn that failed.
fn ended(record: &Value<'_>, session: &mut Session<'_, Own>) {
    let error = json::member(record, "error");
    if !matches!(json::text(record, "reason"), Some("failed" | "error")) && error.is_none() {
        return;
    }
    let told = error.and_then(|error| error.as_str().or_else(|| json::text(error, "message")));
    session.error(None, told.unwrap_or_default(), json::text(record, "reason"));
}

/// Tells what the agent thinks and says in `content`, a part or an array of them.
pub(super) fn parts<Own>(id: Option<String>, content: Option<&Value<'_>>, session: &mut Session<'_, Own>) {
    let several = content.and_then(Value::as_array);
    let parts = several.unwrap_or_else(|| content.map(std::slice::from_ref).unwrap_or_default());
    let mut run = Run::default();
    for part in parts {
        match json::text(part, "type") {
            Some("think" | "thinking") => {
                run.tell(id.as_deref(), session);
                let text = json::text_of(part, &["think", "thinking", "text"]).unwrap_or_default();
                session.thinking(id.as_ref().map(|id| format!("{id}:thinking")), text);
            }
            Some("image_url" | "image") => run.part(blocks::image_part(part)),
            _ => run.text(part.as_str().or_else(|| json::text(part, "text")).unwrap_or_default()),
        }
    }
    run.tell(id.as_deref(), session);
}

/// A content: a text, or parts of text, reasoning and images.
pub(super) fn content_of(content: Option<&Value<'_>>) -> Content {
    let Some(parts) = content.and_then(Value::as_array) else { return blocks::content(content) };
    let mut run = Run::default();
    for part in parts {
        let url = json::member(part, "image_url").or_else(|| json::member(part, "imageUrl"));
        let url = url.and_then(|url| url.as_str().or_else(|| json::text(url, "url")));
        match url {
            Some(url) => run.part(url_part(url)),
            None => run.text(part.as_str().or_else(|| json::text(part, "text")).unwrap_or_default()),
        }
    }
    run.take().map(|(_, content)| content).unwrap_or_default()
}
