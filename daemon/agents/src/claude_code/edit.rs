//! Changes to files, as unified diff hunks.

use std::fmt::Write;

use opensession_hail::{Edit, EditOperation};
use similar::{Algorithm, TextDiff};

use super::{
    record::Outcome,
    skim::{self, Skim},
    state::Call,
};

/// Comparing takes at worst as many steps as one text has lines times the other's. Beyond this many the whole text is
/// taken as replaced.
const STEPS: usize = 4_000_000;
const CONTEXT: usize = 3;

/// Whether the tool changes files.
pub(super) fn is_edit(name: &str) -> bool {
    matches!(name, "Edit" | "MultiEdit" | "Write" | "NotebookEdit")
}

/// The edit that a successful call made, from its result, or from its input where the result does not tell.
/// `shown` is what the model was shown.
pub(super) fn find(call: &Call, outcome: &Outcome<'_>, shown: &str) -> Option<Edit> {
    let input = call.input.as_deref().unwrap_or("{}");
    let of_input = |key| skim::member(input, key);
    let path = skim::string(outcome.path)
        .or_else(|| skim::string(of_input("file_path")))
        .or_else(|| skim::string(of_input("notebook_path")))?;

    let mut hunks = Hunks::default();
    if let Some(patch) = outcome.patch {
        hunks.add_patch(patch);
    }
    let mut operation = EditOperation::Update;
    if call.name == "Write" {
        // Where the file was there already and no patch was kept, nothing tells which lines changed.
        if outcome.kind == Some(r#""create""#) || outcome.kind.is_none() && shown.starts_with("File created") {
            operation = EditOperation::Create;
        }
        if operation == EditOperation::Create && hunks.is_empty() {
            let content = outcome.content.or(of_input("content")).and_then(skim::text);
            hunks.add_all(content.as_deref().unwrap_or_default());
        }
    } else if hunks.is_empty() {
        hunks.add_input(input, outcome);
    }
    let known = !hunks.is_empty();
    Some(Edit {
        path,
        operation,
        added: known.then_some(hunks.added),
        removed: known.then_some(hunks.removed),
        diff: known.then_some(hunks.text),
        to: None,
        call_id: Some(call.id.clone()),
    })
}

/// Hunks of a unified diff.
#[derive(Debug, Default)]
struct Hunks {
    text: String,
    added: u64,
    removed: u64,
}

impl Hunks {
    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes over a `structuredPatch`.
    fn add_patch(&mut self, patch: &str) {
        // What comes before damage is good.
        _ = Skim::new(patch, 0).array(|skim| {
            let (mut numbers, mut lines) = ([0; 4], None);
            skim.object(|skim, key| {
                let value = skim.value()?;
                let place = match key {
                    "oldStart" => &mut numbers[0],
                    "oldLines" => &mut numbers[1],
                    "newStart" => &mut numbers[2],
                    "newLines" => &mut numbers[3],
                    "lines" => {
                        lines = Some(value);
                        return Ok(());
                    }
                    _ => return Ok(()),
                };
                *place = skim::number(Some(value)).unwrap_or(0);
                Ok(())
            })?;
            if let Some(lines) = lines {
                self.head(numbers);
                Skim::new(lines, 0).array(|skim| {
                    if let Some(line) = skim::text(skim.value()?) {
                        self.line(&line);
                    }
                    Ok(())
                })?;
            }
            Ok(())
        });
    }

    /// A new file.
    fn add_all(&mut self, content: &str) {
        if content.is_empty() {
            return;
        }
        self.head([0, 0, 1, content.lines().count() as u64]);
        self.text.reserve(content.len() + content.len() / 16);
        for line in content.lines() {
            self.sign('+', line);
        }
    }

    /// Compares the texts that the call names. Where in the file they stand is not known: lines are counted from 1.
    fn add_input(&mut self, input: &str, outcome: &Outcome<'_>) {
        if let Some(edits) = outcome.edits.or_else(|| skim::member(input, "edits")) {
            // What comes before damage is good.
            _ = Skim::new(edits, 0).array(|skim| {
                let edit = skim.value()?;
                self.compare(skim::member(edit, "old_string"), skim::member(edit, "new_string"));
                Ok(())
            });
            return;
        }
        let either = |found: Option<&str>, keys: [&'static str; 2]| {
            found
                .map(str::to_owned)
                .or_else(|| keys.into_iter().find_map(|key| skim::member(input, key)).map(str::to_owned))
        };
        let old = either(outcome.old, ["old_string", "old_source"]);
        let new = either(outcome.new, ["new_string", "new_source"]);
        let inserts = outcome.edit_mode.or_else(|| skim::member(input, "edit_mode")) == Some(r#""insert""#);
        if old.is_some() || inserts {
            self.compare(old.as_deref(), new.as_deref());
        }
    }

    fn compare(&mut self, old: Option<&str>, new: Option<&str>) {
        let old = old.and_then(skim::text).unwrap_or_default();
        let new = new.and_then(skim::text).unwrap_or_default();
        let (old_lines, new_lines) = (old.lines().count(), new.lines().count());
        if old_lines * new_lines > STEPS {
            self.head([1, old_lines as u64, 1, new_lines as u64]);
            old.lines().for_each(|line| self.sign('-', line));
            new.lines().for_each(|line| self.sign('+', line));
            return;
        }
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(&*old, &*new);
        for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
            let header = hunk.header().to_string();
            self.text.push_str(&header);
            self.text.push('\n');
            for change in hunk.iter_changes() {
                let line = change.value();
                let line = line.strip_suffix('\n').unwrap_or(line);
                match change.tag() {
                    similar::ChangeTag::Equal => self.sign(' ', line),
                    similar::ChangeTag::Insert => self.sign('+', line),
                    similar::ChangeTag::Delete => self.sign('-', line),
                }
            }
        }
    }

    fn head(&mut self, [old_start, old_lines, new_start, new_lines]: [u64; 4]) {
        writeln!(self.text, "@@ -{old_start},{old_lines} +{new_start},{new_lines} @@")
            .expect("writing to a string does not fail");
    }

    /// A line that has its sign.
    fn line(&mut self, line: &str) {
        match line.as_bytes().first() {
            Some(b'+') => self.added += 1,
            Some(b'-') => self.removed += 1,
            _ => {}
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn sign(&mut self, sign: char, line: &str) {
        self.text.push(sign);
        match sign {
            '+' => self.added += 1,
            '-' => self.removed += 1,
            _ => {}
        }
        self.text.push_str(line);
        self.text.push('\n');
    }
}
