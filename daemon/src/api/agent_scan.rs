//! `agent/scan`

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use jsonrpsee::core::RpcResult;
use opensession_protocol::{Scanned, ScannedProject};

use super::errors;
use crate::{
    engine::Engine,
    ingest::{Commit, Signal},
};

/// Folders looked into at most.
const FOLDERS_MOST: u64 = 200_000;
/// How deep below the folder that was named.
const DEPTH: usize = 12;
/// How long at most.
const TIME: Duration = Duration::from_mins(1);
/// Folders that hold no projects, and many files.
const PASSED_BY: &[&str] =
    &[".git", ".hg", ".svn", "node_modules", "target", "venv", ".venv", "__pycache__", ".cache", ".cargo", ".rustup"];

pub(super) fn answer(engine: &Engine, path: &str) -> RpcResult<Scanned> {
    let folder = Path::new(path);
    if !folder.is_absolute() {
        return Err(errors::bad_value(format!("{path} is not an absolute path"), "give the whole path"));
    }
    let listed = fs::read_dir(folder);
    if let Err(error) = listed {
        return Err(errors::bad_value(format!("cannot list {path}: {error}"), "name a folder that can be read"));
    }
    let (mut scanned, mut projects) = scan(folder);
    let known: HashSet<PathBuf> =
        engine.texts.with_reader(|reader| reader.projects()).map_err(errors::store)?.into_iter().collect();
    for project in &mut scanned.projects {
        project.is_new = !known.contains(Path::new(&project.path));
    }
    projects.retain(|project| !known.contains(project));
    if !projects.is_empty() {
        let (reply, kept) = crossbeam_channel::bounded(1);
        engine.commit(Commit::KeepProjects(projects, reply));
        kept.recv().map_err(|_| errors::ending())?.map_err(errors::store)?;
        let (reply, read) = crossbeam_channel::bounded(1);
        engine.signal(Signal::Rescan(Some(reply)));
        read.recv().map_err(|_| errors::ending())?;
    }
    Ok(scanned)
}

/// Looks through a folder, level by level, and follows no links. Gives the folders to remember, too.
fn scan(folder: &Path) -> (Scanned, Vec<PathBuf>) {
    let deadline = Instant::now() + TIME;
    let marks: Vec<(&str, &[&str])> = opensession_agents::registry::agents()
        .iter()
        .map(|agent| (agent.id(), agent.project_marks()))
        .filter(|(_, marks)| !marks.is_empty())
        .collect();
    let mut scanned = Scanned::default();
    let mut projects = Vec::new();
    let mut waiting = VecDeque::from([(folder.to_owned(), 0)]);
    while let Some((folder, depth)) = waiting.pop_front() {
        if scanned.folders >= FOLDERS_MOST || Instant::now() > deadline {
            scanned.incomplete = true;
            break;
        }
        scanned.folders += 1;
        let agents: BTreeSet<&str> = marks
            .iter()
            .filter(|(_, marks)| marks.iter().any(|mark| folder.join(mark).exists()))
            .map(|(agent, _)| *agent)
            .collect();
        let is_repository = folder.join(".git").exists();
        scanned.repositories += u64::from(is_repository);
        if is_repository || !agents.is_empty() {
            projects.push(folder.clone());
        }
        if !agents.is_empty() {
            scanned.projects.push(ScannedProject {
                path: folder.display().to_string(),
                agents: agents.into_iter().map(str::to_owned).collect(),
                is_new: true,
            });
        }
        // A folder that cannot be listed holds nothing that could be read.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let name = entry.file_name();
            if is_folder && depth < DEPTH && !PASSED_BY.iter().any(|passed_by| name == *passed_by) {
                waiting.push_back((entry.path(), depth + 1));
            }
        }
    }
    (scanned, projects)
}
