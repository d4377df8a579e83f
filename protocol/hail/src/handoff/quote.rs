//! Text of a session as a handoff may show it: nothing in it commands a terminal, and it is cut where it is too long.

use std::borrow::Cow;
use std::fmt::Write;

/// Stands at the end of what was cut there.
pub(crate) const ELLIPSIS: &str = "…";
/// Stands where the middle was cut out.
pub(crate) const GAP: &str = " […] ";

/// `text` without escape sequences, control characters and the marks that reorder or hide text. Lines stay lines.
pub(crate) fn clean(text: &str) -> String {
    strip(text, ' ', false)
}

/// The same for code: tabs stay tabs, and marks that reorder text are named, because who reads code must know of them.
pub(crate) fn clean_code(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| matches!(character, '\n' | '\t') || !is_hostile(character)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(strip(text, '\t', true))
}

fn strip(text: &str, tab: char, names_marks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_sequence(&mut characters),
            '\u{9b}' => skip_control_sequence(&mut characters),
            '\n' => out.push('\n'),
            '\t' => out.push(tab),
            '\r' => {
                if characters.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' if names_marks => {
                write!(out, "‹U+{:04X}›", u32::from(character)).expect("a string takes every byte");
            }
            _ if is_hostile(character) => {}
            _ => out.push(character),
        }
    }
    out
}

/// `text` on one line, clean, white space folded.
pub(crate) fn one_line(text: &str) -> String {
    let clean = clean(text);
    let mut line = String::with_capacity(clean.len());
    for word in clean.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// At most `most` characters of `text`, the last of them an ellipsis when something was cut.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most || text.chars().count() <= most {
        return text.to_owned();
    }
    let mut end = text.char_indices().nth(most.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    // Rather at a word's end, when one is near.
    if let Some(space) = text[..end].rfind(char::is_whitespace)
        && text[space..end].chars().count() <= 16
        && space > 0
    {
        end = space;
    }
    format!("{}{ELLIPSIS}", text[..end].trim_end())
}

/// At most about `most` characters of `text`: its beginning and its end, where the end is what matters more.
pub(crate) fn cut_middle(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most {
        return text.to_owned();
    }
    let head = most / 3;
    let tail = most.saturating_sub(head + GAP.len());
    let head_end = text.char_indices().nth(head).map_or(text.len(), |(at, _)| at);
    let tail_start = text.char_indices().nth(length - tail).map_or(text.len(), |(at, _)| at);
    format!("{}{GAP}{}", text[..head_end].trim_end(), text[tail_start..].trim_start())
}

/// The beginning of `text`, at most `most` bytes of it, ended between words where that is possible, so that no secret
/// is cut into something that does not look like one any more.
pub(crate) fn bounded(text: &str, most: usize) -> &str {
    const LONGEST_WORD: usize = 4096;
    if text.len() <= most {
        return text;
    }
    let end = text.floor_char_boundary(most);
    let from = text.floor_char_boundary(end.saturating_sub(LONGEST_WORD));
    match text[from..end].rfind(char::is_whitespace) {
        Some(space) => &text[..from + space],
        None => &text[..end],
    }
}

/// The end of `text`, likewise.
pub(crate) fn bounded_end(text: &str, most: usize) -> &str {
    const LONGEST_WORD: usize = 4096;
    if text.len() <= most {
        return text;
    }
    let start = text.ceil_char_boundary(text.len() - most);
    let to = text.floor_char_boundary((start + LONGEST_WORD).min(text.len()));
    match text[start..to].find(char::is_whitespace) {
        Some(space) => &text[start + space..],
        None => &text[start..],
    }
}

/// After an escape: `[…` to its final letter, strings (`]`, `P`, `X`, `^`, `_`) to their end, else one character.
fn skip_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match characters.next() {
        Some('[') => skip_control_sequence(characters),
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(&character) = characters.peek() {
                if character == '\n' {
                    return;
                }
                characters.next();
                if character == '\u{7}' || character == '\u{9c}' {
                    return;
                }
                if character == '\u{1b}' {
                    if characters.peek() == Some(&'\\') {
                        characters.next();
                    }
                    return;
                }
            }
        }
        Some('(' | ')' | '#' | '%') => {
            characters.next();
        }
        _ => {}
    }
}

fn skip_control_sequence(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    while let Some(&character) = characters.peek() {
        match character {
            ' '..='?' => {
                characters.next();
            }
            '@'..='~' => {
                characters.next();
                return;
            }
            _ => return,
        }
    }
}

/// Controls (C0, DEL, C1), and the marks that reorder or hide text.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_goes() {
        assert_eq!(clean("a\u{1b}[31mred\u{1b}[0m\u{7}b\r\nc\u{202e}d"), "aredb\ncd");
        assert_eq!(clean("\u{1b}]0;title\u{7}x\u{1b}]8;;http://a\u{1b}\\y"), "xy");
        assert_eq!(one_line("  a\n\n\tb  c "), "a b c");
    }

    #[test]
    fn cuts_keep_characters_whole() {
        assert_eq!(cut("잠금 순서 바꾸기", 5), "잠금…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut_middle(&"x".repeat(50), 30).chars().count(), 30 - GAP.len() + GAP.chars().count());
        assert_eq!(bounded("one two three", 9), "one two");
        assert_eq!(bounded_end("one two three", 7), " three");
    }
}
