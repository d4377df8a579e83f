//! What a deriver of Copilot's logs keeps between records.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::{Facts, StateError, derive, waiting_edits::WaitingEdits};

/// Changes whenever a state of before cannot be read on.
const VERSION: u32 = 1;
/// Calls and results are known again among the last so many.
const CALLS: usize = 128;

/// Everything a deriver keeps.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    version: u32,
    pub(super) facts: Facts,
    calls: VecDeque<Call>,
    pub(super) waiting: WaitingEdits,
    /// A hash of the reasoning told last, which two kinds of records hold.
    pub(super) thinking: u64,
    /// Runs of the program so far, for their usage.
    pub(super) runs: u64,
}

/// A call that was made.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    #[serde(rename = "k")]
    key: u64,
    #[serde(rename = "n")]
    pub(super) name: String,
    #[serde(rename = "c")]
    called: bool,
    #[serde(rename = "d")]
    done: bool,
}

impl State {
    /// The state at the beginning of a session, or the one kept.
    pub(crate) fn take_up(kept: Option<&[u8]>) -> Result<Self, StateError> {
        kept.map_or_else(|| Ok(Self { version: VERSION, ..Self::default() }), |kept| derive::take_up(kept, VERSION))
    }

    pub(super) fn put_down(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a state is JSON")
    }

    /// Takes note of a model, unless it is the choice of none.
    pub(super) fn answered_by(&mut self, model: Option<&str>) {
        if let Some(model) = model.filter(|model| !matches!(*model, "" | "auto")) {
            self.facts.model = Some(model.to_owned());
        }
    }

    /// Whether the call is told for the first time.
    pub(super) fn calls(&mut self, id: &str, name: &str) -> bool {
        let call = self.call(id);
        if call.name.is_empty() {
            call.name = name.chars().take(64).collect();
        }
        !std::mem::replace(&mut call.called, true)
    }

    /// The name of the call whose result is told for the first time; `None` where it was told.
    pub(super) fn completes(&mut self, id: &str) -> Option<String> {
        let call = self.call(id);
        (!std::mem::replace(&mut call.done, true)).then(|| call.name.clone())
    }

    fn call(&mut self, id: &str) -> &mut Call {
        let hash = blake3::hash(id.as_bytes());
        let key = hash.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        let at = self.calls.iter().position(|call| call.key == key).unwrap_or_else(|| {
            if self.calls.len() == CALLS {
                self.calls.pop_front();
            }
            self.calls.push_back(Call { key, ..Call::default() });
            self.calls.len() - 1
        });
        &mut self.calls[at]
    }
}
