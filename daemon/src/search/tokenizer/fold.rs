//! Tokens of text outside ASCII: compatibility forms, accents, scripts without spaces, emoji.
//!
//! Characters are folded one *cluster* at a time: a character with what composes with it (accents, the vowel and final of
//! a Hangul syllable, the voice mark of a Kana). All that a cluster folds to maps back to the whole cluster.

use std::ops::ControlFlow;

use smallvec::SmallVec;
use unicode_normalization::{UnicodeNormalization, char::decompose_compatible};

use super::character::{
    UNDERSCORE, class_of_char, emoji_sequence, fold_simply, is_cjk, is_emoji, is_mark, is_plain_cjk,
    is_plain_separator, is_variation_selector,
};
use super::parts::Parts;
use super::{MAX_TOKEN_CHARS, Token, TokenBuffer, TokenKind, is_hash, may_have_parts};

/// Characters of one cluster at most; accents beyond it are dropped one by one, as all accents are.
const MAX_CLUSTER_CHARS: usize = 32;

/// A run of letters that is being folded.
#[derive(Debug, Default)]
pub(super) struct FoldedRun {
    characters: Vec<FoldedChar>,
    classes: Vec<u8>,
    seen: u8,
    start: usize,
    end: usize,
}

/// A folded character: where it begins in the folded run, and the bytes of the text that it stands for.
#[derive(Debug, Clone, Copy)]
struct FoldedChar {
    folded: usize,
    start: usize,
    end: usize,
}

/// A character of a run of Han, Kana or Hangul.
#[derive(Debug, Clone, Copy)]
struct CjkChar {
    character: char,
    /// Whether the text has the character itself there.
    as_is: bool,
    start: usize,
    end: usize,
}

/// Emits the tokens from `start` on to the next cluster that separates; returns where that ends.
pub(super) fn tokenize_run(
    text: &str,
    start: usize,
    position: &mut u32,
    buffer: &mut TokenBuffer,
    emit: &mut impl FnMut(Token<'_>) -> ControlFlow<()>,
) -> ControlFlow<(), usize> {
    let mut folder = Folder { position, buffer, emit, text, cjk: None, cjk_alone: false };
    let mut at = start;
    while let Some(character) = text[at..].chars().next() {
        if is_plain_separator(character) {
            at += character.len_utf8();
            break;
        }
        let end = at + cluster(&text[at..]);
        if end == at + character.len_utf8() {
            if is_plain_cjk(character) {
                folder.cjk(CjkChar { character, as_is: true, start: at, end })?;
                at = end;
                continue;
            }
            if let Some((folded, class)) = fold_simply(character) {
                folder.end_cjk()?;
                folder.buffer.push(folded, class, at, end);
                at = end;
                continue;
            }
        }
        if is_emoji(character) {
            folder.end_run()?;
            let end = at + emoji_sequence(&text[at..]);
            folder.emoji(at, end)?;
            at = end;
            continue;
        }
        let separates = folder.cluster(character, at, end)?;
        at = end;
        if separates {
            break;
        }
    }
    folder.end_run()?;
    ControlFlow::Continue(at)
}

/// The length in bytes of the cluster that the text begins with.
fn cluster(text: &str) -> usize {
    let mut characters = text.chars();
    let Some(mut last) = characters.next() else { return 0 };
    let mut length = last.len_utf8();
    for next in characters.take(MAX_CLUSTER_CHARS) {
        let composes = if next.is_ascii() {
            false
        } else {
            let (before, after) = (u32::from(last), u32::from(next));
            match after {
                // A vowel after a leading consonant, a final after a vowel or a syllable without final.
                0x1100..=0x115F => false,
                0x1160..=0x11A7 => matches!(before, 0x1100..=0x11A7),
                0x11A8..=0x11FF => {
                    matches!(before, 0x1160..=0x11FF) || (is_hangul(before) && (before - 0xAC00) % 28 == 0)
                }
                0xFF9E..=0xFF9F => true,
                _ => is_mark(next),
            }
        };
        if !composes {
            break;
        }
        length += next.len_utf8();
        last = next;
    }
    length
}

impl TokenBuffer {
    /// Takes a folded character into the run under way.
    fn push(&mut self, folded: char, class: u8, start: usize, end: usize) {
        let Self { folded: text, run } = self;
        if run.characters.is_empty() {
            text.clear();
            run.seen = 0;
            run.start = start;
        }
        run.end = end;
        // One more than a token may have, so that an overlong run is known as one.
        if run.characters.len() <= MAX_TOKEN_CHARS {
            run.seen |= class;
            run.characters.push(FoldedChar { folded: text.len(), start, end });
            run.classes.push(class);
            text.push(folded);
        }
    }
}

fn is_hangul(code: u32) -> bool {
    (0xAC00..=0xD7A3).contains(&code)
}

struct Folder<'f, 't, E> {
    position: &'f mut u32,
    buffer: &'f mut TokenBuffer,
    emit: &'f mut E,
    text: &'t str,
    /// The last character of the run of Han, Kana or Hangul under way.
    cjk: Option<CjkChar>,
    /// Whether it is that run's only one so far.
    cjk_alone: bool,
}

impl<E: FnMut(Token<'_>) -> ControlFlow<()>> Folder<'_, '_, E> {
    /// Takes a cluster in. True when its last character separates.
    fn cluster(&mut self, first: char, start: usize, end: usize) -> ControlFlow<(), bool> {
        if first.is_ascii() {
            // Whatever accents follow are dropped.
            return self.fold(first, start, end);
        }
        let mut parts: SmallVec<[char; 8]> = SmallVec::new();
        for character in self.text[start..end].chars() {
            decompose_compatible(character, |part| parts.push(part));
        }
        if parts.iter().any(|part| is_cjk(*part)) {
            // Only here does composing matter: elsewhere the marks go.
            parts = self.text[start..end].nfkc().collect();
        }
        let mut separates = false;
        for part in parts {
            if is_cjk(part) {
                self.cjk(CjkChar { character: part, as_is: false, start, end })?;
                separates = false;
            } else if !is_mark(part) {
                separates = self.fold(part, start, end)?;
            }
        }
        ControlFlow::Continue(separates)
    }

    /// Takes in a character of a word, or one that separates; true for the latter.
    fn fold(&mut self, character: char, start: usize, end: usize) -> ControlFlow<(), bool> {
        let Some(class) = class_of_char(character) else {
            self.end_run()?;
            return ControlFlow::Continue(true);
        };
        self.end_cjk()?;
        for small in character.to_lowercase().filter(|small| !is_mark(*small)) {
            self.buffer.push(small, class, start, end);
        }
        ControlFlow::Continue(false)
    }

    /// Takes in a character of Han, Kana or Hangul.
    fn cjk(&mut self, this: CjkChar) -> ControlFlow<()> {
        self.end_word()?;
        let Some(before) = self.cjk.replace(this) else {
            self.cjk_alone = true;
            return ControlFlow::Continue(());
        };
        self.cjk_alone = false;
        // Most often the pair stands in the text as it is.
        if before.as_is && this.as_is && before.end == this.start {
            let text = self.text;
            return self.emit_one(&text[before.start..this.end], before.start, this.end, TokenKind::Cjk);
        }
        let mut pair = [0; 8];
        let length = before.character.encode_utf8(&mut pair).len();
        let length = length + this.character.encode_utf8(&mut pair[length..]).len();
        let text = std::str::from_utf8(&pair[..length]).expect("two characters were encoded");
        self.emit_one(text, before.start, this.end, TokenKind::Cjk)
    }

    fn emoji(&mut self, start: usize, end: usize) -> ControlFlow<()> {
        let mut folded: SmallVec<[u8; 64]> = SmallVec::new();
        let mut encoded = [0; 4];
        for character in self.text[start..end].chars().filter(|character| !is_variation_selector(*character)) {
            if folded.len() + 4 > MAX_TOKEN_CHARS {
                break;
            }
            folded.extend_from_slice(character.encode_utf8(&mut encoded).as_bytes());
        }
        let text = std::str::from_utf8(&folded).expect("characters were encoded");
        self.emit_one(text, start, end, TokenKind::Emoji)
    }

    fn end_run(&mut self) -> ControlFlow<()> {
        self.end_word()?;
        self.end_cjk()
    }

    fn end_cjk(&mut self) -> ControlFlow<()> {
        if let Some(last) = self.cjk.take()
            && self.cjk_alone
        {
            let mut encoded = [0; 4];
            let text = last.character.encode_utf8(&mut encoded);
            self.emit_one(text, last.start, last.end, TokenKind::Cjk)?;
        }
        ControlFlow::Continue(())
    }

    fn end_word(&mut self) -> ControlFlow<()> {
        let TokenBuffer { folded, run } = &mut *self.buffer;
        let count = run.characters.len();
        if count == 0 {
            return ControlFlow::Continue(());
        }
        let kept = count.min(MAX_TOKEN_CHARS);
        let offset = |at: usize| run.characters.get(at).map_or(folded.len(), |character| character.folded);
        let whole = &folded[..offset(kept)];
        let mut parts = Parts::default();
        if may_have_parts(count, run.seen) && !is_hash(whole.as_bytes(), run.seen) {
            parts.cut(&run.classes[..kept]);
        }
        let (start, end) = (run.start as u32, run.end as u32);
        if parts.is_empty() {
            if run.seen != UNDERSCORE {
                let position = *self.position;
                (self.emit)(Token { text: whole, position, start, end, kind: TokenKind::Word })?;
                *self.position += 1;
            }
        } else {
            (self.emit)(Token { text: whole, position: *self.position, start, end, kind: TokenKind::Whole })?;
            for (from, until) in parts.iter() {
                (self.emit)(Token {
                    text: &folded[offset(from)..offset(until)],
                    position: *self.position,
                    start: run.characters[from].start as u32,
                    end: run.characters[until - 1].end as u32,
                    kind: TokenKind::Part,
                })?;
                *self.position += 1;
            }
        }
        run.characters.clear();
        run.classes.clear();
        ControlFlow::Continue(())
    }

    fn emit_one(&mut self, text: &str, start: usize, end: usize, kind: TokenKind) -> ControlFlow<()> {
        let position = *self.position;
        (self.emit)(Token { text, position, start: start as u32, end: end as u32, kind })?;
        *self.position += 1;
        ControlFlow::Continue(())
    }
}
