//! Unified diff hunks of edits, from texts before and after or from diffs that agents keep.

use std::fmt::Write;

use opensession_hail::{Edit, EditOperation};
use similar::{Algorithm, ChangeTag, TextDiff};

/// Comparing takes at worst as many steps as one text has lines times the other's. Beyond this many the whole text is
/// taken as replaced.
const STEPS: usize = 4_000_000;
const CONTEXT: usize = 3;

/// Hunks, and how many lines they add and remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Diff {
    pub(crate) text: String,
    pub(crate) added: u64,
    pub(crate) removed: u64,
}

impl Diff {
    /// What changed between two texts. Where only pieces of a file are known, lines are counted from 1.
    pub(crate) fn between(old: &str, new: &str) -> Self {
        let mut diff = Self::default();
        let (old_lines, new_lines) = (old.lines().count(), new.lines().count());
        if old.is_empty() || new.is_empty() || old_lines.saturating_mul(new_lines) > STEPS {
            if old_lines + new_lines > 0 && old != new {
                diff.head(usize::from(old_lines > 0), old_lines, usize::from(new_lines > 0), new_lines);
                old.lines().for_each(|line| diff.line(ChangeTag::Delete, line));
                new.lines().for_each(|line| diff.line(ChangeTag::Insert, line));
            }
            return diff;
        }
        let lines = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
        for group in lines.grouped_ops(CONTEXT) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let old = first.old_range().start..last.old_range().end;
            let new = first.new_range().start..last.new_range().end;
            diff.head(
                old.start + usize::from(!old.is_empty()),
                old.len(),
                new.start + usize::from(!new.is_empty()),
                new.len(),
            );
            for change in group.iter().flat_map(|operation| lines.iter_changes(operation)) {
                let line = change.value();
                diff.line(change.tag(), line.strip_suffix('\n').unwrap_or(line));
            }
        }
        diff
    }

    /// Takes over a unified diff without its headers. Lines that belong to no hunk are left out.
    pub(crate) fn unified(text: &str) -> Self {
        let mut diff = Self::default();
        let (mut old, mut new) = (0_usize, 0_usize);
        for line in text.lines() {
            if old == 0 && new == 0 {
                let Some(range) = line.strip_prefix("@@ -").and_then(|rest| rest.split_once(" @@")) else { continue };
                let Some((before, after)) = range.0.split_once(" +") else { continue };
                let length = |range: &str| range.split_once(',').map_or(Some(1), |(_, length)| length.parse().ok());
                if let (Some(before), Some(after)) = (length(before), length(after)) {
                    (old, new) = (before, after);
                    diff.text.push_str(line);
                    diff.text.push('\n');
                }
                continue;
            }
            let (tag, rest) = match line.as_bytes().first() {
                Some(b'-') => (ChangeTag::Delete, &line[1..]),
                Some(b'+') => (ChangeTag::Insert, &line[1..]),
                Some(b' ') => (ChangeTag::Equal, &line[1..]),
                None => (ChangeTag::Equal, ""),
                Some(_) => continue,
            };
            old = old.saturating_sub(usize::from(tag != ChangeTag::Insert));
            new = new.saturating_sub(usize::from(tag != ChangeTag::Delete));
            diff.line(tag, rest);
        }
        diff
    }

    /// The edit that it is. Without hunks nothing is said of lines.
    pub(crate) fn edit(self, path: &str, operation: EditOperation, call_id: Option<&str>) -> Edit {
        let known = !self.text.is_empty();
        Edit {
            path: path.to_owned(),
            operation,
            added: known.then_some(self.added),
            removed: known.then_some(self.removed),
            diff: known.then_some(self.text),
            to: None,
            call_id: call_id.map(str::to_owned),
        }
    }

    fn head(&mut self, old: usize, old_lines: usize, new: usize, new_lines: usize) {
        writeln!(self.text, "@@ -{old},{old_lines} +{new},{new_lines} @@").expect("writing to a string does not fail");
    }

    fn line(&mut self, tag: ChangeTag, line: &str) {
        self.text.push(match tag {
            ChangeTag::Equal => ' ',
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        });
        self.added += u64::from(tag == ChangeTag::Insert);
        self.removed += u64::from(tag == ChangeTag::Delete);
        self.text.push_str(line);
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_texts() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let diff = Diff::between(old, &old.replace('b', "B").replace("j\n", ""));
        assert_eq!(diff.text, "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -7,4 +7,3 @@\n g\n h\n i\n-j\n");
        assert_eq!((diff.added, diff.removed), (1, 2));
        assert_eq!(Diff::between("", "x\ny").text, "@@ -0,0 +1,2 @@\n+x\n+y\n");
        assert_eq!(Diff::between("x", "").text, "@@ -1,1 +0,0 @@\n-x\n");
        assert_eq!(Diff::between("x", "x"), Diff::default());
    }

    #[test]
    fn from_a_diff_with_headers() {
        let text = "Index: a\n===\n--- a\n+++ b\n@@ -1,2 +1,2 @@ fn\n--- x\n+++ y\n z\n\\ No newline\n--- c\n+++ d\n@@ -9 +9 @@\n-q\n+r\n";
        let diff = Diff::unified(text);
        assert_eq!(diff.text, "@@ -1,2 +1,2 @@ fn\n--- x\n+++ y\n z\n@@ -9 +9 @@\n-q\n+r\n");
        assert_eq!((diff.added, diff.removed), (2, 2));
    }
}
