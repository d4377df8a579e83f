//! What is typed into the search line: completed, called back, saved.

use insta::assert_snapshot;

use super::made_up::search_stage;
use super::stage::Stage;

fn typed(width: u16, height: u16, text: &str) -> Stage {
    let mut stage = search_stage(width, height).begin();
    stage.screen();
    stage.keys("/").types(text).passes(200);
    stage
}

/// What stands in the search line.
fn line(stage: &mut Stage) -> String {
    let screen = stage.screen();
    let line = screen.lines().nth(1).unwrap().strip_prefix("/ ").unwrap().to_owned();
    line.split("  ").next().unwrap().trim_end().to_owned()
}

#[test]
fn a_field_and_then_its_value_are_completed() {
    let mut stage = typed(80, 24, "lock 잠금 a");
    stage.keys("Tab");
    // One field begins so: it is taken, and its values are shown.
    assert_eq!(line(&mut stage), "lock 잠금 agent:");
    assert_snapshot!(stage.screen());
    stage.keys("Tab Tab Shift-Tab Right");
    assert_eq!(line(&mut stage), "lock 잠금 agent:codex");
    assert!(!stage.screen().contains("277"), "{}", stage.screen());
    stage.keys("Tab");
    assert!(stage.screen().contains("nothing completes this"), "{}", stage.screen());
}

#[test]
fn candidates_at_200x60() {
    let mut stage = typed(200, 60, "lock b");
    assert_snapshot!(stage.keys("Tab").screen());
}

#[test]
fn typing_goes_on_beside_the_candidates() {
    let mut stage = typed(80, 24, "lock b");
    stage.keys("Tab").types("r");
    assert_eq!(line(&mut stage), "lock br");
    let screen = stage.screen();
    assert!(screen.contains("branch:") && !screen.contains("before:"), "{screen}");
    // Candidates of the line as it was are not put into the line as it is.
    stage.hold("search/complete").types("a").keys("Enter");
    assert_eq!(line(&mut stage), "lock bra");
    stage.release("search/complete", false).keys("Esc").types("x");
    assert_eq!(line(&mut stage), "lock brax");
}

#[test]
fn esc_closes_the_candidates_before_it_leaves_the_line() {
    let mut stage = typed(80, 24, "lock b");
    stage.keys("Tab Esc");
    assert!(!stage.screen().contains("branch:"), "{}", stage.screen());
    stage.types("x");
    assert_eq!(line(&mut stage), "lock bx");
}

#[test]
fn a_query_that_was_run_is_kept_once() {
    let mut stage = typed(80, 24, "lock");
    let kept = |stage: &Stage| stage.calls.iter().filter(|call| call.contains(r#""remember":true"#)).count();
    assert_eq!(kept(&stage), 0, "nobody is done typing");
    stage.keys("Enter");
    assert_eq!(kept(&stage), 1);
    stage.keys("q Enter");
    assert_eq!(kept(&stage), 1);
}

#[test]
fn the_arrows_go_through_earlier_searches() {
    let mut stage = search_stage(80, 24).begin();
    stage.keys("/ Up");
    assert_eq!(line(&mut stage), "lock panicked");
    stage.keys("Up Up");
    assert_eq!(line(&mut stage), "lock 순서");
    stage.keys("Down");
    assert_eq!(line(&mut stage), "lock panicked");
    // Once it is changed the arrows move through what was found.
    stage.passes(200).types("x").passes(200);
    let before = stage.screen();
    stage.keys("Down");
    assert_eq!(line(&mut stage), "lock panickedx");
    assert_ne!(stage.screen(), before);
    stage.keys("Ctrl-u Up Down");
    assert_eq!(line(&mut stage), "");
}

#[test]
fn saved_and_earlier_searches_are_listed_taken_and_forgotten() {
    let mut stage = search_stage(80, 24).begin();
    stage.keys("/ Ctrl-r");
    assert_snapshot!(stage.screen());
    stage.keys("Delete");
    assert!(stage.calls.iter().any(|call| call == r#"search/unsave {"name":"slow"}"#), "{:?}", stage.calls);
    assert!(stage.screen().contains("Forgotten: slow  duration:>1h is:error"), "{}", stage.screen());
    stage.keys("Down Down Delete");
    assert!(stage.screen().contains("only saved searches are forgotten"), "{}", stage.screen());
    stage.keys("Up Enter");
    assert_eq!(line(&mut stage), "lock");
    assert!(
        stage
            .calls
            .iter()
            .any(|call| call.starts_with(r#"search/query {"options":"#) || call.contains(r#""query":"lock""#))
    );
}

#[test]
fn the_query_is_saved_under_a_name() {
    let mut stage = search_stage(80, 24).begin();
    stage.keys("/ Ctrl-s");
    assert!(stage.screen().contains("type a query first"), "{}", stage.screen());
    stage.types("lock").keys("Ctrl-s");
    assert_snapshot!(stage.screen());
    stage.keys("Enter");
    assert!(stage.screen().contains("not saved: it needs a name"), "{}", stage.screen());
    stage.keys("Ctrl-s").types("느린 것").keys("Enter");
    let saved = stage.calls.iter().rfind(|call| call.starts_with("search/save ")).unwrap();
    assert_eq!(saved, r#"search/save {"name":"느린 것","query":"lock"}"#);
    assert!(stage.screen().contains("saved: 느린 것"), "{}", stage.screen());
}
