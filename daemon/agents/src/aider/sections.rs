//! The sections of a log: where each session begins and ends in the file.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::civil::DateTime;
use memchr::memmem;

use super::inputs;
use crate::CutError;

/// How a section begins: this, a local time, and the end of the line.
const HEADER: &[u8] = b"# aider chat started at ";
/// Logs longer than this are not read; real ones have some megabytes.
const LONGEST: u64 = 256 << 20;

/// One session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// Local time of its beginning, its number among those of the same second, and the project's folder; what stands
    /// before the first header is `head`.
    pub(super) native_id: String,
    /// Where its header begins.
    pub(super) start: u64,
    /// Where the next header begins; the file's end, for the last one.
    pub(super) end: u64,
    /// Whether no header follows.
    pub(super) last: bool,
    /// The header's time, in whatever zone the machine was.
    pub(super) started: Option<DateTime>,
    /// When the next one began.
    pub(super) ended: Option<DateTime>,
    /// Whether anything was typed in it.
    pub(super) prompted: bool,
    hash: u64,
}

/// The sections of one state of a log.
#[derive(Debug)]
pub(super) struct Table {
    path: PathBuf,
    state: FileState,
    inputs_modified_ms: u64,
    pub(super) sections: Vec<Section>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileState {
    identity: (u64, u64),
    size: u64,
    modified_ns: i64,
}

/// The last table made: a log is listed and then cut section by section.
static LAST: Mutex<Option<Arc<Table>>> = Mutex::new(None);

/// The sections of the log at `path` as it is now.
pub(super) fn table(path: &Path) -> Result<Arc<Table>, CutError> {
    let state = state_of(path)?;
    let inputs_modified_ms = modified_ms(&inputs::beside(path));
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(table) = &*last
        && table.path == path
        && table.state == state
        && table.inputs_modified_ms == inputs_modified_ms
    {
        return Ok(Arc::clone(table));
    }
    if state.size > LONGEST {
        return Err(CutError::Malformed(format!("a log of {} MB is too long", state.size / 1_000_000)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(state.size).unwrap_or(0));
    File::open(path).map_err(gone)?.take(state.size).read_to_end(&mut bytes)?;
    let sections = split(&bytes, &project(path));
    let table = Arc::new(Table { path: path.to_owned(), state, inputs_modified_ms, sections });
    *last = Some(Arc::clone(&table));
    Ok(table)
}

impl Table {
    /// A number that is another one whenever the section may have changed: about the time of its last change in
    /// milliseconds.
    pub(super) fn version(&self, section: &Section) -> u64 {
        if section.last {
            let modified = u64::try_from(self.state.modified_ns / 1_000_000).unwrap_or(0);
            return modified.max(self.inputs_modified_ms);
        }
        // The next session began then; ten bits tell changes of the words themselves.
        let ended = section.ended.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok());
        let ended = ended.map_or(0, |time| u64::try_from(time.timestamp().as_millisecond()).unwrap_or(0));
        (ended & !0x3ff) | (section.hash & 0x3ff)
    }
}

/// Splits a log into its sections. What stands before the first header is one only if something was typed in it.
fn split(bytes: &[u8], project: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let headers: Vec<(usize, DateTime)> = memmem::find_iter(bytes, HEADER)
        .filter(|start| is_begun(&bytes[..*start]))
        .filter_map(|start| Some((start, time_of(&bytes[start..])?)))
        .collect();
    let first = headers.first().map_or(bytes.len(), |(start, _)| *start);
    let starts = std::iter::once((0, None)).chain(headers.iter().map(|(start, time)| (*start, Some(*time))));
    let ends = std::iter::once(first).chain(headers.iter().skip(1).map(|(start, _)| *start)).chain([bytes.len()]);
    let nexts = headers.iter().map(|(_, time)| Some(*time)).chain([None]);
    for (((start, started), end), ended) in starts.zip(ends).zip(nexts) {
        let text = &bytes[start..end];
        let prompted = text.starts_with(b"#### ") || memmem::find(text, b"\n#### ").is_some();
        if started.is_none() && !prompted {
            continue;
        }
        let same = sections.iter().filter(|section| section.started.is_some() && section.started == started).count();
        let mut native_id =
            started.map_or_else(|| "head".to_owned(), |time| time.strftime("%Y%m%dT%H%M%S").to_string());
        if same > 0 {
            write!(native_id, "-{}", same + 1).expect("writing to a string cannot fail");
        }
        native_id.push('-');
        native_id.push_str(project);
        sections.push(Section {
            native_id,
            start: start as u64,
            end: end as u64,
            last: end == bytes.len(),
            started,
            ended,
            prompted,
            hash: first_eight(text),
        });
    }
    sections
}

/// The time in a line that is a header.
pub(super) fn time_of(line: &[u8]) -> Option<DateTime> {
    let rest = line.strip_prefix(HEADER)?;
    let time = std::str::from_utf8(rest.get(..19)?).ok()?;
    let end = rest.get(19..)?;
    if !end.starts_with(b"\n") && !end.starts_with(b"\r\n") {
        return None;
    }
    DateTime::strptime("%Y-%m-%d %H:%M:%S", time).ok()
}

/// Whether a header may follow `before`: it stands at the beginning, or below an empty line.
fn is_begun(before: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b"\n") else { return before.is_empty() };
    let before = before.strip_suffix(b"\r").unwrap_or(before);
    before.is_empty() || before.ends_with(b"\n")
}

/// Eight digits that stand for the project's folder. Its name alone counts, so that a project that is moved, or copied
/// with its log, keeps the ids of its sessions.
fn project(log: &Path) -> String {
    let name = log.parent().and_then(Path::file_name).unwrap_or_default();
    // FNV-1a: what little it mixes is enough for names, and any script can do it too.
    let hash = name
        .as_encoded_bytes()
        .iter()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

pub(super) fn first_eight(bytes: &[u8]) -> u64 {
    blake3::hash(bytes).as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn state_of(path: &Path) -> Result<FileState, CutError> {
    let stat = fs::metadata(path).map_err(gone)?;
    if !stat.is_file() {
        return Err(CutError::Malformed("not a regular file".to_owned()));
    }
    let modified_ns = stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec());
    Ok(FileState { identity: (stat.dev(), stat.ino()), size: stat.len(), modified_ns })
}

fn modified_ms(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |stat| u64::try_from(stat.mtime() * 1000 + stat.mtime_nsec() / 1_000_000).unwrap_or(0))
}

pub(super) fn gone(error: io::Error) -> CutError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => CutError::Gone,
        _ => CutError::Io(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_from_words() {
        let log = "\n# aider chat started at 2025-01-02 03:04:05\n\n> x\n\n#### hi  \n\nText\n\
                   # aider chat started at 2025-01-02 03:04:06\nquoted\n\n# aider chat started at noon\n\n\
                   # aider chat started at 2025-01-02 03:04:05\r\n\r\n#### ho  \n\n# aider chat started at 2025-01-03 00:00:00\n\n";
        let sections = split(log.as_bytes(), "p");
        let shown: Vec<_> = sections.iter().map(|one| (&*one.native_id, one.prompted, one.last)).collect();
        assert_eq!(
            shown,
            [
                ("20250102T030405-p", true, false),
                ("20250102T030405-2-p", true, false),
                ("20250103T000000-p", false, true)
            ]
        );
        assert_eq!(sections[0].end, sections[1].start);
        assert_eq!(sections[2].end, log.len() as u64);
    }

    #[test]
    fn a_log_whose_beginning_was_cut_off() {
        let sections = split(b"-*- mode -*-\n\n#### hi  \n\n", "p");
        assert_eq!((sections.len(), &*sections[0].native_id), (1, "head-p"));
        assert_eq!(split(b"", "p"), []);
    }
}
