//! The form in which pi shows a change: lines with a sign and their number, `...` where lines are left out.

use crate::hunks::Hunks;

/// The hunks that `shown` is; `None` where it is something else.
pub(super) fn hunks(shown: &str) -> Option<Hunks> {
    let mut hunks = Hunks::default();
    let mut lines: Vec<(char, &str)> = Vec::new();
    // Where the hunk begins in the old text, and how far the new text is ahead of the old one there.
    let mut start = 0_u64;
    let mut ahead = 0_i64;
    let mut flush = |start: u64, lines: &mut Vec<(char, &str)>| {
        if lines.iter().any(|(sign, _)| *sign != ' ') {
            hunks.block([start, start.saturating_add_signed(ahead)], lines.iter().copied());
        }
        let of = |kept: char| lines.iter().filter(|(sign, _)| *sign == kept).count() as i64;
        ahead += of('+') - of('-');
        lines.clear();
        ahead
    };
    let mut before = 0_i64;
    for line in shown.lines() {
        let sign = line.chars().next().filter(|sign| matches!(sign, ' ' | '+' | '-'))?;
        let rest = line[1..].trim_start();
        if rest == "..." {
            before = flush(start, &mut lines);
            continue;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        if lines.is_empty() {
            // Added lines carry their number in the new text.
            start = if sign == '+' { number.saturating_add_signed(-before) } else { number };
        }
        let text = &rest[digits..];
        lines.push((sign, text.strip_prefix(' ').unwrap_or(text)));
    }
    flush(start, &mut lines);
    Some(hunks)
}

#[cfg(test)]
mod tests {
    use opensession_hail::EditOperation;

    use super::*;

    #[test]
    fn numbered_lines_become_hunks() {
        let shown = "   7 a\n-  8 b\n+  8 c\n+  9 d\n   9 e\n     ...\n  20 f\n- 21   g\n";
        let edit = hunks(shown).expect("a diff").edit("f", EditOperation::Update, None);
        assert_eq!(edit.diff.as_deref(), Some("@@ -7,3 +7,4 @@\n a\n-b\n+c\n+d\n e\n@@ -20,2 +21,1 @@\n f\n-  g\n"));
        assert_eq!((edit.added, edit.removed), (Some(2), Some(2)));
        assert!(hunks("nothing of the kind").is_none());
    }
}
