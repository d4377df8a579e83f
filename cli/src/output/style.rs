//! Colours and signs. Both only repeat what a word says.

use std::borrow::Cow;

/// When output is coloured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether a stream is coloured.
    pub(crate) fn resolve(self, is_terminal: bool, environment: &dyn Fn(&str) -> Option<String>) -> bool {
        let set = |name: &str| environment(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if set("NO_COLOR") => false,
            Self::Auto if environment("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") => true,
            Self::Auto => is_terminal && environment("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// How text is dressed: with the terminal's 16 colours or none, with signs or ASCII.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) color: bool,
    pub(crate) ascii: bool,
}

/// Whether the locale writes something else than UTF-8.
pub(crate) fn locale_is_ascii(environment: &dyn Fn(&str) -> Option<String>) -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| environment(name).filter(|v| !v.is_empty()));
    // Where nothing is set nothing is known, and nearly every terminal reads UTF-8.
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}

impl Style {
    pub(crate) fn live(self, text: &str) -> Cow<'_, str> {
        self.paint("36", text)
    }

    pub(crate) fn waiting(self, text: &str) -> Cow<'_, str> {
        self.paint("33", text)
    }

    pub(crate) fn ok(self, text: &str) -> Cow<'_, str> {
        self.paint("32", text)
    }

    pub(crate) fn failed(self, text: &str) -> Cow<'_, str> {
        self.paint("31", text)
    }

    pub(crate) fn added(self, text: &str) -> Cow<'_, str> {
        self.paint("32", text)
    }

    pub(crate) fn removed(self, text: &str) -> Cow<'_, str> {
        self.paint("31", text)
    }

    pub(crate) fn id(self, text: &str) -> Cow<'_, str> {
        self.paint("33", text)
    }

    pub(crate) fn bold(self, text: &str) -> Cow<'_, str> {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> Cow<'_, str> {
        self.paint("2", text)
    }

    /// A match inside a snippet. Without colours on an ASCII terminal it stands in brackets.
    pub(crate) fn hit(self, text: &str) -> Cow<'_, str> {
        match self {
            Style { color: true, .. } => self.paint("1;4", text),
            Style { ascii: true, .. } => Cow::Owned(format!("[{text}]")),
            _ => Cow::Borrowed(text),
        }
    }

    /// Something is missing here.
    pub(crate) fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    pub(crate) fn ok_sign(self) -> &'static str {
        if self.ascii { "ok" } else { "✓" }
    }

    pub(crate) fn failed_sign(self) -> &'static str {
        if self.ascii { "x" } else { "✗" }
    }

    pub(crate) fn running_sign(self) -> &'static str {
        if self.ascii { "~" } else { "⟳" }
    }

    pub(crate) fn live_sign(self) -> &'static str {
        if self.ascii { "*" } else { "◉" }
    }

    pub(crate) fn waiting_sign(self) -> &'static str {
        if self.ascii { "?" } else { "◌" }
    }

    pub(crate) fn subagent_sign(self) -> &'static str {
        if self.ascii { r"\_" } else { "↳" }
    }

    /// What bars are made of.
    pub(crate) fn bar_sign(self) -> &'static str {
        if self.ascii { "=" } else { "━" }
    }

    /// A day on a map of days.
    pub(crate) fn heat(self, level: usize) -> Cow<'static, str> {
        let code = match level {
            0 => "2",
            1 => "2;32",
            2 => "32",
            3 => "92",
            _ => "1;92",
        };
        self.paint(code, crate::heat::sign(level))
    }

    fn paint<'t>(self, code: &str, text: &'t str) -> Cow<'t, str> {
        if self.color && !text.is_empty() {
            Cow::Owned(format!("\u{1b}[{code}m{text}\u{1b}[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }
}
