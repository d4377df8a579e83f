//! What people keep: stars, saved searches, the queries they ran.

use std::fs;

use serde_json::{Value, json};

use super::home::{Home, eventually};
use super::records::{SessionFile, needle};

/// The sessions that a query finds, by the agent's own ids.
fn found(home: &Home, query: &str) -> Vec<String> {
    let options = json!({ "scope": { "all": true } });
    let answer = home.rpc("search/query", &json!({ "query": query, "options": options }));
    let sessions = answer["sessions"].as_array().unwrap().iter();
    sessions.map(|found| found["session"]["native_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_star_outlives_reading_anew_rebuilding_and_restarting() {
    let home = Home::new();
    let mut session = SessionFile::claude(&home, 1);
    session.say(&needle(1));
    SessionFile::claude(&home, 2).say(&needle(2));
    home.rpc("index/refresh", &json!({}));
    let starred = [session.native_id().to_owned()];
    let told = home.done(&["star", session.native_id()]);
    assert!(told.starts_with("Starred:\n") && told.contains("0c1a0de0") || told.contains("starred"), "{told}");
    assert!(home.done(&["star", session.native_id()]).starts_with("Starred already:"));
    assert_eq!(found(&home, "is:starred"), starred);
    assert_eq!(home.sessions()[session.native_id()]["starred"], json!(true));

    // Its file is written anew, so that it is read from its beginning.
    let text = fs::read_to_string(&session.path).unwrap();
    fs::write(&session.path, text.replace(&needle(1), &needle(3))).unwrap();
    home.await_hits(&needle(3), 1);
    assert_eq!(found(&home, "is:starred"), starred);
    home.done(&["index", "--rebuild", "--events"]);
    home.await_hits(&needle(3), 1);
    assert_eq!(found(&home, "is:starred"), starred);
    home.stop();
    assert_eq!(found(&home, "is:starred"), starred);
    assert_eq!(found(&home, "-is:starred").len(), 1);

    assert!(home.done(&["star", session.native_id(), "--remove"]).starts_with("No star any more:"));
    assert!(home.done(&["star", session.native_id(), "--remove"]).starts_with("It had no star:"));
    assert_eq!(found(&home, "is:starred"), [""; 0]);
    // What is forgotten takes its star with it.
    home.done(&["star", session.native_id()]);
    home.done(&["forget", session.native_id(), "--yes"]);
    assert_eq!(found(&home, "is:starred"), [""; 0]);
}

#[test]
fn searches_are_saved_run_and_forgotten() {
    let home = Home::new();
    SessionFile::claude(&home, 1).say(&format!("{} lock", needle(1)));
    SessionFile::codex(&home, 2).say(&format!("{} lock", needle(2)));
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.run(&["search", "--saved"]).code, Some(1), "nothing is saved yet");
    let ended = home.run(&["search", "--all-repos", "--save", "locks", "lock", "OR", "mutex"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("Saved: opensession search --saved locks"), "{ended:?}");
    home.stop();
    assert!(home.done(&["search", "--saved"]).starts_with("locks\tlock OR mutex\t"));
    let all = home.json(&["search", "--all-repos", "--saved", "locks"]);
    let narrowed = home.json(&["search", "--all-repos", "--saved", "locks", "agent:codex"]);
    let sessions = |lines: &[Value]| lines.iter().filter(|line| line["type"] == "session").count();
    assert_eq!((sessions(&all), sessions(&narrowed)), (2, 1));

    let refused = home.run(&["search", "--save", "wrong", "잠금", "is:eror"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    // The caret stands under the value, two cells for each syllable before it.
    assert!(refused.stderr.contains("  잠금 is:eror\n          ^^^^\n"), "{refused:?}");
    let unknown = home.run(&["search", "--unsave", "lock"]);
    assert_eq!(unknown.code, Some(2), "{unknown:?}");
    assert!(unknown.stderr.contains("did you mean locks?"), "{unknown:?}");
    assert_eq!(home.done(&["search", "--unsave", "locks"]), "Forgotten: locks  lock OR mutex\n");
    assert_eq!(home.run(&["search", "--saved", "locks"]).code, Some(2));
}

#[test]
fn queries_that_people_ran_are_kept_until_that_is_turned_off() {
    let home = Home::new();
    SessionFile::claude(&home, 1).say(&format!("{} lock", needle(1)));
    home.rpc("index/refresh", &json!({}));
    let run = |query: &str, typing: bool, remember: bool| {
        let options = json!({ "scope": { "all": true }, "typing": typing, "remember": remember });
        home.rpc("search/query", &json!({ "query": query, "options": options }));
    };
    run("lo", true, true);
    run("script", false, false);
    run("nothing-such", false, true);
    run("lock", false, true);
    run(&needle(1), false, true);
    run(" lock ", false, true);
    let queries = || -> Vec<String> {
        let history = home.rpc("search/history", &json!({}));
        let queries = history["queries"].as_array().unwrap().iter();
        queries.map(|query| query["query"].as_str().unwrap().to_owned()).collect()
    };
    eventually("the queries are kept", || (queries() == ["lock".to_owned(), needle(1)]).then_some(()));
    home.stop();
    assert_eq!(home.run(&["search", "--history"]).stdout.lines().count(), 2);
    home.done(&["search", "--forget-history"]);
    assert_eq!(queries(), [""; 0]);

    run("lock", false, true);
    eventually("the query is kept", || (queries() == ["lock"]).then_some(()));
    home.configure("[search]\nhistory = false\n");
    let is_off = || {
        let history = home.rpc("search/history", &json!({}));
        (history["kept"] == json!(false)).then_some(())
    };
    eventually("queries are kept no more", is_off);
    run("lock", false, true);
    home.configure("[search]\nhistory = true\n");
    let is_on = || {
        let history = home.rpc("search/history", &json!({}));
        (history["kept"] == json!(true)).then_some(history["queries"].clone())
    };
    assert_eq!(eventually("queries are kept again", is_on), json!([]));
}

#[test]
fn what_can_stand_at_the_cursor_is_told_over_the_socket() {
    let home = Home::new();
    SessionFile::claude(&home, 1).say("lock");
    SessionFile::codex(&home, 2).say("locksmith");
    home.rpc("index/refresh", &json!({}));
    let complete = |query: &str, cursor: Option<u32>| {
        let answer = home.rpc("search/complete", &json!({ "query": query, "cursor": cursor }));
        let items = answer["items"].as_array().unwrap().iter();
        let items: Vec<String> = items.map(|item| format!("{} {}", item["text"], item["count"])).collect();
        format!("{}..{} {}", answer["start"], answer["end"], items.join(", "))
    };
    assert_eq!(complete("잠금 agent:co", None), "9..11 \"codex\" 1, \"claude-code\" 1");
    assert_eq!(complete("agent:co loc", Some(8)), "6..8 \"codex\" 1, \"claude-code\" 1");
    assert_eq!(complete("loc", None), "0..3 \"lock\" 1, \"locksmith\" 1");
}
