//! GitHub Copilot's chat in VS Code and its kin: sessions as JSON documents, as logs of changes to such a document, and,
//! before March 2025, in the databases of workspaces.
//!
//! A request with its answer is a row. The logs that Copilot's hooks are given have the form of Copilot CLI's.

mod calls;
mod places;
mod request;
mod session;
mod store;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::places::Place;
use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Problem, Root, Sink, Source, SourceKind,
    StateError, copilot_cli, lines, rows,
};

/// The agent.
pub struct Copilot;

impl Agent for Copilot {
    fn id(&self) -> &'static str {
        "copilot"
    }

    fn name(&self) -> &'static str {
        "GitHub Copilot"
    }

    fn switch(&self) -> &'static str {
        "copilot"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        places::roots(environment)
    }

    fn beside(&self) -> &'static [&'static str] {
        &["workspace.json"]
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        places::walk(root, &mut |place| {
            if let Place::Session(source) = place {
                found(source);
            }
        })
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        match places::judge(root, path)? {
            Place::Session(source) => Some(source),
            Place::Container(_) => None,
        }
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        places::walk(root, &mut |place| {
            if let Place::Container(path) = place {
                found(path);
            }
        })
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        match places::judge(root, path)? {
            Place::Container(path) => Some(path),
            Place::Session(_) => None,
        }
    }

    fn sources_in(
        &self,
        container: &Path,
        since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        store::list(container, since, found)
    }

    fn rank(&self, source: &Source) -> u8 {
        match (source.kind, source.path.extension().and_then(|extension| extension.to_str())) {
            (SourceKind::Lines, _) => 3,
            (_, Some("jsonl")) => 0,
            (_, Some("json")) => 1,
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
        if source.kind == SourceKind::Lines {
            return lines::cut(source, cursor, limits, sink);
        }
        if source.container().is_some() {
            return store::cut(source, cursor, limits, sink);
        }
        let folder = places::folder(&source.path);
        rows::cut_file(source, cursor, limits, sink, |bytes| {
            if source.path.extension().is_some_and(|extension| extension == "jsonl") {
                session::of_log(&bytes, folder)
            } else {
                session::of_document(&bytes, folder)
            }
        })
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        if source.kind == SourceKind::Lines {
            let state = copilot_cli::events::taken_up(state)?;
            return Ok(Box::new(state));
        }
        Ok(Box::new(request::Requests::take_up(state)?))
    }

    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        // A chat can be picked in the editor's window and nowhere else.
        None
    }
}
