//! The two files a user may write: `config.toml` for the commands, `daemon.toml` for the daemon.
//!
//! A file that is absent means the defaults. A value of the wrong type or out of range is an error with file, line,
//! column and remedy; a key that nobody knows is a warning with the nearest name. Messages never hold a value of a key
//! that is secret.

mod check;
mod client;
mod daemon;
mod edit;
mod secret;
mod server;

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;

pub use client::{ClientConfig, UiSettings};
pub use daemon::{
    DAEMON_CONFIG_TEMPLATE, DaemonConfig, DaemonSettings, Discovery, GitStorage, GitStorageMethod, Price, Prices,
    Privacy, PublishOn, ReaderSettings, Retention, Rule, SearchSettings, Storage, Watchers,
};
pub use edit::{changed, settings};
pub use secret::Secret;
pub use server::{Identity, Server};

/// Bytes that a configuration file may have.
pub const FILE_LIMIT: u64 = 1 << 20;

/// A configuration with what is odd about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded<T> {
    /// The settings, defaults filled in.
    pub settings: T,
    /// Keys that nobody knows, files that others can read.
    pub warnings: Vec<ConfigProblem>,
    /// Whether the file is there.
    pub present: bool,
}

/// Something wrong at one place of a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1; zero when it is about the whole file.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(formatter, "{}:{}:", self.line, self.column)?;
        }
        write!(formatter, " {}", self.message)
    }
}

/// Why a configuration cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is wrong; nothing of it is used.
    #[error("{0}")]
    Invalid(Box<ConfigProblem>),
    /// The file cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl ConfigError {
    /// What the user can do.
    pub fn hint(&self) -> String {
        match self {
            Self::Invalid(problem) => problem.remedy.clone(),
            Self::Io { path, .. } => format!("look whether {} is a file that you can read", path.display()),
        }
    }
}

/// A configuration file's type.
trait Settings: DeserializeOwned + Default {
    /// The tables and keys it has; for `names` of agents see [`DaemonConfig::load`].
    fn known(names: &[&str]) -> check::Known;

    /// Checks what types do not express.
    fn validate(&self, report: &mut check::Report<'_>);
}

impl ClientConfig {
    /// Reads `config.toml`.
    pub fn load(file: &Path) -> Result<Loaded<Self>, ConfigError> {
        load(file, &[])
    }

    /// Reads the text of a `config.toml`; `file` is only named in messages.
    pub fn parse(text: &str, file: &Path) -> Result<Loaded<Self>, ConfigError> {
        check::parse(text, file, &[])
    }
}

impl DaemonConfig {
    /// Reads `daemon.toml`. `agents` are the switches of the agents that are read today; others that are known of are
    /// accepted in silence, all else under `[watchers]` is a warning.
    pub fn load(file: &Path, agents: &[&str]) -> Result<Loaded<Self>, ConfigError> {
        load(file, agents)
    }

    /// Reads the text of a `daemon.toml`; `file` is only named in messages.
    pub fn parse(text: &str, file: &Path, agents: &[&str]) -> Result<Loaded<Self>, ConfigError> {
        check::parse(text, file, agents)
    }
}

/// Writes a file that only its user can read, whole or not at all.
pub fn write_private(file: &Path, contents: &str) -> Result<(), ConfigError> {
    let failed = |source| ConfigError::Io { path: file.to_owned(), source };
    // A link to a dotfiles repository stays a link: its target is replaced.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = target.with_file_name(name);
    let write = || {
        let mut output = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        output.write_all(contents.as_bytes())?;
        output.sync_all()?;
        fs::rename(&temporary, &target)
    };
    write().map_err(|error| {
        // The first error is the one to tell; a temporary file left behind harms nobody.
        fs::remove_file(&temporary).ok();
        failed(error)
    })
}

fn load<T: Settings>(file: &Path, names: &[&str]) -> Result<Loaded<T>, ConfigError> {
    let failed = |source| ConfigError::Io { path: file.to_owned(), source };
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Loaded::default()),
        Err(error) => return Err(failed(error)),
    };
    if !metadata.is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "it is not a file")));
    }
    if metadata.len() > FILE_LIMIT {
        return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 1 MiB")));
    }
    let text = fs::read_to_string(file).map_err(failed)?;
    let mut loaded: Loaded<T> = check::parse(&text, file, names)?;
    if metadata.mode() & 0o077 != 0 && text.contains("api_key") {
        loaded.warnings.push(ConfigProblem {
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: format!("it holds a key and is open to other users (mode {:04o})", metadata.mode() & 0o7777),
            remedy: format!("chmod 600 {}", file.display()),
        });
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests;
