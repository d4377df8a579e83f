//! Claude Code: append-only transcripts of JSON lines, one file a session, and one a sub-agent in later versions.
//!
//! A record is a content block of a message, a message, or bookkeeping. [`skim`] finds the parts of a record that
//! [`record`] names without building the rest, [`derive`] makes events of them. What tools changed is in [`result`],
//! [`edit`] and [`todo`].

mod derive;
mod edit;
mod find;
mod prompt;
mod record;
mod result;
mod skim;
mod state;
mod todo;
mod write;

use std::path::Path;

use opensession_hail::Relation;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, StateError, lines,
};

/// The agent.
pub struct ClaudeCode;

impl Agent for ClaudeCode {
    fn id(&self) -> &'static str {
        "claude-code"
    }

    fn name(&self) -> &'static str {
        "Claude Code"
    }

    fn switch(&self) -> &'static str {
        "claude_code"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        find::roots(environment)
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        find::find(root, found)
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        find::source_at(root, path)
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        lines::cut(source, cursor, limits, sink)
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let is_subagent = matches!(source.parent, Some((_, Relation::Subagent)));
        let name = source.path.file_name().unwrap_or_default();
        let seeks_parent = !is_subagent && name.to_string_lossy().starts_with("agent-");
        let deriver = derive::ClaudeCodeDeriver::new(state, is_subagent || seeks_parent, seeks_parent)?;
        Ok(Box::new(deriver))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        // Sub-agents have short ids and cannot be resumed by themselves.
        let is_session =
            native_id.len() == 36 && native_id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        is_session.then(|| vec!["claude".to_owned(), "--resume".to_owned(), native_id.to_owned()])
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        Some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::with(&["claude"]))
    }
}

#[cfg(test)]
mod tests;
