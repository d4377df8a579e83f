//! The rows of a task, or of a session since version 4, to events.

use jiff::Timestamp;
use opensession_hail::{
    Body, Command, Content, Event, Message, Relation, Role, Status, Subagent, Todo, ToolCall, ToolResult,
};
use serde_json::Value;

use super::{
    cut::SIDE,
    edit,
    state::{Call, State, VERSION, Waiting},
    text,
};
use crate::{
    Derived, Deriver, Facts, Problem, Record, Source, StateError,
    derive::{self, Activity},
    lenient_json, rows,
};

/// Derives one task.
pub(super) struct Task {
    pub(super) state: State,
    native_id: String,
}

/// Where a row stands, and the events that come of it.
pub(super) struct At<'a> {
    pub(super) id: Option<String>,
    pub(super) ts: Option<Timestamp>,
    pub(super) derived: &'a mut Derived,
}

impl At<'_> {
    pub(super) fn push(&mut self, body: Body) {
        self.derived.events.push(Event { id: self.id.clone(), ts: self.ts, ..Event::new(body) });
    }

    pub(super) fn say(&mut self, role: Role, content: Content, model: Option<String>) {
        self.push(Body::Message(Message { role, content, tool_calls: Vec::new(), model }));
    }
}

impl Task {
    /// A deriver at the beginning of a task, or where `state` was taken.
    pub(super) fn new(source: &Source, state: Option<&[u8]>) -> Result<Self, StateError> {
        let state = if let Some(bytes) = state {
            derive::take_up(bytes, VERSION)?
        } else {
            let mut state = State { version: VERSION, ..State::default() };
            state.facts.parent.clone_from(&source.parent);
            // The older ids are the time of the beginning.
            let own = source.parent.is_none().then_some(&source.native_id);
            let begun = own.and_then(|id| id.get(..13)).filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
            state.time = begun.and_then(|id| id.parse().ok());
            state
        };
        Ok(Self { state, native_id: source.native_id.clone() })
    }

    /// Takes what the side files tell.
    fn side(&mut self, side: &Value) {
        let state = &mut self.state;
        state.messages = side["messages"].as_bool().unwrap_or(false);
        state.items = side["items"].as_bool().unwrap_or(false);
        let facts = &mut state.facts;
        let (history, session) = (&side["history"], &side["session"]);
        // An agent that a session started shares its manifest, of which only the directory is its own too.
        let is_helper = facts.parent.as_ref().is_some_and(|(_, relation)| *relation == Relation::Subagent)
            && self.native_id.contains(':');
        let texts = |values: &[&Value]| values.iter().find_map(|value| non_empty(value.as_str()));
        let cwd = texts(&[
            &history["cwdOnTaskInitialization"],
            &history["workspace"],
            &history["cwd"],
            &session["cwd"],
            &session["workspace_root"],
        ]);
        if cwd.is_some() {
            (facts.cwd, facts.last_cwd) = (cwd.clone(), cwd);
        }
        if is_helper {
            return;
        }
        let metadata = &side["metadata"];
        facts.agent_version = texts(&[&metadata["host"]["cline_version"]]).or(facts.agent_version.take());
        facts.model =
            texts(&[&metadata["models"]["model_id"], &history["modelId"], &session["model"]]).or(facts.model.take());
        facts.agent_title = texts(&[&session["metadata"]["title"]]).or(facts.agent_title.take());
        let own = self.native_id.as_str();
        let other = |value: &Value| non_empty(value.as_str()).filter(|id| id != own);
        if let Some(parent) = other(&history["parentTaskId"]) {
            facts.parent = Some((parent, Relation::Subagent));
        } else if facts.parent.is_none()
            && let Some(parent) = other(&session["metadata"]["fork"]["forkedFromSessionId"])
        {
            facts.parent = Some((parent, Relation::Fork));
        }
        for time in [&session["started_at"], &session["ended_at"]] {
            if let Some(ts) = time.as_str().and_then(|time| time.parse::<Timestamp>().ok()) {
                self.state.facts.saw(Some(ts));
            }
        }
    }

    fn row(&mut self, row: &Value, at: &mut At<'_>) {
        if let Some(time) = milliseconds(&row["ts"]) {
            self.state.time = Some(time);
        }
        at.ts = self.state.time.and_then(|time| Timestamp::from_millisecond(time).ok());
        self.state.facts.saw(at.ts);
        if row["role"].is_string() {
            at.id = non_empty(row["id"].as_str());
            self.message(row, at);
        } else {
            self.item(row, at);
        }
    }

    /// What the person wrote.
    pub(super) fn prompt(&mut self, text: &str, parts: Vec<opensession_hail::Part>, at: &mut At<'_>) {
        if text.trim().is_empty() && parts.is_empty() {
            return;
        }
        let facts = &mut self.state.facts;
        facts.activity = Activity::Working;
        facts.prompted(text);
        self.state.prompted = true;
        let content = if parts.is_empty() {
            Content::Text(text.to_owned())
        } else {
            let words = super::message::part("text", Some(text.to_owned()));
            Content::Parts(Some(words).filter(|_| !text.is_empty()).into_iter().chain(parts).collect())
        };
        at.say(Role::Human, content, None);
    }

    /// What the model said to the person.
    pub(super) fn answer(&mut self, text: &str, at: &mut At<'_>) {
        if text.trim().is_empty() {
            return;
        }
        self.state.facts.activity = Activity::Idle;
        at.say(Role::Agent, Content::Text(text.trim().to_owned()), self.state.facts.model.clone());
    }

    /// A call of the model's. What is said by a tool is a message; all others wait for their results.
    pub(super) fn call(&mut self, id: Option<String>, name: &str, input: &Value, at: &mut At<'_>) {
        if !self.state.items {
            self.todo(input["task_progress"].as_str().or(input["todos"].as_str()).unwrap_or_default(), at);
        }
        let said = match name {
            "attempt_completion" => input["result"].as_str(),
            "plan_mode_respond" | "act_mode_respond" => input["response"].as_str(),
            "ask_followup_question" | "ask_question" => input["question"].as_str(),
            _ => None,
        };
        let id = id.unwrap_or_else(|| self.state.call_id());
        if let Some(text) = said {
            self.answer(text, at);
            return self.state.wait(Call { id, name: name.to_owned(), ..Call::default() });
        }
        let edits = edit::of_call(name, input);
        self.begin(id, name, input, edits, at);
    }

    /// Tells a call and waits for its result.
    pub(super) fn begin(&mut self, id: String, name: &str, input: &Value, edits: Vec<Waiting>, at: &mut At<'_>) {
        self.state.facts.activity = Activity::Working;
        let model = self.state.facts.model.clone();
        let call_id = Some(id.clone());
        if let Some(line) = command(name, input) {
            at.push(Body::Command(Command {
                call_id,
                name: name.to_owned(),
                command: line,
                cwd: non_empty(input["cwd"].as_str()),
                model,
                ..Command::default()
            }));
        } else {
            at.push(Body::ToolCall(ToolCall { call_id, name: name.to_owned(), input: input.clone(), model }));
            if matches!(name, "new_task" | "spawn_agent" | "use_subagents") {
                let description = non_empty(input["message"].as_str().or(input["task"].as_str()));
                at.push(Body::Subagent(Subagent { call_id: Some(id.clone()), description, ..Subagent::default() }));
            }
        }
        self.state.wait(Call { id, name: name.to_owned(), edits, ..Call::default() });
    }

    /// Whether a tool says something to the person rather than doing something.
    pub(super) fn is_said(name: &str) -> bool {
        matches!(
            name,
            "attempt_completion" | "plan_mode_respond" | "act_mode_respond" | "ask_followup_question" | "ask_question"
        )
    }

    /// What came back from a call, by its id, or from the first one that waits with that name.
    pub(super) fn result(
        &mut self,
        id: Option<&str>,
        name: Option<&str>,
        content: Content,
        status: Status,
        at: &mut At<'_>,
    ) {
        let calls = &mut self.state.calls;
        let place = match id {
            Some(id) => calls.iter().position(|call| call.id == id),
            None => calls.iter().position(|call| name.is_none_or(|name| call.name == name)),
        };
        let call = place.map(|place| calls.remove(place));
        let name = call.as_ref().map(|call| call.name.clone()).or_else(|| name.map(str::to_owned));
        if name.as_deref().is_some_and(Self::is_said) {
            return;
        }
        let call_id = call.as_ref().map(|call| call.id.clone()).or_else(|| id.map(str::to_owned));
        let exit_code = name.as_deref().filter(|name| is_shell(name)).and_then(|_| text::exit_code(&content.text()));
        let status =
            if status == Status::Ok && exit_code.is_some_and(|code| code != 0) { Status::Error } else { status };
        at.push(Body::ToolResult(ToolResult { call_id, name, status, exit_code, content, ..ToolResult::default() }));
        let Some(Call { id, edits, .. }) = call.filter(|_| status == Status::Ok) else { return };
        for waiting in edits {
            let is_new = self.state.creates(&waiting, is_below);
            at.push(Body::Edit(waiting.made(&id, is_new)));
        }
    }

    /// A todo list as Markdown, told only when it is another one.
    pub(super) fn todo(&mut self, markdown: &str, at: &mut At<'_>) {
        let items = text::checkboxes(markdown);
        let hash = rows::mark(b"todo", format!("{items:?}").as_bytes());
        if !items.is_empty() && hash != self.state.todos {
            self.state.todos = hash;
            at.push(Body::Todo(Todo { items }));
        }
    }

    /// What an environment tells, once.
    pub(super) fn environment(&mut self, text: &str) {
        if self.state.facts.cwd.is_none()
            && let Some(directory) = text::directory(text)
        {
            self.state.facts.cwd = Some(directory.to_owned());
            self.state.facts.last_cwd = Some(directory.to_owned());
        }
    }
}

impl Deriver for Task {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        match serde_json::from_str::<Value>(&lenient_json::decoded(record.bytes)) {
            Ok(side) if record.side == Some(SIDE) => self.side(&side),
            Ok(row) if row.is_object() => self.row(&row, &mut At { id: None, ts: None, derived }),
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

pub(super) fn non_empty(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty()).map(str::to_owned)
}

fn milliseconds(value: &Value) -> Option<i64> {
    // Times of other centuries are no times.
    value.as_i64().filter(|time| (1..10_000_000_000_000).contains(time))
}

fn is_shell(name: &str) -> bool {
    matches!(name, "execute_command" | "run_commands" | "bash")
}

/// The command line that a call runs.
fn command(name: &str, input: &Value) -> Option<String> {
    if !is_shell(name) {
        return None;
    }
    if let Some(line) = input["command"].as_str() {
        return Some(line.to_owned());
    }
    let of_one = |one: &Value| one.as_str().or(one["command"].as_str()).map(str::to_owned);
    let lines: Vec<String> = input["commands"].as_array()?.iter().filter_map(of_one).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Whether two names, one perhaps relative, mean one file.
fn is_below(one: &str, other: &str) -> bool {
    let (one, other) = (one.replace('\\', "/"), other.replace('\\', "/"));
    let (long, short) = if one.len() >= other.len() { (&one, &other) } else { (&other, &one) };
    long.strip_suffix(short.trim_start_matches("./")).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}
