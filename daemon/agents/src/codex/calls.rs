//! Calls, commands, their results, and the edits and lists that come of them.

use std::borrow::Cow;

use opensession_hail::{
    Body, Command, Content, Edit, Status, Subagent, Todo, TodoItem, TodoStatus, ToolCall, ToolResult,
};
use serde_json::Value;

use super::{
    image, output,
    output::Output,
    patch,
    record::{Item, Piece, Raw, ShellArguments, Text, elements, read, string},
    rollout::{At, Rollout},
    shell,
    state::{Call, CallKind, Calls, Said, Stream, hash_id, hash_words},
};
use crate::derive::Activity;

impl Rollout {
    /// A call as the model made it.
    pub(super) fn call(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let name = full_name(item);
        let given = item.arguments.or(item.input);
        let text = string(given);
        let call_id = item.call_id.get().or_else(|| item.id.get());
        let action = item.action.filter(|_| item.kind.get() == Some("local_shell_call"));
        let arguments: Option<ShellArguments<'_>> = match (&action, &text) {
            (Some(action), _) => read(Some(*action)),
            (None, Some(text)) if is_shell(&name) => serde_json::from_str(text).ok(),
            (None, None) if is_shell(&name) => read(given),
            _ => None,
        };
        if let Some(arguments) = arguments
            && let Some(command) = shell::line(arguments.command.or(arguments.cmd))
        {
            let patch = (command.contains("apply_patch") || command.contains("applypatch"))
                .then(|| patch::inside(&command))
                .flatten();
            if let Some(patch) = patch
                && shell::is_patch_alone(arguments.command)
            {
                let whole = command.strip_prefix("apply_patch ").unwrap_or(patch);
                let input = Value::String(whole.to_owned());
                return self.tool_call(call_id, "apply_patch", input, CallKind::Tool, Some(patch), at);
            }
            let workdir = arguments.workdir.get().or(arguments.working_directory.get());
            let cwd = self.elsewhere(workdir);
            let key = call_id.map(hash_id);
            if !self.remember(key, &name, CallKind::Command, patch) {
                return;
            }
            if patch.is_some()
                && let (Some(key), Some(cwd)) = (key, &cwd)
                && let Some(call) = self.state.calls.get(key)
            {
                call.directory = Some(cwd.clone());
            }
            let id = call_id.map_or_else(|| self.state.ids.next(hash_words("command", &command)), str::to_owned);
            let description = arguments.justification.owned();
            let model = self.state.facts.model.clone();
            let call_id = call_id.map(str::to_owned);
            at.push(id, Body::Command(Command { call_id, name, command, description, cwd, model }));
            return;
        }
        let input = match (&text, given) {
            (Some(text), _) if item.kind.get() == Some("custom_tool_call") => Value::String(text.clone().into_owned()),
            (Some(text), _) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone().into_owned())),
            (None, given) => read(given.or(item.action)).unwrap_or(Value::Null),
        };
        let kind = if name == "spawn_agent" { CallKind::Spawn } else { CallKind::Tool };
        let asked = (name == "apply_patch").then(|| match &input {
            Value::String(patch) => Some(patch.clone()),
            Value::Object(fields) => {
                fields.get("input").or(fields.get("patch")).and_then(Value::as_str).map(str::to_owned)
            }
            _ => None,
        });
        let todo = (name == "update_plan").then(|| todo_of(&input)).flatten();
        let patch = asked.flatten();
        self.tool_call(call_id, &name, input, kind, patch.as_deref().and_then(patch::inside), at);
        if let Some(todo) = todo {
            let id = match call_id {
                Some(call_id) => format!("{call_id}:todo"),
                None => self.state.ids.next(hash_words("todo", &format!("{todo:?}"))),
            };
            at.push(id, Body::Todo(todo));
        }
    }

    fn tool_call(
        &mut self,
        call_id: Option<&str>,
        name: &str,
        input: Value,
        kind: CallKind,
        patch: Option<&str>,
        at: &mut At<'_>,
    ) {
        if !self.remember(call_id.map(hash_id), name, kind, patch) {
            return;
        }
        let id = call_id.map_or_else(|| self.state.ids.next(hash_words(name, &input.to_string())), str::to_owned);
        let model = self.state.facts.model.clone();
        let call_id = call_id.map(str::to_owned);
        at.push(id, Body::ToolCall(ToolCall { call_id, name: name.to_owned(), input, model }));
    }

    /// Notes a call; `false` when it was noted before.
    fn remember(&mut self, key: Option<u64>, name: &str, kind: CallKind, patch: Option<&str>) -> bool {
        self.state.facts.activity = Activity::Working;
        let Some(key) = key else { return true };
        let patch = patch.filter(|patch| patch.len() <= Calls::PATCH_BYTES).map(str::to_owned);
        let name = name[..name.floor_char_boundary(64)].to_owned();
        self.state.calls.add(Call { key, name, kind, patch, ..Call::default() })
    }

    /// The output of a call as the model was shown it.
    pub(super) fn output(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        self.result(item.call_id.get(), item.id.get(), output::parse(item.output), None, at);
    }

    /// A result, unless a final one was given already.
    fn result(
        &mut self,
        call_id: Option<&str>,
        id: Option<&str>,
        output: Output,
        stderr: Option<String>,
        at: &mut At<'_>,
    ) {
        self.state.facts.activity = Activity::Working;
        let running = output.status == Status::Running;
        let mut name = None;
        let mut edits = Vec::new();
        let mut agent = None;
        if let Some(call_id) = call_id {
            let key = hash_id(call_id);
            self.state.calls.add(Call { key, ..Call::default() });
            if let Some(call) = self.state.calls.get(key) {
                if call.is_done() {
                    return;
                }
                call.result = Some(output.status);
                name = Some(call.name.clone()).filter(|name| !name.is_empty());
                if !running && let Some(patch) = call.patch.take() {
                    let applied = match output.exit_code {
                        Some(code) => code == 0,
                        None => output.status == Status::Ok && output::patch_applied(&output.content.text()),
                    };
                    if applied && !call.edited {
                        edits = patch::edits(&patch);
                        if let Some(directory) = call.directory.take() {
                            for edit in &mut edits {
                                edit.path = shell::resolve(Some(&directory), &edit.path).into_owned();
                            }
                        }
                    }
                    call.edited = true;
                }
                if call.kind == CallKind::Spawn && !call.spawned {
                    agent = spawned_agent(&output.content.text());
                    call.spawned = agent.is_some();
                }
            }
        }
        let event_id = match (id, call_id) {
            (Some(id), _) => id.to_owned(),
            (None, Some(call_id)) if running => format!("{call_id}:running"),
            (None, Some(call_id)) => format!("{call_id}:result"),
            (None, None) => self.state.ids.next(hash_words("result", &output.content.text())),
        };
        let result = ToolResult {
            call_id: call_id.map(str::to_owned),
            name,
            status: output.status,
            exit_code: output.exit_code,
            duration_ms: output.duration_ms,
            content: output.content,
            stderr,
        };
        at.push(event_id, Body::ToolResult(result));
        self.edits(call_id, edits, at);
        if let Some(agent_id) = agent {
            let subagent =
                Subagent { agent_id: Some(agent_id), call_id: call_id.map(str::to_owned), ..Subagent::default() };
            self.subagent(subagent, "spawned", at);
        }
    }

    fn edits(&mut self, call_id: Option<&str>, edits: Vec<Edit>, at: &mut At<'_>) {
        for (number, edit) in edits.into_iter().enumerate() {
            let id = match call_id {
                Some(call_id) => format!("{call_id}:edit:{number}"),
                None => self.state.ids.next(hash_words("edit", &format!("{} {:?}", edit.path, edit.diff))),
            };
            at.push(id, Body::Edit(Edit { call_id: call_id.map(str::to_owned), ..edit }));
        }
    }

    /// A patch as it was applied, or not.
    pub(super) fn patch_applied(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let call_id = item.call_id.get().or_else(|| item.id.get());
        let status = string(item.status);
        let applied = match (item.success.0, status.as_deref()) {
            (Some(success), _) => success,
            (None, Some(status)) => !matches!(status, "failed" | "declined" | "in_progress" | "inProgress"),
            (None, None) => true,
        };
        if matches!(status.as_deref(), Some("in_progress" | "inProgress")) {
            return;
        }
        let mut edits = if applied { patch::applied(item.changes) } else { Vec::new() };
        if let Some(call_id) = call_id {
            let key = hash_id(call_id);
            self.state.calls.add(Call { key, name: "apply_patch".to_owned(), ..Call::default() });
            if let Some(call) = self.state.calls.get(key) {
                let asked = call.patch.take();
                if call.edited {
                    return;
                }
                call.edited = true;
                if applied && edits.is_empty() {
                    edits = asked.as_deref().map(patch::edits).unwrap_or_default();
                }
            }
        }
        self.edits(call_id, edits, at);
    }

    /// A command that has ended, as the person was shown it.
    pub(super) fn command_ended(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let status = string(item.status);
        if matches!(status.as_deref(), Some("in_progress" | "inProgress")) {
            return;
        }
        let call_id = item.call_id.get().or_else(|| item.id.get());
        let command = shell::line(item.command).unwrap_or_default();
        let exit_code = item.exit_code.0.and_then(|code| i32::try_from(code).ok());
        let status = match (status.as_deref(), exit_code) {
            (Some("declined"), _) => Status::Rejected,
            (_, Some(0)) => Status::Ok,
            (_, Some(_)) | (Some("failed"), None) => Status::Error,
            _ => Status::Ok,
        };
        let text = item.aggregated_output.get().or_else(|| item.stdout.get()).unwrap_or_default();
        let output =
            Output { status, exit_code, duration_ms: duration(item.duration), content: Content::Text(text.to_owned()) };
        let stderr = item.stderr.get().filter(|stderr| item.aggregated_output.get().is_none() && !stderr.is_empty());
        if self.remember(call_id.map(hash_id), "exec_command", CallKind::Command, patch::inside(&command)) {
            let cwd = item.cwd.get().map(shell::path_of_url);
            let cwd = self.elsewhere(cwd.as_deref());
            let id = call_id.map_or_else(|| self.state.ids.next(hash_words("command", &command)), str::to_owned);
            let model = self.state.facts.model.clone();
            let name = "exec_command".to_owned();
            let call_id = call_id.map(str::to_owned);
            at.push(id, Body::Command(Command { call_id, name, command, description: None, cwd, model }));
        }
        self.result(call_id, None, output, stderr.map(str::to_owned), at);
    }

    /// A command and its result at once.
    pub(super) fn whole_command(
        &mut self,
        call_id: &str,
        name: &str,
        command: String,
        result: Option<Output>,
        at: &mut At<'_>,
    ) {
        self.remember(Some(hash_id(call_id)), name, CallKind::Command, None);
        let call = Command { call_id: Some(call_id.to_owned()), name: name.to_owned(), command, ..Command::default() };
        at.push(call_id.to_owned(), Body::Command(call));
        if let Some(result) = result {
            self.result(Some(call_id), None, result, None, at);
        }
        self.state.facts.activity = Activity::Idle;
    }

    /// A call to a server of the Model Context Protocol that has ended.
    pub(super) fn mcp_call_ended(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Answer<'a> {
            #[serde(borrow, rename = "Ok", alias = "ok")]
            good: Option<Good<'a>>,
            #[serde(borrow, rename = "Err", alias = "err")]
            bad: Raw<'a>,
            #[serde(borrow)]
            content: Raw<'a>,
            #[serde(rename = "isError")]
            is_error: bool,
        }
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Good<'a> {
            #[serde(borrow)]
            content: Raw<'a>,
            #[serde(rename = "isError")]
            is_error: Option<bool>,
        }
        let invoked: Item<'_> = read(item.invocation).unwrap_or_default();
        let server = item.server.get().or(invoked.server.get()).unwrap_or_default();
        let tool = item.tool.get().or(invoked.tool.get()).unwrap_or_default();
        let arguments = read(item.arguments.or(invoked.arguments)).unwrap_or(Value::Null);
        let call_id = item.call_id.get().or_else(|| item.id.get());
        self.tool_call(call_id, &format!("mcp__{server}__{tool}"), arguments, CallKind::Tool, None, at);
        let failure = item.error.map(|error| {
            let told: Item<'_> = read(Some(error)).unwrap_or_default();
            string(Some(error)).or(told.message.0).unwrap_or(Cow::Borrowed(error.get())).into_owned()
        });
        let answer: Answer<'_> = read(item.result).unwrap_or_default();
        let (content, is_error) = match (answer.good, answer.bad, failure) {
            (Some(good), _, _) => (pieces(good.content), good.is_error == Some(true)),
            (None, Some(bad), _) => (Content::Text(string(Some(bad)).unwrap_or_default().into_owned()), true),
            (None, None, Some(failure)) => (Content::Text(failure), true),
            (None, None, None) => (pieces(answer.content), answer.is_error),
        };
        let failed = is_error || string(item.status).as_deref() == Some("failed");
        let output = Output {
            status: if failed { Status::Error } else { Status::Ok },
            exit_code: None,
            duration_ms: duration(item.duration),
            content,
        };
        self.result(call_id, None, output, None, at);
    }

    /// A call to a tool of the client's own.
    pub(super) fn dynamic_call(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let Some(name) = item.tool.get() else { return };
        let arguments = read(item.arguments).unwrap_or(Value::Null);
        self.tool_call(item.call_id.get().or_else(|| item.id.get()), name, arguments, CallKind::Tool, None, at);
    }

    /// Its end.
    pub(super) fn dynamic_call_ended(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        self.dynamic_call(item, at);
        let content = pieces(item.content_items);
        let failed = item.success.0 == Some(false);
        let output = Output {
            status: if failed { Status::Error } else { Status::Ok },
            exit_code: None,
            duration_ms: duration(item.duration),
            content,
        };
        self.result(item.call_id.get().or_else(|| item.id.get()), None, output, None, at);
    }

    /// A search of the web, or a page opened or searched.
    pub(super) fn search(&mut self, stream: Stream, item: &Item<'_>, at: &mut At<'_>) {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Found<'a> {
            #[serde(borrow)]
            title: Text<'a>,
            #[serde(borrow)]
            url: Text<'a>,
            #[serde(borrow)]
            snippet: Text<'a>,
        }
        let call_id = item.call_id.get().or_else(|| item.id.get());
        let input: Value = read(item.action).unwrap_or_else(|| match item.query.get() {
            Some(query) => serde_json::json!({ "query": query }),
            None => Value::Null,
        });
        // Early versions wrote the model's half without an id.
        let known = call_id.is_some_and(|id| self.state.calls.get(hash_id(id)).is_some());
        let by_words = match stream {
            Stream::Model => call_id.is_none(),
            Stream::Person => !known,
        };
        if by_words && !self.is_first(stream, Said::Search, hash_words("search", &searched(&input)), None) {
            return;
        }
        self.tool_call(call_id, "web_search", input, CallKind::Tool, None, at);
        let found: Vec<Found<'_>> = elements(item.results);
        let lines: Vec<String> = found
            .iter()
            .map(|found| {
                let fields = [&found.title, &found.url, &found.snippet];
                fields.into_iter().filter_map(Text::get).collect::<Vec<_>>().join("\n")
            })
            .filter(|lines| !lines.is_empty())
            .collect();
        if !lines.is_empty() {
            let content = Content::Text(lines.join("\n\n"));
            let output = Output { status: Status::Ok, exit_code: None, duration_ms: None, content };
            self.result(call_id, None, output, None, at);
        }
    }

    /// The tools that a search for tools found.
    pub(super) fn found_tools(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let tools: Vec<Item<'_>> = elements(item.tools);
        let names: Vec<&str> = tools.iter().filter_map(|tool| tool.name.get()).collect();
        let content = Content::Text(names.join("\n"));
        let output = Output { status: Status::Ok, exit_code: None, duration_ms: None, content };
        self.result(item.call_id.get(), item.id.get(), output, None, at);
    }

    /// An image that was made.
    pub(super) fn generated_image(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let call_id = item.call_id.get().or_else(|| item.id.get());
        let input = match item.revised_prompt.get() {
            Some(prompt) => serde_json::json!({ "prompt": prompt }),
            None => Value::Null,
        };
        self.tool_call(call_id, "image_generation", input, CallKind::Tool, None, at);
        if item.result.is_some() {
            let image = Piece { data: item.result, ..Piece::default() };
            let content = Content::Parts(image::part(&image).into_iter().collect());
            let output = Output { status: Status::Ok, exit_code: None, duration_ms: None, content };
            self.result(call_id, None, output, None, at);
        }
    }

    /// An image that the agent looked at.
    pub(super) fn viewed_image(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let call_id = item.call_id.get().or_else(|| item.id.get());
        let input = serde_json::json!({ "path": item.path.get() });
        self.tool_call(call_id, "view_image", input, CallKind::Tool, None, at);
    }

    /// A sub-agent was started.
    pub(super) fn spawned(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let Some(agent_id) = item.new_thread_id.owned() else { return };
        if let Some(call_id) = item.call_id.get() {
            let key = hash_id(call_id);
            self.state.calls.add(Call { key, kind: CallKind::Spawn, ..Call::default() });
            if let Some(call) = self.state.calls.get(key)
                && std::mem::replace(&mut call.spawned, true)
            {
                return;
            }
        }
        let description = item.prompt.get().and_then(|prompt| prompt.lines().next());
        let subagent = Subagent {
            agent_id: Some(agent_id),
            call_id: item.call_id.owned(),
            name: item.new_agent_role.owned(),
            description: description.map(|line| line[..line.floor_char_boundary(200)].to_owned()),
            status: None,
        };
        self.subagent(subagent, "spawned", at);
    }

    /// A sub-agent was closed.
    pub(super) fn closed(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let Some(agent_id) = item.receiver_thread_id.owned() else { return };
        let failed = item.status.is_some_and(|status| status.get().contains("errored"));
        let status = Some(if failed { Status::Error } else { Status::Ok });
        let subagent =
            Subagent { agent_id: Some(agent_id), call_id: item.call_id.owned(), status, ..Subagent::default() };
        self.subagent(subagent, "closed", at);
    }

    fn subagent(&mut self, subagent: Subagent, word: &str, at: &mut At<'_>) {
        let id = match &subagent.call_id {
            Some(call_id) => format!("{call_id}:{word}"),
            None => self.state.ids.next(hash_words(word, subagent.agent_id.as_deref().unwrap_or_default())),
        };
        at.push(id, Body::Subagent(subagent));
    }

    /// `workdir`, when it is not the session's directory.
    fn elsewhere(&self, workdir: Option<&str>) -> Option<String> {
        let workdir = workdir?;
        let facts = &self.state.facts;
        let base = facts.last_cwd.as_deref().or(facts.cwd.as_deref());
        let workdir = shell::resolve(base, workdir);
        (facts.cwd.as_deref() != Some(&*workdir)).then(|| workdir.into_owned())
    }
}

/// The name of a call; a server's tool carries the server's name.
fn full_name(item: &Item<'_>) -> String {
    let name = item.name.get().unwrap_or(match item.kind.get() {
        Some("local_shell_call") => "local_shell",
        Some("tool_search_call") => "tool_search",
        _ => "unknown",
    });
    match item.namespace.get() {
        Some(namespace) if namespace.starts_with("mcp__") => format!("{}__{name}", namespace.trim_end_matches('_')),
        _ => name.to_owned(),
    }
}

fn is_shell(name: &str) -> bool {
    matches!(name, "shell" | "container.exec" | "shell_command" | "exec_command" | "local_shell")
}

/// The words of a search, however they are given.
fn searched(input: &Value) -> String {
    let field = |name| input.get(name).and_then(Value::as_str).unwrap_or_default();
    let queries = input.get("queries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let query = match field("query") {
        "" => queries.first().and_then(Value::as_str).unwrap_or_default(),
        query => query,
    };
    [query, field("url"), field("pattern")].join(" ")
}

fn pieces(raw: Raw<'_>) -> Content {
    let pieces: Vec<Piece<'_>> = elements(raw);
    output::pieces(&pieces).content
}

/// A duration: `{"secs":0,"nanos":7}` or a number of seconds.
fn duration(raw: Raw<'_>) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Parts {
        secs: u64,
        #[serde(default)]
        nanos: u32,
    }
    match read::<Parts>(raw) {
        Some(parts) => parts.secs.checked_mul(1000)?.checked_add(u64::from(parts.nanos) / 1_000_000),
        None => output::milliseconds(read::<f64>(raw)?),
    }
}

/// The plan that `update_plan` was called with.
fn todo_of(input: &Value) -> Option<Todo> {
    let items = input.get("plan")?.as_array()?;
    let items = items
        .iter()
        .filter_map(|item| {
            let status = match item.get("status").and_then(Value::as_str) {
                Some("completed") => TodoStatus::Completed,
                Some("in_progress") => TodoStatus::InProgress,
                Some("cancelled" | "canceled") => TodoStatus::Cancelled,
                _ => TodoStatus::Pending,
            };
            Some(TodoItem { id: None, content: item.get("step")?.as_str()?.to_owned(), status })
        })
        .collect();
    Some(Todo { items })
}

/// The id of the agent that `spawn_agent` answers with.
fn spawned_agent(text: &str) -> Option<String> {
    let answer: Value = serde_json::from_str(text).ok()?;
    ["agent_id", "thread_id", "new_thread_id"].iter().find_map(|name| Some(answer.get(name)?.as_str()?.to_owned()))
}
