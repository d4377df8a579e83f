//! From records to events.

use std::borrow::Cow;

use jiff::Timestamp;
use memchr::memmem;
use opensession_hail::{
    Body, Command, Compaction, Content, ErrorEvent, Event, Message, Relation, Role, Subagent, Thinking, Title,
    ToolCall, Unknown, Usage,
};
use serde_json::Value;

use super::{
    prompt::{self, Said},
    record::{Block, Message as ApiMessage, Record},
    result,
    skim::{self, Skim},
    state::{Boundary, Call, State},
    todo,
};
use crate::{Derived, Deriver, Facts, Problem, StateError, derive::Activity};

/// Titles for other sessions that are kept.
const TITLES: usize = 64;

/// Reads the records of one transcript.
#[derive(Debug)]
pub(super) struct ClaudeCodeDeriver {
    state: State,
    /// The transcript is a sub-agent's own: its records are all marked as beside the conversation.
    is_subagent: bool,
    /// The path does not tell the sub-agent's parent: the records do.
    seeks_parent: bool,
}

/// What the events of a record have in common.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin {
    pub(super) id: Option<String>,
    pub(super) ts: Option<Timestamp>,
    pub(super) subagent: Option<String>,
}

impl Origin {
    pub(super) fn event(&self, body: Body) -> Event {
        let mut event = Event::new(body);
        event.id.clone_from(&self.id);
        event.ts = self.ts;
        event.subagent.clone_from(&self.subagent);
        event
    }
}

impl Deriver for ClaudeCodeDeriver {
    fn derive(&mut self, record: &crate::Record<'_>, derived: &mut Derived) {
        let mut problem = |at: usize, reason: String| {
            derived.problems.push(Problem {
                record: record.number,
                position: record.position,
                reason: reason_at(&reason, at),
            });
        };
        let text = match simdutf8::compat::from_utf8(record.bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) => {
                problem(error.valid_up_to(), "not UTF-8".to_owned());
                String::from_utf8_lossy(record.bytes)
            }
        };
        if record.side.is_some() {
            self.take_meta(&text);
            return;
        }
        // Usually one object, sometimes several: two processes wrote to the file at once.
        let mut skim = Skim::new(&text, 0);
        while skim.peek().is_some() {
            let begin = skim.at();
            match Record::read(&mut skim) {
                Ok(record) => self.take_record(&record, None, &mut derived.events),
                Err(broken) => {
                    derived.problems.push(Problem {
                        record: record.number,
                        position: record.position,
                        reason: reason_at(&format!("not JSON: {}", broken.reason), broken.at),
                    });
                    // A record whose beginning was overwritten or torn may be followed by a whole one.
                    let rest = &text.as_bytes()[begin + 1..];
                    let Some(next) = memmem::find(rest, br#"{"parentUuid":"#) else { break };
                    skim = Skim::new(&text, begin + 1 + next);
                }
            }
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        self.state.save()
    }
}

fn reason_at(reason: &str, at: usize) -> String {
    format!("{reason} at column {}", at + 1)
}

impl ClaudeCodeDeriver {
    pub(super) fn new(state: Option<&[u8]>, is_subagent: bool, seeks_parent: bool) -> Result<Self, StateError> {
        let state = state.map_or_else(|| Ok(State::new()), State::load)?;
        Ok(Self { state, is_subagent, seeks_parent })
    }

    /// Takes a sub-agent's `meta.json`.
    fn take_meta(&mut self, text: &str) {
        let facts = &mut self.state.facts;
        if let Some(kind) = skim::string(skim::member(text, "agentType")) {
            facts.subagent_type = Some(kind);
        }
        if let Some(description) = skim::string(skim::member(text, "description")) {
            facts.agent_title = Some(description);
        }
    }

    /// Takes a record; `within` is the origin of the record that it stands in.
    fn take_record(&mut self, record: &Record<'_>, within: Option<&Origin>, events: &mut Vec<Event>) {
        let ts = record.timestamp.and_then(skim::text).and_then(|text| text.parse::<Timestamp>().ok());
        let id = record.uuid.and_then(skim::text);
        let subagent = match within {
            Some(outer) => outer.subagent.clone(),
            None if skim::is_true(record.sidechain) && !self.is_subagent => {
                Some(skim::string(record.agent).unwrap_or_else(|| "sidechain".to_owned()))
            }
            None => None,
        };
        let ts = ts.or(within.and_then(|outer| outer.ts));
        self.note_facts(record, ts);
        let kind = record.kind.and_then(skim::text).unwrap_or_default();
        let is_message = matches!(&*kind, "user" | "assistant");
        if let Some(id) = &id
            && within.is_none()
            && subagent.is_none()
        {
            self.note_place(id, record, is_message, ts, events);
        }
        let origin = Origin { id: id.filter(|id| !id.is_empty()).map(Cow::into_owned), ts, subagent };
        match &*kind {
            "user" => self.take_user(record, &origin, events),
            "assistant" => self.take_assistant(record, &origin, events),
            "system" => self.take_system(record, &origin, events),
            "attachment" => self.take_attachment(record, &origin, events),
            "progress" => {
                if let Some(inner) = &record.data.record
                    && record.data.kind == Some(r#""agent_progress""#)
                {
                    let agent = skim::string(record.data.agent).unwrap_or_else(|| "sidechain".to_owned());
                    let outer = Origin { subagent: Some(agent), ..origin };
                    self.take_record(inner, Some(&outer), events);
                }
            }
            "queue-operation" => self.take_queue(record, &origin, events),
            "summary" => self.take_summary(record, &origin, events),
            "ai-title" => {
                if let Some(title) = skim::string(record.title) {
                    self.set_agent_title(title, &origin, events);
                }
            }
            "custom-title" => {
                if let Some(title) = skim::string(record.title)
                    && self.state.facts.custom_title.as_ref() != Some(&title)
                {
                    let body = Title { title: title.clone(), source: Some("human".to_owned()) };
                    events.push(origin.event(Body::Title(body)));
                    self.state.facts.custom_title = Some(title);
                }
            }
            "pr-link" => self.take_pull_request(record, &origin, events),
            _ => {}
        }
    }

    /// Notes what any record tells of the session.
    fn note_facts(&mut self, record: &Record<'_>, ts: Option<Timestamp>) {
        let facts = &mut self.state.facts;
        facts.saw(ts);
        if let Some(cwd) = record.relocated.or(record.cwd).and_then(skim::text).filter(|cwd| !cwd.is_empty()) {
            if facts.cwd.is_none() {
                facts.cwd = Some(cwd.clone().into_owned());
            }
            set(&mut facts.last_cwd, cwd);
        }
        if let Some(version) = record.version.and_then(skim::text).filter(|version| !version.is_empty()) {
            set(&mut facts.agent_version, version);
        }
        // `HEAD` stands for no branch at all.
        if let Some(branch) = record.branch.and_then(skim::text).filter(|name| !name.is_empty() && name != "HEAD") {
            set(&mut facts.branch, branch);
        }
        if facts.parent.is_none() {
            if self.seeks_parent {
                let session = skim::string(record.session).filter(|session| !session.starts_with("agent-"));
                facts.parent = session.map(|session| (session, Relation::Subagent));
            } else if let Some(forked) = record.forked_from {
                let session = skim::string(skim::member(forked, "sessionId"));
                facts.parent = session.map(|session| (session, Relation::Fork));
            }
        }
    }

    /// Notes the record's place in the tree, and whether a title was waiting for it.
    fn note_place(
        &mut self,
        id: &str,
        record: &Record<'_>,
        is_message: bool,
        ts: Option<Timestamp>,
        events: &mut Vec<Event>,
    ) {
        let parent = record.parent.and_then(skim::text);
        self.state.grow(id, parent.as_deref(), is_message);
        let waiting = &mut self.state.facts.titles_elsewhere;
        if !waiting.is_empty()
            && let Some(at) = waiting.iter().position(|(leaf, _)| leaf == id)
        {
            let (_, title) = waiting.remove(at);
            self.set_agent_title(title, &Origin { ts, ..Origin::default() }, events);
        }
    }

    fn take_summary(&mut self, record: &Record<'_>, origin: &Origin, events: &mut Vec<Event>) {
        let (Some(title), Some(leaf)) = (skim::string(record.title), skim::string(record.leaf)) else { return };
        if self.state.facts.leaves.contains(&leaf) {
            self.set_agent_title(title, origin, events);
            return;
        }
        let waiting = &mut self.state.facts.titles_elsewhere;
        waiting.retain(|(known, _)| *known != leaf);
        if waiting.len() == TITLES {
            waiting.remove(0);
        }
        waiting.push((leaf, title));
    }

    fn set_agent_title(&mut self, title: String, origin: &Origin, events: &mut Vec<Event>) {
        if self.state.facts.agent_title.as_ref() == Some(&title) {
            return;
        }
        let body = Title { title: title.clone(), source: Some("agent".to_owned()) };
        events.push(origin.event(Body::Title(body)));
        self.state.facts.agent_title = Some(title);
    }

    fn take_pull_request(&mut self, record: &Record<'_>, origin: &Origin, events: &mut Vec<Event>) {
        let Some(url) = skim::string(record.pull_request.url) else { return };
        if !self.state.is_new_link(&url) {
            return;
        }
        let mut unknown = Unknown::default();
        unknown.fields.insert("type".to_owned(), Value::from("pr_link"));
        if let Some(number) = skim::number(record.pull_request.number) {
            unknown.fields.insert("number".to_owned(), Value::from(number));
        }
        unknown.fields.insert("url".to_owned(), Value::from(url));
        if let Some(repository) = skim::string(record.pull_request.repository) {
            unknown.fields.insert("repository".to_owned(), Value::from(repository));
        }
        events.push(origin.event(Body::Unknown(unknown)));
    }

    fn take_queue(&mut self, record: &Record<'_>, origin: &Origin, events: &mut Vec<Event>) {
        let content = record.content.and_then(skim::text);
        match record.operation {
            Some(r#""enqueue""#) => {
                if let Some(content) = content {
                    self.state.enqueue(content.into_owned());
                }
            }
            Some(r#""dequeue""#) => self.state.dequeue(),
            Some(r#""popAll""#) => self.state.clear_queue(),
            Some(r#""remove""#) => {
                // Given to the model in the middle of a turn. Versions up to 2.1.7x write it nowhere else. A slash
                // command is written once more when it runs.
                if let Some(text) = self.state.consume(content.as_deref())
                    && !text.starts_with('/')
                {
                    self.say(&text, origin, events);
                }
            }
            _ => {}
        }
    }

    fn take_user(&mut self, record: &Record<'_>, origin: &Origin, events: &mut Vec<Event>) {
        let message = &record.message;
        if skim::is_true(record.compact_summary) {
            let boundary = self.state.compaction.take();
            let content = message_text(message);
            events.push(compaction(boundary, content, origin));
            return;
        }
        let has_result = message.blocks.iter().any(|block| is_kind(block, "tool_result"));
        let by_client = !has_result && (skim::is_true(record.meta) || is_from_client(record.origin));
        if !by_client {
            self.flush_compaction(events);
        }
        for block in &message.blocks {
            if is_kind(block, "tool_result") {
                result::take(&mut self.state, record, block, origin, events);
                self.set_activity(origin, Activity::Working);
            }
        }
        if by_client {
            let text = message_text(message);
            if !prompt::is_caveat(&text) {
                push_message(Role::System, Content::Text(text), None, origin, events);
            }
            return;
        }
        if let Some(text) = message.text.and_then(skim::text) {
            if !self.state.was_told(&text) {
                self.say(&text, origin, events);
            }
            return;
        }
        self.say_blocks(&message.blocks, origin, events);
    }

    /// A prompt that is made of blocks; texts that the client put among them are told apart.
    fn say_blocks(&mut self, blocks: &[Block<'_>], origin: &Origin, events: &mut Vec<Event>) {
        let mut parts = Vec::new();
        for block in blocks {
            let kind = block.kind.and_then(skim::text).unwrap_or_default();
            match &*kind {
                "text" => {
                    let Some(text) = block.text.and_then(skim::text) else { continue };
                    if prompt::is_plain(&text) {
                        if !text.trim().is_empty() {
                            parts.push(prompt::text_part(text.into_owned()));
                        }
                    } else {
                        self.say(&text, origin, events);
                    }
                }
                "image" | "document" => parts.push(prompt::data_part(&kind, block)),
                _ => {}
            }
        }
        if parts.is_empty() {
            return;
        }
        let content = prompt::content(parts);
        let text = content.text();
        if self.state.was_told(&text) {
            return;
        }
        self.note_prompt(&text, origin);
        drop(text);
        push_message(Role::Human, content, None, origin, events);
    }

    /// What a person typed, or what the client wrote as if.
    fn say(&mut self, text: &str, origin: &Origin, events: &mut Vec<Event>) {
        match prompt::classify(text) {
            Said::Prompt(prompt) => {
                self.note_prompt(prompt, origin);
                push_message(Role::Human, Content::Text(prompt.to_owned()), None, origin, events);
            }
            Said::Slash { text, local } => {
                if !local {
                    self.note_prompt(&text, origin);
                }
                push_message(Role::Human, Content::Text(text), None, origin, events);
            }
            Said::Client(text) => push_message(Role::System, Content::Text(text.to_owned()), None, origin, events),
            Said::Shell(command) => {
                self.state.shell.clone_from(&origin.id);
                let command = Command {
                    call_id: origin.id.clone(),
                    name: "!".to_owned(),
                    command: command.to_owned(),
                    ..Command::default()
                };
                events.push(origin.event(Body::Command(command)));
            }
            Said::ShellOutput { stdout, stderr } => {
                let call = self.state.shell.take();
                events.push(origin.event(result::shell_output(call, stdout, stderr)));
            }
            Said::Interruption(text) => {
                let error = ErrorEvent { message: text.to_owned(), code: Some("interrupted".to_owned()) };
                events.push(origin.event(Body::Error(error)));
                self.set_activity(origin, Activity::Interrupted);
            }
            Said::Nothing => {}
        }
    }

    fn note_prompt(&mut self, text: &str, origin: &Origin) {
        if origin.subagent.is_some() {
            return;
        }
        let facts = &mut self.state.facts;
        facts.prompted(text);
        facts.activity = Activity::Working;
    }

    fn set_activity(&mut self, origin: &Origin, activity: Activity) {
        if origin.subagent.is_none() {
            self.state.facts.activity = activity;
        }
    }

    fn take_assistant(&mut self, record: &Record<'_>, origin: &Origin, events: &mut Vec<Event>) {
        self.flush_compaction(events);
        let message = &record.message;
        if skim::is_true(record.api_error) {
            let message = message_text(message);
            let code = prompt::status_code(&message).or_else(|| skim::string(record.error));
            events.push(origin.event(Body::Error(ErrorEvent { message, code })));
            self.set_activity(origin, Activity::Idle);
            return;
        }
        let model = skim::string(message.model).filter(|model| model != "<synthetic>");
        if let Some(model) = &model
            && origin.subagent.is_none()
        {
            set(&mut self.state.facts.model, Cow::Borrowed(model));
        }
        if let Some(text) = message.text.and_then(skim::text) {
            self.agent_says(&text, model.as_ref(), origin, events);
        }
        for block in &message.blocks {
            self.take_block(record, block, model.as_ref(), origin, events);
        }
        if let Some(model) = model {
            self.take_usage(record, model, origin, events);
        }
    }

    fn agent_says(&mut self, text: &str, model: Option<&String>, origin: &Origin, events: &mut Vec<Event>) {
        if text.trim().is_empty() {
            return;
        }
        push_message(Role::Agent, Content::Text(text.to_owned()), model.cloned(), origin, events);
        self.set_activity(origin, Activity::Idle);
    }

    fn take_block(
        &mut self,
        record: &Record<'_>,
        block: &Block<'_>,
        model: Option<&String>,
        origin: &Origin,
        events: &mut Vec<Event>,
    ) {
        match &*block.kind.and_then(skim::text).unwrap_or_default() {
            "text" => {
                if let Some(text) = block.text.and_then(skim::text) {
                    self.agent_says(&text, model, origin, events);
                }
            }
            "thinking" | "redacted_thinking" => {
                let content = block.thinking.and_then(skim::text).unwrap_or_default().into_owned();
                events.push(origin.event(Body::Thinking(Thinking { content, model: model.cloned() })));
                self.set_activity(origin, Activity::Working);
            }
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                self.take_call(block, model, origin, events);
                self.set_activity(origin, Activity::Working);
            }
            kind if kind.ends_with("_tool_result") => {
                result::take(&mut self.state, record, block, origin, events);
            }
            _ => {}
        }
    }

    fn take_call(&mut self, block: &Block<'_>, model: Option<&String>, origin: &Origin, events: &mut Vec<Event>) {
        let call_id = skim::string(block.id);
        let name = skim::string(block.name).unwrap_or_default();
        let input = block.input.unwrap_or("{}");
        let line = if result::is_shell(&name) { skim::string(skim::member(input, "command")) } else { None };
        events.push(origin.event(if let Some(command) = line {
            Body::Command(Command {
                call_id: call_id.clone(),
                name: name.clone(),
                command,
                description: skim::string(skim::member(input, "description")),
                cwd: None,
                model: model.cloned(),
            })
        } else {
            let (call_id, name) = (call_id.clone(), name.clone());
            Body::ToolCall(ToolCall { call_id, name, input: skim::tree(input), model: model.cloned() })
        }));
        match &*name {
            "Task" | "Agent" => {
                let started = Subagent {
                    agent_id: None,
                    call_id: call_id.clone(),
                    name: skim::string(skim::member(input, "subagent_type")),
                    description: skim::string(skim::member(input, "description")),
                    status: None,
                };
                events.push(origin.event(Body::Subagent(started)));
            }
            "TodoWrite" => {
                if let Some(todos) = skim::member(input, "todos") {
                    self.state.set_todos(todo::items(todos));
                    events.push(origin.event(todo::event(&self.state.todos)));
                }
            }
            _ => {}
        }
        if let Some(id) = call_id {
            let input = result::needs_input(&name).then(|| result::needed_input(&name, input));
            self.state.remember_call(Call { id, name, input });
        }
    }

    fn take_usage(&mut self, record: &Record<'_>, model: String, origin: &Origin, events: &mut Vec<Event>) {
        let Some(usage) = record.message.usage else { return };
        let message_id = skim::string(record.message.id).map(|id| match skim::string(record.request) {
            Some(request) => format!("{id}:{request}"),
            None => id,
        });
        let mut found = Usage { message_id, model: Some(model), ..Usage::default() };
        // What comes before damage is good.
        _ = Skim::new(usage, 0).object(|skim, key| {
            let value = skim.value()?;
            let place = match key {
                "input_tokens" => &mut found.input,
                "output_tokens" => &mut found.output,
                "cache_creation_input_tokens" => &mut found.cache_write,
                "cache_read_input_tokens" => &mut found.cache_read,
                _ => return Ok(()),
            };
            *place = skim::number(Some(value)).unwrap_or(0);
            Ok(())
        });
        found.cost = record.cost.and_then(|cost| cost.parse().ok()).filter(|cost: &f64| cost.is_finite());
        if found.input + found.output + found.cache_read + found.cache_write == 0 && found.cost.is_none() {
            return;
        }
        if let Some(usage) = self.state.note_usage(found) {
            events.push(origin.event(Body::Usage(usage)));
        }
    }

    fn take_system(&mut self, record: &Record<'_>, origin: &Origin, events: &mut Vec<Event>) {
        let subtype = record.subtype.and_then(skim::text).unwrap_or_default();
        let content = || record.content.and_then(skim::text).unwrap_or_default();
        match &*subtype {
            "compact_boundary" => {
                self.flush_compaction(events);
                let metadata = record.compact_metadata.unwrap_or("{}");
                self.state.compaction = Some(Boundary {
                    id: origin.id.clone(),
                    ts: origin.ts,
                    trigger: skim::string(skim::member(metadata, "trigger")),
                    tokens_before: skim::number(skim::member(metadata, "preTokens")),
                });
            }
            "api_error" | "error" => {
                let (message, code) = prompt::api_error(record.error.unwrap_or("null"));
                let message = message.unwrap_or_else(|| content().into_owned());
                events.push(origin.event(Body::Error(ErrorEvent { message, code })));
            }
            "api_refusal" => {
                let message = skim::string(record.refusal).unwrap_or_else(|| content().into_owned());
                let code = Some("refused".to_owned());
                events.push(origin.event(Body::Error(ErrorEvent { message, code })));
                self.set_activity(origin, Activity::Idle);
            }
            // Done by the client: the model never sees it.
            "local_command" => {
                let text = match prompt::classify(&content()) {
                    Said::Slash { text, .. } => text,
                    Said::Client(text) | Said::Prompt(text) => text.to_owned(),
                    _ => return,
                };
                push_message(Role::System, Content::Text(text), None, origin, events);
            }
            "turn_duration" if self.state.facts.activity == Activity::Working => {
                self.set_activity(origin, Activity::Idle);
            }
            "" | "informational" | "away_summary" | "model_refusal_fallback" => {
                push_message(Role::System, Content::Text(content().into_owned()), None, origin, events);
            }
            _ => {}
        }
    }

    fn take_attachment(&mut self, record: &Record<'_>, origin: &Origin, events: &mut Vec<Event>) {
        let Some(attachment) = record.attachment else { return };
        let kind = skim::member(attachment, "type").and_then(skim::text).unwrap_or_default();
        let text = |key| skim::string(skim::member(attachment, key));
        let shown = match &*kind {
            "queued_command" => {
                let prompt = skim::member(attachment, "prompt").unwrap_or("null");
                let is_person = !is_from_client(skim::member(attachment, "origin"))
                    && skim::member(attachment, "commandMode") != Some(r#""task-notification""#)
                    && !skim::is_true(skim::member(attachment, "isMeta"));
                if let Some(text) = skim::text(prompt) {
                    if is_person {
                        if !self.state.was_told(&text) {
                            self.say(&text, origin, events);
                        }
                        return;
                    }
                    Some(text.into_owned())
                } else {
                    self.say_blocks(&Block::all(prompt), origin, events);
                    return;
                }
            }
            "hook_success" | "hook_additional_context" | "hook_system_message" => text("content").or_else(|| {
                let lines = Block::all(skim::member(attachment, "content")?);
                let lines: Vec<_> = lines.iter().filter_map(|line| line.text.and_then(skim::text)).collect();
                Some(lines.join("\n"))
            }),
            "hook_non_blocking_error" => text("stderr").or_else(|| text("stdout")),
            "hook_blocking_error" => {
                let error = skim::member(attachment, "blockingError");
                error.and_then(|error| skim::string(skim::member(error, "blockingError")))
            }
            _ => None,
        };
        if let Some(text) = shown {
            push_message(Role::System, Content::Text(text), None, origin, events);
        }
    }

    /// Tells of a compaction whose summary did not come.
    fn flush_compaction(&mut self, events: &mut Vec<Event>) {
        if let Some(boundary) = self.state.compaction.take() {
            events.push(compaction(Some(boundary), String::new(), &Origin::default()));
        }
    }
}

/// The one event of a compaction. It takes the boundary's place, or the summary's where there is no boundary.
fn compaction(boundary: Option<Boundary>, content: String, summary: &Origin) -> Event {
    let Some(boundary) = boundary else {
        return summary.event(Body::Compaction(Compaction { content, trigger: None, tokens_before: None }));
    };
    let origin = Origin { id: boundary.id, ts: boundary.ts, subagent: summary.subagent.clone() };
    origin.event(Body::Compaction(Compaction {
        content,
        trigger: boundary.trigger,
        tokens_before: boundary.tokens_before,
    }))
}

/// The texts of a message, joined by line feeds.
fn message_text(message: &ApiMessage<'_>) -> String {
    if let Some(text) = message.text.and_then(skim::text) {
        return text.into_owned();
    }
    let texts: Vec<_> = message.blocks.iter().filter_map(|block| block.text.and_then(skim::text)).collect();
    texts.join("\n")
}

fn push_message(role: Role, content: Content, model: Option<String>, origin: &Origin, events: &mut Vec<Event>) {
    if matches!(&content, Content::Text(text) if text.trim().is_empty()) {
        return;
    }
    events.push(origin.event(Body::Message(Message { role, content, tool_calls: Vec::new(), model })));
}

fn is_kind(block: &Block<'_>, kind: &str) -> bool {
    block.kind.and_then(skim::text).is_some_and(|found| found == kind)
}

/// Whether `origin` names a sender that is no person.
fn is_from_client(origin: Option<&str>) -> bool {
    let kind = origin.and_then(|origin| skim::member(origin, "kind")).and_then(skim::text);
    kind.is_some_and(|kind| {
        matches!(&*kind, "task-notification" | "coordinator" | "peer" | "teammate" | "channel" | "hook" | "cron")
    })
}

fn set(place: &mut Option<String>, text: Cow<'_, str>) {
    if place.as_deref() != Some(&*text) {
        *place = Some(text.into_owned());
    }
}
