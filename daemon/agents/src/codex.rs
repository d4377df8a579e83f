//! Codex: rollouts below `$CODEX_HOME` or `~/.codex`, in all the forms they have had.
//!
//! Almost everything is written twice, once as it went to the model and once as the person was shown it, and which of
//! the two is there changed from version to version. Of each thing the half that comes first is taken, its twin is
//! recognised and dropped; so the reader needs to know neither the version nor what comes later.

mod calls;
mod image;
mod index;
mod messages;
mod output;
pub(crate) mod patch;
mod prompt;
mod record;
mod rollout;
pub(crate) mod shell;
mod state;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use state::{Ids, hash_debug, hash_id, hash_words};

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Platform, Problem, Root, Sink, Source, SourceKind,
    StateError, document, lines,
};

/// The agent.
pub struct Codex;

/// The file of thread names, beside the folders of rollouts.
const INDEX: &str = "session_index.jsonl";
/// The native id of the source that it is.
const INDEX_ID: &str = "session_index";
/// `sessions/YYYY/MM/DD` is three deep; whoever links more below is followed so far.
const DEPTH: usize = 8;

impl Agent for Codex {
    fn id(&self) -> &'static str {
        "codex"
    }

    fn name(&self) -> &'static str {
        "Codex"
    }

    fn switch(&self) -> &'static str {
        "codex"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut homes = vec![match environment.path_variable("CODEX_HOME") {
            Some(home) => home,
            None => environment.home.join(".codex"),
        }];
        if environment.platform == Platform::Wsl {
            homes.extend(windows_homes(Path::new("/mnt/c/Users")));
        }
        homes.dedup();
        homes
            .into_iter()
            .flat_map(|home| {
                [
                    Root { path: home.join("sessions"), recursive: true },
                    Root { path: home.join("archived_sessions"), recursive: false },
                    Root { path: home, recursive: false },
                ]
            })
            .collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let mut walk = Walk { root, found, problems: Vec::new(), followed: BTreeSet::new() };
        walk.folder(&root.path, 0);
        walk.problems
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let below = path.strip_prefix(&root.path).ok()?;
        let direct = below.components().count() == 1;
        if !root.recursive && !direct {
            return None;
        }
        source_named(path.parent()?, path.file_name()?.to_str()?, direct)
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        match source.kind {
            SourceKind::Lines => lines::cut(source, cursor, limits, sink),
            SourceKind::Document => document::cut(source, cursor, limits, sink),
            SourceKind::Rows | SourceKind::Section => Err(CutError::Malformed("not a rollout".to_owned())),
        }
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        if source.native_id == INDEX_ID {
            return Ok(Box::new(index::Index::new(state)?));
        }
        let whole = source.kind == SourceKind::Document;
        Ok(Box::new(rollout::Rollout::new(&source.native_id, whole, state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        is_uuid(native_id).then(|| ["codex", "resume", native_id].map(str::to_owned).to_vec())
    }

    fn writer(&self) -> Option<&dyn crate::write::Writer> {
        Some(self)
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::with(&["codex"]))
    }
}

/// The homes of Codex in the Windows users' folders.
fn windows_homes(users: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(users) else { return Vec::new() };
    let mut homes: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path().join(".codex")).filter(|home| home.is_dir()).collect();
    homes.sort();
    homes
}

struct Walk<'a> {
    root: &'a Root,
    found: &'a mut dyn FnMut(Source),
    problems: Vec<Problem>,
    followed: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
            Err(error) => return self.problem(folder, &error),
        };
        let mut compressed: Vec<String> = Vec::new();
        let mut plain: BTreeSet<String> = BTreeSet::new();
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.problem(folder, &error);
                    continue;
                }
            };
            let Ok(kind) = entry.file_type() else { continue };
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            if kind.is_dir() {
                self.descend(&entry.path(), depth);
                continue;
            }
            if kind.is_symlink() && entry.path().is_dir() {
                self.follow(&entry.path(), depth);
                continue;
            }
            if let Some(stem) = name.strip_suffix(".zst") {
                compressed.push(stem.to_owned());
            } else if let Some(source) = source_named(folder, name, depth == 0) {
                plain.insert(name.to_owned());
                (self.found)(source);
            }
        }
        for stem in compressed.into_iter().filter(|stem| !plain.contains(stem)) {
            if let Some(source) = source_named(folder, &format!("{stem}.zst"), depth == 0) {
                (self.found)(source);
            }
        }
    }

    fn descend(&mut self, folder: &Path, depth: usize) {
        if self.root.recursive && depth < DEPTH {
            self.folder(folder, depth + 1);
        }
    }

    /// Follows a link to a folder, unless it leads back into the walk or was followed already.
    fn follow(&mut self, link: &Path, depth: usize) {
        if !self.root.recursive {
            return;
        }
        let (Ok(target), Ok(root)) = (link.canonicalize(), self.root.path.canonicalize()) else { return };
        if !target.starts_with(&root) && !root.starts_with(&target) && self.followed.insert(target) {
            self.descend(link, depth);
        }
    }

    fn problem(&mut self, folder: &Path, error: &std::io::Error) {
        let reason = format!("cannot list {}: {error}", folder.display());
        self.problems.push(Problem { record: 0, position: 0, reason });
    }
}

/// The source of that name in `folder`, which is a root itself when `direct`.
fn source_named(folder: &Path, name: &str, direct: bool) -> Option<Source> {
    if name == INDEX && direct {
        return Some(source(folder.join(name), SourceKind::Lines, INDEX_ID.to_owned()));
    }
    let stem = name.strip_prefix("rollout-")?;
    if let Some(stem) = stem.strip_suffix(".json") {
        return Some(source(folder.join(name), SourceKind::Document, native_id(stem)));
    }
    let plain = name.strip_suffix(".zst").unwrap_or(name);
    let stem = stem.strip_suffix(".zst").unwrap_or(stem).strip_suffix(".jsonl")?;
    Some(source(folder.join(plain), SourceKind::Lines, native_id(stem)))
}

fn source(path: PathBuf, kind: SourceKind, native_id: String) -> Source {
    Source { path, kind, native_id, parent: None, side_files: Vec::new(), version: 0 }
}

/// The id in `2026-11-22T06-44-41-<uuid>` or `2025-05-07-<uuid>`; all of it when there is none.
fn native_id(stem: &str) -> String {
    let tail = stem.len().checked_sub(36).and_then(|at| stem.get(at..)).filter(|tail| is_uuid(tail));
    tail.unwrap_or(stem).to_owned()
}

/// Whether `text` has the form of a UUID.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
