//! Unified hunks of two texts, or of pieces that an agent recorded.

use std::fmt::Write as _;

use opensession_hail::{Edit, EditOperation};
use similar::{Algorithm, ChangeTag, TextDiff};

/// Comparing takes at worst as many steps as one text has lines times the other's. Beyond this many the whole text is
/// taken as replaced.
const STEPS: usize = 4_000_000;
const CONTEXT: usize = 3;

/// Hunks of a unified diff, with the lines added and removed in them.
#[derive(Debug, Default)]
pub(crate) struct Hunks {
    text: String,
    added: u64,
    removed: u64,
}

impl Hunks {
    /// The difference of two texts; hunks are numbered by the lines of these texts.
    pub(crate) fn between(old: &str, new: &str) -> Self {
        let mut hunks = Self::default();
        hunks.compare(old, new);
        hunks
    }

    /// Hunks in an agent's own diff: what follows the first `@@`.
    pub(crate) fn of_unified(diff: &str) -> Self {
        let mut hunks = Self::default();
        let start = if diff.starts_with("@@") { Some(0) } else { diff.find("\n@@").map(|at| at + 1) };
        for line in start.map_or("", |start| &diff[start..]).lines() {
            hunks.line(line);
        }
        hunks
    }

    /// Adds the difference of two more texts.
    pub(crate) fn compare(&mut self, old: &str, new: &str) {
        let (old_lines, new_lines) = (old.lines().count(), new.lines().count());
        if old_lines.saturating_mul(new_lines) > STEPS {
            self.head([1, old_lines as u64, 1, new_lines as u64]);
            old.lines().for_each(|line| self.sign('-', line));
            new.lines().for_each(|line| self.sign('+', line));
            return;
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
                self.sign(sign, line);
            }
        }
    }

    /// The head of a hunk: first line and number of lines, before and after.
    pub(crate) fn head(&mut self, [old_start, old_lines, new_start, new_lines]: [u64; 4]) {
        writeln!(self.text, "@@ -{old_start},{old_lines} +{new_start},{new_lines} @@")
            .expect("writing to a string does not fail");
    }

    /// A line with its sign before it.
    pub(crate) fn line(&mut self, line: &str) {
        match line.as_bytes().first() {
            Some(b'+') => self.added += 1,
            Some(b'-') => self.removed += 1,
            _ => {}
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A line and its sign.
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

    /// The edit that these hunks make; without a diff where there are none.
    pub(crate) fn edit(self, path: String, operation: EditOperation, call_id: Option<String>) -> Edit {
        let known = !self.is_empty();
        Edit {
            path,
            operation,
            added: known.then_some(self.added),
            removed: known.then_some(self.removed),
            diff: known.then_some(self.text),
            to: None,
            call_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared() {
        let edit = Hunks::between("a\nb\n", "a\nc\n").edit("f".to_owned(), EditOperation::Update, None);
        assert_eq!(edit.diff.as_deref(), Some("@@ -1,2 +1,2 @@\n a\n-b\n+c\n"));
        assert_eq!((edit.added, edit.removed), (Some(1), Some(1)));
        assert!(Hunks::between("a", "a").is_empty());
    }

    #[test]
    fn heads_of_files_are_left_out() {
        let diff = "\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";
        let edit = Hunks::of_unified(diff).edit("x".to_owned(), EditOperation::Update, None);
        assert_eq!(edit.diff.as_deref(), Some("@@ -1 +1 @@\n-a\n+b\n"));
        assert_eq!((edit.added, edit.removed), (Some(1), Some(1)));
        assert!(Hunks::of_unified("no diff").is_empty());
    }
}
