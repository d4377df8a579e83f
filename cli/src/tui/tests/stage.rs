//! A terminal, a clock and a daemon that are made up.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use serde::Serialize;
use serde_json::Value;

use crate::connection::CallError;
use crate::format::time::Times;
use crate::host::Clock;
use crate::tui::app::App;
use crate::tui::effects::{Effect, Message, Request};
use crate::tui::look::Look;
use crate::tui::theme::Theme;

/// What the daemon answers to a method with these parameters.
type Answering = Box<dyn Fn(&Value) -> Result<Value, CallError>>;

/// The interface with all around it made up.
pub(crate) struct Stage {
    app: App<'static>,
    terminal: Terminal<TestBackend>,
    answers: BTreeMap<&'static str, Answering>,
    /// Calls that are answered only when [`Stage::release`] says so.
    held: Vec<&'static str>,
    waiting: Vec<Request>,
    /// Calls made, with their parameters.
    pub(crate) calls: Vec<String>,
    /// All other effects.
    pub(crate) done: Vec<Effect>,
    now: Duration,
}

impl Stage {
    /// Strikes keys, named as the table of keys names them, with spaces between.
    pub(crate) fn keys(&mut self, names: &str) -> &mut Self {
        for name in names.split_whitespace() {
            // A key of two is struck as two.
            let (first, second) = if name.len() == 2 && name.starts_with('z') { name.split_at(1) } else { (name, "") };
            for name in [first, second].into_iter().filter(|name| !name.is_empty()) {
                self.happens(Message::Key(key(name)));
            }
        }
        self
    }

    /// Types text, a character at a time.
    pub(crate) fn types(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.happens(Message::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
        self
    }

    pub(crate) fn click(&mut self, column: u16, row: u16) -> &mut Self {
        let kind = MouseEventKind::Down(MouseButton::Left);
        self.happens(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
    }

    /// Presses the mouse in one place, moves it and lets it go in another.
    pub(crate) fn drag(&mut self, from: (u16, u16), to: (u16, u16)) -> &mut Self {
        let button = MouseButton::Left;
        for (kind, (column, row)) in
            [(MouseEventKind::Down(button), from), (MouseEventKind::Drag(button), to), (MouseEventKind::Up(button), to)]
        {
            self.happens(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        }
        self
    }

    /// Lets time pass, timers ringing.
    pub(crate) fn passes(&mut self, milliseconds: u64) -> &mut Self {
        self.now += Duration::from_millis(milliseconds);
        self.happens(Message::Tick)
    }

    pub(crate) fn happens(&mut self, message: Message) -> &mut Self {
        let effects = self.app.update(message, self.now);
        self.perform(effects);
        self
    }

    pub(crate) fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.terminal.backend_mut().resize(width, height);
        self.happens(Message::Resized)
    }

    /// Answers of this method wait from now on.
    pub(crate) fn hold(&mut self, method: &'static str) -> &mut Self {
        self.held.push(method);
        self
    }

    /// Answers the calls of this method that wait, and those to come; the last made is answered first if `reversed`.
    pub(crate) fn release(&mut self, method: &'static str, reversed: bool) -> &mut Self {
        self.held.retain(|held| *held != method);
        let (mut released, rest) =
            std::mem::take(&mut self.waiting).into_iter().partition::<Vec<_>, _>(|request| request.method == method);
        self.waiting = rest;
        if reversed {
            released.reverse();
        }
        for request in released {
            self.answer(request);
        }
        self
    }

    /// What is seen: lines without the spaces at their ends.
    pub(crate) fn screen(&mut self) -> String {
        let app = &mut self.app;
        self.terminal.draw(|frame| _ = app.draw(frame.buffer_mut())).unwrap();
        if self.app.is_new_size() {
            self.happens(Message::Resized);
        }
        // What a wide character covered before is not cleared on a made-up terminal, as it is on a real one.
        self.terminal.clear().unwrap();
        let app = &mut self.app;
        self.terminal.draw(|frame| _ = app.draw(frame.buffer_mut())).unwrap();
        let buffer = self.terminal.backend().buffer();
        let mut lines = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut skip = 0;
            for x in 0..buffer.area.width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                skip = crate::format::cells::cells(symbol).saturating_sub(1);
            }
            lines.push_str(line.trim_end());
            lines.push('\n');
        }
        lines
    }

    /// The columns, in cells, in which `sign` stands in row `y`.
    pub(crate) fn columns_of(&mut self, sign: &str, y: u16) -> Vec<u16> {
        self.screen();
        let buffer = self.terminal.backend().buffer();
        (0..buffer.area.width).filter(|x| buffer[(*x, y)].symbol() == sign).collect()
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask(request) if self.held.contains(&request.method) => {
                    self.calls.push(format!("{request:?}"));
                    self.waiting.push(request);
                }
                Effect::Ask(request) => {
                    self.calls.push(format!("{request:?}"));
                    self.answer(request);
                }
                other => self.done.push(other),
            }
        }
    }

    fn answer(&mut self, request: Request) {
        let answer = match self.answers.get(request.method) {
            Some(answering) => answering(&request.params),
            None => panic!("{} was not expected", request.method),
        };
        let answer = answer.and_then(|value| (request.read)(&serde_json::value::to_raw_value(&value).unwrap()));
        let effects = self.app.update(Message::Answer(request.ticket, answer), self.now);
        self.perform(effects);
    }
}

/// A stage that is set up.
pub(crate) struct Setting {
    size: (u16, u16),
    ascii: bool,
    answers: BTreeMap<&'static str, Answering>,
}

impl Setting {
    /// A terminal of this size; nothing is shown before [`Setting::begin`].
    pub(crate) fn new(width: u16, height: u16) -> Self {
        Self { size: (width, height), ascii: false, answers: BTreeMap::new() }
    }

    pub(crate) fn ascii(mut self) -> Self {
        self.ascii = true;
        self
    }

    pub(crate) fn answer(self, method: &'static str, answer: impl Serialize) -> Self {
        let answer = serde_json::to_value(answer).unwrap();
        self.answer_by(method, move |_| Ok(answer.clone()))
    }

    pub(crate) fn answer_by(
        mut self,
        method: &'static str,
        answering: impl Fn(&Value) -> Result<Value, CallError> + 'static,
    ) -> Self {
        self.answers.insert(method, Box::new(answering));
        self
    }

    pub(crate) fn begin(self) -> Stage {
        let look = Look {
            theme: Theme { ascii: self.ascii, color: true },
            times: Times::new(&FixedClock, false),
            home: Some("/home/mina".to_owned()),
            directory: Some("/home/mina/app".to_owned()),
            search_path: "/usr/bin".to_owned(),
            program: "opensession".to_owned(),
            editor: "vi".to_owned(),
        };
        let (app, effects) = App::new(look);
        let terminal = Terminal::new(TestBackend::new(self.size.0, self.size.1)).unwrap();
        let mut stage = Stage {
            app,
            terminal,
            answers: self.answers,
            held: Vec::new(),
            waiting: Vec::new(),
            calls: Vec::new(),
            done: Vec::new(),
            now: Duration::ZERO,
        };
        stage.perform(effects);
        stage
    }
}

/// 2026-11-22 14:05 in Seoul.
struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        "2026-11-22T05:05:00Z".parse().unwrap()
    }

    fn time_zone(&self) -> TimeZone {
        TimeZone::fixed(jiff::tz::offset(9))
    }
}

/// A key by the name that the table of keys gives it.
pub(crate) fn key(name: &str) -> KeyEvent {
    let (name, modifiers) = match (name.strip_prefix("Ctrl-"), name.strip_prefix("Alt-")) {
        (Some(rest), _) => (rest, KeyModifiers::CONTROL),
        (_, Some(rest)) => (rest, KeyModifiers::ALT),
        _ => (name, KeyModifiers::NONE),
    };
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Shift-Tab" => KeyCode::BackTab,
        "Space" => KeyCode::Char(' '),
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "Left" => KeyCode::Left,
        "Right" => KeyCode::Right,
        "Home" => KeyCode::Home,
        "End" => KeyCode::End,
        "PgUp" => KeyCode::PageUp,
        "PgDn" => KeyCode::PageDown,
        "Backspace" => KeyCode::Backspace,
        "Delete" => KeyCode::Delete,
        single => KeyCode::Char(single.chars().next().expect("a key has a name")),
    };
    KeyEvent::new(code, modifiers)
}
