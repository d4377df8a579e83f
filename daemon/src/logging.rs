//! The daemon's log: a file of bounded size that keeps its last few predecessors.
//!
//! `OPENSESSION_LOG`, else `RUST_LOG`, chooses what is logged (`info` when both are absent). Neither secrets nor text of
//! sessions may be logged at any level: sessions are named by id, files by path.

mod rotation;

use std::{io, path::Path, sync::Mutex};

use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{self, format::Writer, time::FormatTime},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

pub use rotation::RotatingFile;

/// Bytes of one log file.
const FILE_BYTES: u64 = 5 << 20;
/// Log files kept, the current one included.
const FILES: usize = 5;

/// Begins to log to `path`, and to the standard error output too when `to_stderr`. Panics are logged from now on.
/// A second call in one process does nothing.
pub fn start(path: &Path, to_stderr: bool) -> io::Result<()> {
    let file = RotatingFile::open(path, FILE_BYTES, FILES)?;
    let to_file = fmt::layer()
        .with_ansi(false)
        .with_target(true)
        .with_timer(Clock)
        .with_writer(Mutex::new(file))
        .with_filter(filter());
    let to_terminal = to_stderr
        .then(|| fmt::layer().with_ansi(false).with_timer(Clock).with_writer(io::stderr).with_filter(filter()));
    if tracing_subscriber::registry().with(to_file).with(to_terminal).try_init().is_ok() {
        log_panics();
    }
    Ok(())
}

fn filter() -> EnvFilter {
    ["OPENSESSION_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| EnvFilter::try_from_env(name).ok())
        .unwrap_or_else(|| EnvFilter::new("info"))
}

/// Panics go to the log instead of an output that nobody reads. The message may hold data, so only its place is logged
/// in full; the message is cut.
fn log_panics() {
    const MESSAGE_LIMIT: usize = 300;
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or("of an unknown kind");
        let message: String = message.chars().take(MESSAGE_LIMIT).collect();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
        let backtrace = std::backtrace::Backtrace::capture();
        tracing::error!(message, place, thread, %backtrace, "panic");
    }));
}

/// UTC to the millisecond.
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        write!(writer, "{:.3}", jiff::Timestamp::now())
    }
}
