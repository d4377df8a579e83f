//! The JSON files of the first generations.
//!
//! The oldest form keeps a project's sessions in `session/{info,message,part}` below the project's own `storage`, with
//! parts below the session's name; the form after it has `session/<project>`, `message` and `part` side by side in one
//! `storage`. Files are written in place: one that cannot be parsed is half-written.

use std::{
    fs::{self, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    each_entry,
    layout::{Message, Part, Store},
};
use crate::{CutError, Listing, Source, SourceKind, rows::mark};

/// Longer files are not read.
const FILE_BYTES: u64 = 64 << 20;
/// The role stands among the first fields of a message.
const HEAD_BYTES: u64 = 4096;

/// Names the sessions in a `storage` folder.
pub(super) fn list(storage: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    if !storage.is_dir() {
        return Err(CutError::Gone);
    }
    let folders = Folders::of(storage);
    let mut listing = Listing { whole: true, ..Listing::default() };
    for folder in folders.sessions() {
        let problems = each_entry(&folder, |path, is_folder| {
            let Some(id) = stem(path).filter(|_| !is_folder) else { return };
            match version(&folders, path, &id) {
                Some(version) => found(Source::contained(storage, SourceKind::Rows, id, version)),
                None => listing.drafts += 1,
            }
        });
        listing.problems.extend(problems);
    }
    Ok(listing)
}

/// The time of the latest change of a session, judged by its last messages: files change only while they are new.
/// `None` where nothing was said in it.
fn version(folders: &Folders, session: &Path, id: &str) -> Option<u64> {
    let messages = names(&folders.messages(id));
    let mut latest = milliseconds(&fs::metadata(session).ok()?);
    let mut number = messages.len() as u64;
    let mut newer = |path: &Path| {
        latest = latest.max(fs::metadata(path).map_or(0, |stat| milliseconds(&stat)));
    };
    newer(&folders.messages(id));
    for message in messages.iter().rev().take(2) {
        newer(&folders.messages(id).join(format!("{message}.json")));
        let parts = folders.parts(id, message);
        newer(&parts);
        for part in names(&parts) {
            newer(&parts.join(format!("{part}.json")));
            number += 1;
        }
    }
    (!messages.is_empty()).then_some(latest + number % 1000)
}

/// The folders of a `storage`.
struct Folders {
    /// The folder that holds `message` and `part`.
    base: PathBuf,
    /// Parts lie below their session.
    oldest: bool,
}

impl Folders {
    fn of(storage: &Path) -> Self {
        let oldest = storage.join("session/info");
        if oldest.is_dir() {
            return Self { base: storage.join("session"), oldest: true };
        }
        Self { base: storage.to_owned(), oldest: false }
    }

    /// The folders that hold the sessions' own files.
    fn sessions(&self) -> Vec<PathBuf> {
        if self.oldest {
            return vec![self.base.join("info")];
        }
        let mut projects = Vec::new();
        // A folder that cannot be listed is told of when its container is.
        _ = each_entry(&self.base.join("session"), |path, is_folder| {
            if is_folder {
                projects.push(path.to_owned());
            }
        });
        projects.sort();
        projects
    }

    fn messages(&self, session: &str) -> PathBuf {
        self.base.join("message").join(session)
    }

    fn parts(&self, session: &str, message: &str) -> PathBuf {
        let parts = self.base.join("part");
        if self.oldest { parts.join(session).join(message) } else { parts.join(message) }
    }
}

/// The files of one session.
pub(super) struct Stored {
    folders: Folders,
    session: PathBuf,
    id: String,
    /// Ids of the messages, each with those of its parts.
    places: Vec<(String, Vec<String>)>,
}

impl Stored {
    /// Opens the session. One that is no more is gone.
    pub(super) fn open(storage: &Path, id: &str) -> Result<Self, CutError> {
        let folders = Folders::of(storage);
        let name = format!("{id}.json");
        let session = folders.sessions().into_iter().map(|folder| folder.join(&name)).find(|path| path.is_file());
        let session = session.ok_or(CutError::Gone)?;
        Ok(Self { folders, session, id: id.to_owned(), places: Vec::new() })
    }

    fn path(&self, message: usize, part: Option<usize>) -> Result<(PathBuf, &str, &str), CutError> {
        let gone = || CutError::Busy("the session changed while it was read".to_owned());
        let (message, parts) = self.places.get(message).ok_or_else(gone)?;
        Ok(match part {
            Some(part) => {
                let part = parts.get(part).ok_or_else(gone)?;
                (self.folders.parts(&self.id, message).join(format!("{part}.json")), part, message)
            }
            None => (self.folders.messages(&self.id).join(format!("{message}.json")), message, message),
        })
    }
}

impl Store for Stored {
    fn messages(&mut self) -> Result<Vec<(Message, Vec<Part>)>, CutError> {
        self.places.clear();
        let mut messages = Vec::new();
        for id in names(&self.folders.messages(&self.id)) {
            let path = self.folders.messages(&self.id).join(format!("{id}.json"));
            let Ok(stat) = fs::metadata(&path) else { continue };
            let folder = self.folders.parts(&self.id, &id);
            let part_ids = names(&folder);
            let parts = part_ids
                .iter()
                .map(|part| {
                    let stat = fs::metadata(folder.join(format!("{part}.json")));
                    Part { id: part.clone(), version: stat.map_or(0, |stat| stamp(&stat)) }
                })
                .collect();
            let is_user = is_users(&path)?;
            self.places.push((id.clone(), part_ids));
            messages.push((Message { id, version: stamp(&stat), is_user }, parts));
        }
        Ok(messages)
    }

    fn data(&mut self, message: usize, part: Option<usize>) -> Result<String, CutError> {
        let (path, ..) = self.path(message, part)?;
        Ok(String::from_utf8_lossy(&content(&path)?).into_owned())
    }

    fn write(&mut self, message: usize, part: Option<usize>, row: &str, json: &mut Vec<u8>) -> Result<(), CutError> {
        let data = self.data(message, part)?;
        let (_, id, message) = self.path(message, part)?;
        // Ids are those of the names: files that were moved may hold other ones.
        let object = serde_json::json!({ "row": row, "id": id, "message_id": message, "data": data });
        serde_json::to_writer(json, &object).expect("a text can be written into memory");
        Ok(())
    }

    fn session(&mut self) -> Result<Vec<u8>, CutError> {
        let json = content(&self.session)?;
        match serde_json::from_slice::<serde::de::IgnoredAny>(&json) {
            Ok(_) => Ok(json),
            Err(_) => Err(CutError::Busy("the session's file is half-written".to_owned())),
        }
    }
}

/// Names of the JSON files in a folder without their ending, sorted: ids sort by time.
fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    // A folder that is absent is empty; others were told of when the container was listed.
    _ = each_entry(folder, |path, _| names.extend(stem(path)));
    names.sort();
    names
}

fn stem(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_str()?.strip_suffix(".json").filter(|stem| !stem.is_empty())?.to_owned())
}

/// Whether a message is the person's, by its head.
fn is_users(path: &Path) -> Result<bool, CutError> {
    let mut head = Vec::new();
    let file = fs::File::open(path).map_err(gone)?;
    file.take(HEAD_BYTES).read_to_end(&mut head)?;
    let head: String = String::from_utf8_lossy(&head).chars().filter(|letter| !letter.is_whitespace()).collect();
    Ok(head.contains("\"role\":\"user\""))
}

fn content(path: &Path) -> Result<Vec<u8>, CutError> {
    let file = fs::File::open(path).map_err(gone)?;
    let length = file.metadata()?.len();
    if length > FILE_BYTES {
        return Err(CutError::Malformed(format!("a file of {} MB is too long", length / 1_000_000)));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn gone(error: io::Error) -> CutError {
    match error.kind() {
        io::ErrorKind::NotFound => CutError::Busy("the session changed while it was read".to_owned()),
        _ => CutError::Io(error),
    }
}

fn milliseconds(stat: &Metadata) -> u64 {
    u64::try_from(stat.mtime().saturating_mul(1000).saturating_add(stat.mtime_nsec() / 1_000_000)).unwrap_or(0)
}

fn stamp(stat: &Metadata) -> u64 {
    let nanoseconds = stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec());
    mark(&nanoseconds.to_le_bytes(), &stat.len().to_le_bytes())
}
