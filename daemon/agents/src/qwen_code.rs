//! Qwen Code: `~/.qwen/projects/<directory>/chats/`, and what it wrote as a fork of Gemini CLI below `~/.qwen/tmp`.

mod record;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Problem, Root, Sink, Source, SourceKind,
    StateError,
    gemini::{self, Gemini},
    lines,
    transcript::{Transcript, walk},
};

/// The agent.
pub struct QwenCode;

impl Agent for QwenCode {
    fn id(&self) -> &'static str {
        "qwen-code"
    }

    fn name(&self) -> &'static str {
        "Qwen Code"
    }

    fn switch(&self) -> &'static str {
        "qwen_code"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut homes = vec![environment.home.clone()];
        homes.extend(environment.windows_homes());
        let folders = homes.iter().flat_map(|home| ["projects", "tmp"].map(|folder| home.join(".qwen").join(folder)));
        folders.map(|path| Root { path, recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        if is_old(root) {
            return gemini::find(&root.path, found);
        }
        let mut problems = Vec::new();
        for project in walk::folders(&root.path, &mut problems) {
            problems.extend(walk::files(&project.join("chats"), 1, &mut |folder, name| {
                if let Some(source) = source_named(root, &folder.join(name)) {
                    found(source);
                }
            }));
        }
        problems
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        if is_old(root) { gemini::source_at(&root.path, path) } else { source_named(root, path) }
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        if is_old(root) { gemini::containers(&root.path, found) } else { Vec::new() }
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        if is_old(root) { gemini::container_at(&root.path, path) } else { None }
    }

    fn sources_in(
        &self,
        container: &Path,
        _since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        gemini::sources_in(container, found)
    }

    fn rank(&self, source: &Source) -> u8 {
        if is_new(&source.path) { 0 } else { gemini::rank(source) }
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        if is_new(&source.path) {
            lines::cut(source, cursor, limits, sink)
        } else {
            gemini::cut(source, cursor, limits, sink)
        }
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        if is_new(&source.path) {
            Ok(Box::new(Transcript::new(record::Qwen, state)?))
        } else {
            Ok(Box::new(Transcript::new(Gemini, state)?))
        }
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        Some(["qwen", "--resume", native_id].map(str::to_owned).to_vec())
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        Some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::with(&["qwen", "-i"]))
    }
}

/// Whether `root` is the folder of the versions that wrote as Gemini CLI does.
fn is_old(root: &Root) -> bool {
    root.path.ends_with(".qwen/tmp")
}

/// Whether the file is of the versions that write in a form of their own.
fn is_new(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
        && path.file_stem().and_then(|stem| stem.to_str()).is_some_and(|stem| !stem.starts_with("session-"))
}

/// The session in `<root>/<project>/chats/[archive/]<id>.jsonl`.
fn source_named(root: &Root, path: &Path) -> Option<Source> {
    let names = walk::names_below(&root.path, path)?;
    let ([_, "chats", file] | [_, "chats", "archive", file]) = names[..] else { return None };
    let native_id = file.strip_suffix(".jsonl")?.to_owned();
    let path = path.to_owned();
    Some(Source { path, kind: SourceKind::Lines, native_id, parent: None, side_files: Vec::new(), version: 0 })
}
