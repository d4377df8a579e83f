//! A first reading of the corpus, and what is there after it: P1, P3, P4, P7, and P9's memory.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use opensession_daemon::{engine::Engine, ingest::Commit};

use crate::{
    home::{append, count_lines, files, record, start, temporary, wait},
    measure::{at, cpu_of, median_cpu, memory_mb, ms, print, ratio},
    queries,
};

/// What a first reading cost.
pub(crate) struct Reading {
    pub(crate) engine: std::sync::Arc<Engine>,
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

/// Reads a home directory for the first time.
pub(crate) fn read(home: &Path, data: &Path) -> Reading {
    let began = Instant::now();
    let (cpu, engine) = cpu_of(|| {
        let engine = start(home, data);
        wait(&engine);
        engine
    });
    Reading { engine, cpu, wall: began.elapsed() }
}

pub(crate) fn measure(home: &Path) {
    let data = temporary();
    let files = files(home);
    let raw_bytes: u64 = files.iter().map(|(_, size)| size).sum();
    let lines = median_cpu(5, || count_lines(&files));
    println!(
        "corpus: {} files, {:.1} MB; counting lines takes {:.0} ms CPU",
        files.len(),
        raw_bytes as f64 / 1e6,
        ms(lines)
    );
    let Reading { engine, cpu, wall } = read(home, data.path());
    println!("   {} sessions, {} events", engine.catalog().iter().count(), engine.index_status().events);
    print("P1 CPU", ratio(cpu, lines), 55.0, &format!("x counting lines ({:.0} ms)", ms(cpu)));
    print("P1 wall", ratio(wall, cpu), 0.6, "of its CPU");
    print("P1 peak", memory_mb("self", "VmHWM"), 150.0, "MB");
    let index = engine.index_status().bytes as f64 / raw_bytes as f64;
    let (packing, ()) = cpu_of(|| {
        let (reply, answer) = crossbeam_channel::bounded(1);
        engine.commit(Commit::Pack(reply));
        answer.recv().expect("the engine answers");
    });
    println!("   packing what is at rest takes {:.0} ms CPU, once", ms(packing));
    appended(&engine, home);
    queries::measure(&engine, home, &queries::MEDIUM);
    engine.stop();
    print("P3 index", index, 0.09, "of raw");
    print("P3 store", engine.store.bytes() as f64 / raw_bytes as f64, 0.18, "of raw");
}

/// P7: from an agent's line to a search that finds it.
fn appended(engine: &Engine, home: &Path) {
    // In the corpus itself, since that is what is watched; taken away again.
    let folder = home.join(".claude/projects/-opensession-bench");
    if std::fs::create_dir_all(&folder).is_err() {
        println!("P7               not measured: {} cannot be written", folder.display());
        return;
    }
    let path = folder.join("ffffffff-0000-4000-8000-000000000000.jsonl");
    append(&path, &record(0, "the first line"));
    wait(engine);
    // What the measurements before wrote is not this one's burden.
    rustix::fs::sync();
    let times: Vec<Duration> = (1..=200)
        .map(|number| {
            let needle = format!("needle{number}q{}", std::process::id());
            let began = Instant::now();
            append(&path, &record(number, &needle));
            while queries::search(engine, &needle) == 0 {
                assert!(began.elapsed() < Duration::from_secs(10), "a line was not found");
                std::thread::yield_now();
            }
            began.elapsed()
        })
        .collect();
    print("P7 p50", ms(at(times.clone(), 0.5)), 10.0, "ms");
    print("P7 p99", ms(at(times, 0.99)), 100.0, "ms");
    if let Err(error) = std::fs::remove_dir_all(&folder) {
        println!("   {} stays: {error}", folder.display());
    }
}
