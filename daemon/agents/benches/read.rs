//! How fast transcripts are read and derived from, against counting the line feeds of the same files.
//!
//! Reads the Claude Code sessions below the home directory that `OPENSESSION_CORPUS_M` names, and of the samples in the
//! folder that `OPENSESSION_CORPUS` names those of all agents whose sessions are files of JSON. At least 150 MB/s is
//! wanted of each. Many samples are of a few lines, for which opening a file costs more than reading it: so each is
//! measured both as it is and with what it says repeated to the length of a session that people have. One thread; the
//! figure to watch is the ratio, since both sides are measured in one run. Where the system tells it, time is CPU time.
//! A word after `--` names the one agent to be measured.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "read/lengthen.rs"]
mod lengthen;

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::Read,
    path::PathBuf,
    time::{Duration, Instant},
};

use opensession_agents::{
    Agent, Cut, CutError, Derived, Deriver, Environment, Limits, Platform, Record, Sink, Source,
    claude_code::ClaudeCode,
};

const ROUNDS: usize = 5;

/// Samples of agents whose sessions are files of JSON: folders of the samples, and of homes in them.
const SAMPLES: &[(&str, &str)] = &[
    ("codex", "codex"),
    ("antigravity", "antigravity"),
    ("cline", "cline"),
    ("copilot", "vscode-copilot"),
    ("copilot-cli", "copilot-cli"),
    ("factory-droid", "droid"),
    ("gemini", "gemini"),
    ("goose", "goose"),
    ("kimi", "kimi"),
    ("openclaw", "openclaw"),
    ("opencode", "opencode"),
    ("pi", "pi"),
    ("qwen-code", "qwen"),
    ("roo-code", "roo"),
];
/// Samples are repeated until they are about so many bytes.
const BYTES: u64 = 32 << 20;
/// A sample is repeated within its files to about so many bytes.
const LONG_BYTES: usize = 1 << 20;

fn main() -> Result<(), CutError> {
    let only = env::args().nth(1).filter(|word| !word.starts_with('-'));
    let is_wanted = |id: &str| only.as_deref().is_none_or(|only| only == id);
    match env::var_os("OPENSESSION_CORPUS_M").filter(|_| is_wanted("claude-code")) {
        Some(home) => measure(&ClaudeCode, &[PathBuf::from(home)], 0)?,
        None => println!("skipped Claude Code: OPENSESSION_CORPUS_M names no home directory"),
    }
    let Some(corpus) = env::var_os("OPENSESSION_CORPUS").map(PathBuf::from) else {
        println!("skipped the samples: OPENSESSION_CORPUS names no folder of samples");
        return Ok(());
    };
    for (id, folder) in SAMPLES.iter().filter(|(id, _)| is_wanted(id)) {
        let Some(agent) = opensession_agents::by_id(id) else {
            println!("skipped {id}: no such agent");
            continue;
        };
        let homes: Vec<PathBuf> = fs::read_dir(corpus.join(folder))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()?;
        measure(agent, &homes, BYTES)?;
        let long = tempfile::tempdir()?;
        let mut longer = Vec::new();
        for (number, home) in homes.iter().enumerate() {
            let copy = long.path().join(number.to_string());
            lengthen::copy(home, &copy, LONG_BYTES)?;
            longer.push(copy);
        }
        print!("  long: ");
        measure(agent, &longer, BYTES)?;
    }
    Ok(())
}

/// Measures an agent on its sessions in `homes`, repeated until they are about `bytes`.
fn measure(agent: &dyn Agent, homes: &[PathBuf], bytes: u64) -> Result<(), CutError> {
    let mut once = Vec::new();
    for home in homes {
        let environment = Environment {
            home: home.clone(),
            variables: BTreeMap::new(),
            platform: Platform::Linux,
            projects: vec![home.clone()],
            out_of_sight: false,
        };
        for root in agent.roots(&environment) {
            for problem in agent.find(&root, &mut |source| once.push(source)) {
                println!("{}", problem.reason);
            }
        }
    }
    // Counting line feeds needs plain files.
    once.retain(|source| source.path.is_file());
    let length: u64 = once.iter().filter_map(|source| Some(fs::metadata(&source.path).ok()?.len())).sum();
    if length == 0 {
        println!("skipped {}: no files of sessions", agent.name());
        return Ok(());
    }
    let times = usize::try_from(bytes / length).unwrap_or(usize::MAX).clamp(1, 10_000);
    let sources: Vec<Source> = std::iter::repeat_n(once, times).flatten().collect();
    let mut totals = Totals::default();
    let mut count = Vec::new();
    let mut cut = Vec::new();
    let mut read = Vec::new();
    for _ in 0..ROUNDS {
        count.push(timed(|| count_lines(&sources))?);
        cut.push(timed(|| pass(agent, &sources, &mut |_| Ok(None)).map(drop))?);
        read.push(timed(|| {
            totals = pass(agent, &sources, &mut |source| agent.deriver(source, None).map(Some))?;
            Ok(())
        })?);
    }
    let [count, cut, read] = [count, cut, read].map(median);
    let megabytes = totals.bytes as f64 / 1e6;
    println!(
        "{}: {} files, {megabytes:.1} MB, {} records, {} events, {} problems, states up to {} bytes",
        agent.name(),
        sources.len(),
        totals.records,
        totals.events,
        totals.problems,
        totals.state
    );
    for (what, time) in [("count line feeds", count), ("cut", cut), ("cut and derive", read)] {
        let seconds = time.as_secs_f64();
        let (speed, ratio) = (megabytes / seconds, seconds / count.as_secs_f64());
        println!("{what:<16} {seconds:.3} s  {speed:>6.0} MB/s  {ratio:>5.1}x");
    }
    Ok(())
}

#[derive(Default)]
struct Totals {
    bytes: u64,
    records: u64,
    events: u64,
    problems: u64,
    state: usize,
}

struct Counting {
    deriver: Option<Box<dyn Deriver>>,
    derived: Derived,
    totals: Totals,
}

impl Sink for Counting {
    fn record(&mut self, record: Record<'_>) {
        self.totals.bytes += record.bytes.len() as u64;
        self.totals.records += 1;
        if let Some(deriver) = &mut self.deriver {
            deriver.derive(&record, &mut self.derived);
            self.totals.events += self.derived.events.len() as u64;
            self.totals.problems += self.derived.problems.len() as u64;
            self.derived.events.clear();
            self.derived.problems.clear();
        }
    }

    fn oversize(&mut self, piece: Record<'_>, _: bool) {
        self.totals.bytes += piece.bytes.len() as u64;
    }
}

type MakeDeriver<'a> = &'a mut dyn FnMut(&Source) -> Result<Option<Box<dyn Deriver>>, opensession_agents::StateError>;

fn pass(agent: &dyn Agent, sources: &[Source], make: MakeDeriver<'_>) -> Result<Totals, CutError> {
    let mut sink = Counting { deriver: None, derived: Derived::default(), totals: Totals::default() };
    for source in sources {
        sink.deriver = make(source).map_err(|error| CutError::Malformed(error.to_string()))?;
        let mut cursor = None;
        loop {
            let Cut { cursor: next, more, .. } = agent.cut(source, cursor.as_ref(), &Limits::default(), &mut sink)?;
            cursor = Some(next);
            if !more {
                break;
            }
        }
        if let Some(deriver) = &sink.deriver {
            sink.totals.state = sink.totals.state.max(deriver.state().len());
        }
    }
    Ok(sink.totals)
}

fn count_lines(sources: &[Source]) -> Result<(), CutError> {
    let mut block = vec![0; 256 << 10];
    let mut lines = 0;
    for source in sources {
        let mut file = File::open(&source.path)?;
        loop {
            let read = file.read(&mut block)?;
            if read == 0 {
                break;
            }
            lines += memchr::memchr_iter(b'\n', &block[..read]).count();
        }
    }
    std::hint::black_box(lines);
    Ok(())
}

fn timed(work: impl FnOnce() -> Result<(), CutError>) -> Result<Duration, CutError> {
    let (begin, cpu) = (Instant::now(), cpu_time());
    work()?;
    let wall = begin.elapsed();
    Ok(cpu_time().zip(cpu).map_or(wall, |(now, before)| now.saturating_sub(before)))
}

/// What this thread has run so far, as Linux tells it.
fn cpu_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
