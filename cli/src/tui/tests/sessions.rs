use insta::assert_snapshot;
use opensession_protocol::{SessionInfo, SessionState, SessionUpdate};
use serde_json::json;

use super::made_up::{live, long_session_stage, search_stage, session_stage};
use super::stage::Stage;
use crate::tui::effects::{Effect, Message};

fn opened(width: u16, height: u16) -> Stage {
    let mut stage = session_stage(width, height).begin();
    stage.screen();
    stage.keys("Enter");
    stage.screen();
    stage
}

#[test]
fn a_live_session_opens_at_its_end() {
    assert_snapshot!(opened(80, 24).screen());
}

#[test]
fn a_session_at_160x45() {
    assert_snapshot!(opened(160, 45).keys("zR").screen());
}

#[test]
fn a_session_in_ascii_at_80x24() {
    let mut stage = session_stage(80, 24).ascii().begin();
    assert_snapshot!(stage.keys("Enter g Space t T").screen());
}

#[test]
fn folds_open_and_close() {
    let mut stage = opened(80, 24);
    stage.keys("g Space");
    assert_snapshot!(stage.screen());
    stage.keys("zM");
    assert_eq!(stage.screen().lines().filter(|line| line.starts_with('▸')).count(), 2, "{}", stage.screen());
}

#[test]
fn jumps_go_to_prompts_errors_and_edits() {
    let mut stage = opened(80, 24);
    stage.keys("zM g e");
    assert_snapshot!(stage.screen());
    stage.keys("c");
    assert!(stage.screen().contains("89 -   let g = self.inner.lock();"), "{}", stage.screen());
    stage.keys("e");
    assert!(stage.screen().contains("529: overloaded"), "{}", stage.screen());
    stage.keys("e");
    assert!(stage.screen().contains("no more errors that way"));
    stage.keys("[ [");
    assert!(stage.screen().contains("turn 1 of 2"), "{}", stage.screen());
}

#[test]
fn what_is_found_in_a_session_is_counted_and_shown() {
    let mut stage = search_stage(80, 24).begin();
    stage.screen();
    stage.keys("Enter zM g /").types("poison");
    assert_snapshot!(stage.screen());
    stage.keys("Enter n");
    assert!(stage.screen().contains("1 of 2"), "{}", stage.screen());
    assert!(stage.calls.last().unwrap().contains("(poison) session:4f2a91c7"), "{:?}", stage.calls.last());
}

#[test]
fn a_hit_of_the_list_opens_where_it_stands() {
    let mut stage = search_stage(80, 24).begin();
    stage.screen();
    stage.keys("/").types("lock").passes(200).keys("Esc j Enter");
    assert!(stage.screen().contains("thread 'main' panicked"), "{}", stage.screen());
}

#[test]
fn live_events_are_followed_from_the_end_only() {
    let new = |number: u32, text: &str| {
        let hail = json!({ "role": "agent", "content": text });
        let event = json!({ "event": number, "turn": 2, "kind": "agent", "hail": hail });
        let update: SessionUpdate = serde_json::from_value(json!({
            "type": "events", "session": live().id, "agent": "claude-code", "events": [event],
        }))
        .unwrap();
        Message::Session(update)
    };
    let mut stage = opened(80, 8);
    stage.happens(new(18, "at the end"));
    assert!(stage.screen().contains("at the end"), "{}", stage.screen());
    stage.keys("g").happens(new(19, "not seen"));
    let screen = stage.screen();
    assert!(!screen.contains("not seen") && screen.contains("1 new  F"), "{screen}");
    stage.keys("F");
    assert!(stage.screen().contains("not seen"), "{}", stage.screen());
}

#[test]
fn a_long_session_is_asked_for_page_by_page() {
    let mut stage = long_session_stage(80, 24, 50_000).begin();
    stage.screen();
    stage.keys("Enter");
    stage.screen();
    stage.keys("G");
    assert!(stage.screen().contains("step 50000"), "{}", stage.screen());
    for _ in 0..60 {
        stage.keys("Ctrl-u");
    }
    let screen = stage.screen();
    let step = screen.split("step ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap().to_owned();
    assert!((49_000..49_900).contains(&step.parse::<u32>().unwrap()), "{screen}");
    stage.keys("E");
    assert!(stage.screen().contains("step 25000"), "{}", stage.screen());
    let asked = stage.calls.iter().filter(|call| call.starts_with("session/events")).count();
    assert!(asked < 15, "{asked} pages");
}

#[test]
fn the_file_of_an_edit_opens_in_the_editor() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("src")).unwrap();
    std::fs::write(folder.path().join("src/lock.rs"), "").unwrap();
    let session =
        SessionInfo { cwd: Some(folder.path().to_str().unwrap().to_owned()), state: SessionState::Finished, ..live() };
    let mut stage = session_stage(80, 24).answer("session/get", json!({ "session": session })).begin();
    stage.screen();
    stage.keys("Enter");
    stage.screen();
    stage.keys("c o");
    let Some(Effect::Run(program)) = stage.done.last() else { panic!("{:?}", stage.done) };
    assert_eq!(program.command[..2], ["vi", "+88"]);
    assert!(program.command[2].ends_with("src/lock.rs"));
}

#[test]
fn two_marked_sessions_are_compared() {
    let markdown = "# Two sessions\n\n| a | b |\n+ added\n";
    let comparison = opensession_hail::comparison::Comparison::default();
    let mut stage =
        session_stage(80, 24).answer("session/diff", json!({ "comparison": comparison, "markdown": markdown })).begin();
    stage.keys("D");
    assert!(stage.screen().contains("mark two with Space"));
    stage.keys("Space Space D");
    assert!(stage.screen().contains("# Two sessions"), "{}", stage.screen());
    stage.keys("q");
    assert!(stage.screen().contains("2 marked"), "{}", stage.screen());
}

#[test]
fn no_command_of_a_session_reaches_the_terminal() {
    let mut stage = opened(100, 40);
    let screen = stage.keys("zR").screen();
    assert!(!screen.chars().any(|character| character.is_control() && character != '\n'), "{screen:?}");
}
