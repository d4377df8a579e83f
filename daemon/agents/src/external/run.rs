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

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

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
/// How long the end of a program, or of its output, is waited for at a time.
const STEP: Duration = Duration::from_millis(5);
/// How long the rest of what was printed is waited for, once the program's group is gone.
const GRACE: Duration = Duration::from_secs(1);

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
    let mut printed = None;
    let ended = wait(&child, deadline, output.as_ref(), &mut printed, bounds.bytes);
    let status = end(&mut child)?;
    let ended = ended?;
    // Now that the group is gone its pipes are closed, but for those that a process took along out of it.
    let rest = |pipe: Option<Receiver<Vec<u8>>>| pipe.and_then(|pipe| pipe.recv_timeout(GRACE).ok());
    let printed = if ended { printed.or_else(|| rest(output)) } else { printed };
    match printed {
        Some(printed) if printed.len() as u64 > bounds.bytes => {
            Err(failed(format!("printed more than {} MB", bounds.bytes / 1_000_000)))
        }
        Some(printed) if ended && status.success() => Ok(printed),
        Some(_) if ended => {
            let errors = rest(errors).unwrap_or_default();
            let errors = String::from_utf8_lossy(&errors);
            let line = errors.lines().find(|line| !line.trim().is_empty()).unwrap_or("without a word").trim();
            Err(failed(format!("failed ({status}): {}", line.chars().take(300).collect::<String>())))
        }
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

/// Waits for the program's own end and leaves it to be taken; `false` at the deadline, or where it `printed` too much.
fn wait(
    child: &Child,
    deadline: Instant,
    output: Option<&Receiver<Vec<u8>>>,
    printed: &mut Option<Vec<u8>>,
    most: u64,
) -> Result<bool, CutError> {
    // As long as its end is not taken, no other process can have its number, nor its group's.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw).map(WaitId::Pid);
    loop {
        if let Some(id) = &id
            && waitid(id.clone(), options).map_err(std::io::Error::from)?.is_some()
        {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        match output.filter(|_| printed.is_none()) {
            Some(output) => {
                *printed = output.recv_timeout(STEP).ok();
                if printed.as_ref().is_some_and(|printed| printed.len() as u64 > most) {
                    return Ok(false);
                }
            }
            #[expect(clippy::disallowed_methods, reason = "nothing tells the end of a process within a bound of time")]
            None => thread::sleep(STEP),
        }
    }
}

/// Kills what is left of the program's group, and takes the program's end.
fn end(child: &mut Child) -> Result<ExitStatus, CutError> {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // There may be nothing left of it.
        kill_process_group(group, Signal::KILL).ok();
    }
    Ok(child.wait()?)
}
