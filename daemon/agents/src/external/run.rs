//! Running a reader's program, bounded in time and output.

use std::{
    io::Read,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::CutError;

/// Bounds of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How long it may take.
    pub time: Duration,
    /// How much it may print, in bytes.
    pub bytes: u64,
}

impl Default for Bounds {
    /// 30 seconds and 64 MiB.
    fn default() -> Self {
        Self { time: Duration::from_secs(30), bytes: 64 << 20 }
    }
}

/// Of what is printed on standard error.
const ERROR_BYTES: u64 = 64 << 10;
/// How long the end of a program is waited for once its output has ended, at a time.
const STEP: Duration = Duration::from_millis(5);

/// What the program printed for `path`. At a bound, and at its end, all processes of its group are killed.
pub(super) fn run(command: &[String], path: &Path, bounds: Bounds) -> Result<Vec<u8>, CutError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(CutError::Malformed("the reader has no command".to_owned()));
    };
    let failed = |what: String| CutError::Malformed(format!("`{program}` {what}"));
    let deadline = Instant::now() + bounds.time;
    let mut child = Command::new(program)
        .args(arguments)
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .map_err(|error| failed(format!("cannot be run: {error}")))?;
    let output = child.stdout.take().map(|pipe| collect(pipe, bounds.bytes.saturating_add(1)));
    let errors = child.stderr.take().map(|pipe| collect(pipe, ERROR_BYTES));
    let printed = output.and_then(|output| output.recv_timeout(bounds.time).ok());
    let within = printed.as_ref().is_some_and(|printed| printed.len() as u64 <= bounds.bytes);
    let status = if within { wait(&mut child, deadline)? } else { None };
    let reaped = end(&mut child, status.is_none())?;
    match (printed, status) {
        (Some(printed), Some(status)) if status.success() => Ok(printed),
        (Some(_), Some(_)) => {
            let errors = errors.and_then(|errors| errors.recv_timeout(Duration::from_secs(1)).ok()).unwrap_or_default();
            let errors = String::from_utf8_lossy(&errors);
            let line = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("without a word").trim();
            Err(failed(format!("failed ({reaped}): {}", line.chars().take(300).collect::<String>())))
        }
        (Some(_), None) if !within => Err(failed(format!("printed more than {} MB", bounds.bytes / 1_000_000))),
        _ => Err(failed(format!("did not end within {} s", bounds.time.as_secs()))),
    }
}

/// Reads a pipe to its end, in a thread of its own, which ends when the pipe does.
fn collect(pipe: impl Read + Send + 'static, most: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before a fault is what there is.
        pipe.take(most).read_to_end(&mut bytes).ok();
        // Nobody waits any more when the time was up.
        sender.send(bytes).ok();
    });
    receiver
}

/// Waits for the program's own end; `None` at the deadline.
fn wait(child: &mut Child, deadline: Instant) -> Result<Option<ExitStatus>, CutError> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        #[expect(clippy::disallowed_methods, reason = "nothing tells the end of a process within a bound of time")]
        thread::sleep(STEP);
    }
}

/// Kills the program's group while it runs, and takes its end.
fn end(child: &mut Child, runs: bool) -> Result<ExitStatus, CutError> {
    if runs && let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended in this moment.
        kill_process_group(group, Signal::KILL).ok();
    }
    Ok(child.wait()?)
}
