//! The daemon as commands see it: calls, subscriptions, and its start and end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use opensession_protocol::error::ErrorData;
use serde::de::DeserializeOwned;
use serde_json::{Value, value::RawValue};

use crate::failure::Exit;

/// A connection to the daemon.
pub trait Connection: Send {
    /// Calls a method and waits for its answer.
    fn call(&mut self, method: &str, params: &Value) -> Result<Box<RawValue>, CallError>;

    /// Subscribes. Meanwhile the connection does nothing else.
    fn subscribe<'c>(&'c mut self, method: &str, params: &Value) -> Result<Box<dyn Updates + 'c>, CallError>;

    /// What ends this connection from another thread, so that a call under way is taken back; `None` where nothing can.
    fn hang_up(&self) -> Option<HangUp> {
        None
    }
}

/// Ends a connection.
pub type HangUp = Box<dyn FnOnce() + Send>;

/// Makes connections, on any thread; when no daemon runs, it starts one if its argument and the environment allow.
pub type Connector = Arc<dyn Fn(bool) -> Result<Box<dyn Connection>, ConnectError> + Send + Sync>;

/// What a subscription says.
pub trait Updates {
    /// Waits for the next update, at most so long when there is a limit.
    fn next(&mut self, limit: Option<Duration>) -> Result<Update, CallError>;
}

/// What came of waiting for a subscription.
#[derive(Debug)]
pub enum Update {
    /// It said this.
    Said(Box<RawValue>),
    /// It said nothing within the limit.
    Quiet,
    /// It will say nothing any more.
    Ended,
}

impl dyn Connection + '_ {
    /// Calls a method and reads its answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, method: &str, params: &Value) -> Result<T, CallError> {
        read(&self.call(method, params)?)
    }
}

/// Reads an answer.
pub(crate) fn read<T: DeserializeOwned>(answer: &RawValue) -> Result<T, CallError> {
    serde_json::from_str(answer.get()).map_err(|error| CallError::Unreadable(error.to_string()))
}

/// Why a call failed.
#[derive(Debug)]
pub enum CallError {
    /// The daemon answered with an error.
    Refused {
        /// See `opensession_protocol::error`.
        code: i32,
        /// What is wrong, as a lowercase fragment.
        message: String,
        /// What to do, and what was near.
        data: Box<ErrorData>,
    },
    /// The connection broke.
    Lost(String),
    /// The answer is not what this version understands.
    Unreadable(String),
}

/// Why there is no connection.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConnectError {
    /// What is wrong, as a lowercase fragment.
    pub fact: String,
    /// Where: the child's last words.
    pub place: Vec<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Whether there is simply no daemon running (and none was to be started).
    pub not_running: bool,
}

/// The daemon's life, as far as a client has a hand in it.
pub trait DaemonControl {
    /// Connects; when no daemon runs, starts one if `spawn` and the environment allow.
    fn connect(&mut self, spawn: bool) -> Result<Box<dyn Connection>, ConnectError>;

    /// Connects likewise, on other threads.
    fn connector(&self) -> Connector;

    /// The socket.
    fn socket(&self) -> Result<PathBuf, ConnectError>;

    /// The log file.
    fn log(&self) -> Result<PathBuf, ConnectError>;

    /// Is the daemon, in this process, until it is asked to end; `detached` when a command started it.
    fn run(&mut self, detached: bool) -> Result<Exit, ConnectError>;

    /// Carries bytes between this process's standard streams and the daemon, which is started where none runs, until
    /// the client or the daemon has ended.
    fn carry(&mut self) -> Result<Exit, ConnectError>;

    /// Asks the daemon to end and waits until it has; `false` when none ran.
    fn stop(&mut self) -> Result<bool, ConnectError>;

    /// Registers the daemon with the system's service manager. Gives the lines to tell.
    fn install(&mut self) -> Result<Vec<String>, ConnectError>;

    /// Takes that back.
    fn uninstall(&mut self) -> Result<Vec<String>, ConnectError>;
}
