//! What a deriver of rollouts keeps between records. All of it, so that it can go on in another process.

use std::{collections::VecDeque, fmt};

use opensession_hail::Status;
use serde::{Deserialize, Serialize};

use super::record::Tokens;
use crate::derive::Facts;

/// Changes whenever a state of before cannot be read on.
pub(super) const VERSION: u32 = 1;

/// Everything a deriver of rollouts keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub(super) version: u32,
    pub(super) facts: Facts,
    /// Records taken so far.
    pub(super) records: u64,
    /// Whether the session's own `session_meta` was seen; later ones were copied from a parent.
    pub(super) introduced: bool,
    pub(super) twins: Twins,
    pub(super) calls: Calls,
    pub(super) ids: Ids,
    pub(super) added: Added,
    /// The totals that the last `token_count` told.
    pub(super) total: Option<Tokens>,
    /// Responses counted so far.
    pub(super) responses: u64,
    /// Responses are counted one by one; totals are ignored.
    pub(super) counted_singly: bool,
}

/// The two streams in which most things are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stream {
    /// `response_item`: what goes to and comes from the model.
    Model,
    /// `event_msg`: what is shown to the person.
    Person,
}

/// What may stand in both streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Said {
    Prompt,
    Agent,
    Thinking,
    Plan,
    Shell,
    Search,
    Aborted,
    Compaction,
    Error,
}

/// Things that were seen in one stream and whose twin in the other may still come. Whichever comes first is taken; its
/// twin is dropped, in whichever order they are written and whether or not both are.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Twins(VecDeque<Twin>);

#[derive(Debug, Serialize, Deserialize)]
struct Twin(Stream, Said, u64, Option<u64>, u64);

impl Twins {
    /// A twin stands within so many records.
    const REACH: u64 = 256;
    /// At most so many are waited for.
    const CAPACITY: usize = 64;

    /// Whether this is the first of two, to be taken. `key` is a hash of what was said, `id` one of its item's id.
    pub(super) fn is_first(&mut self, stream: Stream, said: Said, key: u64, id: Option<u64>, record: u64) -> bool {
        while self.0.front().is_some_and(|twin| twin.4 + Self::REACH < record) {
            self.0.pop_front();
        }
        let twin = self
            .0
            .iter()
            .position(|twin| twin.0 != stream && twin.1 == said && (twin.2 == key || (id.is_some() && twin.3 == id)));
        if let Some(twin) = twin {
            self.0.remove(twin);
            return false;
        }
        if self.0.len() == Self::CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(Twin(stream, said, key, id, record));
        true
    }
}

/// What a call is, as far as its result is read differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum CallKind {
    #[default]
    Tool,
    Command,
    Spawn,
}

/// A call of which more may come.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    #[serde(rename = "k")]
    pub(super) key: u64,
    #[serde(rename = "n", skip_serializing_if = "String::is_empty")]
    pub(super) name: String,
    #[serde(rename = "t")]
    pub(super) kind: CallKind,
    /// How its result was, when there was one.
    #[serde(rename = "r", skip_serializing_if = "Option::is_none")]
    pub(super) result: Option<Status>,
    /// Its edits were given, or will not be.
    #[serde(rename = "e")]
    pub(super) edited: bool,
    /// A sub-agent's start was told.
    #[serde(rename = "s")]
    pub(super) spawned: bool,
    /// The patch it wants to apply, until it is known whether it was applied.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub(super) patch: Option<String>,
    /// The directory its patch is for, when it is not the session's.
    #[serde(rename = "d", skip_serializing_if = "Option::is_none")]
    pub(super) directory: Option<String>,
}

impl Call {
    /// Whether its result is known and final.
    pub(super) fn is_done(&self) -> bool {
        self.result.is_some_and(|status| status != Status::Running)
    }
}

/// The calls made lately: those without a final result, and the last ones with one, so that their other half in the
/// other stream is recognised.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Calls(VecDeque<Call>);

impl Calls {
    /// At most so many are remembered.
    const CAPACITY: usize = 64;
    /// Patches longer than this are not kept while they wait.
    pub(super) const PATCH_BYTES: usize = 1 << 20;

    /// The call of that key.
    pub(super) fn get(&mut self, key: u64) -> Option<&mut Call> {
        self.0.iter_mut().rev().find(|call| call.key == key)
    }

    /// Forgets the patches that wait: the turn has ended, nothing more will be told of them.
    pub(super) fn forget_patches(&mut self) {
        for call in &mut self.0 {
            call.patch = None;
        }
    }

    /// Remembers a call; `false` when it was known.
    pub(super) fn add(&mut self, call: Call) -> bool {
        if self.get(call.key).is_some() {
            return false;
        }
        if self.0.len() == Self::CAPACITY {
            let done = self.0.iter().position(Call::is_done).unwrap_or(0);
            self.0.remove(done);
        }
        self.0.push_back(call);
        true
    }
}

/// What the client put into the conversation lately: it repeats itself at every resume.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Added(VecDeque<u64>);

impl Added {
    /// Repetitions of the last so many are noticed.
    const CAPACITY: usize = 32;

    /// Whether `hash` was not seen lately.
    pub(super) fn is_new(&mut self, hash: u64) -> bool {
        if self.0.contains(&hash) {
            return false;
        }
        if self.0.len() == Self::CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(hash);
        true
    }
}

/// Ids for events that have none: a hash of what happened, and how many times the same happened lately. Neither time
/// nor place count, as a fork writes its parent's history again with times of its own.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Ids(VecDeque<(u64, u32)>);

impl Ids {
    /// The same thing is told apart from the last so many.
    const CAPACITY: usize = 96;

    /// An id for what hashes to `hash`.
    pub(crate) fn next(&mut self, hash: u64) -> String {
        let number = match self.0.iter().position(|(seen, _)| *seen == hash) {
            Some(at) => {
                let (_, number) = self.0.remove(at).unwrap_or_default();
                number.saturating_add(1)
            }
            None => 0,
        };
        if self.0.len() == Self::CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back((hash, number));
        if number == 0 { format!("{hash:016x}") } else { format!("{hash:016x}-{number}") }
    }
}

/// A stable hash of text, blind to white space: the streams differ in how they join lines.
pub(crate) fn hash_words(kind: &str, text: &str) -> u64 {
    let mut words = Words::new(kind);
    words.take(text);
    words.finish()
}

/// [`hash_words`] of what `value` is when it is written for debugging, without writing it.
pub(crate) fn hash_debug(value: &impl fmt::Debug) -> u64 {
    let mut words = Words::new("");
    fmt::write(&mut words, format_args!("{value:?}")).expect("hashing cannot fail");
    words.finish()
}

/// A hash of text that comes piece by piece.
struct Words {
    hasher: blake3::Hasher,
    block: [u8; 512],
    filled: usize,
}

impl Words {
    fn new(kind: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(kind.as_bytes()).update(&[0]);
        Self { hasher, block: [0; 512], filled: 0 }
    }

    fn take(&mut self, text: &str) {
        for byte in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
            self.block[self.filled] = byte;
            self.filled += 1;
            if self.filled == self.block.len() {
                self.hasher.update(&self.block);
                self.filled = 0;
            }
        }
    }

    fn finish(mut self) -> u64 {
        self.hasher.update(&self.block[..self.filled]);
        first_eight(&self.hasher.finalize())
    }
}

impl fmt::Write for Words {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.take(text);
        Ok(())
    }
}

/// A stable hash of an id.
pub(crate) fn hash_id(id: &str) -> u64 {
    first_eight(&blake3::hash(id.as_bytes()))
}

fn first_eight(hash: &blake3::Hash) -> u64 {
    hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_is_hashed_alike() {
        let value = ("a \"b\"\n", vec![Some("x y".repeat(400)), None]);
        assert_eq!(hash_debug(&value), hash_words("", &format!("{value:?}")));
        assert_ne!(hash_debug(&value), hash_debug(&value.0));
    }

    #[test]
    fn twins_are_dropped_in_either_order() {
        let mut twins = Twins::default();
        assert!(twins.is_first(Stream::Model, Said::Prompt, 1, None, 1));
        assert!(!twins.is_first(Stream::Person, Said::Prompt, 1, None, 2));
        assert!(twins.is_first(Stream::Person, Said::Agent, 1, Some(9), 3));
        assert!(twins.is_first(Stream::Model, Said::Thinking, 1, None, 4));
        assert!(!twins.is_first(Stream::Model, Said::Agent, 2, Some(9), 4));
        assert!(twins.is_first(Stream::Model, Said::Agent, 1, None, 5));
        // The same stream says the same thing twice: two things.
        assert!(twins.is_first(Stream::Model, Said::Agent, 1, None, 6));
        // Too far away.
        assert!(twins.is_first(Stream::Person, Said::Agent, 1, None, 6 + Twins::REACH + 1));
    }

    #[test]
    fn words_are_compared_without_white_space() {
        assert_eq!(hash_words("a", "x y\nz"), hash_words("a", "xyz "));
        assert_ne!(hash_words("a", "xyz"), hash_words("b", "xyz"));
        assert_ne!(hash_words("a", "xyz"), hash_words("a", "xy"));
        let long = "ab ".repeat(1000);
        assert_eq!(hash_words("a", &long), hash_words("a", &long.replace(' ', "\n")));
    }

    #[test]
    fn ids_tell_repetitions_apart() {
        let mut ids = Ids::default();
        assert_eq!(ids.next(1), "0000000000000001");
        assert_eq!(ids.next(1), "0000000000000001-1");
        assert_eq!(ids.next(2), "0000000000000002");
        assert_eq!(ids.next(1), "0000000000000001-2");
    }
}
