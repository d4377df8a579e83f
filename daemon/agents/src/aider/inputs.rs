//! `.aider.input.history`: every line that was typed, with its time. The only clock of a log's prompts.

use std::{
    ffi::OsStr,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use super::sections::first_eight;

/// Only so much of the file's end is looked at.
const BYTES: u64 = 16 << 20;
/// Entries of one session beyond these are left out.
const ENTRIES: usize = 4000;

/// When something was typed, and a hash of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Input(pub(super) DateTime, pub(super) u32);

/// The file that belongs to a log.
pub(super) fn beside(log: &Path) -> PathBuf {
    let name = log.file_name().and_then(OsStr::to_str).unwrap_or_default();
    log.with_file_name(name.replace(".chat.history.md", ".input.history"))
}

/// What was typed from `started` until `ended`.
pub(super) fn between(log: &Path, started: DateTime, ended: Option<DateTime>) -> Vec<Input> {
    let path = beside(log);
    if path == log || !path.is_file() {
        return Vec::new();
    }
    let Ok(mut file) = File::open(path) else { return Vec::new() };
    let length = file.metadata().map_or(0, |stat| stat.len());
    let mut bytes = Vec::new();
    let from = length.saturating_sub(BYTES);
    if file.seek(SeekFrom::Start(from)).is_err() || file.take(BYTES).read_to_end(&mut bytes).is_err() {
        return Vec::new();
    }
    let mut inputs = parse(&String::from_utf8_lossy(&bytes));
    // The header holds whole seconds.
    inputs.retain(|input| input.0 >= started && ended.is_none_or(|ended| input.0 < ended));
    inputs.truncate(ENTRIES);
    inputs
}

fn parse(text: &str) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut current: Option<(DateTime, String)> = None;
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix('+') {
            if let Some((_, text)) = &mut current {
                text.push_str(typed);
            }
        } else if let Some(time) = line.strip_prefix("# ") {
            inputs.extend(current.take().map(|(time, text)| Input(time, key(&text))));
            current = DateTime::strptime("%Y-%m-%d %H:%M:%S%.f", time.trim()).ok().map(|time| (time, String::new()));
        }
    }
    inputs.extend(current.map(|(time, text)| Input(time, key(&text))));
    inputs
}

/// A hash of a prompt's words: log and history differ in white space.
pub(super) fn key(text: &str) -> u32 {
    let letters: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    (first_eight(&letters) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let inputs =
            parse("\n# 2025-05-04 17:06:57.158813\n+fix it\n+\n+now\n\n# 2025-05-04 17:07:00.5\n+y\n# damaged\n+z\n");
        assert_eq!(inputs.len(), 2);
        assert_eq!(inputs[0].1, key("fix it now"));
        assert_eq!(inputs[1].0.to_string(), "2025-05-04T17:07:00.5");
    }
}
