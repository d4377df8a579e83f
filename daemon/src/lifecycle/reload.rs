//! Noticing that `daemon.toml` was changed.

use std::{
    path::Path,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use opensession_protocol::{
    config::{ConfigError, DaemonConfig, Loaded},
    paths::{Paths, tighten_private_directory},
};

/// Quiet after a change before the file is read: editors write in several steps.
const QUIET: Duration = Duration::from_millis(200);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct ConfigWatcher {
    _watcher: RecommendedWatcher,
}

/// Calls `changed` with the new settings, or with what is wrong with them, whenever `daemon.toml` was changed, made or
/// removed so that they are others than before. `agents` are the switches that are known, see [`DaemonConfig::load`];
/// `now` are the settings in use.
///
/// The directory is watched, not the file: editors replace files. It is made when it is absent.
pub fn watch_config(
    paths: &Paths,
    agents: &'static [&'static str],
    now: DaemonConfig,
    changed: impl FnMut(Result<Loaded<DaemonConfig>, ConfigError>) + Send + 'static,
) -> notify::Result<ConfigWatcher> {
    tighten_private_directory(&paths.config_dir, paths.uid)
        .map_err(|error| notify::Error::generic(&error.to_string()))?;
    let file = paths.daemon_config_file();
    let (sender, receiver) = mpsc::channel();
    let watched = file.clone();
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| concerns(&event, &watched)) {
            // The thread lives as long as the watcher does.
            sender.send(()).ok();
        }
    })?;
    watcher.watch(&paths.config_dir, RecursiveMode::NonRecursive)?;
    thread::Builder::new()
        .name("config".into())
        .spawn(move || follow(&receiver, &file, agents, now, changed))
        .map_err(notify::Error::io)?;
    Ok(ConfigWatcher { _watcher: watcher })
}

/// Our own reading is an event too (an access): it must not wake us again.
fn concerns(event: &Event, file: &Path) -> bool {
    !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(|path| path.file_name() == file.file_name())
}

fn follow(
    events: &mpsc::Receiver<()>,
    file: &Path,
    agents: &[&str],
    mut now: DaemonConfig,
    mut changed: impl FnMut(Result<Loaded<DaemonConfig>, ConfigError>),
) {
    let mut was_wrong = false;
    while events.recv().is_ok() {
        loop {
            match events.recv_timeout(QUIET) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let loaded = DaemonConfig::load(file, agents);
        match &loaded {
            Ok(loaded) if loaded.settings == now && !was_wrong && loaded.warnings.is_empty() => continue,
            Ok(loaded) => {
                now = loaded.settings.clone();
                was_wrong = false;
            }
            Err(_) => was_wrong = true,
        }
        changed(loaded);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use opensession_protocol::paths::Environment;

    use super::*;

    #[test]
    fn tells_of_changes_and_of_faults() {
        let home = tempfile::tempdir().unwrap();
        let uid = rustix::process::getuid().as_raw();
        let environment = Environment { home: home.path().to_owned(), uid, ..Environment::default() };
        let paths = Paths::new(&environment).unwrap();
        let (sender, told) = mpsc::channel();
        let watcher =
            watch_config(&paths, &["codex"], DaemonConfig::default(), move |loaded| sender.send(loaded).unwrap())
                .unwrap();
        let next = || told.recv_timeout(Duration::from_secs(30)).unwrap();
        let file = paths.daemon_config_file();

        fs::write(paths.config_dir.join("other.toml"), "x").unwrap();
        fs::write(&file, "[daemon]\ndebounce_secs = 9\n").unwrap();
        assert_eq!(next().unwrap().settings.daemon.debounce_secs, 9);

        fs::write(&file, "[daemon]\ndebounce_secs = \"9\"\n").unwrap();
        assert!(next().is_err());

        // Replaced, as editors do.
        fs::write(paths.config_dir.join("new"), "[daemon]\ndebounce_secs = 8\n").unwrap();
        fs::rename(paths.config_dir.join("new"), &file).unwrap();
        assert_eq!(next().unwrap().settings.daemon.debounce_secs, 8);

        fs::remove_file(&file).unwrap();
        assert_eq!(next().unwrap().settings, DaemonConfig::default());
        drop(watcher);
        assert!(told.recv().is_err(), "the thread ends with the watcher");
    }
}
