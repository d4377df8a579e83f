//! Widths in cells of a terminal, and cutting by them. Hangul, Han and Kana take two cells.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many cells `text` takes.
pub(crate) fn cells(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.graphemes(true).map(grapheme_cells).sum() }
}

/// `text`, cut at its end to `width` cells, with `ellipsis` where something is missing.
pub(crate) fn cut_end(text: &str, width: usize, ellipsis: &str) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let ellipsis = cut_hard(ellipsis, width);
    let mut cut = head(text, width - cells(&ellipsis)).trim_end().to_owned();
    cut.push_str(&ellipsis);
    cut
}

/// `text`, cut in its middle to `width` cells: for paths, whose two ends say most.
pub(crate) fn cut_middle(text: &str, width: usize, ellipsis: &str) -> String {
    if cells(text) <= width {
        return text.to_owned();
    }
    let ellipsis = cut_hard(ellipsis, width);
    let room = width - cells(&ellipsis);
    let left = head(text, room / 3);
    let right = tail(text, room - cells(left));
    format!("{left}{ellipsis}{right}")
}

/// The longest beginning of `text` that fits into `width` cells.
pub(crate) fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme_cells(grapheme);
        if used > width {
            return &text[..at];
        }
    }
    text
}

/// `text` in lines of at most `width` cells, broken at spaces, and inside a word only when it alone is too long or is
/// written without spaces. Line feeds in `text` are kept as breaks.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for word in paragraph.split_inclusive(' ') {
            let bare = word.trim_end_matches(' ');
            let bare_cells = cells(bare);
            if used + bare_cells <= width {
                line.push_str(word);
                used += bare_cells + (word.len() - bare.len());
                continue;
            }
            if bare_cells <= width && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            for grapheme in word.graphemes(true) {
                let grapheme_width = grapheme_cells(grapheme);
                if used + grapheme_width > width && grapheme != " " {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += grapheme_width;
            }
        }
        lines.push(line);
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// How many cells one grapheme takes.
pub(crate) fn grapheme_cells(grapheme: &str) -> usize {
    // A terminal advances by two cells at most for what is shown as one sign.
    if is_plain(grapheme) { grapheme.len() } else { grapheme.width().min(2) }
}

/// Spaces that fill `text` up to `width` cells.
pub(crate) fn padding(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(cells(text)))
}

fn cut_hard(text: &str, width: usize) -> String {
    head(text, width).to_owned()
}

fn tail(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme_cells(grapheme);
        if used > width {
            return &text[at + grapheme.len()..];
        }
    }
    text
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangul_takes_two_cells_and_an_emoji_sequence_no_more() {
        assert_eq!(cells("잠금 순서"), 9);
        assert_eq!(cells("ｱ"), 1);
        assert_eq!(cells("👩‍👩‍👧‍👦"), 2);
        assert_eq!(cells("e\u{301}"), 1);
    }

    #[test]
    fn a_wide_sign_is_never_cut_in_two() {
        assert_eq!(cut_end("잠금 순서 바꾸기", 8, "…"), "잠금 순…");
        assert_eq!(cut_end("잠금 순서 바꾸기", 7, "…"), "잠금…");
        assert_eq!(cut_end("short", 5, "…"), "short");
        assert_eq!(cut_end("anything", 0, "…"), "");
        assert_eq!(cut_end("anything", 2, "..."), "..");
    }

    #[test]
    fn paths_keep_both_ends() {
        assert_eq!(cut_middle("~/projects/app/src/store/lock.rs", 20, "…"), "~/proj…store/lock.rs");
    }

    #[test]
    fn text_breaks_at_spaces_and_long_words_anywhere() {
        assert_eq!(wrap("the lock test fails", 10), ["the lock", "test fails"]);
        assert_eq!(wrap("잠금순서바꾸기", 6), ["잠금순", "서바꾸", "기"]);
        assert_eq!(wrap("a\n\nb", 10), ["a", "", "b"]);
        assert_eq!(wrap("  indented", 20), ["  indented"]);
    }
}
