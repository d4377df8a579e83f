//! What a deriver remembers from one record to the next. Everything in it is bounded.

use std::collections::VecDeque;

use jiff::Timestamp;
use opensession_hail::{TodoItem, Usage};
use serde::{Deserialize, Serialize};

use crate::{Facts, StateError, derive};

/// Changes whenever records would be read into other events or other state than before.
const VERSION: u32 = 1;

const CALLS: usize = 256;
/// Bytes of inputs kept for calls that have no result yet.
const INPUT_BYTES: usize = 64 << 10;
const RESPONSES: usize = 256;
const QUEUED: usize = 64;
const BRANCHES: usize = 16;
const TODOS: usize = 256;
const LINKS: usize = 16;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    pub(super) facts: Facts,
    /// Calls without a result.
    calls: VecDeque<Call>,
    /// What was last told of recent model responses.
    responses: VecDeque<Counted>,
    /// Prompts typed while the agent was busy.
    queued: VecDeque<Queued>,
    /// Hashes of prompts that were taken from the queue and told, and may come again as records.
    told: VecDeque<u64>,
    /// The last record of each branch of the tree of records; its last message stands in [`Facts::leaves`].
    tips: Vec<String>,
    pub(super) todos: Vec<TodoItem>,
    /// A compaction whose summary has not come yet.
    pub(super) compaction: Option<Boundary>,
    /// The person's shell command whose output has not come yet.
    pub(super) shell: Option<String>,
    /// Pull requests that were told.
    links: VecDeque<String>,
}

/// A call without a result.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) id: String,
    pub(super) name: String,
    /// The input as it is written, for tools whose result does not repeat what we need of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) input: Option<String>,
}

/// A prompt that waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Queued {
    text: String,
    /// It has come as a record already.
    told: bool,
}

/// A response, by the hash of its id, and its counts: input, output, read from a cache, written to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Counted(u64, [u64; 4]);

/// Where the history was compacted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Boundary {
    pub(super) id: Option<String>,
    pub(super) ts: Option<Timestamp>,
    pub(super) trigger: Option<String>,
    pub(super) tokens_before: Option<u64>,
}

impl State {
    pub(super) fn new() -> Self {
        Self {
            version: VERSION,
            facts: Facts::default(),
            calls: VecDeque::new(),
            responses: VecDeque::new(),
            queued: VecDeque::new(),
            told: VecDeque::new(),
            tips: Vec::new(),
            todos: Vec::new(),
            compaction: None,
            shell: None,
            links: VecDeque::new(),
        }
    }

    pub(super) fn load(bytes: &[u8]) -> Result<Self, StateError> {
        derive::take_up(bytes, VERSION)
    }

    pub(super) fn save(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("strings, numbers and lists of them are always JSON")
    }

    pub(super) fn remember_call(&mut self, call: Call) {
        self.calls.push_back(call);
        if self.calls.len() > CALLS {
            self.calls.pop_front();
        }
        let mut bytes: usize = self.calls.iter().filter_map(|call| call.input.as_ref()).map(String::len).sum();
        for call in &mut self.calls {
            if bytes <= INPUT_BYTES {
                break;
            }
            bytes -= call.input.take().map_or(0, |input| input.len());
        }
    }

    /// Takes the call that a result answers.
    pub(super) fn take_call(&mut self, id: &str) -> Option<Call> {
        let at = self.calls.iter().rposition(|call| call.id == id)?;
        self.calls.remove(at)
    }

    /// Notes the tokens of a response: `usage` with the largest counts so far, unless they have been told already.
    pub(super) fn note_usage(&mut self, mut usage: Usage) -> Option<Usage> {
        let Some(id) = &usage.message_id else { return Some(usage) };
        let id = fingerprint(id);
        let tokens = [usage.input, usage.output, usage.cache_read, usage.cache_write];
        let Some(Counted(_, known)) = self.responses.iter_mut().rev().find(|known| known.0 == id) else {
            self.responses.push_back(Counted(id, tokens));
            if self.responses.len() > RESPONSES {
                self.responses.pop_front();
            }
            return Some(usage);
        };
        let mut grown = false;
        for (known, count) in known.iter_mut().zip(tokens) {
            grown |= count > *known;
            *known = count.max(*known);
        }
        [usage.input, usage.output, usage.cache_read, usage.cache_write] = *known;
        grown.then_some(usage)
    }

    pub(super) fn enqueue(&mut self, text: String) {
        self.queued.push_back(Queued { text, told: false });
        if self.queued.len() > QUEUED {
            self.queued.pop_front();
        }
    }

    /// The queue's first prompt leaves it: to come as a record next.
    pub(super) fn dequeue(&mut self) {
        let at = self.queued.iter().position(|queued| queued.told).unwrap_or(0);
        self.queued.remove(at);
    }

    /// A prompt leaves the queue for a turn under way. It, unless it came as a record already.
    pub(super) fn consume(&mut self, text: Option<&str>) -> Option<String> {
        let named = text.and_then(|text| self.queued.iter().position(|queued| queued.text == text));
        let at = named.or_else(|| self.queued.iter().position(|queued| queued.told)).unwrap_or(0);
        let queued = self.queued.remove(at)?;
        if queued.told {
            return None;
        }
        self.told.push_back(fingerprint(&queued.text));
        if self.told.len() > QUEUED {
            self.told.pop_front();
        }
        Some(queued.text)
    }

    /// The queue goes back to the input line.
    pub(super) fn clear_queue(&mut self) {
        self.queued.clear();
    }

    /// Whether a prompt that comes as a record was told when it left the queue.
    pub(super) fn was_told(&mut self, text: &str) -> bool {
        if self.queued.is_empty() && self.told.is_empty() {
            return false;
        }
        if let Some(queued) = self.queued.iter_mut().find(|queued| !queued.told && queued.text.trim() == text.trim()) {
            queued.told = true;
            return false;
        }
        let fingerprint = fingerprint(text);
        let at = self.told.iter().position(|&told| told == fingerprint);
        at.is_some_and(|at| self.told.remove(at).is_some())
    }

    /// Grows the tree of records by one. `is_message`: other records hang on messages, but titles do not name them.
    pub(super) fn grow(&mut self, id: &str, parent: Option<&str>, is_message: bool) {
        let leaves = &mut self.facts.leaves;
        let at = parent.and_then(|parent| {
            self.tips.iter().zip(leaves.iter()).rposition(|(tip, leaf)| tip == parent || leaf == parent)
        });
        if let Some(at) = at {
            id.clone_into(&mut self.tips[at]);
            if is_message {
                id.clone_into(&mut leaves[at]);
            }
        } else if is_message {
            if self.tips.len() == BRANCHES {
                self.tips.remove(0);
                leaves.remove(0);
            }
            self.tips.push(id.to_owned());
            leaves.push(id.to_owned());
        }
    }

    /// Sets the todo list, as far as it is not absurdly long.
    pub(super) fn set_todos(&mut self, mut items: Vec<TodoItem>) {
        items.truncate(TODOS);
        self.todos = items;
    }

    /// Whether the pull request is told for the first time.
    pub(super) fn is_new_link(&mut self, url: &str) -> bool {
        if self.links.iter().any(|link| link == url) {
            return false;
        }
        self.links.push_back(url.to_owned());
        if self.links.len() > LINKS {
            self.links.pop_front();
        }
        true
    }
}

fn fingerprint(text: &str) -> u64 {
    let hash = blake3::hash(text.trim().as_bytes());
    let (first, _) = hash.as_bytes().split_first_chunk().expect("the hash has 32 bytes");
    // Numbers beyond 2^53 are not the same in every reader of JSON.
    u64::from_le_bytes(*first) >> 11
}
