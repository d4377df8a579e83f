//! Copilot CLI: `events.jsonl` of each session below `$COPILOT_HOME` or `~/.copilot`, and the one JSON document a session
//! of 2025.

pub(crate) mod events;
mod history;
mod state;
#[cfg(test)]
mod tests;
mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    document, lines,
};

/// The agent.
pub struct CopilotCli;

/// The log of a session, in the session's folder.
const EVENTS: &str = "events.jsonl";
/// What is known of a session beside its log.
pub(crate) const WORKSPACE: &str = "workspace.yaml";
/// The folder of sessions.
const SESSIONS: &str = "session-state";
/// The folder of sessions of 2025.
const HISTORY: &str = "history-session-state";

impl Agent for CopilotCli {
    fn id(&self) -> &'static str {
        "copilot-cli"
    }

    fn name(&self) -> &'static str {
        "Copilot CLI"
    }

    fn switch(&self) -> &'static str {
        "copilot_cli"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let home = environment.path_variable("COPILOT_HOME").unwrap_or_else(|| environment.home.join(".copilot"));
        let windows = environment.windows_homes().into_iter().map(|home| home.join(".copilot"));
        std::iter::once(home)
            .chain(windows)
            .flat_map(|home| {
                [
                    Root { path: home.join(SESSIONS), recursive: true },
                    Root { path: home.join(HISTORY), recursive: false },
                ]
            })
            .collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut problem = |error: &io::Error| {
            let reason = format!("cannot list {}: {error}", root.path.display());
            problems.push(Problem { record: 0, position: 0, reason });
        };
        let entries = match fs::read_dir(&root.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return problems,
            Err(error) => {
                problem(&error);
                return problems;
            }
        };
        for entry in entries {
            match entry {
                Ok(entry) => {
                    let path = entry.path();
                    let log = path.join(EVENTS);
                    let path = if log.is_file() { log } else { path };
                    if let Some(source) = self.source_at(root, &path).filter(|source| source.path.is_file()) {
                        found(source);
                    }
                }
                Err(error) => problem(&error),
            }
        }
        problems
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let below: Vec<&str> =
            path.strip_prefix(&root.path).ok()?.iter().map(|name| name.to_str()).collect::<Option<_>>()?;
        let (file, kind, id) = match (root.path.file_name()?.to_str()?, below.as_slice()) {
            (SESSIONS, [id, EVENTS | WORKSPACE]) => (root.path.join(id).join(EVENTS), SourceKind::Lines, *id),
            (SESSIONS, [name]) => (path.to_owned(), SourceKind::Lines, name.strip_suffix(".jsonl")?),
            (HISTORY, [name]) => (path.to_owned(), SourceKind::Document, name.strip_suffix(".json")?),
            _ => return None,
        };
        Some(source(file, kind, id))
    }

    fn rank(&self, source: &Source) -> u8 {
        match source.kind {
            SourceKind::Lines => u8::from(!source.path.ends_with(EVENTS)),
            _ => 2,
        }
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        match source.kind {
            SourceKind::Lines => lines::cut(source, cursor, limits, sink),
            SourceKind::Document => document::cut(source, cursor, limits, sink),
            SourceKind::Rows | SourceKind::Section => Err(CutError::Malformed("not a session's log".to_owned())),
        }
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let state = state::State::take_up(state)?;
        Ok(match source.kind {
            SourceKind::Document => Box::new(history::History { state }),
            _ => Box::new(events::Events { state }),
        })
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        (!native_id.is_empty() && !native_id.starts_with('-') && native_id.bytes().all(plain))
            .then(|| ["copilot", "--resume", native_id].map(str::to_owned).to_vec())
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        Some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::with(&["copilot", "-i"]))
    }
}

fn source(path: PathBuf, kind: SourceKind, id: &str) -> Source {
    let in_folder = path.ends_with(EVENTS);
    let side_files = if in_folder { vec![path.with_file_name(WORKSPACE)] } else { Vec::new() };
    Source { path, kind, native_id: id.to_owned(), parent: None, side_files, version: 0 }
}
