//! Text that stands as it is.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr_iter, memchr2_iter, memmem};
use regex_automata::meta::Regex;

use crate::search::query::{RegexProblem, TextScan};

/// Whether the literal stands in the text and is not part of a longer word: `#242` does not stand in `#2421`.
pub fn contains_literal(text: &str, literal: &str, case_sensitive: bool) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let begins_word = literal.chars().next().is_some_and(|first| is_word(first) || first == '-');
    let ends_word = literal.chars().next_back().is_some_and(is_word);
    let mut from = 0;
    while let Some(found) = find(&text[from..], literal, case_sensitive) {
        let (start, end) = (from + found.start, from + found.end);
        let free_before = !begins_word || !text[..start].chars().next_back().is_some_and(is_word);
        let free_after = !ends_word || !text[end..].chars().next().is_some_and(is_word);
        if free_before && free_after {
            return true;
        }
        from = start + text[start..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// The first place where the literal stands.
pub(super) fn find(text: &str, literal: &str, case_sensitive: bool) -> Option<Range<usize>> {
    if literal.is_empty() || literal.len() > text.len() {
        return None;
    }
    if case_sensitive {
        return memmem::find(text.as_bytes(), literal.as_bytes()).map(|at| at..at + literal.len());
    }
    if !literal.is_ascii() {
        return find_folded(text, literal);
    }
    // Letters are rarer than the signs that literals begin with.
    let bytes = literal.as_bytes();
    let pivot = bytes.iter().position(u8::is_ascii_alphabetic).unwrap_or(0);
    let (lower, upper) = (bytes[pivot].to_ascii_lowercase(), bytes[pivot].to_ascii_uppercase());
    let fits = |at: usize| {
        let start = at.checked_sub(pivot)?;
        let end = start + bytes.len();
        text.as_bytes().get(start..end)?.eq_ignore_ascii_case(bytes).then_some(start..end)
    };
    if lower == upper {
        memchr_iter(lower, text.as_bytes()).find_map(fits)
    } else {
        memchr2_iter(lower, upper, text.as_bytes()).find_map(fits)
    }
}

/// Beyond ASCII, where small letters may have another length than capitals: compared character by character.
fn find_folded(text: &str, literal: &str) -> Option<Range<usize>> {
    let folded: Vec<char> = literal.chars().flat_map(char::to_lowercase).collect();
    let first = *folded.first()?;
    text.char_indices().find_map(|(start, character)| {
        if character.to_lowercase().next() != Some(first) {
            return None;
        }
        let mut expected = folded.iter();
        for (at, character) in text[start..].char_indices() {
            for character in character.to_lowercase() {
                if *expected.next()? != character {
                    return None;
                }
            }
            if expected.len() == 0 {
                return Some(start..start + at + character.len_utf8());
            }
        }
        None
    })
}

/// A [`TextScan`], ready to run.
#[derive(Debug, Clone)]
pub struct TextScanner {
    scan: Scan,
}

#[derive(Debug, Clone)]
enum Scan {
    Literal { literal: String, case_sensitive: bool },
    Regex(Box<Regex>),
}

impl TextScanner {
    /// Makes it ready. A regular expression says itself whether case counts.
    pub fn new(scan: &TextScan, case_sensitive: bool) -> Result<Self, RegexProblem> {
        let scan = match scan {
            TextScan::Literal(literal) => Scan::Literal { literal: literal.clone(), case_sensitive },
            TextScan::Regex(pattern) => Scan::Regex(Box::new(pattern.compile()?)),
        };
        Ok(Self { scan })
    }

    /// The first place at or after `from` where it is found, in bytes; never empty.
    pub fn find_at(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let rest = text.get(from..)?;
        match &self.scan {
            Scan::Literal { literal, case_sensitive } => {
                find(rest, literal, *case_sensitive).map(|found| from + found.start..from + found.end)
            }
            Scan::Regex(regex) => {
                let input = regex_automata::Input::new(text).span(from..text.len());
                regex.find_iter(input).map(|found| found.range()).find(|range| !range.is_empty())
            }
        }
    }

    /// Whether it is found in the text.
    pub fn matches(&self, text: &str) -> bool {
        match &self.scan {
            Scan::Literal { .. } => self.find_at(text, 0).is_some(),
            Scan::Regex(regex) => regex.is_match(text),
        }
    }
}

/// A token's text as the query has it: composed, so that it can be compared.
pub(super) fn composed(text: &str) -> Cow<'_, str> {
    use unicode_normalization::UnicodeNormalization;
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(text.nfkc().collect()) }
}
