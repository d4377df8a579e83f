//! The elements of a session's history to events.

use jiff::Timestamp;
use opensession_hail::{
    Body, Command, Compaction, Content, Edit, EditOperation, Event, Message, Role, Status, Thinking, Todo, ToolCall,
    ToolResult, Usage,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::SIDE;
use crate::{
    Derived, Deriver, Facts, Problem, Record, StateError,
    cline::{message, text::checkboxes},
    derive::{self, Activity},
    hunks::Hunks,
};

const VERSION: u32 = 1;
/// Calls whose results were told, so that the messages that repeat them are known.
const TOLD: usize = 256;

/// Derives one session.
pub(super) struct Session {
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    version: u32,
    facts: Facts,
    told: Vec<String>,
}

impl Session {
    pub(super) fn new(state: Option<&[u8]>) -> Result<Self, StateError> {
        let new = || Ok(State { version: VERSION, ..State::default() });
        Ok(Self { state: state.map_or_else(new, |state| derive::take_up(state, VERSION))? })
    }

    fn side(&mut self, side: &Value) {
        let facts = &mut self.state.facts;
        let text = |key: &str| side[key].as_str().filter(|text| !text.is_empty());
        facts.native_id = text("sessionId").map(str::to_owned);
        facts.agent_title = text("title").filter(|title| *title != "New Session").map(str::to_owned);
        let folder = text("workspaceDirectory").map(directory);
        (facts.cwd, facts.last_cwd) = (folder.clone(), folder);
        if facts.model.is_none() {
            facts.model = text("chatModelTitle").map(str::to_owned);
        }
        if let Some(ts) = side["dateCreated"].as_i64().and_then(|time| Timestamp::from_millisecond(time).ok()) {
            facts.started = Some(ts);
            facts.updated = Some(facts.updated.map_or(ts, |updated| updated.max(ts)));
        }
    }

    fn element(&mut self, element: &Value, derived: &mut Derived) {
        let mut push = |id: &Value, ts: Option<Timestamp>, body: Body| {
            let id = id.as_str().filter(|id| !id.is_empty()).map(str::to_owned);
            derived.events.push(Event { id, ts, ..Event::new(body) });
        };
        let message = &element["message"];
        let id = &message["id"];
        if let Some(summary) = element["conversationSummary"].as_str().filter(|summary| !summary.is_empty()) {
            push(id, None, Body::Compaction(Compaction { content: summary.to_owned(), ..Compaction::default() }));
        }
        let facts = &mut self.state.facts;
        let content = content(element);
        match message["role"].as_str().unwrap_or_default() {
            "user" => {
                let text = content.text().trim().to_owned();
                if text.is_empty() && !content.has_image() {
                    return;
                }
                facts.activity = Activity::Working;
                facts.prompted(&text);
                push(id, None, Body::Message(Message { role: Role::Human, content, ..Message::default() }));
            }
            "system" if !content.text().trim().is_empty() => {
                push(id, None, Body::Message(Message { role: Role::System, content, ..Message::default() }));
            }
            "thinking" if !content.text().trim().is_empty() => {
                let thinking = Thinking { content: content.text().into_owned(), model: facts.model.clone() };
                push(id, None, Body::Thinking(thinking));
            }
            "assistant" => self.assistant(element, content, &mut push),
            "tool" => {
                let call_id = message["toolCallId"].as_str().unwrap_or_default().to_owned();
                if !self.state.told.contains(&call_id) {
                    self.tell(&call_id);
                    let result = ToolResult { call_id: Some(call_id), content, ..ToolResult::default() };
                    push(id, None, Body::ToolResult(result));
                }
            }
            _ => {}
        }
    }

    fn assistant(&mut self, element: &Value, content: Content, push: &mut dyn FnMut(&Value, Option<Timestamp>, Body)) {
        let (message, reasoning) = (&element["message"], &element["reasoning"]);
        let id = &message["id"];
        let facts = &mut self.state.facts;
        facts.activity = Activity::Idle;
        let logs = element["promptLogs"].as_array().and_then(|logs| logs.last());
        if let Some(model) = logs.and_then(|log| log["modelTitle"].as_str()).filter(|model| !model.is_empty()) {
            facts.model = Some(model.to_owned());
        }
        let model = facts.model.clone();
        if let Some(thought) = reasoning["text"].as_str().filter(|text| !text.trim().is_empty()) {
            let ts = reasoning["startAt"].as_i64().and_then(|time| Timestamp::from_millisecond(time).ok());
            let ended = reasoning["endAt"].as_i64().and_then(|time| Timestamp::from_millisecond(time).ok());
            facts.updated = facts.updated.max(ts).max(ended);
            facts.started = facts.started.or(ts);
            push(id, ts, Body::Thinking(Thinking { content: thought.trim().to_owned(), model: model.clone() }));
        }
        if !content.text().trim().is_empty() {
            let said = Message { role: Role::Agent, content, model: model.clone(), ..Message::default() };
            push(id, None, Body::Message(said));
        }
        let states = element["toolCallStates"].as_array().map(Vec::as_slice).unwrap_or_default();
        let calls = message["toolCalls"].as_array().map(Vec::as_slice).unwrap_or_default();
        for state in states {
            self.call(&state["toolCall"], Some(state), model.as_deref(), push);
        }
        let is_stated = |call: &&Value| {
            states.iter().any(|state| state["toolCallId"] == call["id"] || state["toolCall"]["id"] == call["id"])
        };
        for call in calls.iter().filter(|call| !is_stated(call)) {
            self.call(call, None, model.as_deref(), push);
        }
        let usage = &message["usage"];
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        let details = &usage["promptTokensDetails"];
        let (cache_read, cache_write) = (count(&details["cachedTokens"]), count(&details["cacheWriteTokens"]));
        let (prompt, output) = (count(&usage["promptTokens"]), count(&usage["completionTokens"]));
        if prompt + output > 0 {
            let input = prompt.saturating_sub(cache_read).saturating_sub(cache_write);
            push(id, None, Body::Usage(Usage { model, input, output, cache_read, cache_write, ..Usage::default() }));
        }
    }

    fn call(
        &mut self,
        call: &Value,
        state: Option<&Value>,
        model: Option<&str>,
        push: &mut dyn FnMut(&Value, Option<Timestamp>, Body),
    ) {
        let function = &call["function"];
        let Some(name) = function["name"].as_str().filter(|name| !name.is_empty()) else { return };
        let id = call["id"].as_str().or(state.and_then(|state| state["toolCallId"].as_str())).unwrap_or_default();
        let parsed = state.map(|state| &state["parsedArgs"]).filter(|parsed| parsed.is_object()).cloned();
        let arguments = function["arguments"].as_str();
        let input = parsed
            .or_else(|| serde_json::from_str(arguments?).ok())
            .or_else(|| arguments.map(Value::from))
            .unwrap_or_default();
        let call_id = Some(id.to_owned()).filter(|id| !id.is_empty());
        let model = model.map(str::to_owned);
        let command = input["command"].as_str().filter(|_| matches!(name, "run_terminal_command" | "Bash"));
        let name_owned = name.to_owned();
        let body = if let Some(line) = command {
            let command = line.to_owned();
            Body::Command(Command { call_id: call_id.clone(), name: name_owned, command, model, ..Command::default() })
        } else {
            Body::ToolCall(ToolCall { call_id: call_id.clone(), name: name_owned, input: input.clone(), model })
        };
        push(&Value::Null, None, body);
        let Some(state) = state else { return };
        let status = match state["status"].as_str() {
            Some("done") => Status::Ok,
            Some("errored") => Status::Error,
            Some("canceled") => Status::Rejected,
            _ => return,
        };
        let output = state["output"].as_array().map(Vec::as_slice).unwrap_or_default();
        let texts: Vec<&str> = output.iter().filter_map(|item| item["content"].as_str()).collect();
        let result = ToolResult {
            call_id: call_id.clone(),
            name: Some(name.to_owned()),
            status,
            content: Content::Text(texts.join("\n")),
            ..ToolResult::default()
        };
        push(&Value::Null, None, Body::ToolResult(result));
        self.tell(id);
        if status != Status::Ok {
            return;
        }
        if let Some(edit) = edit(name, &input, call_id.as_deref()) {
            push(&Value::Null, None, Body::Edit(edit));
        }
        let items = checkboxes(input["checklist"].as_str().filter(|_| name == "Checklist").unwrap_or_default());
        if !items.is_empty() {
            push(&Value::Null, None, Body::Todo(Todo { items }));
        }
    }

    fn tell(&mut self, call_id: &str) {
        if self.state.told.len() == TOLD {
            self.state.told.remove(0);
        }
        self.state.told.push(call_id[..call_id.floor_char_boundary(100)].to_owned());
    }
}

/// The edit that a call made.
fn edit(name: &str, input: &Value, call_id: Option<&str>) -> Option<Edit> {
    let path = [&input["filepath"], &input["file_path"], &input["path"]].into_iter().find_map(Value::as_str)?;
    let mut hunks = Hunks::default();
    let mut operation = EditOperation::Update;
    let compare = |one: &Value, hunks: &mut Hunks| {
        if let (Some(old), Some(new)) = (one["old_string"].as_str(), one["new_string"].as_str()) {
            hunks.compare(old, new);
        }
    };
    match name {
        "create_new_file" => {
            operation = EditOperation::Create;
            hunks = Hunks::between("", input["contents"].as_str().unwrap_or_default());
        }
        "single_find_and_replace" | "Edit" => compare(input, &mut hunks),
        "multi_edit" | "MultiEdit" => {
            input["edits"].as_array()?.iter().for_each(|edit| compare(edit, &mut hunks));
        }
        // What was there before is not told.
        "edit_existing_file" | "Write" => {}
        _ => return None,
    }
    Some(hunks.edit(path, operation, call_id))
}

/// A message's content, with the names of what was attached to it.
fn content(element: &Value) -> Content {
    let content = &element["message"]["content"];
    let mut parts = Vec::new();
    for piece in content.as_array().map(Vec::as_slice).unwrap_or_default() {
        match piece["type"].as_str() {
            Some("text") => parts.push(message::part("text", piece["text"].as_str().map(str::to_owned))),
            Some("imageUrl") => {
                parts.push(message::image_of_url(piece["imageUrl"]["url"].as_str().unwrap_or_default()));
            }
            _ => {}
        }
    }
    if let Some(text) = content.as_str() {
        parts.push(message::part("text", Some(text.to_owned())));
    }
    for item in element["contextItems"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let name = item["uri"]["value"].as_str().or(item["name"].as_str());
        parts.extend(name.map(|name| message::part("document", Some(directory(name)))));
    }
    if parts.iter().all(|part| part.kind == "text") {
        let texts: Vec<String> = parts.into_iter().filter_map(|part| part.text).collect();
        return Content::Text(texts.join("\n"));
    }
    Content::Parts(parts)
}

/// The path that a `file://` URL names.
fn directory(text: &str) -> String {
    crate::codex::shell::path_of_url(text).into_owned()
}

impl Deriver for Session {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        match serde_json::from_slice::<Value>(record.bytes) {
            Ok(side) if record.side == Some(SIDE) => self.side(&side),
            Ok(element) if element.is_object() => self.element(&element, derived),
            Ok(_) => derived.problems.push(Problem::of(record, "not an object")),
            Err(error) => derived.problems.push(Problem::of(record, format!("not JSON: {error}"))),
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).expect("a state of texts and numbers can be written")
    }
}
