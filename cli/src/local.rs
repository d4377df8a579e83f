//! The process's own terminal, clock and daemon.

mod carry;
mod service;

use std::fs::{File, TryLockError};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{Timestamp, tz::TimeZone};
use opensession_cli::{
    CallError, Clock, ConnectError, Connection, Connector, DaemonControl, Exit, HangUp, Terminal, Update, Updates,
};
use opensession_daemon::lifecycle::{LockError, Options, RunError};
use opensession_protocol::client::{self, Client, ClientError, LockRecord, Spawn, Subscription};
use opensession_protocol::limits::{DRAIN_TIME, START_TIME};
use opensession_protocol::paths::{Environment, Paths, PathsError};
use serde_json::{Value, value::RawValue};

/// Columns where nobody tells.
const WIDTH: usize = 80;
/// How often it is looked whether a daemon that was asked to end has.
const LOCK_LOOK: Duration = Duration::from_millis(10);

/// The terminal that this process has.
pub(crate) fn terminal() -> Terminal {
    let (stdin, stdout, stderr) =
        (std::io::stdin().is_terminal(), std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
    let size = if stdout {
        rustix::termios::tcgetwinsize(std::io::stdout()).ok()
    } else if stderr {
        rustix::termios::tcgetwinsize(std::io::stderr()).ok()
    } else {
        None
    };
    let variable = |name: &str| std::env::var(name).ok()?.parse::<usize>().ok();
    let size = size.map(|size| (usize::from(size.ws_col), usize::from(size.ws_row)));
    let width = size.map(|(columns, _)| columns).filter(|columns| *columns > 0);
    let height = size.map(|(_, rows)| rows).filter(|rows| *rows > 0);
    Terminal {
        stdin,
        stdout,
        stderr,
        width: width.or_else(|| variable("COLUMNS").filter(|columns| *columns > 0)).unwrap_or(WIDTH),
        height: height.or_else(|| variable("LINES")),
    }
}

/// The system's clock.
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::system()
    }
}

/// The daemon of this user on this machine.
pub(crate) struct LocalDaemon;

impl DaemonControl for LocalDaemon {
    fn connect(&mut self, spawn: bool) -> Result<Box<dyn Connection>, ConnectError> {
        let environment = Environment::read();
        let paths = paths(&environment)?;
        let spawn = if spawn { Spawn::with(&environment, program()?) } else { Spawn::Never };
        let client = Client::connect(&paths, &spawn).map_err(|error| connect_error(&error))?;
        Ok(Box::new(LocalConnection { client }))
    }

    fn connector(&self) -> Connector {
        Arc::new(|spawn| LocalDaemon.connect(spawn))
    }

    fn socket(&self) -> Result<PathBuf, ConnectError> {
        Ok(paths(&Environment::read())?.socket)
    }

    fn log(&self) -> Result<PathBuf, ConnectError> {
        Ok(paths(&Environment::read())?.log())
    }

    fn run(&mut self, detached: bool) -> Result<Exit, ConnectError> {
        let paths = paths(&Environment::read())?;
        serve(paths, detached)
    }

    fn carry(&mut self) -> Result<Exit, ConnectError> {
        let environment = Environment::read();
        let paths = paths(&environment)?;
        let stream = client::stream(&paths, &Spawn::with(&environment, program()?));
        let stream = stream.map_err(|error| connect_error(&error))?;
        let failed = |fact: String| ConnectError {
            fact,
            hint: Some("look into its log: opensession daemon logs".to_owned()),
            ..ConnectError::default()
        };
        match carry::carry(&stream) {
            Ok(carry::End::Client) => Ok(Exit::Done),
            Ok(carry::End::Daemon) => Err(failed("the daemon closed the connection".to_owned())),
            Err(error) => Err(failed(format!("cannot carry between the client and the daemon: {error}"))),
        }
    }

    fn stop(&mut self) -> Result<bool, ConnectError> {
        let paths = paths(&Environment::read())?;
        let mut client = match Client::connect(&paths, &Spawn::Never) {
            Ok(client) => client,
            Err(ClientError::NotRunning { .. }) => return Ok(false),
            Err(error) => return Err(connect_error(&error)),
        };
        let asked = LockRecord::read(&paths.lock_file());
        match client.call::<()>("daemon/shutdown", ()) {
            // Another client may have asked a moment ago.
            Ok(()) | Err(ClientError::Closed) => {}
            Err(error) => return Err(connect_error(&error)),
        }
        drop(client);
        await_end(&paths, asked.as_ref())?;
        Ok(true)
    }

    fn install(&mut self) -> Result<Vec<String>, ConnectError> {
        let environment = Environment::read();
        service::install(&environment, &paths(&environment)?, &program()?)
    }

    fn uninstall(&mut self) -> Result<Vec<String>, ConnectError> {
        let environment = Environment::read();
        service::uninstall(&environment, &paths(&environment)?)
    }
}

/// Runs the daemon in this process, to its end.
fn serve(paths: Paths, detached: bool) -> Result<Exit, ConnectError> {
    match opensession_daemon::run::run(&Options { paths, detached }) {
        Ok(()) => Ok(Exit::Done),
        // The client that started us looks at the status, and connects to the daemon that is at work.
        Err(RunError::Lock(LockError::Busy { .. })) if detached => Ok(Exit::AlreadyRunning),
        Err(error) => Err(ConnectError { fact: error.to_string(), ..ConnectError::default() }),
    }
}

/// Waits until the daemon that was `asked` to end has let go of its lock, which it holds for life. Whoever still had use
/// for one may have started the next by then, which holds the same lock.
fn await_end(paths: &Paths, asked: Option<&LockRecord>) -> Result<(), ConnectError> {
    let Ok(lock) = File::open(paths.lock_file()) else { return Ok(()) };
    let started = Instant::now();
    while let Err(TryLockError::WouldBlock) = lock.try_lock_shared() {
        if asked.is_some() && LockRecord::read(&paths.lock_file()).is_some_and(|now| Some(&now) != asked) {
            return Ok(());
        }
        if started.elapsed() > DRAIN_TIME + START_TIME {
            let pid = LockRecord::read(&paths.lock_file()).map_or(0, |record| record.pid);
            return Err(ConnectError {
                fact: "the daemon was asked to end and is still there".to_owned(),
                hint: Some(format!("end it: kill {pid}")),
                ..ConnectError::default()
            });
        }
        #[expect(clippy::disallowed_methods, reason = "nothing tells when another process lets go of a lock")]
        std::thread::sleep(LOCK_LOOK);
    }
    Ok(())
}

fn paths(environment: &Environment) -> Result<Paths, ConnectError> {
    Paths::new(environment).map_err(|error: PathsError| ConnectError {
        fact: error.to_string(),
        hint: Some(error.hint().to_owned()),
        ..ConnectError::default()
    })
}

fn program() -> Result<PathBuf, ConnectError> {
    std::env::current_exe().map_err(|error| ConnectError {
        fact: format!("cannot find this program to start the daemon: {error}"),
        ..ConnectError::default()
    })
}

fn connect_error(error: &ClientError) -> ConnectError {
    let place = match error {
        ClientError::NotStarted { last_words, .. } if !last_words.trim().is_empty() => {
            let last: Vec<&str> = last_words.trim().lines().rev().take(3).collect();
            last.iter()
                .rev()
                .enumerate()
                .map(|(index, line)| if index == 0 { format!("its last words: {line}") } else { (*line).to_owned() })
                .collect()
        }
        _ => Vec::new(),
    };
    ConnectError {
        fact: error.to_string(),
        place,
        hint: error.hint(),
        not_running: matches!(error, ClientError::NotRunning { .. }),
    }
}

/// A connection through the socket.
struct LocalConnection {
    client: Client,
}

impl Connection for LocalConnection {
    fn call(&mut self, method: &str, params: &Value) -> Result<Box<RawValue>, CallError> {
        self.client.call(method, params).map_err(call_error)
    }

    fn subscribe<'c>(&'c mut self, method: &str, params: &Value) -> Result<Box<dyn Updates + 'c>, CallError> {
        // A command ends its subscription by ending itself: the method that ends it is never called.
        let subscription = self.client.subscribe(method, "", params).map_err(call_error)?;
        Ok(Box::new(LocalUpdates { subscription }))
    }

    fn hang_up(&self) -> Option<HangUp> {
        let end = self.client.ender().ok()?;
        Some(Box::new(end))
    }
}

struct LocalUpdates<'c> {
    subscription: Subscription<'c, Box<RawValue>>,
}

impl Updates for LocalUpdates<'_> {
    fn next(&mut self, limit: Option<Duration>) -> Result<Update, CallError> {
        let next = match limit {
            Some(limit) => self.subscription.next_within(limit),
            None => match self.subscription.next() {
                Some(next) => next.map(Some),
                None => return Ok(Update::Ended),
            },
        };
        match next {
            Ok(Some(said)) => Ok(Update::Said(said)),
            Ok(None) => Ok(Update::Quiet),
            Err(ClientError::Closed) => Ok(Update::Ended),
            Err(error) => Err(call_error(error)),
        }
    }
}

fn call_error(error: ClientError) -> CallError {
    match error {
        ClientError::Rpc(error) => {
            let data = Box::new(error.details());
            CallError::Refused { code: error.code, message: error.message, data }
        }
        ClientError::Malformed { .. } => CallError::Unreadable(error.to_string()),
        error => CallError::Lost(error.to_string()),
    }
}
