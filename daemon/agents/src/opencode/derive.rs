//! From rows to events.

use jiff::Timestamp;
use opensession_hail::{Body, Compaction, Edit, EditOperation, Relation, Subagent, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{session_message, tool};
use crate::{
    derive::Activity,
    json_deriver::{
        Out, Tell, fact, of_url,
        value::{cost, embedded, flag, list, number, text, time},
    },
};

/// So many changed files of one step are told, and remembered.
const FILES: usize = 64;
/// Longer paths are not remembered.
const PATH_BYTES: usize = 512;

/// What is kept between rows.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct State {
    /// The message that the parts belong to.
    message: Message,
    /// Who asked for the compaction that comes: `auto` or `manual`.
    trigger: Option<String>,
}

/// What a message tells of its parts.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Message {
    is_user: bool,
    /// It is the summary of a compaction.
    is_summary: bool,
    created: Option<Timestamp>,
    /// Whether a tool ran in it.
    called: bool,
    /// Files that tools told to have changed in it.
    changed: Vec<String>,
}

impl Tell for State {
    const VERSION: u32 = 2;

    fn take(&mut self, value: &Value, out: &mut Out<'_>) -> Result<(), String> {
        if out.side == Some("session") {
            session(value, out);
            return Ok(());
        }
        let id = text(value, "/id").unwrap_or_default();
        match text(value, "/row") {
            Some("start") => self.start(id, &*embedded(value, "/data")?, out),
            Some("part") => {
                let data = embedded(value, "/data")?;
                out.at(self.message.created);
                self.part(id, &data, out);
            }
            Some("end") => self.end(id, &*embedded(value, "/data")?, out),
            Some("message") => {
                out.at(time(value, "/time_created"));
                session_message::take(id, text(value, "/type"), &*embedded(value, "/data")?, out);
            }
            _ => return Err("not a row of a session".to_owned()),
        }
        Ok(())
    }
}

/// The session's own row: columns of the database, or fields of the file.
fn session(value: &Value, out: &mut Out<'_>) {
    let either = |column: &str, field: &str| fact(text(value, column).or_else(|| text(value, field)));
    out.at(time(value, "/time_created").or_else(|| time(value, "/time/created")));
    out.at(time(value, "/time_updated").or_else(|| time(value, "/time/updated")));
    let facts = &mut *out.facts;
    facts.native_id = either("/id", "/id");
    facts.cwd = either("/directory", "/directory").or_else(|| facts.cwd.take());
    facts.last_cwd = facts.last_cwd.take().or_else(|| facts.cwd.clone());
    facts.agent_version = either("/version", "/version");
    let title = either("/title", "/title");
    facts.subagent_type = title
        .as_deref()
        .and_then(|title| title.strip_suffix(" subagent)")?.rsplit_once("(@"))
        .map(|(_, name)| name.to_owned());
    facts.agent_title = title.filter(|title| !is_placeholder(title));
    facts.parent = either("/parent_id", "/parentID")
        .map(|parent| (parent, Relation::Subagent))
        .or_else(|| Some((either("/fork_session_id", "/forkSessionID")?, Relation::Fork)));
    let model = embedded(value, "/model").ok().and_then(|model| fact(text(&model, "/id")));
    facts.model = facts.model.take().or(model);
}

/// The titles that stand until the model has named the session.
fn is_placeholder(title: &str) -> bool {
    ["New session - ", "Child session - "].iter().any(|start| title.starts_with(start))
}

impl State {
    /// What opens a message.
    fn start(&mut self, id: &str, data: &Value, out: &mut Out<'_>) {
        let created = time(data, "/time/created").or_else(|| time(data, "/metadata/time/created"));
        out.at(created);
        let is_user = text(data, "/role") == Some("user");
        self.message = Message { is_user, is_summary: flag(data, "/summary"), created, ..Message::default() };
        if is_user {
            self.inline_parts(id, data, out);
            return;
        }
        out.model(text(data, "/modelID").or_else(|| text(data, "/metadata/assistant/modelID")));
        out.moved(text(data, "/path/cwd").or_else(|| text(data, "/metadata/assistant/path/cwd")));
    }

    /// What is known at the end of a message of the agent's.
    fn end(&mut self, id: &str, data: &Value, out: &mut Out<'_>) {
        out.at(self.message.created);
        self.inline_parts(id, data, out);
        out.at(time(data, "/time/completed").or_else(|| time(data, "/metadata/time/completed")));
        let of = |field: &str| {
            data.pointer(&format!("/{field}")).or_else(|| data.pointer(&format!("/metadata/assistant/{field}")))
        };
        let none = Value::Null;
        let error = data.get("error").or_else(|| data.pointer("/metadata/error")).unwrap_or(&none);
        let aborted = error_event(id, error, out);
        if let Some(tokens) = of("tokens") {
            let model = out.facts.model.clone();
            out.usage(format!("{id}:usage"), usage(id, tokens, of("cost").unwrap_or(&none), model));
        }
        if !aborted && out.facts.activity != Activity::Interrupted {
            let goes_on = matches!(text(data, "/finish"), Some("tool-calls" | "unknown"));
            out.facts.activity = if goes_on { Activity::Working } else { Activity::Idle };
        }
    }

    /// Parts that stand in the message itself, in the oldest form.
    fn inline_parts(&mut self, id: &str, data: &Value, out: &mut Out<'_>) {
        for (number, part) in list(data, "/parts").iter().enumerate() {
            let part_id = text(part, "/id").map_or_else(|| format!("{id}:{number}"), str::to_owned);
            if let Some(call) = part.get("toolInvocation") {
                tool::invocation(&part_id, call, data, out);
            } else {
                self.part(&part_id, part, out);
            }
        }
    }

    /// A part of a message.
    fn part(&mut self, id: &str, part: &Value, out: &mut Out<'_>) {
        let words = text(part, "/text").unwrap_or_default();
        match text(part, "/type").unwrap_or_default() {
            "text" if self.message.is_user => {
                if flag(part, "/synthetic") || flag(part, "/ignored") {
                    out.system(id, words);
                } else {
                    prompt(id, words, out);
                }
            }
            "text" => {
                out.at(time(part, "/time/start"));
                if self.message.is_summary {
                    let trigger = self.trigger.take();
                    compaction(id, words, trigger, out);
                } else if flag(part, "/synthetic") {
                    out.system(id, words);
                } else {
                    out.agent(id, words);
                }
            }
            "reasoning" => {
                out.at(time(part, "/time/start"));
                out.thinking(id, words);
            }
            "tool" => {
                self.message.called = true;
                let changed = tool::part(id, part, out);
                let short = changed.into_iter().filter(|path| path.len() <= PATH_BYTES);
                self.message.changed.extend(short.take(FILES.saturating_sub(self.message.changed.len())));
            }
            "patch" if self.message.called => self.patch(id, part, out),
            "file" => file(id, part, self.message.is_user, out),
            "retry" => {
                out.at(time(part, "/time/created"));
                error_event(id, part.get("error").unwrap_or(&Value::Null), out);
            }
            "subtask" => {
                let body = Subagent {
                    agent_id: None,
                    call_id: None,
                    name: fact(text(part, "/agent")),
                    description: fact(text(part, "/description")),
                    status: None,
                };
                out.event(id, Body::Subagent(body));
            }
            "compaction" => {
                let auto = part.get("auto").and_then(Value::as_bool);
                self.trigger = auto.map(|auto| if auto { "auto" } else { "manual" }.to_owned());
            }
            _ => {}
        }
    }

    /// Files that are others after a step than before it: those that no tool told of, as a command changed them.
    fn patch(&self, id: &str, part: &Value, out: &mut Out<'_>) {
        let is_told = |path: &str| {
            let is_it = |told: &String| path.strip_suffix(told.as_str()).is_some_and(is_folder);
            self.message.changed.iter().any(is_it)
        };
        let files = list(part, "/files").iter().filter_map(Value::as_str);
        let untold = files.filter(|path| !path.is_empty() && !is_told(path));
        for (number, path) in untold.take(FILES).enumerate() {
            let edit = Edit { path: path.to_owned(), operation: EditOperation::Update, ..Edit::default() };
            out.event(format!("{id}:edit:{number}"), Body::Edit(edit));
        }
    }
}

/// Whether what stands before a path is nothing, or the folder in which it lies.
fn is_folder(before: &str) -> bool {
    before.is_empty() || before.ends_with('/')
}

/// The person's words. The command line wraps them in quotes.
pub(super) fn prompt(id: &str, words: &str, out: &mut Out<'_>) {
    let first = out.facts.first_prompt.is_none();
    out.human(id, words);
    if first && let Some(prompt) = out.facts.first_prompt.take() {
        let inside = prompt.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let inside = inside.filter(|inside| !inside.is_empty() && !inside.contains('"')).map(str::to_owned);
        out.facts.first_prompt = Some(inside.unwrap_or(prompt));
    }
}

/// The summary that replaced history.
pub(super) fn compaction(id: &str, words: &str, trigger: Option<String>, out: &mut Out<'_>) {
    if !words.trim().is_empty() {
        out.event(id, Body::Compaction(Compaction { content: words.trim().to_owned(), trigger, tokens_before: None }));
    }
}

/// Something attached: an image of the person's is a message of theirs, a file is context.
fn file(id: &str, part: &Value, is_user: bool, out: &mut Out<'_>) {
    let (media, name) = (text(part, "/mime"), text(part, "/filename"));
    let url = text(part, "/url").unwrap_or_default();
    let is_image = media.is_some_and(|media| media.starts_with("image/") || media == "application/pdf");
    if is_user && is_image {
        out.human_with(id, "", vec![of_url(url, media, name)]);
    } else if is_user {
        let name = name.or_else(|| Some(url).filter(|url| !url.starts_with("data:"))).unwrap_or_default();
        out.system(id, name);
    }
}

/// A failure of the provider's, or an interruption. Whether it was the latter.
pub(super) fn error_event(id: &str, error: &Value, out: &mut Out<'_>) -> bool {
    if error.is_null() {
        return false;
    }
    let name = text(error, "/name").or_else(|| text(error, "/type")).unwrap_or_default();
    let words = text(error, "/data/message").or_else(|| text(error, "/message")).unwrap_or(name);
    let aborted = name == "MessageAbortedError";
    let status = number(error, "/data/statusCode").map(|status| status.to_string());
    let code = if aborted { Some("interrupted".to_owned()) } else { status.or_else(|| fact(Some(name))) };
    out.error(format!("{id}:error"), words, code);
    aborted
}

/// Tokens of one response. Reasoning is counted apart from the output.
pub(super) fn usage(id: &str, tokens: &Value, money: &Value, model: Option<String>) -> Usage {
    let of = |pointer| number(tokens, pointer).unwrap_or(0);
    let reasoning = of("/reasoning");
    Usage {
        message_id: fact(Some(id)),
        model,
        input: of("/input"),
        output: of("/output").saturating_add(reasoning),
        cache_read: of("/cache/read"),
        cache_write: of("/cache/write"),
        reasoning,
        cost: cost(money, ""),
    }
}
