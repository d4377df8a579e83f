//! Walking an agent's folders, by names alone.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::Problem;

/// Calls `found` with the folder and the name of each file below `root`, at most `depth` folders deep. A link to a
/// folder elsewhere is followed once. A folder that cannot be listed is a problem, one that is not there is none.
pub(crate) fn files(root: &Path, depth: usize, found: &mut dyn FnMut(&Path, &str)) -> Vec<Problem> {
    let mut walk = Walk { root, found, problems: Vec::new(), followed: BTreeSet::new() };
    walk.folder(root, depth);
    walk.problems
}

struct Walk<'a> {
    root: &'a Path,
    found: &'a mut dyn FnMut(&Path, &str),
    problems: Vec<Problem>,
    followed: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return,
            Err(error) => return self.problem(folder, &error),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.problem(folder, &error);
                    continue;
                }
            };
            let Ok(kind) = entry.file_type() else { continue };
            let (path, name) = (entry.path(), entry.file_name());
            let Some(name) = name.to_str() else { continue };
            if kind.is_dir() || kind.is_symlink() && path.is_dir() {
                if depth > 0 && (kind.is_dir() || self.leads_elsewhere(&path)) {
                    self.folder(&path, depth - 1);
                }
            } else {
                (self.found)(folder, name);
            }
        }
    }

    fn leads_elsewhere(&mut self, link: &Path) -> bool {
        let (Ok(target), Ok(root)) = (link.canonicalize(), self.root.canonicalize()) else { return false };
        !target.starts_with(&root) && !root.starts_with(&target) && self.followed.insert(target)
    }

    fn problem(&mut self, folder: &Path, error: &io::Error) {
        let reason = format!("cannot list {}: {error}", folder.display());
        self.problems.push(Problem { record: 0, position: 0, reason });
    }
}

/// The folders directly in `root`, links to folders too. One that cannot be listed is told to `problems`.
pub(crate) fn folders(root: &Path, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = match fs::read_dir(root) {
        Ok(entries) => entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).collect(),
        Err(error) => {
            if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                let reason = format!("cannot list {}: {error}", root.display());
                problems.push(Problem { record: 0, position: 0, reason });
            }
            Vec::new()
        }
    };
    folders.sort();
    folders
}

/// The names between `root` and `path`; `None` where `path` is not below it, or is named by something else than UTF-8.
pub(crate) fn names_below<'p>(root: &Path, path: &'p Path) -> Option<Vec<&'p str>> {
    path.strip_prefix(root).ok()?.iter().map(|name| name.to_str()).collect()
}
