//! Taking out of a session's texts what commands terminals: escape sequences and control characters.

use std::borrow::Cow;

/// As one line, white space folded.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let text = lines(text);
    if text.contains("  ") || text.contains('\n') || text.trim().len() != text.len() {
        return Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    text
}

/// With its line feeds; tabs as they are.
pub(super) fn lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' | '\u{9b}' => skip_sequence(character, &mut characters),
            // A progress bar that draws over itself: each state on its own line.
            '\r' if characters.peek().is_some_and(|next| *next != '\n') => cleaned.push('\n'),
            _ if is_hostile(character) => {}
            _ => cleaned.push(character),
        }
    }
    Cow::Owned(cleaned)
}

/// Control characters but for tab and line feed, and characters that change the direction of what follows.
fn is_hostile(character: char) -> bool {
    (character.is_control() && !matches!(character, '\t' | '\n'))
        || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Passes over the rest of a sequence: `ESC [ … letter`, `ESC ] … BEL`, or `ESC` and one character.
fn skip_sequence(first: char, characters: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let kind = if first == '\u{9b}' { Some('[') } else { characters.next_if(|next| !next.is_control()) };
    match kind {
        Some('[') => {
            while characters.next_if(|next| matches!(next, '\u{20}'..='\u{3f}')).is_some() {}
            characters.next_if(|next| matches!(next, '\u{40}'..='\u{7e}'));
        }
        Some(']' | 'P' | '_' | '^' | 'X') => {
            // It ends with BEL or ESC \; a line break ends one that was never closed.
            while let Some(next) = characters.next_if(|next| *next != '\n') {
                if next == '\u{7}' || next == '\u{9c}' {
                    return;
                }
                if next == '\u{1b}' {
                    characters.next_if_eq(&'\\');
                    return;
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_commands_is_left() {
        assert_eq!(lines("a\u{1b}[31;1mred\u{1b}[0m\tb\r\nc"), "ared\tb\nc");
        assert_eq!(lines("10%\r20%\r"), "10%\n20%");
        assert_eq!(lines("\u{1b}]0;title\u{7}x\u{1b}]8;;http://y\u{1b}\\z\u{9b}2Jw"), "xzw");
        assert_eq!(lines("\u{1b}]never closed\nnext"), "\nnext");
        assert_eq!(lines("a\u{202e}b\u{0}"), "ab");
        assert_eq!(one_line("  a\n\tb  c "), "a b c");
        assert_eq!(one_line("환불 요청"), "환불 요청");
    }
}
