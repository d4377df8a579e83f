//! Changes to a file as unified diff hunks.

use std::fmt::Write;

use opensession_hail::{Edit, EditOperation};
use similar::{Algorithm, ChangeTag, TextDiff};

/// Comparing takes at worst as many steps as one text has lines times the other's. Beyond this many the whole text is
/// taken as replaced.
const STEPS: usize = 4_000_000;
const CONTEXT: usize = 3;

/// Hunks of a unified diff, and how many lines they add and remove.
#[derive(Debug, Default)]
pub(crate) struct Hunks {
    text: String,
    added: u64,
    removed: u64,
}

impl Hunks {
    /// What became of `old`, or of parts of it: lines are counted from the beginning of the text.
    pub(crate) fn compare(&mut self, old: &str, new: &str) {
        let (old_lines, new_lines) = (old.lines().count(), new.lines().count());
        if old_lines * new_lines > STEPS || old.is_empty() || new.is_empty() {
            if old == new {
                return;
            }
            let start = |lines: usize| usize::from(lines > 0);
            self.head(&format!("-{},{old_lines} +{},{new_lines}", start(old_lines), start(new_lines)));
            old.lines().for_each(|line| self.line('-', line));
            new.lines().for_each(|line| self.line('+', line));
            return;
        }
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new);
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            self.text.push_str(&hunk.header().to_string());
            self.text.push('\n');
            for change in hunk.iter_changes() {
                let line = change.value();
                let line = line.strip_suffix('\n').unwrap_or(line);
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

    /// Takes over the hunks of a unified diff; headers of files are left out.
    pub(crate) fn unified(&mut self, diff: &str) {
        let mut inside = false;
        for line in diff.lines() {
            if line.starts_with("@@") {
                inside = true;
                self.text.push_str(line);
                self.text.push('\n');
            } else if inside && let Some(sign @ (' ' | '+' | '-')) = line.chars().next() {
                self.line(sign, &line[1..]);
            } else if inside && line.is_empty() {
                self.line(' ', "");
            }
        }
    }

    /// Takes over one hunk: where it begins in both texts, and its lines with their signs.
    pub(crate) fn hunk(&mut self, old_start: u64, new_start: u64, lines: &[(char, &str)]) {
        let of = |other: char| lines.iter().filter(|(sign, _)| *sign != other).count();
        let (old, new) = (of('+'), of('-'));
        self.head(&format!("-{old_start},{old} +{new_start},{new}"));
        lines.iter().for_each(|(sign, line)| self.line(*sign, line));
    }

    /// The edit of `path` that they are; where there are none the change is told without them.
    pub(crate) fn edit(self, path: &str, operation: EditOperation) -> Edit {
        let known = !self.text.is_empty();
        Edit {
            path: path.to_owned(),
            operation,
            added: known.then_some(self.added),
            removed: known.then_some(self.removed),
            diff: known.then_some(self.text),
            to: None,
            call_id: None,
        }
    }

    fn head(&mut self, ranges: &str) {
        writeln!(self.text, "@@ {ranges} @@").expect("writing to a string does not fail");
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
