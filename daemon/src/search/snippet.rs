//! Cuts the piece of a text that shows why it was found, and checks on the text what tokens cannot tell.

mod literal;
mod matcher;
mod prefilter;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

pub use literal::{TextScanner, contains_literal};
pub use matcher::{Mark, Matcher};

/// Stands where the text was cut; one cell wide.
const CUT: char = '…';
/// A word may be this many cells long to be left out whole, rather than cut, where the snippet begins or ends.
const MAX_WORD_CELLS: usize = 24;
/// Bytes that are looked at for each cell of a snippet at most: what has no width has no end either.
const MAX_BYTES_PER_CELL: usize = 16;
/// The same for what stands before the matches, all of which is looked at.
const LEAD_BYTES_PER_CELL: usize = 4;

/// A piece of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snippet {
    /// White space folded to single spaces, control characters left out; `…` at an end that was cut.
    pub text: String,
    /// The matches in it: pairs of offsets in code points, the end exclusive, in order, not overlapping.
    pub ranges: Vec<(u32, u32)>,
}

/// The piece of the text, at most `width` terminal cells wide, in which most units of the query stand, and of those the
/// first; `None` when none stands in the text.
pub fn snippet(text: &str, matcher: &Matcher, width: usize) -> Option<Snippet> {
    let marks = matcher.marks(text);
    let window = best_window(&marks, width)?;
    let ranges = merge(marks.iter().map(|mark| mark.start as usize..mark.end as usize).collect());
    Some(cut(text, window, &ranges, width))
}

/// The beginning of the text, at most `width` terminal cells wide: for events found by fields alone.
pub fn beginning(text: &str, width: usize) -> Snippet {
    cut(text, 0..0, &[], width)
}

/// From the first to the last mark of the stretch that holds most units. Bytes stand for cells here, of which they are
/// never fewer.
fn best_window(marks: &[Mark], width: usize) -> Option<Range<usize>> {
    let units = marks.iter().map(|mark| mark.unit).max()? + 1;
    let mut counts = vec![0_u32; units];
    let mut distinct = 0;
    let mut best: Option<(usize, Range<usize>)> = None;
    let mut first = 0;
    for (last, mark) in marks.iter().enumerate() {
        if counts[mark.unit] == 0 {
            distinct += 1;
        }
        counts[mark.unit] += 1;
        while first < last && mark.end.saturating_sub(marks[first].start) as usize > width {
            counts[marks[first].unit] -= 1;
            if counts[marks[first].unit] == 0 {
                distinct -= 1;
            }
            first += 1;
        }
        if best.as_ref().is_none_or(|(most, _)| distinct > *most) {
            best = Some((distinct, marks[first].start as usize..mark.end as usize));
        }
    }
    best.map(|(_, window)| window)
}

/// Overlapping ranges made one, in order.
fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// A grapheme as it is drawn.
#[derive(Debug, Clone, Copy)]
struct Cell<'t> {
    /// What is drawn; a space for white space.
    drawn: &'t str,
    /// Where it stands in the text, in bytes.
    start: usize,
    /// Its width.
    width: usize,
}

/// The graphemes of a piece of the text that begins at `offset`; white space folded, control characters left out.
fn cells(piece: &str, offset: usize) -> impl Iterator<Item = Cell<'_>> {
    let mut after_space = false;
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < piece.len() {
            let grapheme = first_grapheme(&piece[at..]);
            let start = offset + at;
            if grapheme == "\u{1b}" {
                at += escape_sequence(&piece[at..]);
                continue;
            }
            at += grapheme.len();
            if grapheme.starts_with(char::is_whitespace) {
                if !after_space {
                    after_space = true;
                    return Some(Cell { drawn: " ", start, width: 1 });
                }
            } else if !grapheme.starts_with(char::is_control) {
                after_space = false;
                let width = if grapheme.len() == 1 { 1 } else { grapheme.width() };
                return Some(Cell { drawn: grapheme, start, width });
            }
        }
        None
    })
}

/// The grapheme that a text begins with. Between two characters of ASCII there is always a boundary, but for CR LF.
fn first_grapheme(text: &str) -> &str {
    match text.as_bytes() {
        [first, second, ..] if first.is_ascii() && second.is_ascii() && *first != b'\r' => &text[..1],
        _ => text.graphemes(true).next().unwrap_or_default(),
    }
}

/// The length of the terminal escape sequence that the text begins with.
fn escape_sequence(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.get(1) != Some(&b'[') {
        return 1;
    }
    let parameters = bytes[2..].iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
    match bytes.get(2 + parameters) {
        Some(0x40..=0x7E) => 3 + parameters,
        _ => 2 + parameters,
    }
}

/// Cuts the text around the window.
fn cut(text: &str, window: Range<usize>, ranges: &[Range<usize>], width: usize) -> Snippet {
    let width = width.max(3);
    let (start, cut_before) = lead(text, &window, width);
    let limit = text.ceil_char_boundary(text.len().min(start + width * MAX_BYTES_PER_CELL + 64));
    let mut used = usize::from(cut_before);
    let mut shown: Vec<Cell<'_>> = Vec::with_capacity(width);
    let mut cut_after = limit < text.len() && !text[limit..].trim_end().is_empty();
    for cell in cells(&text[start..limit], start) {
        if shown.is_empty() && cell.drawn == " " {
            continue;
        }
        if used + cell.width > width {
            // Only white space may be left out without a word.
            cut_after = !text[cell.start..].trim_end().is_empty();
            break;
        }
        used += cell.width;
        shown.push(cell);
    }
    if cut_after {
        end_at_word(&mut shown, ranges, &mut used, width);
    }
    while shown.last().is_some_and(|cell| cell.drawn == " ") {
        shown.pop();
    }
    draw(&shown, ranges, cut_before, cut_after)
}

/// Where the snippet begins, and whether anything is left out before it: at the beginning of the window's line where that
/// is near, else at a word before the window.
fn lead(text: &str, window: &Range<usize>, width: usize) -> (usize, bool) {
    let window_end = text.floor_char_boundary(window.end.min(window.start + width * MAX_BYTES_PER_CELL));
    let window_width: usize = cells(&text[window.start..window_end], window.start).map(|cell| cell.width).sum();
    let free = width.saturating_sub(window_width);
    let after_end = text.floor_char_boundary(window_end + width * MAX_BYTES_PER_CELL);
    let after = cells(&text[window_end..after_end], window_end).map(|cell| cell.width);
    let after: usize = after.take(free).sum();
    // A third of what is free may go before the window, two thirds when that takes in the line's beginning, and whatever
    // the text behind the window has no use for.
    let unused = free.saturating_sub(after + 1);
    let (line_limit, word_limit) = ((free * 2 / 3).max(unused), (free / 3).max(unused));
    let from = text.floor_char_boundary(window.start.saturating_sub(line_limit * LEAD_BYTES_PER_CELL + 1));
    let before: Vec<Cell<'_>> = cells(&text[from..window.start], from).collect();
    let mut used = 0;
    let mut line = None;
    let mut word = None;
    let mut grapheme = window.start;
    let mut start = window.start;
    for cell in before.iter().rev() {
        if cell.drawn == " " {
            if used <= word_limit {
                word = Some(start);
            }
            if text[cell.start..].starts_with(['\n', '\r']) {
                line = Some(start);
                break;
            }
        }
        used += cell.width;
        if used > line_limit {
            break;
        }
        start = cell.start;
        if used <= word_limit {
            grapheme = start;
        }
    }
    if from == 0 && used <= line_limit {
        line = line.or(Some(start));
    }
    let start = line.or(word.filter(|word| *word < window.start)).unwrap_or(grapheme);
    let left_out = from > 0 || before.iter().any(|cell| cell.start < start && cell.drawn != " ");
    (start, left_out)
}

/// Makes room for the sign of the cut, at the end of a word where one is near.
fn end_at_word(shown: &mut Vec<Cell<'_>>, ranges: &[Range<usize>], used: &mut usize, width: usize) {
    let is_marked = |at: usize| ranges.iter().any(|range| range.contains(&at));
    while *used + 1 > width
        && let Some(cell) = shown.pop()
    {
        *used -= cell.width;
    }
    let mut cells = 0;
    for (at, cell) in shown.iter().enumerate().rev() {
        if cell.drawn == " " {
            shown.truncate(at);
            return;
        }
        cells += cell.width;
        if cells > MAX_WORD_CELLS || is_marked(cell.start) {
            return;
        }
    }
}

fn draw(shown: &[Cell<'_>], ranges: &[Range<usize>], cut_before: bool, cut_after: bool) -> Snippet {
    let mut snippet = Snippet::default();
    let mut characters = 0;
    if cut_before {
        snippet.text.push(CUT);
        characters += 1;
    }
    let mut ranges = ranges.iter().peekable();
    // The range that is under way.
    let mut open: Option<(&Range<usize>, u32)> = None;
    for cell in shown {
        if let Some((range, from)) = open
            && cell.start >= range.end
        {
            snippet.ranges.push((from, characters));
            open = None;
        }
        while ranges.next_if(|range| range.end <= cell.start).is_some() {}
        if open.is_none()
            && let Some(range) =
                ranges.next_if(|range| range.start < cell.start + cell.drawn.len().max(1) && cell.start < range.end)
        {
            open = Some((range, characters));
        }
        snippet.text.push_str(cell.drawn);
        characters += cell.drawn.chars().count() as u32;
    }
    if let Some((_, from)) = open {
        snippet.ranges.push((from, characters));
    }
    if cut_after {
        snippet.text.push(CUT);
    }
    snippet
}

#[cfg(test)]
mod tests;
