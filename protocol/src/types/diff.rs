//! Two sessions side by side.

use opensession_hail::comparison::Comparison;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Two sessions compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionDiff {
    /// What they have in common and what only one of them has.
    pub comparison: Comparison,
    /// The same as Markdown, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub markdown: Option<String>,
}
