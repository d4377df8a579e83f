//! Where sessions lie: roots hold sources, a source holds the records of one session (or, a database, of many).

use std::path::PathBuf;

use opensession_hail::Relation;

/// A folder that holds an agent's sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The folder.
    pub path: PathBuf,
    /// Whether changes anywhere below it matter, or only directly in it.
    pub recursive: bool,
}

/// Something with records in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file. Where a file has a compressed twin this is the plain one's name: both are one source.
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
}

/// How a source's records are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Lines appended to a file; a record is a line with its terminator. A `.zst` twin may stand in for it.
    Lines,
    /// A file that is written anew each time; its record is the whole file.
    Document,
    /// A database; a record is a row.
    Database,
}
