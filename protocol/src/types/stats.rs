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
    /// The day of the last change, in the asked-for time zone.
    Day,
    /// The ISO week, likewise.
    Week,
    /// The month, likewise.
    Month,
}

/// Figures over many sessions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StatsAnswer {
    /// One row a group; times in order, others by sessions.
    pub rows: Vec<StatsRow>,
    /// All groups together.
    pub total: StatsRow,
    /// The repository that the scope came to, when it did.
    pub scope_repository: Option<String>,
}

/// Figures of one group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StatsRow {
    /// The group: an agent's id, a model, `owner/name`, `2026-11-22`, `2026-W47`, `2026-11`.
    pub key: String,
    /// Sessions, sub-agents not counted.
    pub sessions: u64,
    /// Figures, sub-agents included in tokens, cost, edits and calls.
    pub stats: SessionStats,
}
