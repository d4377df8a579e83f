//! Gemini CLI: `~/.gemini/tmp/<project>/chats/`, and the prompts in `logs.json` of the versions before.
//!
//! A session was a JSON document, written anew at each message, and is a file of lines since April 2026. In it a message
//! is written again whenever it grows, and whole histories are written again when the session is resumed or compressed:
//! of each message only what was not told yet is told.

mod message;
pub(crate) mod result;
mod seen;
#[cfg(test)]
mod tests;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use opensession_hail::Relation;

pub(crate) use self::message::{Gemini, TOOLS};
use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Problem, Root, Sink, Source, SourceKind,
    StateError,
    document_elements::Elements,
    lines, rows,
    transcript::{
        Transcript,
        json::{self, Value},
        walk,
    },
};

/// The agent.
pub struct GeminiCli;

/// The file with the prompts of all sessions of a project.
const LOG: &str = "logs.json";
/// A log longer than this is not read.
const LOG_BYTES: u64 = 64 << 20;

impl Agent for GeminiCli {
    fn id(&self) -> &'static str {
        "gemini"
    }

    fn name(&self) -> &'static str {
        "Gemini CLI"
    }

    fn switch(&self) -> &'static str {
        "gemini"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut homes = vec![environment.path_variable("GEMINI_CLI_HOME").unwrap_or_else(|| environment.home.clone())];
        homes.extend(environment.windows_homes());
        homes.into_iter().map(|home| Root { path: home.join(".gemini/tmp"), recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        find(&root.path, found)
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        source_at(&root.path, path)
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        containers(&root.path, found)
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        container_at(&root.path, path)
    }

    fn sources_in(
        &self,
        container: &Path,
        _since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        sources_in(container, found)
    }

    fn rank(&self, source: &Source) -> u8 {
        rank(source)
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        cut(source, cursor, limits, sink)
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(Transcript::new(Gemini, state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        Some(["gemini", "--resume", native_id].map(str::to_owned).to_vec())
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        Some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::with(&["gemini", "-i"]))
    }
}

/// Walks the folders of projects below `root`.
pub(crate) fn find(root: &Path, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
    let mut problems = Vec::new();
    for project in walk::folders(root, &mut problems) {
        problems.extend(walk::files(&project.join("chats"), 1, &mut |folder, name| {
            if let Some(source) = source_at(root, &folder.join(name)) {
                found(source);
            }
        }));
    }
    problems
}

/// The session in `<root>/<project>/chats/[<parent>/]<file>`.
pub(crate) fn source_at(root: &Path, path: &Path) -> Option<Source> {
    let names = walk::names_below(root, path)?;
    let (project, parent, file) = match names[..] {
        [project, "chats", file] => (project, None, file),
        [project, "chats", parent, file] => (project, Some(parent), file),
        _ => return None,
    };
    let (stem, kind) = match (file.strip_suffix(".jsonl"), file.strip_suffix(".json")) {
        (Some(stem), _) => (stem, SourceKind::Lines),
        (None, Some(stem)) if parent.is_none() => (stem, SourceKind::Rows),
        _ => return None,
    };
    // Of a session's own file the name tells the first eight digits of the id.
    let native_id = match (parent, stem.strip_prefix("session-")) {
        (_, Some(stem)) => stem.rsplit_once('-').map_or(stem, |(_, id)| id),
        (Some(_), None) => stem,
        (None, None) => return None,
    };
    let folder = root.join(project);
    let mut side_files = vec![folder.join(".project_root")];
    if is_hash(project) {
        side_files.extend(root.parent().map(|base| base.join("projects.json")));
    }
    let parent = parent.map(|parent| (parent.to_owned(), Relation::Subagent));
    Some(Source { path: path.to_owned(), kind, native_id: native_id.to_owned(), parent, side_files, version: 0 })
}

/// Names the logs of prompts.
pub(crate) fn containers(root: &Path, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
    let mut problems = Vec::new();
    for project in walk::folders(root, &mut problems) {
        let log = project.join(LOG);
        if log.is_file() {
            found(log);
        }
    }
    problems
}

/// The log of prompts that `path` is.
pub(crate) fn container_at(root: &Path, path: &Path) -> Option<PathBuf> {
    matches!(walk::names_below(root, path)?[..], [_, LOG]).then(|| path.to_owned())
}

/// Names those sessions of a log of prompts that have no file of their own.
pub(crate) fn sources_in(log: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let text = read_log(log)?;
    let entries: Vec<Value<'_>> = serde_json::from_str(&text).map_err(|error| {
        if error.is_eof() { CutError::Busy(error.to_string()) } else { CutError::Malformed(error.to_string()) }
    })?;
    let mut own_files = BTreeSet::new();
    let chats = log.with_file_name("chats");
    let problems = walk::files(&chats, 0, &mut |_, name| {
        let stem = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".json"));
        if let Some((_, id)) = stem.and_then(|stem| stem.strip_prefix("session-")?.rsplit_once('-')) {
            own_files.insert(id.to_owned());
        }
    });
    let mut sessions: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for entry in &entries {
        let Some(id) = json::text(entry, "sessionId") else { continue };
        if id.get(..8).is_some_and(|short| own_files.contains(short)) {
            continue;
        }
        let time = json::time_of(entry, "timestamp").map_or(0, jiff::Timestamp::as_millisecond);
        let (latest, count) = sessions.entry(id).or_default();
        *latest = (*latest).max(u64::try_from(time).unwrap_or(0));
        *count += 1;
    }
    for (id, (latest, count)) in sessions {
        found(Source::contained(log, SourceKind::Rows, id, latest.saturating_add(count)));
    }
    Ok(Listing { whole: true, problems, ..Listing::default() })
}

fn read_log(log: &Path) -> Result<String, CutError> {
    let gone = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => CutError::Gone,
        _ => CutError::Io(error),
    };
    if fs::metadata(log).map_err(gone)?.len() > LOG_BYTES {
        return Err(CutError::Malformed("the log of prompts is too long".to_owned()));
    }
    Ok(String::from_utf8_lossy(&fs::read(log).map_err(gone)?).into_owned())
}

/// A file of lines before a document of the same session, a session with its history before what a resumption left
/// under the same id and that holds next to nothing.
pub(crate) fn rank(source: &Source) -> u8 {
    if source.container().is_some() {
        return u8::MAX;
    }
    let length = fs::metadata(&source.path).map_or(0, |stat| stat.len());
    let short = u8::try_from(length.leading_zeros()).unwrap_or(64);
    if source.kind == SourceKind::Lines { short } else { 100 + short }
}

/// Cuts a session in any of its forms.
pub(crate) fn cut(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Cut, CutError> {
    if source.kind == SourceKind::Lines {
        return lines::cut(source, cursor, limits, sink);
    }
    if let Some(log) = source.container() {
        let text = read_log(log)?;
        let entries = Elements::of_document(text.as_bytes(), None, |_, _| false)?;
        let mut entries = entries
            .only(|entry| json::text(entry, "sessionId") == Some(&source.native_id))
            .with_files(&[log.with_file_name(".project_root")]);
        return rows::cut(source, cursor, limits, sink, &mut entries);
    }
    rows::cut_file(source, cursor, limits, sink, |bytes| {
        Ok(Elements::of_document(&bytes, Some("messages"), message::grows)?.with_files(&source.side_files))
    })
}

/// Whether a project's folder is named by the hash of its path.
fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
