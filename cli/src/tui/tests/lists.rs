use insta::assert_snapshot;

use super::made_up::stage;
use crate::tui::effects::Effect;

#[test]
fn the_list_at_80x24() {
    assert_snapshot!(stage(80, 24).begin().screen(), @"");
}

#[test]
fn help_lies_over_the_list() {
    let mut stage = stage(80, 24).begin();
    assert_snapshot!(stage.keys("?").types("mark").screen(), @"");
}

#[test]
fn an_action_is_found_by_its_name() {
    let mut stage = stage(80, 24).begin();
    stage.keys(":").types("quit").keys("Enter");
    assert!(matches!(stage.done.last(), Some(Effect::Quit)), "{:?}", stage.done);
}
