//! Cuts texts into tokens, the same way for the index and for queries.
//!
//! Text is brought to NFKC, lower case, without accents; then cut into *runs*: letters, digits and `_`; Han, Kana and
//! Hangul; emoji; all else separates. A run of letters is a token as a whole, and once more in parts (`getUserName` is
//! `getusername`, `get`, `user`, `name`); the whole stands at the position of the first part. Han, Kana and Hangul give
//! every pair of neighbours.
//!
//! Indexing spends most of its time here. ASCII, which is nearly all of what agents write, goes through a table of bytes
//! and is copied only where it has capitals or `_`; everything else takes the slower way of `fold`.

mod character;
mod fold;
mod parts;

use std::ops::ControlFlow;

pub use character::is_cjk;
use character::{DIGIT, LOWER, OTHER, SEPARATOR, UNDERSCORE, UPPER, class_of, continues_word, is_plain_separator};
use parts::Parts;

/// A run's first characters that make its token; more are not looked at.
pub const MAX_TOKEN_CHARS: usize = 64;
/// Parts that a run is cut into at most; a run with more has none.
pub const MAX_PARTS: usize = 16;
/// A run with fewer characters has no parts.
const MIN_CHARS_WITH_PARTS: usize = 4;
/// A run of hexadecimal digits (some of them decimal) of at least this length is a hash, which has no parts.
const MIN_HASH_CHARS: usize = 7;
/// Positions of one text at most; the rest of the text is not indexed.
pub const MAX_POSITIONS: u32 = 2_000_000;

/// A token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'t> {
    /// Its text, folded.
    pub text: &'t str,
    /// Its position: neighbours differ by one, a whole and its first part share one.
    pub position: u32,
    /// Where it begins in the text as given, in bytes.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What it is.
    pub kind: TokenKind,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A run of letters and digits that has no parts.
    Word,
    /// A run that has parts; they follow.
    Whole,
    /// A part of the whole before it.
    Part,
    /// `c++`, `c#`: beside the letter before it.
    Symbol,
    /// A pair of neighbours in a run of Han, Kana or Hangul, or such a character alone.
    Cjk,
    /// An emoji sequence.
    Emoji,
}

/// Memory that [`tokenize`] reuses.
#[derive(Debug, Default)]
pub struct TokenBuffer {
    folded: String,
    run: fold::FoldedRun,
}

/// Cuts a text into tokens, in the order of their positions. Of texts over 4 GB only the beginning is looked at.
pub fn tokenize(text: &str, buffer: &mut TokenBuffer, mut emit: impl FnMut(Token<'_>)) {
    let finished = tokenize_while(text, buffer, |token| {
        emit(token);
        ControlFlow::Continue(())
    });
    debug_assert!(finished.is_continue(), "nothing above breaks");
}

/// Like [`tokenize`], until `emit` breaks.
pub fn tokenize_while(
    text: &str,
    buffer: &mut TokenBuffer,
    mut emit: impl FnMut(Token<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let text = &text[..text.floor_char_boundary(u32::MAX as usize)];
    let bytes = text.as_bytes();
    let mut position = 0;
    let mut at = 0;
    while at < bytes.len() && position < MAX_POSITIONS {
        let mut seen = class_of(bytes[at]);
        if seen == SEPARATOR {
            at += 1;
            continue;
        }
        if seen == OTHER {
            let character = text[at..].chars().next().unwrap_or_default();
            if is_plain_separator(character) {
                at += character.len_utf8();
                continue;
            }
            at = fold::tokenize_run(text, at, &mut position, buffer, &mut emit)?;
            continue;
        }
        let start = at;
        at += 1;
        let mut next = SEPARATOR;
        while at < bytes.len() {
            next = class_of(bytes[at]);
            if next & (SEPARATOR | OTHER) != 0 {
                break;
            }
            seen |= next;
            at += 1;
        }
        if at < bytes.len() && next == OTHER && continues_word(&text[at..]) {
            at = fold::tokenize_run(text, start, &mut position, buffer, &mut emit)?;
            continue;
        }
        ascii_run(text, start, at, seen, &mut position, &mut buffer.folded, &mut emit)?;
    }
    ControlFlow::Continue(())
}

/// Emits the tokens of an ASCII run; `seen` are the classes of its bytes.
#[inline]
fn ascii_run(
    text: &str,
    start: usize,
    end: usize,
    seen: u8,
    position: &mut u32,
    folded: &mut String,
    emit: &mut impl FnMut(Token<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let run = &text[start..end.min(start + MAX_TOKEN_CHARS)];
    let token = |text, kind| Token { text, position: *position, start: start as u32, end: end as u32, kind };
    // Nothing to fold and nothing to cut: by far the most frequent.
    if seen == LOWER || seen == DIGIT {
        emit(token(run, TokenKind::Word))?;
        if end - start == 1 {
            symbol(text, start, *position, emit)?;
        }
        *position += 1;
        return ControlFlow::Continue(());
    }
    if seen == UNDERSCORE {
        return ControlFlow::Continue(());
    }
    folded.clear();
    folded.push_str(run);
    folded.make_ascii_lowercase();
    let mut parts = Parts::default();
    if may_have_parts(end - start, seen) && !is_hash(run.as_bytes(), seen) {
        let mut classes = [0; MAX_TOKEN_CHARS];
        for (class, byte) in classes.iter_mut().zip(run.bytes()) {
            *class = class_of(byte);
        }
        parts.cut(&classes[..run.len()]);
    }
    if parts.is_empty() {
        emit(token(folded, TokenKind::Word))?;
        if end - start == 1 {
            symbol(text, start, *position, emit)?;
        }
        *position += 1;
        return ControlFlow::Continue(());
    }
    emit(token(folded, TokenKind::Whole))?;
    for (from, until) in parts.iter() {
        emit(Token {
            text: &folded[from..until],
            position: *position,
            start: (start + from) as u32,
            end: (start + until) as u32,
            kind: TokenKind::Part,
        })?;
        *position += 1;
    }
    ControlFlow::Continue(())
}

/// Whether a run of that length with those classes may have inner boundaries.
#[inline]
fn may_have_parts(chars: usize, seen: u8) -> bool {
    // Capitals alone (or digits beside nothing) have none; a capital needs a small letter beside it.
    let mixed = (seen & (LOWER | UPPER) == LOWER | UPPER)
        || seen & UNDERSCORE != 0
        || (seen & DIGIT != 0 && seen & (LOWER | UPPER) != 0);
    mixed && (MIN_CHARS_WITH_PARTS..=MAX_TOKEN_CHARS).contains(&chars)
}

/// Whether the run is a hash.
fn is_hash(run: &[u8], seen: u8) -> bool {
    run.len() >= MIN_HASH_CHARS && seen & DIGIT != 0 && run.iter().all(u8::is_ascii_hexdigit)
}

/// Emits `c++` or `c#` where the one letter at `start` is followed by that.
fn symbol(
    text: &str,
    start: usize,
    position: u32,
    emit: &mut impl FnMut(Token<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let bytes = &text.as_bytes()[start..];
    if !bytes[0].is_ascii_alphabetic() {
        return ControlFlow::Continue(());
    }
    let length = match &bytes[1..] {
        [b'+', b'+', ..] => 3,
        [b'#', ..] => 2,
        _ => return ControlFlow::Continue(()),
    };
    let mut folded = [0; 3];
    folded[..length].copy_from_slice(&bytes[..length]);
    folded.make_ascii_lowercase();
    let text = std::str::from_utf8(&folded[..length]).expect("it is ASCII");
    emit(Token { text, position, start: start as u32, end: (start + length) as u32, kind: TokenKind::Symbol })
}

#[cfg(test)]
mod tests;
