//! The pager: `$OPENSESSION_PAGER`, `$PAGER`, or `less -FRX`.

use std::io::Write;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, atomic::AtomicBool};

use crate::failure::Failure;

/// The default.
const LESS: &str = "less -FRX";

/// The command line of the pager: an empty one, or `cat`, means none.
pub(crate) fn command_line(environment: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let command = environment("OPENSESSION_PAGER").or_else(|| environment("PAGER")).unwrap_or_else(|| LESS.to_owned());
    let trimmed = command.trim();
    (!trimmed.is_empty() && trimmed != "cat").then(|| trimmed.to_owned())
}

/// A running pager.
pub(crate) struct Pager {
    child: Child,
    input: Option<ChildStdin>,
}

impl Pager {
    /// Starts it; `None` when it cannot be started.
    pub(crate) fn start(command: &str) -> Option<Self> {
        let plain =
            command.split_whitespace().all(|word| word.chars().all(|c| c.is_alphanumeric() || "-_./+=".contains(c)));
        let mut process = if plain {
            let mut words = command.split_whitespace();
            let mut process = Command::new(words.next()?);
            process.args(words);
            process
        } else {
            let mut process = Command::new("sh");
            process.arg("-c").arg(command);
            process
        };
        if command != LESS {
            // Our colours, where `less` is called without its flags.
            process.env("LESS", std::env::var_os("LESS").unwrap_or_else(|| "FRX".into()));
        }
        // Ctrl-C belongs to the pager while it runs: dying of it would leave it fighting the shell for the keyboard.
        signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::new(AtomicBool::new(false))).ok()?;
        let mut child = process.stdin(Stdio::piped()).spawn().ok()?;
        let input = child.stdin.take();
        Some(Self { child, input })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.input {
            Some(input) => Ok(input.write_all(bytes)?),
            None => Ok(()),
        }
    }

    /// Waits until its user has left it.
    pub(crate) fn wait(&mut self) {
        drop(self.input.take());
        // How a pager ended is nobody's business.
        self.child.wait().ok();
    }
}

impl Drop for Pager {
    fn drop(&mut self) {
        self.wait();
    }
}
