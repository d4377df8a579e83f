//! What stands in a person's turn of a transcript or of the command line program's store: the person's words in
//! `<user_query>`, and what Cursor put around them.

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

/// Elements that Cursor itself writes; a turn that begins with one and has no `<user_query>` is not a person's.
const INJECTED: [&str; 13] = [
    "user_info",
    "system_reminder",
    "rules",
    "user_rules",
    "project_layout",
    "git_status",
    "attached_files",
    "open_and_recently_viewed_files",
    "agent_transcripts",
    "agent_skills",
    "mcp_file_system",
    "additional_data",
    "system_notification",
];

/// A person's turn, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Turn<'a> {
    /// What the person typed.
    pub(super) prompt: String,
    /// What Cursor added before and after it.
    pub(super) added: Vec<&'a str>,
    /// When it was sent.
    pub(super) time: Option<Timestamp>,
    /// The folder that Cursor's own words name.
    pub(super) folder: Option<&'a str>,
}

/// Takes a turn apart.
pub(super) fn turn(text: &str) -> Turn<'_> {
    let mut turn = Turn::default();
    let mut rest = text.trim();
    if let Some(inner) = rest.strip_prefix("<timestamp>")
        && let Some((time, after)) = inner.split_once("</timestamp>")
    {
        turn.time = parse_time(time.trim());
        rest = after.trim_start();
    }
    let folder = rest.find("Workspace Path: ").map(|at| &rest[at + 16..]);
    turn.folder = folder.and_then(|folder| folder.lines().next()).map(str::trim);
    if !rest.contains("<user_query>") {
        if is_injected(rest) {
            turn.added.push(rest);
        } else {
            rest.clone_into(&mut turn.prompt);
        }
        return turn;
    }
    while let Some((before, inner)) = rest.split_once("<user_query>") {
        turn.added.extend(Some(before.trim()).filter(|before| !before.is_empty()));
        let (query, after) = inner.split_once("</user_query>").unwrap_or((inner, ""));
        if !turn.prompt.is_empty() {
            turn.prompt.push('\n');
        }
        turn.prompt.push_str(query.trim());
        rest = after;
    }
    turn.added.extend(Some(rest.trim()).filter(|rest| !rest.is_empty()));
    turn
}

fn is_injected(text: &str) -> bool {
    let Some(tag) = text.strip_prefix('<') else { return false };
    INJECTED.iter().any(|name| tag.strip_prefix(name).is_some_and(|rest| rest.starts_with(['>', ' '])))
}

/// The time in `Friday, Jul 31, 2026, 5:10 PM (UTC-5)`.
fn parse_time(text: &str) -> Option<Timestamp> {
    let (time, zone) = text.split_once(" (UTC")?;
    let zone = zone.strip_suffix(')')?;
    let time = DateTime::strptime("%A, %b %d, %Y, %I:%M %p", time).ok()?;
    let (hours, minutes) = zone.split_once(':').unwrap_or((zone, "0"));
    let hours: i64 =
        if hours.is_empty() { 0 } else { hours.parse().ok().filter(|hours| (-24..=24).contains(hours))? };
    let minutes: i64 = minutes.parse().ok().filter(|minutes| (0..60).contains(minutes))?;
    let minutes = if hours < 0 || zone.starts_with('-') { -minutes } else { minutes };
    let time = time.to_zoned(TimeZone::UTC).ok()?.timestamp();
    time.checked_sub(SignedDuration::from_mins(hours * 60 + minutes)).ok()
}

/// Text of the agent's without the mark of reasoning that was taken out.
pub(super) fn without_redacted(text: &str) -> String {
    text.replace("[REDACTED]", "").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_taken_apart() {
        let text = "<timestamp>Friday, Jul 31, 2026, 5:10 PM (UTC-5)</timestamp>\n<attached_files>a</attached_files>\n\
                    <user_query>\nfix it\n</user_query>\n<system_reminder>b</system_reminder>";
        let taken = turn(text);
        assert_eq!(taken.prompt, "fix it");
        assert_eq!(taken.added, ["<attached_files>a</attached_files>", "<system_reminder>b</system_reminder>"]);
        assert_eq!(taken.time, "2026-07-31T22:10:00Z".parse().ok());
        let taken = turn("<user_info>\nOS: linux\nWorkspace Path: /w\n</user_info>");
        assert_eq!((taken.prompt.as_str(), taken.added.len(), taken.folder), ("", 1, Some("/w")));
        assert_eq!(turn("<b>bold</b> is wrong").prompt, "<b>bold</b> is wrong");
        assert_eq!(turn("<user_query>never closed").prompt, "never closed");
    }

    #[test]
    fn times_with_half_hours() {
        let time = parse_time("Saturday, Aug 1, 2026, 12:05 AM (UTC+5:30)");
        assert_eq!(time, "2026-07-31T18:35:00Z".parse().ok());
        assert_eq!(parse_time("Saturday, Aug 1, 2026, 12:05 AM (UTC)"), "2026-08-01T00:05:00Z".parse().ok());
        assert_eq!(parse_time("yesterday"), None);
    }
}
