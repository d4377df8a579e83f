//! Input as it should not be: nothing good is lost by it, and everything bad is told.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::home::{Home, wait};
use super::records::{Random, SessionFile, append, needle};

#[test]
fn good_records_around_damage_are_found_and_the_damage_is_told() {
    let home = Home::new();
    let mut number = 0;
    let mut word = || {
        number += 1;
        needle(number)
    };
    // Each damage stands in the second line, between two good records.
    let glued = |session: &mut SessionFile, words: [&str; 2]| {
        format!("{}{}\n", session.record(words[0]).trim_end(), session.record(words[1]).trim_end())
    };
    let mut good = Vec::new();
    let mut damaged = Vec::new();
    for kind in 0..6_u32 {
        for mut session in [SessionFile::claude(&home, kind), SessionFile::codex(&home, kind)] {
            let (before, after) = (word(), word());
            session.say(&before);
            let line = fs::read_to_string(&session.path).unwrap().lines().count() as u64 + 1;
            let damage: Vec<u8> = match kind {
                0 => {
                    let inner = [word(), word()];
                    let glued = glued(&mut session, [&inner[0], &inner[1]]);
                    good.extend(inner);
                    glued.into_bytes()
                }
                1 => b"garbage, and no JSON at all\n".to_vec(),
                2 => b"{\"type\":\"user\",\"message\":\n".to_vec(),
                3 => b"\x00\x00\x00\xff\xfe\n".to_vec(),
                4 => [b"[".repeat(100_000), b"\n".to_vec()].concat(),
                _ => b"\n\n   \n".to_vec(),
            };
            append(&session.path, &damage);
            session.say(&after);
            good.extend([before, after]);
            if (1..5).contains(&kind) {
                damaged.push((session.path.to_str().unwrap().to_owned(), line));
            }
        }
    }
    // Text that is no UTF-8 inside a record that is fine otherwise.
    let mut session = SessionFile::claude(&home, 10);
    let (before, inside, after) = (word(), word(), word());
    session.say(&before);
    let record = session.record(&format!("{inside} ~"));
    append(&session.path, &record.bytes().map(|byte| if byte == b'~' { 0xff } else { byte }).collect::<Vec<_>>());
    session.say(&after);
    good.extend([before, after]);
    // A line of 40 MB.
    let mut session = SessionFile::claude(&home, 11);
    let (before, after) = (word(), word());
    session.say(&before);
    let record = session.record(&"x".repeat(40_000_000));
    append(&session.path, record.as_bytes());
    session.say(&after);
    good.extend([before, after]);
    // Nothing; a torn line; a loop.
    append(&SessionFile::claude(&home, 12).path, b"");
    let mut session = SessionFile::claude(&home, 13);
    let (before, torn) = (word(), word());
    session.say(&before);
    let record = session.record(&torn);
    append(&session.path, &record.as_bytes()[..record.len() - 20]);
    good.push(before);
    let projects = home.home.join(".claude/projects");
    symlink(&projects, projects.join("-srv-app/loop")).unwrap();
    symlink(projects.join("self.jsonl"), projects.join("self.jsonl")).unwrap();

    home.rpc("index/refresh", &json!({}));
    for word in &good {
        assert_eq!(home.hits(word), 1, "{word}");
    }
    assert_eq!(home.hits(&torn), 0);
    let problems: Vec<Value> = home.json(&["doctor", "--problems"]);
    for (path, line) in &damaged {
        let told = problems.iter().any(|problem| problem["path"] == json!(path) && problem["line"] == json!(line));
        assert!(told, "{path}, line {line} is not told: {problems:#?}");
    }
    let plain = home.done(&["doctor", "--problems"]);
    assert!(damaged.iter().all(|(path, line)| plain.contains(&format!("\t{path}\t{line}\t"))), "{plain}");
    assert_eq!(home.run(&["doctor"]).code, Some(0));
    // The torn line is read once it is whole.
    append(&session.path, &record.as_bytes()[record.len() - 20..]);
    home.await_hits(&torn, 1);
}

#[test]
fn an_emptied_file_keeps_its_session_until_it_is_written_anew() {
    let home = Home::new();
    let mut before = SessionFile::claude(&home, 1);
    before.say(&needle(1));
    before.say(&needle(2));
    home.rpc("index/refresh", &json!({}));
    let hits = || [1, 2, 3].map(|number| home.hits(&needle(number)));
    // Empty, then half a line: seen in between as it was.
    fs::write(&before.path, "").unwrap();
    home.rpc("index/refresh", &json!({}));
    assert_eq!(hits(), [1, 1, 0]);
    let mut anew = SessionFile::claude(&home, 1);
    let records = [anew.record(&needle(1)), anew.record(&needle(3))];
    let (half, rest) = records[0].split_at(40);
    append(&before.path, half.as_bytes());
    home.rpc("index/refresh", &json!({}));
    assert_eq!(hits(), [1, 1, 0]);
    append(&before.path, rest.as_bytes());
    home.rpc("index/refresh", &json!({}));
    assert_eq!(hits(), [1, 0, 0]);
    append(&before.path, records[1].as_bytes());
    home.rpc("index/refresh", &json!({}));
    assert_eq!(hits(), [1, 0, 1]);
}

#[test]
fn files_that_shrink_are_replaced_or_vanish() {
    let home = Home::new();
    let words: Vec<String> = (0..20).map(needle).collect();
    let mut shrinks = SessionFile::claude(&home, 1);
    let mut replaced = SessionFile::codex(&home, 2);
    let mut vanishes = SessionFile::claude(&home, 3);
    shrinks.say(&words[0]);
    let whole = fs::metadata(&shrinks.path).unwrap().len();
    shrinks.say(&words[1]);
    replaced.say(&words[2]);
    vanishes.say(&words[3]);
    home.rpc("index/refresh", &json!({}));
    assert!(words[..4].iter().all(|word| home.hits(word) == 1));

    fs::OpenOptions::new().write(true).open(&shrinks.path).unwrap().set_len(whole).unwrap();
    let mut other = SessionFile::codex(&home, 2);
    let record = other.record(&words[4]);
    let beside = home.home.join("new");
    fs::File::create(&beside).unwrap().write_all(record.as_bytes()).unwrap();
    fs::rename(&beside, &replaced.path).unwrap();
    fs::remove_file(&vanishes.path).unwrap();
    home.rpc("index/refresh", &json!({}));
    let hits: Vec<u64> = words[..5].iter().map(|word| home.hits(word)).collect();
    assert_eq!(hits, [1, 0, 0, 1, 1]);

    // They go on, and the one that vanished comes again as it was.
    shrinks.say(&words[5]);
    other.say(&words[6]);
    let mut again = SessionFile::claude(&home, 3);
    again.say(&words[3]);
    again.say(&words[7]);
    home.rpc("index/refresh", &json!({}));
    let hits: Vec<u64> = words[..8].iter().map(|word| home.hits(word)).collect();
    assert_eq!(hits, [1, 0, 0, 1, 1, 1, 1, 1]);
}

/// A session's file vanishes and is written anew in pieces of any size, with the same beginning or another one.
#[test]
fn a_file_that_is_written_anew_in_small_steps_counts_once() {
    let rounds = std::env::var("OPENSESSION_VANISH_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    let seed = std::env::var("OPENSESSION_VANISH_SEED").map_or(20, |seed| seed.parse().unwrap());
    println!("{rounds} rounds, OPENSESSION_VANISH_SEED={seed}");
    let home = Home::new();
    home.rpc("index/refresh", &json!({}));
    let mut line = home.connect().unwrap();
    let mut random = Random::new(seed);
    for round in 0..rounds {
        let number = u32::try_from(round % 3).unwrap();
        let is_claude = random.below(3) > 0;
        let file = || if is_claude { SessionFile::claude(&home, number) } else { SessionFile::codex(&home, number) };
        let words: Vec<String> = (0..6).map(|word| needle(round * 10 + word)).collect();
        let mut before = file();
        let path = before.path.clone();
        if path.exists() {
            fs::remove_file(&path).unwrap();
        }
        let first: Vec<String> = words[..3].iter().map(|word| before.record(word)).collect();
        append(&path, first.concat().as_bytes());
        if random.below(4) > 0 {
            line.call("index/refresh", &json!({})).unwrap();
        }
        match random.below(3) {
            0 => fs::write(&path, "").unwrap(),
            _ => fs::remove_file(&path).unwrap(),
        }
        if random.below(2) == 0 {
            line.call("index/refresh", &json!({})).unwrap();
        }
        let mut again = file();
        let same = usize::try_from(random.below(3)).unwrap();
        let kept: Vec<&String> = words[..same].iter().chain(&words[3..]).collect();
        let records: String = kept.iter().map(|word| again.record(word)).collect();
        let mut rest = records.as_bytes();
        while !rest.is_empty() {
            let line_end = rest.iter().position(|byte| *byte == b'\n').unwrap() + 1;
            let piece = match random.below(3) {
                0 => line_end,
                1 => usize::try_from(random.below(line_end as u64)).unwrap() + 1,
                _ => (usize::try_from(random.below(1_200)).unwrap() + 1).min(rest.len()),
            };
            append(&path, &rest[..piece]);
            rest = &rest[piece..];
            wait(Duration::from_micros(random.below(12_000)));
        }
        line.call("index/refresh", &json!({})).unwrap();
        for word in &words {
            let options = json!({ "scope": { "all": true }, "no_snippets": true });
            let answer = line.call("search/query", &json!({ "query": word, "options": options })).unwrap();
            let wanted = u64::from(kept.contains(&word));
            assert_eq!(answer["hits"], json!(wanted), "round {round}: {word}, of {kept:?}; {}", home.log());
        }
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_told_and_read_when_it_can() {
    if rustix::process::getuid().is_root() {
        println!("skipped: root may read everything");
        return;
    }
    let home = Home::new();
    let mut session = SessionFile::claude(&home, 1);
    session.say(&needle(1));
    SessionFile::codex(&home, 1).say(&needle(2));
    let folder = session.path.parent().unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o000)).unwrap();
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.hits(&needle(1)), home.hits(&needle(2))), (0, 1));
    let status = &home.json(&["daemon", "status"])[0];
    assert!(status["warnings"].as_array().unwrap().iter().any(|warning| warning["subject"] == "folders"), "{status}");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.hits(&needle(1)), 1);
}

#[test]
fn clocks_that_jump_lose_nothing() {
    let home = Home::new();
    let words: Vec<String> = (0..8).map(needle).collect();
    let future = SystemTime::now() + Duration::from_hours(10 * 365 * 24);
    let touch = |session: &SessionFile, time: SystemTime| {
        fs::File::options().append(true).open(&session.path).unwrap().set_modified(time).unwrap();
    };
    let times = [future, SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH - Duration::from_hours(24)];
    for (number, time) in (0..).zip(times) {
        let mut session = SessionFile::claude(&home, number);
        session.say(&words[number as usize]);
        touch(&session, time);
    }
    home.rpc("index/refresh", &json!({}));
    // They go on, while their clock stands still or goes back; a daemon that starts anew sees the same.
    for number in 0..3 {
        let mut session = SessionFile::claude(&home, number);
        session.record("already there");
        session.say(&words[number as usize + 3]);
        touch(&session, if number == 0 { SystemTime::UNIX_EPOCH } else { times[number as usize] });
        if number == 1 {
            home.stop();
        }
    }
    home.rpc("index/refresh", &json!({}));
    // A record from a time that has not come.
    let mut session = SessionFile::claude(&home, 7);
    let record = session.record(&words[6]).replace("2026-02-01T", "2099-12-31T");
    append(&session.path, record.as_bytes());
    home.rpc("index/refresh", &json!({}));
    for word in &words[..7] {
        assert_eq!(home.hits(word), 1, "{word}");
    }
    assert_eq!(home.sessions().len(), 4);
    assert_eq!(home.hits(&format!("{} since:2099-12-31", words[6])), 1);
    home.done(&["log", "--all"]);
    assert_eq!(home.run(&["index", "--check"]).code, Some(0));
}

#[test]
fn links_that_lead_in_circles_are_passed_over() {
    let home = Home::new();
    let mut session = SessionFile::claude(&home, 1);
    session.say(&needle(1));
    SessionFile::codex(&home, 1).say(&needle(2));
    for folder in [".claude/projects", ".codex/sessions"] {
        let folder = home.home.join(folder);
        symlink(&folder, folder.join("inside")).unwrap();
        symlink(&home.home, folder.join("home")).unwrap();
        symlink("/", folder.join("everything")).unwrap();
        symlink(folder.join("two"), folder.join("one")).unwrap();
        symlink(folder.join("one"), folder.join("two")).unwrap();
        symlink("nowhere.jsonl", folder.join("dangling.jsonl")).unwrap();
    }
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.hits(&needle(1)), home.hits(&needle(2))), (1, 1));
    assert_eq!(home.sessions().len(), 2);
    session.say(&needle(3));
    home.await_hits(&needle(3), 1);
    assert_eq!(home.run(&["doctor"]).code, Some(0));
}
