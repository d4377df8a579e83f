//! What a reader may know of the machine: the home directory and the environment's variables, given by the caller.

use std::{collections::BTreeMap, path::PathBuf};

/// Where an agent's folders are looked for.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The user's home directory.
    pub home: PathBuf,
    /// Environment variables; tests give their own.
    pub variables: BTreeMap<String, String>,
    /// The operating system's conventions for paths.
    pub platform: Platform,
}

/// Operating systems, as far as agents keep their files in different places on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux and other systems that follow XDG.
    Linux,
    /// macOS.
    MacOs,
    /// Linux inside Windows: Windows homes under `/mnt/c/Users` hold sessions too.
    Wsl,
}

impl Environment {
    /// The variable's value, unless it is absent or empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The variable's value as a path; `~/` at its beginning is the home directory.
    pub fn path_variable(&self, name: &str) -> Option<PathBuf> {
        let value = self.variable(name)?;
        Some(match value.strip_prefix("~/") {
            Some(rest) => self.home.join(rest),
            None => PathBuf::from(value),
        })
    }
}
