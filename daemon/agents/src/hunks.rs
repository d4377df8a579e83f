//! Unified diff hunks of what agents tell of their edits: two texts, a new file, lines with signs, or a diff.

use std::fmt::Write as _;

use opensession_hail::{Edit, EditOperation};
use similar::{Algorithm, ChangeTag, TextDiff};

/// Comparing takes at worst as many steps as one text has lines times the other's. Beyond this many the whole text is
/// taken as replaced.
const STEPS: usize = 4_000_000;
const CONTEXT: usize = 3;

/// Hunks, and how many lines they add and remove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hunks {
    /// `@@ -a,b +c,d @@` and lines that begin with a space, `+` or `-`, each with its line feed.
    pub(crate) text: String,
    /// Lines added.
    pub(crate) added: u64,
    /// Lines removed.
    pub(crate) removed: u64,
}

impl Hunks {
    /// What changed between two texts; a new file where `old` is empty.
    pub(crate) fn between(old: &str, new: &str) -> Self {
        let mut hunks = Self::default();
        hunks.compare(old, new);
        hunks
    }

    /// The hunks of a unified diff: [`Hunks::unified`].
    pub(crate) fn of_unified(diff: &str) -> Self {
        let mut hunks = Self::default();
        hunks.unified(diff);
        hunks
    }

    /// Adds what changed from `old` to `new`. Where they are pieces of a file, lines are counted from their own first.
    pub(crate) fn compare(&mut self, old: &str, new: &str) {
        if old == new {
            return;
        }
        let (old_lines, new_lines) = (old.lines().count(), new.lines().count());
        if old.is_empty() || new.is_empty() || old_lines.saturating_mul(new_lines) > STEPS {
            let lines = old.lines().map(|line| ('-', line)).chain(new.lines().map(|line| ('+', line)));
            return self.block([u64::from(old_lines > 0), u64::from(new_lines > 0)], lines);
        }
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            self.text.push_str(&hunk.header().to_string());
            self.text.push('\n');
            for change in hunk.iter_changes() {
                let line: &str = change.value();
                let line = line.strip_suffix('\n').unwrap_or(line);
                let sign = match change.tag() {
                    ChangeTag::Equal => ' ',
                    ChangeTag::Insert => '+',
                    ChangeTag::Delete => '-',
                };
                self.sign(sign, line.strip_suffix('\r').unwrap_or(line));
            }
        }
    }

    /// Adds the hunks of a unified diff without the headers of its files. A hunk has as many lines as its own header
    /// says; what belongs to none is left out.
    pub(crate) fn unified(&mut self, diff: &str) {
        let (mut old, mut new) = (0_usize, 0_usize);
        for line in diff.lines() {
            if let Some(lengths) = lengths(line) {
                (old, new) = lengths;
                self.text.push_str(line);
                self.text.push('\n');
                continue;
            }
            let inside = old > 0 || new > 0;
            let Some((sign, rest)) = signed(line).filter(|_| inside) else { continue };
            old = old.saturating_sub(usize::from(sign != '+'));
            new = new.saturating_sub(usize::from(sign != '-'));
            self.sign(sign, rest);
        }
    }

    /// Adds the hunks of a diff that a model wrote: its headers may lack line numbers (`@@ ... @@`), or have wrong ones.
    /// A hunk reaches to the next header; what stands before the first is left out.
    pub(crate) fn unnumbered(&mut self, diff: &str) {
        let mut lines: Vec<(char, &str)> = Vec::new();
        let mut inside = false;
        for line in diff.lines() {
            if line.starts_with("@@") {
                self.block([0, 0], std::mem::take(&mut lines).into_iter());
                inside = true;
            } else if inside {
                lines.extend(signed(line));
            }
        }
        self.block([0, 0], lines.into_iter());
    }

    /// Adds one hunk of lines with their signs, which begins at the lines `from` (before and after; zero where they are
    /// not known, or where there are none).
    pub(crate) fn block<'a>(&mut self, from: [u64; 2], lines: impl Iterator<Item = (char, &'a str)> + Clone) {
        let (mut before, mut after) = (0, 0);
        for (sign, _) in lines.clone() {
            before += u64::from(sign != '+');
            after += u64::from(sign != '-');
        }
        if before + after == 0 {
            return;
        }
        self.head([from[0], before, from[1], after]);
        for (sign, line) in lines {
            self.sign(sign, line);
        }
    }

    /// Adds the head of a hunk: first line and number of lines, before and after.
    pub(crate) fn head(&mut self, [old_start, old_lines, new_start, new_lines]: [u64; 4]) {
        writeln!(self.text, "@@ -{old_start},{old_lines} +{new_start},{new_lines} @@")
            .expect("writing to a string does not fail");
    }

    /// Adds a line that begins with its sign; what begins with none, such as `\ No newline at end of file`, is no line
    /// of a file.
    pub(crate) fn line(&mut self, line: &str) {
        if let Some((sign, rest)) = signed(line) {
            self.sign(sign, rest);
        }
    }

    /// Adds a line and its sign.
    pub(crate) fn sign(&mut self, sign: char, line: &str) {
        match sign {
            '+' => self.added += 1,
            '-' => self.removed += 1,
            _ => {}
        }
        self.text.push(sign);
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Whether nothing changed, or nothing is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The edit that these hunks make; where there are none nothing is said of lines.
    pub(crate) fn edit(self, path: impl Into<String>, operation: EditOperation, call_id: Option<&str>) -> Edit {
        let known = !self.is_empty();
        Edit {
            path: path.into(),
            operation,
            added: known.then_some(self.added),
            removed: known.then_some(self.removed),
            diff: known.then_some(self.text),
            to: None,
            call_id: call_id.map(str::to_owned),
        }
    }
}

/// How many lines a hunk has before and after, as its header tells.
fn lengths(header: &str) -> Option<(usize, usize)> {
    let (ranges, _) = header.strip_prefix("@@ -")?.split_once(" @@")?;
    let (before, after) = ranges.split_once(" +")?;
    let length = |range: &str| range.split_once(',').map_or(Some(1), |(_, length)| length.parse().ok());
    Some((length(before)?, length(after)?))
}

/// A line of a hunk, apart from its sign. Of an empty line of context the blank may be missing.
fn signed(line: &str) -> Option<(char, &str)> {
    match line.as_bytes().first() {
        None => Some((' ', "")),
        Some(b'+') => Some(('+', &line[1..])),
        Some(b'-') => Some(('-', &line[1..])),
        Some(b' ') => Some((' ', &line[1..])),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n";
        let hunks = Hunks::between(old, &old.replace('b', "B").replace("j\n", ""));
        assert_eq!(hunks.text, "@@ -1,5 +1,5 @@\n a\n-b\n+B\n c\n d\n e\n@@ -7,4 +7,3 @@\n g\n h\n i\n-j\n");
        assert_eq!((hunks.added, hunks.removed), (1, 2));
        assert_eq!(Hunks::between("", "x\ny").text, "@@ -0,0 +1,2 @@\n+x\n+y\n");
        assert_eq!(Hunks::between("x", "").text, "@@ -1,1 +0,0 @@\n-x\n");
        assert_eq!(Hunks::between("a\r\nb\r\n", "a\r\nc\r\n").text, "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert!(Hunks::between("x", "x").is_empty());
    }

    #[test]
    fn texts_that_are_too_long_to_compare_are_replaced() {
        let hunks = Hunks::between(&"a\n".repeat(2001), &"b\n".repeat(2001));
        assert_eq!((hunks.added, hunks.removed), (2001, 2001));
        assert!(hunks.text.starts_with("@@ -1,2001 +1,2001 @@\n-a\n"));
    }

    #[test]
    fn a_diff_keeps_its_hunks_alone() {
        let diff = "Index: a\n===\n--- a\n+++ b\n@@ -1,2 +1,2 @@ fn\n--- x\n+++ y\n z\n\\ No newline\n--- c\n+++ d\n@@ -9 +9 @@\n-q\n+r\n";
        let hunks = Hunks::of_unified(diff);
        assert_eq!(hunks.text, "@@ -1,2 +1,2 @@ fn\n--- x\n+++ y\n z\n@@ -9 +9 @@\n-q\n+r\n");
        assert_eq!((hunks.added, hunks.removed), (2, 2));
        assert!(Hunks::of_unified("no diff").is_empty());
    }

    #[test]
    fn a_diff_of_a_model_has_no_line_numbers() {
        let mut hunks = Hunks::default();
        hunks.unnumbered("--- a\n+++ b\n@@ ... @@\n x\n-y\n+z\n\n@@ -9 +9 @@\n-q\n\\ No newline\n");
        assert_eq!(hunks.text, "@@ -0,3 +0,3 @@\n x\n-y\n+z\n \n@@ -0,1 +0,0 @@\n-q\n");
        assert_eq!((hunks.added, hunks.removed), (1, 2));
    }

    #[test]
    fn an_edit_tells_of_lines_only_where_they_are_known() {
        let edit = Hunks::between("a\nb\n", "a\nc\n").edit("f", EditOperation::Update, Some("c1"));
        assert_eq!(edit.diff.as_deref(), Some("@@ -1,2 +1,2 @@\n a\n-b\n+c\n"));
        assert_eq!((edit.added, edit.removed, edit.call_id.as_deref()), (Some(1), Some(1), Some("c1")));
        let edit = Hunks::default().edit("f", EditOperation::Delete, None);
        assert_eq!((edit.added, edit.removed, edit.diff), (None, None, None));
    }
}
