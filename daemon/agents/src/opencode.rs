//! `OpenCode`, and Kilo from its seventh version on, which is a fork of it: JSON files below `storage/` at first, an SQLite
//! database since.
//!
//! The database imports the files and leaves them where they are: of such twins the database is read. A session is read
//! message by message: what opens a message, its parts, and, for the agent's, what is known at its end.
//!
//! Not read: the events, which repeat all messages with their history; `session_diff` and the diffs of summaries, whose
//! changes the tools tell; a session's `todo` table, which its tool tells as it grew. What a person took back (`revert`)
//! stays where it is: the next prompt deletes it.

mod database;
mod derive;
mod edit;
mod files;
mod layout;
mod session_message;
#[cfg(test)]
mod tests;
mod tool;
mod write;

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Listing, Platform, Problem, Root, Sink, Source,
    StateError, database as sqlite, json_deriver::JsonDeriver, rows,
};

/// One of the programs that keep their sessions in this form.
pub struct Family {
    id: &'static str,
    name: &'static str,
    /// Its folder below the data home.
    folder: &'static str,
    /// The variable that names another database.
    variable: &'static str,
    /// The program.
    program: &'static str,
}

/// `OpenCode`.
pub const OPENCODE: Family =
    Family { id: "opencode", name: "OpenCode", folder: "opencode", variable: "OPENCODE_DB", program: "opencode" };

/// Kilo 7 and later.
pub const KILO: Family = Family { id: "kilo", name: "Kilo", folder: "kilo", variable: "KILO_DB", program: "kilo" };

/// The folder of sessions as files, below the data folder or, in the oldest form, below a project's.
const STORAGE: &str = "storage";
/// The folder of projects, in the oldest form.
const PROJECT: &str = "project";

impl Agent for Family {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.name
    }

    fn switch(&self) -> &'static str {
        self.id
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut folders = vec![environment.data_home().join(self.folder)];
        if environment.platform == Platform::MacOs {
            folders.push(environment.home.join(".local/share").join(self.folder));
        }
        folders.extend(environment.windows_homes().iter().map(|home| home.join(".local/share").join(self.folder)));
        let mut roots: Vec<Root> = folders
            .iter()
            .flat_map(|folder| {
                [
                    Root { path: folder.clone(), recursive: false },
                    Root { path: folder.join(STORAGE), recursive: true },
                    Root { path: folder.join(PROJECT), recursive: true },
                ]
            })
            .collect();
        if let Some(database) = environment.path_variable(self.variable)
            && let Some(folder) = database.parent().filter(|_| database.is_absolute())
        {
            roots.push(Root { path: folder.to_owned(), recursive: false });
        }
        let mut seen = Vec::new();
        roots.retain(|root| {
            !seen.contains(&root.path) && {
                seen.push(root.path.clone());
                true
            }
        });
        roots
    }

    fn find(&self, _root: &Root, _found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        Vec::new()
    }

    fn source_at(&self, _root: &Root, _path: &Path) -> Option<Source> {
        None
    }

    fn containers(&self, root: &Root, found: &mut dyn FnMut(PathBuf)) -> Vec<Problem> {
        match kind_of(root) {
            RootKind::Storage => {
                if root.path.join("session").is_dir() {
                    found(root.path.clone());
                }
                Vec::new()
            }
            RootKind::Projects => each_entry(&root.path, |path, is_folder| {
                let storage = path.join(STORAGE);
                if is_folder && storage.is_dir() {
                    found(storage);
                }
            }),
            RootKind::Databases => each_entry(&root.path, |path, is_folder| {
                if !is_folder && is_database(path) {
                    found(path.to_owned());
                }
            }),
        }
    }

    fn container_at(&self, root: &Root, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&root.path).ok()?;
        match kind_of(root) {
            RootKind::Storage => Some(root.path.clone()),
            RootKind::Projects => {
                let mut components = below.components();
                let project = components.next()?;
                (components.next()?.as_os_str() == STORAGE).then(|| root.path.join(project.as_os_str()).join(STORAGE))
            }
            RootKind::Databases => {
                let database = sqlite::of_file(path);
                (below.components().count() == 1 && is_database(&database)).then_some(database)
            }
        }
    }

    fn sources_in(
        &self,
        container: &Path,
        since: Option<&[u8]>,
        found: &mut dyn FnMut(Source),
    ) -> Result<Listing, CutError> {
        if is_database(container) { database::list(container, since, found) } else { files::list(container, found) }
    }

    fn rank(&self, source: &Source) -> u8 {
        u8::from(!is_database(source.file()))
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        let container = source.container().ok_or_else(|| CutError::Malformed("not a session".to_owned()))?;
        if is_database(container) {
            let store = database::Stored::open(container, &source.native_id)?;
            rows::cut(source, cursor, limits, sink, &mut layout::Session::new(store))
        } else {
            let store = files::Stored::open(container, &source.native_id)?;
            rows::cut(source, cursor, limits, sink, &mut layout::Session::new(store))
        }
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(JsonDeriver::<derive::State>::new(state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        let known = native_id.starts_with("ses_") || !native_id.starts_with('-');
        known.then(|| [self.program, "--session", native_id].map(str::to_owned).to_vec())
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        // Kilo's database was never tried.
        (self.id == OPENCODE.id).then_some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        let command: &[&str] =
            if self.program == KILO.program { &["kilo", "--prompt"] } else { &["opencode", "--prompt"] };
        Some(crate::Begin::with(command))
    }
}

/// What lies in a root.
enum RootKind {
    Databases,
    Storage,
    Projects,
}

fn kind_of(root: &Root) -> RootKind {
    match root.path.file_name().and_then(|name| name.to_str()) {
        Some(STORAGE) if root.recursive => RootKind::Storage,
        Some(PROJECT) if root.recursive => RootKind::Projects,
        _ => RootKind::Databases,
    }
}

/// Whether it is a database, by its name: `opencode.db`, `opencode-<channel>.db`, or what the variable names.
fn is_database(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["db", "sqlite", "sqlite3"].iter().any(|known| extension == *known))
}

/// Calls `each` with what lies in `folder`, and whether it is a folder. One that is absent is empty.
fn each_entry(folder: &Path, mut each: impl FnMut(&Path, bool)) -> Vec<Problem> {
    let problem = |error: &std::io::Error| Problem {
        record: 0,
        position: 0,
        reason: format!("cannot list {}: {error}", folder.display()),
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => return vec![problem(&error)],
    };
    let mut problems = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => {
                let path = entry.path();
                each(&path, path.is_dir());
            }
            Err(error) => problems.push(problem(&error)),
        }
    }
    problems
}
