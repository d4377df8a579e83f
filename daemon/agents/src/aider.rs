//! Aider: one Markdown log a project, `.aider.chat.history.md`, in which session follows session for months.
//!
//! The log is a container; each `# aider chat started at …` begins a section, which is one session. Sections are found by
//! [`sections`], their lines cut by [`cut`], and read by [`derive`]: [`reply`] finds the edits in what the model said,
//! [`status`] tells what the lines of the program itself mean. Times of prompts come from [`inputs`], the file of typed
//! lines beside the log.
//!
//! Not read: the log of requests (`.aider.llm.history`), which holds the whole context of each; that of analytics, which
//! names no project; and `.env`, where a log may be given another place but secrets stand too.

mod configuration;
mod cut;
mod derive;
mod inputs;
mod reply;
mod sections;
mod status;

use std::path::{Path, PathBuf};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Problem, Root, Sink, Source, SourceKind,
    StateError,
};

/// The agent.
pub struct Aider;

/// The log's usual name.
const LOG: &str = ".aider.chat.history.md";

impl Agent for Aider {
    fn id(&self) -> &'static str {
        "aider"
    }

    fn name(&self) -> &'static str {
        "Aider"
    }

    fn switch(&self) -> &'static str {
        "aider"
    }

    /// The projects' folders; where the log was given another place, the log itself.
    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut roots: Vec<Root> =
            environment.projects.iter().map(|path| Root { path: path.clone(), recursive: false }).collect();
        for path in configuration::logs(environment) {
            if !roots.iter().any(|root| root.path == path || root.path.join(LOG) == path) {
                roots.push(Root { path, recursive: false });
            }
        }
        roots
    }

    fn find(&self, _root: &Root, _found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        Vec::new()
    }

    fn source_at(&self, _root: &Root, _path: &Path) -> Option<Source> {
        None
    }

    fn project_marks(&self) -> &'static [&'static str] {
        &[LOG]
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        let log = if root.path.is_file() { root.path.clone() } else { root.path.join(LOG) };
        if log.is_file() {
            found(log);
        }
        Vec::new()
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        let log = root.path.join(LOG);
        if path == root.path && path.is_file() {
            return Some(path.to_owned());
        }
        (path == log || path == inputs::beside(&log)).then_some(log)
    }

    fn sources_in(
        &self,
        container: &Path,
        _since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        let table = sections::table(container)?;
        let mut drafts = 0;
        for section in &table.sections {
            if section.prompted {
                let version = table.version(section);
                found(Source::contained(container, SourceKind::Section, section.native_id.clone(), version));
            } else {
                drafts += 1;
            }
        }
        Ok(Listing { whole: true, drafts, ..Listing::default() })
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        cut::cut(source, cursor, limits, sink)
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let is_usual = source.file().file_name().is_some_and(|name| name == LOG);
        let folder = source.file().parent().filter(|_| is_usual).map(|folder| folder.to_string_lossy().into_owned());
        Ok(Box::new(derive::Section::new(folder, state)?))
    }

    /// Only the whole log can be gone on with, not one session of it.
    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        Some(vec!["aider".to_owned(), "--restore-chat-history".to_owned()])
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::from_file(&["aider", "--message-file"]))
    }
}

#[cfg(test)]
mod tests;
