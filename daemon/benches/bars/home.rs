//! Home directories of sessions, and an engine on one.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use opensession_agents::{Environment, Platform};
use opensession_daemon::engine::Engine;
use opensession_protocol::{config::DaemonConfig, paths};

/// An engine on a home directory, with everything of its own in `data`.
pub(crate) fn start(home: &Path, data: &Path) -> Arc<Engine> {
    let agents = Environment {
        home: home.to_owned(),
        variables: BTreeMap::new(),
        platform: Platform::Linux,
        projects: Vec::new(),
        out_of_sight: false,
    };
    Engine::start(own_paths(home, data), agents, DaemonConfig::default()).expect("the engine starts")
}

/// The variables that make a daemon read `home` and keep everything of its own in `data`.
pub(crate) fn variables(home: &Path, data: &Path) -> BTreeMap<&'static str, PathBuf> {
    BTreeMap::from([
        ("HOME", home.to_owned()),
        ("XDG_DATA_HOME", data.join("data")),
        ("XDG_CONFIG_HOME", data.join("config")),
        ("XDG_STATE_HOME", data.join("state")),
        ("XDG_RUNTIME_DIR", data.join("run")),
    ])
}

/// The paths that those variables come to.
pub(crate) fn own_paths(home: &Path, data: &Path) -> paths::Paths {
    let variables = variables(home, data);
    let environment = paths::Environment::from_variables(rustix::process::getuid().as_raw(), |name| {
        variables.get(name).map(|path| path.clone().into_os_string())
    });
    paths::Paths::new(&environment).expect("paths")
}

/// Waits until everything found is read and searchable.
pub(crate) fn wait(engine: &Engine) {
    let (reply, answer) = crossbeam_channel::bounded(1);
    engine.signal(opensession_daemon::ingest::Signal::Rescan(Some(reply)));
    answer.recv().expect("the engine answers");
}

/// Every transcript below a folder and its size, as a plain walk finds them: names and metadata.
pub(crate) fn files(home: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                found.push((path, entry.metadata().map_or(0, |metadata| metadata.len())));
            }
        }
    }
    found.sort();
    found
}

/// What `wc -l` does.
pub(crate) fn count_lines(files: &[(PathBuf, u64)]) -> usize {
    let mut buffer = vec![0; 256 << 10];
    let mut lines = 0;
    for (path, _) in files {
        let Ok(mut file) = std::fs::File::open(path) else { continue };
        while let Ok(read @ 1..) = file.read(&mut buffer) {
            lines += memchr::memchr_iter(b'\n', &buffer[..read]).count();
        }
    }
    lines
}

pub(crate) fn append(path: &Path, line: &str) {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("a line more");
}

/// A line of a transcript: a prompt.
pub(crate) fn record(number: usize, text: &str) -> String {
    format!(
        "{{\"type\":\"user\",\"uuid\":\"u{number}\",\"sessionId\":\"s\",\"timestamp\":\"2026-02-01T10:00:00.000Z\",\"cwd\":\"/p\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n"
    )
}

pub(crate) fn temporary() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
