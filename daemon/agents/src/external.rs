//! Readers that users configure: a program that prints as HAIL what one of its agent's files holds.
//!
//! For a matching file that changed, the command is run with the file's path as its last argument. What it prints on its
//! standard output is read as HAIL of either dialect and becomes the rows of the session; what it prints on its standard
//! error is told when it fails.

mod run;

use std::{
    fs,
    io::{self, BufReader},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub use run::Bounds;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, StateError, hail, rows,
};

/// What a user configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The agent's id, in lower case with dashes: `my-agent`.
    pub name: String,
    /// The program and its first arguments.
    pub command: Vec<String>,
    /// Folders with its files; `~/` is the home directory.
    pub roots: Vec<String>,
    /// The files' names, `*` standing for anything: `*.log`.
    pub pattern: String,
}

/// An agent that is read by a program.
#[derive(Debug)]
pub struct External {
    /// Ids of agents live as long as the process; see [`crate::registry`].
    id: &'static str,
    switch: &'static str,
    reader: Reader,
    bounds: Bounds,
}

impl External {
    /// The agent of a reader. Its id is leaked: readers are configured once for a process.
    pub fn new(reader: Reader, bounds: Bounds) -> Self {
        let id: &'static str = reader.name.clone().leak();
        let switch: &'static str = reader.name.replace('-', "_").leak();
        Self { id, switch, reader, bounds }
    }

    fn is_wanted(&self, name: &str) -> bool {
        matches(&self.reader.pattern, name)
    }
}

impl Agent for External {
    fn id(&self) -> &'static str {
        self.id
    }

    fn name(&self) -> &'static str {
        self.id
    }

    fn switch(&self) -> &'static str {
        self.switch
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let path = |root: &String| match root.strip_prefix('~') {
            Some(rest) => environment.home.join(rest.trim_start_matches('/')),
            None => PathBuf::from(root),
        };
        self.reader.roots.iter().map(|root| Root { path: path(root), recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        hail::files(root, &|name| self.is_wanted(name), found)
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        hail::source_at(root, path, &|name| self.is_wanted(name))
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        let before = stamp(&source.path)?;
        if let Some(cursor) = cursor
            && before == (cursor.identity, cursor.size, cursor.modified_ns)
        {
            return Ok(Cut { cursor: cursor.clone(), restarted: false, more: false });
        }
        let output = run::run(&self.reader.command, &source.path, self.bounds)?;
        let mut table = hail::Table::read(BufReader::new(&*output))?;
        if table.is_empty() {
            return Err(CutError::Malformed(format!("`{}` printed no HAIL", self.reader.command.join(" "))));
        }
        if stamp(&source.path)? != before {
            return Err(CutError::Busy("the file changed while it was read".to_owned()));
        }
        // All that was printed is taken at once: the program would have to be run again for the rest.
        let limits = Limits { bytes: u64::MAX, ..*limits };
        let mut cut = rows::cut(source, cursor, &limits, sink, &mut table)?;
        (cut.cursor.identity, cut.cursor.size, cut.cursor.modified_ns) = before;
        Ok(cut)
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(hail::Session::new(state)?))
    }

    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        None
    }
}

type Stamp = ((u64, u64), u64, i64);

fn stamp(path: &Path) -> Result<Stamp, CutError> {
    let stat = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => CutError::Gone,
        _ => CutError::Io(error),
    })?;
    if !stat.is_file() {
        return Err(CutError::Malformed("not a regular file".to_owned()));
    }
    let modified_ns = stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec());
    Ok(((stat.dev(), stat.ino()), stat.len(), modified_ns))
}

/// Whether `name` is what `pattern` says, `*` standing for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut rest) = name.strip_prefix(head) else { return false };
    let mut between: Vec<&str> = tail.split('*').collect();
    let end = between.pop().unwrap_or_default();
    for part in between {
        // The first place leaves the most for what follows.
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests;
