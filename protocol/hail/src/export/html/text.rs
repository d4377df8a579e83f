//! Longer texts: outputs, code and diffs, cut where they are too long.

use super::code::{self, Language};
use super::escape;
use crate::export::cut::{self, Limits};
use crate::export::words;

/// Outputs, code and diffs.
const LONG: Limits = Limits { head_lines: 500, tail_lines: 200, head_bytes: 32_000, tail_bytes: 16_000 };
/// The same on a page that is long already.
const SHORT: Limits = Limits { head_lines: 10, tail_lines: 10, head_bytes: 800, tail_bytes: 800 };
/// Lines of a diff at which the colouring of code stops: it is read for its signs then.
const COLOURED_LINE: usize = 500;

/// Where a text stands: how much of it may be shown, and where the rest is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) short_id: &'a str,
    pub(super) event: u32,
    /// The page is long already.
    pub(super) is_crowded: bool,
}

impl Place<'_> {
    pub(super) fn limits(&self) -> Limits {
        if self.is_crowded { SHORT } else { LONG }
    }

    /// A note of what was left out.
    pub(super) fn note(&self, out: &mut String, left_out: &str) {
        out.push_str("<span class=\"cut\">… ");
        escape::text(out, left_out);
        escape::text(out, &words::elsewhere(self.short_id, self.event));
        out.push_str("</span>");
    }
}

/// Appends `text` in a box of its own.
pub(super) fn pre(out: &mut String, text: &str, language: Option<Language>, place: Place<'_>) {
    out.push_str(if language.is_some() { "<pre class=\"code\"" } else { "<pre class=\"text\"" });
    out.push_str(escape::language(text));
    out.push('>');
    let cut = place.limits().cut(text.trim_end_matches(['\n', '\r', ' ']));
    for (index, part) in [cut.head, cut.tail].into_iter().enumerate() {
        if let (1, Some(left_out)) = (index, &cut.left_out) {
            place.note(out, left_out);
        }
        let part = cut::short_lines(part);
        match language {
            Some(language) => code::highlight(out, &part, language),
            None => escape::text(out, &part),
        }
    }
    out.push_str("</pre>");
}

/// Appends the hunks of a diff, a line each, with the numbers of the lines.
pub(super) fn diff(out: &mut String, diff: &str, language: Language, place: Place<'_>) {
    out.push_str("<pre class=\"diff\">");
    let cut = place.limits().cut(diff.trim_end_matches('\n'));
    let mut numbers = Numbers::default();
    for line in cut::short_lines(cut.head).lines() {
        numbers.line(out, line, language);
    }
    if let Some(left_out) = &cut.left_out {
        place.note(out, left_out);
        // What follows begins somewhere in a hunk.
        numbers = Numbers::default();
    }
    for line in cut::short_lines(cut.tail).lines() {
        numbers.line(out, line, language);
    }
    out.push_str("</pre>");
}

/// The lines that a diff has come to; unknown before the first hunk.
#[derive(Debug, Default)]
struct Numbers {
    old: Option<u64>,
    new: Option<u64>,
}

impl Numbers {
    fn line(&mut self, out: &mut String, line: &str, language: Language) {
        if line.starts_with("@@") {
            (self.old, self.new) = hunk(line).map_or((None, None), |(old, new)| (Some(old), Some(new)));
            out.push_str("<span class=\"h\">");
            escape::text(out, line);
            out.push_str("</span>");
            return;
        }
        let step = |number: &mut Option<u64>| {
            let now = *number;
            *number = now.map(|now| now.saturating_add(1));
            now
        };
        let (class, number) = match line.as_bytes().first() {
            Some(b'+') => ("a", step(&mut self.new)),
            Some(b'-') => ("d", step(&mut self.old)),
            _ => {
                step(&mut self.old);
                ("c", step(&mut self.new))
            }
        };
        out.push_str("<span class=\"");
        out.push_str(class);
        if let Some(number) = number {
            out.push_str("\" data-n=\"");
            out.push_str(&number.to_string());
        }
        out.push_str("\">");
        match line.get(1..) {
            Some(rest) if line.starts_with(['+', '-', ' ']) && line.len() <= COLOURED_LINE => {
                out.push_str(&line[..1]);
                code::highlight(out, rest, language);
            }
            _ => escape::text(out, line),
        }
        out.push_str("</span>");
    }
}

/// The lines at which a hunk begins: `@@ -88,3 +88,4 @@`.
fn hunk(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split(' ').skip(1);
    let mut number = |sign| words.next()?.strip_prefix(sign)?.split(',').next()?.parse().ok();
    Some((number('-')?, number('+')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { short_id: "4f2a91c7", event: 7, is_crowded: true };

    #[test]
    fn a_diff_is_numbered_and_escaped() {
        let mut out = String::new();
        diff(&mut out, "@@ -88,2 +88,2 @@\n-let a;\n+<b>\n x\n", Language::of_path("a.rs"), PLACE);
        assert_eq!(
            out,
            "<pre class=\"diff\"><span class=\"h\">@@ -88,2 +88,2 @@</span><span class=\"d\" data-n=\"88\">-<b>let</b> a;</span>\
             <span class=\"a\" data-n=\"88\">+&lt;b&gt;</span><span class=\"c\" data-n=\"89\"> x</span></pre>"
        );
    }

    #[test]
    fn what_is_left_out_is_said() {
        let mut out = String::new();
        pre(&mut out, &"line\n".repeat(100), None, PLACE);
        assert!(
            out.contains("<span class=\"cut\">… 80 lines (400 B) left out: opensession show 4f2a91c7#7</span>"),
            "{out}"
        );
        let mut out = String::new();
        diff(&mut out, "no hunk\n잠금\n", Language::of_path("x"), PLACE);
        assert!(out.contains("<span class=\"c\">잠금</span>"), "{out}");
    }
}
