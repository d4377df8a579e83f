//! When a session's work was done, and by which model: what figures by day, by hour and by model are made of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Tokens;

/// The length of a slot in seconds. Every time zone's offset is a multiple of it, so a slot lies in one hour and in one
/// day wherever it is looked at from.
pub const SLOT_SECONDS: i64 = 15 * 60;

/// The most slots of a session; work beyond is added to the slot that is nearest before it.
pub const MAX_SLOTS: usize = 4096;

/// The most models that are told apart; work of further ones counts as of an unknown model.
const MAX_MODELS: usize = 64;

/// A session's work, by time and model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timeline {
    /// The models, in the order in which they came; an empty one where none was known yet.
    models: Vec<String>,
    /// In the order of their times and models.
    slots: Vec<Slot>,
    /// Where work is added now: the time of the slot, and the model at work.
    #[serde(skip_serializing_if = "is_default")]
    hand: (i64, u16),
}

/// What was done in a quarter of an hour with one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "SlotRow", into = "SlotRow")]
pub struct Slot {
    /// When the slot begins, in seconds since 1970; zero for work of which no time is known.
    pub start: i64,
    /// The model, by its place in [`Timeline::models`].
    pub model: u16,
    /// What was done.
    pub work: Work,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Work {
    /// Prompts of the person.
    pub turns: u64,
    /// Time without the idle gaps, in milliseconds.
    pub active_ms: u64,
    /// Tool calls and shell commands.
    pub calls: u64,
    /// Results of calls.
    pub results: u64,
    /// Results that are failures.
    pub errors: u64,
    /// Changes to files.
    pub edits: u64,
    /// Files that the session had not changed before.
    pub files: u64,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// Tokens, those of sub-agents inside the session included.
    pub tokens: Tokens,
    /// Cost in US dollars, as logged.
    pub cost: Option<f64>,
}

impl Timeline {
    /// A timeline of these parts, as [`Timeline::models`] and [`Timeline::slots`] gave them.
    pub fn new(models: Vec<String>, slots: Vec<Slot>) -> Self {
        Self { models, slots, hand: (0, 0) }
    }

    /// The models that slots name by number. An empty name stands for an unknown model.
    pub fn models(&self) -> &[String] {
        &self.models
    }

    /// The slots in the order of their times.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// From now on work is of this time.
    pub(super) fn move_to(&mut self, time: Timestamp) {
        // Zero says that no time is known; nobody worked with agents in 1970.
        let start = (time.as_second().div_euclid(SLOT_SECONDS) * SLOT_SECONDS).max(SLOT_SECONDS);
        if self.hand.0 == 0 {
            // What came before the first time was done just before it.
            self.slots.iter_mut().filter(|slot| slot.start == 0).for_each(|slot| slot.start = start);
        }
        self.hand.0 = start;
    }

    /// From now on work is of this model.
    pub(super) fn switch_to(&mut self, model: &str) {
        if self.models.get(usize::from(self.hand.1)).is_none_or(|known| known != model) {
            self.hand.1 = self.number_of(model);
        }
    }

    /// Where work is added now.
    pub(super) fn work(&mut self) -> &mut Work {
        if self.models.is_empty() {
            self.models.push(String::new());
        }
        self.slot(self.hand.0, self.hand.1)
    }

    /// Where work of this model is added, at the present time.
    pub(super) fn work_of(&mut self, model: Option<&str>) -> &mut Work {
        let number = match model {
            Some(model) => self.number_of(model),
            None => self.hand.1,
        };
        if self.models.is_empty() {
            self.models.push(String::new());
        }
        self.slot(self.hand.0, number)
    }

    fn number_of(&mut self, model: &str) -> u16 {
        if let Some(known) = self.models.iter().position(|known| known == model) {
            return known as u16;
        }
        match self.models.as_mut_slice() {
            // What was done before a model was known was done for the first one.
            [first] if first.is_empty() => model.clone_into(first),
            models if models.len() >= MAX_MODELS => return self.number_of(""),
            _ => self.models.push(model.to_owned()),
        }
        (self.models.len() - 1) as u16
    }

    fn slot(&mut self, start: i64, model: u16) -> &mut Work {
        let at = match self.slots.binary_search_by_key(&(start, model), |slot| (slot.start, slot.model)) {
            Ok(at) => at,
            Err(at) if self.slots.len() >= MAX_SLOTS => at.saturating_sub(1),
            Err(at) => {
                self.slots.insert(at, Slot { start, model, work: Work::default() });
                at
            }
        };
        &mut self.slots[at].work
    }
}

/// Serialised as an array, for there are many of it in the state.
type SlotRow = ((i64, u16), [u64; 9], [u64; 5], Option<f64>);

impl From<SlotRow> for Slot {
    fn from(((start, model), counts, tokens, cost): SlotRow) -> Self {
        let [turns, active_ms, calls, results, errors, edits, files, added, removed] = counts;
        let [input, output, cache_read, cache_write, reasoning] = tokens;
        let tokens = Tokens { input, output, cache_read, cache_write, reasoning };
        let work = Work { turns, active_ms, calls, results, errors, edits, files, added, removed, tokens, cost };
        Slot { start, model, work }
    }
}

impl From<Slot> for SlotRow {
    fn from(Slot { start, model, work }: Slot) -> Self {
        let Work { turns, active_ms, calls, results, errors, edits, files, added, removed, tokens, cost } = work;
        let counts = [turns, active_ms, calls, results, errors, edits, files, added, removed];
        let Tokens { input, output, cache_read, cache_write, reasoning } = tokens;
        ((start, model), counts, [input, output, cache_read, cache_write, reasoning], cost)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
