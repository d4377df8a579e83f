//! What is kept outlives the agent's own files, until its user forgets it.

use std::fs;

use serde_json::json;

use super::home::{Home, all_bytes};
use super::records::{SessionFile, needle};

#[test]
fn a_session_outlives_its_file_and_comes_back_byte_for_byte() {
    let home = Home::new();
    for mut session in [SessionFile::claude(&home, 1), SessionFile::codex(&home, 1)] {
        let (prompt, answer, later) = (needle(1), needle(2), needle(3));
        session.say(&format!("why does {prompt} fail?"));
        session.say(&format!("because {answer} is wrong"));
        let bytes = fs::read(&session.path).unwrap();
        home.rpc("index/refresh", &json!({}));
        let id = home.sessions()[session.native_id()]["id"].as_str().unwrap().to_owned();
        let events = home.events(&id);

        fs::remove_file(&session.path).unwrap();
        home.rpc("index/refresh", &json!({}));
        assert_eq!(home.sessions()[session.native_id()]["vanished"], true);
        assert_eq!((home.hits(&prompt), home.hits(&answer)), (1, 1));
        assert!(home.done(&["show", &id]).contains(&answer));

        // A daemon that starts without the file keeps it as well, and can derive its events anew.
        home.stop();
        home.done(&["index", "--rebuild", "--events"]);
        assert_eq!(home.events(&id), events);
        assert_eq!((home.hits(&prompt), home.hits(&answer)), (1, 1));

        home.done(&["restore", &id]);
        assert_eq!(fs::read(&session.path).unwrap(), bytes);
        let again = home.run(&["restore", &id]);
        assert_eq!(again.code, Some(4), "{again:?}");
        assert!(again.stderr.contains("nothing is written over it"), "{again:?}");
        assert_eq!(fs::read(&session.path).unwrap(), bytes);

        // The agent resumes it: what it adds is read, what was there is not doubled.
        session.say(&format!("and {later}?"));
        home.rpc("index/refresh", &json!({}));
        assert_eq!((home.hits(&prompt), home.hits(&answer), home.hits(&later)), (1, 1, 1));
        assert_eq!(home.sessions()[session.native_id()]["vanished"], false);
        assert_eq!(home.events(&id)[..events.len()], events[..]);
        // Out of the way of the next agent's words.
        home.done(&["forget", &id, "--yes"]);
    }
}

#[test]
fn what_is_forgotten_is_nowhere_and_stays_so() {
    let home = Home::new();
    let mut forgotten = SessionFile::claude(&home, 1);
    let mut kept = SessionFile::claude(&home, 2);
    let (secret, other) = (needle(11), needle(12));
    // Enough of it that it is in many pages.
    for number in 0..200 {
        forgotten.say(&format!("the {secret} is {} and {}", needle(1_000 + number), "long ".repeat(100)));
        kept.say(&format!("the {other} is {}", needle(2_000 + number)));
    }
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.hits(&secret), home.hits(&other)), (200, 200));
    let id = home.sessions()[forgotten.native_id()]["id"].as_str().unwrap().to_owned();

    let refused = home.run(&["forget", &id]);
    assert_eq!((refused.code, home.hits(&secret)), (Some(4), 200), "nobody confirmed: {refused:?}");
    home.done(&["forget", &id, "--yes"]);
    assert_eq!((home.hits(&secret), home.hits(&other)), (0, 200));
    assert_eq!(home.run(&["show", &id]).code, Some(2));
    assert!(forgotten.path.is_file(), "the agent's own file is left alone");
    holds_nothing_of(&home, &secret);

    // Neither growth nor a start nor a rebuild brings it back.
    forgotten.say(&format!("again {secret}"));
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.hits(&secret), 0);
    home.stop();
    home.rpc("index/refresh", &json!({}));
    home.done(&["index", "--rebuild", "--events"]);
    assert_eq!((home.hits(&secret), home.hits(&other)), (0, 200));
    assert_eq!(home.sessions().len(), 1);
    home.stop();
    holds_nothing_of(&home, &secret);
}

/// No file of the store or the index holds the word: as it is, or in what they compress.
#[track_caller]
fn holds_nothing_of(home: &Home, word: &str) {
    let files = all_bytes(&home.data);
    assert!(files.iter().any(|(path, _)| path.ends_with("local.db")));
    let word = word.as_bytes();
    for (path, bytes) in files {
        let found = bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word));
        assert!(!found, "{} holds the word", path.display());
    }
}
