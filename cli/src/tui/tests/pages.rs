//! Figures, problems, settings and handoffs.

use insta::assert_snapshot;
use opensession_protocol::{SessionStats, StatsAnswer, StatsRow};
use serde_json::{Value, json};

use super::made_up::{handoff, problems, settings, stage};
use super::stage::Setting;
use crate::connection::CallError;
use crate::tui::effects::{Effect, Message};

fn with_pages(width: u16, height: u16) -> Setting {
    stage(width, height)
        .answer_by("stats/get", |params| {
            let figures = if params["by"] == "day" { days() } else { figures() };
            Ok(serde_json::to_value(figures).unwrap())
        })
        .answer("problem/list", problems())
        .answer("settings/list", settings())
        .answer("settings/set", settings())
        .answer("handoff/create", handoff())
        .answer(
            "agent/list",
            json!([
                { "id": "codex", "name": "Codex", "begin": { "command": ["codex"] } },
                { "id": "zed", "name": "Zed" },
            ]),
        )
}

fn figures() -> StatsAnswer {
    let row = |key: &str, sessions: u64, cost: Option<f64>| StatsRow {
        key: key.to_owned(),
        sessions,
        stats: SessionStats {
            turns: sessions * 20,
            active_ms: sessions * 1_500_000,
            input_tokens: sessions * 30_000,
            output_tokens: sessions * 4_000,
            added: sessions * 128,
            removed: sessions * 43,
            files: sessions * 4,
            results: 100,
            errors: 7,
            cost,
            cost_estimated: true,
            ..SessionStats::default()
        },
        ..StatsRow::default()
    };
    StatsAnswer {
        rows: vec![row("claude-code", 142, Some(212.4)), row("codex", 31, Some(9.1)), row("한국어-에이전트", 1, None)],
        total: row("", 174, Some(221.5)),
        scope_repository: Some("mina/app".to_owned()),
        ..StatsAnswer::default()
    }
}

/// Three months of days, of which some have nothing.
fn days() -> StatsAnswer {
    let first: jiff::civil::Date = "2026-08-20".parse().unwrap();
    let days = (0..94_i64).filter(|day| day % 7 != 3 && day % 5 != 0);
    let row = |day: i64| StatsRow {
        key: first.saturating_add(jiff::Span::new().days(day)).to_string(),
        sessions: 1,
        stats: SessionStats { active_ms: 600_000 * (1 + day as u64 * day as u64 % 23), ..SessionStats::default() },
        ..StatsRow::default()
    };
    StatsAnswer { rows: days.map(row).collect(), ..StatsAnswer::default() }
}

#[test]
fn the_map_of_days_gives_way_and_can_be_left_out() {
    let mut stage = with_pages(80, 24).begin();
    assert!(stage.keys("2").screen().contains("busiest 2026-"));
    assert!(!stage.keys("m").screen().contains("busiest"));
    let mut small = with_pages(80, 16).begin();
    let screen = small.keys("2").screen();
    assert!(!screen.contains("busiest") && screen.contains("total"), "{screen}");
}

#[test]
fn figures_at_200x60_by_day() {
    let mut stage = with_pages(200, 60).begin();
    assert_snapshot!(stage.keys("2 O O O O").screen());
    // The days are the groups already: nobody asks twice.
    let asked = stage.calls.iter().filter(|call| call.starts_with("stats/get")).count();
    let by_day = stage.calls.iter().filter(|call| call.contains(r#""by":"day""#)).count();
    assert_eq!((asked, by_day), (9, 5), "{:?}", stage.calls);
}

#[test]
fn figures_at_80x24() {
    assert_snapshot!(with_pages(80, 24).begin().keys("2").screen());
}

#[test]
fn figures_at_160x45_by_model_of_the_last_month() {
    let mut stage = with_pages(160, 45).begin();
    assert_snapshot!(stage.keys("2 O d j j Enter s").screen());
    let asked = stage.calls.iter().rfind(|call| call.contains(r#""by":"model""#)).unwrap();
    assert!(asked.contains(r#""since":"30d""#) && asked.contains(r#""all":true"#));
}

#[test]
fn problems_at_80x24() {
    let mut stage = with_pages(80, 24).begin();
    assert_snapshot!(stage.keys("4 j").screen());
    // What belongs to no session cannot be opened.
    assert!(stage.keys("j Enter").screen().contains("no session could be read there"));
}

#[test]
fn settings_are_changed_and_saved_together() {
    let mut stage = with_pages(80, 24).begin();
    assert_snapshot!("as_they_are", stage.keys("5").screen());
    stage.keys("j Enter").keys("Ctrl-u").types("90d").keys("Enter").keys("G Enter");
    assert_snapshot!("not_saved", stage.screen());
    stage.keys("Ctrl-s");
    let saved = stage.calls.iter().rfind(|call| call.starts_with("settings/set")).unwrap();
    assert_eq!(saved, r#"settings/set {"changes":{"storage.retention":"90d","watchers.codex":false}}"#);
    assert!(stage.screen().contains("saved: ~/.config/opensession/daemon.toml"));
}

#[test]
fn a_value_that_cannot_be_is_refused_at_once() {
    let refuse = |_: &Value| {
        Err(CallError::Refused {
            code: 5,
            message: "`soon` is no time to keep sessions for".to_owned(),
            data: Box::default(),
        })
    };
    let mut stage = with_pages(80, 24).answer_by("settings/set", refuse).begin();
    let screen = stage.keys("5 j Enter").keys("Ctrl-u").types("soon").keys("Enter").screen();
    assert!(screen.contains("`soon` is no time to keep sessions for") && !screen.contains("not saved"), "{screen}");
}

#[test]
fn a_handoff_is_read_cited_copied_and_given_on() {
    let mut stage = with_pages(80, 24).begin();
    assert_snapshot!(stage.keys("H").screen());
    stage.keys("y");
    assert!(matches!(stage.done.last(), Some(Effect::Copy(text)) if text.starts_with("# Handoff")));
    stage.keys("b");
    assert!(stage.calls.last().unwrap().contains(r#""budget":"full""#));
    stage.keys("r Enter");
    let Some(Effect::Run(program)) = stage.done.last() else { panic!("{:?}", stage.done) };
    assert_eq!(program.command[0], "opensession");
    assert_eq!(program.command[3..], ["--budget", "full", "--run", "codex"]);
    stage.happens(Message::Ended(Ok(())));
    stage.keys("x Enter");
    assert!(
        matches!(stage.done.last(), Some(Effect::Write { path, .. }) if path == "/home/mina/app/handoff-4f2a91c7.md")
    );
}
