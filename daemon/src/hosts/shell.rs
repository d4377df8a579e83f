//! A shell on another machine, through the user's own `ssh`: requests go in as lines, answers come back in order.
//!
//! Nothing is known of the other side but that it has a POSIX shell. The functions that requests call are sent first
//! ([`PROLOGUE`]). An answer is whatever comes until a mark that nobody can guess; it may be shorter than was asked for,
//! because files change, never longer.

use std::{
    fs::File,
    io::{self, Read, Write},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, TryRecvError},
    },
    time::{Duration, Instant},
};

use opensession_agents::Platform;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Address;

/// What is sent before all requests; `MARK` stands for the mark.
const PROLOGUE: &str = include_str!("prologue.sh");

/// Bytes before the first mark that are passed over: greetings of login shells.
const GREETING_MOST: usize = 64 << 10;
/// Bytes of ssh's own words that are kept.
const WORDS_MOST: usize = 4096;
/// So long nothing may come while something is awaited.
const SILENCE_MOST: Duration = Duration::from_mins(1);
/// So long the last words of ssh are awaited.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Bytes of the line of a mark.
const STATUS_MOST: usize = 256;
/// How often it is looked whether the work was called off.
const LOOK: Duration = Duration::from_millis(250);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShellError {
    /// There is no `ssh` here.
    #[error("ssh cannot be started: {0}")]
    NoSsh(io::Error),
    /// It did not come to a shell; what ssh said.
    #[error("{0}")]
    Refused(String),
    /// The other side is no system that this can work with.
    #[error("{0}")]
    Unusable(&'static str),
    /// The connection broke; what ssh said.
    #[error("the connection broke{}", after_colon(.0))]
    Lost(String),
    /// Nothing came.
    #[error("nothing came for {} s", SILENCE_MOST.as_secs())]
    Silent,
    /// It took too long.
    #[error("it took too long")]
    Late,
    /// More came than was asked for.
    #[error("more came than was asked for")]
    TooMuch,
    /// The daemon ends, or the host was taken away.
    #[error("called off")]
    CalledOff,
}

fn after_colon(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// What the other side says of itself.
#[derive(Debug, Clone)]
pub(super) struct Greeting {
    pub(super) home: PathBuf,
    pub(super) platform: Platform,
    /// Its clock, in seconds since 1970.
    pub(super) now: i64,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// The word after the mark.
    pub(super) status: String,
}

/// The program and the bounds of a connection.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    /// The program that connects: `ssh`, wherever it is.
    pub(super) program: PathBuf,
    /// When it must be over.
    pub(super) deadline: Instant,
    /// Set when the work is called off.
    pub(super) called_off: Arc<AtomicBool>,
}

/// The shell. Ends with its value.
pub(super) struct Shell {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
    words: Arc<Mutex<Vec<u8>>>,
    /// Closes when ssh has said everything.
    all_said: Receiver<()>,
    mark: String,
    /// What came and was not given out yet.
    waiting: Vec<u8>,
    bounds: Bounds,
}

impl Shell {
    /// Connects and waits for the first words of the other side.
    pub(super) fn open(address: &Address, bounds: Bounds) -> Result<(Self, Greeting), ShellError> {
        let mut command = Command::new(&bounds.program);
        command.arg("-T");
        for option in [
            "BatchMode=yes",
            "ConnectTimeout=20",
            "ServerAliveInterval=15",
            "ServerAliveCountMax=3",
            "ClearAllForwardings=yes",
            "ForwardAgent=no",
            "ForwardX11=no",
            "PermitLocalCommand=no",
            "Compression=yes",
        ] {
            command.args(["-o", option]);
        }
        if let Some(port) = address.port() {
            command.args(["-p", &port.to_string()]);
        }
        command.args(["--", &address.destination(), "exec sh -s"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(ShellError::NoSsh)?;
        let taken = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(stderr)) = taken else {
            return Err(ShellError::NoSsh(io::ErrorKind::BrokenPipe.into()));
        };
        let words = Arc::new(Mutex::new(Vec::new()));
        let all_said = listen(stderr, words.clone()).map_err(ShellError::NoSsh)?;
        let mark = mark().map_err(ShellError::NoSsh)?;
        let input = Some(input);
        let mut shell = Self { child, input, output, words, all_said, mark, waiting: Vec::new(), bounds };
        let greeting = shell.greet()?;
        Ok((shell, greeting))
    }

    /// Sends a request: a line that calls one of the functions of the prologue. Some hundred may wait for their answers.
    pub(super) fn ask(&mut self, request: &str) -> Result<(), ShellError> {
        self.send(&format!("{request}\n"))
    }

    /// The answer to the earliest request that has none yet. `most` is what it may hold.
    pub(super) fn answer(&mut self, most: u64) -> Result<Answer, ShellError> {
        let finder = memchr::memmem::Finder::new(self.mark.as_bytes()).into_owned();
        let mut looked = 0;
        loop {
            if let Some(at) = finder.find(&self.waiting[looked..]).map(|at| at + looked) {
                let after = at + self.mark.len();
                if let Some(end) = memchr::memchr(b'\n', &self.waiting[after..]) {
                    let status = String::from_utf8_lossy(&self.waiting[after..after + end]).trim().to_owned();
                    let rest = self.waiting.split_off(after + end + 1);
                    let mut bytes = std::mem::replace(&mut self.waiting, rest);
                    // The mark stands on a line of its own.
                    bytes.truncate(at.saturating_sub(1));
                    if bytes.len() as u64 > most {
                        return Err(ShellError::TooMuch);
                    }
                    return Ok(Answer { bytes, status });
                }
                if self.waiting.len() - after > STATUS_MOST {
                    return Err(ShellError::TooMuch);
                }
                looked = at;
            } else {
                if self.waiting.len() as u64 > most + STATUS_MOST as u64 {
                    return Err(ShellError::TooMuch);
                }
                looked = self.waiting.len().saturating_sub(self.mark.len());
            }
            self.receive()?;
        }
    }

    fn greet(&mut self) -> Result<Greeting, ShellError> {
        self.send(&PROLOGUE.replace("MARK", &self.mark))?;
        // Before the functions are there, whatever the login shell says; after this mark, what we asked for.
        let most = GREETING_MOST as u64;
        let first = self.answer(most).map_err(|error| self.not_begun(error))?;
        match first.status.as_str() {
            "begin" => {}
            "home" => return Err(ShellError::Unusable("its home directory cannot be entered")),
            _ => return Err(ShellError::Unusable("its stat command is neither GNU's nor BSD's")),
        }
        let facts = self.answer(most)?;
        let facts = String::from_utf8_lossy(&facts.bytes).into_owned();
        let fact = |name: &str| facts.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let home = fact("home").map(PathBuf::from).filter(|home| home.is_absolute());
        let home = home.ok_or(ShellError::Unusable("it tells no home directory"))?;
        let now = fact("now").and_then(|now| now.trim().parse().ok());
        let now = now.ok_or(ShellError::Unusable("it tells no time"))?;
        let platform = if fact("system") == Some("Darwin") { Platform::MacOs } else { Platform::Linux };
        Ok(Greeting { home, platform, now })
    }

    /// Why it never began: what ssh said, where the connection did not come about.
    fn not_begun(&mut self, error: ShellError) -> ShellError {
        match error {
            ShellError::Lost(_) => {
                let words = self.said();
                // Who has said everything is ending; whoever else holds its words open is not waited for.
                let status = match self.all_said.try_recv() {
                    Err(TryRecvError::Disconnected) => self.child.wait().ok(),
                    _ => self.child.try_wait().ok().flatten(),
                };
                let code = status.and_then(|status| status.code());
                match (words.is_empty(), code) {
                    (false, _) => ShellError::Refused(words),
                    (true, Some(127)) => ShellError::Unusable("it has no POSIX shell"),
                    (true, _) => ShellError::Unusable("it gives no shell to this user"),
                }
            }
            ShellError::TooMuch => ShellError::Unusable("it gives no shell to this user"),
            other => other,
        }
    }

    fn send(&mut self, text: &str) -> Result<(), ShellError> {
        let Some(input) = &mut self.input else { return Err(ShellError::Lost(String::new())) };
        // A connection that did not come about is told by what ssh says, when the answer is awaited.
        match input.write_all(text.as_bytes()).and_then(|()| input.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(ShellError::Lost(error.to_string())),
        }
    }

    fn receive(&mut self) -> Result<(), ShellError> {
        let silent_until = Instant::now() + SILENCE_MOST;
        let slice = Timespec { tv_sec: 0, tv_nsec: LOOK.as_nanos() as i64 };
        loop {
            if self.bounds.called_off.load(Ordering::Relaxed) {
                return Err(ShellError::CalledOff);
            }
            let now = Instant::now();
            if now > self.bounds.deadline {
                return Err(ShellError::Late);
            }
            if now > silent_until {
                return Err(ShellError::Silent);
            }
            match poll(&mut [PollFd::new(&self.output, PollFlags::IN)], Some(&slice)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(ShellError::Lost(error.to_string())),
            }
            let before = self.waiting.len();
            self.waiting.resize(before + (64 << 10), 0);
            let read = self.output.read(&mut self.waiting[before..]);
            let count = *read.as_ref().unwrap_or(&0);
            self.waiting.truncate(before + count);
            return match read {
                Ok(0) => Err(ShellError::Lost(self.said())),
                Ok(_) => Ok(()),
                Err(error) => Err(ShellError::Lost(error.to_string())),
            };
        }
    }

    /// What ssh said, in one line, once it has ended.
    fn said(&mut self) -> String {
        self.input = None;
        // It has closed its output, so it ends; a stray child of its own may hold the other end open, and is not awaited.
        self.all_said.recv_timeout(LAST_WORDS).ok();
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&words).into_owned();
        let plain = |line: &str| line.chars().filter(|character| !character.is_control()).collect::<String>();
        let lines: Vec<String> = text.lines().map(plain).map(|line| line.trim().to_owned()).collect();
        // Warnings and banners stand before what went wrong.
        lines.into_iter().rev().find(|line| !line.is_empty()).unwrap_or_default()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.input = None;
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Keeps the first words of ssh, and takes the rest so that it never waits for us.
fn listen(mut stderr: impl Read + Send + 'static, words: Arc<Mutex<Vec<u8>>>) -> io::Result<Receiver<()>> {
    let (all_said, receiver) = mpsc::channel();
    let work = move || {
        let mut block = [0; 1024];
        while let Ok(read @ 1..) = stderr.read(&mut block) {
            let mut words = words.lock().unwrap_or_else(PoisonError::into_inner);
            let room = WORDS_MOST.saturating_sub(words.len());
            words.extend_from_slice(&block[..read.min(room)]);
        }
        drop(all_said);
    };
    std::thread::Builder::new().name("ssh-words".into()).spawn(work)?;
    Ok(receiver)
}

/// A word that nobody can put into a file beforehand.
fn mark() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold("opensession-".to_owned(), |mark, byte| format!("{mark}{byte:02x}")))
}
