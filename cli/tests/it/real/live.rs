//! Sessions followed while they grow.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc;

use serde_json::{Value, json};

use super::home::{BOUND, Home};
use super::records::{SessionFile, append, needle};

#[test]
fn what_is_appended_is_sent_to_subscribers_and_found() {
    let home = Home::new();
    let (before, prompt, answer) = (needle(1), needle(2), needle(3));
    let mut session = SessionFile::claude(&home, 1);
    session.say(&format!("before {before}"));
    home.rpc("index/refresh", &json!({}));
    let id = home.sessions()[session.native_id()]["id"].as_str().unwrap().to_owned();

    let mut subscriber = home.command(&["rpc", "session/subscribe"]).stderr(Stdio::null()).spawn().unwrap();
    let output = BufReader::new(subscriber.stdout.take().unwrap());
    let (sender, updates) = mpsc::channel::<Value>();
    let reading = std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            sender.send(serde_json::from_str(&line).unwrap()).ok();
        }
    });
    // It hears what comes after it subscribed, and nothing tells from outside when it has.
    let mut other = SessionFile::claude(&home, 2);
    let mut heard = loop {
        other.say("is somebody there?");
        match updates.recv_timeout(BOUND / 60) {
            Ok(update) => break update,
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(error) => panic!("{error}"),
        }
    };
    session.say(&format!("now {prompt}"));
    // A record that comes in two parts is sent when it is whole.
    let record = session.record(&format!("here {answer}"));
    let (head, tail) = record.split_at(record.len() / 2);
    append(&session.path, head.as_bytes());
    home.await_hits(&prompt, 1);
    assert_eq!(home.hits(&answer), 0);
    append(&session.path, tail.as_bytes());

    let mut events = Vec::new();
    let mut is_heard = false;
    while !is_heard {
        if heard["session"] == json!(id) {
            assert_eq!((&heard["type"], &heard["agent"]), (&json!("events"), &json!("claude-code")));
            events.extend(heard["events"].as_array().unwrap().clone());
            is_heard = heard.to_string().contains(&answer);
        }
        if !is_heard {
            heard = updates.recv_timeout(BOUND).expect("an update comes");
        }
    }
    subscriber.kill().unwrap();
    subscriber.wait().unwrap();
    reading.join().unwrap();
    assert!(events[0].to_string().contains(&prompt), "{events:?}");
    assert_eq!(events[..], home.events(&id)[1..]);
    home.await_hits(&answer, 1);
    assert_eq!(home.hits(&before), 1);
}

#[test]
fn sessions_in_folders_that_come_later_are_found_by_themselves() {
    let home = Home::new();
    home.done(&["daemon", "start"]);
    assert_eq!(home.sessions().len(), 0);
    for (number, mut session) in [SessionFile::claude(&home, 1), SessionFile::codex(&home, 1)].into_iter().enumerate() {
        let word = needle(number as u64);
        session.say(&format!("see {word}"));
        home.await_hits(&word, 1);
    }
}

#[test]
fn what_comes_in_one_great_piece_is_found_too() {
    let home = Home::new();
    let mut session = SessionFile::claude(&home, 1);
    session.say(&needle(1));
    home.rpc("index/refresh", &json!({}));
    let piece: String = (0..40)
        .map(|number| session.record(&format!("{} {}", needle(10 + number), "and so on ".repeat(20_000))))
        .collect();
    append(&session.path, piece.as_bytes());
    home.await_hits(&needle(49), 1);
    // Whoever asks for it to be read may search at once.
    append(&session.path, piece.replace(&needle(10), &needle(9)).as_bytes());
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.hits(&needle(9)), home.hits(&needle(10))), (1, 1));
}
