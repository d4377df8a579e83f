//! `OpenClaw`, earlier Clawdbot and Moltbot: pi's lines, in files and since 2026.8 in a database for each agent.

#[cfg(test)]
mod tests;
mod transcript_events;

use std::path::{Path, PathBuf};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Problem, Root, Sink, Source, SourceKind,
    StateError, lines,
    pi::{Pi, Who},
    transcript::{Transcript, walk},
};

/// The agent.
pub struct OpenClaw;

/// The database of an agent, in its folder.
const DATABASE: [&str; 2] = ["agent", "openclaw-agent.sqlite"];
/// What is appended to the name of a session's file when it is put away, worst substitute last.
const PUT_AWAY: [&str; 3] = [".reset.", ".deleted.", ".full.bak"];

impl Agent for OpenClaw {
    fn id(&self) -> &'static str {
        "openclaw"
    }

    fn name(&self) -> &'static str {
        "OpenClaw"
    }

    fn switch(&self) -> &'static str {
        "openclaw"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut folders: Vec<PathBuf> = environment.path_variable("OPENCLAW_STATE_DIR").into_iter().collect();
        let mut homes = vec![environment.home.clone()];
        homes.extend(environment.windows_homes());
        folders
            .extend(homes.iter().flat_map(|home| [".openclaw", ".clawdbot", ".moltbot"].map(|name| home.join(name))));
        folders.into_iter().map(|folder| Root { path: folder.join("agents"), recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let mut problems = Vec::new();
        for agent in walk::folders(&root.path, &mut problems) {
            let mut sources: Vec<Source> = Vec::new();
            problems.extend(walk::files(&agent.join("sessions"), 0, &mut |folder, name| {
                sources.extend(self.source_at(root, &folder.join(name)));
            }));
            // A file and its compressed twin are one source.
            sources.sort_by(|one, other| one.path.cmp(&other.path));
            sources.dedup_by(|one, other| one.path == other.path);
            sources.into_iter().for_each(&mut *found);
        }
        problems
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let names = walk::names_below(&root.path, path)?;
        let [_, "sessions", file] = names[..] else { return None };
        let plain = file.strip_suffix(".zst").unwrap_or(file);
        let (stem, rest) = plain.split_once(".jsonl")?;
        let is_session = rest.is_empty() || PUT_AWAY.iter().any(|mark| rest.starts_with(mark));
        is_session.then(|| Source {
            path: path.with_file_name(plain),
            kind: SourceKind::Lines,
            native_id: stem.to_owned(),
            parent: None,
            side_files: Vec::new(),
            version: 0,
        })
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        let mut problems = Vec::new();
        for agent in walk::folders(&root.path, &mut problems) {
            let database = agent.join(DATABASE[0]).join(DATABASE[1]);
            if database.is_file() {
                found(database);
            }
        }
        problems
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        let names = walk::names_below(&root.path, path)?;
        let [_, folder, file] = names[..] else { return None };
        let plain = file.strip_suffix("-wal").unwrap_or(file);
        ([folder, plain] == DATABASE).then(|| path.with_file_name(plain))
    }

    fn sources_in(
        &self,
        container: &Path,
        _since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        transcript_events::list(container, found)
    }

    fn rank(&self, source: &Source) -> u8 {
        if source.container().is_some() {
            return 0;
        }
        let name = source.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let put_away = PUT_AWAY.iter().position(|mark| name.contains(mark));
        put_away.map_or(1, |at| 2 + u8::try_from(at).unwrap_or(0))
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        match source.container() {
            Some(database) => transcript_events::cut(database, source, cursor, limits, sink),
            None => lines::cut(source, cursor, limits, sink),
        }
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(Transcript::new(Pi(Who::OpenClaw), state)?))
    }

    /// Sessions belong to channels: there is no command that takes one up for a person to go on.
    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        None
    }
}
