//! Taking what could command a terminal out of text that comes from sessions.
//!
//! *Invariant*: no text of a session reaches a terminal or a pipe but through here or through JSON.

use std::borrow::Cow;
use std::iter::{Enumerate, Peekable};
use std::str::Chars;

/// `text` as one line: control sequences and control characters gone, white space folded to single spaces.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    if is_clean_ascii(text) {
        return Cow::Borrowed(text);
    }
    let folded = !text.contains("  ") && text.trim().len() == text.len();
    let is_kept = |character: char| character == ' ' || !is_hostile(character) && !character.is_whitespace();
    if folded && text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for word in without_sequences(text).split_whitespace() {
        let mut kept = word.chars().filter(|&character| !is_hostile(character)).peekable();
        if kept.peek().is_some() && !line.is_empty() {
            line.push(' ');
        }
        line.extend(kept);
    }
    Cow::Owned(line)
}

/// `text` with its line feeds, tabs as spaces, control sequences and all other control characters gone.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| !is_hostile(character) || character == '\n') {
        return Cow::Borrowed(text);
    }
    let text = without_sequences(text);
    let mut cleaned = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\n' => cleaned.push('\n'),
            '\t' => cleaned.push_str("    "),
            // A progress bar that draws over itself: each state on its own line.
            '\r' if characters.peek() != Some(&'\n') => cleaned.push('\n'),
            _ if is_hostile(character) => {}
            _ => cleaned.push(character),
        }
    }
    Cow::Owned(cleaned)
}

/// The characters of one line that are harmless, each with its number in `text`: for text in which places are known.
/// White space is one space a character.
pub(crate) fn numbered(text: &str) -> Vec<(usize, char)> {
    let space = |character: char| if character.is_whitespace() { ' ' } else { character };
    let harmless = visible(text).into_iter().map(|(number, character)| (number, space(character)));
    harmless.filter(|(_, character)| !is_hostile(*character)).collect()
}

/// JSON for a terminal: what JSON itself leaves unescaped and a terminal may obey is escaped.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|character| is_hostile(character) && character != '\n') {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hostile(character) && character != '\n' {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let escape = format!("\\u{unit:04x}");
                escaped.push_str(&escape);
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

/// Whether a text is what most are: printable ASCII, with single spaces inside.
fn is_clean_ascii(text: &str) -> bool {
    let mut after_space = true;
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' => after_space = false,
            b' ' if !after_space => after_space = true,
            _ => return false,
        }
    }
    !after_space || text.is_empty()
}

/// Controls (C0, DEL, C1), and the marks that reorder or hide text.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// `text` without escape sequences: colours, cursor moves, titles, links. One that is cut off takes at most the rest of
/// its line.
fn without_sequences(text: &str) -> Cow<'_, str> {
    if !text.contains(['\u{1b}', '\u{9b}', '\u{9d}', '\u{90}']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(visible(text).into_iter().map(|(_, character)| character).collect())
}

/// The characters of `text` that belong to no escape sequence, each with its number in `text`.
fn visible(text: &str) -> Vec<(usize, char)> {
    let mut kept = Vec::with_capacity(text.len());
    let mut numbered = text.chars().enumerate().peekable();
    while let Some((number, character)) = numbered.next() {
        let mut characters = Unnumbered(&mut numbered);
        let introducer = match character {
            '\u{1b}' => match characters.next_if(|next| !next.is_control()) {
                Some(introducer) => introducer,
                None => continue,
            },
            '\u{9b}' => '[',
            '\u{9d}' => ']',
            '\u{90}' => 'P',
            _ => {
                kept.push((number, character));
                continue;
            }
        };
        match introducer {
            '[' => {
                while characters.next_if(|next| matches!(next, ' '..='?')).is_some() {}
                characters.next_if(|next| matches!(next, '@'..='~'));
            }
            // Strings: until BEL or ST.
            ']' | 'P' | 'X' | '^' | '_' => {
                while let Some(next) = characters.next_if(|&next| next != '\n') {
                    if next == '\u{7}' || next == '\u{9c}' {
                        break;
                    }
                    if next == '\u{1b}' {
                        characters.next_if(|next| *next == '\\');
                        break;
                    }
                }
            }
            // A two-character sequence, perhaps with intermediates.
            ' '..='/' => {
                while characters.next_if(|next| matches!(next, ' '..='/')).is_some() {}
                characters.next_if(|next| matches!(next, '0'..='~'));
            }
            _ => {}
        }
    }
    kept
}

/// Characters taken from numbered ones.
struct Unnumbered<'a, 't>(&'a mut Peekable<Enumerate<Chars<'t>>>);

impl Unnumbered<'_, '_> {
    fn next_if(&mut self, accept: impl FnOnce(&char) -> bool) -> Option<char> {
        self.0.next_if(|(_, character)| accept(character)).map(|(_, character)| character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_sequences_and_characters_are_gone() {
        let hostile = "a\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}b\u{1b}]8;;http://x\u{1b}\\link\u{8}\u{7f}\u{9b}2J!";
        assert_eq!(one_line(hostile), "ared blink!");
        assert_eq!(lines("one\r\ntwo\r50%\r100%\tdone\n\u{1b}[2K"), "one\ntwo\n50%\n100%    done\n");
        assert_eq!(one_line("safe\u{202e}gnp.exe"), "safegnp.exe");
        assert_eq!(lines("open \u{1b}]0;never closed\nnext"), "open \nnext");
        assert_eq!(one_line(" a \t\n \u{0} b "), "a b");
        assert_eq!(one_line("I\nsaw  \u{7}"), "I saw");
        for (text, line) in [("", ""), (" ", ""), ("a b", "a b"), (" a", "a"), ("a ", "a"), ("a  b", "a b")] {
            assert_eq!(one_line(text), line);
        }
    }

    #[test]
    fn what_is_clean_is_not_copied() {
        assert!(matches!(one_line("잠금 순서 바꾸기"), Cow::Borrowed(_)));
        assert!(matches!(lines("one\ntwo"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_for_a_terminal_stays_the_same_json() {
        let text = serde_json::to_string("\u{9b}31m\u{202e}\u{7f}한\u{e0041}").unwrap();
        let escaped = json(&text);
        assert!(!escaped.contains(['\u{9b}', '\u{7f}', '\u{202e}']));
        assert_eq!(serde_json::from_str::<String>(&escaped).unwrap(), serde_json::from_str::<String>(&text).unwrap());
    }
}
