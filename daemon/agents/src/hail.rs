//! HAIL files in a folder of our own: sessions that other programs wrote, of either dialect.
//!
//! Whoever writes a HAIL file below `$XDG_DATA_HOME/opensession/hail` has it kept and searched like any agent's session.
//! A file of this version is cut line by line as it grows; one of the older dialect is turned into lines of this
//! version, which are its rows.

mod derive;
mod table;

use std::{
    fs::{self, File},
    io::{self, BufReader, Read},
    path::Path,
};

pub(crate) use derive::Session;
pub(crate) use table::Table;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    lines, rows,
};

/// The agent.
pub struct Hail;

/// Folders are followed so deep.
const DEPTH: usize = 8;

impl Agent for Hail {
    fn id(&self) -> &'static str {
        "hail"
    }

    fn name(&self) -> &'static str {
        "HAIL files"
    }

    fn switch(&self) -> &'static str {
        "hail"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        vec![Root { path: environment.data_home().join("opensession/hail"), recursive: true }]
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        files(root, &is_hail, found)
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        source_at(root, path, &is_hail)
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        if is_of_this_version(&source.path)? {
            return lines::cut(source, cursor, limits, sink);
        }
        rows::cut_file(source, cursor, limits, sink, |bytes| Table::read(BufReader::new(&*bytes)))
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(Session::new(state)?))
    }

    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        None
    }
}

fn is_hail(name: &str) -> bool {
    [".hail.jsonl", ".jsonl", ".hail", ".hail.json"].iter().any(|ending| name.ends_with(ending))
        && !name.starts_with('.')
}

/// Whether the file begins like a header of `hail/0.1`; what cannot be told is left to the reader of lines, which says
/// what is wrong.
fn is_of_this_version(path: &Path) -> Result<bool, CutError> {
    let stat = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CutError::Gone,
        _ => CutError::Io(error),
    })?;
    if !stat.is_file() {
        return Err(CutError::Malformed("not a regular file".to_owned()));
    }
    let mut head = Vec::new();
    File::open(path)?.take(4096).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    Ok(!head.contains("hail-1.0"))
}

/// Names every file below `root` whose name `is_wanted`.
pub(crate) fn files(root: &Root, is_wanted: &dyn Fn(&str) -> bool, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut folders = vec![(root.path.clone(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                let reason = format!("cannot list {}: {error}", folder.display());
                problems.push(Problem { record: 0, position: 0, reason });
                continue;
            }
        };
        for entry in entries.filter_map(Result::ok) {
            let Ok(kind) = entry.file_type() else { continue };
            // A link to a folder may lead back into the walk.
            if kind.is_dir() && root.recursive && depth < DEPTH {
                folders.push((entry.path(), depth + 1));
            } else if !kind.is_dir()
                && let Some(source) = source_at(root, &entry.path(), is_wanted)
            {
                found(source);
            }
        }
    }
    problems
}

/// The source that a file is, named by its path below the root.
pub(crate) fn source_at(root: &Root, path: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Option<Source> {
    let below = path.strip_prefix(&root.path).ok()?.to_str()?;
    is_wanted(path.file_name()?.to_str()?).then(|| Source {
        path: path.to_owned(),
        kind: SourceKind::Rows,
        native_id: below.to_owned(),
        parent: None,
        side_files: Vec::new(),
        version: 0,
    })
}

#[cfg(test)]
mod tests;
