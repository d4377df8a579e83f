//! What was told already of a session whose messages are written again and again.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::codex::hash_id;

/// The messages and calls seen lately.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Seen {
    told: VecDeque<Told>,
    /// Nothing of a message that is not known and not later than this is told: it was forgotten. Milliseconds.
    forgotten: i64,
}

/// What was told of one message or call.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
#[serde(from = "Packed", into = "Packed")]
pub(super) struct Told {
    key: u64,
    time: i64,
    /// Its text was told, or the call itself.
    pub(super) said: bool,
    /// Its result was told.
    pub(super) ended: bool,
    /// So many of its thoughts were told.
    pub(super) thoughts: u16,
    /// Of its tokens, what was told last, hashed.
    pub(super) tokens: u32,
}

impl Seen {
    /// Of so many is it known what was told of them.
    const CAPACITY: usize = 400;

    /// What was told of the message or call `id`; `None` when it was forgotten.
    pub(super) fn of(&mut self, id: &str, time: Option<Timestamp>) -> Option<&mut Told> {
        let key = hash_id(id);
        let time = time.map_or(0, Timestamp::as_millisecond);
        if let Some(at) = self.told.iter().rposition(|told| told.key == key) {
            return self.told.get_mut(at);
        }
        if time != 0 && time <= self.forgotten {
            return None;
        }
        if self.told.len() == Self::CAPACITY
            && let Some(oldest) = self.told.pop_front()
        {
            self.forgotten = self.forgotten.max(oldest.time);
        }
        self.told.push_back(Told { key, time, ..Told::default() });
        self.told.back_mut()
    }
}

/// [`Told`] as it is kept: without names.
#[derive(Serialize, Deserialize)]
struct Packed(u64, i64, bool, bool, u16, u32);

impl From<Packed> for Told {
    fn from(Packed(key, time, said, ended, thoughts, tokens): Packed) -> Self {
        Told { key, time, said, ended, thoughts, tokens }
    }
}

impl From<Told> for Packed {
    fn from(told: Told) -> Self {
        Packed(told.key, told.time, told.said, told.ended, told.thoughts, told.tokens)
    }
}
