//! Bringing long texts to a length that a page can carry.

use std::borrow::Cow;
use std::fmt::Write;

use super::words;

/// The longest line, in characters.
const LINE_CHARACTERS: usize = 4_000;

/// How much of a text is shown: its beginning and its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) head_lines: usize,
    pub(super) tail_lines: usize,
    pub(super) head_bytes: usize,
    pub(super) tail_bytes: usize,
}

/// A text, or its two ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cut<'a> {
    pub(super) head: &'a str,
    /// What was left out between the ends, in words; absent when nothing was.
    pub(super) left_out: Option<String>,
    pub(super) tail: &'a str,
}

impl Limits {
    /// Cuts `text`, between lines where there are some.
    pub(super) fn cut<'a>(&self, text: &'a str) -> Cut<'a> {
        let head = self.head(text);
        let rest = &text[head.len()..];
        let tail = self.tail(rest);
        let middle = &rest[..rest.len() - tail.len()];
        let lines = middle.bytes().filter(|byte| *byte == b'\n').count();
        // Leaving out less than a note takes is no gain.
        if lines <= 3 && middle.len() <= 400 {
            return Cut { head: text, left_out: None, tail: "" };
        }
        let size = words::size(middle.len());
        let left_out = match lines {
            0 => format!("{size} left out"),
            lines => format!("{} ({size}) left out", words::counted(lines as u64, "line", "lines")),
        };
        Cut { head, left_out: Some(left_out), tail }
    }

    fn head<'a>(&self, text: &'a str) -> &'a str {
        let by_lines = text.match_indices('\n').nth(self.head_lines.max(1) - 1).map_or(text.len(), |(at, _)| at + 1);
        if by_lines <= self.head_bytes {
            return &text[..by_lines];
        }
        let limit = text.floor_char_boundary(self.head_bytes);
        let end = text[..limit].rfind('\n').map_or(limit, |at| at + 1);
        // A line of which most would be lost is cut itself.
        &text[..if end * 2 < limit { limit } else { end }]
    }

    fn tail<'a>(&self, text: &'a str) -> &'a str {
        let end = text.strip_suffix('\n').unwrap_or(text);
        let by_lines = end.rmatch_indices('\n').nth(self.tail_lines.max(1) - 1).map_or(0, |(at, _)| at + 1);
        if text.len() - by_lines <= self.tail_bytes {
            return &text[by_lines..];
        }
        let limit = text.ceil_char_boundary(text.len() - self.tail_bytes);
        &text[text[limit..].find('\n').map_or(limit, |at| limit + at + 1)..]
    }
}

/// `text` with its longest lines cut, each with a note of how much is gone.
pub(super) fn short_lines(text: &str) -> Cow<'_, str> {
    if text.len() <= LINE_CHARACTERS || text.split('\n').all(|line| line.len() <= LINE_CHARACTERS) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(1 << 20));
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        match line.char_indices().nth(LINE_CHARACTERS) {
            None => out.push_str(line),
            Some((end, _)) => {
                let more = words::count(line[end..].chars().count() as u64);
                write!(out, "{} … [{more} more characters]", &line[..end]).expect("a string takes every byte");
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits { head_lines: 2, tail_lines: 1, head_bytes: 1_000, tail_bytes: 500 };

    #[test]
    fn both_ends_stay() {
        let text: String = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", ""].join("\n");
        let cut = SMALL.cut(&text);
        assert_eq!((cut.head, cut.tail), ("1\n2\n", "10\n"));
        assert_eq!(cut.left_out.unwrap(), "7 lines (14 B) left out");
        assert_eq!(SMALL.cut("1\n2\n3\n").left_out, None);
        assert_eq!(SMALL.cut("").head, "");
    }

    #[test]
    fn one_huge_line_is_cut_between_characters() {
        let text = "잠".repeat(10_000);
        let cut = SMALL.cut(&text);
        assert!(cut.head.len() <= 1_000 && cut.tail.len() <= 500 && cut.left_out.is_some());
        assert!(short_lines(&text).ends_with("… [6,000 more characters]"));
        assert!(matches!(short_lines("a\nb"), Cow::Borrowed(_)));
    }
}
