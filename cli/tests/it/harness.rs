//! A host whose terminal, clock and daemon are made up.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use opensession_cli::{
    CallError, Clock, ConnectError, Connection, Connector, DaemonControl, Exit, Host, Terminal, Update, Updates,
};
use opensession_protocol::error::ErrorData;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

/// One run of a command to be.
#[derive(Default)]
pub(crate) struct Run {
    answers: Answers,
    updates: Vec<Value>,
    variables: BTreeMap<String, String>,
    terminal: Option<Terminal>,
    typed: String,
    directory: Option<PathBuf>,
    unreachable: Option<ConnectError>,
    not_running: bool,
    calls: Arc<Mutex<Vec<String>>>,
}

/// What a run gave.
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit: Exit,
    /// The calls made, with their parameters.
    pub(crate) calls: Vec<String>,
}

impl Run {
    /// Everything is piped.
    pub(crate) fn piped() -> Self {
        Self::default()
    }

    /// A terminal of so many columns.
    pub(crate) fn terminal(columns: usize) -> Self {
        let terminal = Terminal { stdin: true, stdout: true, stderr: true, width: columns, height: None };
        Self { terminal: Some(terminal), ..Self::default() }.variable("NO_COLOR", "1")
    }

    /// The terminal has so many rows.
    pub(crate) fn height(mut self, rows: usize) -> Self {
        self.terminal = self.terminal.map(|terminal| Terminal { height: Some(rows), ..terminal });
        self
    }

    /// The method answers this; several answers are given in turn, the last one again and again.
    pub(crate) fn answer(mut self, method: &str, answer: impl Serialize) -> Self {
        let answer = serde_json::to_value(answer).unwrap();
        self.answers.entry(method.to_owned()).or_default().push_back(Ok(answer));
        self
    }

    pub(crate) fn refuse(mut self, method: &str, code: i32, message: &str, data: ErrorData) -> Self {
        self.answers.entry(method.to_owned()).or_default().push_back(Err((code, message.to_owned(), data)));
        self
    }

    /// What any subscription says before it ends.
    pub(crate) fn update(mut self, update: impl Serialize) -> Self {
        self.updates.push(serde_json::to_value(update).unwrap());
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn without_variable(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    pub(crate) fn typed(mut self, text: &str) -> Self {
        text.clone_into(&mut self.typed);
        self
    }

    pub(crate) fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    pub(crate) fn unreachable(mut self, error: ConnectError) -> Self {
        self.unreachable = Some(error);
        self
    }

    pub(crate) fn not_running(mut self) -> Self {
        self.not_running = true;
        self
    }

    /// Runs `opensession` with these arguments, cut at spaces; a space inside an argument is written `_`.
    pub(crate) fn run(self, arguments: &str) -> Ended {
        let calls = Arc::clone(&self.calls);
        let mut stdout = Vec::new();
        let (exit, stderr) = self.run_into(arguments, &mut stdout);
        let calls = calls.lock().unwrap().clone();
        Ended { stdout: String::from_utf8(stdout).unwrap(), stderr, exit, calls }
    }

    /// Runs with another standard output.
    pub(crate) fn run_into(self, arguments: &str, stdout: &mut dyn Write) -> (Exit, String) {
        let arguments = arguments.split_whitespace().map(|word| word.replace('_', " ").into());
        let arguments = std::iter::once("opensession".into()).chain(arguments).collect();
        let mut stderr = Vec::new();
        let variables = self.variables;
        let mut daemon = CannedDaemon {
            answers: Arc::new(Mutex::new(self.answers)),
            updates: self.updates,
            calls: self.calls,
            unreachable: self.unreachable,
            not_running: self.not_running,
        };
        let exit = opensession_cli::run(
            arguments,
            Host {
                stdout,
                stderr: &mut stderr,
                stdin: &mut self.typed.as_bytes(),
                terminal: self.terminal.unwrap_or(Terminal::NONE),
                environment: &|name| match name {
                    "HOME" => Some("/home/mina".to_owned()),
                    _ => variables.get(name).cloned(),
                },
                directory: Some(self.directory.unwrap_or_else(|| "/home/mina/app".into())),
                clock: &FixedClock,
                daemon: &mut daemon,
            },
        );
        (exit, String::from_utf8(stderr).unwrap())
    }

    /// Runs, and gives all that was seen: standard output, standard error after `---`, the exit code.
    pub(crate) fn shown(self, arguments: &str) -> String {
        self.run(arguments).shown()
    }
}

impl Ended {
    pub(crate) fn shown(&self) -> String {
        let mut shown = self.stdout.replace('\u{1b}', "^[").replace('\t', "→");
        if !self.stderr.is_empty() {
            shown.push_str("--- stderr\n");
            shown.push_str(&self.stderr.replace('\u{1b}', "^[").replace('\r', "^M"));
        }
        format!("{shown}--- exit {}\n", self.exit as u8)
    }

    /// Every line of standard output, read as JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The widest line of standard output, in cells.
    pub(crate) fn widest(&self) -> usize {
        self.stdout.lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap_or(0)
    }
}

/// 2026-11-22 14:05 in Seoul.
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        "2026-11-22T05:05:00Z".parse().unwrap()
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::get("Asia/Seoul").unwrap()
    }
}

/// Answers by method.
type Answers = BTreeMap<String, VecDeque<Result<Value, (i32, String, ErrorData)>>>;

struct CannedDaemon {
    answers: Arc<Mutex<Answers>>,
    updates: Vec<Value>,
    calls: Arc<Mutex<Vec<String>>>,
    unreachable: Option<ConnectError>,
    not_running: bool,
}

impl DaemonControl for CannedDaemon {
    fn carry(&mut self) -> Result<Exit, ConnectError> {
        Ok(Exit::Done)
    }

    fn connect(&mut self, spawn: bool) -> Result<Box<dyn Connection>, ConnectError> {
        if let Some(error) = &self.unreachable {
            return Err(error.clone());
        }
        if self.not_running && !spawn {
            return Err(ConnectError { not_running: true, ..ConnectError::default() });
        }
        Ok(Box::new(CannedConnection {
            answers: Arc::clone(&self.answers),
            updates: self.updates.clone().into(),
            calls: Arc::clone(&self.calls),
        }))
    }

    fn connector(&self) -> Connector {
        Arc::new(|_| Err(ConnectError { not_running: true, ..ConnectError::default() }))
    }

    fn socket(&self) -> Result<PathBuf, ConnectError> {
        Ok("/run/user/1000/opensession/daemon.sock".into())
    }

    fn log(&self) -> Result<PathBuf, ConnectError> {
        Ok("/nowhere/daemon.log".into())
    }

    fn run(&mut self, _detached: bool) -> Result<Exit, ConnectError> {
        Ok(Exit::Done)
    }

    fn stop(&mut self) -> Result<bool, ConnectError> {
        Ok(!self.not_running)
    }

    fn install(&mut self) -> Result<Vec<String>, ConnectError> {
        Ok(vec!["Installed: /home/mina/.config/systemd/user/opensession.service".to_owned()])
    }

    fn uninstall(&mut self) -> Result<Vec<String>, ConnectError> {
        Ok(vec!["Uninstalled: /home/mina/.config/systemd/user/opensession.service".to_owned()])
    }
}

struct CannedConnection {
    answers: Arc<Mutex<Answers>>,
    updates: VecDeque<Value>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Connection for CannedConnection {
    fn call(&mut self, method: &str, params: &Value) -> Result<Box<RawValue>, CallError> {
        self.calls.lock().unwrap().push(format!("{method} {params}"));
        let mut answers = self.answers.lock().unwrap();
        let queue = answers.get_mut(method).unwrap_or_else(|| panic!("{method} was not expected"));
        let answer = if queue.len() > 1 { queue.pop_front().unwrap() } else { queue[0].clone() };
        match answer {
            Ok(value) => Ok(serde_json::value::to_raw_value(&value).unwrap()),
            Err((code, message, data)) => Err(CallError::Refused { code, message, data: Box::new(data) }),
        }
    }

    fn subscribe<'c>(&'c mut self, method: &str, params: &Value) -> Result<Box<dyn Updates + 'c>, CallError> {
        self.calls.lock().unwrap().push(format!("{method} {params}"));
        Ok(Box::new(CannedUpdates(std::mem::take(&mut self.updates))))
    }
}

struct CannedUpdates(VecDeque<Value>);

impl Updates for CannedUpdates {
    fn next(&mut self, _limit: Option<Duration>) -> Result<Update, CallError> {
        Ok(match self.0.pop_front() {
            Some(update) => Update::Said(serde_json::value::to_raw_value(&update).unwrap()),
            None => Update::Ended,
        })
    }
}

/// The answer of an index that has nothing to do.
pub(crate) fn ready() -> Value {
    json!({
        "state": "ready", "events": 84_120, "bytes": 31_000_000, "store_sequence": 9, "index_sequence": 9,
        "durable_sequence": 9,
    })
}
