//! pi: `~/.pi/agent/sessions/<directory>/<time>_<id>.jsonl`. `OpenClaw` writes the same lines.

mod diff;
mod entry;
#[cfg(test)]
pub(crate) mod tests;
mod write;

use std::path::Path;

pub(crate) use self::entry::{Pi, Who};
use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    lines,
    transcript::{Transcript, walk},
};

/// The agent.
pub struct PiAgent;

impl Agent for PiAgent {
    fn id(&self) -> &'static str {
        "pi"
    }

    fn name(&self) -> &'static str {
        "pi"
    }

    fn switch(&self) -> &'static str {
        "pi"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let own = environment.path_variable("PI_CODING_AGENT_DIR");
        let mut folders = vec![own.unwrap_or_else(|| environment.home.join(".pi/agent"))];
        // Forks keep their sessions likewise.
        folders.push(environment.home.join(".omp/agent"));
        folders.extend(environment.windows_homes().iter().map(|home| home.join(".pi/agent")));
        folders.into_iter().map(|folder| Root { path: folder.join("sessions"), recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        walk::files(&root.path, 2, &mut |folder, name| {
            if let Some(source) = self.source_at(root, &folder.join(name)) {
                found(source);
            }
        })
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let stem = walk::names_below(&root.path, path)?.last()?.strip_suffix(".jsonl")?;
        Some(Source {
            path: path.to_owned(),
            kind: SourceKind::Lines,
            native_id: entry::id_in_name(stem).to_owned(),
            parent: None,
            side_files: Vec::new(),
            version: 0,
        })
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

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(Transcript::new(Pi(Who::Pi), state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        Some(["pi", "--session", native_id].map(str::to_owned).to_vec())
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        Some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::with(&["pi"]))
    }
}
