//! Units: what a word, a phrase or a pattern looks for in texts.

use super::ast::{Phrase, PrefixReason, Run, UnitBody, Word};
use crate::search::tokenizer::{MAX_TOKEN_CHARS, TokenBuffer, TokenKind, tokenize};

/// Hashes are shortened to this many digits at least.
const MIN_HASH_CHARS: usize = 7;
/// And are this long at most.
const MAX_HASH_CHARS: usize = 64;

/// What a piece of the query says of texts, before it is known whether it is required.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) body: UnitBody,
    /// See [`super::Unit::literal`].
    pub(super) literal: Option<String>,
    /// See [`super::Unit::verify`].
    pub(super) verify: bool,
    /// Whether it asks for more than a ranked word does: `x*`, `*x*`.
    pub(super) required: bool,
}

/// The runs of a text, as the index has them.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // The end of the last pair of Han, Kana or Hangul: one that begins before it belongs to the same run.
    let mut cjk_end = 0;
    tokenize(text, &mut TokenBuffer::default(), |token| {
        let text = token.text.to_owned();
        match (token.kind, runs.last_mut()) {
            (TokenKind::Part, Some(run)) => run.parts.push(text),
            (TokenKind::Symbol, Some(run)) => run.whole = Some(text),
            (TokenKind::Cjk, Some(run)) if token.start < cjk_end => run.parts.push(text),
            (TokenKind::Cjk, _) => runs.push(Run { whole: None, parts: vec![text] }),
            _ => runs.push(Run { whole: Some(text), parts: Vec::new() }),
        }
        cjk_end = if token.kind == TokenKind::Cjk { token.end } else { 0 };
    });
    runs
}

/// The finest terms of a text, which stand at consecutive positions.
pub(super) fn terms(text: &str) -> Vec<String> {
    runs(text).iter().flat_map(Run::terms).map(str::to_owned).collect()
}

/// Reads a word; `None` when nothing in it can be looked up.
pub(super) fn word(typed: &str) -> Option<Reading> {
    let plain = |body, literal, verify| Some(Reading { body, literal, verify, required: false });
    if let Some(inner) = typed.strip_prefix('*').and_then(|rest| rest.strip_suffix('*'))
        && !inner.contains('*')
    {
        let runs = runs(inner);
        if let [run] = runs.as_slice()
            && let Some(whole) = &run.whole
        {
            return Some(Reading {
                body: UnitBody::Substring(whole.clone()),
                literal: None,
                verify: false,
                required: true,
            });
        }
        return Some(Reading { required: true, ..beginning(inner)? });
    }
    if let Some(stem) = typed.strip_suffix('*')
        && !stem.contains('*')
        && let Some(reading) = beginning(stem)
    {
        return Some(Reading { required: true, ..reading });
    }
    let runs = runs(typed);
    let verify = overlong(typed);
    let literal = (verify || has_leading_symbol(typed)).then(|| typed.to_owned());
    match runs.as_slice() {
        [] => None,
        [Run { whole: None, parts }] if is_one_character(parts) => {
            plain(UnitBody::CjkCharacter(parts[0].clone()), literal, verify)
        }
        [Run { whole: Some(whole), parts }] if parts.is_empty() && is_hash(whole) => {
            plain(UnitBody::Word(Word { runs, prefix: Some(PrefixReason::Hash) }), literal, verify)
        }
        _ => plain(UnitBody::Word(Word { runs, prefix: None }), literal, verify),
    }
}

/// Reads `x*`, given the `x`.
fn beginning(stem: &str) -> Option<Reading> {
    let mut runs = runs(stem);
    let verify = overlong(stem);
    let literal = verify.then(|| stem.to_owned());
    let body = if runs.len() == 1 {
        let mut run = runs.pop()?;
        match &run.whole {
            // Pairs are found wherever they stand; a beginning is nothing else.
            None if is_one_character(&run.parts) => UnitBody::CjkCharacter(run.parts[0].clone()),
            None => UnitBody::Word(Word { runs: vec![run], prefix: None }),
            Some(whole) => {
                if whole.ends_with('_') {
                    // The last part is complete, which parts side by side could not say.
                    run.parts.clear();
                }
                UnitBody::Prefix(run)
            }
        }
    } else {
        let ends_open = runs.last()?.whole.is_some();
        let terms = runs.iter().flat_map(Run::terms).map(str::to_owned).collect();
        UnitBody::Phrase(Phrase { terms, slop: 0, prefix_last: ends_open })
    };
    Some(Reading { body, literal, verify, required: false })
}

/// Reads what stands between quotes; `None` when nothing in it can be looked up.
pub(super) fn phrase(text: &str, slop: u32, prefix_last: bool) -> Option<Reading> {
    let runs = runs(text);
    let terms: Vec<String> = runs.iter().flat_map(Run::terms).map(str::to_owned).collect();
    let last = runs.last()?;
    let verify = overlong(text);
    let literal = (verify || loses_symbols(text)).then(|| text.trim().to_owned());
    // A single character of Han, Kana or Hangul stands in pairs, except where it stands alone.
    let body = if last.whole.is_none() && runs.len() == 1 && is_one_character(&terms) {
        UnitBody::CjkCharacter(terms[0].clone())
    } else {
        let prefix_last = prefix_last && last.whole.is_some() && !text.ends_with(char::is_whitespace);
        UnitBody::Phrase(Phrase { terms, slop, prefix_last })
    };
    Some(Reading { body, literal, verify, required: true })
}

fn is_one_character(parts: &[String]) -> bool {
    matches!(parts, [part] if part.chars().count() == 1)
}

fn is_hash(whole: &str) -> bool {
    (MIN_HASH_CHARS..=MAX_HASH_CHARS).contains(&whole.len())
        && whole.bytes().all(|byte| byte.is_ascii_hexdigit())
        && whole.bytes().any(|byte| byte.is_ascii_digit())
}

/// Whether a run in the text is longer than tokens are.
fn overlong(text: &str) -> bool {
    text.len() > MAX_TOKEN_CHARS
        && text
            .split(|character: char| !(character.is_alphanumeric() || character == '_'))
            .any(|run| run.chars().count() > MAX_TOKEN_CHARS)
}

/// Whether the word begins with a symbol that belongs to it: `--force`, `#242`, `@types`, `$HOME`, `.env`.
fn has_leading_symbol(typed: &str) -> bool {
    let word = typed.trim_start_matches(['-', '#', '@', '$', '%', '.']);
    word.len() < typed.len() && word.starts_with(|character: char| character.is_alphanumeric() || character == '_')
}

/// Whether anything but words and the white space between them stands in the text.
fn loses_symbols(text: &str) -> bool {
    text.chars().any(|character| character.is_ascii_punctuation() && character != '_')
}
