//! A daemon's life: lock, log, engine, socket, service, and back in the reverse order.
//!
//! The lock is the truth about "running" and is held for life: it is taken before the log is opened, before the
//! engine opens the database, and before the socket is looked at. The socket appears last, when everything behind it
//! answers.

mod lock;
mod reload;
mod service;

use std::{fs::OpenOptions, io, path::PathBuf, process::ExitCode};

use jsonrpsee::Methods;
use opensession_protocol::{
    client::{LOCK_BUSY_STATUS, READY_LINE},
    paths::{DirectoryError, Paths, create_private_directory, tighten_private_directory},
};
use rustix::{
    fs::Mode,
    process::{setsid, umask},
    stdio::{dup2_stderr, dup2_stdin, dup2_stdout},
};
use tokio::signal::unix::{SignalKind, signal};

pub use lock::{DaemonLock, LockError};
pub use reload::{ConfigWatcher, watch_config};
pub use service::{LAUNCHD_LABEL, SYSTEMD_UNIT, launchd_plist, systemd_unit};

use crate::{
    logging,
    rpc::{self, BoundSocket, CancellationToken, ListenError},
};

/// How a daemon is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where everything is.
    pub paths: Paths,
    /// Whether a client started it and goes away: own session, no terminal, output to the log once it is ready.
    pub detached: bool,
}

/// What stands behind the socket.
pub trait Engine: Send + 'static {
    /// The methods it answers, see [`rpc::methods`].
    fn methods(&self) -> Methods;

    /// Called when no request is under way any more: writes what is not yet on disk.
    fn finish(self) -> impl Future<Output = anyhow::Result<()>> + Send;
}

/// What an engine is given to begin with.
#[derive(Debug, Clone)]
pub struct Start {
    /// Where everything is; the directories exist and are private.
    pub paths: Paths,
    /// Given when the daemon is to end; `daemon/shutdown` cancels it.
    pub stop: CancellationToken,
}

/// Why a daemon did not run, or did not end well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// Another one holds the lock, or the lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A directory cannot be trusted.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// There is no socket.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The engine could not begin, or could not write what it had.
    #[error("{0:#}")]
    Engine(anyhow::Error),
    /// The system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

impl RunError {
    /// The exit status by which a client tells that another daemon is at work from all else.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Lock(LockError::Busy { .. }) => ExitCode::from(LOCK_BUSY_STATUS as u8),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Runs a daemon to its end: until SIGTERM, SIGINT, or `stop` of [`Start`].
///
/// `begin` opens the engine; it runs inside the runtime, with the lock held and the log open, and what it fails with is
/// shown by the client that started the daemon.
pub fn run<E, F>(options: &Options, begin: impl FnOnce(Start) -> F) -> Result<(), RunError>
where
    E: Engine,
    F: Future<Output = anyhow::Result<E>>,
{
    let paths = &options.paths;
    if options.detached {
        detach()?;
    }
    // Everything made from here on is for this user only.
    umask(Mode::from_raw_mode(0o077));
    create_private_directory(paths.runtime_dir(), paths.uid)?;
    tighten_private_directory(&paths.data_dir, paths.uid)?;
    tighten_private_directory(&paths.state_dir, paths.uid)?;
    let lock = DaemonLock::acquire(paths)?;
    logging::start(&paths.log(), !options.detached)
        .map_err(io_error(format!("cannot log to {}", paths.log().display())))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("opensession")
        .build()
        .map_err(io_error("cannot start threads"))?;
    let result = runtime.block_on(live(options, begin));
    match &result {
        Ok(()) => tracing::info!("ended"),
        Err(error) => tracing::error!(%error, "ended"),
    }
    // Work that nobody waits for any more does not keep the process.
    runtime.shutdown_background();
    drop(lock);
    result
}

async fn live<E, F>(options: &Options, begin: impl FnOnce(Start) -> F) -> Result<(), RunError>
where
    E: Engine,
    F: Future<Output = anyhow::Result<E>>,
{
    let paths = &options.paths;
    let stop = CancellationToken::new();
    // Before the engine begins: a signal during a long start must not be lost.
    stop_on_signals(&stop)?;
    let start = Start { paths: paths.clone(), stop: stop.clone() };
    let engine = tokio::select! {
        engine = begin(start) => engine.map_err(RunError::Engine)?,
        () = stop.cancelled() => return Ok(()),
    };
    let (socket, listener) = BoundSocket::bind(&paths.socket, paths.uid)?;
    let listener = rpc::into_tokio(listener).map_err(io_error("cannot listen"))?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), pid = std::process::id(), socket = %paths.socket.display(), "ready");
    announce(options)?;
    rpc::serve(listener, engine.methods(), stop).await;
    // A client that finds no socket waits for the lock; one that found it would wait in vain for an answer.
    socket.remove().map_err(io_error("cannot remove the socket"))?;
    engine.finish().await.map_err(RunError::Engine)
}

/// Leaves the terminal and the directory of whoever started us. Fails only for the leader of a process group, which a
/// started child is not.
fn detach() -> Result<(), RunError> {
    match setsid() {
        // A leader has no terminal to lose when a service manager started it.
        Ok(_) | Err(rustix::io::Errno::PERM) => {}
        Err(error) => return Err(io_error("cannot begin a session")(error.into())),
    }
    std::env::set_current_dir("/").map_err(io_error("cannot go to /"))?;
    let null = null_device()?;
    dup2_stdin(&null).map_err(|error| io_error("cannot close the input")(error.into()))
}

/// Tells whoever started us that we listen. A client's pipe ends here: from now on the log takes what is written by
/// anything but us.
fn announce(options: &Options) -> Result<(), RunError> {
    use io::Write;
    if !options.detached {
        return Ok(());
    }
    let mut output = io::stdout();
    if let Err(error) = writeln!(output, "{READY_LINE}").and_then(|()| output.flush()) {
        // The client gave up waiting; others will come.
        tracing::debug!(%error, "nobody waits for us");
    }
    let log = options.paths.log();
    let log = OpenOptions::new().append(true).create(true).open(&log).map_err(io_error("cannot open the log"))?;
    let redirected = dup2_stdout(null_device()?).and_then(|()| dup2_stderr(log));
    redirected.map_err(|error| io_error("cannot redirect the output")(error.into()))
}

fn null_device() -> Result<std::fs::File, RunError> {
    let path = PathBuf::from("/dev/null");
    OpenOptions::new().read(true).write(true).open(path).map_err(io_error("cannot open /dev/null"))
}

fn stop_on_signals(stop: &CancellationToken) -> Result<(), RunError> {
    for (kind, name) in [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT")] {
        let mut signals = signal(kind).map_err(io_error("cannot wait for signals"))?;
        let stop = stop.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                tracing::info!(signal = name, "ending");
                stop.cancel();
            }
        });
    }
    Ok(())
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> RunError {
    let what = what.into();
    move |source| RunError::Io { what, source }
}
