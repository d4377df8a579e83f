//! The files that sessions change, and which commits took them in.

use std::collections::BTreeMap;

use super::mark::Mark;
use super::replay::Replay;
use super::shell::ShellChange;
use crate::statistics::changed_lines;
use crate::{Edit, EditOperation};

/// Files that are followed one by one.
const MAX_FILES: usize = 10_000;
/// Hashes of lines kept over all files (8 bytes each); beyond, only sums are kept.
const MAX_HASHES: usize = 4_000_000;
/// The longest path, in bytes.
const MAX_PATH_BYTES: usize = 4096;

/// All files of one or several sessions.
#[derive(Debug, Default)]
pub(crate) struct Files {
    by_path: BTreeMap<String, File>,
    hashes: usize,
    /// A path with backslashes was seen.
    has_backslashes: bool,
    /// Edits of files beyond the bound.
    pub(crate) not_followed: u64,
    /// The last edit of any file.
    pub(crate) last_edit: Option<Mark>,
    /// Edits so far: a check remembers the count, so that the first edit after it is known.
    pub(crate) edits: u64,
}

/// One file.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with a field of its own")]
pub(crate) struct File {
    /// What its edits come to; `None` beyond the bound.
    pub(crate) replay: Option<Replay>,
    pub(crate) edits: u64,
    pub(crate) all_added: u64,
    pub(crate) all_removed: u64,
    /// Edits that tell how many lines they changed.
    pub(crate) counted: u64,
    /// The first thing done to it was to create it.
    pub(crate) created: bool,
    pub(crate) deleted: bool,
    pub(crate) from: Option<String>,
    /// The last edit.
    pub(crate) last: Option<Mark>,
    /// The last shell command that changed it.
    pub(crate) shell: Option<Mark>,
    /// The last git command that dropped its changes.
    pub(crate) thrown_away: Option<Mark>,
    staged: bool,
    /// The last commit it went into.
    pub(crate) commit: Option<String>,
    pub(crate) edited_since_commit: bool,
}

impl Files {
    /// Takes an edit; relative paths are below `cwd`.
    pub(crate) fn edit(&mut self, edit: &Edit, cwd: Option<&str>, mark: Mark) {
        self.edits += 1;
        self.last_edit = Some(mark);
        let path = self.known(absolute(&edit.path, cwd));
        if !self.by_path.contains_key(&path) && (self.by_path.len() >= MAX_FILES || path.len() > MAX_PATH_BYTES) {
            self.not_followed += 1;
            return;
        }
        let file = self.by_path.entry(path.clone()).or_insert_with(|| File::new(edit.operation));
        let was_there = file.edits > 0 && !file.deleted;
        let (added, removed) = changed_lines(edit);
        file.edits += 1;
        file.counted += u64::from(edit.diff.is_some() || edit.added.is_some() && edit.removed.is_some());
        file.all_added = file.all_added.saturating_add(added);
        file.all_removed = file.all_removed.saturating_add(removed);
        file.last = Some(mark);
        file.edited_since_commit = true;
        file.deleted = edit.operation == EditOperation::Delete;
        if let Some(replay) = &mut file.replay {
            let before = replay.size;
            match (edit.operation, edit.diff.as_deref()) {
                (EditOperation::Delete, diff) => replay.delete(diff),
                (EditOperation::Create, Some(diff)) if was_there => replay.rewrite(diff),
                (_, Some(diff)) => replay.apply(diff),
                (EditOperation::Rename, None) => {}
                // A write that changed nothing has no hunks and says so; one that does not say is unknown.
                (_, None) if edit.added == Some(0) && edit.removed == Some(0) => {}
                // How many lines a new file has may be told without them.
                (EditOperation::Create, None) if !was_there && edit.removed.unwrap_or(0) == 0 => match edit.added {
                    Some(added) => replay.create_counted(added),
                    None => replay.apply_unknown(),
                },
                (EditOperation::Create | EditOperation::Update, None) => replay.apply_unknown(),
            }
            self.hashes += replay.size.saturating_sub(before);
            if self.hashes > MAX_HASHES {
                self.hashes -= replay.size.min(self.hashes);
                file.replay = None;
            }
        }
        if let Some(to) = &edit.to {
            let to = self.known(absolute(to, cwd));
            if to != path
                && let Some(mut file) = self.by_path.remove(&path)
            {
                file.from.get_or_insert(path);
                self.by_path.insert(to, file);
            }
        }
    }

    /// A shell command changed a file.
    pub(crate) fn shell(&mut self, path: &str, change: ShellChange, cwd: Option<&str>, mark: Mark) {
        if change == ShellChange::ThrownAway {
            let (path, all) = (absolute(path, cwd), path.is_empty() || path == ".");
            for (name, file) in &mut self.by_path {
                let is_meant =
                    all || *name == path || name.strip_prefix(&*path).is_some_and(|rest| rest.starts_with('/'));
                if is_meant && file.edits > 0 && (file.commit.is_none() || file.edited_since_commit) {
                    file.thrown_away = Some(mark);
                }
            }
            return;
        }
        if !looks_like_path(path) {
            return;
        }
        let path = self.known(absolute(path, cwd));
        let is_here = cwd.is_some_and(|cwd| path.starts_with(cwd));
        if let Some(file) = self.by_path.get_mut(&path) {
            file.shell = Some(mark);
            file.edited_since_commit = true;
            if change == ShellChange::Deleted {
                file.deleted = true;
            } else if change == ShellChange::Written {
                file.deleted = false;
            }
        } else if is_here && self.by_path.len() < MAX_FILES && path.len() <= MAX_PATH_BYTES {
            let mut file = File::new(EditOperation::Update);
            file.shell = Some(mark);
            file.deleted = change == ShellChange::Deleted;
            file.edited_since_commit = true;
            self.by_path.insert(path, file);
        }
    }

    /// `git add` was told to take these; no path means all.
    pub(crate) fn stage(&mut self, paths: &[&str], cwd: Option<&str>) {
        let all = paths.is_empty() || paths.iter().any(|path| matches!(*path, "." | ":/" | "*"));
        let paths: Vec<String> = paths.iter().map(|path| absolute(path, cwd)).collect();
        for (name, file) in &mut self.by_path {
            file.staged |= all
                || paths.iter().any(|path| {
                    name == path
                        || name.strip_prefix(&**path).is_some_and(|rest| path.ends_with('/') || rest.starts_with('/'))
                });
        }
    }

    /// What is staged went into a commit.
    pub(crate) fn commit(&mut self, sha: &str) {
        for file in self.by_path.values_mut() {
            if std::mem::take(&mut file.staged) && (file.edited_since_commit || file.commit.is_none()) {
                file.commit = Some(sha.to_owned());
                file.edited_since_commit = false;
            }
        }
    }

    /// The edits so far went into a commit of the client's own.
    pub(crate) fn commit_edits(&mut self, sha: &str) {
        for file in self.by_path.values_mut().filter(|file| file.edits > 0 && file.edited_since_commit) {
            file.commit = Some(sha.to_owned());
            file.edited_since_commit = false;
        }
    }

    /// A commit was taken back.
    pub(crate) fn uncommit(&mut self, is_it: impl Fn(&str) -> bool) {
        for file in self.by_path.values_mut().filter(|file| file.commit.as_deref().is_some_and(&is_it)) {
            file.commit = None;
            if let Some(replay) = &mut file.replay {
                // What the file was before that commit is not known edit by edit.
                replay.apply_unknown();
            }
        }
    }

    /// The path under which a file is known already: on Windows `a\\b` and `a/b` are one.
    fn known(&mut self, path: String) -> String {
        self.has_backslashes |= path.contains('\\');
        if !self.has_backslashes || self.by_path.contains_key(&path) {
            return path;
        }
        let slashes = path.replace('\\', "/");
        let same = self.by_path.keys().find(|known| known.contains('\\') && known.replace('\\', "/") == slashes);
        same.or_else(|| self.by_path.get_key_value(&slashes).map(|(known, _)| known)).cloned().unwrap_or(path)
    }

    /// All files by path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &File)> {
        self.by_path.iter()
    }
}

impl File {
    fn new(first: EditOperation) -> Self {
        let created = first == EditOperation::Create;
        Self {
            replay: Some(if created { Replay::of_new() } else { Replay::of_existing() }),
            edits: 0,
            all_added: 0,
            all_removed: 0,
            counted: 0,
            created,
            deleted: false,
            from: None,
            last: None,
            shell: None,
            thrown_away: None,
            staged: false,
            commit: None,
            edited_since_commit: false,
        }
    }
}

/// What a word of a command must be to be taken for a file that it changes.
fn looks_like_path(path: &str) -> bool {
    !path.is_empty()
        && !path.starts_with('-')
        && !path.starts_with("/dev/")
        && !path.starts_with("/tmp/")
        && !path.contains(['$', '*', '?', '`', '{', '(', '\n', '=', '<', '>', ':', '~'])
        && path.contains(|c: char| c.is_alphanumeric())
}

/// A path in full, without `.` and `..`; one of another system stays as it is.
fn absolute(path: &str, cwd: Option<&str>) -> String {
    let is_windows = path.as_bytes().get(1) == Some(&b':') || path.starts_with("\\\\");
    if is_windows {
        return path.to_owned();
    }
    let joined = match cwd {
        Some(cwd) if !path.starts_with(['/', '~']) => format!("{}/{path}", cwd.trim_end_matches('/')),
        _ => path.to_owned(),
    };
    if !joined.contains("/./")
        && !joined.contains("/../")
        && !joined.ends_with("/.")
        && !joined.ends_with("/..")
        && !joined.contains("//")
    {
        return joined.strip_prefix("./").map_or(joined.clone(), str::to_owned);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let root = if joined.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// The path as it is shown: relative to `cwd` when it is below it.
pub(crate) fn shown<'p>(path: &'p str, cwd: Option<&str>) -> &'p str {
    cwd.and_then(|cwd| path.strip_prefix(cwd.trim_end_matches(['/', '\\'])))
        .and_then(|rest| rest.strip_prefix(['/', '\\']))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(path)
}
