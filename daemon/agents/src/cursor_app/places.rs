//! Which files hold sessions, judged by their names.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Component, Path, PathBuf},
};

use opensession_hail::Relation;

use crate::{Environment, Platform, Problem, Root, Source, SourceKind, database};

/// The editor's database, of all its windows or of one folder.
const DATABASE: &str = "state.vscdb";
/// The database of one session of the command line program.
const STORE: &str = "store.db";
/// The folder of transcripts in a project's folder.
const TRANSCRIPTS: &str = "agent-transcripts";
/// Where in a project's folder the path of the project stands.
pub(super) const TRUSTED: &str = ".workspace-trusted";

/// What a file is.
pub(super) enum Place {
    /// A transcript, one session.
    Transcript(Source),
    /// A database.
    Container(PathBuf),
}

/// The folders in which sessions may be.
pub(super) fn roots(environment: &Environment) -> Vec<Root> {
    let mut roots = Vec::new();
    let mut users = environment.vscode_user_folders(&["Cursor", "Cursor Nightly"]);
    users.extend(environment.path_variable("VSCODE_PORTABLE").map(|folder| folder.join("user-data/User")));
    for user in users {
        roots.push(Root { path: user.join("globalStorage"), recursive: false });
        roots.push(Root { path: user.join("workspaceStorage"), recursive: true });
        roots.push(Root { path: user.join("profiles"), recursive: true });
    }
    let home = environment.path_variable("CURSOR_CONFIG_DIR").unwrap_or_else(|| environment.home.join(".cursor"));
    let windows = environment.windows_homes().into_iter().map(|home| home.join(".cursor"));
    for home in std::iter::once(home).chain(windows) {
        roots.push(Root { path: home.join("projects"), recursive: true });
        roots.push(Root { path: home.join("chats"), recursive: true });
    }
    if environment.platform != Platform::MacOs {
        roots.push(Root { path: environment.config_home().join("cursor/chats"), recursive: true });
    }
    roots
}

/// Whether the container is one of the command line program's.
pub(super) fn is_store(container: &Path) -> bool {
    container.file_name().is_some_and(|name| name == STORE)
}

/// Whether the container is the database of one folder.
pub(super) fn is_of_workspace(container: &Path) -> bool {
    let storage = container.parent().and_then(Path::parent).and_then(Path::file_name);
    !is_store(container) && storage.is_some_and(|name| name == "workspaceStorage")
}

/// The `User` folder (or a profile's) that a database of the editor's belongs to.
pub(super) fn user_folder(container: &Path) -> Option<&Path> {
    container.ancestors().nth(if is_of_workspace(container) { 3 } else { 2 })
}

/// What `path` is, below `root`. The log of a database stands for the database.
pub(super) fn judge(root: &Root, path: &Path) -> Option<Place> {
    let path = database::of_file(path);
    let below = names(root, &path)?;
    let container = || Some(Place::Container(path.clone()));
    match (kind(root)?, below.as_slice()) {
        ("globalStorage", [DATABASE]) | ("workspaceStorage", [_, DATABASE]) => container(),
        ("profiles", [_, "globalStorage", DATABASE] | [_, "workspaceStorage", _, DATABASE]) => container(),
        ("chats", [_, STORE] | [_, _, STORE] | [_, _, _, STORE]) => container(),
        ("chats", [_, "meta.json"] | [_, _, "meta.json"] | [_, _, _, "meta.json"]) => {
            Some(Place::Container(path.with_file_name(STORE)))
        }
        ("projects", [project, TRANSCRIPTS, rest @ ..]) => {
            transcript(&root.path.join(project), &path, rest).map(Place::Transcript)
        }
        _ => None,
    }
}

fn transcript(project: &Path, path: &Path, below: &[&str]) -> Option<Source> {
    let (name, parent) = match below {
        [name] | [_, name] => (name, None),
        [parent, "subagents", name] => (name, Some(((*parent).to_owned(), Relation::Subagent))),
        _ => return None,
    };
    let (stem, extension) = name.rsplit_once('.')?;
    let kind = match extension {
        "jsonl" => SourceKind::Lines,
        "txt" => SourceKind::Document,
        _ => return None,
    };
    Some(Source {
        path: path.to_owned(),
        kind,
        native_id: stem.to_owned(),
        parent,
        side_files: vec![project.join(TRUSTED)],
        version: 0,
    })
}

/// Whether anything in the folder of these names below a root of that kind matters.
fn descends(kind: &str, below: &[&str]) -> bool {
    matches!(
        (kind, below),
        ("workspaceStorage" | "projects", [_])
            | ("chats", [_] | [_, _] | [_, _, _])
            | ("profiles", [_] | [_, "globalStorage" | "workspaceStorage"] | [_, "workspaceStorage", _])
            | ("projects", [_, TRANSCRIPTS] | [_, TRANSCRIPTS, _] | [_, TRANSCRIPTS, _, "subagents"])
    )
}

fn kind(root: &Root) -> Option<&str> {
    root.path.file_name()?.to_str()
}

fn names<'a>(root: &Root, path: &'a Path) -> Option<Vec<&'a str>> {
    let below = path.strip_prefix(&root.path).ok()?;
    below
        .components()
        .map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect()
}

/// Names everything below `root`. Opens nothing.
pub(super) fn walk(root: &Root, found: &mut dyn FnMut(Place)) -> Vec<Problem> {
    let mut walk = Walk { root, found, problems: Vec::new(), followed: BTreeSet::new() };
    walk.folder(&root.path);
    walk.problems
}

struct Walk<'a> {
    root: &'a Root,
    found: &'a mut dyn FnMut(Place),
    problems: Vec<Problem>,
    followed: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return,
            Err(error) => return self.problem(folder, &error),
        };
        for entry in entries {
            let path = match entry {
                Ok(entry) => entry.path(),
                Err(error) => {
                    self.problem(folder, &error);
                    continue;
                }
            };
            if path.is_dir() {
                self.descend(&path);
            } else if let Some(place) = judge(self.root, &path) {
                let itself = match &place {
                    Place::Container(container) => *container == path,
                    Place::Transcript(_) => true,
                };
                if itself {
                    (self.found)(place);
                }
            }
        }
    }

    fn descend(&mut self, folder: &Path) {
        let Some(kind) = kind(self.root) else { return };
        if !names(self.root, folder).is_some_and(|below| descends(kind, &below)) {
            return;
        }
        // The depth is bounded by the names; a link is followed once.
        if !folder.is_symlink() || folder.canonicalize().is_ok_and(|target| self.followed.insert(target)) {
            self.folder(folder);
        }
    }

    fn problem(&mut self, folder: &Path, error: &io::Error) {
        let reason = format!("cannot list {}: {error}", folder.display());
        self.problems.push(Problem { record: 0, position: 0, reason });
    }
}
