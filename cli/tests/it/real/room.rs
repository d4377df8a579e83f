//! A store without room, and folders that may not be written.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::json;

use super::home::{Home, eventually, finish, is_here};
use super::records::{SessionFile, needle};

/// Records that are written while there is no room.
const RECORDS: u64 = 200;

/// Files that may not grow: what a full disk and a quota are to whoever writes. The signal that comes with it is ignored,
/// so that the write itself fails.
#[test]
fn files_that_may_not_grow_are_told_and_nothing_is_lost() {
    let home = Home::new().variable("OPENSESSION_NO_SPAWN", "1");
    let script = "trap '' XFSZ; exec \"$PROGRAM\" daemon run";
    let daemon = Running::shell(&home, "sh", &["-c", script], None);
    eventually("it listens", || home.connect());
    let limit = |bytes: Option<u64>| {
        let limit = Rlimit { current: bytes, maximum: None };
        prlimit(Some(Pid::from_child(&daemon.child)), Resource::Fsize, limit).unwrap();
    };
    without_room(&home, || limit(Some(4_096)), || limit(None));
}

/// A small file system that is full. Mounting takes a name space of one's own: the daemon runs in one, and
/// in it the script makes the file system, fills it, and empties it again when a file asks for that.
#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    const SCRIPT: &str = r#"
mount -t tmpfs -o size=48m,mode=0700 tmpfs "$XDG_DATA_HOME" || exit 99
"$PROGRAM" daemon run &
daemon=$!
trap 'kill -9 $daemon' EXIT
while [ -d "$CONTROL" ] && [ ! -e "$CONTROL/end" ]; do
    if [ -e "$CONTROL/fill" ]; then
        cat /dev/zero > "$XDG_DATA_HOME/ballast"
        mv "$CONTROL/fill" "$CONTROL/full"
    fi
    if [ -e "$CONTROL/free" ]; then
        rm "$XDG_DATA_HOME/ballast"
        mv "$CONTROL/free" "$CONTROL/freed"
    fi
    sleep 0.02
done
"#;
    let home = Home::new().variable("OPENSESSION_NO_SPAWN", "1");
    let control = home.root.path().join("control");
    fs::create_dir_all(&home.data).unwrap();
    fs::create_dir(&control).unwrap();
    let Some(arguments) = own_mounts(&home) else { return };
    let _daemon = Running::shell(&home, "unshare", &[&arguments[..], &["sh", "-c", SCRIPT]].concat(), Some(&control));
    eventually("it listens", || home.connect());
    let ask = |what: &str, done: &str| {
        fs::write(control.join(what), "").unwrap();
        eventually(what, || control.join(done).exists().then_some(()));
    };
    without_room(&home, || ask("fill", "full"), || ask("free", "freed"));
}

#[test]
fn a_home_that_may_not_be_written_is_read_all_the_same() {
    const SCRIPT: &str = r#"
mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME" && ! touch "$HOME/probe" 2>/dev/null || exit 99
"$PROGRAM" daemon run &
daemon=$!
trap 'kill -9 $daemon' EXIT
while [ -d "$CONTROL" ] && [ ! -e "$CONTROL/end" ]; do sleep 0.02; done
"#;
    let home = Home::new().variable("OPENSESSION_NO_SPAWN", "1");
    SessionFile::claude(&home, 1).say(&needle(1));
    SessionFile::codex(&home, 1).say(&needle(2));
    let control = home.root.path().join("control");
    fs::create_dir(&control).unwrap();
    let Some(arguments) = own_mounts(&home) else { return };
    let arguments = [&arguments[..], &["sh", "-c", SCRIPT]].concat();
    let mut daemon = Running::shell(&home, "unshare", &arguments, Some(&control));
    eventually("it listens", || {
        assert!(daemon.child.try_wait().unwrap().is_none(), "it stays");
        home.connect()
    });
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.hits(&needle(1)), home.hits(&needle(2))), (1, 1));
    assert_eq!(home.run(&["doctor"]).code, Some(0));
    assert!(!home.home.join("probe").exists());
}

/// A folder for the store in which nothing can be made: the start fails, says where, and leaves nothing behind.
#[test]
fn a_store_that_cannot_be_made_is_told() {
    let home = Home::new();
    // Neither root may make a folder in a file.
    fs::write(&home.data, "in the way").unwrap();
    for arguments in [["search", "anything"], ["daemon", "start"]] {
        let ended = home.run(&arguments);
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains(home.data.to_str().unwrap()), "{ended:?}");
        assert!(ended.stderr.contains("\nhint: "), "{ended:?}");
    }
    assert!(!home.is_running());
    fs::remove_file(&home.data).unwrap();
    SessionFile::claude(&home, 1).say(&needle(1));
    home.await_hits(&needle(1), 1);
}

/// The daemon stays while there is no room, answers, says what is wrong, and goes on by itself once there is.
#[track_caller]
fn without_room(home: &Home, fill: impl FnOnce(), free: impl FnOnce()) {
    let mut session = SessionFile::claude(home, 1);
    session.say(&needle(1));
    home.await_hits(&needle(1), 1);
    fill();
    // More than what is left in pages that the store has already.
    for number in 2..RECORDS {
        session.say(&format!("{} {}", needle(number), noise(number)));
    }
    let is_told = || {
        let status = &home.json(&["daemon", "status"])[0];
        status["warnings"].as_array().unwrap().iter().any(|warning| warning["subject"] == "store")
    };
    eventually("it is told", || is_told().then_some(()));
    assert_eq!(home.hits(&needle(1)), 1, "it answers");
    assert_eq!(home.run(&["doctor"]).code, Some(1));

    free();
    home.await_hits(&needle(RECORDS - 1), 1);
    for number in 2..RECORDS {
        assert_eq!(home.hits(&needle(number)), 1);
    }
    eventually("nothing is wrong any more", || (!is_told()).then_some(()));
    let copy = home.root.path().join("copy");
    home.done(&["restore", "@", "--to", copy.to_str().unwrap()]);
    assert!(fs::read(copy).unwrap() == fs::read(&session.path).unwrap(), "the records are kept as they were");
}

/// Arguments of `unshare` with which file systems can be mounted; says so where there are none.
#[track_caller]
fn own_mounts(home: &Home) -> Option<Vec<&'static str>> {
    if !is_here("unshare", false) || !is_here("mount", false) {
        return None;
    }
    let folder = home.root.path().join("mounted");
    fs::create_dir(&folder).unwrap();
    let mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.to_str().unwrap()];
    let mut said = String::new();
    for arguments in [&["--mount"][..], &["--mount", "--user", "--map-root-user"]] {
        let ended = finish(&mut home.other("unshare", &[arguments, &mount].concat()));
        if ended.code == Some(0) {
            return Some(arguments.to_vec());
        }
        said = ended.stderr;
    }
    println!("skipped: nothing may be mounted here: {}", said.trim());
    None
}

/// A daemon under a shell; killed at the end, the shell too.
struct Running {
    child: Child,
    control: Option<PathBuf>,
}

impl Running {
    fn shell(home: &Home, program: &str, arguments: &[&str], control: Option<&Path>) -> Self {
        let mut command = home.other(program, arguments);
        command.env("PROGRAM", env!("CARGO_BIN_EXE_opensession")).current_dir("/");
        if let Some(control) = control {
            command.env("CONTROL", control);
        }
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Self { child, control: control.map(Path::to_owned) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        match &self.control {
            // The shell looks for the file, and kills its daemon as it ends.
            Some(control) if fs::write(control.join("end"), "").is_ok() => {}
            _ => {
                rustix::process::kill_process(Pid::from_child(&self.child), Signal::KILL).ok();
            }
        }
        let bound = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while std::time::Instant::now() < bound && matches!(self.child.try_wait(), Ok(None)) {
            super::home::wait(std::time::Duration::from_millis(5));
        }
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
        }
    }
}

/// Text that cannot be compressed much.
fn noise(number: u64) -> String {
    (0..1_000).map(|part| needle(1_000_000 + number * 1_000 + part)).collect()
}
