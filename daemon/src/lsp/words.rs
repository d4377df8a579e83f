//! The words that editors show, in one place.

use jiff::{Timestamp, tz::TimeZone};
use opensession_protocol::{FileSession, FileSessions, Hit, IndexStatus, SessionBrief, SessionInfo, uri::SessionUri};

pub(super) const READING: &str = "OpenSession: reading sessions";
pub(super) const REBUILDING: &str = "OpenSession: rebuilding the index";
const FILE_TIER: &str = "this file, not this line";
/// Lines and characters of a prompt that is quoted.
const QUOTED_LINES: usize = 3;
const QUOTED_CHARACTERS: usize = 300;

/// `3 sessions · last: Claude Code, 2 days ago`
pub(super) fn lens(sessions: &FileSessions, now: Timestamp) -> String {
    let count = match sessions.total {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    };
    match sessions.sessions.first() {
        Some(last) => format!("{count} · last: {}", who_and_when(last, now)),
        None => count,
    }
}

/// Who changed the file last and why, and who else did, as Markdown.
pub(super) fn hover(sessions: &FileSessions, now: Timestamp) -> Option<String> {
    let (last, others) = sessions.sessions.split_first()?;
    let agent = agent_name(&last.session.agent);
    let mut text = match last.ts {
        Some(ts) => format!("**{agent}** · {} · {FILE_TIER}\n", ago(ts, now)),
        None => format!("**{agent}** · {FILE_TIER}\n"),
    };
    if let Some(prompt) = &last.prompt {
        text.push('\n');
        for line in prompt.lines().map(str::trim).filter(|line| !line.is_empty()).take(QUOTED_LINES) {
            text.push_str("> ");
            text.push_str(&escaped(&cut(line, QUOTED_CHARACTERS)));
            text.push_str("  \n");
        }
    }
    let event = SessionUri::new(last.holder.as_ref().unwrap_or(&last.session.id), Some(last.event));
    let line = format!("\n[Open at Event]({event}) · {}\n", link(&last.session));
    text.push_str(&line);
    for other in others {
        let line = format!("\n{} · {}\n", who_and_when(other, now), link(&other.session));
        text.push_str(&line);
    }
    let named = sessions.sessions.len() as u64;
    if sessions.total > named {
        let line = format!("\n{} more\n", sessions.total - named);
        text.push_str(&line);
    }
    Some(text)
}

/// What stands beside a session: `Claude Code · Oct 14 · app@main`.
pub(super) fn session_line(session: &SessionInfo) -> String {
    let now = Timestamp::now();
    let place = match (&session.repository, &session.branch) {
        (Some(repository), Some(branch)) => Some(format!("{repository}@{branch}")),
        (Some(place), None) | (None, Some(place)) => Some(place.clone()),
        (None, None) => None,
    };
    let parts = [Some(agent_name(&session.agent)), session.updated.map(|ts| ago(ts, now)), place];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// What stands beside a hit: `Fix the flaky lock test · Claude Code · #131 output`.
pub(super) fn hit_container(session: &SessionInfo, hit: &Hit) -> String {
    format!("{} · {} · #{} {}", session.title, agent_name(&session.agent), hit.event, hit.kind.name())
}

/// How far a reading is: `184 of 277`.
pub(super) fn read(status: &IndexStatus) -> String {
    let (done, total) = status.agents.iter().fold((0, 0), |sum, agent| (sum.0 + agent.done, sum.1 + agent.total));
    if done < total { format!("{done} of {total}") } else { format!("{} events", status.events) }
}

/// `text` cut to so many characters.
pub(super) fn cut(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

fn who_and_when(session: &FileSession, now: Timestamp) -> String {
    let agent = agent_name(&session.session.agent);
    match session.ts {
        Some(ts) => format!("{agent}, {}", ago(ts, now)),
        None => agent,
    }
}

fn link(session: &SessionBrief) -> String {
    format!("[{}]({})", escaped(&cut(&session.title, QUOTED_CHARACTERS)), SessionUri::new(&*session.id, None))
}

fn agent_name(id: &str) -> String {
    opensession_agents::registry::by_id(id).map_or_else(|| id.to_owned(), |agent| agent.name().to_owned())
}

/// An age in words; after a week the date.
fn ago(ts: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(ts.as_second()).max(0);
    let counted = |count: i64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    match seconds {
        0..60 => "now".to_owned(),
        60..3_600 => counted(seconds / 60, "minute"),
        3_600..86_400 => counted(seconds / 3_600, "hour"),
        86_400..604_800 => counted(seconds / 86_400, "day"),
        _ => {
            let zone = TimeZone::system();
            let (date, today) = (ts.to_zoned(zone.clone()).date(), now.to_zoned(zone).date());
            date.strftime(if date.year() == today.year() { "%b %-d" } else { "%Y-%m-%d" }).to_string()
        }
    }
}

/// Text that Markdown leaves as it is.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_punctuation() {
            escaped.push('\\');
        }
        escaped.push(if character.is_control() { ' ' } else { character });
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn touched(agent: &str, title: &str, ts: &str) -> FileSession {
        let session =
            SessionBrief { id: "4f2a".into(), agent: agent.into(), title: title.into(), ..SessionBrief::default() };
        let prompt = Some("# Fix *it*\n\n<b>now</b>\nplease\nfourth".to_owned());
        FileSession { session, event: 7, ts: Some(at(ts)), prompt, ..FileSession::default() }
    }

    #[test]
    fn the_lens_counts_and_names_the_last() {
        let now = at("2026-11-22T12:00:00Z");
        let mut sessions = FileSessions {
            sessions: vec![touched("claude-code", "Fix", "2026-11-20T11:00:00Z")],
            total: 3,
            ..FileSessions::default()
        };
        assert_eq!(lens(&sessions, now), "3 sessions · last: Claude Code, 2 days ago");
        sessions.total = 1;
        sessions.sessions[0].ts = Some(at("2025-10-14T11:00:00Z"));
        assert_eq!(lens(&sessions, now), "1 session · last: Claude Code, 2025-10-14");
    }

    #[test]
    fn the_hover_quotes_and_commands_nothing() {
        let now = at("2026-11-22T12:00:00Z");
        let sessions = FileSessions {
            sessions: vec![
                touched("claude-code", "[x](http://evil)", "2026-11-22T11:59:30Z"),
                touched("codex", "잠금", "2026-11-22T10:59:30Z"),
            ],
            total: 5,
            ..FileSessions::default()
        };
        insta::assert_snapshot!(hover(&sessions, now).unwrap(), @r"
        **Claude Code** · now · this file, not this line

        > \# Fix \*it\*  
        > \<b\>now\<\/b\>  
        > please  

        [Open at Event](opensession://session/4f2a#7) · [\[x\]\(http\:\/\/evil\)](opensession://session/4f2a)

        Codex, 1 hour ago · [잠금](opensession://session/4f2a)

        3 more
        ");
    }

    #[test]
    fn ages_are_told_in_the_largest_unit() {
        let now = at("2026-11-22T12:00:00Z");
        for (ts, expected) in [
            ("2026-11-22T12:00:05Z", "now"),
            ("2026-11-22T11:59:00Z", "1 minute ago"),
            ("2026-11-22T10:00:00Z", "2 hours ago"),
            ("2026-11-16T10:00:00Z", "6 days ago"),
            ("2026-10-14T12:00:00Z", "Oct 14"),
        ] {
            assert_eq!(ago(at(ts), now), expected);
        }
    }
}
