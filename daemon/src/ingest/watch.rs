//! Hears of changes to files, as far as the system tells.

use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher, event::ModifyKind};
use rustc_hash::FxHashSet;

use super::scheduler::Signal;

/// Watches the roots of agents, and for roots that do not exist yet their nearest ancestor.
pub(super) struct Watch {
    watcher: Option<RecommendedWatcher>,
    watched: FxHashSet<PathBuf>,
    /// Why changes may be missed, so that a rescan by the clock must make up for it.
    pub(super) incomplete: Option<String>,
}

impl Watch {
    pub(super) fn new(signals: Sender<Signal>) -> Self {
        let handler = move |outcome: notify::Result<notify::Event>| {
            let signal = match outcome {
                Ok(event) => match event.kind {
                    // Our own reads come back as these.
                    EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_)) => return,
                    _ if event.need_rescan() => Signal::Rescan(None),
                    _ => Signal::Changed(event.paths),
                },
                Err(error) => {
                    tracing::warn!(%error, "the system dropped file events; looking at everything again");
                    Signal::Rescan(None)
                }
            };
            // The scheduler is gone only when the daemon ends.
            signals.send(signal).ok();
        };
        match notify::recommended_watcher(handler) {
            Ok(watcher) => Self { watcher: Some(watcher), watched: FxHashSet::default(), incomplete: None },
            Err(error) => Self { watcher: None, watched: FxHashSet::default(), incomplete: Some(explain(&error)) },
        }
    }

    /// Watches everything below `root`; where it does not exist, the nearest ancestor for its coming.
    pub(super) fn watch_root(&mut self, root: &Path, recursive: bool) {
        if root.is_dir() {
            let mode = if recursive { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            self.watch(root, mode);
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

    fn watch(&mut self, folder: &Path, mode: RecursiveMode) {
        let Some(watcher) = &mut self.watcher else { return };
        if !self.watched.insert(folder.to_owned()) {
            return;
        }
        if let Err(error) = watcher.watch(folder, mode) {
            self.watched.remove(folder);
            tracing::warn!(folder = %folder.display(), %error, "the folder cannot be watched");
            self.incomplete = Some(explain(&error));
        }
    }
}

fn explain(error: &notify::Error) -> String {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watched folders is reached (fs.inotify.max_user_watches)".to_owned()
        }
        _ => error.to_string(),
    }
}
