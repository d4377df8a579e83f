//! What the agent's patches change: from the text that the model wrote, or from the record of what was applied.

use std::fmt::Write as _;

use opensession_hail::{Edit, EditOperation};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::record::{Raw, Text, read};

/// The line that begins a patch of the agent's own form.
pub(crate) const BEGIN: &str = "*** Begin Patch";

/// The patch that stands in a shell command (`apply_patch <<'EOF' …`), or that the text is.
pub(crate) fn inside(text: &str) -> Option<&str> {
    let start = text.find(BEGIN)?;
    let patch = &text[start..];
    Some(patch.find("\n*** End Patch").map_or(patch, |end| &patch[..end]))
}

/// The edits that a patch of the agent's own form makes, in its order. The form names no line numbers: hunks begin at
/// line zero.
pub(crate) fn edits(patch: &str) -> Vec<Edit> {
    let mut edits: Vec<Draft> = Vec::new();
    for line in patch.lines() {
        if let Some(path) = line.strip_prefix("*** Add File: ") {
            edits.push(Draft::new(path, EditOperation::Create));
        } else if let Some(path) = line.strip_prefix("*** Delete File: ") {
            edits.push(Draft::new(path, EditOperation::Delete));
        } else if let Some(path) = line.strip_prefix("*** Update File: ") {
            edits.push(Draft::new(path, EditOperation::Update));
        } else if line.starts_with("*** End Patch") {
            break;
        } else if let Some(draft) = edits.last_mut() {
            if let Some(to) = line.strip_prefix("*** Move to: ") {
                draft.operation = EditOperation::Rename;
                draft.to = Some(to.trim().to_owned());
            } else if !line.starts_with("*** ") {
                draft.line(line);
            }
        }
    }
    edits.into_iter().map(Draft::finish).collect()
}

/// The edits in `changes`, a map from path to what was done there.
pub(super) fn applied(changes: Raw<'_>) -> Vec<Edit> {
    let changes: Changes<'_> = read(changes).unwrap_or_default();
    changes.0.into_iter().filter_map(|(path, change)| edit_of(path, &read(Some(change))?)).collect()
}

/// The map in the order in which it was written.
#[derive(Default)]
struct Changes<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Changes<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> serde::de::Visitor<'de> for Entries {
            type Value = Changes<'de>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a map of changes")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Changes(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A change in its two spellings: `{"type":"add",…}` and `{"add":{…}}`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Change<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    content: Text<'a>,
    #[serde(borrow)]
    unified_diff: Text<'a>,
    #[serde(borrow)]
    move_path: Text<'a>,
    #[serde(borrow)]
    add: Raw<'a>,
    #[serde(borrow)]
    delete: Raw<'a>,
    #[serde(borrow)]
    update: Raw<'a>,
}

fn edit_of(path: String, change: &Change<'_>) -> Option<Edit> {
    let spelled = [("add", change.add), ("delete", change.delete), ("update", change.update)];
    let inner;
    let (kind, change) = match spelled.into_iter().find_map(|(kind, raw)| Some((kind, raw?))) {
        Some((kind, raw)) => {
            inner = read::<Change<'_>>(Some(raw))?;
            (kind, &inner)
        }
        None => (change.kind.get()?, change),
    };
    Some(match kind {
        "add" => whole(path, EditOperation::Create, '+', change.content.0.as_deref()),
        "delete" => whole(path, EditOperation::Delete, '-', change.content.0.as_deref()),
        _ => {
            let diff = without_headers(change.unified_diff.0.as_deref().unwrap_or_default());
            let count = |sign| diff.lines().filter(|line| line.starts_with(sign)).count() as u64;
            let to = change.move_path.owned();
            Edit {
                path,
                operation: if to.is_some() { EditOperation::Rename } else { EditOperation::Update },
                added: Some(count('+')),
                removed: Some(count('-')),
                diff: (!diff.is_empty()).then(|| diff.to_owned()),
                to,
                call_id: None,
            }
        }
    })
}

fn without_headers(diff: &str) -> &str {
    if !diff.starts_with("--- ") && !diff.starts_with("diff ") {
        return diff;
    }
    match diff.find("\n@@") {
        Some(at) => &diff[at + 1..],
        None => "",
    }
}

/// A file that came or went as a whole.
fn whole(path: String, operation: EditOperation, sign: char, content: Option<&str>) -> Edit {
    let mut draft = Draft::new(&path, operation);
    if let Some(content) = content {
        for line in content.lines() {
            draft.push(sign, line);
        }
        draft.known = true;
    }
    Edit { path, ..draft.finish() }
}

/// An edit whose lines are still being counted.
struct Draft {
    path: String,
    operation: EditOperation,
    to: Option<String>,
    hunks: Vec<Hunk>,
    known: bool,
}

#[derive(Default)]
struct Hunk {
    heading: String,
    before: u64,
    after: u64,
    added: u64,
    removed: u64,
    lines: String,
}

impl Draft {
    fn new(path: &str, operation: EditOperation) -> Self {
        let known = operation != EditOperation::Delete;
        Self { path: path.trim().to_owned(), operation, to: None, hunks: Vec::new(), known }
    }

    fn line(&mut self, line: &str) {
        if let Some(heading) = line.strip_prefix("@@") {
            self.hunks.push(Hunk { heading: heading.trim().to_owned(), ..Hunk::default() });
            return;
        }
        match line.as_bytes().first() {
            Some(b'+') => self.push('+', &line[1..]),
            Some(b'-') => self.push('-', &line[1..]),
            Some(b' ') => self.push(' ', &line[1..]),
            // Models leave out the blank of an empty context line.
            None if self.operation != EditOperation::Create => self.push(' ', ""),
            _ => {}
        }
    }

    fn push(&mut self, sign: char, text: &str) {
        if self.hunks.is_empty() {
            self.hunks.push(Hunk::default());
        }
        let Some(hunk) = self.hunks.last_mut() else { return };
        match sign {
            '+' => (hunk.added, hunk.after) = (hunk.added + 1, hunk.after + 1),
            '-' => (hunk.removed, hunk.before) = (hunk.removed + 1, hunk.before + 1),
            _ => (hunk.before, hunk.after) = (hunk.before + 1, hunk.after + 1),
        }
        hunk.lines.push(sign);
        hunk.lines.push_str(text);
        hunk.lines.push('\n');
    }

    fn finish(self) -> Edit {
        let from = u64::from(self.operation == EditOperation::Delete);
        let to = u64::from(self.operation == EditOperation::Create);
        let mut diff = String::with_capacity(self.hunks.iter().map(|hunk| hunk.lines.len() + 32).sum());
        for hunk in self.hunks.iter().filter(|hunk| !hunk.lines.is_empty()) {
            let blank = if hunk.heading.is_empty() { "" } else { " " };
            writeln!(diff, "@@ -{from},{} +{to},{} @@{blank}{}", hunk.before, hunk.after, hunk.heading)
                .expect("writing to a string cannot fail");
            diff.push_str(&hunk.lines);
        }
        Edit {
            path: self.path,
            operation: self.operation,
            added: self.known.then(|| self.hunks.iter().map(|hunk| hunk.added).sum()),
            removed: self.known.then(|| self.hunks.iter().map(|hunk| hunk.removed).sum()),
            diff: (!diff.is_empty()).then_some(diff),
            to: self.to,
            call_id: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(edits: &[Edit]) -> String {
        let mut shown = String::new();
        for edit in edits {
            writeln!(
                shown,
                "{:?} {} -> {:?} +{:?} -{:?}\n{}",
                edit.operation,
                edit.path,
                edit.to,
                edit.added,
                edit.removed,
                edit.diff.as_deref().unwrap_or("none")
            )
            .expect("writing to a string cannot fail");
        }
        shown
    }

    #[test]
    fn a_patch_of_the_agents_own_form() {
        let patch = "*** Begin Patch\n*** Add File: a.py\n+print(1)\n+print(2)\n*** Update File: src/b.rs\n*** Move to: src/c.rs\n\
                     @@ fn main\n context\n-old\n+new\n\n@@\n-x\n*** End of File\n*** Delete File: d\n*** End Patch\n+after\n";
        insta::assert_snapshot!(shown(&edits(patch)), @r#"
        Create a.py -> None +Some(2) -Some(0)
        @@ -0,0 +1,2 @@
        +print(1)
        +print(2)

        Rename src/b.rs -> Some("src/c.rs") +Some(1) -Some(2)
        @@ -0,3 +0,3 @@ fn main
         context
        -old
        +new
         
        @@ -0,1 +0,0 @@
        -x

        Delete d -> None +None -None
        none
        "#);
    }

    #[test]
    fn a_record_of_what_was_applied() {
        let changes = r#"{"/r/b":{"type":"update","unified_diff":"--- a\n+++ b\n@@ -1,2 +1,1 @@\n-x\n y\n","move_path":null},
            "/r/a":{"add":{"content":"one\ntwo\n"}},"/r/d":{"type":"delete","content":"gone"},"/r/w":7}"#;
        let raw: &RawValue = serde_json::from_str(changes).expect("JSON");
        insta::assert_snapshot!(shown(&applied(Some(raw))), @r"
        Update /r/b -> None +Some(0) -Some(1)
        @@ -1,2 +1,1 @@
        -x
         y

        Create /r/a -> None +Some(2) -Some(0)
        @@ -0,0 +1,2 @@
        +one
        +two

        Delete /r/d -> None +Some(0) -Some(1)
        @@ -1,1 +0,0 @@
        -gone
        ");
    }

    #[test]
    fn a_patch_in_a_shell_command() {
        let command = "cd x && apply_patch <<'EOF'\n*** Begin Patch\n*** Delete File: a\n*** End Patch\nEOF\n";
        assert_eq!(inside(command), Some("*** Begin Patch\n*** Delete File: a"));
        assert_eq!(inside("ls"), None);
    }
}
