//! Answers of a daemon that is not there.

use opensession_protocol::{
    DaemonStatus, IndexStatus, SessionInfo, SessionPage, SessionRelation, SessionState, SessionStats,
};

use super::stage::{Setting, Stage};

/// A stage whose daemon has a few sessions.
pub(crate) fn stage(width: u16, height: u16) -> Setting {
    Stage::new(width, height).answer("daemon/status", status()).answer("session/list", page())
}

fn status() -> DaemonStatus {
    let index = IndexStatus { events: 84_120, store_sequence: 9, ..IndexStatus::default() };
    DaemonStatus { sessions: 308, agents: 2, live: 1, index, ..DaemonStatus::default() }
}

pub(crate) fn page() -> SessionPage {
    SessionPage {
        sessions: vec![live(), korean(), subagent(), old(), hostile()],
        next: None,
        total: 5,
        scope_repository: Some("mina/app".to_owned()),
        sessions_kept: 308,
    }
}

pub(crate) fn live() -> SessionInfo {
    SessionInfo {
        id: "4f2a91c70123456789abcdef01234567".to_owned(),
        short_id: "4f2a91c7".to_owned(),
        agent: "claude-code".to_owned(),
        title: "Fix the flaky lock test".to_owned(),
        state: SessionState::Live,
        cwd: Some("/home/mina/app".to_owned()),
        repository: Some("mina/app".to_owned()),
        branch: Some("main".to_owned()),
        model: Some("opus-4".to_owned()),
        updated: "2026-11-22T03:04:00Z".parse().ok(),
        events: 17,
        stats: SessionStats { turns: 42, added: 120, removed: 8, files: 3, ..SessionStats::default() },
        first_prompt: Some("The lock test fails one time in ten. Find out why.".to_owned()),
        ..SessionInfo::default()
    }
}

pub(crate) fn korean() -> SessionInfo {
    SessionInfo {
        id: "b81d03e20123456789abcdef01234567".to_owned(),
        short_id: "b81d03e2".to_owned(),
        agent: "codex".to_owned(),
        title: "잠금 순서 바꾸기".to_owned(),
        repository: Some("mina/infra".to_owned()),
        branch: Some("main".to_owned()),
        updated: "2026-11-21T04:00:00Z".parse().ok(),
        stats: SessionStats { turns: 9, added: 14, removed: 2, ..SessionStats::default() },
        ..SessionInfo::default()
    }
}

pub(crate) fn subagent() -> SessionInfo {
    SessionInfo {
        id: "77aa00bb0123456789abcdef01234567".to_owned(),
        short_id: "77aa00bb".to_owned(),
        agent: "claude-code".to_owned(),
        title: "Review lock.rs".to_owned(),
        parent: Some(live().id),
        relation: Some(SessionRelation::Subagent),
        repository: Some("mina/app".to_owned()),
        branch: Some("a-branch-with-a-name-that-goes-on-and-on".to_owned()),
        updated: "2026-11-19T05:00:00Z".parse().ok(),
        stats: SessionStats { turns: 3, ..SessionStats::default() },
        ..SessionInfo::default()
    }
}

fn old() -> SessionInfo {
    SessionInfo {
        id: "0c0ffee00123456789abcdef01234567".to_owned(),
        short_id: "0c0ffee0".to_owned(),
        agent: "claude-code".to_owned(),
        title:
            "A title that says so much about what was done that no list of any width has the room to show it whole, \
                on one line at least"
                .to_owned(),
        state: SessionState::Interrupted,
        repository: Some("mina/app".to_owned()),
        updated: "2025-10-14T05:00:00Z".parse().ok(),
        stats: SessionStats { turns: 1_234, added: 48_230, removed: 6_100, ..SessionStats::default() },
        ..SessionInfo::default()
    }
}

/// A session that tries to command the terminal.
fn hostile() -> SessionInfo {
    SessionInfo {
        id: "deadbeef0123456789abcdef01234567".to_owned(),
        short_id: "deadbeef".to_owned(),
        agent: "claude-code".to_owned(),
        title: "\u{1b}]0;owned\u{7}\u{1b}[2Jclear\r\n\tme\u{202e}\u{9b}31m".to_owned(),
        branch: Some("\u{1b}[31mred".to_owned()),
        updated: "2025-10-13T05:00:00Z".parse().ok(),
        ..SessionInfo::default()
    }
}
