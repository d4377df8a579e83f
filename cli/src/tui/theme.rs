//! Colours and signs: the terminal's own sixteen colours, and signs that have one width everywhere.

use opensession_hail::Status;
use opensession_protocol::SessionState;
use ratatui::style::{Color, Modifier, Style};

/// How the screen is dressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Draw with ASCII only.
    pub(crate) ascii: bool,
    /// Use colours; bold, dim and the like are used without them too.
    pub(crate) color: bool,
}

#[expect(clippy::unused_self, reason = "callers need not know which styles depend on colours")]
impl Theme {
    pub(crate) fn plain(self) -> Style {
        Style::new()
    }

    pub(crate) fn bold(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub(crate) fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// A match.
    pub(crate) fn hit(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
    }

    /// The row under the cursor: strong in the pane that has the focus.
    pub(crate) fn cursor(self, has_focus: bool) -> Style {
        if has_focus { Style::new().add_modifier(Modifier::REVERSED) } else { self.bold() }
    }

    pub(crate) fn live(self) -> Style {
        self.colored(Color::Cyan)
    }

    pub(crate) fn waiting(self) -> Style {
        self.colored(Color::Yellow)
    }

    pub(crate) fn ok(self) -> Style {
        self.colored(Color::Green)
    }

    pub(crate) fn failed(self) -> Style {
        self.colored(Color::Red)
    }

    pub(crate) fn added(self) -> Style {
        self.colored(Color::Green)
    }

    pub(crate) fn removed(self) -> Style {
        self.colored(Color::Red)
    }

    pub(crate) fn id(self) -> Style {
        self.colored(Color::Yellow)
    }

    /// In code: what stands in quotes.
    pub(crate) fn code_text(self) -> Style {
        self.colored(Color::Green)
    }

    /// In code: a number.
    pub(crate) fn code_number(self) -> Style {
        self.colored(Color::Cyan)
    }

    /// In code: a word of the language.
    pub(crate) fn code_word(self) -> Style {
        self.colored(Color::Magenta)
    }

    /// A day on a map of days, from nothing (0) to the busiest (4).
    pub(crate) fn heat(self, level: usize) -> Style {
        match level {
            0 => self.dim(),
            1 => self.ok().add_modifier(Modifier::DIM),
            2 => self.ok(),
            3 => self.colored(Color::LightGreen),
            _ => self.colored(Color::LightGreen).add_modifier(Modifier::BOLD),
        }
    }

    /// The sign of a session with a star: one that has one width everywhere, as the usual stars have not.
    pub(crate) fn star_sign(self) -> &'static str {
        if self.ascii { "*" } else { "✶" }
    }

    /// A session's star.
    pub(crate) fn star(self) -> Style {
        self.colored(Color::Yellow)
    }

    /// The sign of a session's state, as wide as a row keeps for it.
    pub(crate) fn state_sign(self, state: SessionState) -> (&'static str, Style) {
        match (state, self.ascii) {
            (SessionState::Live, false) => ("◉", self.live()),
            (SessionState::Live, true) => ("*", self.live()),
            (SessionState::Waiting, false) => ("◌", self.waiting()),
            (SessionState::Waiting, true) => ("?", self.waiting()),
            _ => (" ", self.plain()),
        }
    }

    /// The sign of how a call ended; nothing for one that went well.
    pub(crate) fn status_sign(self, status: Status) -> (&'static str, Style) {
        match (status, self.ascii) {
            (Status::Ok, false) => ("✓", self.ok()),
            (Status::Ok, true) => ("ok", self.ok()),
            (Status::Running, false) => ("⟳", self.live()),
            (Status::Running, true) => ("~", self.live()),
            (_, false) => ("✗", self.failed()),
            (_, true) => ("x", self.failed()),
        }
    }

    pub(crate) fn fold_sign(self, is_open: bool) -> &'static str {
        match (is_open, self.ascii) {
            (true, false) => "▾",
            (false, false) => "▸",
            (true, true) => "v",
            (false, true) => ">",
        }
    }

    pub(crate) fn subagent_sign(self) -> &'static str {
        if self.ascii { r"\_" } else { "↳" }
    }

    pub(crate) fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// A piece of a bar.
    pub(crate) fn bar(self) -> &'static str {
        if self.ascii { "=" } else { "━" }
    }

    pub(crate) fn horizontal(self) -> &'static str {
        if self.ascii { "-" } else { "─" }
    }

    pub(crate) fn vertical(self) -> &'static str {
        if self.ascii { "|" } else { "│" }
    }

    /// The picture of something under way, `at` so many steps after it began.
    pub(crate) fn spinner(self, at: usize) -> &'static str {
        const BRAILLE: [&str; 8] = ["⣷", "⣯", "⣟", "⡿", "⢿", "⣻", "⣽", "⣾"];
        const ASCII: [&str; 4] = ["|", "/", "-", "\\"];
        if self.ascii { ASCII[at % ASCII.len()] } else { BRAILLE[at % BRAILLE.len()] }
    }

    fn colored(self, color: Color) -> Style {
        if self.color { Style::new().fg(color) } else { Style::new() }
    }
}
