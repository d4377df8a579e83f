//! What holds for every reader, as checks for their tests: whole homes read at once, sessions taken up after any record,
//! records cut off anywhere, of other types, with flipped bits.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use opensession_hail::Event;
use proptest::prelude::*;
use serde_json::Value;

use crate::{
    Agent, CutError, Derived, Deriver, Environment, Facts, Limits, Platform, Problem, Record, Root, Sink, Source,
};

/// The largest state that any session may need, in bytes.
const STATE_BYTES: usize = 64 << 10;

/// An environment whose home is `home`, on Linux, without variables.
pub(crate) fn environment(home: &Path) -> Environment {
    Environment {
        home: home.to_owned(),
        variables: BTreeMap::new(),
        platform: Platform::Linux,
        projects: Vec::new(),
        out_of_sight: false,
    }
}

/// The folder `below` in the samples: `OPENSESSION_CORPUS`, or `shared/corpus` beside the workspace. `None`, with a line
/// that says so, where there is none.
pub(crate) fn samples(below: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("OPENSESSION_CORPUS").map(PathBuf::from).or_else(|| {
        let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        Some(above.find(|path| path.join("Cargo.lock").exists())?.join("../shared/corpus"))
    });
    let folder = folder.map(|folder| folder.join(below)).filter(|folder| folder.is_dir());
    if folder.is_none() {
        eprintln!("skipped: no samples of {below}");
    }
    folder
}

/// A session that was read whole.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) source: Source,
    /// Its records, side records first, each with the side's name.
    pub(crate) records: Vec<(Option<String>, Vec<u8>)>,
    pub(crate) derived: Derived,
    pub(crate) facts: Facts,
}

/// Every source in `home`, in containers too, sorted by path.
pub(crate) fn sources(agent: &dyn Agent, environment: &Environment) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    for root in agent.roots(environment) {
        sources.extend(sources_below(agent, &root));
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    sources.dedup_by(|one, other| one.path == other.path);
    sources
}

fn sources_below(agent: &dyn Agent, root: &Root) -> Vec<Source> {
    let mut sources = Vec::new();
    let mut containers = Vec::new();
    assert_eq!(agent.find(root, &mut |source| sources.push(source)), [], "{}", root.path.display());
    assert_eq!(agent.containers(root, &mut |container| containers.push(container)), []);
    for source in &sources {
        let again = agent.source_at(root, &source.path);
        assert_eq!(again.map(|source| source.path), Some(source.path.clone()), "found, but not known by its name");
    }
    for container in containers {
        assert_eq!(agent.container_at(root, &container), Some(container.clone()));
        let listing = agent.sources_in(&container, None, &mut |source| {
            assert_eq!(source.container(), Some(&*container));
            sources.push(source);
        });
        let listing = listing.unwrap_or_else(|error| panic!("{}: {error}", container.display()));
        assert!(listing.whole);
        assert_eq!(listing.problems, []);
    }
    sources
}

/// Reads every session of `home`, and checks that each can be taken up after any record.
pub(crate) fn sessions(agent: &dyn Agent, environment: &Environment) -> Vec<Session> {
    sources(agent, environment).into_iter().map(|source| session(agent, source)).collect()
}

/// Reads one session, and checks that it can be taken up after any record.
pub(crate) fn session(agent: &dyn Agent, source: Source) -> Session {
    let mut taken = Taken::default();
    let mut cursor = None;
    loop {
        let limits = Limits { bytes: 50_000, take_torn: true, ..Limits::default() };
        let cut = agent.cut(&source, cursor.as_ref(), &limits, &mut taken);
        let cut = cut.unwrap_or_else(|error| panic!("{}: {error}", source.path.display()));
        assert!(!cut.restarted);
        cursor = Some(cut.cursor);
        if !cut.more {
            break;
        }
    }
    let again = agent.cut(&source, cursor.as_ref(), &Limits::default(), &mut taken).expect("it was read just now");
    assert!(!again.restarted && !again.more, "{}: nothing changed", source.path.display());
    let (derived, facts) = derive(agent, &source, &taken.0);
    assert_resumable(agent, &source, &taken.0);
    Session { source, records: taken.0, derived, facts }
}

/// Derives from all records at once.
pub(crate) fn derive(agent: &dyn Agent, source: &Source, records: &[(Option<String>, Vec<u8>)]) -> (Derived, Facts) {
    let mut derived = Derived::default();
    let mut deriver = agent.deriver(source, None).expect("a session can be begun");
    let mut place = Place::default();
    for (side, bytes) in records {
        deriver.derive(&place.record(side.as_deref(), bytes), &mut derived);
    }
    (derived, deriver.facts().clone())
}

/// Puts the state down and takes it up after every record, and compares with a single run.
pub(crate) fn assert_resumable(agent: &dyn Agent, source: &Source, records: &[(Option<String>, Vec<u8>)]) {
    let (whole, facts) = derive(agent, source, records);
    let mut pieces = Derived::default();
    let mut state: Option<Vec<u8>> = None;
    let mut place = Place::default();
    let mut resumed: Option<Box<dyn Deriver>> = None;
    for (side, bytes) in records {
        let mut deriver = agent.deriver(source, state.as_deref()).expect("its own state");
        deriver.derive(&place.record(side.as_deref(), bytes), &mut pieces);
        let put_down = deriver.state();
        assert!(put_down.len() <= STATE_BYTES, "a state of {} bytes", put_down.len());
        state = Some(put_down);
        resumed = Some(deriver);
    }
    assert!(pieces == whole, "{}: taken up, it yields something else", source.path.display());
    if let Some(resumed) = resumed {
        assert_eq!(*resumed.facts(), facts, "{}", source.path.display());
    }
}

/// Whatever becomes of a session's records, nothing panics, and the session can be taken up all the same.
pub(crate) fn assert_robust(agent: &dyn Agent, source: &Source, records: &[(Option<String>, Vec<u8>)]) {
    for state in [&b""[..], b"{}", b"{\"version\":99}", b"[1", b"\xff\xff\xff\xff"] {
        assert!(agent.deriver(source, Some(state)).is_err(), "a state that is none: {state:?}");
    }
    for (at, (side, bytes)) in records.iter().enumerate() {
        let with = |changed: Vec<u8>| {
            let mut copy = records.to_vec();
            copy[at] = (side.clone(), changed);
            derive(agent, source, &copy);
        };
        for end in (0..bytes.len().min(1500)).step_by(1 + bytes.len() / 300) {
            with(bytes[..end].to_vec());
        }
        if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
            for other in others() {
                let mut left = 400;
                replaced(&value, &other, &mut |changed| {
                    let mut deriver = agent.deriver(source, None).expect("a session can be begun");
                    let changed = changed.to_string();
                    let record = Place::default().record(side.as_deref(), changed.as_bytes());
                    if left > 0 {
                        left -= 1;
                        deriver.derive(&record, &mut Derived::default());
                        deriver.state();
                    }
                });
            }
        }
    }
    for deep in ["[".repeat(100_000), "{\"a\":".repeat(100_000), "\"\\u".to_owned(), "\u{0}".repeat(50)] {
        derive(agent, source, &[(None, deep.into_bytes())]);
    }
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 100, ..ProptestConfig::default() });
    let flips = proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0_u8..8), 1..40);
    runner
        .run(&flips, |flips| {
            let mut copy = records.to_vec();
            for (record, at, bit) in flips {
                if copy.is_empty() {
                    break;
                }
                let bytes = &mut record.get_mut(&mut copy).1;
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] ^= 1 << bit;
                }
            }
            assert_resumable(agent, source, &copy);
            Ok(())
        })
        .expect("flipped bits are no danger");
}

/// A home with these files in it, each given by its path and its text.
pub(crate) fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = home.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a writable folder");
        std::fs::write(path, text).expect("a writable folder");
    }
    home
}

/// All that came of sessions, for snapshots: what is known of each, its events, what could not be read.
pub(crate) fn told(sessions: &[Session], home: &Path) -> String {
    let mut told = String::new();
    for Session { source, derived, facts, .. } in sessions {
        let path = source.path.strip_prefix(home).unwrap_or(&source.path).display();
        let facts = serde_json::to_string_pretty(facts).expect("facts are JSON");
        let facts: Vec<&str> =
            facts.lines().filter(|line| line.starts_with("  ") && !line.ends_with(": null,")).collect();
        told += &format!("== {path} {:?}\n{}\n{}", source.parent, facts.join("\n"), shown(&derived.events));
        told.extend(derived.problems.iter().map(|problem| format!("problem: {problem:?}\n")));
    }
    told
}

/// One line for each event: its HAIL, cut to 300 characters.
pub(crate) fn shown(events: &[Event]) -> String {
    events
        .iter()
        .map(|event| {
            let line = serde_json::to_string(event).expect("an event is JSON");
            line.chars().take(300).chain(['\n']).collect::<String>()
        })
        .collect()
}

fn others() -> [Value; 9] {
    [
        Value::Null,
        7.into(),
        (-1.5).into(),
        true.into(),
        "".into(),
        "\u{fffd}한".into(),
        serde_json::json!([[], {}, null, "x"]),
        serde_json::json!({}),
        serde_json::json!({"type": 7, "text": []}),
    ]
}

/// Every value that stands in `value`, replaced by `other`, one at a time.
fn replaced(value: &Value, other: &Value, found: &mut dyn FnMut(Value)) {
    found(other.clone());
    match value {
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate().take(50) {
                replaced(element, other, &mut |inner| {
                    let mut copy = elements.clone();
                    copy[at] = inner;
                    found(Value::Array(copy));
                });
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                replaced(field, other, &mut |inner| {
                    let mut copy = fields.clone();
                    copy.insert(name.clone(), inner);
                    found(Value::Object(copy));
                });
            }
        }
        _ => {}
    }
}

/// Counts records as they go by.
#[derive(Default)]
struct Place {
    position: u64,
    number: u64,
}

impl Place {
    fn record<'a>(&mut self, side: Option<&'a str>, bytes: &'a [u8]) -> Record<'a> {
        if side.is_some() {
            return Record { side, session: None, position: 0, number: 0, bytes };
        }
        self.number += 1;
        let record = Record { side: None, session: None, position: self.position, number: self.number, bytes };
        self.position += bytes.len() as u64;
        record
    }
}

#[derive(Default)]
pub(crate) struct Taken(pub(crate) Vec<(Option<String>, Vec<u8>)>);

impl Sink for Taken {
    fn record(&mut self, record: Record<'_>) {
        self.0.push((record.side.map(str::to_owned), record.bytes.to_vec()));
    }
    fn oversize(&mut self, piece: Record<'_>, _: bool) {
        panic!("a sample has no record as long as record {}", piece.number);
    }
    fn problem(&mut self, problem: Problem) {
        panic!("{problem:?}");
    }
}

/// Keeps the records that a test cuts by itself.
pub(crate) struct Kept<'a>(pub(crate) &'a mut Vec<(Option<String>, Vec<u8>)>);

impl Sink for Kept<'_> {
    fn record(&mut self, record: Record<'_>) {
        if record.side.is_none() {
            self.0.push((None, record.bytes.to_vec()));
        }
    }
    fn oversize(&mut self, piece: Record<'_>, _: bool) {
        panic!("no record is as long as record {}", piece.number);
    }
}

/// What a source gives when it cannot be read, for tests of faults.
pub(crate) fn failure(agent: &dyn Agent, source: &Source) -> CutError {
    match agent.cut(source, None, &Limits::default(), &mut Taken::default()) {
        Err(error) => error,
        Ok(cut) => panic!("{} was read: {cut:?}", source.path.display()),
    }
}
