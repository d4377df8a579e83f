//! Prints what the daemon's bars measure on a home directory of real sessions, as `measured / bar`.
//!
//! `OPENSESSION_CORPUS_M=HOME cargo bench -p opensession-daemon --bench bars`. Times are CPU times of this process, and
//! ratios to a plain pass over the same files taken in the same run.

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]
#![expect(clippy::unchecked_time_subtraction, reason = "processor time only grows")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use opensession_agents::{Environment, Platform};
use opensession_daemon::{
    engine::Engine,
    search::{
        SearchRequest,
        query::{ParseContext, parse},
    },
};
use opensession_protocol::{config::DaemonConfig, paths};

fn main() {
    let Some(home) = std::env::var_os("OPENSESSION_CORPUS_M").map(PathBuf::from) else {
        println!("skipped: OPENSESSION_CORPUS_M names no home directory of sessions");
        return;
    };
    let data = tempfile::tempdir().expect("a temporary folder");
    let files = files(&home);
    let raw_bytes: u64 = files.iter().map(|(_, size)| size).sum();
    let lines = cpu(|| count_lines(&files));
    println!(
        "corpus: {} files, {:.1} MB; counting lines takes {:.0} ms CPU",
        files.len(),
        raw_bytes as f64 / 1e6,
        ms(lines)
    );

    let wall = Instant::now();
    let cpu_before = cpu_time();
    let engine = start(&home, data.path());
    wait(&engine);
    let cold = cpu_time() - cpu_before;
    let wall = wall.elapsed();
    let status = engine.index_status();
    println!("P1 CPU        {:.0} ms = {:.1} x counting lines / 55 x", ms(cold), ms(cold) / ms(lines));
    println!(
        "P1 wall       {:.0} ms = {:.2} of CPU / 0.6",
        wall.as_secs_f64() * 1e3,
        wall.as_secs_f64() / cold.as_secs_f64()
    );
    println!("P1 peak RSS   {:.0} MB / 150 MB", peak_rss_mb());
    println!("   sessions {} events {}", engine.catalog().iter().count(), status.events);
    let index = status.bytes as f64 / raw_bytes as f64;
    let before = cpu_time();
    let (reply, answer) = crossbeam_channel::bounded(1);
    engine.commit(opensession_daemon::ingest::Commit::Pack(reply));
    answer.recv().expect("the engine answers");
    println!("   packing what is at rest takes {:.0} ms CPU, once", ms(cpu_time() - before));
    idle_memory(&engine);
    fresh_events(&engine, &home);
    engine.stop();
    let store = engine.store.bytes() as f64 / raw_bytes as f64;
    println!("P3 index      {index:.4} of raw / 0.09");
    println!("P3 store      {store:.4} of raw / 0.18");
    nothing_changed();
    long_session();
}

/// P2: a start on 2,500 files that are as they were, against looking at them.
fn nothing_changed() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let data = tempfile::tempdir().expect("a temporary folder");
    for number in 0..2_500 {
        let folder = home.path().join(format!(".claude/projects/-p{}", number / 25));
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("{number:08x}-0000-4000-8000-000000000000.jsonl"));
        std::fs::write(file, record(number, "nothing new")).expect("a file");
    }
    let engine = start(home.path(), data.path());
    wait(&engine);
    engine.stop();
    drop(engine);
    let look = cpu(|| files(home.path()).len());
    let mut starts: Vec<Duration> = (0..5)
        .map(|_| {
            let before = cpu_time();
            let engine = start(home.path(), data.path());
            let progress = engine.progress();
            while progress.borrow().rounds == 0 {
                std::thread::park_timeout(Duration::from_millis(2));
            }
            let took = cpu_time() - before;
            engine.stop();
            took
        })
        .collect();
    starts.sort();
    println!("P2 CPU        {:.1} ms = {:.1} x readdir and stat / 3 x", ms(starts[2]), ms(starts[2]) / ms(look));
}

/// P8: a line more in a session of 100 MB, against reading it whole.
fn long_session() {
    use std::io::Write;
    let home = tempfile::tempdir().expect("a temporary folder");
    let data = tempfile::tempdir().expect("a temporary folder");
    let folder = home.path().join(".claude/projects/-p");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("00000000-0000-4000-8000-000000000000.jsonl");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).expect("a file"));
    let filling = "lorem ipsum dolor sit amet ".repeat(150);
    for number in 0..24_000 {
        file.write_all(record(number, &filling).as_bytes()).expect("room on the disk");
    }
    drop(file);
    let before = cpu_time();
    let engine = start(home.path(), data.path());
    wait(&engine);
    let whole = cpu_time() - before;
    let mut appends: Vec<Duration> = (0..20)
        .map(|number| {
            let before = cpu_time();
            append(&path, &record(100_000 + number, "one line more"));
            wait(&engine);
            cpu_time() - before
        })
        .collect();
    appends.sort();
    println!(
        "P8 append     {:.2} ms = 1/{:.0} of reading 100 MB / 1/1000",
        ms(appends[10]),
        ms(whole) / ms(appends[10])
    );
    engine.stop();
}

/// P9: memory at rest.
fn idle_memory(engine: &Engine) {
    // Searches before, as on any machine in use.
    for word in ["error", "checkpoint", "race"] {
        search(engine, word);
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kilobytes: f64 = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default();
    println!("P9 anonymous  {:.0} MB / 60 MB", kilobytes / 1e3);
}

/// P7: from an agent's line to a search that finds it.
fn fresh_events(engine: &Engine, home: &Path) {
    // In the corpus itself, since that is what is watched; taken away again.
    let folder = home.join(".claude/projects/-opensession-bench");
    if std::fs::create_dir_all(&folder).is_err() {
        println!("P7 skipped: {} cannot be written", folder.display());
        return;
    }
    let path = folder.join("ffffffff-0000-4000-8000-000000000000.jsonl");
    append(&path, &record(0, "the first line"));
    wait(engine);
    let mut times: Vec<Duration> = (1..=200)
        .map(|number| {
            let needle = format!("needle{number}q{}", std::process::id());
            let began = Instant::now();
            append(&path, &record(number, &needle));
            while search(engine, &needle) == 0 {
                assert!(began.elapsed() < Duration::from_secs(10), "a line was not found");
                std::thread::yield_now();
            }
            began.elapsed()
        })
        .collect();
    times.sort();
    println!("P7 p50        {:.1} ms / 10 ms", ms(times[100]));
    println!("P7 p99        {:.1} ms / 100 ms", ms(times[198]));
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        println!("   {} stays: {error}", folder.display());
    }
}

/// Sessions that a query finds.
fn search(engine: &Engine, text: &str) -> u64 {
    let context = ParseContext::new(jiff::Timestamp::now(), jiff::tz::TimeZone::UTC);
    let request = SearchRequest { limit: 20, hits_per_session: 3, ..SearchRequest::default() };
    let found = engine.index.search(&parse(text, &context), &request, &engine.catalog(), &*engine.texts);
    found.expect("the index answers").matching_all.value
}

fn append(path: &Path, line: &str) {
    use std::io::Write;
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("a line more");
}

fn record(number: usize, text: &str) -> String {
    format!(
        "{{\"type\":\"user\",\"uuid\":\"u{number}\",\"sessionId\":\"s\",\"timestamp\":\"2026-02-01T10:00:00.000Z\",\"cwd\":\"/p\",\"message\":{{\"role\":\"user\",\"content\":\"{text}\"}}}}\n"
    )
}

fn start(home: &Path, data: &Path) -> std::sync::Arc<Engine> {
    let text = |path: &Path| path.display().to_string();
    let variables: BTreeMap<String, String> = BTreeMap::from([
        ("HOME".to_owned(), text(home)),
        ("XDG_DATA_HOME".to_owned(), text(&data.join("data"))),
        ("XDG_CONFIG_HOME".to_owned(), text(&data.join("config"))),
        ("XDG_STATE_HOME".to_owned(), text(&data.join("state"))),
        ("XDG_RUNTIME_DIR".to_owned(), text(&data.join("run"))),
    ]);
    let environment = paths::Environment::from_variables(rustix::process::getuid().as_raw(), |name| {
        variables.get(name).map(Into::into)
    });
    let paths = paths::Paths::new(&environment).expect("paths");
    let agents = Environment {
        home: home.to_owned(),
        variables: BTreeMap::new(),
        platform: Platform::Linux,
        projects: Vec::new(),
    };
    Engine::start(paths, agents, DaemonConfig::default()).expect("the engine starts")
}

/// Waits until everything found is read and searchable.
fn wait(engine: &Engine) {
    let (reply, answer) = crossbeam_channel::bounded(1);
    engine.signal(opensession_daemon::ingest::Signal::Rescan(Some(reply)));
    answer.recv().expect("the engine answers");
}

fn files(home: &Path) -> Vec<(PathBuf, u64)> {
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
    found
}

fn count_lines(files: &[(PathBuf, u64)]) -> usize {
    use std::io::Read;
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

fn cpu<T>(work: impl Fn() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..5)
        .map(|_| {
            let before = cpu_time();
            std::hint::black_box(work());
            cpu_time() - before
        })
        .collect();
    times.sort();
    times[2]
}

fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn peak_rss_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() / 1e3
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
