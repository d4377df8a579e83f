//! The log of a session, event by event. VS Code's chat writes the same for its hooks.

use opensession_hail::{
    Body, Command, Compaction, Content, Edit, EditOperation, ErrorEvent, Event, Extra, Message, Part, Role, Status,
    Subagent, Thinking, Title, Todo, TodoItem, TodoStatus, ToolCall, ToolResult, Unknown, Usage, text::is_shell_tool,
};
use serde_json::Value;

use super::{WORKSPACE, state::State};
use crate::{
    Derived, Deriver, Facts, Problem, Record, codex::patch, derive::Activity, hunks::Hunks, lenient_json, rows,
};

/// Derives a session from its log.
pub(crate) struct Events {
    pub(crate) state: State,
}

/// An event of the log, and where its events go.
struct At<'a> {
    data: &'a Value,
    event: Event,
    derived: &'a mut Derived,
}

impl At<'_> {
    fn push(&mut self, body: Body) {
        self.derived.events.push(Event { body, ..self.event.clone() });
    }
}

impl Deriver for Events {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        if record.side == Some(WORKSPACE) {
            return self.workspace(&String::from_utf8_lossy(record.bytes));
        }
        if record.side.is_some() || record.bytes.trim_ascii().is_empty() {
            return;
        }
        let line: Value = match serde_json::from_slice(record.bytes) {
            Ok(line) => line,
            Err(error) => {
                derived.problems.push(Problem::of(record, lenient_json::not_json(&error)));
                return;
            }
        };
        if line.get("ephemeral") == Some(&Value::Bool(true)) {
            return;
        }
        let data = line.get("data").unwrap_or(&Value::Null);
        let mut event = Event::new(Body::Unknown(Unknown::default()));
        event.id = lenient_json::owned(&line, "id");
        event.ts = lenient_json::time_of(&line, "timestamp");
        event.subagent = lenient_json::any_text(&line, &["agentId"])
            .or_else(|| lenient_json::text(data, "parentToolCallId"))
            .map(str::to_owned);
        self.state.facts.saw(event.ts);
        if let Some(kind) = lenient_json::text(&line, "type") {
            self.event(kind, &mut At { data, event, derived });
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        self.state.put_down()
    }
}

impl Events {
    fn event(&mut self, kind: &str, at: &mut At<'_>) {
        let data = at.data;
        match kind {
            "session.start" => self.start(data),
            "session.resume" => {
                self.state.runs += 1;
                self.context(data.get("context"));
                self.state.answered_by(lenient_json::text(data, "selectedModel"));
            }
            "session.context_changed" => self.context(data.get("context").or(Some(data))),
            "session.model_change" => self.state.answered_by(lenient_json::text(data, "newModel")),
            "session.title_changed" => self.title(at),
            "user.message" => self.prompt(at),
            "assistant.message" => self.answer(at),
            "assistant.reasoning" => self.thinking(lenient_json::text(data, "content").unwrap_or_default(), at),
            "assistant.turn_start" => self.state.facts.activity = Activity::Working,
            "assistant.turn_end" => self.state.facts.activity = Activity::Idle,
            "tool.execution_start" | "tool.user_requested" => {
                if let Some(name) = lenient_json::any_text(data, &["toolName", "name"]) {
                    self.call(name, data, at);
                }
            }
            "tool.execution_complete" => self.result(at),
            "subagent.started" => at.push(subagent(data, None)),
            "subagent.completed" => at.push(subagent(data, Some(Status::Ok))),
            "subagent.failed" => at.push(subagent(data, Some(Status::Error))),
            "session.compaction_complete" if data.get("success") != Some(&Value::Bool(false)) => {
                at.push(Body::Compaction(Compaction {
                    content: lenient_json::owned(data, "summaryContent").unwrap_or_default(),
                    trigger: None,
                    tokens_before: lenient_json::number(data, "preCompactionTokens"),
                }));
            }
            "session.snapshot_rewind" => at.push(rollback(data)),
            "session.handoff" => system(lenient_json::text(data, "summary"), at),
            "system.notification" => system(lenient_json::text(data, "content"), at),
            "abort" => {
                self.state.facts.activity = Activity::Interrupted;
                let message = lenient_json::owned(data, "reason").unwrap_or_else(|| "abort".to_owned());
                at.push(Body::Error(ErrorEvent { message, code: Some("interrupted".to_owned()) }));
            }
            "session.error" => {
                let code = lenient_json::number(data, "statusCode").map(|code| code.to_string());
                if let Some(message) = lenient_json::owned(data, "message") {
                    let code = code.or_else(|| lenient_json::owned(data, "errorType"));
                    at.push(Body::Error(ErrorEvent { message, code }));
                }
            }
            "session.shutdown" => self.shutdown(at),
            _ => {}
        }
    }

    /// Takes the members of the small YAML file beside the log.
    fn workspace(&mut self, yaml: &str) {
        for line in yaml.lines() {
            let Some((key, value)) = line.split_once(": ") else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            if value.is_empty() || matches!(value, "null" | "~" | "|" | ">") {
                continue;
            }
            let facts = &mut self.state.facts;
            match key {
                "name" => facts.agent_title = Some(value.to_owned()),
                "cwd" if facts.cwd.is_none() => facts.cwd = Some(value.to_owned()),
                "branch" if facts.branch.is_none() => facts.branch = Some(value.to_owned()),
                _ => {}
            }
        }
    }

    fn start(&mut self, data: &Value) {
        let state = &mut self.state;
        state.runs += 1;
        state.facts.saw(lenient_json::time_of(data, "startTime"));
        state.answered_by(lenient_json::text(data, "selectedModel"));
        state.facts.native_id = lenient_json::owned(data, "sessionId");
        let version = lenient_json::any_text(data, &["copilotVersion", "vscodeVersion"]);
        state.facts.agent_version = version.map(str::to_owned);
        self.context(data.get("context"));
    }

    fn context(&mut self, context: Option<&Value>) {
        let Some(context) = context else { return };
        let facts = &mut self.state.facts;
        if let Some(cwd) = lenient_json::owned(context, "cwd") {
            facts.cwd.get_or_insert_with(|| cwd.clone());
            facts.last_cwd = Some(cwd);
        }
        if let Some(branch) = lenient_json::owned(context, "branch") {
            facts.branch = Some(branch);
        }
        if facts.commit.is_none() {
            facts.commit = lenient_json::owned(context, "headCommit");
        }
        if facts.repository.is_none()
            && let Some(repository) = lenient_json::text(context, "repository")
        {
            let on_github = lenient_json::text(context, "hostType") == Some("github");
            let host = lenient_json::text(context, "repositoryHost").or(on_github.then_some("github.com"));
            facts.repository = Some(match host {
                Some(host) => format!("https://{host}/{repository}"),
                None => repository.to_owned(),
            });
        }
    }

    fn title(&mut self, at: &mut At<'_>) {
        if let Some(title) = lenient_json::owned(at.data, "title") {
            self.state.facts.agent_title = Some(title.clone());
            at.push(Body::Title(Title { title, source: None }));
        }
    }

    fn prompt(&mut self, at: &mut At<'_>) {
        let data = at.data;
        let text = lenient_json::text(data, "content").unwrap_or_default();
        let parts: Vec<Part> = lenient_json::list(data, "attachments").iter().take(100).map(attachment).collect();
        if text.trim().is_empty() && parts.is_empty() {
            return;
        }
        // A sub-agent is prompted by its parent, and the program prompts itself when it goes on alone.
        let typed = lenient_json::text(data, "source").is_none_or(|source| source == "user")
            && data.get("isAutopilotContinuation") != Some(&Value::Bool(true))
            && at.event.subagent.is_none();
        if typed {
            self.state.facts.prompted(text);
        }
        let role = if typed { Role::Human } else { Role::System };
        let content = lenient_json::content(text.to_owned(), parts);
        at.push(Body::Message(Message { role, content, tool_calls: Vec::new(), model: None }));
        self.state.facts.activity = Activity::Working;
    }

    fn answer(&mut self, at: &mut At<'_>) {
        let data = at.data;
        self.state.answered_by(lenient_json::text(data, "model"));
        let model = lenient_json::owned(data, "model").or_else(|| self.state.facts.model.clone());
        if let Some(reasoning) = lenient_json::text(data, "reasoningText") {
            self.thinking(reasoning, at);
        } else if lenient_json::any_text(data, &["reasoningOpaque", "encryptedContent"]).is_some() {
            at.push(Body::Thinking(Thinking { content: String::new(), model: model.clone() }));
        }
        if let Some(text) = lenient_json::text(data, "content").filter(|text| !text.trim().is_empty()) {
            let content = Content::Text(text.to_owned());
            at.push(Body::Message(Message { role: Role::Agent, content, tool_calls: Vec::new(), model }));
        }
        for request in lenient_json::list(data, "toolRequests") {
            if let Some(name) = lenient_json::text(request, "name") {
                self.call(name, request, at);
            }
        }
    }

    fn thinking(&mut self, text: &str, at: &mut At<'_>) {
        let hash = rows::mark(text.as_bytes(), b"");
        if !text.trim().is_empty() && std::mem::replace(&mut self.state.thinking, hash) != hash {
            let model = self.state.facts.model.clone();
            at.push(Body::Thinking(Thinking { content: text.to_owned(), model }));
        }
    }

    fn call(&mut self, name: &str, call: &Value, at: &mut At<'_>) {
        let Some(id) = lenient_json::text(call, "toolCallId") else { return };
        if !self.state.calls(id, name) {
            return;
        }
        let input = lenient_json::nested(call, "arguments").unwrap_or_default();
        at.push(called(name, id, &input, self.state.facts.model.clone()));
        for edit in wanted_edits(name, &input, id) {
            self.state.waiting.add(id, edit);
        }
        if name == "update_todo"
            && let Some(todo) = lenient_json::text(&input, "todos").map(checklist).filter(|todo| !todo.items.is_empty())
        {
            at.push(Body::Todo(todo));
        }
        self.state.facts.activity = Activity::Working;
    }

    fn result(&mut self, at: &mut At<'_>) {
        let data = at.data;
        let Some(id) = lenient_json::text(data, "toolCallId") else { return };
        let Some(name) = self.state.completes(id) else { return };
        let result = data.get("result").unwrap_or(&Value::Null);
        let error = data.get("error").unwrap_or(&Value::Null);
        let text =
            lenient_json::text(result, "content").or_else(|| lenient_json::text(error, "message")).unwrap_or_default();
        let exit_code = if is_shell_tool(&name) { exit_code(result, text) } else { None };
        let status = match (data.get("success"), lenient_json::text(error, "code")) {
            (_, Some("rejected" | "denied" | "user_rejected")) => Status::Rejected,
            (Some(Value::Bool(false)), _) => Status::Error,
            _ if exit_code.is_some_and(|code| code != 0) => Status::Error,
            _ => Status::Ok,
        };
        let metrics = data.get("toolTelemetry").and_then(|telemetry| telemetry.get("metrics"));
        at.push(Body::ToolResult(ToolResult {
            call_id: Some(id.to_owned()),
            name: Some(name).filter(|name| !name.is_empty()),
            status,
            exit_code,
            duration_ms: metrics.and_then(|metrics| lenient_json::number(metrics, "durationMs")),
            content: Content::Text(text.to_owned()),
            stderr: None,
        }));
        let mut edits = self.state.waiting.take(id);
        if status != Status::Ok {
            return;
        }
        let applied = Hunks::of_unified(lenient_json::text(result, "detailedContent").unwrap_or_default());
        // What is shown of a new file has a line more than the file.
        let is_whole = |edit: &Edit| edit.operation == EditOperation::Create && edit.diff.is_some();
        if let ([edit], false) = (edits.as_mut_slice(), applied.is_empty())
            && !is_whole(edit)
        {
            let made = applied.edit(std::mem::take(&mut edit.path), edit.operation, edit.call_id.as_deref());
            *edit = Edit { to: edit.to.take(), ..made };
        }
        for edit in edits {
            at.push(Body::Edit(edit));
        }
    }

    /// A run's usage, by model. It is told at the end of a run, and again should the run go on: then the larger holds.
    fn shutdown(&mut self, at: &mut At<'_>) {
        self.state.facts.activity = Activity::Idle;
        let data = at.data;
        let run = self.state.runs;
        let mut told = false;
        for (model, metrics) in data.get("modelMetrics").and_then(Value::as_object).into_iter().flatten().take(64) {
            let Some(usage) = metrics.get("usage").filter(|usage| usage.is_object()) else { continue };
            let count = |key| lenient_json::number(usage, key).unwrap_or(0);
            let (read, write) = (count("cacheReadTokens"), count("cacheWriteTokens"));
            told = true;
            at.push(Body::Usage(Usage {
                message_id: Some(format!("run-{run}:{model}")),
                model: Some(model.clone()),
                input: count("inputTokens").saturating_sub(read).saturating_sub(write),
                output: count("outputTokens"),
                cache_read: read,
                cache_write: write,
                reasoning: count("reasoningTokens"),
                cost: None,
            }));
        }
        let Some(details) = data.get("tokenDetails").filter(|_| !told) else { return };
        let count = |key| details.get(key).and_then(|kind| lenient_json::number(kind, "tokenCount")).unwrap_or(0);
        at.push(Body::Usage(Usage {
            message_id: Some(format!("run-{run}")),
            model: lenient_json::owned(data, "currentModel"),
            input: count("input"),
            output: count("output"),
            cache_read: count("cache_read"),
            cache_write: count("cache_write"),
            ..Usage::default()
        }));
    }
}

/// A call of a tool.
pub(super) fn called(name: &str, id: &str, input: &Value, model: Option<String>) -> Body {
    let call_id = Some(id.to_owned());
    match lenient_json::text(input, "command").filter(|_| is_shell_tool(name)) {
        Some(command) => Body::Command(Command {
            call_id,
            name: name.to_owned(),
            command: command.to_owned(),
            description: lenient_json::owned(input, "description"),
            cwd: lenient_json::owned(input, "cwd"),
            model,
        }),
        None => Body::ToolCall(ToolCall { call_id, name: name.to_owned(), input: input.clone(), model }),
    }
}

/// The edits that a call wants to make.
fn wanted_edits(name: &str, input: &Value, id: &str) -> Vec<Edit> {
    let text = |key| input.get(key).and_then(Value::as_str).unwrap_or_default();
    let path = || lenient_json::owned(input, "path");
    let call_id = Some(id);
    let edit = match name {
        "create" => path().map(|path| Hunks::between("", text("file_text")).edit(path, EditOperation::Create, call_id)),
        "edit" | "str_replace" => path()
            .map(|path| Hunks::between(text("old_str"), text("new_str")).edit(path, EditOperation::Update, call_id)),
        "apply_patch" => {
            let patch =
                input.as_str().or_else(|| lenient_json::any_text(input, &["input", "patch"])).and_then(patch::inside);
            let mut edits = patch.map(patch::edits).unwrap_or_default();
            for edit in &mut edits {
                edit.call_id = call_id.map(str::to_owned);
            }
            return edits;
        }
        _ => None,
    };
    edit.into_iter().collect()
}

/// The exit code that ends a shell's output, or that stands apart in newer versions.
fn exit_code(result: &Value, text: &str) -> Option<i32> {
    let apart = lenient_json::list(result, "contents").iter().find_map(|part| part.get("exitCode")?.as_i64());
    if let Some(code) = apart {
        return i32::try_from(code).ok();
    }
    // `<exited with exit code 0>`, `<shellId: 0 completed with exit code 0>`: a line of its own, the last one.
    let last = text.trim_end().lines().next_back()?.strip_prefix('<')?.strip_suffix('>')?;
    last.rsplit_once("with exit code ")?.1.parse().ok()
}

fn attachment(attachment: &Value) -> Part {
    let name =
        lenient_json::any_text(attachment, &["path", "filePath", "displayName", "name", "url"]).map(str::to_owned);
    let media_type = lenient_json::any_text(attachment, &["mimeType", "mediaType"]).map(str::to_owned);
    let is_image = media_type.as_deref().is_some_and(|media| media.starts_with("image/"));
    let bytes = lenient_json::text(attachment, "data").map(|data| data.len() as u64 / 4 * 3);
    lenient_json::data_part(if is_image { "image" } else { "document" }, name, media_type, bytes)
}

fn subagent(data: &Value, status: Option<Status>) -> Body {
    let call_id = lenient_json::owned(data, "toolCallId");
    Body::Subagent(Subagent {
        agent_id: None,
        call_id,
        name: lenient_json::owned(data, "agentName"),
        description: lenient_json::owned(data, "agentDisplayName"),
        status,
    })
}

/// History was cut: what came after an event is void.
fn rollback(data: &Value) -> Body {
    let mut fields = Extra::new();
    fields.insert("type".to_owned(), "rollback".into());
    if let Some(id) = lenient_json::owned(data, "upToEventId") {
        fields.insert("up_to".to_owned(), id.into());
    }
    if let Some(events) = lenient_json::number(data, "eventsRemoved") {
        fields.insert("events".to_owned(), events.into());
    }
    Body::Unknown(Unknown { fields })
}

fn system(text: Option<&str>, at: &mut At<'_>) {
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        let content = Content::Text(text.to_owned());
        at.push(Body::Message(Message { role: Role::System, content, tool_calls: Vec::new(), model: None }));
    }
}

/// A list in Markdown: `- [x] done`.
fn checklist(text: &str) -> Todo {
    let item = |line: &str| {
        let rest = line.trim_start().strip_prefix(['-', '*'])?.trim_start().strip_prefix('[')?;
        let (mark, content) = rest.split_once(']')?;
        let status = match mark.trim() {
            "x" | "X" => TodoStatus::Completed,
            "" => TodoStatus::Pending,
            _ => TodoStatus::InProgress,
        };
        Some(TodoItem { id: None, content: content.trim().to_owned(), status })
    };
    Todo { items: text.lines().filter_map(item).collect() }
}

/// A deriver of such a log, at its beginning or where `state` was taken.
pub(crate) fn taken_up(state: Option<&[u8]>) -> Result<Events, crate::StateError> {
    Ok(Events { state: State::take_up(state)? })
}
