//! Goose: files of lines at first, an SQLite database since version 1.10.
//!
//! The database imports the files and leaves them where they are: of such twins the database is read.

mod content;
mod database;
mod derive;
mod lines;
#[cfg(test)]
mod tests;
mod write;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Platform, Problem, Root, Sink, Source,
    SourceKind, StateError, database as sqlite, json_deriver::JsonDeriver, rows,
};

/// The agent.
pub struct Goose;

/// The database, in the folder of sessions.
const DATABASE: &str = "sessions.db";

impl Agent for Goose {
    fn id(&self) -> &'static str {
        "goose"
    }

    fn name(&self) -> &'static str {
        "Goose"
    }

    fn switch(&self) -> &'static str {
        "goose"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let home = &environment.home;
        let mut folders = Vec::new();
        if let Some(root) = environment.path_variable("GOOSE_PATH_ROOT").filter(|root| root.is_absolute()) {
            folders.push(root.join("data/sessions"));
        }
        folders.push(environment.data_home().join("goose/sessions"));
        if environment.platform == Platform::MacOs {
            folders.push(home.join(".local/share/goose/sessions"));
            for name in ["Block/goose", "Block.block.goose", "Block.goose"] {
                folders.push(home.join("Library/Application Support").join(name).join("sessions"));
            }
        }
        folders.push(environment.config_home().join("goose/sessions"));
        for home in environment.windows_homes() {
            let data = home.join("AppData/Roaming/Block");
            folders.push(data.join("goose/data/sessions"));
            folders.push(data.join("Block/goose/data/sessions"));
        }
        folders.dedup();
        folders.into_iter().map(|path| Root { path, recursive: false }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let problem = |error: &io::Error| Problem {
            record: 0,
            position: 0,
            reason: format!("cannot list {}: {error}", root.path.display()),
        };
        let entries = match fs::read_dir(&root.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
            Err(error) => return vec![problem(&error)],
        };
        let mut problems = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => {
                    if let Some(source) = source_named(&entry.path()) {
                        found(source);
                    }
                }
                Err(error) => problems.push(problem(&error)),
            }
        }
        problems
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        (path.parent()? == root.path).then(|| source_named(path))?
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
        since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        database::list(container, since, found)
    }

    fn rank(&self, source: &Source) -> u8 {
        u8::from(source.container().is_none())
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        match source.container() {
            Some(container) => {
                let mut session = database::Stored::open(container, &source.native_id)?;
                rows::cut(source, cursor, limits, sink, &mut session)
            }
            None => rows::cut_file(source, cursor, limits, sink, |bytes| Ok(lines::Lines::new(bytes))),
        }
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(JsonDeriver::<derive::State>::new(state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        (!native_id.starts_with('-'))
            .then(|| ["goose", "session", "--resume", "--session-id", native_id].map(str::to_owned).to_vec())
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        Some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::from_file(&["goose", "run", "-s", "-i"]))
    }
}

/// The session that a file of lines holds. Backups and files under way are none.
fn source_named(path: &Path) -> Option<Source> {
    let native_id = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
    if native_id.is_empty() || native_id.contains(".backup") || native_id.contains(".tmp") {
        return None;
    }
    Some(Source {
        path: path.to_owned(),
        kind: SourceKind::Rows,
        native_id: native_id.to_owned(),
        parent: None,
        side_files: Vec::new(),
        version: 0,
    })
}
