use insta::assert_snapshot;
use opensession_protocol::{DaemonStatus, IndexState, IndexStatus, SessionPage};

use super::made_up::{korean, live, page, search_stage, session_stage, stage};
use crate::tui::effects::{Effect, Message};

#[test]
fn the_list_at_80x24() {
    assert_snapshot!(session_stage(80, 24).begin().passes(100).screen());
}

#[test]
fn the_list_at_160x45() {
    assert_snapshot!(session_stage(160, 45).begin().passes(100).screen());
}

#[test]
fn the_list_alone_on_a_small_terminal() {
    assert_snapshot!(session_stage(60, 15).begin().screen());
    assert_snapshot!(session_stage(50, 10).begin().screen());
}

#[test]
fn the_list_in_ascii() {
    assert_snapshot!(session_stage(80, 16).ascii().begin().screen());
}

#[test]
fn a_search_at_80x24() {
    let mut stage = search_stage(80, 24).begin();
    assert_snapshot!(stage.keys("/").types("lock").passes(200).screen());
}

#[test]
fn a_search_at_160x45() {
    let mut stage = search_stage(160, 45).begin();
    assert_snapshot!(stage.keys("/").types("lock").passes(200).screen());
}

#[test]
fn nothing_found_says_why() {
    let mut stage = search_stage(80, 24).begin();
    assert_snapshot!(stage.keys("/").types("rase agent:codexx").passes(200).screen());
}

#[test]
fn dividers_are_straight_beside_korean() {
    for width in [120, 160, 200] {
        let mut stage = search_stage(width, 45).begin();
        stage.keys("/").types("lock").passes(200);
        let columns = stage.columns_of("│", 3);
        assert!(!columns.is_empty());
        for row in 3..40 {
            assert_eq!(stage.columns_of("│", row), columns, "row {row} at {width}");
        }
    }
}

#[test]
fn typing_keeps_the_session_and_rows_move_only_at_rest() {
    let mut stage = search_stage(80, 24).begin();
    // The list has the live session first, the answer the Korean one.
    stage.keys("/").types("lo");
    let row = |stage: &mut super::stage::Stage, title: &str| {
        stage.screen().lines().position(|line| line.contains(title)).unwrap()
    };
    assert!(row(&mut stage, &live().title) < row(&mut stage, &korean().title));
    stage.keys("Down").types("c");
    let chosen = |stage: &mut super::stage::Stage| {
        let screen = stage.screen();
        screen.lines().find(|line| line.starts_with('>')).unwrap().to_owned()
    };
    assert!(chosen(&mut stage).contains(&korean().title));
    stage.passes(160);
    assert!(row(&mut stage, &live().title) > row(&mut stage, &korean().title));
    assert!(chosen(&mut stage).contains(&korean().title), "the session under the cursor stays so");
}

#[test]
fn late_answers_are_dropped() {
    let mut stage = search_stage(80, 24).begin();
    stage.hold("search/query").keys("/").types("rase").keys("Ctrl-u").types("lo");
    stage.release("search/query", true).passes(200);
    assert!(stage.screen().contains("2 sessions"), "{}", stage.screen());
}

#[test]
fn what_takes_long_is_seen() {
    let mut stage = search_stage(80, 24).begin();
    stage.hold("search/query").keys("/").types("l").passes(210);
    assert!(stage.screen().lines().nth(1).unwrap().contains(['⣷', '⣯', '⣟']), "{}", stage.screen());
}

#[test]
fn a_facet_narrows_the_query() {
    let mut stage = search_stage(80, 24).begin();
    stage.keys("/").types("lock").passes(200).keys("Enter q f");
    assert_snapshot!(stage.screen());
    stage.keys("j Enter");
    assert!(stage.calls.last().unwrap().contains("lock agent:codex"), "{:?}", stage.calls.last());
}

#[test]
fn a_month_narrows_the_query() {
    let mut stage = search_stage(200, 60).begin();
    stage.screen();
    stage.keys("/").types("lock").passes(200).keys("Esc f j j j j j j");
    assert_snapshot!(stage.screen());
    stage.keys("Space");
    assert!(stage.calls.last().unwrap().contains("lock on:2026-11"), "{:?}", stage.calls.last());
    assert!(stage.screen().contains("[x] Nov"), "{}", stage.screen());
}

#[test]
fn the_divider_is_dragged_and_moved_by_keys() {
    let mut stage = session_stage(160, 45).begin();
    stage.screen();
    let before = stage.columns_of("│", 20);
    let divider = *before.last().unwrap();
    stage.drag((divider, 20), (100, 22));
    assert_eq!(stage.columns_of("│", 20), [before[0], 100]);
    stage.keys("<");
    assert_eq!(stage.columns_of("│", 20), [before[0], 96]);
    // It is let go: what the mouse does now is no dragging any more.
    stage.drag((50, 20), (60, 20));
    assert_eq!(stage.columns_of("│", 20), [before[0], 96]);
    let mut below = session_stage(80, 24).begin();
    below.screen();
    let row_of = |stage: &mut super::stage::Stage| {
        stage.screen().lines().position(|line| line.contains("4f2a91c7 ─")).unwrap() as u16
    };
    let row = row_of(&mut below);
    below.drag((10, row), (10, row - 4));
    assert_eq!(row_of(&mut below), row - 4);
    below.keys("> >");
    assert_eq!(row_of(&mut below), row - 2);
}

#[test]
fn a_star_is_given_and_seen_in_list_and_session() {
    use std::cell::Cell;
    use std::rc::Rc;
    let starred = Rc::new(Cell::new(false));
    let with_star = |starred: &Rc<Cell<bool>>| {
        let starred = Rc::clone(starred);
        move || opensession_protocol::SessionInfo { starred: starred.get(), ..live() }
    };
    let (of_list, of_session, given) = (with_star(&starred), with_star(&starred), Rc::clone(&starred));
    let mut stage = session_stage(80, 24)
        .answer_by("session/list", move |_| {
            let page = SessionPage { sessions: vec![korean(), of_list()], ..page() };
            Ok(serde_json::to_value(page).unwrap())
        })
        .answer_by("session/get", move |_| Ok(serde_json::json!({ "session": of_session() })))
        .answer_by("session/star", move |params| {
            given.set(params["starred"].as_bool().unwrap());
            Ok(serde_json::json!({ "id": params["session"], "starred": given.get(), "changed": true }))
        })
        .begin();
    stage.keys("j *");
    assert!(starred.get());
    assert_snapshot!("a_star_in_the_list", stage.screen());
    stage.keys("Enter");
    assert!(stage.screen().lines().next().unwrap().contains("✶ starred"), "{}", stage.screen());
    stage.keys("*");
    assert!(!starred.get());
    assert!(stage.screen().contains("no star any more"), "{}", stage.screen());
    stage.keys("q");
    assert!(!stage.screen().contains('✶'), "{}", stage.screen());
}

#[test]
fn help_lies_over_the_list() {
    let mut stage = session_stage(80, 24).begin();
    assert_snapshot!(stage.keys("?").types("mark").screen());
}

#[test]
fn an_action_is_found_by_its_name() {
    let mut stage = stage(80, 24).begin();
    stage.keys(":").types("quit").keys("Enter");
    assert!(matches!(stage.done.last(), Some(Effect::Quit)), "{:?}", stage.done);
}

#[test]
fn orders_scopes_and_subagents() {
    let mut stage = session_stage(80, 24).begin();
    stage.keys("O");
    assert_snapshot!(stage.screen());
    stage.keys("s u");
    assert!(
        stage.calls.last().unwrap().contains(r#""all":true},"agents":[],"model":null"#),
        "{:?}",
        stage.calls.last()
    );
    assert!(stage.calls.last().unwrap().contains(r#""subagents":true"#));
}

#[test]
fn the_next_page_comes_before_the_end_is_reached() {
    let first = SessionPage { next: Some("1.1".to_owned()), ..page() };
    let mut stage = session_stage(80, 24)
        .answer_by("session/list", move |params| {
            let page = if params["cursor"].is_null() { first.clone() } else { SessionPage::default() };
            Ok(serde_json::to_value(page).unwrap())
        })
        .begin();
    assert!(stage.calls.iter().any(|call| call.contains(r#""cursor":"1.1""#)), "{:?}", stage.calls);
    assert!(stage.screen().contains("Review lock.rs"));
}

#[test]
fn a_session_is_forgotten_only_when_its_id_is_typed() {
    let mut stage =
        session_stage(80, 24).answer("session/forget", serde_json::json!({ "id": live().id, "bytes": 4_120 })).begin();
    stage.keys("X").types("4f2b").keys("Enter");
    assert!(!stage.calls.iter().any(|call| call.contains("session/forget")));
    stage.keys("X").types("4f2a");
    assert_snapshot!(stage.screen());
    stage.keys("Enter");
    assert!(stage.calls.iter().any(|call| call.contains("session/forget")));
    assert!(stage.screen().contains("Forgotten: 4f2a91c7, 4.1 kB"), "{}", stage.screen());
}

#[test]
fn the_id_is_copied_and_the_session_exported() {
    let mut stage = session_stage(80, 24)
        .answer("session/export", serde_json::json!({ "path": "/home/mina/app/4f2a91c7.html", "bytes": 4_120 }))
        .begin();
    stage.keys("y Enter");
    assert!(matches!(stage.done.last(), Some(Effect::Copy(id)) if id == "4f2a91c7"), "{:?}", stage.done);
    stage.keys("x Enter Enter");
    assert!(stage.calls.last().unwrap().contains(r#""to":"/home/mina/app/4f2a91c7.html""#), "{:?}", stage.calls.last());
    assert!(stage.screen().contains("exported to ~/app/4f2a91c7.html, 4.1 kB"), "{}", stage.screen());
}

#[test]
fn the_mouse_chooses_and_opens() {
    let mut stage = session_stage(80, 24).begin();
    stage.screen();
    stage.click(10, 6);
    assert!(
        stage.screen().lines().any(|line| line.starts_with('>') && line.contains(&korean().title)),
        "{}",
        stage.screen()
    );
    stage.click(10, 6);
    assert!(stage.screen().starts_with("Fix the flaky lock test"), "{}", stage.screen());
}

#[test]
fn a_daemon_that_is_away_is_told_and_what_is_known_stays() {
    let mut stage = session_stage(80, 24).begin();
    stage.happens(Message::Offline);
    let screen = stage.screen();
    assert!(screen.contains("offline, reconnecting") && screen.contains("Fix the flaky lock test"), "{screen}");
    let calls = stage.calls.len();
    stage.happens(Message::Online);
    assert!(!stage.screen().contains("offline") && stage.calls.len() > calls);
}

#[test]
fn an_empty_list_says_whether_more_is_to_come() {
    let reading =
        IndexStatus { state: IndexState::Reading, first_run: true, store_sequence: 3, ..IndexStatus::default() };
    let mut stage = stage(80, 24).answer("session/list", SessionPage::default()).begin();
    assert!(stage.screen().contains("No session yet.\nNo session is kept yet."), "{}", stage.screen());
    stage.happens(Message::Index(reading));
    assert!(stage.screen().contains("No session yet.\nReading the sessions on this machine"), "{}", stage.screen());
}

#[test]
fn the_first_reading_is_told_in_the_head() {
    let reading = IndexStatus {
        state: IndexState::Reading,
        first_run: true,
        bytes_done: 66,
        bytes_total: 100,
        store_sequence: 3,
        ..IndexStatus::default()
    };
    let mut stage = session_stage(80, 24)
        .answer("daemon/status", DaemonStatus { index: reading.clone(), ..DaemonStatus::default() })
        .begin();
    stage.happens(Message::Index(reading.clone()));
    assert!(stage.screen().lines().next().unwrap().contains("indexing 66%"), "{}", stage.screen());
    // Later on only what takes a while is told: also the rest of a first reading that was broken off.
    stage.happens(Message::Index(IndexStatus { first_run: false, ..reading.clone() }));
    assert!(!stage.screen().contains("indexing"), "{}", stage.screen());
    stage.happens(Message::Index(IndexStatus { first_run: false, bytes_total: 300_000_000, ..reading }));
    assert!(stage.screen().contains("indexing"), "{}", stage.screen());
}
