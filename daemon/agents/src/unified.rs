//! Unified diff hunks of what agents tell of their edits: two texts, a new file, or lines with signs.

use std::fmt::Write as _;

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
    /// A new file.
    pub(crate) fn created(content: &str) -> Self {
        let mut hunks = Self::default();
        hunks.block([0, 1], content.lines().map(|line| ('+', line)));
        hunks
    }

    /// Adds what changed from `old` to `new`. Where in a file they stand is not known: lines are counted from 1.
    pub(crate) fn compare(&mut self, old: &str, new: &str) {
        let (old_lines, new_lines) = (old.lines().count(), new.lines().count());
        if old_lines.saturating_mul(new_lines) > STEPS {
            let lines = old.lines().map(|line| ('-', line)).chain(new.lines().map(|line| ('+', line)));
            return self.block([1, 1], lines);
        }
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            let header = hunk.header().to_string();
            self.text.push_str(&header);
            self.text.push('\n');
            for change in hunk.iter_changes() {
                let line = change.value();
                let line = line.strip_suffix('\n').unwrap_or(line);
                let line = line.strip_suffix('\r').unwrap_or(line);
                self.line(
                    match change.tag() {
                        ChangeTag::Equal => ' ',
                        ChangeTag::Insert => '+',
                        ChangeTag::Delete => '-',
                    },
                    line,
                );
            }
        }
    }

    /// Adds one hunk of lines with their signs, which begins at the lines `from` (before and after; zero where they are
    /// not known).
    pub(crate) fn block<'a>(&mut self, from: [u64; 2], lines: impl Iterator<Item = (char, &'a str)> + Clone) {
        let (mut before, mut after) = (0, 0);
        for (sign, _) in lines.clone() {
            before += u64::from(sign != '+');
            after += u64::from(sign != '-');
        }
        if before + after == 0 {
            return;
        }
        writeln!(self.text, "@@ -{},{before} +{},{after} @@", from[0], from[1])
            .expect("writing to a string cannot fail");
        for (sign, line) in lines {
            self.line(sign, line);
        }
    }

    /// Adds the hunks of a unified diff whose headers may lack line numbers (`@@ ... @@`); what stands before the first
    /// of them is left out.
    pub(crate) fn unified(&mut self, diff: &str) {
        let mut lines: Vec<(char, &str)> = Vec::new();
        let mut inside = false;
        for line in diff.lines() {
            if line.starts_with("@@") {
                self.block([0, 0], std::mem::take(&mut lines).into_iter());
                inside = true;
            } else if inside {
                match line.as_bytes().first() {
                    Some(b'+') => lines.push(('+', &line[1..])),
                    Some(b'-') => lines.push(('-', &line[1..])),
                    Some(b' ') => lines.push((' ', &line[1..])),
                    None => lines.push((' ', "")),
                    // `\ No newline at end of file`, or something else that is no line of the file.
                    Some(_) => {}
                }
            }
        }
        self.block([0, 0], lines.into_iter());
    }

    fn line(&mut self, sign: char, line: &str) {
        match sign {
            '+' => self.added += 1,
            '-' => self.removed += 1,
            _ => {}
        }
        self.text.push(sign);
        self.text.push_str(line);
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_texts_a_new_file_and_signs() {
        let mut hunks = Hunks::default();
        hunks.compare("a\nb\nc\n", "a\nx\nc\n");
        assert_eq!((hunks.text.as_str(), hunks.added, hunks.removed), ("@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n", 1, 1));
        assert_eq!(Hunks::created("one\ntwo").text, "@@ -0,0 +1,2 @@\n+one\n+two\n");
        assert_eq!(Hunks::created(""), Hunks::default());
        let mut hunks = Hunks::default();
        hunks.unified("--- a\n+++ b\n@@ ... @@\n x\n-y\n+z\n\n@@ -9 +9 @@\n-q\n\\ No newline\n");
        assert_eq!(hunks.text, "@@ -0,3 +0,3 @@\n x\n-y\n+z\n \n@@ -0,1 +0,0 @@\n-q\n");
        assert_eq!((hunks.added, hunks.removed), (1, 2));
    }

    #[test]
    fn texts_that_are_too_long_to_compare_are_replaced() {
        let mut hunks = Hunks::default();
        hunks.compare(&"a\n".repeat(2001), &"b\n".repeat(2001));
        assert_eq!((hunks.added, hunks.removed), (2001, 2001));
        assert!(hunks.text.starts_with("@@ -1,2001 +1,2001 @@\n-a\n"));
    }
}
