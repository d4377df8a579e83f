//! The terminal interface: what `opensession` alone on a terminal shows.
//!
//! One thread draws and decides ([`app`]); others call the daemon ([`worker`]). Whatever happens becomes a message, and
//! whatever is to be done comes back as an effect ([`effects`]).

mod app;
mod effects;
mod highlight;
mod keys;
mod line_edit;
mod list;
mod look;
mod overlay;
mod paint;
mod refresh;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod views;
mod worker;

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

pub(crate) use keys::{Action, Place};
pub(crate) use views::Tab;
pub(crate) use views::sessions::Order;

use opensession_protocol::config::{ClientConfig, UiSettings};
use opensession_protocol::paths::{Environment, Paths};
use ratatui::crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGTERM, SIGWINCH};

use crate::clipboard::{self, Copied};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::clean;
use crate::text;
use app::App;
use effects::{Effect, Message};
use look::Look;
use terminal::Screen;
use theme::Theme;
use worker::{Mailbox, Workers};

/// How long the first picture waits for the first answer.
const FIRST_ANSWER: Duration = Duration::from_millis(20);

/// Shows the terminal interface until the user leaves it.
pub(crate) fn run(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (settings, problem) = settings(context);
    // The first connection starts a daemon where none runs, and says here why it cannot.
    context.connection()?;
    let (wakes, wake) = io::pipe().map_err(cannot)?;
    let (wakes, wake): (OwnedFd, OwnedFd) = (wakes.into(), wake.into());
    rustix::io::ioctl_fionbio(&wakes, true).map_err(|error| cannot(error.into()))?;
    rustix::io::ioctl_fionbio(&wake, true).map_err(|error| cannot(error.into()))?;
    let is_told_to_end = end_on_signals(&wake).map_err(cannot)?;
    let (mailbox, messages) = Mailbox::new(wake);
    let workers = Workers::begin(context.daemon.connector(), mailbox);
    let theme = Theme { ascii: context.style.ascii || settings.ascii, color: context.style.color };
    let look = Look {
        theme,
        times: context.times.renewed(),
        home: context.variable("HOME"),
        directory: context.directory(),
        search_path: context.variable("PATH").unwrap_or_default(),
        program: std::env::current_exe().map_err(cannot)?.display().to_string(),
        editor: ["VISUAL", "EDITOR"]
            .into_iter()
            .find_map(|name| context.variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_else(|| "vi".to_owned()),
    };
    let (app, effects) = App::new(look);
    let mut running = Running { app, workers, screen: None, began: Instant::now(), has_ended: false };
    running.perform(effects, context).map_err(cannot)?;
    if let Some(problem) = problem {
        running.app.update(Message::Failed(problem), Duration::ZERO);
    }
    let screen = Screen::take(settings.mouse).map_err(cannot)?;
    if !running.app.look.theme.ascii && Screen::has_wide_signs() {
        running.app.look.theme.ascii = true;
    }
    running.screen = Some(screen);
    // What is answered at once is in the first picture already.
    wait(&wakes, Some(FIRST_ANSWER)).map_err(cannot)?;
    let mut happened: Vec<Message> = Vec::new();
    while !running.has_ended {
        happened.extend(messages.try_iter());
        for message in happened.drain(..) {
            let effects = running.app.update(message, running.began.elapsed());
            running.perform(effects, context).map_err(cannot)?;
        }
        if running.has_ended {
            break;
        }
        running.draw().map_err(cannot)?;
        if running.app.is_new_size() {
            let effects = running.app.update(Message::Resized, running.began.elapsed());
            running.perform(effects, context).map_err(cannot)?;
        }
        let timeout = running.app.next_timer().map(|at| at.saturating_sub(running.began.elapsed()));
        let is_there = wait(&wakes, timeout).map_err(cannot)?;
        if !is_there || is_told_to_end.load(Ordering::Relaxed) {
            break;
        }
        typed(&mut happened).map_err(cannot)?;
        if running.app.next_timer().is_some_and(|at| at <= running.began.elapsed()) {
            happened.push(Message::Tick);
        }
    }
    Ok(Exit::Done)
}

/// The interface at work.
struct Running<'h> {
    app: App<'h>,
    workers: Workers,
    screen: Option<Screen>,
    began: Instant,
    has_ended: bool,
}

impl Running<'_> {
    /// Does what the state wants done, and what it wants done then.
    fn perform(&mut self, effects: Vec<Effect>, context: &Context<'_>) -> io::Result<()> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let then = match effect {
                Effect::Ask(request) => {
                    self.workers.ask(request);
                    None
                }
                Effect::Watch(session) => {
                    self.workers.watch(session);
                    None
                }
                Effect::Quit => {
                    self.has_ended = true;
                    None
                }
                Effect::Copy(copied) => match clipboard::copy(&copied, &|name| context.variable(name)) {
                    Copied::Done => None,
                    Copied::Send(sequence) => {
                        Screen::send(&sequence)?;
                        None
                    }
                    Copied::TooLong => Some(Message::Failed(text::tui::COPY_TOO_LONG.to_owned())),
                },
                Effect::Write { path, text } => Some(write_new(&path, &text)),
                Effect::Suspend => {
                    if let Some(screen) = &mut self.screen {
                        screen.suspend()?;
                    }
                    None
                }
                Effect::Run(program) => match &mut self.screen {
                    Some(screen) => Some(Message::Ended(screen.run(&program)?)),
                    None => None,
                },
            };
            if let Some(message) = then {
                effects.extend(self.app.update(message, self.began.elapsed()));
            }
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let Some(screen) = &mut self.screen else { return Ok(()) };
        screen.terminal.draw(|frame| {
            if let Some(cursor) = self.app.draw(frame.buffer_mut()) {
                frame.set_cursor_position(cursor);
            }
        })?;
        Ok(())
    }
}

/// Writes a file that was not there, for its user alone.
fn write_new(path: &str, contents: &str) -> Message {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match opened.and_then(|mut file| file.write_all(contents.as_bytes())) {
        Ok(()) => Message::Told(text::tui::written(&clean::one_line(path))),
        Err(error) => Message::Failed(text::cannot_write_file(&clean::one_line(path), &error.to_string())),
    }
}

/// Takes what was typed meanwhile.
fn typed(happened: &mut Vec<Message>) -> io::Result<()> {
    while event::poll(Duration::ZERO)? {
        match event::read()? {
            Event::Key(key) => happened.push(Message::Key(key)),
            Event::Paste(pasted) => happened.push(Message::Paste(pasted)),
            Event::Mouse(mouse) => happened.push(Message::Mouse(mouse)),
            Event::Resize(..) => happened.push(Message::Resized),
            Event::FocusGained | Event::FocusLost => {}
        }
    }
    Ok(())
}

/// `[ui]` of `config.toml`, and what is wrong with it.
fn settings(context: &Context<'_>) -> (UiSettings, Option<String>) {
    let uid = rustix::process::getuid().as_raw();
    let environment = Environment::from_variables(uid, |name| context.variable(name).map(OsString::from));
    let Ok(paths) = Paths::new(&environment) else { return (UiSettings::default(), None) };
    match ClientConfig::load(&paths.config_file()) {
        Ok(loaded) => (loaded.settings.ui, None),
        Err(error) => (UiSettings::default(), Some(error.to_string())),
    }
}

/// Waits for the terminal, a message, a signal or the time; `false` when the terminal is gone.
fn wait(wakes: &OwnedFd, timeout: Option<Duration>) -> io::Result<bool> {
    let stdin = io::stdin();
    let mut both = [
        PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN),
        PollFd::from_borrowed_fd(wakes.as_fd(), PollFlags::IN),
    ];
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match poll(&mut both, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    // Reading from a terminal that is gone never ends.
    let is_there = !both[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL);
    let mut bytes = [0; 256];
    while matches!(rustix::io::read(wakes, &mut bytes), Ok(count) if count == bytes.len()) {}
    Ok(is_there)
}

/// Has a resize wake us, and an order to end do so too; gives whether one came.
fn end_on_signals(wake: &OwnedFd) -> io::Result<Arc<AtomicBool>> {
    let is_told = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&is_told))?;
        signal_hook::low_level::pipe::register(signal, wake.try_clone()?)?;
    }
    signal_hook::low_level::pipe::register(SIGWINCH, wake.try_clone()?)?;
    Ok(is_told)
}

fn cannot(error: io::Error) -> Failure {
    Failure::new(Exit::Refused, format!("{}: {error}", text::tui::CANNOT_DRAW)).hint(text::tui::HINT_CANNOT_DRAW)
}
