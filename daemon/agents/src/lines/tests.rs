//! Whatever is done to a file, what was given since the last restart is what the file holds.

use std::{
    fs::{self, File, FileTimes, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use proptest::prelude::*;

use super::cut;
use crate::{Cursor, Cut, CutError, Limits, Problem, Record, Sink, Source, SourceKind};

/// Keeps what it is given.
#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    records: Vec<Vec<u8>>,
    side: Vec<(String, Vec<u8>)>,
    pieces: usize,
    largest: usize,
    torn_piece: bool,
    problems: Vec<Problem>,
}

impl Taken {
    fn check_place(&self, record: &Record<'_>) {
        assert_eq!(record.position, self.bytes.len() as u64, "records follow one another");
        let number = self.records.len() as u64 + u64::from(!self.torn_piece);
        assert_eq!(record.number, number, "records are numbered");
    }
}

impl Sink for Taken {
    fn record(&mut self, record: Record<'_>) {
        if let Some(side) = record.side {
            self.side.push((side.to_owned(), record.bytes.to_vec()));
            return;
        }
        assert!(!self.torn_piece, "a record inside another");
        self.check_place(&record);
        self.bytes.extend_from_slice(record.bytes);
        self.records.push(record.bytes.to_vec());
    }

    fn oversize(&mut self, piece: Record<'_>, last: bool) {
        self.check_place(&piece);
        self.pieces += 1;
        self.largest = self.largest.max(piece.bytes.len());
        self.bytes.extend_from_slice(piece.bytes);
        if self.torn_piece {
            self.records.last_mut().expect("a torn piece has a record").extend_from_slice(piece.bytes);
        } else {
            self.records.push(piece.bytes.to_vec());
        }
        self.torn_piece = !last;
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// A source with its cursor and all that was taken in its last generation.
struct Follower {
    source: Source,
    cursor: Option<Cursor>,
    taken: Taken,
    restarts: u32,
}

impl Follower {
    fn new(path: &Path) -> Self {
        let source = Source {
            path: path.to_owned(),
            kind: SourceKind::Lines,
            native_id: String::new(),
            parent: None,
            side_files: Vec::new(),
            version: 0,
        };
        Self { source, cursor: None, taken: Taken::default(), restarts: 0 }
    }

    fn step(&mut self, limits: &Limits) -> Result<Cut, CutError> {
        let mut now = Taken::default();
        let restarting = {
            let mut probe = Taken::default();
            // A restart is known only afterwards; the records of a restarted call are counted from zero.
            cut(&self.source, self.cursor.as_ref(), limits, &mut Blind(&mut probe))?.restarted
        };
        if restarting {
            self.taken = Taken::default();
            self.restarts += 1;
        }
        std::mem::swap(&mut now, &mut self.taken);
        let cut = cut(&self.source, self.cursor.as_ref(), limits, &mut now)?;
        assert_eq!(cut.restarted, restarting);
        self.taken = now;
        self.cursor = Some(cut.cursor.clone());
        Ok(cut)
    }

    fn follow(&mut self, limits: &Limits) {
        for _ in 0..10_000 {
            let cut = self.step(limits).unwrap();
            assert_eq!(cut.cursor.offset, self.taken.bytes.len() as u64);
            assert_eq!(cut.cursor.records, self.taken.records.len() as u64);
            assert_eq!(cut.cursor.generation, self.restarts);
            if !cut.more {
                return;
            }
        }
        panic!("it does not end");
    }
}

/// Takes nothing but is a sink.
struct Blind<'a>(&'a mut Taken);

impl Sink for Blind<'_> {
    fn record(&mut self, _: Record<'_>) {
        self.0.pieces += 1;
    }

    fn oversize(&mut self, _: Record<'_>, _: bool) {
        self.0.pieces += 1;
    }
}

fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    &bytes[..end]
}

/// Gives each version of a file a time of its own, as if it were not written within one tick of the clock.
struct Clock(u64);

impl Clock {
    fn touch(&mut self, path: &Path) {
        self.0 += 1;
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + self.0);
        let file = OpenOptions::new().write(true).open(path).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
    }
}

fn twin(path: &Path) -> PathBuf {
    PathBuf::from(format!("{}.zst", path.display()))
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<u8>),
    /// To this many thousandths of its length.
    Truncate(usize),
    Rewrite(Vec<u8>),
    Replace(Vec<u8>),
    /// Another inode with the same content.
    Copy,
    Cut(Limits),
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => proptest::collection::vec(prop_oneof![Just(b'\n'), any::<u8>()], 0..60),
        1 => proptest::collection::vec(any::<u8>(), 3000..9000),
    ];
    (any::<u64>(), proptest::collection::vec(line, 0..6), any::<bool>()).prop_map(|(unique, lines, torn)| {
        let mut bytes = format!("{unique:016x}").into_bytes();
        for line in lines {
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
        }
        if torn {
            bytes.extend_from_slice(b"torn");
        }
        bytes
    })
}

fn limits() -> impl Strategy<Value = Limits> {
    (prop_oneof![0_u64..200, Just(1 << 20)], prop_oneof![20_u64..5000, Just(1 << 20)])
        .prop_map(|(bytes, record_bytes)| Limits { bytes, record_bytes, take_torn: false })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => lines().prop_map(Step::Append),
        1 => (0_usize..1000).prop_map(Step::Truncate),
        1 => lines().prop_map(Step::Rewrite),
        1 => lines().prop_map(Step::Replace),
        1 => Just(Step::Copy),
        5 => limits().prop_map(Step::Cut),
    ];
    proptest::collection::vec(step, 1..25)
}

/// Applies `step` to the content.
fn apply(step: &Step, content: &mut Vec<u8>) {
    match step {
        Step::Append(bytes) => content.extend_from_slice(bytes),
        Step::Truncate(to) => content.truncate(content.len() * to / 1000),
        Step::Rewrite(bytes) | Step::Replace(bytes) => content.clone_from(bytes),
        Step::Copy | Step::Cut(_) => {}
    }
}

proptest! {
    #[test]
    fn what_is_given_is_what_the_file_holds(steps in steps(), last in limits()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.jsonl");
        File::create(&path).unwrap();
        let (mut content, mut clock) = (Vec::new(), Clock(0));
        let mut follower = Follower::new(&path);
        for step in steps {
            apply(&step, &mut content);
            match &step {
                Step::Append(bytes) => {
                    OpenOptions::new().append(true).open(&path).unwrap().write_all(bytes).unwrap();
                }
                Step::Truncate(_) => {
                    OpenOptions::new().write(true).open(&path).unwrap().set_len(content.len() as u64).unwrap();
                }
                Step::Rewrite(_) => fs::write(&path, &content).unwrap(),
                Step::Replace(_) | Step::Copy => {
                    fs::write(folder.path().join("new"), &content).unwrap();
                    fs::rename(folder.path().join("new"), &path).unwrap();
                }
                Step::Cut(limits) => {
                    follower.step(limits).unwrap();
                    continue;
                }
            }
            clock.touch(&path);
        }
        follower.follow(&last);
        prop_assert_eq!(&follower.taken.bytes, whole_lines(&content));
        prop_assert!(!follower.taken.torn_piece);
        prop_assert_eq!(follower.taken.records.len(), memchr::memchr_iter(b'\n', &content).count());
    }

    #[test]
    fn a_compressed_twin_is_the_same_file(
        steps in steps(),
        compressed in proptest::collection::vec(any::<bool>(), 25),
        last in limits(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.jsonl");
        let (mut content, mut clock) = (Vec::new(), Clock(0));
        let mut follower = Follower::new(&path);
        let mut changed = false;
        let mut put = |content: &[u8], compress: bool| {
            let (at, bytes) = if compress {
                (twin(&path), zstd::encode_all(content, 1).unwrap())
            } else {
                (path.clone(), content.to_vec())
            };
            let _absent = (fs::remove_file(&path), fs::remove_file(twin(&path)));
            fs::write(&at, bytes).unwrap();
            clock.touch(&at);
        };
        put(&content, true);
        for (step, compress) in steps.iter().zip(compressed) {
            apply(step, &mut content);
            put(&content, compress);
            changed |= matches!(step, Step::Truncate(_) | Step::Rewrite(_) | Step::Replace(_));
            if let Step::Cut(limits) = step {
                follower.step(limits).unwrap();
            }
        }
        follower.follow(&last);
        prop_assert_eq!(&follower.taken.bytes, whole_lines(&content));
        prop_assert!(changed || follower.restarts == 0);
    }
}

fn file(content: &[u8]) -> (tempfile::TempDir, Follower) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.jsonl");
    fs::write(&path, content).unwrap();
    (folder, Follower::new(&path))
}

#[test]
fn an_unchanged_file_is_not_read() {
    let (_folder, mut follower) = file(b"one\ntwo\n");
    follower.follow(&Limits::default());
    // The same size and time, other content: a file that is read would be found rewritten.
    let path = follower.source.path.clone();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, b"eno\nowt\n").unwrap();
    let handle = OpenOptions::new().write(true).open(&path).unwrap();
    handle.set_times(FileTimes::new().set_modified(modified)).unwrap();
    let before = follower.cursor.clone();
    let cut = follower.step(&Limits::default()).unwrap();
    assert_eq!((Some(cut.cursor), cut.restarted, cut.more), (before, false, false));
}

#[test]
fn a_torn_line_waits_until_it_is_asked_for() {
    let (_folder, mut follower) = file(b"one\ntw");
    follower.follow(&Limits::default());
    assert_eq!(follower.taken.bytes, b"one\n");
    follower.follow(&Limits { take_torn: true, ..Limits::default() });
    assert_eq!(follower.taken.records, [b"one\n".to_vec(), b"tw".to_vec()]);

    let (_folder, mut follower) = file(b"one\nmuch longer than the limit");
    let limits = Limits { record_bytes: 8, ..Limits::default() };
    follower.follow(&limits);
    assert_eq!((follower.taken.bytes.as_slice(), follower.taken.pieces), (b"one\n".as_slice(), 0));
    follower.follow(&Limits { take_torn: true, ..limits });
    assert_eq!(follower.taken.bytes, b"one\nmuch longer than the limit");
    assert!(!follower.taken.torn_piece);
}

#[test]
fn a_long_record_comes_in_pieces_of_bounded_size() {
    let mut content = vec![b'x'; 3 << 20];
    content.extend_from_slice(b"\nshort\n");
    let (_folder, mut follower) = file(&content);
    follower.follow(&Limits { record_bytes: 100_000, ..Limits::default() });
    assert_eq!(follower.taken.bytes, content);
    assert_eq!(follower.taken.records.len(), 2);
    assert!(follower.taken.pieces >= 12);
    assert!(follower.taken.largest <= super::BLOCK);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: PathBuf| Follower::new(&path).step(&Limits::default()).unwrap_err();
    assert!(matches!(error(folder.path().join("absent")), CutError::Gone));
    assert!(matches!(error(folder.path().to_owned()), CutError::Io(_)));
    let (_folder, follower) = file(b"");
    assert!(matches!(error(follower.source.path.join("below-a-file")), CutError::Gone));
}

#[test]
fn a_damaged_compressed_file_gives_what_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.jsonl");
    let mut content = Vec::new();
    for number in 0..100_000_u32 {
        writeln!(content, "{{\"number\":{},\"hash\":\"{}\"}}", number, blake3::hash(&number.to_le_bytes())).unwrap();
    }
    let compressed = zstd::encode_all(content.as_slice(), 1).unwrap();
    fs::write(twin(&path), &compressed[..compressed.len() / 2]).unwrap();
    let mut follower = Follower::new(&path);
    follower.follow(&Limits { bytes: u64::MAX, ..Limits::default() });
    assert!(!follower.taken.bytes.is_empty());
    assert!(content.starts_with(&follower.taken.bytes));
    assert_eq!(follower.taken.problems.len(), 1);
}

#[test]
fn side_files_come_whole_when_they_changed() {
    let (folder, mut follower) = file(b"one\n");
    let (side, huge) = (folder.path().join("a.meta.json"), folder.path().join("b.meta.json"));
    follower.source.side_files = vec![side.clone(), huge.clone(), folder.path().join("absent.json")];
    let mut clock = Clock(0);
    fs::write(&side, b"{}").unwrap();
    clock.touch(&side);
    follower.follow(&Limits::default());
    follower.follow(&Limits::default());
    assert_eq!(follower.taken.side, [("a.meta.json".to_owned(), b"{}".to_vec())]);
    fs::write(&side, b"[]").unwrap();
    clock.touch(&side);
    fs::write(&huge, vec![b' '; 2 << 20]).unwrap();
    follower.follow(&Limits::default());
    assert_eq!(follower.taken.side[1..], [("a.meta.json".to_owned(), b"[]".to_vec())]);
    assert_eq!(follower.taken.problems.len(), 1);
    assert_eq!(follower.taken.records.len(), 1);
}
