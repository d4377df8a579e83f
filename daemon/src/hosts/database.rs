//! Agents' databases, brought here while their agent writes: as SQLite's own copy where the other side has `sqlite3`, else
//! as the file and its write-ahead log, taken again where they changed meanwhile. Of a file that is here already only
//! blocks that differ are sent. What comes into the mirror is one file without a log.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use opensession_agents::database;
use rusqlite::Connection;

use super::{
    checksum::{self, Checksum},
    entry::{self, Entry},
    mirror::{self, Mirror},
    pull::{Course, FILE_MOST, PullError},
    shell::Shell,
    wanted::Wanted,
};

/// Bytes of a block.
const BLOCK: u64 = 1 << 20;
/// Blocks asked for at once.
const UNDER_WAY: u64 = 6;
/// How often a database that changes while it is read is tried.
const TRIES: usize = 3;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is here as it was when it was listed.
    Here,
    /// It is no database; it is to be taken as any other file.
    NoDatabase,
    /// Its agent was writing into it all the time, or it went.
    NotNow,
    /// It is too large.
    TooLarge,
}

/// What tells that a database is as it was: file and log.
pub(super) fn stamp(wanted: &Wanted) -> String {
    let Entry { inode, size, modified, .. } = wanted.entry;
    let log = wanted.log.as_ref().map(|log| format!(" {} {}", log.size, log.modified)).unwrap_or_default();
    format!("{inode} {size} {modified}{log}")
}

/// Brings a database here.
pub(super) fn fetch(
    shell: &mut Shell,
    mirror: &Mirror,
    wanted: &Wanted,
    course: &mut Course<'_>,
) -> Result<Outcome, PullError> {
    if wanted.journal {
        // A transaction is under way, or was broken off: the file alone is not what it holds.
        return Ok(Outcome::NotNow);
    }
    let Some(name) = entry::quoted(&wanted.entry.path) else { return Ok(Outcome::NotNow) };
    let parts = Parts::new(mirror, &wanted.entry);
    for _ in 0..TRIES {
        shell.ask(&format!("D {name}"))?;
        let opened = shell.answer(64)?;
        let is_copy = match opened.status.as_str() {
            "copy" => true,
            "backup" => false,
            "plain" => return Ok(Outcome::NoDatabase),
            _ => return Ok(Outcome::NotNow),
        };
        let size = std::str::from_utf8(&opened.bytes).ok().and_then(|size| size.trim().parse::<u64>().ok());
        let Some(size) = size else { return Ok(Outcome::NotNow) };
        if size > FILE_MOST {
            release(shell)?;
            return Ok(Outcome::TooLarge);
        }
        let before = if is_copy { stamps(shell, &name)? } else { Vec::new() };
        let came = blocks(shell, &parts, size, course)?;
        let is_whole = if is_copy {
            let log = before.iter().find(|entry| entry.path == database::log_of(&wanted.entry.path));
            let has_log = log_into(shell, log, &parts, course)?;
            came && has_log && stamps(shell, &name)? == before
        } else {
            came
        };
        release(shell)?;
        if is_whole && parts.settle().unwrap_or(false) {
            let written = before.iter().map(|entry| entry.modified).chain([wanted.entry.modified]).max();
            let entry = Entry { modified: written.unwrap_or(wanted.entry.modified), ..wanted.entry.clone() };
            parts.place(mirror, &entry)?;
            course.brought();
            return Ok(Outcome::Here);
        }
    }
    parts.clear();
    Ok(Outcome::NotNow)
}

/// The file that is put together, beside it its log.
struct Parts {
    file: PathBuf,
    log: PathBuf,
    /// What is here of the database.
    known: PathBuf,
}

impl Parts {
    fn new(mirror: &Mirror, entry: &Entry) -> Self {
        let file = mirror.staged(&Entry { inode: 0, size: 0, modified: 0, ..entry.clone() }).with_extension("db");
        Self { log: database::log_of(&file), file, known: mirror.path(&entry.path) }
    }

    /// Makes one file of file and log. False where they are no sound database.
    fn settle(&self) -> rusqlite::Result<bool> {
        let connection = Connection::open(&self.file)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        let mode: String = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok(mode == "delete" && verdict == "ok")
    }

    fn place(&self, mirror: &Mirror, entry: &Entry) -> Result<(), PullError> {
        // Of a reader here that had the one before open.
        for beside in ["-wal", "-shm"] {
            let mut name = entry.path.as_os_str().to_owned();
            name.push(beside);
            mirror.remove(Path::new(&name))?;
        }
        mirror.place(&self.file, entry, true)?;
        Ok(())
    }

    fn clear(&self) {
        let mut index = self.file.as_os_str().to_owned();
        index.push("-shm");
        for part in [&self.file, &self.log, &PathBuf::from(index)] {
            // Swept with the rest where it stays.
            fs::remove_file(part).ok();
        }
    }
}

/// Brings the blocks that differ from those here. False where fewer came than there should be.
fn blocks(shell: &mut Shell, parts: &Parts, size: u64, course: &mut Course<'_>) -> Result<bool, PullError> {
    let failed = |source: io::Error| PullError::Write { path: parts.file.clone(), source };
    let count = size.div_ceil(BLOCK);
    // A try before this one left most of it.
    let has_try = mirror::length(&parts.file) > 0;
    let has_known = mirror::length(&parts.known) > 0;
    if has_known && !has_try {
        mirror::copy(&parts.known, &parts.file).map_err(failed)?;
    }
    let file = open(&parts.file).map_err(failed)?;
    let mut differing: Vec<u64> = (0..count).collect();
    if has_known || has_try {
        shell.ask(&format!("K {count}"))?;
        let sums = shell.answer(count * 32 + 64)?;
        let sums: Vec<_> = sums.bytes.split(|&byte| byte == b'\n').filter_map(checksum::printed).collect();
        if sums.len() as u64 == count {
            differing.retain(|number| {
                let bytes = mirror::read_at(&file, number * BLOCK, BLOCK as usize).unwrap_or_default();
                let mut sum = Checksum::default();
                sum.add(&bytes);
                sums[*number as usize] != (sum.value(), bytes.len() as u64)
            });
        }
    }
    let mut asked = 0;
    let mut is_whole = true;
    for (at, number) in differing.iter().enumerate() {
        while asked < differing.len() && asked < at + UNDER_WAY as usize {
            shell.ask(&format!("B {}", differing[asked]))?;
            asked += 1;
        }
        let block = shell.answer(BLOCK)?;
        course.received(block.bytes.len() as u64);
        is_whole &= block.bytes.len() as u64 == BLOCK.min(size - number * BLOCK);
        file.write_all_at(&block.bytes, number * BLOCK).map_err(failed)?;
    }
    file.set_len(size).map_err(failed)?;
    Ok(is_whole)
}

/// Brings the write-ahead log, where there is one.
fn log_into(shell: &mut Shell, log: Option<&Entry>, parts: &Parts, course: &mut Course<'_>) -> Result<bool, PullError> {
    let failed = |source: io::Error| PullError::Write { path: parts.log.clone(), source };
    fs::remove_file(&parts.log).or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(failed(error)),
    })?;
    let Some((log, name)) = log.and_then(|log| Some((log, entry::quoted(&log.path)?))) else { return Ok(true) };
    if log.size > FILE_MOST {
        return Ok(false);
    }
    let file = open(&parts.log).map_err(failed)?;
    let mut at = 0;
    while at < log.size {
        let most = (4 * BLOCK).min(log.size - at);
        shell.ask(&format!("R {name} {} {most}", at + 1))?;
        let part = shell.answer(most)?;
        course.received(part.bytes.len() as u64);
        file.write_all_at(&part.bytes, at).map_err(failed)?;
        at += part.bytes.len() as u64;
        if (part.bytes.len() as u64) < most {
            return Ok(false);
        }
    }
    Ok(true)
}

/// File, log and journal as they are.
fn stamps(shell: &mut Shell, name: &str) -> Result<Vec<Entry>, PullError> {
    shell.ask(&format!("S {name} {name}-wal {name}-journal"))?;
    let (entries, _) = entry::read(&shell.answer(8192)?.bytes);
    Ok(entries)
}

fn release(shell: &mut Shell) -> Result<(), PullError> {
    shell.ask("F")?;
    shell.answer(64)?;
    Ok(())
}

fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}
