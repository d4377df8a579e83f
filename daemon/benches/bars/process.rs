//! The program itself: a command (P5), the socket (P6), an idle daemon (P9), a busy one (P10).

#![expect(clippy::disallowed_methods, reason = "a bench waits for another program, and for time to pass")]

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use opensession_protocol::{
    SearchAnswer,
    client::{ALLOCATOR_TUNABLES, Client, Spawn},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{
    home::{append, own_paths, temporary, variables},
    measure::{median, memory_mb, ms, print, ratio},
};

/// So often a second the system counts a process's time.
const TICKS: f64 = 100.0;
/// Runs of a command.
const RUNS: u32 = 100;
/// Calls over one connection.
const CALLS: usize = 500;
/// Sessions that grow at once, and lines that each grows by in a second.
const GROWING: usize = 10;
const LINES: u32 = 5;

/// A daemon as people run it.
struct Daemon {
    child: Child,
    client: Client,
}

impl Daemon {
    /// A daemon on a home directory, with everything of its own in `data`, when it has read all there is.
    fn start(program: &Path, home: &Path, data: &Path) -> Self {
        std::fs::create_dir_all(data.join("run")).expect("a folder");
        let child = Command::new(program)
            .args(["daemon", "run"])
            .envs(variables(home, data))
            .env("GLIBC_TUNABLES", ALLOCATOR_TUNABLES)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let paths = own_paths(home, data);
        let began = Instant::now();
        let mut client = loop {
            match Client::connect(&paths, &Spawn::Never) {
                Ok(client) => break client,
                Err(error) => assert!(began.elapsed() < Duration::from_secs(30), "no daemon: {error}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        client.call_within::<Value>("index/refresh", json!({}), Duration::from_mins(10)).expect("everything is read");
        Self { child, client }
    }

    /// Its CPU time, to a hundredth of a second.
    fn cpu(&self) -> f64 {
        stat(&self.child.id().to_string(), 13)
    }

    fn anonymous_mb(&self) -> f64 {
        memory_mb(&self.child.id().to_string(), "RssAnon")
    }

    /// How often its threads went to sleep.
    fn sleeps(&self) -> u64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id()));
        let of_task = |task: std::fs::DirEntry| -> u64 {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            line.and_then(|line| line.trim().parse().ok()).unwrap_or(0)
        };
        tasks.into_iter().flatten().flatten().map(of_task).sum()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // Gone already, or going.
            kill_process(pid, Signal::TERM).ok();
        }
        self.child.wait().ok();
    }
}

/// Two neighbouring fields of `/proc/PID/stat` after the name, user and system time, in seconds.
fn stat(process: &str, field: usize) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields = after_name.split_whitespace().skip(field - 2).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / TICKS
}

/// The program under test.
fn program(bar: &str) -> Option<PathBuf> {
    let named = std::env::var_os("OPENSESSION_BENCH_PROGRAM").map(PathBuf::from);
    // Benches lie in `deps`, beside the programs of their profile.
    let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join("opensession"));
    let program = named.or_else(beside).filter(|program| program.is_file());
    if program.is_none() {
        println!("{bar:<16} not measured: `cargo build --release -p opensession` makes the program that it runs");
    }
    program
}

fn seconds(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// P5, P6 and P9, on the corpus.
pub(crate) fn searching_and_idle(home: &Path) {
    let Some(program) = program("P5 P6 P9") else { return };
    let data = temporary();
    let mut daemon = Daemon::start(&program, home, data.path());
    command(&program, home, data.path());
    socket(&mut daemon.client);
    idle(&mut daemon);
}

/// P5: a whole command, against a program that does nothing.
fn command(program: &Path, home: &Path, data: &Path) {
    let run = |command: &mut Command| {
        let before = stat("self", 15);
        let began = Instant::now();
        for _ in 0..RUNS {
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it runs");
        }
        (stat("self", 15) - before, began.elapsed() / RUNS)
    };
    let nothing = run(&mut Command::new("true"));
    let search = run(Command::new(program).args(["search", "checkpoint"]).envs(variables(home, data)).current_dir("/"));
    print("P5 CPU", search.0 / nothing.0.max(0.01), 2.5, "x `true`");
    print("P5 wall", ms(search.1), 8.0, "ms, mean");
}

/// P6: what the way there and back costs a search that finds much, against a call that does nothing.
fn socket(client: &mut Client) {
    let ping = |client: &mut Client| {
        let began = Instant::now();
        client.call::<Value>("daemon/hello", json!({})).expect("an answer");
        began.elapsed()
    };
    let search = |client: &mut Client| {
        let began = Instant::now();
        let params = json!({ "query": "error", "options": { "limit": 20, "hits_per_session": 1 } });
        let answer: SearchAnswer = client.call("search/query", params).expect("an answer");
        assert_eq!(answer.sessions.len(), 20, "the corpus has twenty sessions with errors");
        began.elapsed().saturating_sub(Duration::from_micros(answer.took_us))
    };
    let pings = median((0..CALLS).map(|_| ping(client)).collect());
    let searches = median((0..CALLS).map(|_| search(client)).collect());
    print("P6 transport", ratio(searches, pings), 3.0, &format!("x a ping ({:.0} µs)", ms(pings) * 1e3));
}

/// P9: a daemon that nobody asks anything.
fn idle(daemon: &mut Daemon) {
    print("P9 anonymous", daemon.anonymous_mb(), 60.0, "MB");
    let Some(seconds) = seconds("OPENSESSION_BENCH_IDLE") else {
        println!("P9 CPU           not measured: OPENSESSION_BENCH_IDLE=600 watches for ten minutes");
        return;
    };
    // What the reading left to do is done by then: fresh events to disk, frames packed.
    let settling = Duration::from_mins(7);
    println!("   waiting {} s until what was read is packed", settling.as_secs());
    std::thread::sleep(settling);
    let (cpu, sleeps) = (daemon.cpu(), daemon.sleeps());
    std::thread::sleep(Duration::from_secs(seconds));
    let hour = 3600.0 / seconds as f64;
    let woken = (daemon.sleeps() - sleeps) as f64 * hour;
    print("P9 CPU", (daemon.cpu() - cpu) * hour, 1.0, &format!("s an hour; its threads wake {woken:.0} times an hour"));
    print("P9 anonymous", daemon.anonymous_mb(), 60.0, "MB at rest");
}

/// P10: ten sessions that grow.
pub(crate) fn busy() {
    let Some(seconds) = seconds("OPENSESSION_BENCH_BUSY") else {
        println!("P10              not measured: OPENSESSION_BENCH_BUSY=300 lets ten sessions grow for five minutes");
        return;
    };
    let Some(program) = program("P10") else { return };
    let (home, data) = (temporary(), temporary());
    let folder = home.path().join(".claude/projects/-p");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = |session: usize| folder.join(format!("{session:08x}-0000-4000-8000-000000000000.jsonl"));
    for session in 0..GROWING {
        (0..50).for_each(|number| append(&path(session), &line(session, number)));
    }
    let daemon = Daemon::start(&program, home.path(), data.path());
    let ticks = u64::from(LINES) * seconds;
    let (cpu, began) = (daemon.cpu(), Instant::now());
    let mut early = 0.0;
    for tick in 0..ticks {
        for session in 0..GROWING {
            append(&path(session), &line(session, 50 + tick as usize));
        }
        if tick == ticks / 5 {
            early = daemon.anonymous_mb();
        }
        let next = Duration::from_secs(1) / LINES * (tick as u32 + 1);
        std::thread::sleep(next.saturating_sub(began.elapsed()));
    }
    let share = (daemon.cpu() - cpu) / began.elapsed().as_secs_f64();
    print("P10 CPU", share * 100.0, 3.0, "% of a core");
    let late = daemon.anonymous_mb();
    print("P10 memory", late / early.max(1.0), 1.2, &format!("x after a fifth of the time ({early:.0} MB)"));
}

/// Lines as an agent at work writes them: a call, its result, a word on it.
fn line(session: usize, number: usize) -> String {
    let id = format!("{session}-{number}");
    let output = "checking strategy/manual_commit.go:145 in the working tree, nothing to be done here\\n".repeat(12);
    let (kind, content) = match number % 3 {
        0 => (
            "assistant",
            json!([{ "type": "tool_use", "id": format!("t{number}"), "name": "Bash",
            "input": { "command": format!("cargo nextest run part_{number}") } }]),
        ),
        1 => ("user", json!([{ "type": "tool_result", "tool_use_id": format!("t{}", number - 1), "content": output }])),
        _ => ("assistant", json!([{ "type": "text", "text": format!("Part {number} is as it should be; next.") }])),
    };
    let record = json!({
        "type": kind, "uuid": id, "sessionId": format!("{session:08x}-0000-4000-8000-000000000000"),
        "timestamp": jiff::Timestamp::now().to_string(), "cwd": "/p", "gitBranch": "main",
        "message": { "role": kind, "content": content },
    });
    format!("{record}\n")
}
