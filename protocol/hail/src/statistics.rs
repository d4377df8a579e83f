//! Figures of one session, added up event by event.

mod timeline;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use timeline::{MAX_SLOTS, SLOT_SECONDS, Slot, Timeline, Work};

use crate::{Body, Edit, Event, Role, Status, Usage};

/// Gaps between events that are longer than this, in milliseconds, are time in which nobody worked.
pub const IDLE_GAP_MS: u64 = 5 * 60 * 1000;

/// The most files that are counted one by one.
pub const MAX_FILES: usize = 10_000;

/// How many of the last responses are remembered to find corrections of their usage.
pub const MAX_RESPONSES: usize = 256;

/// The longest path that is counted by itself, in bytes.
const MAX_PATH_BYTES: usize = 4096;

/// Figures of one session. They are exact whether the events are added in one go or in many, with the value serialised
/// and read back in between: its serialised form is the whole state.
///
/// What sub-agents do inside the session counts as calls, results, errors and edits, and as active time; their prompts
/// and messages are no turns, and what they cost stands apart in `subagent_tokens`. Cost is what the session cost, with
/// its sub-agents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Statistics {
    /// Prompts of the person.
    #[serde(skip_serializing_if = "is_zero")]
    pub turns: u64,
    /// Messages of the agent.
    #[serde(skip_serializing_if = "is_zero")]
    pub agent_messages: u64,
    /// Tool calls and shell commands.
    #[serde(skip_serializing_if = "is_zero")]
    pub calls: u64,
    /// Results of calls.
    #[serde(skip_serializing_if = "is_zero")]
    pub results: u64,
    /// Results that are failures. What the person refused or stopped is none.
    #[serde(skip_serializing_if = "is_zero")]
    pub errors: u64,
    /// Changes to files.
    #[serde(skip_serializing_if = "is_zero")]
    pub edits: u64,
    /// Lines added, over all edits.
    #[serde(skip_serializing_if = "is_zero")]
    pub added: u64,
    /// Lines removed, over all edits.
    #[serde(skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// The files changed, under their last names; at most [`MAX_FILES`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, FileStatistics>,
    /// Edits of files beyond that bound. They are counted in `edits`, `added` and `removed`.
    #[serde(skip_serializing_if = "is_zero")]
    pub edits_of_other_files: u64,
    /// Tokens of the session's own agent.
    #[serde(skip_serializing_if = "Tokens::is_zero")]
    pub tokens: Tokens,
    /// Tokens of sub-agents whose events stand inside the session.
    #[serde(skip_serializing_if = "Tokens::is_zero")]
    pub subagent_tokens: Tokens,
    /// Cost in US dollars, as logged; `None` where it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Time between events without gaps of more than [`IDLE_GAP_MS`], in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub active_ms: u64,
    /// Time of the earliest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Time of the latest event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// The same by time and model.
    #[serde(skip_serializing_if = "Timeline::is_empty")]
    pub timeline: Timeline,
    /// What was counted of the last responses, oldest first.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    responses: VecDeque<Response>,
}

/// What was done to one file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileStatistics {
    /// Edits of it.
    pub edits: u64,
    /// Lines added, over all edits.
    #[serde(skip_serializing_if = "is_zero")]
    pub added: u64,
    /// Lines removed, over all edits.
    #[serde(skip_serializing_if = "is_zero")]
    pub removed: u64,
}

/// Tokens by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Input tokens that came from no cache.
    pub input: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
    /// Input tokens read from a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_read: u64,
    /// Input tokens written to a cache.
    #[serde(skip_serializing_if = "is_zero")]
    pub cache_write: u64,
    /// The part of `output` that was reasoning.
    #[serde(skip_serializing_if = "is_zero")]
    pub reasoning: u64,
}

impl Statistics {
    /// Adds the next event.
    pub fn add(&mut self, event: &Event) {
        if let Some(ts) = event.ts {
            self.timeline.move_to(ts);
            self.add_time(ts);
        }
        if let Some(model) = model_at_work(event) {
            self.timeline.switch_to(model);
        }
        match &event.body {
            Body::Message(message) if event.subagent.is_none() => match message.role {
                Role::Human => {
                    self.turns += 1;
                    self.timeline.work().turns += 1;
                }
                Role::Agent => self.agent_messages += 1,
                Role::System => {}
            },
            Body::ToolCall(_) | Body::Command(_) => {
                self.calls += 1;
                self.timeline.work().calls += 1;
            }
            Body::ToolResult(result) => {
                let errors = u64::from(result.status == Status::Error);
                self.results += 1;
                self.errors += errors;
                let work = self.timeline.work();
                work.results += 1;
                work.errors += errors;
            }
            Body::Edit(edit) => self.add_edit(edit),
            Body::Usage(usage) => self.add_usage(usage, event.subagent.is_some()),
            _ => {}
        }
    }

    /// Records out of order (of parallel calls, of a clock set back) add no time.
    fn add_time(&mut self, ts: Timestamp) {
        if let Some(last) = self.last
            && let Ok(gap) = u64::try_from(ts.duration_since(last).as_millis())
            && gap <= IDLE_GAP_MS
        {
            self.active_ms += gap;
            self.timeline.work().active_ms += gap;
        }
        self.first = Some(self.first.map_or(ts, |first| first.min(ts)));
        self.last = Some(self.last.map_or(ts, |last| last.max(ts)));
    }

    fn add_edit(&mut self, edit: &Edit) {
        let (added, removed) = changed_lines(edit);
        self.edits += 1;
        self.added = self.added.saturating_add(added);
        self.removed = self.removed.saturating_add(removed);

        let renamed = edit.to.as_ref().and_then(|_| self.files.remove(&edit.path));
        let path = edit.to.as_ref().unwrap_or(&edit.path);
        let is_new = !self.files.contains_key(path);
        let work = self.timeline.work();
        work.edits += 1;
        work.added = work.added.saturating_add(added);
        work.removed = work.removed.saturating_add(removed);
        work.files += u64::from(is_new && renamed.is_none());
        let mut file = renamed.unwrap_or_default();
        if is_new && (self.files.len() >= MAX_FILES || path.len() > MAX_PATH_BYTES) {
            self.edits_of_other_files = self.edits_of_other_files.saturating_add(file.edits + 1);
            return;
        }
        file.add(FileStatistics { edits: 1, added, removed });
        self.files.entry(path.clone()).or_default().add(file);
    }

    /// Agents log the usage of one response several times, each with more or with the same. Each kind's largest count
    /// holds, so only what goes beyond the counts of before is added.
    fn add_usage(&mut self, usage: &Usage, in_subagent: bool) {
        let counted = Response {
            id: usage.message_id.as_deref().map_or(0, hash),
            tokens: Tokens::of(usage),
            cost: usage.cost.filter(|cost| cost.is_finite()),
        };
        let mut before = Response::default();
        if usage.message_id.is_some() {
            if let Some(known) = self.responses.iter_mut().rev().find(|known| known.id == counted.id) {
                before = *known;
                known.tokens = before.tokens.max(counted.tokens);
                known.cost = match (before.cost, counted.cost) {
                    (Some(before), Some(now)) => Some(before.max(now)),
                    (before, now) => before.or(now),
                };
            } else {
                if self.responses.len() >= MAX_RESPONSES {
                    self.responses.pop_front();
                }
                self.responses.push_back(counted);
            }
        }
        let new = counted.tokens.beyond(before.tokens);
        let tokens = if in_subagent { &mut self.subagent_tokens } else { &mut self.tokens };
        tokens.add(new);
        let more = counted.cost.map(|cost| (cost - before.cost.unwrap_or(0.0)).max(0.0));
        if let Some(more) = more {
            self.cost = Some(self.cost.unwrap_or(0.0) + more);
        }
        if new != Tokens::default() || more.is_some() {
            let work = self.timeline.work_of(usage.model.as_deref().filter(|model| is_model(model)));
            work.tokens.add(new);
            if let Some(more) = more {
                work.cost = Some(work.cost.unwrap_or(0.0) + more);
            }
        }
    }
}

/// The model that an event of the session's own agent tells.
fn model_at_work(event: &Event) -> Option<&str> {
    let model = match &event.body {
        Body::Message(message) => &message.model,
        Body::Thinking(thinking) => &thinking.model,
        Body::ToolCall(call) => &call.model,
        Body::Command(command) => &command.model,
        Body::Usage(usage) => &usage.model,
        _ => return None,
    };
    model.as_deref().filter(|model| event.subagent.is_none() && is_model(model))
}

/// Clients write a name in angle brackets where no model answered: `<synthetic>`.
fn is_model(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('<')
}

/// Lines that an edit added and removed: its own figures, or what its diff shows.
pub fn changed_lines(edit: &Edit) -> (u64, u64) {
    if let (Some(added), Some(removed)) = (edit.added, edit.removed) {
        return (added, removed);
    }
    let (mut added, mut removed) = (0, 0);
    let diff = edit.diff.as_deref().unwrap_or_default();
    // File headers should not be there; where they are, they are no change.
    let has_headers = ["--- ", "diff ", "Index: "].iter().any(|start| diff.starts_with(start));
    let hunks = if has_headers { diff.find("\n@@").unwrap_or(0) } else { 0 };
    for line in diff[hunks..].lines() {
        match line.as_bytes().first() {
            Some(b'+') => added += 1,
            Some(b'-') => removed += 1,
            _ => {}
        }
    }
    (edit.added.unwrap_or(added), edit.removed.unwrap_or(removed))
}

impl FileStatistics {
    fn add(&mut self, other: FileStatistics) {
        self.edits = self.edits.saturating_add(other.edits);
        self.added = self.added.saturating_add(other.added);
        self.removed = self.removed.saturating_add(other.removed);
    }
}

impl Tokens {
    /// All tokens that went in and out. Reasoning is part of the output.
    pub fn total(&self) -> u64 {
        self.input.saturating_add(self.output).saturating_add(self.cache_read).saturating_add(self.cache_write)
    }

    fn of(usage: &Usage) -> Self {
        Tokens {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
            reasoning: usage.reasoning,
        }
    }

    fn is_zero(&self) -> bool {
        *self == Tokens::default()
    }

    fn add(&mut self, other: Tokens) {
        *self = self.zip(other, u64::saturating_add);
    }

    fn max(self, other: Tokens) -> Tokens {
        self.zip(other, u64::max)
    }

    fn beyond(self, other: Tokens) -> Tokens {
        self.zip(other, u64::saturating_sub)
    }

    fn zip(self, other: Tokens, combine: impl Fn(u64, u64) -> u64) -> Tokens {
        Tokens {
            input: combine(self.input, other.input),
            output: combine(self.output, other.output),
            cache_read: combine(self.cache_read, other.cache_read),
            cache_write: combine(self.cache_write, other.cache_write),
            reasoning: combine(self.reasoning, other.reasoning),
        }
    }
}

/// What was counted of one response. Serialised as an array, for there are many of it in the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "ResponseRow", into = "ResponseRow")]
struct Response {
    /// Hash of its id.
    id: u64,
    tokens: Tokens,
    cost: Option<f64>,
}

type ResponseRow = (u64, [u64; 5], Option<f64>);

impl From<ResponseRow> for Response {
    fn from((id, [input, output, cache_read, cache_write, reasoning], cost): ResponseRow) -> Self {
        Response { id, tokens: Tokens { input, output, cache_read, cache_write, reasoning }, cost }
    }
}

impl From<Response> for ResponseRow {
    fn from(Response { id, tokens, cost }: Response) -> Self {
        (id, [tokens.input, tokens.output, tokens.cache_read, tokens.cache_write, tokens.reasoning], cost)
    }
}

/// FNV-1a, 64 bits: the state outlives the program, so the hash must be the same for ever.
/// <http://www.isthe.com/chongo/tech/comp/fnv/>
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
