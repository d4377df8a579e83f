//! Figures of what was done when and by which model, and what it cost.

use std::fs;

use serde_json::{Value, json};

use super::home::{Home, eventually};

/// Two sessions: one that went on for two days with two models, one with a model that nobody knows.
fn home() -> Home {
    let home = Home::new();
    let folder = home.home.join(".claude/projects/-home-mina-app");
    fs::create_dir_all(&folder).unwrap();
    let answer = |session: &str, id: u64, model: &str, ts: &str| {
        let usage =
            json!({ "input_tokens": 1_000_000, "output_tokens": 100_000, "cache_read_input_tokens": 2_000_000 });
        let content = json!([{ "type": "text", "text": "done" }]);
        let message =
            json!({ "id": format!("m{id}"), "role": "assistant", "model": model, "content": content, "usage": usage });
        json!({ "type": "assistant", "uuid": format!("{session}-{id}"), "sessionId": session, "timestamp": ts,
            "cwd": "/home/mina/app", "gitBranch": "main", "message": message })
    };
    let prompt = |session: &str, ts: &str| {
        json!({ "type": "user", "uuid": format!("{session}-p"), "sessionId": session, "timestamp": ts,
            "cwd": "/home/mina/app", "gitBranch": "main", "message": { "role": "user", "content": "go" } })
    };
    let long = [
        prompt("a", "2026-02-02T10:00:00Z"),
        answer("a", 1, "claude-opus-4-6", "2026-02-02T10:01:00Z"),
        answer("a", 2, "claude-haiku-4-5-20251001", "2026-02-03T23:30:00Z"),
    ];
    let strange = [prompt("b", "2026-02-03T12:00:00Z"), answer("b", 1, "made-up-model", "2026-02-03T12:01:00Z")];
    for (name, records) in [("a", &long[..]), ("b", &strange[..])] {
        let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
        fs::write(folder.join(format!("{name}.jsonl")), lines).unwrap();
    }
    home.rpc("index/refresh", &json!({}));
    home
}

fn groups(lines: &[Value]) -> Vec<String> {
    let groups = lines.iter().filter(|line| line["type"] == "group");
    groups
        .map(|group| {
            let stats = &group["stats"];
            let cost = stats["cost"].as_f64().map_or_else(|| "-".to_owned(), |cost| format!("{cost:.2}"));
            let tokens = stats["input_tokens"].as_u64().unwrap() / 1_000_000;
            format!("{}: {} sessions, {tokens}M in, {cost}", group["key"].as_str().unwrap(), group["sessions"])
        })
        .collect()
}

#[test]
fn work_counts_when_it_was_done_and_costs_what_its_model_costs() {
    let home = home();
    let by_model = home.json(&["stats", "--all", "--by", "model"]);
    let wanted = [
        "claude-haiku-4-5-20251001: 1 sessions, 1M in, 1.70",
        "claude-opus-4-6: 1 sessions, 1M in, 8.50",
        "made-up-model: 1 sessions, 1M in, -",
    ];
    assert_eq!(groups(&by_model), wanted);
    let summary = by_model.last().unwrap();
    assert_eq!((&summary["total"]["sessions"], &summary["unpriced_models"]), (&json!(2), &json!(["made-up-model"])));
    assert_eq!(summary["total"]["stats"]["cost_estimated"], true);

    let days = ["2026-02-02: 1 sessions, 1M in, 8.50", "2026-02-03: 2 sessions, 2M in, 1.70"];
    assert_eq!(groups(&home.json(&["stats", "--all", "--by", "day"])), days);
    let since = ["stats", "--all", "--by", "day", "--since", "2026-02-03"];
    assert_eq!(groups(&home.json(&since)), days[1..]);
    // A session that went on after that day counts with what it did before.
    let until = ["stats", "--all", "--by", "day", "--until", "2026-02-02"];
    assert_eq!(groups(&home.json(&until)), days[..1]);
    let hours = home.json(&["stats", "--all", "--by", "hour"]);
    assert_eq!(hours.len(), 25, "a row for every hour, and the summary");
    assert_eq!(groups(&hours)[23], "23: 1 sessions, 1M in, 1.70");
}

#[test]
fn the_users_own_prices_come_first_and_at_once() {
    let home = home();
    let cost = || {
        let lines = home.json(&["log", "--all"]);
        let session = lines.iter().find(|line| line["native_id"] == "b").unwrap();
        (session["stats"]["cost"].as_f64(), session["stats"]["cost_estimated"].as_bool())
    };
    assert_eq!(cost(), (None, Some(false)));
    home.configure("[prices]\n\"made-up-model\" = { input = 3.0, output = 20.0, cache_read = 0.5 }\n");
    eventually("the price", || (cost() == (Some(6.0), Some(true))).then_some(()));
    assert_eq!(
        home.done(&["log", "--all", "--agent", "claude-code", "--format", "%c", "-n", "2"]),
        "~$10.20\n~$6.00\n"
    );
    // After a start the estimate is made anew.
    home.stop();
    assert_eq!(cost(), (Some(6.0), Some(true)));
}
