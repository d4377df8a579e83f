//! Where sessions lie: roots hold sources, a source holds the records of one session (or, a database, of many).

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use opensession_hail::Relation;

use crate::Problem;

/// A folder that holds an agent's sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The folder.
    pub path: PathBuf,
    /// Whether changes anywhere below it matter, or only directly in it.
    pub recursive: bool,
}

/// Something with the records of one session in it: a file, or one session of a [container](crate::Agent::containers).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file. Where a file has a compressed twin this is the plain one's name: both are one source. For a session in
    /// a container it is the container's path, `#` and the native id, which together name it: see [`Source::file`].
    pub path: PathBuf,
    /// How its records are cut.
    pub kind: SourceKind,
    /// The agent's own id of the session, as the path tells it. A reader may learn a better one from the records
    /// ([`crate::Facts::native_id`]).
    pub native_id: String,
    /// The native id of the parent, where the path tells it.
    pub parent: Option<(String, Relation)>,
    /// Small files beside it that tell more of the session. They are read whole, before the records, when they changed.
    pub side_files: Vec<PathBuf>,
    /// For a session in a container: another number whenever its records may have changed, a time in milliseconds
    /// where there is one. Zero for files, whose size and time tell it.
    pub version: u64,
}

impl Source {
    /// The session `native_id` in `container`.
    pub fn contained(container: &Path, kind: SourceKind, native_id: impl Into<String>, version: u64) -> Source {
        let native_id = native_id.into();
        let mut path = container.as_os_str().to_owned();
        path.push("#");
        path.push(&native_id);
        Source { path: path.into(), kind, native_id, parent: None, side_files: Vec::new(), version }
    }

    /// The container it lies in; `None` for a file of its own.
    pub fn container(&self) -> Option<&Path> {
        if !matches!(self.kind, SourceKind::Rows | SourceKind::Section) {
            return None;
        }
        let path = self.path.as_os_str().as_bytes();
        let path = path.strip_suffix(self.native_id.as_bytes())?.strip_suffix(b"#")?;
        Some(Path::new(OsStr::from_bytes(path)))
    }

    /// The file to open: the container's, for a session in one.
    pub fn file(&self) -> &Path {
        self.container().unwrap_or(&self.path)
    }
}

/// How a source's records are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Lines appended to a file; a record is a line with its terminator. A `.zst` twin may stand in for it.
    Lines,
    /// A file that is written anew each time; its record is the whole file.
    Document,
    /// Rows of a database, or elements of a document or small files taken for rows; a record is one of them as a line
    /// of JSON ([`crate::rows`]).
    Rows,
    /// A run of the lines of a file that holds several sessions; a record is a line with its terminator.
    Section,
}

/// What a listing of a container told beside the sessions it named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// All sessions were named: those that were not are gone.
    pub whole: bool,
    /// Where the listing stands, for the next one. Empty where there is nothing to go on from.
    pub mark: Vec<u8>,
    /// Sessions in which nothing was ever said; they were not named.
    pub drafts: u64,
    /// What could not be read.
    pub problems: Vec<Problem>,
}
