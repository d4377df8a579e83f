//! Words, phrases and regular expressions.

use opensession_protocol::QueryError;

use super::super::ast::{Clause, RegexPattern, Unit, UnitBody};
use super::super::unit::{self, Reading};
use super::super::value;
use super::Parser;

/// Digits after `~` at most; more positions of slack are the same as this many.
const MAX_SLOP: u32 = 100;

impl Parser<'_> {
    pub(super) fn phrase(&mut self) -> Option<Clause> {
        let start = self.at;
        let (text, closed) = self.quoted();
        let mut slop = 0;
        if closed && self.peek() == Some('~') {
            let digits: String = self.chars[self.at + 1..].iter().take_while(|next| next.is_ascii_digit()).collect();
            if !digits.is_empty() {
                self.at += 1 + digits.len();
                slop = digits.parse().unwrap_or(MAX_SLOP).min(MAX_SLOP);
            }
        }
        if !closed && !self.context.typing {
            self.unclosed_quote(start);
        }
        self.unit(start, unit::phrase(&text, slop, !closed), &text)
    }

    /// Reads what stands between quotes; the second says whether they are closed.
    pub(super) fn quoted(&mut self) -> (String, bool) {
        self.at += 1;
        let mut text = String::new();
        while let Some(next) = self.peek() {
            self.at += 1;
            match next {
                '"' => return (text, true),
                '\\' if self.peek() == Some('"') => {
                    self.at += 1;
                    text.push('"');
                }
                next => text.push(next),
            }
        }
        (text, false)
    }

    pub(super) fn unclosed_quote(&mut self, start: usize) {
        let without: String =
            self.chars[..start].iter().chain(&self.chars[start + 1..]).collect::<String>().trim().to_owned();
        self.warn(
            "unclosed_quote",
            "quote not closed",
            start,
            start + 1,
            &format!("close it, or leave it out: {without}"),
        );
    }

    /// Where the regular expression that begins at a `/` ends, its closing slash and `i` included.
    pub(super) fn regex_end(&self, start: usize) -> Option<usize> {
        let mut at = start + 1;
        loop {
            match self.chars.get(at)? {
                '\\' => at += 2,
                '/' => break,
                _ => at += 1,
            }
        }
        // `//` is none, and a slash after white space stands for itself: `cd /tmp and ls /`.
        if at == start + 1 || self.chars[at - 1].is_whitespace() {
            return None;
        }
        let end = if self.chars.get(at + 1) == Some(&'i') { at + 2 } else { at + 1 };
        let ends = match self.chars.get(end) {
            None => true,
            Some(')') => self.depth > 0,
            Some(next) => next.is_whitespace(),
        };
        ends.then_some(end)
    }

    /// Reads the regular expression that begins here; its text without slashes.
    pub(super) fn regex_text(&mut self) -> Option<String> {
        let start = self.at;
        let end = self.regex_end(start)?;
        self.at = end;
        let close = if self.chars[end - 1] == '/' { end - 1 } else { end - 2 };
        let text: String = self.chars[start + 1..close].iter().collect();
        Some(text.replace("\\/", "/"))
    }

    pub(super) fn regex(&mut self) -> Option<Clause> {
        let start = self.at;
        let pattern = RegexPattern { pattern: self.regex_text()?, ignore_case: true };
        if let Err(problem) = pattern.compile().and_then(|_| pattern.check_for_tokens()) {
            self.errors.push(value::regex_error(&problem, start as u32, self.at as u32, &pattern.pattern));
            return None;
        }
        let body = UnitBody::Regex(pattern);
        self.unit(start, Some(Reading { body, literal: None, verify: false, required: true }), "")
    }

    pub(super) fn word(&mut self) -> Option<Clause> {
        let start = self.at;
        // One character at least: what begins nothing else is a word.
        self.at = self.word_end(start).max(start + 1);
        let typed: String = self.chars[start..self.at].iter().collect();
        let reading = unit::word(&typed);
        self.unit(start, reading, &typed)
    }

    /// Where the word that begins there ends: at white space, or at a `)` that closes an open group.
    pub(super) fn word_end(&self, start: usize) -> usize {
        let mut open = 0_usize;
        for (at, next) in self.chars.iter().enumerate().skip(start) {
            match next {
                next if next.is_whitespace() => return at,
                '(' => open += 1,
                ')' if open > 0 => open -= 1,
                ')' if self.depth > 0 => return at,
                _ => {}
            }
        }
        self.chars.len()
    }

    pub(super) fn unit(&mut self, start: usize, reading: Option<Reading>, text: &str) -> Option<Clause> {
        let Some(Reading { body, literal, verify, required }) = reading else {
            let hint = if text.trim().is_empty() || text.contains('"') {
                "it is left out".to_owned()
            } else {
                format!("signs alone are found by text:\"{}\"", text.trim())
            };
            let error = QueryError {
                code: "no_words".to_owned(),
                message: "no word to look for".to_owned(),
                start: start as u32,
                end: self.at as u32,
                hint: Some(hint),
                fatal: false,
            };
            self.wordless.push(error);
            return None;
        };
        let typed = self.chars[start..self.at].iter().collect();
        let (start, end) = (start as u32, self.at as u32);
        Some(Clause::Unit(Unit { typed, start, end, required, scored: true, body, literal, verify }))
    }
}
