//! A request with its answer.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use opensession_hail::{
    Body, Compaction, Content, EditOperation, ErrorEvent, Event, Message, Part, Role, Status, Thinking, Title, Usage,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::calls::{self, Call};
use crate::{
    Derived, Deriver, Facts, Problem, Record, StateError,
    derive::{self, Activity},
    hunks::Hunks,
    lenient_json,
};

/// Changes whenever a state of before cannot be read on.
const VERSION: u32 = 1;

/// Derives a session from its requests.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Requests {
    version: u32,
    facts: Facts,
}

impl Requests {
    /// A deriver at the beginning of a session, or where `state` was taken.
    pub(super) fn take_up(state: Option<&[u8]>) -> Result<Self, StateError> {
        state.map_or_else(|| Ok(Self { version: VERSION, ..Self::default() }), |state| derive::take_up(state, VERSION))
    }
}

impl Deriver for Requests {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        let value: Value = match serde_json::from_str(&lenient_json::decoded(record.bytes)) {
            Ok(value) => value,
            Err(error) => {
                derived.problems.push(Problem::of(record, lenient_json::not_json(&error)));
                return;
            }
        };
        match record.side {
            Some("session") => self.session(&value, derived),
            Some("folder") => {
                self.facts.cwd = lenient_json::owned(&value, "folder");
                self.facts.last_cwd.clone_from(&self.facts.cwd);
            }
            Some(_) => {}
            None => {
                if let Some(request) = value.get("request").filter(|request| is_copilots(request)) {
                    self.request(request, derived);
                }
            }
        }
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn state(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a state is JSON")
    }
}

/// Whether Copilot answered: other extensions' chats stand in the same files.
fn is_copilots(request: &Value) -> bool {
    let extension = request.get("agent").and_then(|agent| agent.get("extensionId"));
    let name = extension.and_then(|extension| extension.as_str().or_else(|| lenient_json::text(extension, "value")));
    name.is_none_or(|name| name.to_ascii_lowercase().starts_with("github.copilot"))
}

/// Where the events of a request go.
struct Out<'a> {
    derived: &'a mut Derived,
    id: Option<String>,
    ts: Option<Timestamp>,
}

impl Out<'_> {
    fn push(&mut self, body: Body) {
        self.derived.events.push(Event { id: self.id.clone(), ts: self.ts, ..Event::new(body) });
    }

    fn say(&mut self, role: Role, content: Content, model: Option<String>) {
        self.push(Body::Message(Message { role, content, tool_calls: Vec::new(), model }));
    }
}

impl Requests {
    fn session(&mut self, session: &Value, derived: &mut Derived) {
        self.facts.saw(lenient_json::time_of(session, "creationDate"));
        self.facts.saw(lenient_json::time_of(session, "lastMessageDate"));
        self.facts.native_id = lenient_json::owned(session, "sessionId");
        if let Some(repository) = session.get("repoData") {
            self.facts.repository = lenient_json::any_text(repository, &["remoteUrl", "remoteURL"]).map(str::to_owned);
            self.facts.branch = lenient_json::any_text(repository, &["localBranch", "branch"]).map(str::to_owned);
            self.facts.commit = lenient_json::any_text(repository, &["localHeadCommit", "commit"]).map(str::to_owned);
        }
        let title = lenient_json::any_text(session, &["customTitle", "computedTitle"]);
        if let Some(title) = title.filter(|title| self.facts.agent_title.as_deref() != Some(title)) {
            self.facts.agent_title = Some(title.to_owned());
            let mut out = Out { derived, id: None, ts: lenient_json::time_of(session, "lastMessageDate") };
            out.push(Body::Title(Title { title: title.to_owned(), source: None }));
        }
    }

    fn request(&mut self, request: &Value, derived: &mut Derived) {
        let ts = lenient_json::time_of(request, "timestamp");
        let result = request.get("result").unwrap_or(&Value::Null);
        let metadata = result.get("metadata").unwrap_or(&Value::Null);
        self.facts.saw(ts);
        let elapsed = result.get("timings").and_then(|timings| lenient_json::number(timings, "totalElapsed"));
        let elapsed = elapsed.and_then(|elapsed| i64::try_from(elapsed).ok()).map(SignedDuration::from_millis);
        let answered = ts.zip(elapsed).and_then(|(ts, elapsed)| ts.checked_add(elapsed).ok());
        self.facts.saw(answered);
        if let Some(model) =
            lenient_json::text(request, "modelId").map(|model| model.strip_prefix("copilot/").unwrap_or(model))
            && model != "auto"
        {
            self.facts.model = Some(model.to_owned());
        }
        let mut out = Out { derived, id: lenient_json::owned(request, "requestId"), ts };
        self.prompt(request, &mut out);
        let asked = out.derived.events.len();

        let model = self.facts.model.clone();
        let summary = metadata.get("summary").and_then(|summary| lenient_json::owned(summary, "text"));
        if let Some(content) = summary {
            out.push(Body::Compaction(Compaction { content, ..Compaction::default() }));
        }
        answer(request, metadata, model.as_ref(), &mut out);
        let error = result.get("errorDetails").unwrap_or(&Value::Null);
        if let Some(message) = lenient_json::owned(error, "message") {
            out.push(Body::Error(ErrorEvent { message, code: lenient_json::owned(error, "code") }));
        }
        let usage = result.get("usage").unwrap_or(&Value::Null);
        if let (Some(input), Some(output)) =
            (lenient_json::number(usage, "promptTokens"), lenient_json::number(usage, "completionTokens"))
        {
            let message_id = out.id.clone();
            out.push(Body::Usage(Usage { message_id, model, input, output, ..Usage::default() }));
        }
        // Of the answer nothing but its end has a time of its own.
        if let (Some(answered), Some(last)) = (answered, out.derived.events.get_mut(asked..).and_then(<[_]>::last_mut))
        {
            last.ts = Some(answered);
        }
        let state = request.get("modelState").and_then(|state| lenient_json::number(state, "value"));
        self.facts.activity = match state {
            Some(0 | 4) => Activity::Working,
            Some(2) => Activity::Interrupted,
            _ if request.get("isCanceled") == Some(&Value::Bool(true)) => Activity::Interrupted,
            _ => Activity::Idle,
        };
    }

    fn prompt(&mut self, request: &Value, out: &mut Out<'_>) {
        let message = request.get("message").unwrap_or(&Value::Null);
        let text = message.as_str().or_else(|| lenient_json::text(message, "text")).unwrap_or_default();
        let attached = request.get("variableData").map_or(&[][..], |data| lenient_json::list(data, "variables"));
        let attached: Vec<Part> = attached.iter().take(100).filter_map(attachment).collect();
        if text.trim().is_empty() && attached.is_empty() {
            return;
        }
        self.facts.prompted(text);
        out.say(Role::Human, lenient_json::content(text.to_owned(), attached), None);
    }
}

/// A file or an image that the person attached; what the editor adds by itself is not.
fn attachment(variable: &Value) -> Option<Part> {
    let implicit = lenient_json::text(variable, "id").is_some_and(|id| id.starts_with("vscode.implicit"));
    let kind = lenient_json::text(variable, "kind")?;
    if implicit || !matches!(kind, "file" | "directory" | "image") {
        return None;
    }
    let media_type = lenient_json::owned(variable, "mimeType");
    let name = lenient_json::owned(variable, "name");
    Some(lenient_json::data_part(if kind == "image" { "image" } else { "document" }, name, media_type, None))
}

/// The answer: what was thought, said and done, as it went to the model where that is told, else as it was shown.
fn answer(request: &Value, metadata: &Value, model: Option<&String>, out: &mut Out<'_>) {
    let parts = lenient_json::list(request, "response");
    let rounds = lenient_json::list(metadata, "toolCallRounds");
    let says =
        rounds.iter().any(|round| lenient_json::text(round, "response").is_some_and(|text| !text.trim().is_empty()));
    let does = rounds.iter().any(|round| !lenient_json::list(round, "toolCalls").is_empty());
    let mut edited = BTreeSet::new();
    let mut tell = |call: Call<'_>, out: &mut Out<'_>| {
        if call.result.as_ref().is_some_and(|result| result.status == Status::Ok) {
            edited.extend(call.edits().iter().map(|edit| comparable(&edit.path)));
        }
        call.tell(model.cloned(), &mut |body| out.push(body));
    };
    let thinks = rounds.iter().any(|round| thought(round.get("thinking")).is_some());
    if !(says && does) {
        shown(parts, (!says, !does, !thinks), model, out, &mut tell);
    } else if !thinks {
        shown(parts, (false, false, true), model, out, &mut tell);
    }
    let mut terminals = parts.iter().filter(|part| calls::is_terminal(part));
    for round in rounds {
        if let Some(content) = thought(round.get("thinking")) {
            out.push(Body::Thinking(Thinking { content, model: model.cloned() }));
        }
        if let Some(text) = lenient_json::text(round, "response").filter(|text| !text.trim().is_empty()) {
            out.say(Role::Agent, Content::Text(text.to_owned()), model.cloned());
        }
        for call in lenient_json::list(round, "toolCalls") {
            let is_terminal = lenient_json::text(call, "name") == Some("run_in_terminal");
            let terminal = if is_terminal { terminals.next() } else { None };
            if let Some(call) = calls::of_round(call, metadata, terminal) {
                tell(call, out);
            }
        }
    }
    // Changes of files that no call tells.
    for part in parts.iter().filter(|part| matches!(kind(part), Some("textEditGroup" | "notebookEditGroup"))) {
        if let Some(path) = part.get("uri").and_then(lenient_json::path_of_uri_object)
            && edited.insert(comparable(&path))
            && !lenient_json::list(part, "edits").is_empty()
        {
            out.push(Body::Edit(Hunks::default().edit(path, EditOperation::Update, None)));
        }
    }
}

fn kind(part: &Value) -> Option<&str> {
    lenient_json::text(part, "kind")
}

/// Tells from the parts that were shown what is wanted of texts, calls and reasoning.
fn shown<'a>(
    parts: &'a [Value],
    (texts, does, thinks): (bool, bool, bool),
    model: Option<&String>,
    out: &mut Out<'_>,
    tell: &mut dyn FnMut(Call<'a>, &mut Out<'_>),
) {
    let mut text = String::new();
    let flush = |text: &mut String, out: &mut Out<'_>| {
        let text = std::mem::take(text);
        if texts && !text.trim().is_empty() {
            out.say(Role::Agent, Content::Text(text), model.cloned());
        }
    };
    for part in parts {
        match kind(part) {
            None | Some("markdownContent") => {
                let words = part.as_str().or_else(|| lenient_json::text(part, "value"));
                let content = part.get("content").and_then(|content| lenient_json::text(content, "value"));
                text.push_str(words.or(content).unwrap_or_default());
            }
            Some("inlineReference") => text.push_str(&reference(part)),
            Some("thinking") if thinks => {
                if let Some(content) = thought(Some(part)) {
                    flush(&mut text, out);
                    out.push(Body::Thinking(Thinking { content, model: model.cloned() }));
                }
            }
            Some("toolInvocationSerialized") => {
                if let Some(call) = calls::of_part(part).filter(|_| does) {
                    flush(&mut text, out);
                    tell(call, out);
                }
            }
            _ => {}
        }
    }
    flush(&mut text, out);
}

/// The name that stands in a text for a file or a symbol.
fn reference(part: &Value) -> String {
    let inner = part.get("inlineReference").unwrap_or(&Value::Null);
    if let Some(name) = lenient_json::text(part, "name").or_else(|| lenient_json::text(inner, "name")) {
        return format!("`{name}`");
    }
    let uri = inner.get("uri").or_else(|| inner.get("location")?.get("uri")).unwrap_or(inner);
    let path = lenient_json::path_of_uri_object(uri).unwrap_or_default();
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    if name.is_empty() { String::new() } else { format!("`{name}`") }
}

/// Reasoning, whose text may come in pieces.
fn thought(thinking: Option<&Value>) -> Option<String> {
    let thinking = thinking?;
    let text = match thinking.get("text").or_else(|| thinking.get("value")) {
        Some(Value::Array(pieces)) => pieces.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => text.clone(),
        _ => thinking.as_str()?.to_owned(),
    };
    (!text.trim().is_empty()).then_some(text)
}

/// A path as it is compared: Windows writes one in several ways.
fn comparable(path: &str) -> String {
    path.replace('\\', "/").to_lowercase()
}
