//! Where transcripts lie. Only names are looked at: no file is opened, and directories tell what their entries are.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, DirEntry, FileType},
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
};

use opensession_hail::Relation;

use crate::{Environment, Platform, Problem, Root, Source, SourceKind};

/// Windows homes that are looked at, at most.
const WINDOWS_HOMES: usize = 64;

/// The folders that may hold transcripts: `projects` below each place where Claude Code keeps its files.
pub(super) fn roots(environment: &Environment) -> Vec<Root> {
    let home = &environment.home;
    let mut bases = Vec::new();
    // Claude Code takes one directory, others who read its files take a list.
    for part in environment.variable("CLAUDE_CONFIG_DIR").unwrap_or_default().split(',') {
        let part = part.trim();
        match part.strip_prefix("~/") {
            Some(rest) => bases.push(home.join(rest)),
            None if part == "~" => bases.push(home.clone()),
            None if !part.is_empty() => bases.push(PathBuf::from(part)),
            None => {}
        }
    }
    bases.push(home.join(".claude"));
    bases.push(home.join(".config/claude"));
    if environment.platform == Platform::Wsl {
        bases.extend(windows_homes(Path::new("/mnt/c/Users")).into_iter().map(|home| home.join(".claude")));
    }
    let mut seen = BTreeSet::new();
    bases.retain(|base| seen.insert(base.clone()));
    bases.into_iter().map(|base| Root { path: base.join("projects"), recursive: true }).collect()
}

fn windows_homes(users: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(users) else { return Vec::new() };
    let mut homes: Vec<PathBuf> = entries.flatten().take(WINDOWS_HOMES).map(|entry| entry.path()).collect();
    homes.sort();
    homes
}

/// Names every transcript below `root`.
pub(super) fn find(root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
    let mut walk = Walk { found, problems: Vec::new() };
    let mut linked = BTreeSet::new();
    walk.each(&root.path, |walk, project, kind| {
        let path = project.path();
        if kind.is_dir() || kind.is_symlink() && leads_out(&path, &root.path, &mut linked) {
            walk.project(&path);
        }
    });
    walk.problems
}

struct Walk<'a> {
    found: &'a mut dyn FnMut(Source),
    problems: Vec<Problem>,
}

impl Walk<'_> {
    /// Calls `with` for every entry of a folder.
    fn each(&mut self, folder: &Path, mut with: impl FnMut(&mut Self, &DirEntry, FileType)) {
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
            Err(error) => return self.problem(folder, &error),
        };
        for entry in entries {
            match entry.and_then(|entry| entry.file_type().map(|kind| (entry, kind))) {
                Ok((entry, kind)) => with(self, &entry, kind),
                Err(error) => self.problem(folder, &error),
            }
        }
    }

    fn problem(&mut self, folder: &Path, error: &io::Error) {
        let reason = format!("cannot read the folder {}: {error}", folder.display());
        self.problems.push(Problem { record: 0, position: 0, reason });
    }

    /// A project's folder: transcripts, and for each perhaps a folder of the same name.
    fn project(&mut self, folder: &Path) {
        let mut sessions = Vec::new();
        self.each(folder, |walk, entry, kind| {
            let name = entry.file_name();
            if let Some(stem) = transcript_stem(&name) {
                if !kind.is_dir() && !is_second_of_twins(&name, folder, stem) {
                    (walk.found)(transcript(folder, stem));
                }
            } else if kind.is_dir() && is_session_id(&name) {
                sessions.push(name);
            }
        });
        for session in sessions {
            let parent = session.to_string_lossy();
            let folder = folder.join(&session).join("subagents");
            if self.subagents(&folder, &parent) {
                self.each(&folder.join("workflows"), |walk, entry, kind| {
                    if kind.is_dir() {
                        walk.subagents(&entry.path(), &parent);
                    }
                });
            }
        }
    }

    /// A folder of sub-agents. Returns whether it holds a folder of workflows.
    fn subagents(&mut self, folder: &Path, parent: &str) -> bool {
        let mut has_workflows = false;
        self.each(folder, |walk, entry, kind| {
            let name = entry.file_name();
            if let Some(stem) = transcript_stem(&name)
                && stem.starts_with("agent-")
                && !kind.is_dir()
                && !is_second_of_twins(&name, folder, stem)
            {
                (walk.found)(subagent(folder, stem, parent));
            } else {
                has_workflows |= kind.is_dir() && name == "workflows";
            }
        });
        has_workflows
    }
}

/// The source that a changed file belongs to.
pub(super) fn source_at(root: &Root, path: &Path) -> Option<Source> {
    let below: Vec<&str> = path
        .strip_prefix(&root.path)
        .ok()?
        .components()
        .map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect::<Option<_>>()?;
    let folder = path.parent()?;
    match below.as_slice() {
        [_, name] => transcript_stem(OsStr::new(name)).map(|stem| transcript(folder, stem)),
        [_, session, "subagents", name] | [_, session, "subagents", "workflows", _, name] => {
            let stem = name.strip_suffix(".meta.json").or_else(|| transcript_stem(OsStr::new(name)))?;
            (stem.starts_with("agent-") && is_session_id(OsStr::new(session))).then(|| subagent(folder, stem, session))
        }
        _ => None,
    }
}

/// Whether a link leads to a folder that the walk does not come to otherwise.
fn leads_out(link: &Path, root: &Path, linked: &mut BTreeSet<PathBuf>) -> bool {
    let (Ok(target), Ok(root)) = (fs::canonicalize(link), fs::canonicalize(root)) else { return false };
    target.is_dir() && !target.starts_with(&root) && !root.starts_with(&target) && linked.insert(target)
}

/// The name without its ending, when it is one of a transcript, compressed or not.
fn transcript_stem(name: &OsStr) -> Option<&str> {
    let name = name.to_str()?;
    let stem = name.strip_suffix(".zst").unwrap_or(name).strip_suffix(".jsonl")?;
    (!stem.is_empty() && !stem.starts_with('.')).then_some(stem)
}

/// Whether it is compressed and stands beside a plain one, which is found by itself.
fn is_second_of_twins(name: &OsStr, folder: &Path, stem: &str) -> bool {
    name.as_encoded_bytes().ends_with(b".zst") && folder.join(format!("{stem}.jsonl")).exists()
}

/// Folders of other names (`memory`, …) hold no sub-agents.
fn is_session_id(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.len() >= 32 && name.contains('-'))
}

/// A transcript in a project's folder. Sub-agents of version 2.0 lie there too; only their records tell the parent.
fn transcript(folder: &Path, stem: &str) -> Source {
    Source {
        path: folder.join(format!("{stem}.jsonl")),
        kind: SourceKind::Lines,
        native_id: stem.strip_prefix("agent-").unwrap_or(stem).to_owned(),
        parent: None,
        side_files: Vec::new(),
        version: 0,
    }
}

fn subagent(folder: &Path, stem: &str, parent: &str) -> Source {
    Source {
        parent: Some((parent.to_owned(), Relation::Subagent)),
        side_files: vec![folder.join(format!("{stem}.meta.json"))],
        version: 0,
        ..transcript(folder, stem)
    }
}
