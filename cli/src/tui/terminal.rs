//! The terminal: taken over while the interface runs, given back whatever happens.

use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::effects::Program;
use crate::text;

/// How long a terminal may take to say where its cursor stands.
const PROBE: Duration = Duration::from_millis(80);

/// The terminal, taken over.
pub(crate) struct Screen {
    pub(crate) terminal: Terminal<CrosstermBackend<io::Stdout>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over. A panic gives it back before it is told.
    pub(crate) fn take(mouse: bool) -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let told = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back().ok();
                told(panic);
            }));
        });
        enter(mouse)?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?, mouse })
    }

    /// Whether signs of an ambiguous width take two cells here. Asked once, before anything is drawn.
    pub(crate) fn has_wide_signs() -> bool {
        probe().unwrap_or(false)
    }

    /// Gives the terminal to a program until it ends.
    pub(crate) fn run(&mut self, program: &Program) -> io::Result<Result<(), String>> {
        give_back()?;
        let ended = start(program);
        self.again()?;
        Ok(ended)
    }

    /// Stops this process, as the shell's job control does, until it is told to go on.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        give_back()?;
        signal_hook::low_level::raise(signal_hook::consts::SIGTSTP)?;
        self.again()
    }

    /// Sends the terminal a sequence that draws nothing.
    pub(crate) fn send(sequence: &str) -> io::Result<()> {
        let mut stdout = io::stdout();
        stdout.write_all(sequence.as_bytes())?;
        stdout.flush()
    }

    fn again(&mut self) -> io::Result<()> {
        enter(self.mouse)?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back().ok();
    }
}

fn enter(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
    if mouse {
        execute!(io::stdout(), EnableMouseCapture)?;
    }
    Ok(())
}

fn give_back() -> io::Result<()> {
    let shown = execute!(io::stdout(), DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    disable_raw_mode()?;
    shown
}

fn start(program: &Program) -> Result<(), String> {
    let Some((name, arguments)) = program.command.split_first() else { return Ok(()) };
    let mut command = Command::new(name);
    command.args(arguments);
    if let Some(directory) = &program.directory {
        command.current_dir(directory);
    }
    match command.status() {
        Ok(status) if status.success() || status.code().is_none() => Ok(()),
        Ok(status) => Err(text::tui::ended(name, status.code().unwrap_or_default())),
        Err(error) => Err(text::cannot_run(name, &error.to_string())),
    }
}

/// Draws a sign of an ambiguous width and asks for the cursor's place; `None` when the terminal does not say in time.
fn probe() -> Option<bool> {
    let mut stdout = io::stdout();
    // U+25B8, the sign of what is folded, at the beginning of a line, and then what was there.
    stdout.write_all("\r\u{25b8}\u{1b}[6n".as_bytes()).ok()?;
    stdout.flush().ok()?;
    let column = answer(&Instant::now());
    stdout.write_all(b"\r\x1b[K").ok()?;
    stdout.flush().ok()?;
    Some(column? > 2)
}

/// Reads `ESC [ row ; column R`. What was typed before it is lost with it; that is a moment at the very beginning.
fn answer(began: &Instant) -> Option<u32> {
    let stdin = io::stdin();
    let mut read = Vec::new();
    loop {
        let left = PROBE.checked_sub(began.elapsed())?;
        let left = Timespec { tv_sec: 0, tv_nsec: i64::from(left.subsec_nanos()) };
        if poll(&mut [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)], Some(&left)).ok()? == 0 {
            return None;
        }
        let mut buffer = [0; 64];
        let count = rustix::io::read(stdin.as_fd(), &mut buffer).ok().filter(|count| *count > 0)?;
        read.extend_from_slice(&buffer[..count]);
        if let Some(end) = read.iter().position(|byte| *byte == b'R') {
            let said = std::str::from_utf8(&read[..end]).ok()?;
            return said.rsplit(';').next()?.parse().ok();
        }
    }
}
