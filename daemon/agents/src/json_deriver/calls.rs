//! Calls whose results stand in later records.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A call that waits for its result.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Call {
    /// Joins it with its result.
    #[serde(rename = "i")]
    pub(crate) id: String,
    /// The tool.
    #[serde(rename = "n")]
    pub(crate) name: String,
    /// What was asked, for tools whose success is told from it; null for others.
    #[serde(rename = "a", skip_serializing_if = "Value::is_null")]
    pub(crate) input: Value,
}

/// The calls that wait.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Calls(VecDeque<Call>);

impl Calls {
    /// At most so many are remembered.
    const CAPACITY: usize = 64;
    /// Longer inputs than this (as JSON, in bytes) are not kept.
    const INPUT_BYTES: usize = 256 << 10;

    /// Remembers a call; with its input if `keep`.
    pub(crate) fn add(&mut self, id: &str, name: &str, input: &Value, keep: bool) {
        if id.len() > 500 || name.len() > 500 {
            return;
        }
        if self.0.len() == Self::CAPACITY {
            self.0.pop_front();
        }
        let keep = keep && input.to_string().len() <= Self::INPUT_BYTES;
        let input = if keep { input.clone() } else { Value::Null };
        self.0.push_back(Call { id: id.to_owned(), name: name.to_owned(), input });
    }

    /// The call of that id, which waits no more. One that is not known is called nothing.
    pub(crate) fn take(&mut self, id: &str) -> Call {
        let at = self.0.iter().rposition(|call| call.id == id);
        at.and_then(|at| self.0.remove(at)).unwrap_or_else(|| Call { id: id.to_owned(), ..Call::default() })
    }
}
