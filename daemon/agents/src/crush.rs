//! Crush: a database in each project's `.crush/`, found by the list of projects that Crush keeps.

mod database;
mod derive;
#[cfg(test)]
mod tests;

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Problem, Root, Sink, Source, StateError,
    database as sqlite,
    json_deriver::{
        JsonDeriver,
        value::{list, text},
    },
    rows,
};

/// The agent.
pub struct Crush;

/// The database, in a project's data folder.
const DATABASE: &str = "crush.db";
/// The data folder, unless it is configured to be another.
const FOLDER: &str = ".crush";
/// The list of projects is not read beyond this.
const LIST_BYTES: u64 = 1 << 20;
/// At most so many projects are taken from it.
const PROJECTS: usize = 2000;

impl Agent for Crush {
    fn id(&self) -> &'static str {
        "crush"
    }

    fn name(&self) -> &'static str {
        "Crush"
    }

    fn switch(&self) -> &'static str {
        "crush"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let global =
            environment.path_variable("CRUSH_GLOBAL_DATA").unwrap_or_else(|| environment.data_home().join("crush"));
        let mut folders = known_projects(&global);
        folders.extend(environment.projects.iter().map(|project| project.join(FOLDER)));
        // Outside any project it keeps its data in the global folder.
        folders.push(global);
        folders.sort();
        folders.dedup();
        folders.into_iter().map(|path| Root { path, recursive: false }).collect()
    }

    fn find(&self, _root: &Root, _found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        Vec::new()
    }

    fn source_at(&self, _root: &Root, _path: &Path) -> Option<Source> {
        None
    }

    fn project_marks(&self) -> &'static [&'static str] {
        &[".crush/crush.db"]
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
        let mut session = database::Stored::open(source.file(), &source.native_id)?;
        rows::cut(source, cursor, limits, sink, &mut session)
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let data = source.file().parent().filter(|data| data.ends_with(FOLDER));
        let project = data.and_then(Path::parent).map(|project| project.to_string_lossy().into_owned());
        Ok(Box::new(JsonDeriver::<derive::State>::new(state)?.in_directory(project)))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        // The sessions of sub-agents cannot be resumed.
        let own = !native_id.contains("$$") && !native_id.starts_with('-');
        own.then(|| ["crush", "--session", native_id].map(str::to_owned).to_vec())
    }
}

/// The data folders that Crush's own list names. One that cannot be read names none.
fn known_projects(global: &Path) -> Vec<PathBuf> {
    let mut bytes = Vec::new();
    let read = File::open(global.join("projects.json")).and_then(|file| file.take(LIST_BYTES).read_to_end(&mut bytes));
    let Ok(projects) = read.map_err(|_| ()).and_then(|_| serde_json::from_slice::<Value>(&bytes).map_err(|_| ()))
    else {
        return Vec::new();
    };
    let projects = if projects.is_array() { list(&projects, "") } else { list(&projects, "/projects") };
    projects
        .iter()
        .take(PROJECTS)
        .filter_map(|project| {
            let folder = project.as_str().or_else(|| text(project, "/path")).map(PathBuf::from);
            match text(project, "/data_dir").map(Path::new) {
                Some(data) if data.is_absolute() => Some(data.to_owned()),
                Some(data) => Some(folder?.join(data)),
                None => Some(folder?.join(FOLDER)),
            }
        })
        .filter(|folder| folder.is_absolute())
        .collect()
}
