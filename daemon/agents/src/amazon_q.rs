//! Amazon Q Developer CLI: one conversation for each folder, in a database. Kiro's command line, which it became, keeps
//! its own in the same form ([`crate::kiro`]).

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Platform, Problem, Root, Sink, Source,
    StateError, database as sqlite,
    kiro::{conversation::Conversation, database},
    rows,
    transcript::Transcript,
};

/// The agent.
pub struct AmazonQ;

impl Agent for AmazonQ {
    fn id(&self) -> &'static str {
        "amazon-q"
    }

    fn name(&self) -> &'static str {
        "Amazon Q"
    }

    fn switch(&self) -> &'static str {
        "amazon_q"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut folders = Vec::new();
        if environment.platform == Platform::MacOs {
            folders.push(environment.home.join("Library/Application Support/amazon-q"));
        }
        folders.push(environment.data_home().join("amazon-q"));
        folders.into_iter().map(|path| Root { path, recursive: false }).collect()
    }

    fn find(&self, _root: &Root, _found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        Vec::new()
    }

    fn source_at(&self, _root: &Root, _path: &Path) -> Option<Source> {
        None
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        let database = root.path.join(database::NAME);
        if database.is_file() {
            found(database);
        }
        Vec::new()
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        let database = root.path.join(database::NAME);
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
        let mut conversation = database::open(source.file(), &source.native_id, limits)?;
        rows::cut(source, cursor, limits, sink, &mut conversation)
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(Transcript::new(Conversation, state)?))
    }

    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        // It goes on with the one conversation of the folder that it is run in.
        Some(["q", "chat", "--resume"].map(str::to_owned).to_vec())
    }
}
