//! Pulls through a program that stands in for `ssh`: a shell in another home directory, whose connection can be broken.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant, SystemTime},
};

use opensession_agents::by_id;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;

use super::{
    pull::{PullError, Pulled, pull},
    shell::{Bounds, ShellError},
};

const SESSION: &str = ".claude/projects/-home-ann-app/0b0d5c1e-1111-4222-8333-444455556666.jsonl";

/// Another machine, and the mirror of its home directory.
struct Other {
    folder: TempDir,
}

impl Other {
    fn new() -> Self {
        let other = Self { folder: tempfile::tempdir().unwrap() };
        for name in ["home", "bin"] {
            fs::create_dir(other.path(name)).unwrap();
        }
        // `cut` holds how many bytes come at most before the connection breaks; `arguments` what it was called with.
        other.program(
            "ssh",
            "printf '%s\\n' \"$*\" >>\"$here/arguments\"\n\
             export HOME=\"$here/home\" PATH=\"$here/bin:$PATH\"\n\
             if [ -f \"$here/cut\" ]; then n=$(cat \"$here/cut\"); rm \"$here/cut\"; exec 3<&0\n\
             { sh -s <&3 & echo $! >\"$here/pid\"; wait; } | { dd bs=1000 count=$((n / 1000)) 2>/dev/null; kill -9 \"$(cat \"$here/pid\")\"; }; exit 255; fi\n\
             exec sh -s",
        );
        fs::rename(other.path("bin/ssh"), other.path("ssh")).unwrap();
        other
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A program that is found before the system's of that name over there.
    fn program(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\nhere='{}'\n{script}\n", self.folder.path().display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn there(&self, file: &str) -> PathBuf {
        self.path("home").join(file)
    }

    fn here(&self, file: &str) -> PathBuf {
        self.path("mirror/home").join(file)
    }

    /// Writes a file over there, so long ago that it is settled.
    fn write(&self, file: &str, bytes: &[u8], seconds_ago: u64) {
        let path = self.there(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        set_age(&path, seconds_ago);
    }

    fn pull(&self) -> Result<Pulled, PullError> {
        let bounds = Bounds {
            program: self.path("ssh"),
            deadline: Instant::now() + Duration::from_mins(2),
            called_off: Arc::new(AtomicBool::new(false)),
        };
        let agents = opensession_agents::all().iter().copied();
        pull(&"ann@build:2222".parse().unwrap(), &self.path("mirror"), agents, bounds, &|_| {})
    }

    #[track_caller]
    fn pulled(&self) -> Pulled {
        self.pull().unwrap_or_else(|error| panic!("{error}"))
    }

    fn same(&self, file: &str) -> bool {
        fs::read(self.here(file)).unwrap() == fs::read(self.there(file)).unwrap()
    }
}

fn set_age(path: &Path, seconds_ago: u64) {
    let time = SystemTime::now() - Duration::from_secs(seconds_ago);
    OpenOptions::new().append(true).open(path).unwrap().set_modified(time).unwrap();
}

fn append(path: &Path, bytes: &[u8], seconds_ago: u64) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(bytes).unwrap();
    set_age(path, seconds_ago);
}

fn lines(count: usize, word: &str) -> Vec<u8> {
    (0..count).map(|number| format!("{{\"number\":{number},\"word\":\"{word}\"}}\n")).collect::<String>().into_bytes()
}

#[test]
fn what_grew_is_pulled_and_nothing_twice() {
    let other = Other::new();
    other.write(SESSION, &lines(20_000, "one"), 100);
    other.write(".claude/.credentials.json", b"secret", 100);
    other.write(".codex/auth.json", b"secret", 100);
    let size = fs::metadata(other.there(SESSION)).unwrap().len();
    let first = other.pulled();
    assert_eq!((first.files, first.bytes), (1, size));
    assert_eq!(first.home, other.path("home"));
    assert!(other.same(SESSION));
    assert!(!other.here(".claude/.credentials.json").exists() && !other.here(".codex").exists());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&other.here(SESSION)), mode(&other.path("mirror/home"))), (0o600, 0o700));
    let arguments = fs::read_to_string(other.path("arguments")).unwrap();
    assert!(arguments.contains("-o BatchMode=yes") && arguments.ends_with("-p 2222 -- ann@build exec sh -s\n"));

    let nothing = other.pulled();
    assert_eq!((nothing.files, nothing.gone, nothing.bytes), (0, 0, 0));

    append(&other.there(SESSION), b"{\"torn\":", 50);
    let grown = other.pulled();
    assert_eq!(grown.files, 1);
    assert!(grown.bytes < 6_000, "{}", grown.bytes);
    assert!(other.same(SESSION));

    // As long as before, with other words in it.
    let mut bytes = fs::read(other.there(SESSION)).unwrap();
    bytes[9] ^= 1;
    other.write(SESSION, &bytes, 40);
    assert_eq!(other.pulled().files, 1);
    assert!(other.same(SESSION));
    // Only its time is another one.
    set_age(&other.there(SESSION), 30);
    let touched = other.pulled();
    assert!(touched.files == 0 && touched.bytes < 100, "{touched:?}");

    other.write(SESSION, &lines(3, "short"), 20);
    assert_eq!(other.pulled().files, 1);
    assert!(other.same(SESSION));

    fs::remove_file(other.there(SESSION)).unwrap();
    assert_eq!(other.pulled().gone, 1);
    assert!(!other.here(SESSION).exists());
    // A folder that is not there at all may be a disk that is not mounted: nothing goes.
    other.write(SESSION, b"{}\n", 20);
    other.pulled();
    fs::rename(other.there(".claude"), other.path("unmounted")).unwrap();
    assert_eq!(other.pulled().gone, 0);
    assert!(other.here(SESSION).exists());
}

#[test]
fn a_file_that_was_just_written_is_looked_at_again() {
    let other = Other::new();
    other.write(SESSION, &lines(3, "one"), 0);
    other.pulled();
    assert!(other.same(SESSION));
    // In the same second, without a change of its size.
    other.write(SESSION, &lines(3, "two"), 0);
    other.pulled();
    assert!(other.same(SESSION));
}

#[test]
fn a_broken_connection_leaves_whole_lines_and_is_gone_on_with() {
    let other = Other::new();
    // More than one part each: lines, and a document.
    let document = ".gemini/tmp/app/chats/session-2026-01-02T03-04-0b0d5c1e.json";
    other.write(SESSION, &lines(250_000, "some words that make it longer"), 100);
    other.write(document, &lines(120_000, "one"), 50);
    let all = [SESSION, document].map(|file| fs::metadata(other.there(file)).unwrap().len()).iter().sum::<u64>();
    let (mut came, mut broken) = (0, 0);
    loop {
        fs::write(other.path("cut"), "6000000").unwrap();
        match other.pull() {
            Ok(pulled) => {
                came += pulled.bytes;
                break;
            }
            Err(PullError::Shell(ShellError::Lost(_))) => broken += 1,
            Err(error) => panic!("{error}"),
        }
        if let Ok(bytes) = fs::read(other.here(SESSION)) {
            assert!(bytes.ends_with(b"\n") && fs::read(other.there(SESSION)).unwrap().starts_with(&bytes));
        }
        assert!(!other.here(document).exists() || other.same(document), "a document is there whole or not at all");
        assert!(broken < 20, "it does not get on");
    }
    assert!(broken > 1);
    assert!(other.same(SESSION) && other.same(document));
    assert!(came < all, "the last pull brought {came} of {all}");
    assert_eq!(fs::read_dir(other.path("mirror/incoming")).unwrap().count(), 0);
}

#[test]
fn databases_come_whole_with_what_is_only_in_their_logs() {
    for has_sqlite in [false, true] {
        let other = Other::new();
        if has_sqlite {
            // Stands in for the program: SQLite's own copy of what is committed.
            if !which("sqlite3") {
                println!("skipped: sqlite3 is not here");
                continue;
            }
        } else {
            other.program("sqlite3", "exit 1");
        }
        let file = ".local/share/opencode/opencode.db";
        fs::create_dir_all(other.there(".local/share/opencode")).unwrap();
        let writer = Connection::open(other.there(file)).unwrap();
        writer.pragma_update(None, "journal_mode", "WAL").unwrap();
        let filler = "x".repeat(100_000);
        writer.execute_batch("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)").unwrap();
        for _ in 0..60 {
            writer.execute("INSERT INTO t (v) VALUES (?)", [&filler]).unwrap();
        }
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        writer.execute("INSERT INTO t (v) VALUES ('only in the log')", []).unwrap();
        set_age(&other.there(file), 100);
        let count = || -> i64 {
            let here = Connection::open_with_flags(
                other.here(file),
                rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )
            .unwrap();
            here.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
        };
        let first = other.pulled();
        assert_eq!((count(), first.left), (61, Vec::new()), "sqlite3: {has_sqlite}");
        assert!(first.bytes > 6_000_000);
        let beside: Vec<_> = fs::read_dir(other.here(".local/share/opencode")).unwrap().flatten().collect();
        assert_eq!(beside.len(), 1, "{beside:?}");

        writer.execute("INSERT INTO t (v) VALUES ('another')", []).unwrap();
        let second = other.pulled();
        assert_eq!(count(), 62, "sqlite3: {has_sqlite}");
        assert!(second.bytes < 3_000_000, "blocks that are here are not sent: {}", second.bytes);
        assert!(!other.there(".local/share/opencode/auth.json").exists());
        assert!(other.there(".local/share/opencode/opencode.db-wal").exists(), "nothing is written there");
    }
}

fn which(program: &str) -> bool {
    let search = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&search).any(|folder| folder.join(program).is_file())
}

#[test]
fn another_systems_stat_is_understood() {
    let other = Other::new();
    let stat = ["/usr/bin/stat", "/bin/stat"].into_iter().find(|path| Path::new(path).exists());
    let Some(stat) = stat else { return println!("skipped: stat is not here") };
    // As BSD's: no -c, and letters of its own.
    other.program(
        "stat",
        &format!("[ \"$1\" = -f ] || exit 1\nshift\nf=$(printf %s \"$1\" | sed 's/%z/%s/;s/%m/%Y/;s/%N/%n/')\nshift\nexec {stat} -c \"$f\" \"$@\""),
    );
    other.program("uname", "echo Darwin");
    other.write(SESSION, &lines(3, "one"), 100);
    other.write("Library/Application Support/Code/User/workspaceStorage/0f/workspace.json", b"{}", 100);
    assert_eq!(other.pulled().files, 2);
    assert!(other.same(SESSION));
}

#[test]
fn a_hostile_machine_writes_nowhere_else_and_fills_no_memory() {
    let other = Other::new();
    fs::create_dir_all(other.there(".claude/projects")).unwrap();
    other.program(
        "find",
        "printf '1 4 1700000000 ./.claude/projects/../../../../outside.jsonl\\n'\n\
         printf '1 4 1700000000 /tmp/outside.jsonl\\n'\n\
         printf '1 4 1700000000 ./.ssh/authorized_keys\\n'\n\
         printf '1 4 1700000000 ./.claude/projects/a/b\\033[2J.jsonl\\n'",
    );
    let pulled = other.pulled();
    assert_eq!(pulled.files, 0, "{pulled:?}");
    assert!(!pulled.left.is_empty());
    let files: Vec<_> = fs::read_dir(other.path("mirror/home")).unwrap().collect();
    assert!(files.is_empty(), "{files:?}");

    other.program("find", "exec yes '1 4 1700000000 ./.claude/projects/a/b.jsonl'");
    assert!(matches!(other.pull(), Err(PullError::Shell(ShellError::TooMuch))));
    // More than was asked for of a file.
    fs::remove_file(other.path("bin/find")).unwrap();
    other.write(SESSION, &lines(3, "one"), 100);
    other.program("head", "exec cat /dev/zero");
    assert!(matches!(other.pull(), Err(PullError::Shell(ShellError::TooMuch))));
}

#[test]
fn links_are_not_followed() {
    let other = Other::new();
    other.write("secret", b"{\"key\":1}\n", 100);
    let link = other.there(SESSION);
    fs::create_dir_all(link.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(other.there("secret"), &link).unwrap();
    assert_eq!(other.pulled().files, 0);
    assert!(!other.here(SESSION).exists());
}

#[test]
fn why_there_is_no_shell_is_told_in_words() {
    let other = Other::new();
    let told = |script: &str| {
        fs::write(other.path("ssh"), format!("#!/bin/sh\n{script}\n")).unwrap();
        other.pull().err().map(|error| error.to_string()).unwrap_or_default()
    };
    let denied = told("echo banner >&2; echo 'ann@build: Permission denied (publickey).' >&2; exit 255");
    assert_eq!(denied, "ann@build: Permission denied (publickey).");
    assert_eq!(told("exit 127"), "it has no POSIX shell");
    assert_eq!(told("echo This account is not available.; exit 1"), "it gives no shell to this user");
    assert_eq!(told("HOME=/nowhere exec sh -s"), "its home directory cannot be entered");
    let chatty = format!("echo Welcome!; HOME='{}' exec sh -s", other.path("home").display());
    assert_eq!(told(&chatty), "");
    fs::remove_file(other.path("ssh")).unwrap();
    assert!(matches!(other.pull(), Err(PullError::Shell(ShellError::NoSsh(_)))));
    assert_eq!(by_id("claude-code").map(opensession_agents::Agent::name), Some("Claude Code"));
}

/// What happens to a file over there between two pulls.
#[derive(Debug, Clone)]
enum Change {
    Append(u16),
    Torn,
    Rewrite(u16),
    Shorten(u16),
    Compressed,
    Remove,
}

fn changes() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (1..2000_u16).prop_map(Change::Append),
        1 => Just(Change::Torn),
        1 => (0..2000_u16).prop_map(Change::Rewrite),
        1 => (0..100_u16).prop_map(Change::Shorten),
        1 => Just(Change::Compressed),
        1 => Just(Change::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn the_mirror_becomes_what_is_there_whatever_happens(
        steps in prop::collection::vec((changes(), prop::option::of(1_000..200_000_u32)), 1..6)
    ) {
        let other = Other::new();
        let compressed = format!("{SESSION}.zst");
        for (at, (change, cut)) in steps.into_iter().enumerate() {
            let (path, age) = (other.there(SESSION), 1000 - at as u64);
            let has = fs::read(&path).unwrap_or_default();
            match change {
                Change::Append(count) => other.write(SESSION, &[has, lines(count.into(), "more")].concat(), age),
                Change::Torn => other.write(SESSION, &[has.as_slice(), b"{\"torn"].concat(), age),
                Change::Rewrite(count) => other.write(SESSION, &lines(count.into(), "anew"), age),
                Change::Shorten(by) => other.write(SESSION, &has[..has.len().saturating_sub(by.into())], age),
                Change::Compressed => {
                    other.write(&compressed, &zstd::encode_all(has.as_slice(), 1).unwrap(), age);
                    fs::remove_file(&path).ok();
                }
                Change::Remove => {
                    fs::remove_file(&path).ok();
                }
            }
            if let Some(cut) = cut {
                fs::write(other.path("cut"), cut.to_string()).unwrap();
                // It may be done before that.
                other.pull().ok();
                fs::remove_file(other.path("cut")).ok();
            }
            other.pulled();
            for file in [SESSION, compressed.as_str()] {
                prop_assert_eq!(fs::read(other.here(file)).ok(), fs::read(other.there(file)).ok());
            }
            let again = other.pulled();
            prop_assert_eq!((again.files, again.bytes), (0, 0));
        }
    }
}
