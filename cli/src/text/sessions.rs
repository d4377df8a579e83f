//! Sessions in lists and heads.

use opensession_protocol::SessionStats;

use crate::format::number;

pub(crate) const SESSION: &str = "session";
pub(crate) const ACTIVE: &str = "active";
pub(crate) const AGO: &str = "ago";
pub(crate) const TURN: &str = "turn";
pub(crate) const TURNS: &str = "turns";
pub(crate) const FILE: &str = "file";
pub(crate) const FILES: &str = "files";
pub(crate) const TOKEN: &str = "token";
pub(crate) const TOKENS: &str = "tokens";
pub(crate) const FAILED_CALL: &str = "failed call";
pub(crate) const FAILED_CALLS: &str = "failed calls";
pub(crate) const COST: &str = "cost";
pub(crate) const CHECK_OK: &str = "ok";
pub(crate) const CHECK_FAILED: &str = "failed";
pub(crate) const FORK_OF: &str = "fork of";
pub(crate) const SUBAGENT_OF: &str = "sub-agent of";
pub(crate) const STARRED: &str = "starred";
pub(crate) const HINT_STARRED: &str = "opensession search is:starred";
pub(crate) const VANISHED: &str = "gone; kept here";
pub(crate) const FIELD_ID: &str = "id";
pub(crate) const FIELD_AGENT_ID: &str = "agent's id";
pub(crate) const FIELD_PARENT: &str = "from";
pub(crate) const FIELD_STARTED: &str = "started";
pub(crate) const FIELD_HOST: &str = "host";
pub(crate) const FIELD_DIRECTORY: &str = "directory";
pub(crate) const FIELD_COMMIT: &str = "commit";
pub(crate) const FIELD_REMOTE: &str = "remote";
pub(crate) const FIELD_VERSION: &str = "version";
pub(crate) const FIELD_EVENTS: &str = "events";
pub(crate) const FIELD_TOKENS: &str = "tokens";
pub(crate) const FIELD_FILE: &str = "file";
pub(crate) const FIELD_PROMPT: &str = "first prompt";

/// What became of a session's star.
pub(crate) fn star(starred: bool, changed: bool) -> &'static str {
    match (starred, changed) {
        (true, true) => "Starred:",
        (true, false) => "Starred already:",
        (false, true) => "No star any more:",
        (false, false) => "It had no star:",
    }
}

pub(crate) fn events_calls_edits(events: u64, calls: u64, edits: u64) -> String {
    let calls = number::counted(calls, "tool call", "tool calls");
    format!("{}, {calls}, {}", number::count(events), number::counted(edits, "edit", "edits"))
}

pub(crate) fn tokens_apart(stats: &SessionStats) -> String {
    format!(
        "in {}, out {}, cache read {}, cache written {}",
        number::count(stats.input_tokens),
        number::count(stats.output_tokens),
        number::count(stats.cache_read_tokens),
        number::count(stats.cache_write_tokens)
    )
}

pub(crate) const BARS_OF_TIME: &str = "active time";
pub(crate) const BARS_OF_SESSIONS: &str = "sessions";
pub(crate) const ESTIMATED: &str = "estimated";
pub(crate) const LOGGED: &str = "logged";

/// Costs are estimates by prices of that day.
pub(crate) fn estimated(day: &str) -> String {
    format!("~ estimated from list prices of {day}; your own: daemon.toml, [prices]")
}

/// Tokens of these models are in no cost.
pub(crate) fn unpriced(tokens: u64, models: &[&str]) -> String {
    const SHOWN: usize = 3;
    let shown = models.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    let more = if models.len() > SHOWN { format!(" and {} more", models.len() - SHOWN) } else { String::new() };
    format!("+ at least: {} without a price, of {shown}{more}", number::counted(tokens, TOKEN, TOKENS))
}

/// Before the signs of a map, from least to most.
pub(crate) const LESS: &str = "less";

/// After them, and what a day is measured by.
pub(crate) fn more(is_time: bool) -> String {
    format!("more; {} a day", if is_time { "active time" } else { "turns" })
}

pub(crate) fn busiest(day: &str, amount: &str) -> String {
    format!("busiest {day}, {amount}")
}

pub(crate) fn earlier_weeks(weeks: usize) -> String {
    format!("{} before that: --until", number::counted(weeks as u64, "week", "weeks"))
}

pub(crate) fn children(ids: &[&str]) -> String {
    const SHOWN: usize = 5;
    let shown = ids.iter().take(SHOWN).copied().collect::<Vec<_>>().join(" ");
    let more = if ids.len() > SHOWN { format!(" and {} more", ids.len() - SHOWN) } else { String::new() };
    format!("{}: {shown}{more}", number::counted(ids.len() as u64, "session from it", "sessions from it"))
}

/// Nothing in a list, of what was asked for with `flags`, in the repository `here`.
pub(crate) fn no_session(flags: &str, here: Option<&str>) -> String {
    let place = here.map(|here| format!(" of {here}")).unwrap_or_default();
    if flags.is_empty() { format!("No session{place}") } else { format!("No session{place} matches  {flags}") }
}

pub(crate) fn kept(sessions: u64) -> String {
    if sessions == 0 {
        return "No session is kept yet.".to_owned();
    }
    format!("Looked through {}.", number::counted(sessions, "session", "sessions"))
}
