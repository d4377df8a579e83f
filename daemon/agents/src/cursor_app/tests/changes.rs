//! Databases that change while they are read.

use super::*;

#[derive(Default)]
struct Taken(Vec<String>);

impl Sink for Taken {
    fn record(&mut self, record: Record<'_>) {
        if record.side.is_none() {
            self.0.push(String::from_utf8(record.bytes.to_vec()).unwrap());
        }
    }
    fn oversize(&mut self, _: Record<'_>, _: bool) {
        panic!("nothing is that long");
    }
    fn problem(&mut self, problem: Problem) {
        panic!("{problem:?}");
    }
}

fn cut(source: &Source, cursor: Option<&Cursor>) -> (Cut, Vec<String>) {
    let mut taken = Taken::default();
    let cut = CursorApp.cut(source, cursor, &Limits::default(), &mut taken).unwrap();
    assert!(!cut.more);
    (cut, taken.0)
}

fn ids(sources: &[Source]) -> Vec<&str> {
    sources.iter().map(|source| source.native_id.as_str()).collect()
}

#[test]
fn rows_that_come_change_and_go() {
    let home = Home::new();
    home.session("one", json!({"status": "completed"}), &[said("a", 1, "hi"), said("b", 2, "Hello.")]);
    home.session("two", json!({"status": "completed"}), &[said("a", 1, "hey")]);
    let (whole, sources) = home.list(None);
    assert_eq!((whole.whole, ids(&sources)), (true, vec!["one", "two"]));
    let (first, records) = cut(&sources[0], None);
    assert_eq!(records.len(), 2);

    // A message comes; the answer streams.
    let mut messages = vec![said("a", 1, "hi"), said("b", 2, "Hello."), said("c", 1, "go on")];
    home.put("bubbleId:one:c", &messages[2]);
    messages.push(said("d", 2, "I"));
    home.put("bubbleId:one:d", &messages[3]);
    let heads: Vec<Value> = messages.iter().map(|message| json!({"bubbleId": message["bubbleId"]})).collect();
    home.put("composerData:one", &json!({"status": "generating", "fullConversationHeadersOnly": heads}));
    let (part, changed) = home.list(Some(&whole.mark));
    assert_eq!((part.whole, ids(&changed)), (false, vec!["one"]));
    assert_ne!(changed[0].version, sources[0].version);
    let (second, records) = cut(&changed[0], Some(&first.cursor));
    assert_eq!((second.restarted, records.len(), rows::waits(&second.cursor)), (false, 1, true));

    // It ends.
    home.put("bubbleId:one:d", &said("d", 2, "I went on."));
    home.put("composerData:one", &json!({"status": "completed", "fullConversationHeadersOnly": heads}));
    let (_, changed) = home.list(Some(&part.mark));
    let (third, records) = cut(&changed[0], Some(&second.cursor));
    assert_eq!((third.restarted, records.len()), (false, 1));
    assert!(records[0].contains("I went on."));

    // Nothing changes.
    let (mark, changed) = home.list(Some(&home.list(None).0.mark));
    assert_eq!((mark.whole, changed.len()), (false, 0));

    // A message that was read is another one; another is gone.
    home.put("bubbleId:one:b", &said("b", 2, "Good day."));
    let (_, changed) = home.list(Some(&mark.mark));
    let (fourth, records) = cut(&changed[0], Some(&third.cursor));
    assert_eq!((fourth.restarted, fourth.cursor.generation, records.len()), (true, 1, 4));
    home.writer.execute("DELETE FROM cursorDiskKV WHERE key = 'bubbleId:one:a'", []).unwrap();
    let (fifth, records) = cut(&changed[0], Some(&fourth.cursor));
    assert_eq!((fifth.restarted, records.len()), (true, 3));

    // The session is gone.
    home.writer
        .execute("DELETE FROM cursorDiskKV WHERE key >= 'composerData:' AND key < 'composerData:p'", [])
        .unwrap();
    assert!(matches!(check::failure(&CursorApp, &changed[0]), CutError::Gone));
    assert_eq!(ids(&home.list(None).1), ["two"]);
}

#[test]
fn rows_that_are_numbered_anew_are_listed_wholly() {
    let home = Home::new();
    for number in 0..20 {
        home.session(&format!("s{number}"), json!({}), &[said("a", 1, "hi")]);
        home.session(&format!("s{number}"), json!({}), &[said("a", 1, "hi again")]);
    }
    let (listing, _) = home.list(None);
    home.writer.execute_batch("VACUUM").unwrap();
    let (again, sources) = home.list(Some(&listing.mark));
    assert_eq!((again.whole, sources.len()), (true, 20));
    // The highest row is deleted, and its number given again.
    home.writer.execute("DELETE FROM cursorDiskKV WHERE rowid = (SELECT max(rowid) FROM cursorDiskKV)", []).unwrap();
    home.session("new", json!({}), &[]);
    assert!(home.list(Some(&again.mark)).0.whole);
    assert!(home.list(Some(b"no mark")).0.whole);
}

/// A changed message costs its own bytes and look-ups in the index, however long the database is: bytes read from files
/// by this thread, as the system counts them.
#[test]
fn a_change_of_a_long_database_costs_little() {
    const COUNTS: &str = "/proc/thread-self/io";
    let read = || {
        let counts = std::fs::read_to_string(COUNTS).ok()?;
        counts.lines().find_map(|line| line.strip_prefix("rchar: "))?.parse::<u64>().ok()
    };
    if read().is_none() {
        eprintln!("skipped: no {COUNTS}");
        return;
    }
    let home = Home::new();
    let long = "x".repeat(4000);
    home.writer.execute_batch("BEGIN").unwrap();
    for session in 0..250 {
        let messages: Vec<Value> = (0..20).map(|number| said(&format!("m{number}"), 2, &long)).collect();
        home.session(&format!("s{session:03}"), json!({"name": "n", "status": "completed"}), &messages);
    }
    home.writer.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let size = std::fs::metadata(home.container()).unwrap().len();
    assert!(size > 20_000_000, "{size}");

    let before = read().unwrap();
    let (listing, sources) = home.list(None);
    let listed = read().unwrap() - before;
    assert_eq!(sources.len(), 250);
    assert!(listed < size / 8, "listing read {listed} bytes of {size}");
    let (kept, _) = cut(&sources[77], None);

    let mut messages: Vec<Value> = (0..20).map(|number| said(&format!("m{number}"), 2, &long)).collect();
    messages.push(said("m20", 1, "one more"));
    home.put("bubbleId:s077:m20", &messages[20]);
    let heads: Vec<Value> = messages.iter().map(|message| json!({"bubbleId": message["bubbleId"]})).collect();
    home.put("composerData:s077", &json!({"status": "completed", "fullConversationHeadersOnly": heads}));

    let before = read().unwrap();
    let (_, changed) = home.list(Some(&listing.mark));
    assert_eq!(ids(&changed), ["s077"]);
    let (appended, records) = cut(&changed[0], Some(&kept.cursor));
    let cost = read().unwrap() - before;
    assert_eq!((appended.restarted, records.len()), (false, 1));
    assert!(cost < 200_000, "a change read {cost} bytes of {size}");
    eprintln!("{size} bytes: listing read {listed}, a change {cost}");
}
