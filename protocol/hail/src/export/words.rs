//! The words and numbers of exported pages, in one place.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::{Timestamp, tz::TimeZone};

use super::{Figures, Subject};
use crate::{Status, TodoStatus, ToolResult};

pub(super) const UNTITLED: &str = "Untitled session";
pub(super) const PROMPT_BY: &str = "you";
pub(super) const HIDDEN_THINKING: &str = "(hidden by the provider)";
pub(super) const NO_OUTPUT: &str = "(no output)";

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Error => "failed",
        Status::Rejected => "refused",
        Status::Interrupted => "interrupted",
        Status::Running => "running",
    }
}

/// `failed 101`, `ok`.
pub(super) fn outcome(result: &ToolResult) -> String {
    match result.exit_code.filter(|code| *code != 0) {
        Some(code) => format!("{} {code}", status(result.status)),
        None => status(result.status).to_owned(),
    }
}

/// `[x]`, `[ ]`, and the word for it.
pub(super) fn todo(status: TodoStatus) -> (&'static str, &'static str) {
    match status {
        TodoStatus::Pending => ("[ ]", "pending"),
        TodoStatus::InProgress => ("[>]", "in progress"),
        TodoStatus::Completed => ("[x]", "completed"),
        TodoStatus::Cancelled => ("[-]", "cancelled"),
    }
}

/// `1,234`, from 10,000 on `48.2k`, `4.1M`.
pub(super) fn count(value: u64) -> String {
    match value {
        0..=999 => value.to_string(),
        1_000..=9_999 => format!("{},{:03}", value / 1_000, value % 1_000),
        10_000..=999_949 => format!("{:.1}k", value as f64 / 1e3),
        999_950..=999_949_999 => format!("{:.1}M", value as f64 / 1e6),
        _ => format!("{:.1}G", value as f64 / 1e9),
    }
}

pub(super) fn counted(value: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// A size in decimal units.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..=999 => format!("{bytes} B"),
        1_000..=999_949 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// `12 ms`, `4.1s`, `3m 05s`, `1h 12m`.
pub(super) fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match milliseconds {
        0..=999 => format!("{milliseconds} ms"),
        1_000..=59_999 => format!("{seconds}.{}s", milliseconds % 1_000 / 100),
        60_000..=3_599_999 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

pub(super) fn day(ts: Timestamp, zone: &TimeZone) -> String {
    ts.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}

pub(super) fn clock(ts: Timestamp, zone: &TimeZone) -> String {
    ts.to_zoned(zone.clone()).strftime("%H:%M").to_string()
}

pub(super) fn full_time(ts: Timestamp, zone: &TimeZone) -> String {
    ts.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
}

/// Where and with what the session ran: `app@main`, the model, the time.
pub(super) fn place(subject: &Subject) -> Vec<String> {
    let header = &subject.header;
    let mut parts = vec![subject.agent_name.clone()];
    parts.extend(header.model.clone());
    let git = header.git.as_ref();
    let repository = git.and_then(|git| git.repository.as_deref()).map(repository_name).or(header.cwd.as_deref());
    match (repository, git.and_then(|git| git.branch.as_deref())) {
        (Some(repository), Some(branch)) => parts.push(format!("{repository}@{branch}")),
        (Some(place), None) | (None, Some(place)) => parts.push(place.to_owned()),
        (None, None) => {}
    }
    parts.extend(header.ts.map(|ts| ts.to_zoned(subject.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string()));
    parts
}

/// `owner/name` of a remote's URL.
fn repository_name(remote: &str) -> &str {
    let path = remote.trim_end_matches('/').trim_end_matches(".git");
    let mut cuts = path.rmatch_indices(['/', ':']);
    cuts.next();
    cuts.next().map_or(path, |(at, _)| &path[at + 1..])
}

/// The figures in words: turns, files, failed calls, tokens, cost, time.
pub(super) fn figures(figures: &Figures) -> Vec<String> {
    let mut parts = vec![counted(figures.turns, "turn", "turns")];
    if figures.files > 0 {
        let files = counted(figures.files, "file", "files");
        parts.push(format!("{files} +{} -{}", count(figures.added), count(figures.removed)));
    }
    if figures.errors > 0 {
        parts.push(counted(figures.errors, "failed call", "failed calls"));
    }
    if figures.tokens > 0 {
        parts.push(counted(figures.tokens, "token", "tokens"));
    }
    let sign = if figures.cost_estimated { "~" } else { "" };
    parts.extend(figures.cost.map(|cost| match cost {
        ..0.01 => "<$0.01".to_owned(),
        _ => format!("{sign}${cost:.2}"),
    }));
    if figures.active_ms > 0 {
        parts.push(format!("active {}", duration(figures.active_ms)));
    }
    parts
}

/// How to see what was left out.
pub(super) fn elsewhere(short_id: &str, event: u32) -> String {
    if short_id.is_empty() { String::new() } else { format!(": opensession show {short_id}#{event}") }
}

/// What was taken out, in a sentence; nothing when nothing was. A home directory is no secret.
pub(super) fn redacted(redactions: &BTreeMap<String, u64>) -> String {
    let mut text = String::new();
    for (rule, count) in redactions.iter().filter(|(rule, _)| *rule != "home") {
        let separator = if text.is_empty() { "Taken out: " } else { ", " };
        write!(text, "{separator}{rule} {count}").expect("a string takes every byte");
    }
    if !text.is_empty() {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!([count(7), count(1_234), count(48_211), count(4_100_000)], ["7", "1,234", "48.2k", "4.1M"]);
        assert_eq!(
            [duration(12), duration(4_120), duration(185_000), duration(4_320_000)],
            ["12 ms", "4.1s", "3m 05s", "1h 12m"]
        );
        assert_eq!([size(512), size(4_100)], ["512 B", "4.1 kB"]);
        assert_eq!(repository_name("https://github.com/mina/app.git"), "mina/app");
        assert_eq!(repository_name("git@github.com:mina/app"), "mina/app");
        assert_eq!(repository_name("app"), "app");
    }
}
