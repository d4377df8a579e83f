//! Which files hold chats, judged by their names.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{Environment, Problem, Root, Source, SourceKind, database, lenient_json};

/// The database of a workspace.
const DATABASE: &str = "state.vscdb";
/// The folder of chats in a workspace's folder.
const CHATS: &str = "chatSessions";
/// The folders of chats of windows without a folder, and of those that are on their way to another.
const EMPTY: [&str; 2] = ["emptyWindowChatSessions", "transferredChatSessions"];
/// The extension's folder in a workspace's.
const EXTENSION: &str = "GitHub.copilot-chat";
/// A `workspace.json` longer than this is not one.
const LONGEST: u64 = 1 << 20;

/// What a file is.
pub(super) enum Place {
    /// A chat.
    Session(Source),
    /// A database.
    Container(PathBuf),
}

/// The folders in which chats may be.
pub(super) fn roots(environment: &Environment) -> Vec<Root> {
    let mut users = environment.vscode_user_folders(&["Code", "Code - Insiders", "VSCodium", "Code - OSS"]);
    users.extend(environment.path_variable("VSCODE_PORTABLE").map(|folder| folder.join("user-data/User")));
    for server in [".vscode-server", ".vscode-server-insiders"] {
        users.push(environment.home.join(server).join("data/User"));
    }
    let mut roots = Vec::new();
    for user in users {
        roots.push(Root { path: user.join("workspaceStorage"), recursive: true });
        for name in EMPTY {
            roots.push(Root { path: user.join("globalStorage").join(name), recursive: false });
        }
        roots.push(Root { path: user.join("profiles"), recursive: true });
    }
    roots
}

/// What `path` is, below `root`. The log of a database stands for the database.
pub(super) fn judge(root: &Root, path: &Path) -> Option<Place> {
    let path = database::of_file(path);
    let below = names(root, &path)?;
    match (kind(root)?, below.as_slice()) {
        ("workspaceStorage", inner @ [_, ..]) | ("profiles", [_, "workspaceStorage", inner @ ..]) => {
            in_workspace(&path, inner)
        }
        ("profiles", [_, "globalStorage", folder, name]) if EMPTY.contains(folder) => chat(&path, name),
        (folder, [name]) if EMPTY.contains(&folder) => chat(&path, name),
        _ => None,
    }
}

fn in_workspace(path: &Path, below: &[&str]) -> Option<Place> {
    match below {
        [_, DATABASE] => Some(Place::Container(path.to_owned())),
        [_, CHATS, name] => chat(path, name),
        [_, EXTENSION, "transcripts", name] => {
            let id = name.strip_suffix(".jsonl")?;
            Some(Place::Session(source(path, SourceKind::Lines, id)))
        }
        _ => None,
    }
}

fn chat(path: &Path, name: &str) -> Option<Place> {
    let id = name.strip_suffix(".jsonl").or_else(|| name.strip_suffix(".json"))?;
    Some(Place::Session(source(path, SourceKind::Rows, id)))
}

fn source(path: &Path, kind: SourceKind, id: &str) -> Source {
    Source { path: path.to_owned(), kind, native_id: id.to_owned(), parent: None, side_files: Vec::new(), version: 0 }
}

/// The folder of the workspace that a chat or a database lies in.
pub(super) fn folder(path: &Path) -> Option<String> {
    let above = path.ancestors().skip(1).take(3);
    let file = above.map(|folder| folder.join("workspace.json")).find(|file| file.is_file())?;
    if fs::metadata(&file).ok()?.len() > LONGEST {
        return None;
    }
    let value: Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    lenient_json::text(&value, "folder").map(lenient_json::path_of_uri)
}

/// Whether anything in the folder of these names below a root of that kind matters.
fn descends(kind: &str, below: &[&str]) -> bool {
    let in_workspace = |below: &[&str]| matches!(below, [_] | [_, CHATS | EXTENSION] | [_, EXTENSION, "transcripts"]);
    match (kind, below) {
        ("workspaceStorage", below) => in_workspace(below),
        ("profiles", [_] | [_, "workspaceStorage" | "globalStorage"]) => true,
        ("profiles", [_, "workspaceStorage", below @ ..]) => in_workspace(below),
        ("profiles", [_, "globalStorage", folder]) => EMPTY.contains(folder),
        _ => false,
    }
}

fn kind(root: &Root) -> Option<&str> {
    root.path.file_name()?.to_str()
}

fn names<'a>(root: &Root, path: &'a Path) -> Option<Vec<&'a str>> {
    path.strip_prefix(&root.path).ok()?.iter().map(|name| name.to_str()).collect()
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
            match entry {
                Ok(entry) => self.entry(&entry.path()),
                Err(error) => self.problem(folder, &error),
            }
        }
    }

    fn entry(&mut self, path: &Path) {
        if path.is_dir() {
            let matters =
                kind(self.root).zip(names(self.root, path)).is_some_and(|(kind, below)| descends(kind, &below));
            // The depth is bounded by the names; a link is followed once.
            if matters && (!path.is_symlink() || path.canonicalize().is_ok_and(|target| self.followed.insert(target))) {
                self.folder(path);
            }
        } else if let Some(place) = judge(self.root, path) {
            let itself = match &place {
                Place::Container(container) => container == path,
                Place::Session(_) => true,
            };
            if itself {
                (self.found)(place);
            }
        }
    }

    fn problem(&mut self, folder: &Path, error: &io::Error) {
        let reason = format!("cannot list {}: {error}", folder.display());
        self.problems.push(Problem { record: 0, position: 0, reason });
    }
}
