//! What drawing depends on besides the state: dress, times, the user's home and directory.

use crate::format::time::Times;
use crate::format::{clean, path};

use super::theme::Theme;

/// What drawing depends on besides the state.
pub(crate) struct Look<'h> {
    pub(crate) theme: Theme,
    pub(crate) times: Times<'h>,
    pub(crate) home: Option<String>,
    /// The directory that the interface was started in.
    pub(crate) directory: Option<String>,
    /// Where programs are looked for, as `PATH` writes it.
    pub(crate) search_path: String,
    /// This program.
    pub(crate) program: String,
    /// `VISUAL`, `EDITOR`, else `vi`.
    pub(crate) editor: String,
}

impl Look<'_> {
    /// A path as typed, made absolute: the daemon has another directory.
    pub(crate) fn absolute(&self, typed: &str) -> String {
        if let (Some(rest), Some(home)) = (typed.strip_prefix("~/"), &self.home) {
            return format!("{}/{rest}", home.trim_end_matches('/'));
        }
        match &self.directory {
            Some(directory) if !typed.starts_with('/') => format!("{}/{typed}", directory.trim_end_matches('/')),
            _ => typed.to_owned(),
        }
    }

    /// A path from the daemon as it is shown: home as `~`, harmless.
    pub(crate) fn path(&self, shown: &str) -> String {
        clean::one_line(&path::tilde(shown, self.home.as_deref())).into_owned()
    }
}
