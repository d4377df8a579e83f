//! The `opensession` program.

mod local;

use std::process::ExitCode;

use opensession_cli::Host;

fn main() -> ExitCode {
    let terminal = local::terminal();
    let clock = local::SystemClock;
    let exit = opensession_cli::run(
        std::env::args_os().collect(),
        Host {
            // Not locked: the daemon runs in here too, and its other threads log; others read and write streams.
            stdout: &mut std::io::stdout(),
            stderr: &mut std::io::stderr(),
            stdin: &mut std::io::stdin(),
            terminal,
            environment: &|name| std::env::var(name).ok(),
            directory: std::env::current_dir().ok(),
            clock: &clock,
            daemon: &mut local::LocalDaemon,
        },
    );
    exit.into()
}
