//! A line that is typed, with the keys of readline.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation as _;

use crate::format::{cells, clean};

/// A line and the place in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LineEdit {
    text: String,
    /// Byte offset of the cursor, at a boundary of graphemes.
    cursor: usize,
    /// What was cut last.
    cut: String,
}

impl LineEdit {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { cursor: text.len(), text, cut: String::new() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub(crate) fn before(&self) -> &str {
        &self.text[..self.cursor]
    }

    pub(crate) fn set(&mut self, text: impl Into<String>) {
        self.text = text.into();
        self.cursor = self.text.len();
    }

    /// Puts text in at the cursor: on one line, and harmless.
    pub(crate) fn insert(&mut self, text: &str) {
        let harmless: String = clean::lines(text).replace('\n', " ");
        self.text.insert_str(self.cursor, &harmless);
        self.cursor += harmless.len();
    }

    /// How many code points stand before the cursor.
    pub(crate) fn cursor(&self) -> usize {
        self.before().chars().count()
    }

    /// Puts text, on one line and harmless, in the place of these code points; the cursor stands behind it.
    pub(crate) fn replace(&mut self, range: Range<usize>, with: &str) {
        let offset = |at: usize| self.text.char_indices().nth(at).map_or(self.text.len(), |(offset, _)| offset);
        let (from, to) = (offset(range.start), offset(range.end.max(range.start)));
        let harmless = clean::one_line(with);
        self.text.replace_range(from..to, &harmless);
        self.cursor = from + harmless.len();
    }

    /// Takes a key, as the table of keys writes it; `false` when it means nothing to a line.
    pub(crate) fn key(&mut self, key: &str) -> bool {
        match key {
            "Left" | "Ctrl-b" => self.cursor = self.previous(),
            "Right" | "Ctrl-f" => self.cursor = self.next(),
            "Home" | "Ctrl-a" => self.cursor = 0,
            "End" | "Ctrl-e" => self.cursor = self.text.len(),
            "Alt-b" => self.cursor = self.word_before(),
            "Alt-f" => self.cursor = self.word_after(),
            "Backspace" | "Ctrl-h" => self.remove(self.previous(), self.cursor),
            "Delete" | "Ctrl-d" => self.remove(self.cursor, self.next()),
            "Ctrl-w" | "Alt-Backspace" => self.cut(self.word_before(), self.cursor),
            "Ctrl-u" => self.cut(0, self.cursor),
            "Ctrl-k" => self.cut(self.cursor, self.text.len()),
            "Ctrl-y" => self.insert(&self.cut.clone()),
            "Space" => self.insert(" "),
            _ if key.chars().count() == 1 => self.insert(key),
            _ => return false,
        }
        true
    }

    /// The part of the line that `width` cells show, and the cell in which the cursor stands.
    pub(crate) fn shown(&self, width: usize) -> (&str, usize) {
        let mut from = 0;
        // The cursor itself takes a cell after the text.
        while cells::cells(&self.text[from..self.cursor]) + 1 > width && from < self.cursor {
            from += self.text[from..].graphemes(true).next().map_or(1, str::len);
        }
        (cells::head(&self.text[from..], width), cells::cells(&self.text[from..self.cursor]))
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = from;
    }

    fn cut(&mut self, from: usize, to: usize) {
        self.text[from..to].clone_into(&mut self.cut);
        self.remove(from, to);
    }

    fn previous(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn next(&self) -> usize {
        self.cursor + self.text[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    fn word_before(&self) -> usize {
        let trimmed = self.before().trim_end_matches(' ');
        trimmed.rfind(' ').map_or(0, |at| at + 1)
    }

    fn word_after(&self) -> usize {
        let rest = &self.text[self.cursor..];
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        self.cursor + rest[spaces..].find(' ').map_or(rest.len(), |at| spaces + at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_readline() {
        let mut line = LineEdit::new("lock 잠금 순서");
        for key in ["Alt-b", "Ctrl-w", "x", "Ctrl-e", "Backspace", "Space", "y"] {
            assert!(line.key(key), "{key}");
        }
        assert_eq!(line.text(), "lock x순 y");
        line.key("Ctrl-u");
        line.key("Ctrl-y");
        line.key("Home");
        line.key("Delete");
        assert_eq!(line.text(), "ock x순 y");
        assert!(!line.key("Tab"));
    }

    #[test]
    fn a_long_line_shows_the_place_of_the_cursor() {
        let line = LineEdit::new("agent:codex 잠금 순서");
        assert_eq!(line.shown(80), ("agent:codex 잠금 순서", 21));
        assert_eq!(line.shown(8), ("금 순서", 7));
        assert_eq!(LineEdit::default().shown(4), ("", 0));
    }

    #[test]
    fn a_piece_is_replaced_by_its_place_in_code_points() {
        let mut line = LineEdit::new("잠금 ag 순서");
        line.replace(3..5, "agent:\u{7}codex\n");
        assert_eq!((line.text(), line.cursor()), ("잠금 agent:codex 순서", 14));
        line.replace(90..95, "!");
        assert!(line.text().ends_with("순서!"));
    }

    #[test]
    fn what_is_pasted_is_one_harmless_line() {
        let mut line = LineEdit::default();
        line.insert("two\nlines\u{1b}[31m red");
        assert_eq!(line.text(), "two lines red");
    }
}
