//! Hears of changes to files, as far as the system tells.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use crossbeam_channel::Sender;
use notify::{
    Config, EventKind, EventKindMask, PathOp, RecommendedWatcher, RecursiveMode, Watcher,
    event::{CreateKind, ModifyKind, RemoveKind},
};
use rustc_hash::FxHashSet;

use super::scheduler::Signal;

/// Whether the system watches folders one by one, rather than whole trees.
const EACH_FOLDER: bool = cfg!(target_os = "linux");
/// What is asked of the system: not that files are looked at, for our own looking would come back with each folder and
/// file that is read.
const KINDS: EventKindMask = EventKindMask::CREATE
    .union(EventKindMask::REMOVE)
    .union(EventKindMask::MODIFY_DATA)
    .union(EventKindMask::MODIFY_NAME);
/// Folders deeper below a root are not watched; no agent has any there.
const DEEPEST: usize = 16;

/// Watches the roots of agents, and for roots that do not exist yet their nearest ancestor.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    watched: FxHashSet<PathBuf>,
    /// Folders that came or went since: one of the same name may stand there by now, which is not watched.
    replaced: Arc<Mutex<FxHashSet<PathBuf>>>,
    /// Why changes may be missed, so that a rescan by the clock must make up for it.
    pub(super) incomplete: Option<String>,
}

impl Watch {
    pub(super) fn new(signals: Sender<Signal>) -> Self {
        let replaced = Arc::new(Mutex::new(FxHashSet::default()));
        let noted = replaced.clone();
        let handler = move |outcome: notify::Result<notify::Event>| {
            let signal = match outcome {
                Ok(event) => match event.kind {
                    // Some systems tell it unasked.
                    EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => return,
                    _ if event.need_rescan() => Signal::Rescan(None),
                    _ if !event.paths.is_empty() && event.paths.iter().all(|path| is_shared_memory(path)) => return,
                    kind => {
                        if let EventKind::Create(CreateKind::Folder)
                        | EventKind::Remove(RemoveKind::Folder)
                        | EventKind::Modify(ModifyKind::Name(_)) = kind
                        {
                            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                            noted.extend(event.paths.iter().cloned());
                        }
                        Signal::Changed(event.paths)
                    }
                },
                Err(error) => {
                    tracing::warn!(%error, "the system dropped file events; looking at everything again");
                    Signal::Rescan(None)
                }
            };
            // The scheduler is gone only when the daemon ends.
            signals.send(signal).ok();
        };
        match RecommendedWatcher::new(handler, Config::default().with_event_kinds(KINDS)) {
            Ok(watcher) => Self { watcher: Some(watcher), watched: FxHashSet::default(), replaced, incomplete: None },
            Err(error) => {
                let incomplete = Some(explain(&error));
                Self { watcher: None, watched: FxHashSet::default(), replaced, incomplete }
            }
        }
    }

    /// Watches everything below `root`; where it does not exist, the nearest ancestor for its coming.
    pub(super) fn watch_root(&mut self, root: &Path, recursive: bool) {
        for folder in self.replaced.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            self.watched.remove(&folder);
        }
        if root.is_dir() {
            match (recursive, EACH_FOLDER) {
                (false, _) => self.watch(root, RecursiveMode::NonRecursive),
                (true, false) => self.watch(root, RecursiveMode::Recursive),
                (true, true) => self.watch_folders(root),
            }
        } else if let Some(ancestor) = root.ancestors().skip(1).find(|ancestor| ancestor.is_dir())
            && ancestor != Path::new("/")
        {
            self.watch(ancestor, RecursiveMode::NonRecursive);
        }
    }

    /// A folder is gone: when it comes again it must be watched again.
    pub(super) fn forget(&mut self, folder: &Path) {
        self.watched.remove(folder);
    }

    /// Watches a folder and every one below it. The library's own walk asks for the metadata of every file, which costs
    /// more than all else that a start with nothing to do does; a folder tells of its entries what they are.
    fn watch_folders(&mut self, root: &Path) {
        let mut linked = FxHashSet::default();
        let mut level = vec![root.to_owned()];
        for _ in 0..=DEEPEST {
            // Before they are looked into: what comes after that is heard of.
            self.watch_all(level.iter().map(|folder| PathOp::watch_non_recursive(folder.as_path())));
            let mut below = Vec::new();
            for entry in level.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten() {
                let is_folder = match entry.file_type() {
                    Ok(kind) if kind.is_symlink() => leads_out(&entry.path(), root, &mut linked),
                    kind => kind.is_ok_and(|kind| kind.is_dir()),
                };
                if is_folder {
                    below.push(entry.path());
                }
            }
            level = below;
        }
    }

    fn watch(&mut self, folder: &Path, mode: RecursiveMode) {
        self.watch_all(std::iter::once(match mode {
            RecursiveMode::Recursive => PathOp::watch_recursive(folder),
            RecursiveMode::NonRecursive => PathOp::watch_non_recursive(folder),
        }));
    }

    /// Watches those folders that are not watched yet, at one go: each asks the library's thread, and waits for it.
    fn watch_all(&mut self, folders: impl Iterator<Item = PathOp>) {
        let Some(watcher) = &mut self.watcher else { return };
        let mut waiting: Vec<PathOp> =
            folders.filter(|folder| self.watched.insert(folder.as_path().to_owned())).collect();
        while !waiting.is_empty()
            && let Err(error) = watcher.update_paths(std::mem::take(&mut waiting))
        {
            self.incomplete = Some(explain(&error.source));
            let Some(origin) = error.origin else {
                // Not one folder's fault: the rescan by the clock makes up for it.
                tracing::warn!(error = %error.source, "folders cannot be watched");
                return;
            };
            self.watched.remove(origin.as_path());
            tracing::warn!(folder = %origin.as_path().display(), error = %error.source, "the folder cannot be watched");
            waiting = error.remaining;
        }
    }
}

/// Whether a file is the index of a database's log. Nothing that is kept reaches it before the log; and whoever reads a
/// database that its writer left without closing it makes this file anew, so that each read would bring the next.
fn is_shared_memory(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"-shm")
}

/// Whether a link leads to a folder outside of `root` that no link before it led to. A folder that is watched by two
/// names would be told of by the last one alone.
fn leads_out(link: &Path, root: &Path, linked: &mut FxHashSet<PathBuf>) -> bool {
    let (Ok(target), Ok(root)) = (std::fs::canonicalize(link), std::fs::canonicalize(root)) else { return false };
    target.is_dir() && !target.starts_with(&root) && !root.starts_with(&target) && linked.insert(target)
}

fn explain(error: &notify::Error) -> String {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watched folders is reached (fs.inotify.max_user_watches)".to_owned()
        }
        _ => error.to_string(),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Waits for a change of that path.
    fn hear(signals: &crossbeam_channel::Receiver<Signal>, path: &Path) -> bool {
        while let Ok(signal) = signals.recv_timeout(Duration::from_secs(20)) {
            if matches!(&signal, Signal::Changed(paths) if paths.iter().any(|changed| changed == path)) {
                return true;
            }
        }
        false
    }

    #[test]
    fn files_in_folders_old_new_replaced_and_linked_are_heard_of() {
        let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = home.path().join("projects");
        let deep = root.join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), root.join("link")).unwrap();
        std::os::unix::fs::symlink(&root, root.join("a/round")).unwrap();
        let (sender, signals) = crossbeam_channel::unbounded();
        let mut watch = Watch::new(sender);
        watch.watch_root(&root, true);
        assert_eq!(watch.incomplete, None);

        let old = deep.join("old.jsonl");
        std::fs::write(&old, "x").unwrap();
        assert!(hear(&signals, &old));
        let linked = root.join("link/linked.jsonl");
        std::fs::write(&linked, "x").unwrap();
        assert!(hear(&signals, &linked));

        std::fs::write(deep.join("agent.db-shm"), "x").unwrap();
        let log = deep.join("agent.db-wal");
        std::fs::write(&log, "x").unwrap();
        let mut heard = Vec::new();
        while !heard.contains(&log) {
            if let Signal::Changed(paths) = signals.recv_timeout(Duration::from_secs(20)).unwrap() {
                heard.extend(paths);
            }
        }
        assert!(!heard.iter().any(|path| is_shared_memory(path)), "{heard:?}");

        for _ in 0..2 {
            let folder = root.join("new");
            std::fs::create_dir(&folder).unwrap();
            assert!(hear(&signals, &folder));
            watch.watch_root(&root, true);
            let file = folder.join("new.jsonl");
            std::fs::write(&file, "x").unwrap();
            assert!(hear(&signals, &file));
            std::fs::remove_dir_all(&folder).unwrap();
            assert!(hear(&signals, &folder));
        }
    }
}
