//! What a reader may know of the machine: the home directory and the environment's variables, given by the caller.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Where an agent's folders are looked for.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The user's home directory.
    pub home: PathBuf,
    /// Environment variables; tests give their own.
    pub variables: BTreeMap<String, String>,
    /// The operating system's conventions for paths.
    pub platform: Platform,
    /// Folders of projects, for agents that keep their sessions in them: known from other sessions, or configured.
    pub projects: Vec<PathBuf>,
    /// The home directory lies on another machine and cannot be looked at: folders that may be there are named whether
    /// they are or not.
    pub out_of_sight: bool,
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

    /// `$XDG_DATA_HOME`, or `~/.local/share`.
    pub fn data_home(&self) -> PathBuf {
        self.path_variable("XDG_DATA_HOME").unwrap_or_else(|| self.home.join(".local/share"))
    }

    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    pub fn config_home(&self) -> PathBuf {
        self.path_variable("XDG_CONFIG_HOME").unwrap_or_else(|| self.home.join(".config"))
    }

    /// Home folders of Windows users, as far as a Linux inside Windows sees them: `/mnt/c/Users/*`. Empty elsewhere.
    pub fn windows_homes(&self) -> Vec<PathBuf> {
        if self.platform != Platform::Wsl {
            return Vec::new();
        }
        let Ok(entries) = std::fs::read_dir("/mnt/c/Users") else { return Vec::new() };
        let mut homes: Vec<PathBuf> =
            entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|home| home.is_dir()).collect();
        homes.sort();
        homes
    }

    /// `User` folders of VS Code, its kin and its forks (`Code`, `Cursor`, `VSCodium`, …), those that exist: on Linux
    /// below the configuration home, on macOS below `~/Library/Application Support`, for WSL those of Windows and of
    /// the remote server too. `names` are the applications' folder names.
    pub fn vscode_user_folders(&self, names: &[&str]) -> Vec<PathBuf> {
        let mut bases = vec![match self.platform {
            Platform::MacOs => self.home.join("Library/Application Support"),
            Platform::Linux | Platform::Wsl => self.config_home(),
        }];
        bases.extend(self.windows_homes().into_iter().map(|home| home.join("AppData/Roaming")));
        let folders = bases.iter().flat_map(|base| names.iter().map(|name| base.join(name).join("User")));
        folders.filter(|folder| self.may_be_there(folder)).collect()
    }

    /// Whether the folder is there, as far as that can be seen.
    pub fn may_be_there(&self, folder: &Path) -> bool {
        self.out_of_sight || folder.is_dir()
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
