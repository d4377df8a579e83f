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
    /// `VISUAL`, `EDITOR`, else `vi`.
    pub(crate) editor: String,
}

impl Look<'_> {
    /// A path from the daemon as it is shown: home as `~`, harmless.
    pub(crate) fn path(&self, shown: &str) -> String {
        clean::one_line(&path::tilde(shown, self.home.as_deref())).into_owned()
    }
}
