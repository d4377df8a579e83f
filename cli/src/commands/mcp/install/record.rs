//! What an installation put in, remembered so that it can be taken out exactly.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One installation. Nothing of the file's own text is in it but white space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The settings.
    pub(super) path: PathBuf,
    /// Whether there was no such file before.
    pub(super) created: bool,
    /// What stood in the place of `after`.
    pub(super) before: String,
    /// What was put in.
    pub(super) after: String,
}

impl Record {
    /// The text as it was; `None` where what was put in does not stand in it once, as it was put in.
    pub(super) fn undo(&self, text: &str) -> Option<String> {
        let mut places = text.match_indices(&self.after);
        let (at, _) = places.next()?;
        if places.next().is_some() {
            return None;
        }
        Some(format!("{}{}{}", &text[..at], self.before, &text[at + self.after.len()..]))
    }

    pub(super) fn write(&self, folder: &Path, agent: &str) -> io::Result<()> {
        super::write(&file(folder, agent), &serde_json::to_string_pretty(self)?)
    }

    /// The record of that agent, where there is one that can be read.
    pub(super) fn read(folder: &Path, agent: &str) -> Option<Record> {
        serde_json::from_str(&fs::read_to_string(file(folder, agent)).ok()?).ok()
    }

    pub(super) fn forget(folder: &Path, agent: &str) -> io::Result<()> {
        match fs::remove_file(file(folder, agent)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn file(folder: &Path, agent: &str) -> PathBuf {
    folder.join(format!("{agent}.json"))
}
