//! How fast texts are cut into tokens and snippets, in processor time. With `OPENSESSION_CORPUS_M` set to a home directory, the messages of its
//! Claude Code sessions are the text; else a built-in text is.
//!
//! `cargo bench -p opensession-daemon --bench tokenizer`

#![expect(clippy::print_stdout, reason = "the figures are the result")]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{Timestamp, tz::TimeZone};
use opensession_daemon::search::query::{ParseContext, parse};
use opensession_daemon::search::snippet::{Matcher, snippet};
use opensession_daemon::search::tokenizer::{TokenBuffer, tokenize};
use serde_json::Value;

/// Text of the corpus that is used at most, in bytes.
const MAX_TEXT_BYTES: usize = 64 << 20;
/// Each figure is the best of this many runs.
const RUNS: usize = 5;

const CODE: &str = r#"
    /// Reads the session's header, or says why it cannot.
    pub fn read_header(&mut self, path: &Path) -> Result<Header, ReadError> {
        let file = File::open(path).map_err(|source| ReadError::Open { path: path.to_owned(), source })?;
        let mut reader = BufReader::with_capacity(64 * 1024, file);
        if reader.fill_buf()?.is_empty() { return Err(ReadError::Empty); }
        // See https://github.com/example/project/pull/284 for the reason of MAX_RETRY_COUNT.
        for attempt in 0..MAX_RETRY_COUNT { self.parseHTTPResponse(attempt, &mut reader)?; }
        Ok(Header { id: "c0ffee12-34ab-4cde-9f01-aabbccddeeff".into(), tool_name: "manual_commit.go:145".into() })
    }
"#;
const PROSE: &str = "The lock test fails one time in ten because the lock is taken twice when the session ends, so I \
                     changed the order: first the store commits, then the index hears of it. All tests pass now.\n";
const KOREAN: &str =
    "로그인할 때 토큰이 만료되면 refreshToken을 다시 호출하도록 고쳤습니다. 테스트는 모두 통과합니다.\n";
const ACCENTED: &str =
    "Où est passée la clé ? L’été dernier, nous avons déjà vérifié à côté du café — même problème…\n";

fn main() {
    for (name, piece) in [("code", CODE), ("prose", PROSE), ("korean", KOREAN), ("accented", ACCENTED)] {
        let texts: Vec<String> = (0..2000).map(|_| piece.repeat(16_384 / piece.len())).collect();
        measure(name, &texts);
    }
    if let Some(home) = std::env::var_os("OPENSESSION_CORPUS_M") {
        let texts = corpus(&PathBuf::from(home));
        measure("corpus", &texts);
        measure_snippets(&texts);
    }
}

/// Prints megabytes and tokens a second.
fn measure(name: &str, texts: &[String]) {
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut buffer = TokenBuffer::default();
    let mut tokens = 0_u64;
    let best = best(|| {
        tokens = 0;
        for text in texts {
            tokenize(black_box(text), &mut buffer, |token| {
                tokens += 1;
                black_box(token.text.as_ptr());
            });
        }
    });
    let seconds = best.as_secs_f64();
    println!(
        "{name:10} {:6.1} MB  {:6.0} MB/s  {:5.1} million tokens/s  {:.2} bytes/token",
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / seconds,
        tokens as f64 / 1e6 / seconds,
        bytes as f64 / tokens as f64
    );
}

/// Prints the time of a snippet of the texts that two common words stand in.
fn measure_snippets(texts: &[String]) {
    let context = ParseContext::new(Timestamp::UNIX_EPOCH, TimeZone::UTC);
    for query in ["error", "fix test", "manual_commit.go", "\"session start\"", "condens*"] {
        let matcher = Matcher::new(&parse(query, &context));
        let matching: Vec<&String> =
            texts.iter().filter(|text| snippet(text, &matcher, 120).is_some()).take(2000).collect();
        if matching.is_empty() {
            continue;
        }
        let best = best(|| {
            for text in &matching {
                black_box(snippet(black_box(text), &matcher, 120));
            }
        });
        let mean = matching.iter().map(|text| text.len()).sum::<usize>() / matching.len();
        println!(
            "snippet {query:20} {:7.2} µs each, {} texts of {mean} bytes in the mean",
            best.as_secs_f64() * 1e6 / matching.len() as f64,
            matching.len()
        );
    }
}

/// The least time of several runs.
fn best(mut run: impl FnMut()) -> Duration {
    let begun = Instant::now();
    // Processor time where the system tells it, so that other work on the machine does not count.
    let clock = || processor_time().unwrap_or_else(|| begun.elapsed());
    let time = |run: &mut dyn FnMut()| {
        let start = clock();
        run();
        clock().saturating_sub(start)
    };
    (0..RUNS).map(|_| time(&mut run)).min().unwrap_or_default()
}

/// Processor time of this thread, on Linux.
fn processor_time() -> Option<Duration> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(statistics.split(' ').next()?.parse().ok()?))
}

/// The messages, calls and results of the sessions below the home directory.
fn corpus(home: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![home.join(".claude/projects")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jsonl") {
                files.push(path);
            }
        }
    }
    files.sort();
    let mut texts = Vec::new();
    let mut bytes = 0;
    for file in files {
        let Ok(content) = fs::read_to_string(&file) else { continue };
        for line in content.lines() {
            let Ok(record) = serde_json::from_str::<Value>(line) else { continue };
            let mut text = String::new();
            collect(record.get("message").and_then(|message| message.get("content")), &mut text);
            bytes += text.len();
            if !text.is_empty() {
                texts.push(text);
            }
            if bytes > MAX_TEXT_BYTES {
                return texts;
            }
        }
    }
    texts
}

/// Appends every text in the value but signatures and binary data.
fn collect(value: Option<&Value>, text: &mut String) {
    match value {
        Some(Value::String(piece)) => {
            text.push_str(piece);
            text.push('\n');
        }
        Some(Value::Array(items)) => items.iter().for_each(|item| collect(Some(item), text)),
        Some(Value::Object(fields)) => {
            for (name, value) in fields {
                if !matches!(name.as_str(), "signature" | "data" | "id" | "tool_use_id" | "type") {
                    collect(Some(value), text);
                }
            }
        }
        _ => {}
    }
}
