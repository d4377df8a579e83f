//! A home directory with a daemon of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// Longer than anything takes on a machine that has other things to do; nothing waits without this bound.
pub(crate) const BOUND: Duration = Duration::from_secs(90);
/// How often something is looked at that tells nobody when it changes.
const LOOK: Duration = Duration::from_millis(5);

/// A home directory, with the folders that the XDG variables name, and the daemon in it; both end with it.
pub(crate) struct Home {
    pub(crate) root: TempDir,
    pub(crate) home: PathBuf,
    pub(crate) data: PathBuf,
    variables: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        // The system's folder for temporary files may have a path too long for a socket.
        let root = tempfile::Builder::new().prefix("os").tempdir_in("/tmp").unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let home = root.path().join("home");
        fs::create_dir(&home).unwrap();
        fs::DirBuilder::new().mode(0o700).create(root.path().join("run")).unwrap();
        let data = root.path().join("data");
        Self { root, home, data, variables: Vec::new() }
    }

    /// Another daemon with a store of its own, which reads the same agents' files.
    pub(crate) fn beside(other: &Home) -> Self {
        let mut home = Self::new();
        home.home.clone_from(&other.home);
        home
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The program, to be run here.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.other(env!("CARGO_BIN_EXE_opensession"), arguments)
    }

    /// Another program, to be run here.
    pub(crate) fn other(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.home).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("LANG", "C.UTF-8");
        command.env("HOME", &self.home).env("XDG_DATA_HOME", &self.data);
        for (name, folder) in [("RUNTIME_DIR", "run"), ("STATE_HOME", "state"), ("CONFIG_HOME", "config")] {
            command.env(format!("XDG_{name}"), self.root.path().join(folder));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `opensession` with these arguments to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        finish(&mut self.command(arguments))
    }

    /// Runs `opensession` with these arguments, which must succeed, and gives what it printed.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        ended.stdout
    }

    /// Runs `opensession … --json`, which must succeed, and gives its lines.
    #[track_caller]
    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let mut arguments = arguments.to_vec();
        arguments.push("--json");
        let ended = self.run(&arguments);
        assert!(matches!(ended.code, Some(0 | 1)), "{arguments:?}: {ended:?}");
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Calls a method of the daemon, which is started when it does not run; it must answer.
    #[track_caller]
    pub(crate) fn rpc(&self, method: &str, parameters: &Value) -> Value {
        serde_json::from_str(&self.done(&["rpc", method, &parameters.to_string()])).unwrap()
    }

    /// A connection to the daemon that runs.
    pub(crate) fn connect(&self) -> Option<Line> {
        let stream = UnixStream::connect(self.socket()).ok()?;
        stream.set_read_timeout(Some(BOUND)).unwrap();
        Some(Line { reader: BufReader::new(stream), last: 0 })
    }

    /// Starts the daemon as a child in the foreground.
    pub(crate) fn spawn(&self) -> Child {
        let mut command = self.command(&["daemon", "run"]);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Ends the daemon, as its user would.
    #[track_caller]
    pub(crate) fn stop(&self) {
        self.done(&["daemon", "stop"]);
    }

    /// How many events a query finds.
    #[track_caller]
    pub(crate) fn hits(&self, query: &str) -> u64 {
        let answer = self.rpc("search/query", &json!({ "query": query, "options": { "scope": { "all": true } } }));
        answer["hits"].as_u64().unwrap()
    }

    /// Waits until a query finds so many events.
    #[track_caller]
    pub(crate) fn await_hits(&self, query: &str, wanted: u64) {
        eventually(&format!("{wanted} hits of {query}"), || (self.hits(query) == wanted).then_some(()));
    }

    /// Every session by the agent's own id of it.
    pub(crate) fn sessions(&self) -> std::collections::BTreeMap<String, Value> {
        let filter = json!({ "scope": { "all": true }, "subagents": true });
        let page = self.rpc("session/list", &json!({ "filter": filter, "limit": 1000 }));
        let sessions = page["sessions"].as_array().unwrap().iter();
        sessions.map(|session| (session["native_id"].as_str().unwrap().to_owned(), session.clone())).collect()
    }

    /// All events of a session, by any name of it.
    #[track_caller]
    pub(crate) fn events(&self, session: &str) -> Vec<Value> {
        let mut events = Vec::new();
        let mut from = Some(1);
        while let Some(first) = from {
            let page = self.rpc("session/events", &json!({ "session": session, "from": first, "limit": 2000 }));
            events.extend(page["events"].as_array().unwrap().iter().cloned());
            from = page["next"].as_u64();
        }
        events
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.root.path().join("run/opensession/daemon.sock")
    }

    pub(crate) fn lock_file(&self) -> PathBuf {
        self.root.path().join("run/opensession/daemon.lock")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.root.path().join("state/opensession/daemon.log")).unwrap_or_default()
    }

    /// Writes `daemon.toml`.
    pub(crate) fn configure(&self, text: &str) {
        let folder = self.root.path().join("config/opensession");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("daemon.toml"), text).unwrap();
    }

    /// The process that the daemon says it is.
    pub(crate) fn pid(&self) -> Option<u32> {
        let record: Value = serde_json::from_str(&fs::read_to_string(self.lock_file()).ok()?).ok()?;
        u32::try_from(record["pid"].as_u64()?).ok()
    }

    /// Whether a daemon runs: it holds the lock for life.
    pub(crate) fn is_running(&self) -> bool {
        fs::File::open(self.lock_file()).is_ok_and(|lock| lock.try_lock_shared().is_err())
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if !self.is_running() {
            return;
        }
        // Already in a failed test: what goes wrong here is of no interest.
        let asked = self.command(&["daemon", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        if let Ok(mut asked) = asked {
            let deadline = Instant::now() + Duration::from_secs(20);
            while Instant::now() < deadline && !matches!(asked.try_wait(), Ok(Some(_)) | Err(_)) {
                pause();
            }
            asked.kill().ok();
            asked.wait().ok();
        }
        if self.is_running()
            && let Some(pid) = self.pid().and_then(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?))
        {
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).ok();
        }
    }
}

/// A connection that speaks JSON-RPC, one object a line.
pub(crate) struct Line {
    reader: BufReader<UnixStream>,
    last: u64,
}

impl Line {
    /// Calls a method; an error is whatever keeps the answer from coming, such as the daemon's death.
    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, String> {
        self.last += 1;
        let request = json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": parameters });
        let mut stream = self.reader.get_ref();
        stream.write_all(format!("{request}\n").as_bytes()).map_err(|error| error.to_string())?;
        let answer = self.next()?;
        answer.get("result").cloned().ok_or_else(|| answer["error"].to_string())
    }

    /// The next line that the daemon sends.
    pub(crate) fn next(&mut self) -> Result<Value, String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => Err("the connection ended".to_owned()),
            Ok(_) => serde_json::from_str(&line).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Runs a program to its end, within the bound.
#[track_caller]
pub(crate) fn finish(command: &mut Command) -> Ended {
    let child = command.spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    let (sender, receiver) = mpsc::channel::<std::io::Result<Output>>();
    let waiting = std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = receiver.recv_timeout(BOUND);
    if output.is_err() {
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
    let output = output.unwrap_or_else(|_| panic!("{command:?} did not end")).unwrap();
    waiting.join().unwrap().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Asks again and again until there is an answer, within the bound.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + BOUND;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not come to this: {what}");
        pause();
    }
}

fn pause() {
    wait(LOOK);
}

/// Lets time pass: between two looks, or so that something dies at a random moment.
pub(crate) fn wait(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "bounds the rate of looking; no result depends on the time")]
    std::thread::sleep(time);
}

/// Whether a program is here; where it must be and is not, that fails. Says so where a test is skipped.
#[track_caller]
pub(crate) fn is_here(program: &str, required: bool) -> bool {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let here = std::env::split_paths(&search).any(|folder| folder.join(program).is_file());
    let required = required && std::env::var_os("OPENSESSION_TESTS_REQUIRE_PARTS").is_some_and(|value| value == "1");
    assert!(here || !required, "{program} is not here, and OPENSESSION_TESTS_REQUIRE_PARTS asks for it");
    if !here {
        println!("skipped: {program} is not here");
    }
    here
}

/// Reads every file below a folder.
pub(crate) fn all_bytes(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files.push((path.clone(), fs::read(&path).unwrap()));
            }
        }
    }
    files
}
