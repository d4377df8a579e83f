//! What characters are, for the tokenizer.

use std::sync::LazyLock;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Separates runs.
pub(super) const SEPARATOR: u8 = 1;
/// A small letter, or a letter of a script without capitals.
pub(super) const LOWER: u8 = 2;
/// A capital.
pub(super) const UPPER: u8 = 4;
/// A digit.
pub(super) const DIGIT: u8 = 8;
/// `_`
pub(super) const UNDERSCORE: u8 = 16;
/// A byte of a character outside ASCII.
pub(super) const OTHER: u8 = 32;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [SEPARATOR; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            b'_' => UNDERSCORE,
            0x80.. => OTHER,
            _ => SEPARATOR,
        };
        byte += 1;
    }
    classes
}

/// The class of a byte.
#[inline]
pub(super) fn class_of(byte: u8) -> u8 {
    CLASSES[byte as usize]
}

/// The class of a folded character that belongs to words; `None` where it separates.
pub(super) fn class_of_char(character: char) -> Option<u8> {
    if character.is_ascii() {
        Some(class_of(character as u8)).filter(|class| *class != SEPARATOR)
    } else if character.is_uppercase() {
        Some(UPPER)
    } else if character.is_numeric() {
        Some(DIGIT)
    } else if character.is_alphabetic() {
        Some(LOWER)
    } else {
        None
    }
}

/// Han, Kana and Hangul, which are written without spaces or with endings, and are therefore cut into pairs.
#[inline]
pub fn is_cjk(character: char) -> bool {
    matches!(
        u32::from(character),
        0x1100..=0x11FF          // conjoining Jamo
            | 0x3005..=0x3007    // 々〆〇
            | 0x3041..=0x3096    // Hiragana
            | 0x309D..=0x309F
            | 0x30A1..=0x30FA    // Katakana
            | 0x30FC..=0x30FF
            | 0x3131..=0x318E    // compatibility Jamo
            | 0x31F0..=0x31FF
            | 0x3400..=0x4DBF    // Han
            | 0x4E00..=0x9FFF
            | 0xA960..=0xA97C
            | 0xAC00..=0xD7A3    // Hangul
            | 0xD7B0..=0xD7FB
            | 0xF900..=0xFAFF
            | 0x20000..=0x323AF
    )
}

/// Whether NFKC leaves the character as it is whatever stands before it, and it is Han, Kana or Hangul. What follows may
/// still compose with it.
#[inline]
pub(super) fn is_plain_cjk(character: char) -> bool {
    matches!(
        u32::from(character),
        0x3041..=0x3096 | 0x30A1..=0x30FA | 0x30FC..=0x30FE | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3
    )
}

/// Whether the character begins an emoji. Of the symbols that agents draw interfaces with (arrows, boxes, bullets,
/// prompts) none is here.
pub(super) fn is_emoji(character: char) -> bool {
    // Nearly every character is told apart by this alone.
    matches!(u32::from(character), 0x231A..=0x2B55 | 0x1F004..=0x1FAFF) && is_listed_emoji(character)
}

fn is_listed_emoji(character: char) -> bool {
    matches!(
        u32::from(character),
        0x231A..=0x231B
            | 0x23E9..=0x23F3
            | 0x2600..=0x2604
            | 0x260E
            | 0x2611
            | 0x2614..=0x2615
            | 0x2618
            | 0x261D
            | 0x2620..=0x2623
            | 0x262E..=0x262F
            | 0x2638..=0x263A
            | 0x2640..=0x2642
            | 0x2648..=0x2653
            | 0x265F..=0x2668
            | 0x267B..=0x267F
            | 0x2692..=0x269C
            | 0x26A0..=0x26A1
            | 0x26A7..=0x26D4
            | 0x26E9..=0x26FD
            | 0x2702..=0x2705
            | 0x2708..=0x270F
            | 0x2712..=0x2716
            | 0x271D
            | 0x2721
            | 0x2728
            | 0x2733..=0x2734
            | 0x2744..=0x2747
            | 0x274C..=0x274E
            | 0x2753..=0x2757
            | 0x2763..=0x2764
            | 0x2795..=0x2797
            | 0x27A1
            | 0x27B0
            | 0x27BF
            | 0x2B50
            | 0x2B55
            | 0x1F004
            | 0x1F0CF
            | 0x1F18E
            | 0x1F191..=0x1F19A
            | 0x1F1E6..=0x1F1FF
            | 0x1F300..=0x1F64F
            | 0x1F680..=0x1F6FF
            | 0x1F7E0..=0x1F7F0
            | 0x1F900..=0x1F9FF
            | 0x1FA70..=0x1FAFF
    )
}

/// The end, in bytes from its beginning, of the emoji sequence that `text` begins with.
pub(super) fn emoji_sequence(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    let Some((_, first)) = characters.next() else { return 0 };
    let mut end = first.len_utf8();
    // A flag is a pair of regional indicators.
    if is_regional_indicator(first)
        && let Some((at, second)) = characters.next_if(|(_, second)| is_regional_indicator(*second))
    {
        end = at + second.len_utf8();
    }
    let mut joined = false;
    for (at, character) in characters {
        let goes_on = match u32::from(character) {
            0x200D => {
                joined = true;
                // Only an emoji after it makes it part of the sequence.
                continue;
            }
            0xFE0E..=0xFE0F | 0x20E3 | 0x1F3FB..=0x1F3FF | 0xE0020..=0xE007F => true,
            _ => joined && is_emoji(character),
        };
        if !goes_on {
            break;
        }
        joined = false;
        end = at + character.len_utf8();
    }
    end
}

/// Whether the character chooses how the one before it is drawn, and is no part of an emoji's token.
pub(super) fn is_variation_selector(character: char) -> bool {
    matches!(u32::from(character), 0xFE0E..=0xFE0F)
}

fn is_regional_indicator(character: char) -> bool {
    matches!(u32::from(character), 0x1F1E6..=0x1F1FF)
}

/// Whether the character is dropped from words, as accents are.
#[inline]
pub(super) fn is_mark(character: char) -> bool {
    u32::from(character) >= 0x300 && is_combining_mark(character)
}

/// Whether the character separates whatever stands beside it: dashes, quotes, bullets, arrows, boxes, which are frequent
/// in output.
#[inline]
pub(super) fn is_plain_separator(character: char) -> bool {
    match u32::from(character) {
        0x2010..=0x2027 | 0x2190..=0x22FF | 0x3001..=0x3003 | 0x3008..=0x3011 => true,
        0x2500..=0x27BF => !is_emoji(character),
        _ => false,
    }
}

/// A character that folds to one other, and that one's class, or rather that of the character itself: accented Latin,
/// Greek and Cyrillic.
#[inline]
pub(super) fn fold_simply(character: char) -> Option<(char, u8)> {
    static SIMPLE: LazyLock<Vec<Option<(char, u8)>>> =
        LazyLock::new(|| (FIRST_SIMPLE..END_SIMPLE).map(|code| fold_to_one(char::from_u32(code)?)).collect());
    let code = u32::from(character);
    if !(FIRST_SIMPLE..END_SIMPLE).contains(&code) {
        return None;
    }
    SIMPLE[(code - FIRST_SIMPLE) as usize]
}

const FIRST_SIMPLE: u32 = 0xC0;
const END_SIMPLE: u32 = 0x530;

fn fold_to_one(character: char) -> Option<(char, u8)> {
    let mut base = None;
    let mut several = false;
    decompose_compatible(character, |part| {
        if !is_mark(part) {
            several |= base.replace(part).is_some();
        }
    });
    let base = base.filter(|_| !several)?;
    let mut small = base.to_lowercase();
    let (folded, None) = (small.next()?, small.next()) else { return None };
    Some((folded, class_of_char(base)?))
}

/// Whether the text begins with a character that continues a run of letters before it.
pub(super) fn continues_word(text: &str) -> bool {
    let Some(character) = text.chars().next() else { return false };
    if is_plain_separator(character) || is_cjk(character) || is_emoji(character) {
        return false;
    }
    if is_mark(character) || fold_simply(character).is_some() {
        return true;
    }
    let mut first = None;
    decompose_compatible(character, |part| {
        first.get_or_insert(part);
    });
    first.is_some_and(|first| class_of_char(first).is_some() && !is_cjk(first))
}
