//! What a command has at hand: its output, its host, the connection.

use std::path::Path;

use jiff::Timestamp;
use opensession_protocol::{IndexState, IndexStatus, Scope, SessionBrief};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::arguments::DisplayArguments;
use crate::connection::{CallError, Connection, DaemonControl};
use crate::failure::{self, Failure};
use crate::format::time::Times;
use crate::format::{clean, path};
use crate::host::{Clock, Host, Terminal};
use crate::output::{Output, Style};
use crate::{output, progress, text};

/// What a command has at hand.
pub(crate) struct Context<'h> {
    pub(crate) output: Output<'h>,
    /// How standard output is dressed.
    pub(crate) style: Style,
    /// How standard error is dressed.
    pub(crate) talk_style: Style,
    pub(crate) times: Times<'h>,
    pub(crate) daemon: &'h mut dyn DaemonControl,
    pub(crate) stdin: &'h mut dyn std::io::Read,
    clock: &'h dyn Clock,
    environment: &'h dyn Fn(&str) -> Option<String>,
    directory: Option<std::path::PathBuf>,
    connection: Option<Box<dyn Connection>>,
}

impl<'h> Context<'h> {
    pub(crate) fn new(host: Host<'h>, display: &DisplayArguments) -> Self {
        let Host { stdout, stderr, stdin, terminal, environment, directory, clock, daemon } = host;
        let ascii = display.ascii || output::locale_is_ascii(environment);
        let style = |is_terminal| Style { color: display.color.resolve(is_terminal, environment), ascii };
        let may_page = terminal.stdout && !display.no_pager;
        let pager = if may_page { output::pager_command(environment) } else { None };
        Self {
            style: style(terminal.stdout),
            talk_style: style(terminal.stderr),
            output: Output::new(stdout, stderr, terminal, pager),
            times: Times::new(clock, display.absolute),
            daemon,
            stdin,
            clock,
            environment,
            directory,
            connection: None,
        }
    }

    /// Whether output is laid out for eyes; else it is for programs: tabs, nothing cut.
    pub(crate) fn to_terminal(&self) -> bool {
        self.output.to_terminal()
    }

    pub(crate) fn terminal(&self) -> Terminal {
        self.output.terminal()
    }

    /// Whether the whole terminal can be drawn on.
    pub(crate) fn may_draw(&self) -> bool {
        let terminal = self.terminal();
        terminal.stdin && terminal.stdout && self.variable("TERM").is_some_and(|term| term != "dumb")
    }

    pub(crate) fn width(&self) -> usize {
        self.output.terminal().width
    }

    /// The connection; a daemon is started where none runs.
    pub(crate) fn connection(&mut self) -> Result<&mut dyn Connection, Failure> {
        if self.connection.is_none() {
            self.connection = Some(self.daemon.connect(true)?);
        }
        Ok(&mut **self.connection.as_mut().expect("it was just made"))
    }

    /// Another connection, for a subscription beside calls.
    pub(crate) fn second_connection(&mut self) -> Result<Box<dyn Connection>, Failure> {
        Ok(self.daemon.connect(true)?)
    }

    /// Uses a connection made elsewhere.
    pub(crate) fn use_connection(&mut self, connection: Box<dyn Connection>) {
        self.connection = Some(connection);
    }

    /// Calls a method and reads its answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, method: &str, params: &Value) -> Result<T, Failure> {
        let answer = self.connection()?.ask(method, params);
        answer.map_err(|error| self.refused(error, None))
    }

    /// The failure that a call's error is.
    pub(crate) fn refused(&self, error: CallError, query: Option<&str>) -> Failure {
        failure::from_call(error, query, |near: &SessionBrief| self.times.listed(near.updated))
    }

    /// The time as it is now; what is shown counts from the command's beginning instead.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Milliseconds since `earlier`.
    pub(crate) fn since(&self, earlier: Timestamp) -> u64 {
        u64::try_from(self.clock.now().duration_since(earlier).as_millis()).unwrap_or(0)
    }

    /// The current directory, as the daemon takes it.
    pub(crate) fn directory(&self) -> Option<String> {
        Some(self.directory.as_ref()?.to_str()?.to_owned())
    }

    /// The scope in which names like `@` are understood.
    pub(crate) fn scope(&self) -> Scope {
        Scope { cwd: self.directory(), all: false }
    }

    /// The absolute path of what was typed, if it is a path: it has a slash, or is the name of a file here.
    pub(crate) fn existing_file(&self, typed: &str) -> Option<String> {
        let full = self.absolute(typed).ok()?;
        // Ids and `@` are far more frequent than names of files here, so a bare name must also look like a file's.
        let looks_like_path = typed.contains('/') || typed.contains('.');
        (looks_like_path && Path::new(&full).is_file()).then_some(full)
    }

    /// A path as typed, made absolute: the daemon has another directory.
    pub(crate) fn absolute(&self, typed: &str) -> Result<String, Failure> {
        let expanded = match (typed.strip_prefix("~/"), self.variable("HOME")) {
            (Some(rest), Some(home)) => Path::new(&home).join(rest),
            _ => typed.into(),
        };
        let full = self.directory.as_ref().map_or_else(|| expanded.clone(), |directory| directory.join(&expanded));
        if full.is_absolute() {
            Ok(full.to_string_lossy().into_owned())
        } else {
            Err(Failure::wrong_input(text::NO_DIRECTORY).at(typed))
        }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    /// A path from the daemon as it is shown: home as `~`, harmless.
    pub(crate) fn path(&self, shown: &str) -> String {
        let home = self.variable("HOME");
        clean::one_line(&path::tilde(shown, home.as_deref())).into_owned()
    }

    /// Adds an object to JSON output, as one line.
    pub(crate) fn json(&mut self, object: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(object).map_err(|error| {
            Failure::new(crate::failure::Exit::OurBug, format!("{}: {error}", text::ANSWER_UNREADABLE))
        })?;
        if self.to_terminal() { self.output.line(&clean::json(&text)) } else { self.output.line(&text) }
    }

    /// Adds the object of one thing to JSON output, with its `type` first.
    pub(crate) fn json_as(&mut self, kind: &str, thing: &impl Serialize) -> Result<(), Failure> {
        self.json(&Typed { kind, thing })
    }

    /// Adds a line of talk that tells what to do next; only people are told.
    pub(crate) fn hint(&mut self, hint: &str) {
        if self.terminal().stderr {
            let label = self.talk_style.dim(text::HINT).into_owned();
            self.output.talk(&format!("{label} {hint}"));
        }
    }

    /// On the first run, shows how far the reading is until it is done. Answers at once on every other run.
    pub(crate) fn await_first_reading(&mut self) -> Result<(), Failure> {
        let status: IndexStatus = self.ask("index/status", &json!({}))?;
        if status.state == IndexState::Reading && status.first_run {
            progress::await_reading(self, &status)?;
        }
        Ok(())
    }
}

/// A thing's fields after its `type`.
#[derive(Serialize)]
struct Typed<'a, T: Serialize> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    thing: &'a T,
}
