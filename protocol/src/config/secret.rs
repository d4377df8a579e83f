//! Text that is never shown whole.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A key. `Debug` hides it, so that it cannot slip into a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Keeps the text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one request that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The last four characters, for people to tell keys apart; nothing at all of a short key.
    pub fn masked(&self) -> String {
        let characters = self.0.chars().count();
        if characters < 12 {
            return "…".into();
        }
        format!("…{}", self.0.chars().skip(characters - 4).collect::<String>())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}
