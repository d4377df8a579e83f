//! The world outside a command: streams, environment, clock, daemon. `main` gives the real one, tests a made-up one.

use std::io::{Read, Write};
use std::path::PathBuf;

use jiff::{Timestamp, tz::TimeZone};

use crate::connection::DaemonControl;

/// Everything that a command may touch.
pub struct Host<'h> {
    /// Where data goes.
    pub stdout: &'h mut dyn Write,
    /// Where talk goes.
    pub stderr: &'h mut dyn Write,
    /// Where confirmations and piped parameters come from.
    pub stdin: &'h mut dyn Read,
    /// What is known of the terminal.
    pub terminal: Terminal,
    /// Reads an environment variable.
    pub environment: &'h dyn Fn(&str) -> Option<String>,
    /// The current directory; `None` where it cannot be told.
    pub directory: Option<PathBuf>,
    /// The time.
    pub clock: &'h dyn Clock,
    /// The daemon.
    pub daemon: &'h mut dyn DaemonControl,
}

/// Which streams are a terminal, and how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Whether standard input is one.
    pub stdin: bool,
    /// Whether standard output is one.
    pub stdout: bool,
    /// Whether standard error is one.
    pub stderr: bool,
    /// Columns.
    pub width: usize,
    /// Rows; `None` when they are not known, and then nothing is paged.
    pub height: Option<usize>,
}

impl Terminal {
    /// No terminal at all: everything is piped.
    pub const NONE: Terminal = Terminal { stdin: false, stdout: false, stderr: false, width: 80, height: None };
}

/// A clock with a time zone.
pub trait Clock {
    /// Now.
    fn now(&self) -> Timestamp;

    /// The user's time zone. Asking costs a file read: only lines with dates do.
    fn time_zone(&self) -> TimeZone;
}
