//! Zed: threads of its own agent, each a compressed document in a row of one database.
//!
//! Agents that Zed runs from outside (Claude Code, Codex, Gemini CLI) keep their sessions themselves.

mod database;
mod derive;
#[cfg(test)]
mod tests;
mod thread;

use std::path::{Path, PathBuf};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Platform, Problem, Root, Sink, Source,
    StateError, database as sqlite, json_deriver::JsonDeriver, rows,
};

/// The agent.
pub struct Zed;

/// The database, in the folder of threads.
const DATABASE: &str = "threads.db";

impl Agent for Zed {
    fn id(&self) -> &'static str {
        "zed"
    }

    fn name(&self) -> &'static str {
        "Zed"
    }

    fn switch(&self) -> &'static str {
        "zed"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let home = &environment.home;
        let mut folders = Vec::new();
        if environment.platform == Platform::MacOs {
            folders.push(home.join("Library/Application Support/Zed"));
        }
        folders.push(environment.data_home().join("zed"));
        if environment.platform != Platform::MacOs {
            folders.push(home.join(".var/app/dev.zed.Zed/data/zed"));
        }
        folders.extend(environment.windows_homes().iter().map(|home| home.join("AppData/Local/Zed")));
        folders.into_iter().map(|folder| Root { path: folder.join("threads"), recursive: false }).collect()
    }

    fn find(&self, _root: &Root, _found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        Vec::new()
    }

    fn source_at(&self, _root: &Root, _path: &Path) -> Option<Source> {
        None
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        let database = root.path.join(DATABASE);
        if database.is_file() {
            found(database);
        }
        Vec::new()
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        let database = root.path.join(DATABASE);
        (sqlite::of_file(path) == database).then_some(database)
    }

    fn sources_in(
        &self,
        container: &Path,
        _since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        database::list(container, found)
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        let mut thread = database::open(source.file(), &source.native_id, limits.record_bytes.saturating_mul(8))?;
        rows::cut(source, cursor, limits, sink, &mut thread)
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(JsonDeriver::<derive::State>::new(state)?))
    }

    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        None
    }
}
