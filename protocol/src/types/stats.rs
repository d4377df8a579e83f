//! Figures over many sessions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SessionStats;

/// What figures are grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatsBy {
    /// The agent.
    #[default]
    Agent,
    /// The model.
    Model,
    /// The repository.
    Repo,
    /// The branch, with its repository.
    Branch,
    /// The day on which it was done, in the asked-for time zone.
    Day,
    /// The ISO week, likewise.
    Week,
    /// The month, likewise.
    Month,
    /// The hour of the day, likewise: all 24, from `00`.
    Hour,
    /// The day of the week, likewise: all seven, from Monday.
    Weekday,
}

/// Figures over many sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StatsAnswer {
    /// One row a group; times in order, others by sessions.
    pub rows: Vec<StatsRow>,
    /// All groups together. A session that is in several groups counts once.
    pub total: StatsRow,
    /// Models whose tokens have no price, by tokens: what they cost is in no figure.
    pub unpriced_models: Vec<String>,
    /// The day of the list prices by which costs were estimated: `2026-11-05`.
    pub prices_as_of: String,
    /// The repository that the scope came to, when it did.
    pub scope_repository: Option<String>,
}

/// Figures of one group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StatsRow {
    /// The group: an agent's id, a model, `owner/name`, `owner/name@branch`, `2026-11-22`, `2026-W47`, `2026-11`, `07`,
    /// `Mon`; `unknown`.
    pub key: String,
    /// Sessions that did something of it, sub-agents not counted.
    pub sessions: u64,
    /// Figures, sub-agents included in tokens, cost, edits and calls.
    pub stats: SessionStats,
    /// Tokens of models that have no price and whose cost is not logged: the cost is at least what it says.
    pub unpriced_tokens: u64,
}
