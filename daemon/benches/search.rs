//! The search index over real sessions: cost of building it, size on disk, time of queries.
//!
//! `OPENSESSION_CORPUS_M` names a home folder with Claude Code sessions. Run with
//! `cargo bench -p opensession-daemon --bench search`. `OPENSESSION_BENCH_REPEAT=9` takes every session that many times
//! over, a tenth of its words changed in each; `OPENSESSION_BENCH_ONLY` names classes of queries, parted by commas;
//! `OPENSESSION_BENCH_INDEX` names a folder that keeps the index for the next run. Every line says what was measured and
//! the bar it is held against; the last column is a digest of the answers, the same for two builds that search alike.
#![expect(clippy::print_stdout, reason = "a bench reports on its standard output")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot go on should stop")]

#[path = "search/corpus.rs"]
mod corpus;
#[path = "search/draw.rs"]
mod draw;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::{Timestamp, tz::TimeZone};
use opensession_daemon::catalog::{Catalog, SessionKey};
use opensession_daemon::search::query::{ParseContext, parse};
use opensession_daemon::search::{EventTexts, Found, SearchIndex, SearchRequest};
use rustix::time::{ClockId, clock_gettime};

/// Queries of each class.
const QUERIES: usize = 1000;

struct NoTexts;

impl EventTexts for NoTexts {
    fn texts(&self, events: &[(SessionKey, u32)]) -> Vec<Option<String>> {
        vec![None; events.len()]
    }
}

/// CPU time of all threads of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU time of this thread: what a query costs, whoever else uses the machine.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU time since `begin`.
fn since(begin: Duration) -> Duration {
    cpu().saturating_sub(begin)
}

/// Peak and present resident memory, in MB.
fn memory() -> (u64, u64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| -> u64 {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) / 1024
    };
    (of("VmHWM"), of("RssAnon"))
}

fn main() {
    let Some(home) = std::env::var_os("OPENSESSION_CORPUS_M").map(PathBuf::from) else {
        println!("skipped: OPENSESSION_CORPUS_M is not set");
        return;
    };
    let only = std::env::var("OPENSESSION_BENCH_ONLY").unwrap_or_default();
    let files = corpus::files(&home);
    let before = cpu();
    let (raw, lines) = corpus::count_lines(&files);
    let wc = since(before);
    let read = corpus::read(&files);
    let text: usize = read.documents.iter().map(|document| document.text.len()).sum();
    println!(
        "corpus: {} sessions, {} MB raw, {lines} lines, {} events, {} MB of text; counting lines {:.3} s CPU",
        files.len(),
        raw >> 20,
        read.documents.len(),
        text >> 20,
        wc.as_secs_f64(),
    );
    let drawn = draw::Draw::new(&read.documents);
    let temporary = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("OPENSESSION_BENCH_INDEX").map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(temporary.path());
    let index = SearchIndex::open(folder).unwrap().index;
    let repeat: u32 = std::env::var("OPENSESSION_BENCH_REPEAT").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let catalog = corpus::repeated(&read.catalog, repeat);
    let last = read.documents.len() as u64 * u64::from(repeat);
    let raw = raw * u64::from(repeat);
    // What was kept by an earlier run is not built again.
    let rounds = if index.figures().durable_sequence == last { 0 } else { repeat };
    let (begin, mut changing) = (Instant::now(), Duration::ZERO);
    let begin_cpu = cpu();
    let mut sequence = 0;
    for round in 0..rounds {
        for batch in read.documents.chunks(400) {
            let before = thread_cpu();
            let batch = corpus::changed(batch, round, files.len());
            changing += thread_cpu().saturating_sub(before);
            sequence += batch.len() as u64;
            index.add(batch, sequence, false).unwrap();
        }
    }
    index.flush().unwrap();
    let filled = since(begin_cpu).saturating_sub(changing);
    let segments = index.figures().segments;
    index.rest().unwrap();
    let (wall, spent) = (begin.elapsed(), since(begin_cpu).saturating_sub(changing));
    let figures = index.figures();
    assert_eq!(figures.durable_sequence, last);
    let (peak, anonymous) = memory();
    println!(
        "index: {:.2} s CPU before merges ({segments} segments), {:.2} s CPU and {:.2} s wall in all ({} segments) = \
         {:.1}x counting lines (bar 31); peak {peak} MB resident, {anonymous} MB anonymous now",
        filled.as_secs_f64(),
        spent.as_secs_f64(),
        wall.as_secs_f64(),
        figures.segments,
        spent.as_secs_f64() / wc.as_secs_f64() / f64::from(repeat),
    );
    println!(
        "disk: {:.1} MB for {} events = {:.4} of the raw bytes (bar 0.09)",
        figures.bytes as f64 / 1e6,
        figures.events,
        figures.bytes as f64 / raw as f64,
    );
    for (extension, bytes) in corpus::sizes(folder) {
        println!("  .{extension}: {:.2} MB", bytes as f64 / 1e6);
    }
    drop(index);
    let (begin, begin_cpu) = (Instant::now(), cpu());
    let opened = SearchIndex::open(folder).unwrap();
    println!("open: {:.2} ms CPU, {:.2} ms wall", ms(since(begin_cpu)), ms(begin.elapsed()));
    let begin = Instant::now();
    run(&opened.index, &catalog, "error", false);
    println!("first search: {:.2} ms wall", ms(begin.elapsed()));
    println!(
        "{:<14} {:>8} {:>8} {:>8} {:>8} {:>9} {:>9} {:>9}",
        "class", "p50 ms", "at first", "p99 ms", "max ms", "bar p50", "sum ms", "sessions"
    );
    for (class, bar, queries) in drawn.classes(QUERIES) {
        if only.is_empty() || only.split(',').any(|one| one == class) {
            measure(&opened.index, &catalog, class, bar, &queries);
        }
    }
    if kept.is_none() {
        fresh(&opened.index, &catalog);
    }
    println!("memory: {} MB anonymous after all queries", memory().1);
    opened.index.rest().unwrap();
    opened.index.rest().unwrap();
    println!("memory: {} MB anonymous at rest", memory().1);
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn run(index: &SearchIndex, catalog: &Catalog, text: &str, typing: bool) -> Found {
    let now = Timestamp::from_second(1_772_000_000).unwrap();
    let query = parse(text, &ParseContext { typing, ..ParseContext::new(now, TimeZone::UTC) });
    let request =
        SearchRequest { limit: 20, hits_per_session: 3, now_ms: now.as_millisecond(), ..SearchRequest::default() };
    match index.search(&query, &request, catalog, &NoTexts) {
        Ok(found) => found,
        Err(error) => {
            println!("{text}: {error}");
            Found::default()
        }
    }
}

fn measure(index: &SearchIndex, catalog: &Catalog, class: &str, bar: f64, queries: &[String]) {
    let typing = class == draw::TYPING;
    // What is asked again is remembered: the median of those asked for the first time is told too.
    let mut asked = HashSet::new();
    let mut first = Vec::new();
    for query in queries.iter().take(50) {
        run(index, catalog, query, typing);
        asked.insert(query);
    }
    let mut sessions = 0;
    let mut digest = DefaultHasher::new();
    let mut times: Vec<(Duration, &str)> = Vec::with_capacity(queries.len());
    for query in queries {
        let begin = thread_cpu();
        let found = run(index, catalog, query, typing);
        let time = thread_cpu().saturating_sub(begin);
        if asked.insert(query) {
            first.push(time);
        }
        times.push((time, query));
        sessions += found.matching_any.value;
        format!("{found:?}").hash(&mut digest);
    }
    let sum: Duration = times.iter().map(|(time, _)| *time).sum();
    times.sort_unstable();
    first.sort_unstable();
    let at = |share: f64| ms(times[((times.len() - 1) as f64 * share) as usize].0);
    println!(
        "{class:<14} {:>8.3} {:>8.3} {:>8.3} {:>8.3} {bar:>9.1} {:>9.1} {:>9.1}   {:016x} slowest: {}",
        at(0.5),
        first.get(first.len() / 2).map_or(0.0, |time| ms(*time)),
        at(0.99),
        at(1.0),
        ms(sum),
        sessions as f64 / queries.len() as f64,
        digest.finish(),
        times.last().unwrap().1,
    );
}

/// Events that are added one by one to a warm index, and found.
fn fresh(index: &SearchIndex, catalog: &Catalog) {
    let mut document = corpus::example();
    document.session = 1;
    let count = 1000;
    let begin = cpu();
    for number in 0..count {
        document.event = 1_000_000 + number;
        index.add(vec![document.clone()], u64::from(number) + 1_000_000, true).unwrap();
    }
    let added = since(begin);
    let begin = Instant::now();
    let found = run(index, catalog, "freshlyaddedword", false).matching_any.value;
    println!(
        "fresh: {:.1} µs CPU an event of {} bytes (bar 50); found in {found} session, {:.3} ms",
        added.as_secs_f64() * 1e6 / f64::from(count),
        document.text.len(),
        ms(begin.elapsed()),
    );
    let begin = cpu();
    index.flush().unwrap();
    println!("fresh: {:.2} ms CPU to flush {count} events", ms(since(begin)));
}
