//! Amp: threads as JSON documents in `~/.local/share/amp/threads`, until spring 2026; since then they are on its server
//! alone.

#[cfg(test)]
mod tests;
mod thread;

use std::path::Path;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    document_elements::Elements,
    rows,
    transcript::{Transcript, walk},
};

/// The agent.
pub struct Amp;

impl Agent for Amp {
    fn id(&self) -> &'static str {
        "amp"
    }

    fn name(&self) -> &'static str {
        "Amp"
    }

    fn switch(&self) -> &'static str {
        "amp"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut folders = vec![environment.data_home()];
        // All systems keep it there, whatever their own custom.
        folders.push(environment.home.join(".local/share"));
        folders.extend(environment.windows_homes().iter().map(|home| home.join(".local/share")));
        folders.dedup();
        folders.into_iter().map(|folder| Root { path: folder.join("amp/threads"), recursive: false }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        walk::files(&root.path, 0, &mut |folder, name| {
            if let Some(source) = self.source_at(root, &folder.join(name)) {
                found(source);
            }
        })
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let names = walk::names_below(&root.path, path)?;
        let [file] = names[..] else { return None };
        let native_id = file.strip_suffix(".json").filter(|stem| stem.starts_with("T-"))?.to_owned();
        let path = path.to_owned();
        Some(Source { path, kind: SourceKind::Rows, native_id, parent: None, side_files: Vec::new(), version: 0 })
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        rows::cut_file(source, cursor, limits, sink, |bytes| {
            Elements::of_document(&bytes, Some("messages"), |message, _| thread::grows(message))
        })
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let format = thread::Thread { native_id: source.native_id.clone() };
        Ok(Box::new(Transcript::new(format, state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        Some(["amp", "threads", "continue", native_id].map(str::to_owned).to_vec())
    }
}
