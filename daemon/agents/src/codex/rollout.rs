//! Rollouts of all generations, record by record.

use std::borrow::Cow;

use jiff::Timestamp;
use opensession_hail::{Body, Compaction, ErrorEvent, Event, Extra, Relation, Title, Unknown, Usage};
use serde_json::value::RawValue;

use super::{
    record::{Document, Item, Line, Origin, Raw, Repository, Spawned, Text, TokenInfo, Tokens, read, string},
    state::{Said, State, Stream, VERSION, hash_words},
};
use crate::{
    Derived, Deriver, Facts, Problem, Record, StateError,
    derive::{self, Activity},
};

/// Derives one session from its rollout.
pub(super) struct Rollout {
    pub(super) state: State,
    /// The id that the file's name tells.
    native_id: String,
    /// The whole session is one record.
    whole: bool,
}

/// Where a line stands, and the events that come of it.
pub(super) struct At<'a> {
    pub(super) ts: Option<Timestamp>,
    pub(super) derived: &'a mut Derived,
}

impl At<'_> {
    pub(super) fn push(&mut self, id: String, body: Body) {
        self.derived.events.push(Event { id: Some(id), ts: self.ts, ..Event::new(body) });
    }
}

impl Rollout {
    /// A deriver at the beginning of a session, or where `state` was taken.
    pub(super) fn new(native_id: &str, whole: bool, state: Option<&[u8]>) -> Result<Self, StateError> {
        let new = || Ok(State { version: VERSION, ..State::default() });
        let state = state.map_or_else(new, |state| derive::take_up(state, VERSION))?;
        Ok(Self { state, native_id: native_id.to_owned(), whole })
    }

    fn line(&mut self, line: &Line<'_>, text: &str, at: &mut At<'_>) -> Result<(), serde_json::Error> {
        let Some(payload) = &line.payload else {
            if line.record_type.get().is_none() {
                self.bare(&serde_json::from_str(text)?, at);
            }
            return Ok(());
        };
        self.state.facts.saw(at.ts);
        match line.kind.get() {
            Some("response_item") => self.response(payload, at),
            Some("event_msg") => match payload.completed {
                Some(item) if payload.kind.get() == Some("item_completed") => {
                    self.completed(&serde_json::from_str(item.get())?, at);
                }
                _ => self.event(payload, at),
            },
            Some("turn_context") => self.turn(payload),
            Some("session_meta") => self.introduce(payload),
            Some("compacted") => self.compaction(Stream::Model, payload.message.get().unwrap_or_default(), at),
            Some("token_usage_record") => self.response_usage(payload, at),
            _ => {}
        }
        Ok(())
    }

    /// A line without envelope: a response item, or the session's introduction.
    fn bare(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        if item.kind.get().is_some() {
            self.response(item, at);
        } else if item.id.get().is_some() && item.timestamp.get().is_some() {
            self.introduce(item);
        }
    }

    fn document(&mut self, text: &str, at: &mut At<'_>) -> Result<(), serde_json::Error> {
        let document: Document<'_> = serde_json::from_str(text)?;
        if let Some(session) = &document.session {
            self.introduce(session);
        }
        for raw in document.items {
            match serde_json::from_str::<Item<'_>>(raw.get()) {
                Ok(item) => {
                    self.state.records += 1;
                    self.response(&item, at);
                }
                Err(error) => at.derived.problems.push(Problem { record: 1, position: 0, reason: reason(&error) }),
            }
        }
        Ok(())
    }

    /// Takes what `session_meta` tells. Only the first one is the session's own: a fork holds its parent's too.
    fn introduce(&mut self, meta: &Item<'_>) {
        if self.state.introduced {
            let facts = &mut self.state.facts;
            if facts.parent.is_none()
                && let Some(id) = meta.id.get().filter(|id| super::is_uuid(id))
                && facts.native_id.as_deref() != Some(id)
            {
                facts.parent = Some((id.to_owned(), Relation::Fork));
            }
            return;
        }
        self.state.introduced = true;
        self.state.facts.saw(parse_time(&meta.timestamp));
        let git: Repository<'_> = read(meta.git).unwrap_or_default();
        let parent = self.parent_of(meta);
        let facts = &mut self.state.facts;
        facts.native_id = meta.id.owned();
        facts.cwd = meta.cwd.owned();
        facts.last_cwd.clone_from(&facts.cwd);
        facts.agent_version = meta.cli_version.owned();
        facts.branch = git.branch.owned();
        facts.commit = git.commit_hash.owned();
        facts.repository = git.url.owned();
        facts.parent = parent;
    }

    fn parent_of(&mut self, meta: &Item<'_>) -> Option<(String, Relation)> {
        let origin: Origin<'_> = read(meta.source.filter(|raw| raw.get().starts_with('{'))).unwrap_or_default();
        if let Some(subagent) = origin.subagent {
            let spawned: Spawned<'_> =
                read(Some(subagent).filter(|raw| raw.get().starts_with('{'))).unwrap_or_default();
            let spawn = spawned.thread_spawn.unwrap_or_default();
            self.state.facts.subagent_type = string(Some(subagent))
                .map(Cow::into_owned)
                .or_else(|| spawn.agent_role.owned())
                .or_else(|| meta.agent_role.owned())
                .or_else(|| spawned.other.owned());
            let own = meta.id.get();
            return [&meta.parent_thread_id, &spawn.parent_thread_id, &meta.forked_from_id, &meta.session_id]
                .into_iter()
                .filter_map(Text::get)
                .find(|id| own != Some(*id))
                .map(|id| (id.to_owned(), Relation::Subagent));
        }
        if let Some(parent) = meta.forked_from_id.owned() {
            return Some((parent, Relation::Fork));
        }
        meta.parent_thread_id.owned().map(|parent| (parent, Relation::Subagent))
    }

    fn turn(&mut self, turn: &Item<'_>) {
        let facts = &mut self.state.facts;
        replace(&mut facts.model, &turn.model);
        replace(&mut facts.last_cwd, &turn.cwd);
        if facts.cwd.is_none() {
            facts.cwd.clone_from(&facts.last_cwd);
        }
    }

    fn response(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        match item.kind.get().unwrap_or_default() {
            "message" => match item.role.get() {
                Some("user") => self.user(Stream::Model, item, at),
                Some("assistant") => self.agent_message(Stream::Model, item, at),
                _ => {}
            },
            "reasoning" => self.reasoning(Stream::Model, item, at),
            "function_call" | "custom_tool_call" | "local_shell_call" | "tool_search_call" => self.call(item, at),
            "function_call_output" | "custom_tool_call_output" => self.output(item, at),
            "tool_search_output" => self.found_tools(item, at),
            "web_search_call" => self.search(Stream::Model, item, at),
            "image_generation_call" => self.generated_image(item, at),
            "agent_message" => self.mail(item, at),
            _ => {}
        }
    }

    fn event(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        match item.kind.get().unwrap_or_default() {
            "token_count" => self.total_usage(item, at),
            "user_message" => self.user(Stream::Person, item, at),
            "agent_message" => self.agent_message(Stream::Person, item, at),
            "agent_reasoning" | "agent_reasoning_raw_content" => self.reasoning(Stream::Person, item, at),
            "task_started" | "turn_started" => self.state.facts.activity = Activity::Working,
            "task_complete" | "turn_complete" => self.turn_ended(item, at),
            "turn_aborted" => self.aborted(Stream::Person, item.reason.get(), at),
            "context_compacted" => self.compaction(Stream::Person, "", at),
            "patch_apply_end" => self.patch_applied(item, at),
            "exec_command_end" => self.command_ended(item, at),
            "mcp_tool_call_end" => self.mcp_call_ended(item, at),
            "dynamic_tool_call_request" => self.dynamic_call(item, at),
            "dynamic_tool_call_response" => self.dynamic_call_ended(item, at),
            "web_search_end" => self.search(Stream::Person, item, at),
            "image_generation_end" => self.generated_image(item, at),
            "view_image_tool_call" => self.viewed_image(item, at),
            "collab_agent_spawn_end" => self.spawned(item, at),
            "collab_close_end" => self.closed(item, at),
            "exited_review_mode" => self.reviewed(item, at),
            "thread_name_updated" => self.named(item, at),
            "thread_rolled_back" => self.rolled_back(item, at),
            "error" | "stream_error" => {
                let code = item.codex_error_info.and_then(error_code);
                self.failed(Stream::Person, item.message.get().unwrap_or_default(), code, at);
            }
            _ => {}
        }
    }

    fn completed(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        match item.kind.get().unwrap_or_default() {
            "UserMessage" => self.user(Stream::Person, item, at),
            "AgentMessage" => self.agent_message(Stream::Person, item, at),
            "Reasoning" => self.reasoning(Stream::Person, item, at),
            "Plan" => self.plan(Stream::Person, item.id.get(), item.text.get().unwrap_or_default(), at),
            "CommandExecution" => self.command_ended(item, at),
            "FileChange" => self.patch_applied(item, at),
            "McpToolCall" => self.mcp_call_ended(item, at),
            "DynamicToolCall" => self.dynamic_call_ended(item, at),
            "WebSearch" | "Extension" => self.search(Stream::Person, item, at),
            "ImageView" => self.viewed_image(item, at),
            "ImageGeneration" => self.generated_image(item, at),
            "ContextCompaction" => self.compaction(Stream::Person, "", at),
            _ => {}
        }
    }

    fn compaction(&mut self, stream: Stream, summary: &str, at: &mut At<'_>) {
        if self.is_first(stream, Said::Compaction, 0, None) {
            let id = self.state.ids.next(hash_words("compaction", summary));
            at.push(id, Body::Compaction(Compaction { content: summary.to_owned(), ..Compaction::default() }));
        }
    }

    pub(super) fn aborted(&mut self, stream: Stream, reason: Option<&str>, at: &mut At<'_>) {
        self.state.facts.activity = Activity::Interrupted;
        self.state.calls.forget_patches();
        if self.is_first(stream, Said::Aborted, 0, None) {
            let reason = reason.unwrap_or("interrupted");
            let id = self.state.ids.next(hash_words("aborted", reason));
            let message = format!("turn aborted: {reason}");
            at.push(id, Body::Error(ErrorEvent { message, code: Some("interrupted".to_owned()) }));
        }
    }

    fn turn_ended(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        self.state.facts.activity = Activity::Idle;
        self.state.calls.forget_patches();
        if let Some(error) = item.error {
            let told: Item<'_> = read(Some(error)).unwrap_or_default();
            let message = string(Some(error)).or(told.message.0).unwrap_or_default();
            self.failed(Stream::Model, &message, told.codex_error_info.and_then(error_code), at);
        }
    }

    fn failed(&mut self, stream: Stream, message: &str, code: Option<String>, at: &mut At<'_>) {
        let hash = hash_words("error", message);
        if self.is_first(stream, Said::Error, hash, None) {
            let id = self.state.ids.next(hash);
            at.push(id, Body::Error(ErrorEvent { message: message.to_owned(), code }));
        }
    }

    fn named(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let Some(title) = item.thread_name.owned() else { return };
        self.state.facts.custom_title = Some(title.clone());
        let id = self.state.ids.next(hash_words("title", &title));
        at.push(id, Body::Title(Title { title, source: Some("human".to_owned()) }));
    }

    fn rolled_back(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let turns = item.num_turns.0.unwrap_or_default();
        let id = self.state.ids.next(hash_words("rollback", &turns.to_string()));
        let mut fields = Extra::new();
        fields.insert("type".to_owned(), "rollback".into());
        fields.insert("turns".to_owned(), turns.into());
        at.push(id, Body::Unknown(Unknown { fields }));
    }

    /// Tokens of one response, told by themselves.
    fn response_usage(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let Some(tokens) = read::<Tokens>(item.usage) else { return };
        self.state.counted_singly = true;
        let hash = || hash_words("usage", &format!("{tokens:?}"));
        let id = item.response_id.owned().unwrap_or_else(|| self.state.ids.next(hash()));
        self.count(id, item.response_id.owned(), tokens, at);
    }

    /// Tokens of the whole session so far: what grew since the last time is one response's. The same total is told
    /// several times, and a total that shrank began anew.
    fn total_usage(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        if self.state.counted_singly {
            return;
        }
        let Some(TokenInfo { total_token_usage: Some(total), last_token_usage: last }) = read(item.info) else {
            return;
        };
        let tokens = match self.state.total.replace(total) {
            Some(before) if before == total => return,
            Some(before) if let Some(grown) = grown(before, total) => grown,
            // A fork goes on from its parent's total, which is not its own.
            _ => last.unwrap_or(total),
        };
        if tokens == Tokens::default() {
            return;
        }
        let id = self.state.ids.next(hash_words("usage", &format!("{total:?}")));
        self.count(id, None, tokens, at);
    }

    fn count(&mut self, id: String, message_id: Option<String>, tokens: Tokens, at: &mut At<'_>) {
        self.state.responses += 1;
        let native_id = self.state.facts.native_id.as_ref().unwrap_or(&self.native_id);
        let message_id = message_id.unwrap_or_else(|| format!("{native_id}:{}", self.state.responses));
        at.push(
            id,
            Body::Usage(Usage {
                message_id: Some(message_id),
                model: self.state.facts.model.clone(),
                input: tokens.input.saturating_sub(tokens.cached),
                output: tokens.output,
                cache_read: tokens.cached,
                cache_write: tokens.written,
                reasoning: tokens.reasoning,
                cost: None,
            }),
        );
    }

    pub(super) fn is_first(&mut self, stream: Stream, said: Said, key: u64, id: Option<u64>) -> bool {
        self.state.twins.is_first(stream, said, key, id, self.state.records)
    }
}

impl Deriver for Rollout {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        if record.side.is_some() {
            return;
        }
        self.state.records += 1;
        let problem = |reason: String| Problem::of(record, reason);
        let (text, damage) = match simdutf8::compat::from_utf8(record.bytes) {
            Ok(text) => (Cow::Borrowed(text), None),
            Err(error) => (String::from_utf8_lossy(record.bytes), Some(format!("not UTF-8: {error}"))),
        };
        let mut at = At { ts: None, derived };
        let failed = if self.whole {
            self.document(&text, &mut at).err()
        } else {
            // A crash, or two processes, may have left several objects on one line.
            let mut lines = serde_json::Deserializer::from_str(&text).into_iter::<Line<'_>>();
            loop {
                let start = lines.byte_offset();
                match lines.next() {
                    None => break None,
                    Some(Err(error)) => break Some(error),
                    Some(Ok(line)) => {
                        at.ts = parse_time(&line.timestamp);
                        if let Err(error) = self.line(&line, &text[start..lines.byte_offset()], &mut at) {
                            break Some(error);
                        }
                    }
                }
            }
        };
        if let Some(reason) = damage.or_else(|| failed.as_ref().map(reason)) {
            derived.problems.push(problem(reason));
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).expect("the state has string keys and no failing serializer")
    }
}

/// `after - before`, when nothing shrank.
fn grown(before: Tokens, after: Tokens) -> Option<Tokens> {
    Some(Tokens {
        input: after.input.checked_sub(before.input)?,
        cached: after.cached.checked_sub(before.cached)?,
        written: after.written.checked_sub(before.written)?,
        output: after.output.checked_sub(before.output)?,
        reasoning: after.reasoning.checked_sub(before.reasoning)?,
    })
}

/// The kind of an error: a string, or the name of an object's only field.
fn error_code(raw: &RawValue) -> Option<String> {
    if let Some(code) = string(Some(raw)) {
        return Some(code.into_owned());
    }
    let fields: serde_json::Map<String, serde_json::Value> = read(Some(raw) as Raw<'_>)?;
    fields.into_iter().next().map(|(name, _)| name)
}

fn replace(known: &mut Option<String>, told: &Text<'_>) {
    if let Some(told) = told.get()
        && known.as_deref() != Some(told)
    {
        *known = Some(told.to_owned());
    }
}

fn parse_time(text: &Text<'_>) -> Option<Timestamp> {
    text.get()?.parse().ok()
}

fn reason(error: &serde_json::Error) -> String {
    let kind = if error.is_data() { "not what is expected" } else { "not JSON" };
    format!("{kind}: {error}")
}
