//! How fast a long session is exported, and in how much memory: a made-up one of 100 MB, or of the megabytes that
//! `OPENSESSION_SESSION_MB` names, or the HAIL file that `OPENSESSION_SESSION` names.
//!
//! Prints for each form, secrets taken out, the time this thread ran, the speed, and the most memory that the process
//! held so far. A word after `--` names the one form to be measured.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    io::{self, BufRead, BufReader, Write},
    time::{Duration, Instant},
};

use opensession_hail::{
    Event, Header,
    export::{Exporter, Form, Subject},
    redact::Redactor,
};

/// What is wanted of each form.
const BAR_MEGABYTES_A_SECOND: f64 = 20.0;
/// Memory beyond what the process holds before it exports.
const BAR_MEMORY_MB: u64 = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let only = env::args().nth(1).filter(|word| !word.starts_with('-'));
    let folder = env::temp_dir().join(format!("opensession-export-{}", std::process::id()));
    let named = env::var_os("OPENSESSION_SESSION");
    let path = named.as_ref().map_or_else(|| folder.clone(), Into::into);
    if named.is_none() {
        let megabytes = env::var("OPENSESSION_SESSION_MB").map_or(Ok(100), |text| text.parse())?;
        make(&path, megabytes * 1_000_000)?;
    }
    let length = fs::metadata(&path)?.len();
    let redactor = Redactor::new();
    let before = memory_most()?;
    for (name, form) in [("hail", Form::Hail), ("json", Form::Json), ("markdown", Form::Markdown), ("html", Form::Html)]
    {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        for redacts in [false, true] {
            let (begin, cpu) = (Instant::now(), cpu_time());
            let written = export(&path, form, redacts.then(|| redactor.fresh()))?;
            let took = cpu_time().zip(cpu).map_or(begin.elapsed(), |(now, before)| now.saturating_sub(before));
            let speed = length as f64 / 1e6 / took.as_secs_f64();
            println!(
                "{name:<9} {} {} MB from {} MB in {:.2} s: {speed:.0} MB/s / {BAR_MEGABYTES_A_SECOND}; \
                 memory {} MB / {BAR_MEMORY_MB}",
                if redacts { "redacted" } else { "as it is" },
                written / 1_000_000,
                length / 1_000_000,
                took.as_secs_f64(),
                (memory_most()? - before) / 1_000_000,
            );
        }
    }
    if named.is_none() {
        fs::remove_file(&path)?;
    }
    Ok(())
}

fn export(path: &std::path::Path, form: Form, redactor: Option<Redactor>) -> Result<u64, Box<dyn Error>> {
    let mut lines = BufReader::new(fs::File::open(path)?).lines();
    let header: Header = serde_json::from_str(&lines.next().ok_or("the file is empty")??)?;
    let mut exporter = Exporter::new(Counting(0), form, Subject::of_header(header), redactor)?;
    for (number, line) in (1..).zip(lines) {
        exporter.event(number, Event::from_json(line?.as_bytes())?)?;
    }
    Ok(exporter.finish()?.0.0)
}

/// Writes a session as agents' sessions are: prompts, answers in Markdown, commands with long outputs, edits.
fn make(path: &std::path::Path, bytes: u64) -> io::Result<()> {
    let mut file = io::BufWriter::new(fs::File::create(path)?);
    let header =
        r#"{"v":"hail/0.1","tool":"claude-code","model":"m-1","ts":"2026-01-01T00:00:00Z","cwd":"/home/ann/app"}"#;
    writeln!(file, "{header}")?;
    let mut written = 0;
    let mut number = 0_u64;
    while written < bytes {
        number += 1;
        let mut output = String::new();
        for line in 0..60 {
            let at = number * 60 + line;
            // A write to a text cannot fail.
            write!(
                output,
                "src/module_{}.rs:{line}: warning: unused variable `value_{at}` in /home/ann/app\\n",
                at % 97
            )
            .ok();
        }
        let mut diff = String::from("@@ -1,40 +1,40 @@\\n");
        for line in 0..40 {
            let sign = [" ", "-", "+"][(line % 3) as usize];
            write!(diff, "{sign}    let value_{line} = compute({line}, \\\"text {number}\\\"); // why\\n").ok();
        }
        let lines = [
            format!(r#"{{"role":"human","content":"Fix the lock number {number}: 잠금을 한 번만 잡아 주세요"}}"#),
            format!(
                r###"{{"role":"agent","content":"## Step {number}\n\nI look at `lock.rs` **first**.\n\n```rust\nfn lock_{number}() {{ let a = \"b\"; }}\n```\n\n- one\n- two 락\n"}}"###
            ),
            format!(r#"{{"type":"command","call_id":"c{number}","name":"Bash","command":"cargo test lock_{number}"}}"#),
            format!(
                r#"{{"type":"tool_result","call_id":"c{number}","status":"ok","exit_code":0,"content":"{output}"}}"#
            ),
            format!(
                r#"{{"type":"tool_call","call_id":"e{number}","name":"Edit","input":{{"file_path":"/home/ann/app/src/lock.rs","new_string":"let token = get_token_{number}();"}}}}"#
            ),
            format!(r#"{{"type":"tool_result","call_id":"e{number}","status":"ok","content":"updated"}}"#),
            format!(
                r#"{{"type":"file_edit","call_id":"e{number}","path":"/home/ann/app/src/lock.rs","diff":"{diff}"}}"#
            ),
        ];
        for line in lines {
            written += line.len() as u64 + 1;
            writeln!(file, "{line}")?;
        }
    }
    file.flush()
}

struct Counting(u64);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What this thread has run so far, as Linux tells it.
fn cpu_time() -> Option<Duration> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The most memory that this process held so far, in bytes, as Linux tells it.
fn memory_most() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("the system does not tell")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kilobytes * 1024)
}
