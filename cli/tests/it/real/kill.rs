//! A daemon that is killed at any moment, again and again, while agents write.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::home::{Home, eventually, wait};
use super::records::{Random, SessionFile, append, needle};

/// Rounds, unless `OPENSESSION_KILL_ROUNDS` says otherwise.
const ROUNDS: u64 = 200;
/// Records that are written at most, however many rounds there are.
const RECORDS_MOST: u64 = 6_000;
/// A daemon lives so long at most after its start, or after its first answer.
const LIFE_MOST: u64 = 40_000;

/// What the agents wrote: each needle with the file that it stands in.
struct Written {
    files: Vec<PathBuf>,
    needles: Vec<String>,
}

#[test]
fn nothing_is_lost_or_doubled_by_a_daemon_killed_at_any_moment() {
    let rounds = variable("OPENSESSION_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = variable("OPENSESSION_KILL_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(now.subsec_nanos()) ^ now.as_secs()
    });
    println!("{rounds} rounds, OPENSESSION_KILL_SEED={seed}");
    let home = Home::new();
    let mut random = Random::new(seed);
    let stop = Arc::new(AtomicBool::new(false));
    let feeder = {
        let sessions: Vec<SessionFile> = (0..5)
            .map(|number| SessionFile::claude(&home, number))
            .chain((0..3).map(|number| SessionFile::codex(&home, number)))
            .collect();
        let stop = stop.clone();
        std::thread::spawn(move || feed(sessions, seed, &stop))
    };

    let mut answered = 0;
    for _ in 0..rounds {
        let mut daemon = home.spawn();
        if random.below(3) > 0 {
            // Killed at work: it is asked something when that happens, every other time.
            let mut line = eventually("the daemon listens", || {
                assert!(daemon.try_wait().unwrap().is_none(), "the daemon gave up: {}", home.log());
                home.connect()
            });
            line.call("daemon/hello", &json!({})).unwrap();
            answered += 1;
            let asking = (random.below(2) == 0).then(|| {
                // It dies over this, mostly.
                std::thread::spawn(move || line.call("index/refresh", &json!({})).is_ok())
            });
            wait(Duration::from_micros(random.below(LIFE_MOST)));
            daemon.kill().unwrap();
            asking.map(|asking| asking.join().unwrap());
        } else {
            wait(Duration::from_micros(random.below(LIFE_MOST)));
            daemon.kill().unwrap();
        }
        daemon.wait().unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let written = feeder.join().unwrap();
    println!("{answered} daemons answered before they died; {} records", written.needles.len());
    assert!(written.needles.len() > 50, "there was something to lose");

    home.rpc("index/refresh", &json!({}));
    home.stop();
    let fresh = Home::beside(&home);
    fresh.rpc("index/refresh", &json!({}));
    same_as_fresh(&home, &fresh, &written);
    found_once(&home, &written.needles);
    assert_eq!(home.run(&["index", "--check"]).code, Some(0));
    let doctor = home.json(&["doctor"]);
    assert_eq!(doctor.last().unwrap(), &json!({ "type": "summary", "failures": 0, "warnings": 0 }), "{doctor:?}");
    // From the raw records alone come the same events.
    home.done(&["index", "--rebuild", "--events"]);
    same_as_fresh(&home, &fresh, &written);
    found_once(&home, &written.needles);
}

/// Writes records until it is stopped: whole ones, torn ones that are completed later, several at once.
fn feed(mut sessions: Vec<SessionFile>, seed: u64, stop: &AtomicBool) -> Written {
    let mut random = Random::new(!seed);
    let mut needles = Vec::new();
    // What a file's last line still lacks.
    let mut rest = vec![String::new(); sessions.len()];
    while !stop.load(Ordering::Relaxed) && (needles.len() as u64) < RECORDS_MOST {
        let number = usize::try_from(random.below(sessions.len() as u64)).unwrap();
        let session = &mut sessions[number];
        let mut bytes = std::mem::take(&mut rest[number]);
        for _ in 0..=random.below(3) {
            let needle = needle(needles.len() as u64);
            let filler = "and then some more ".repeat(usize::try_from(random.below(80)).unwrap());
            bytes.push_str(&session.record(&format!("say {needle} once {filler}")));
            needles.push(needle);
        }
        if random.below(3) == 0 {
            let torn = usize::try_from(random.below(100)).unwrap() + 1;
            rest[number] = bytes.split_off(bytes.len() - torn);
        }
        append(&session.path, bytes.as_bytes());
        wait(Duration::from_micros(random.below(6_000)));
    }
    for (session, rest) in sessions.iter().zip(rest) {
        append(&session.path, rest.as_bytes());
    }
    Written { files: sessions.into_iter().map(|session| session.path).collect(), needles }
}

/// Every session has the events that a daemon gives that has read its file in one go, and the bytes of its file.
#[track_caller]
fn same_as_fresh(home: &Home, fresh: &Home, written: &Written) {
    let (sessions, fresh_sessions) = (home.sessions(), fresh.sessions());
    assert_eq!(sessions.len(), written.files.len());
    let counts = |sessions: &std::collections::BTreeMap<String, Value>| -> Vec<(String, Value)> {
        sessions.iter().map(|(id, session)| (id.clone(), session["events"].clone())).collect()
    };
    assert_eq!(counts(&sessions), counts(&fresh_sessions));
    for (native_id, session) in &sessions {
        let id = session["id"].as_str().unwrap();
        assert_eq!(session["stats"], fresh_sessions[native_id]["stats"], "{native_id}");
        assert!(home.events(id) == fresh.events(id), "the events of {native_id} differ");
        let copy = home.root.path().join("copy.jsonl");
        home.done(&["restore", id, "--to", copy.to_str().unwrap()]);
        let file = session["path"].as_str().unwrap();
        assert!(fs::read(&copy).unwrap() == fs::read(file).unwrap(), "{file} is restored otherwise");
        fs::remove_file(copy).unwrap();
    }
}

/// Every needle is found, in one event of one session.
#[track_caller]
fn found_once(home: &Home, needles: &[String]) {
    let mut line = home.connect().unwrap();
    for needle in needles {
        let options = json!({ "scope": { "all": true }, "no_snippets": true });
        let answer = line.call("search/query", &json!({ "query": needle, "options": options })).unwrap();
        assert_eq!((&answer["hits"], &answer["matching_all"]["value"]), (&json!(1), &json!(1)), "{needle}");
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}
