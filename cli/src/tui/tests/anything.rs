//! Whatever is typed, clicked and resized, the interface goes on.

use proptest::prelude::*;

use super::made_up::{handoff, long_session_stage, problems, search_stage, settings};
use crate::tui::effects::{Effect, Message};
use crate::tui::keys::BINDINGS;

#[derive(Debug, Clone)]
enum Step {
    Key(String),
    Type(String),
    Click(u16, u16),
    Drag((u16, u16), (u16, u16)),
    Resize(u16, u16),
    Pass(u64),
    Away(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let keys: Vec<String> = BINDINGS
        .iter()
        .flat_map(|binding| binding.keys)
        .filter(|key| !matches!(**key, "Ctrl-c" | "Ctrl-z"))
        .map(|key| (*key).to_owned())
        .collect();
    prop_oneof![
        8 => prop::sample::select(keys).prop_map(Step::Key),
        2 => "[a-z가-힣:\" ]{0,6}".prop_map(Step::Type),
        1 => (0_u16..220, 0_u16..70).prop_map(|(column, row)| Step::Click(column, row)),
        1 => ((0_u16..220, 0_u16..70), (0_u16..220, 0_u16..70)).prop_map(|(from, to)| Step::Drag(from, to)),
        1 => (0_u16..220, 0_u16..70).prop_map(|(width, height)| Step::Resize(width, height)),
        1 => (0_u64..400).prop_map(Step::Pass),
        1 => any::<bool>().prop_map(Step::Away),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_may_be_typed(steps in prop::collection::vec(step(), 1..60), is_long in any::<bool>()) {
        let setting = if is_long { long_session_stage(80, 24, 2_000) } else { search_stage(80, 24) };
        let mut stage = setting
            .answer_by("search/query", |_| Ok(serde_json::json!({ "sessions": [] })))
            .answer("session/diff", serde_json::json!({ "markdown": "# a" }))
            .answer("session/export", serde_json::json!({ "path": "/x" }))
            .answer("session/star", serde_json::json!({ "id": "0", "starred": true, "changed": true }))
            .answer("search/complete", serde_json::json!({ "start": 0, "end": 3, "items": [
                { "text": "agent:", "kind": "field" }, { "text": "잠금", "kind": "word", "count": 3 },
            ] }))
            .answer("search/saved", serde_json::json!([{ "name": "a", "query": "b" }]))
            .answer("search/save", serde_json::json!({ "name": "a", "query": "b" }))
            .answer("search/unsave", serde_json::json!({ "name": "a", "query": "b" }))
            .answer("search/history", serde_json::json!({ "queries": [{ "query": "b" }] }))
            .answer("session/forget", serde_json::json!({ "id": "0" }))
            .answer("stats/get", serde_json::json!({ "rows": [] }))
            .answer("problem/list", problems())
            .answer("settings/list", settings())
            .answer("settings/set", settings())
            .answer("handoff/create", handoff())
            .answer("agent/list", serde_json::json!([]))
            .answer("session/document", serde_json::json!({ "text": "a" }))
            .begin();
        for step in steps {
            match step {
                Step::Key(keys) => { stage.keys(&keys); }
                Step::Type(text) => { stage.types(&text); }
                Step::Click(column, row) => { stage.click(column, row); }
                Step::Drag(from, to) => { stage.drag(from, to); }
                Step::Resize(width, height) => { stage.resize(width, height); }
                Step::Pass(time) => { stage.passes(time); }
                Step::Away(is_away) => { stage.happens(if is_away { Message::Offline } else { Message::Online }); }
            }
            stage.screen();
            if stage.done.iter().any(|effect| matches!(effect, Effect::Quit)) {
                break;
            }
        }
    }
}
