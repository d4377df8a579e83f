//! Kimi: Kimi Code below `~/.kimi-code`, and the Kimi CLI before it below `~/.kimi`.

mod cli;
mod code;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use opensession_hail::Relation;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    lines,
    transcript::{Transcript, walk},
};

/// The agent.
pub struct Kimi;

/// `sessions/<directory>/<id>/subagents/<id>/wire.jsonl` is the deepest that there is.
const DEPTH: usize = 4;

impl Agent for Kimi {
    fn id(&self) -> &'static str {
        "kimi"
    }

    fn name(&self) -> &'static str {
        "Kimi"
    }

    fn switch(&self) -> &'static str {
        "kimi"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let code = environment.path_variable("KIMI_CODE_HOME").unwrap_or_else(|| environment.home.join(".kimi-code"));
        let cli = environment.path_variable("KIMI_SHARE_DIR").unwrap_or_else(|| environment.home.join(".kimi"));
        let mut folders = vec![code, cli];
        for home in environment.windows_homes() {
            folders.extend([home.join(".kimi-code"), home.join(".kimi")]);
        }
        folders.into_iter().map(|folder| Root { path: folder.join("sessions"), recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        walk::files(&root.path, DEPTH, &mut |folder, name| {
            // What the model saw is read only where nothing was written of what happened.
            let is_second = name == "context.jsonl" && folder.join("wire.jsonl").is_file();
            if name.strip_suffix(".jsonl").is_some()
                && !is_second
                && let Some(source) = source_named(root, &folder.join(name))
            {
                found(source);
            }
        })
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        if path.ends_with("state.json") {
            let folder = path.parent()?;
            let wires = [folder.join("agents/main/wire.jsonl"), folder.join("wire.jsonl")];
            return source_named(root, wires.iter().find(|wire| wire.is_file())?);
        }
        source_named(root, path)
    }

    fn rank(&self, source: &Source) -> u8 {
        u8::from(source.path.ends_with("context.jsonl"))
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
        let native_id = source.native_id.clone();
        if source.path.parent().is_some_and(is_agents_folder) {
            Ok(Box::new(Transcript::new(code::Code { native_id }, state)?))
        } else {
            let folder = directory_hash(source);
            Ok(Box::new(Transcript::new(cli::Cli { native_id, folder }, state)?))
        }
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        // A sub-agent's session goes on only within its parent's.
        (!native_id.contains('/')).then(|| ["kimi", "--session", native_id].map(str::to_owned).to_vec())
    }
}

/// Whether it is the folder of one of a session's agents, as Kimi Code keeps them.
fn is_agents_folder(folder: &Path) -> bool {
    folder.parent().is_some_and(|agents| agents.ends_with("agents"))
}

/// The name of the folder that the Kimi CLI keeps the sessions of a directory in: a hash of its path.
fn directory_hash(source: &Source) -> String {
    let below =
        source.path.ancestors().skip_while(|path| path.parent().is_none_or(|above| !above.ends_with("sessions")));
    let name = below.into_iter().next().and_then(Path::file_name).and_then(|name| name.to_str());
    name.unwrap_or_default().to_owned()
}

/// The session in a file, by its name alone.
fn source_named(root: &Root, path: &Path) -> Option<Source> {
    let names = walk::names_below(&root.path, path)?;
    let folder = |above: usize| path.ancestors().nth(above).map(Path::to_owned).unwrap_or_default();
    let list: Option<PathBuf> = root.path.parent().map(|share| share.join("kimi.json"));
    let (native_id, parent, side_files) = match names[..] {
        [_, id, "agents", "main", "wire.jsonl"] => (id.to_owned(), None, vec![folder(3).join("state.json")]),
        [_, id, "agents", agent, "wire.jsonl"] => {
            (format!("{id}/{agent}"), Some((id.to_owned(), Relation::Subagent)), vec![folder(3).join("state.json")])
        }
        [_, id, "wire.jsonl" | "context.jsonl"] => {
            (id.to_owned(), None, list.into_iter().chain([folder(1).join("state.json")]).collect())
        }
        [_, id, "subagents", agent, "wire.jsonl" | "context.jsonl"] => {
            (format!("{id}/{agent}"), Some((id.to_owned(), Relation::Subagent)), list.into_iter().collect())
        }
        [_, file] => (file.strip_suffix(".jsonl")?.to_owned(), None, list.into_iter().collect()),
        _ => return None,
    };
    Some(Source { path: path.to_owned(), kind: SourceKind::Lines, native_id, parent, side_files, version: 0 })
}
