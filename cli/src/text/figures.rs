//! The names of figures: heads of their columns, and what they are grouped by.

use opensession_protocol::StatsBy;

pub(crate) const HEAD_SESSIONS: &str = "SESSIONS";
pub(crate) const HEAD_ACTIVE: &str = "ACTIVE";
pub(crate) const HEAD_TURNS: &str = "TURNS";
pub(crate) const HEAD_TOKENS: &str = "TOKENS";
pub(crate) const HEAD_INPUT: &str = "IN";
pub(crate) const HEAD_OUTPUT: &str = "OUT";
pub(crate) const HEAD_CACHE_READ: &str = "CACHE READ";
pub(crate) const HEAD_CACHE_WRITTEN: &str = "WRITTEN";
pub(crate) const HEAD_COST: &str = "COST";
pub(crate) const HEAD_ERRORS: &str = "ERRORS";
pub(crate) const HEAD_FILES: &str = "FILES";
/// Lines that were added stand before those that were removed, under one head.
pub(crate) const HEAD_ADDED: &str = "";
pub(crate) const HEAD_REMOVED: &str = "LINES";
/// A figure that is not known.
pub(crate) const NO_VALUE: &str = "-";

/// The head of the groups.
pub(crate) fn head_of_groups(by: StatsBy) -> &'static str {
    match by {
        StatsBy::Agent => "AGENT",
        StatsBy::Model => "MODEL",
        StatsBy::Repo => "REPOSITORY",
        StatsBy::Branch => "BRANCH",
        StatsBy::Day => "DAY",
        StatsBy::Week => "WEEK",
        StatsBy::Month => "MONTH",
        StatsBy::Hour => "HOUR",
        StatsBy::Weekday => "WEEKDAY",
    }
}
