//! Daemons as processes: this test program runs itself as one.

use std::{
    fs::{self, Permissions},
    io::Write,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::UnixListener,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Barrier,
    thread,
    time::Instant,
};

use jsonrpsee::Methods;
use opensession_daemon::{
    lifecycle::{self, DaemonLock, Engine, LockError, Options},
    rpc::{self, BoundSocket, ListenError},
};
use opensession_protocol::{
    DaemonStatus, SearchAnswer,
    client::{Client, ClientError, LOCK_BUSY_STATUS, LockRecord, Spawn},
    paths::{DirectoryError, Environment, Paths},
};
use serde_json::json;
use tempfile::TempDir;

use super::fake::{FakeDaemon, PATIENCE};

/// Set where this program is to be a daemon.
const ROLE: &str = "OPENSESSION_TEST_DAEMON";

struct FakeEngine {
    methods: Methods,
    finished: PathBuf,
}

impl Engine for FakeEngine {
    fn methods(&self) -> Methods {
        self.methods.clone()
    }

    async fn finish(self) -> anyhow::Result<()> {
        fs::write(self.finished, "")?;
        Ok(())
    }
}

/// The daemon that the other tests start; by itself it checks that it is not asked to be one.
#[test]
#[expect(clippy::exit, reason = "a client reads the exit status, and the test harness has its own")]
fn be_a_daemon() {
    let Some(role) = std::env::var_os(ROLE) else { return };
    let paths = Paths::new(&Environment::read()).unwrap();
    let options = Options { paths, detached: true };
    let result = lifecycle::run(&options, async |start| {
        anyhow::ensure!(role != "broken", "cannot open local.db: disk full");
        let methods = rpc::methods(FakeDaemon::new(start.stop))?;
        Ok(FakeEngine { methods, finished: start.paths.data_dir.join("finished") })
    });
    if let Err(error) = result {
        writeln!(std::io::stderr(), "{error}").unwrap();
        std::process::exit(match error {
            lifecycle::RunError::Lock(LockError::Busy { .. }) => LOCK_BUSY_STATUS,
            _ => 1,
        });
    }
    std::process::exit(0);
}

/// A home directory and a program that is a daemon in it.
struct Home {
    directory: TempDir,
    paths: Paths,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let environment = Environment {
            home: directory.path().to_owned(),
            runtime_dir: Some(directory.path().join("run")),
            uid: rustix::process::getuid().as_raw(),
            ..Environment::default()
        };
        let paths = Paths::new(&environment).unwrap();
        Self { directory, paths }
    }

    /// A script that calls this test program as the daemon, whatever it is called with.
    fn program(&self, role: &str) -> PathBuf {
        let path = self.directory.path().join(role);
        let home = self.directory.path().display();
        let this = std::env::current_exe().unwrap();
        let text = format!(
            "#!/bin/sh\nexport HOME='{home}' XDG_RUNTIME_DIR='{home}/run' {ROLE}='{role}'\n\
             unset OPENSESSION_SOCKET XDG_DATA_HOME XDG_STATE_HOME XDG_CONFIG_HOME\n\
             echo $$ >> '{home}/started'\n\
             exec '{}' --exact socket::lifecycle::be_a_daemon --nocapture --test-threads=2\n",
            this.display()
        );
        // Renamed into place: a script that is open for writing cannot be run.
        let unfinished = path.with_extension("new");
        fs::write(&unfinished, text).unwrap();
        fs::set_permissions(&unfinished, Permissions::from_mode(0o700)).unwrap();
        fs::rename(unfinished, &path).unwrap();
        path
    }

    fn spawn(&self) -> Spawn {
        Spawn::Auto { program: self.program("daemon") }
    }

    fn started(&self) -> usize {
        fs::read_to_string(self.directory.path().join("started")).unwrap_or_default().lines().count()
    }

    fn run(&self, role: &str) -> Child {
        Command::new(self.program(role))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Waits until no daemon holds the lock.
    fn until_ended(&self) {
        let deadline = Instant::now() + PATIENCE;
        while fs::File::open(self.paths.lock_file()).is_ok_and(|file| file.try_lock().is_err()) {
            assert!(Instant::now() < deadline, "the daemon does not end");
            thread::yield_now();
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Ok(mut client) = Client::connect(&self.paths, &Spawn::Never) {
            client.call::<()>("daemon/shutdown", ()).ok();
        }
    }
}

#[test]
fn many_clients_start_one_daemon() {
    let home = Home::new();
    assert!(matches!(Client::connect(&home.paths, &Spawn::Never), Err(ClientError::NotRunning { .. })));
    let (spawn, barrier) = (home.spawn(), Barrier::new(10));
    let pids: Vec<u32> = thread::scope(|scope| {
        let clients: Vec<_> = (0..10)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let mut client = Client::connect(&home.paths, &spawn).unwrap();
                    client.call::<DaemonStatus>("daemon/status", ()).unwrap().pid
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    assert_eq!(home.started(), 1);

    let record = LockRecord::read(&home.paths.lock_file()).unwrap();
    assert_eq!((record.pid, record.version.as_str()), (pids[0], env!("CARGO_PKG_VERSION")));
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().mode() & 0o7777;
    assert!(fs::symlink_metadata(&home.paths.socket).unwrap().file_type().is_socket());
    assert_eq!((mode(&home.paths.socket), mode(home.paths.runtime_dir())), (0o600, 0o700));
    assert_eq!((mode(&home.paths.log()), mode(&home.paths.data_dir)), (0o600, 0o700));
    assert!(fs::read_to_string(home.paths.log()).unwrap().contains("ready"));

    let mut client = Client::connect(&home.paths, &Spawn::Never).unwrap();
    client.call::<()>("daemon/shutdown", ()).unwrap();
    home.until_ended();
    assert!(!home.paths.socket.exists(), "it takes its socket with it");
    assert!(home.paths.data_dir.join("finished").exists());

    // And back again at once.
    let mut client = Client::connect(&home.paths, &spawn).unwrap();
    let answer: SearchAnswer = client.call("search/query", json!({"query": "x"})).unwrap();
    assert_eq!(answer.hits, 1);
}

#[test]
fn of_two_daemons_one_lives() {
    let home = Home::new();
    let mut children = [home.run("daemon"), home.run("daemon")];
    let deadline = Instant::now() + PATIENCE;
    let loser = loop {
        if let Some((at, status)) =
            children.iter_mut().enumerate().find_map(|(at, child)| Some((at, child.try_wait().unwrap()?)))
        {
            assert_eq!(status.code(), Some(LOCK_BUSY_STATUS));
            break at;
        }
        assert!(Instant::now() < deadline, "both live");
        thread::yield_now();
    };
    let [first, second] = children;
    let (loser, winner) = if loser == 0 { (first, second) } else { (second, first) };
    let said = String::from_utf8(loser.wait_with_output().unwrap().stderr).unwrap();
    assert!(said.contains("another daemon is running"), "{said}");

    let mut client = Client::connect(&home.paths, &home.spawn()).unwrap();
    let pid = client.call::<DaemonStatus>("daemon/status", ()).unwrap().pid;
    assert_eq!(pid, winner.id());
    // SIGTERM ends it as politely.
    let winner_id = rustix::process::Pid::from_raw(winner.id() as i32).unwrap();
    rustix::process::kill_process(winner_id, rustix::process::Signal::TERM).unwrap();
    assert!(winner.wait_with_output().unwrap().status.success());
    assert!(home.paths.data_dir.join("finished").exists() && !home.paths.socket.exists());
}

#[test]
fn a_killed_daemon_leaves_nothing_in_the_way() {
    let home = Home::new();
    let spawn = home.spawn();
    let mut client = Client::connect(&home.paths, &spawn).unwrap();
    let pid = client.call::<DaemonStatus>("daemon/status", ()).unwrap().pid;
    let pid = rustix::process::Pid::from_raw(pid as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    home.until_ended();
    assert!(matches!(client.call::<()>("daemon/status", ()), Err(ClientError::Closed)));
    assert!(home.paths.socket.exists(), "the socket stayed");
    assert!(matches!(Client::connect(&home.paths, &Spawn::Never), Err(ClientError::NotRunning { .. })));
    let mut client = Client::connect(&home.paths, &spawn).unwrap();
    client.call::<DaemonStatus>("daemon/status", ()).unwrap();
}

#[test]
fn a_failing_start_is_told_with_its_last_words() {
    let home = Home::new();
    let error = Client::connect(&home.paths, &Spawn::Auto { program: home.program("broken") }).unwrap_err();
    let ClientError::NotStarted { within: None, last_words } = error else { panic!("{error}") };
    assert!(last_words.contains("cannot open local.db: disk full"), "{last_words}");
    let error = Client::connect(&home.paths, &Spawn::Auto { program: "/no/such/program".into() }).unwrap_err();
    assert!(matches!(error, ClientError::Io { .. }), "{error}");
}

/// Changes what the running daemon says of itself.
fn claim(home: &Home, change: impl FnOnce(&mut LockRecord)) {
    let mut record = LockRecord::read(&home.paths.lock_file()).unwrap();
    change(&mut record);
    fs::write(home.paths.lock_file(), serde_json::to_string(&record).unwrap()).unwrap();
}

#[test]
fn an_older_daemon_is_replaced_and_a_newer_one_used() {
    let home = Home::new();
    let spawn = home.spawn();
    let pid = || LockRecord::read(&home.paths.lock_file()).unwrap().pid;
    drop(Client::connect(&home.paths, &spawn).unwrap());
    let first = pid();

    claim(&home, |record| record.version = "0.0.9".into());
    assert!(Client::connect(&home.paths, &Spawn::Never).is_ok(), "without leave to start one it is used");
    assert_eq!(pid(), first);
    drop(Client::connect(&home.paths, &spawn).unwrap());
    assert_ne!(pid(), first);
    assert_eq!(home.started(), 2);

    let second = pid();
    claim(&home, |record| record.version = "99.0.0".into());
    drop(Client::connect(&home.paths, &spawn).unwrap());
    assert_eq!(pid(), second);
    claim(&home, |record| record.protocol += 1);
    let error = Client::connect(&home.paths, &spawn).unwrap_err();
    assert!(matches!(error, ClientError::ProtocolMismatch { .. }), "{error}");
    claim(&home, |record| record.data_dir = "/elsewhere".into());
    let error = Client::connect(&home.paths, &spawn).unwrap_err();
    assert!(matches!(error, ClientError::OtherStore { .. }), "{error}");

    // A forwarded socket has no lock file beside it: the daemon is asked.
    fs::remove_file(home.paths.lock_file()).unwrap();
    assert!(Client::connect(&home.paths, &Spawn::Never).is_ok());
}

#[test]
fn locks_exclude_each_other() {
    let home = Home::new();
    fs::create_dir_all(home.paths.runtime_dir()).unwrap();
    fs::create_dir_all(&home.paths.data_dir).unwrap();
    let held = DaemonLock::acquire(&home.paths).unwrap();
    let LockError::Busy { holder: Some(holder), .. } = DaemonLock::acquire(&home.paths).unwrap_err() else {
        panic!("it is held");
    };
    assert_eq!(holder.pid, std::process::id());
    // Another socket, the same database.
    let elsewhere = Paths { socket: home.directory.path().join("other.sock"), ..home.paths.clone() };
    let LockError::Busy { path, .. } = DaemonLock::acquire(&elsewhere).unwrap_err() else { panic!("it is held") };
    assert_eq!(path, home.paths.store_lock_file());
    drop(held);
    DaemonLock::acquire(&home.paths).unwrap();
}

#[test]
fn a_socket_is_made_only_where_it_is_safe() {
    let home = Home::new();
    let uid = home.paths.uid;
    let path = home.directory.path().join("s/daemon.sock");
    let directory = path.parent().unwrap();
    assert!(matches!(BoundSocket::bind(&path, uid), Err(ListenError::Directory(DirectoryError::Io { .. }))));
    fs::create_dir(directory).unwrap();
    fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
    let error = BoundSocket::bind(&path, uid).unwrap_err();
    assert!(matches!(error, ListenError::Directory(DirectoryError::WrongMode { mode: 0o755, .. })), "{error}");
    fs::set_permissions(directory, Permissions::from_mode(0o700)).unwrap();
    assert!(matches!(
        BoundSocket::bind(&path, uid + 1),
        Err(ListenError::Directory(DirectoryError::WrongOwner { .. }))
    ));
    fs::write(&path, "mine").unwrap();
    assert!(matches!(BoundSocket::bind(&path, uid), Err(ListenError::NotASocket { .. })));
    fs::remove_file(&path).unwrap();

    let too_long = directory.join("x".repeat(200));
    assert!(matches!(BoundSocket::bind(&too_long, uid), Err(ListenError::Io { .. })));

    // A dead daemon's socket is replaced, a living one is not; nobody removes another's.
    drop(UnixListener::bind(&path).unwrap());
    let (first, listener) = BoundSocket::bind(&path, uid).unwrap();
    assert!(matches!(BoundSocket::bind(&path, uid), Err(ListenError::InUse { .. })));
    drop(listener);
    let (second, _listener) = BoundSocket::bind(&path, uid).unwrap();
    first.remove().unwrap();
    assert!(path.exists());
    second.remove().unwrap();
    assert!(!path.exists());

    // A client does not talk to a socket in a directory that others may enter.
    fs::set_permissions(directory, Permissions::from_mode(0o770)).unwrap();
    let paths = Paths { socket: path, ..home.paths.clone() };
    let error = Client::connect(&paths, &Spawn::Never).unwrap_err();
    assert!(matches!(error, ClientError::Directory(DirectoryError::WrongMode { .. })), "{error}");
    assert!(error.hint().unwrap().starts_with("chmod 700 "));
}
