//! Cursor: the editor's databases, the transcripts of its agent, and the stores of its command line program.
//!
//! Four places hold sessions, and one session may be in several of them under one id. The databases (`state.vscdb` of
//! the editor, `store.db` of the command line program) tell the most and are preferred; a workspace's database holds
//! whole sessions of 2024; transcripts below `~/.cursor/projects` lack results, times and models.
//!
//! Not read: the model's cache (`agentKv:`), checkpoints and line ranges of edits (`codeBlockDiff:`), which the calls
//! tell too; the last prompts of a window (`aiService.*`), which name no session; what was attached to a prompt beside
//! images; web references; `ai-code-tracking.db`. A bubble's `workspaceProjectDir` is a folder of Cursor's own.

mod bubble;
mod composer;
mod edit;
mod folder;
mod global;
mod legacy;
mod message;
mod places;
mod prompt;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod tool;
mod transcript;

use std::path::{Path, PathBuf};

use self::places::Place;
use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Problem, Root, Sink, Source, SourceKind,
    StateError, document, lines,
};

/// The agent.
pub struct CursorApp;

impl Agent for CursorApp {
    fn id(&self) -> &'static str {
        "cursor"
    }

    fn name(&self) -> &'static str {
        "Cursor"
    }

    fn switch(&self) -> &'static str {
        "cursor"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        places::roots(environment)
    }

    fn beside(&self) -> &'static [&'static str] {
        &["workspace.json", "meta.json"]
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        places::walk(root, &mut |place| {
            if let Place::Transcript(source) = place {
                found(source);
            }
        })
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        match places::judge(root, path)? {
            Place::Transcript(source) => Some(source),
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
            Place::Transcript(_) => None,
        }
    }

    fn sources_in(
        &self,
        container: &Path,
        since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        if places::is_store(container) { store::list(container, found) } else { global::list(container, since, found) }
    }

    fn rank(&self, source: &Source) -> u8 {
        match source.container() {
            Some(container) if places::is_of_workspace(container) => 1,
            Some(_) => 0,
            None => 2,
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
            SourceKind::Rows if places::is_store(source.file()) => store::cut(source, cursor, limits, sink),
            SourceKind::Rows => composer::cut(source, cursor, limits, sink),
            SourceKind::Section => Err(CutError::Malformed("not a session of Cursor's".to_owned())),
        }
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let state = state::State::take_up(state)?;
        Ok(match source.kind {
            SourceKind::Document => Box::new(transcript::Text { state }),
            SourceKind::Rows if !places::is_store(source.file()) => Box::new(bubble::Bubbles { state }),
            _ => Box::new(message::Messages { state }),
        })
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (!native_id.is_empty() && !native_id.starts_with('-') && native_id.bytes().all(plain))
            .then(|| ["cursor-agent", "--resume", native_id].map(str::to_owned).to_vec())
    }
}
