//! What a model's reply holds: thinking, words, and the edits it asks for, in each of the program's edit formats.

use serde::{Deserialize, Serialize};

use crate::{codex::patch, hunks::Hunks};

/// The reply's thinking and the rest of it.
pub(super) fn thinking(text: &str) -> (Option<&str>, &str) {
    if let Some(start) = text.strip_prefix("<thinking-content-")
        && let Some((mark, rest)) = start.split_once('>')
        && let Some((thinking, answer)) = rest.split_once(&*format!("</thinking-content-{mark}>"))
    {
        return (Some(thinking.trim()).filter(|text| !text.is_empty()), answer.trim());
    }
    if let Some((before, rest)) = text.split_once("► **THINKING**")
        && before.trim_matches(['-', '\n', ' ']).is_empty()
    {
        // A reply that was interrupted may end before the answer.
        let (thinking, answer) = rest.split_once("► **ANSWER**").unwrap_or((rest, ""));
        let thinking = thinking.trim().trim_end_matches('-').trim();
        return (Some(thinking).filter(|text| !text.is_empty()), answer.trim());
    }
    (None, text)
}

/// Whether a line begins or ends a block of code.
pub(super) fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```")
        || ELEMENTS.iter().any(|(open, close)| [open, close].contains(&&line.trim_end()))
}

/// Up to where in a reply that goes on everything is whole: the last empty line outside of code blocks, blocks to search
/// and replace, and patches. All of it, where there is no such line.
pub(super) fn whole_until(text: &str) -> usize {
    let (mut fenced, mut block, mut patch) = (false, false, false);
    let (mut at, mut whole) = (0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        if is_fence(line) {
            fenced = !fenced;
        } else if line == patch::BEGIN {
            patch = true;
        } else if line == "*** End Patch" {
            patch = false;
        } else if is_mark(line, '<', " SEARCH") {
            block = true;
        } else if is_mark(line, '>', " REPLACE") {
            block = false;
        } else if line.is_empty() && !fenced && !block && !patch {
            whole = at;
        }
    }
    if whole == 0 { text.len() } else { whole }
}

/// An edit that a reply asks for and that is made only once the program says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asked {
    pub(super) path: String,
    /// Hunks, of all blocks for the file.
    pub(super) diff: String,
    pub(super) added: u64,
    pub(super) removed: u64,
    /// The file's new text is known, its old one is not: the hunks hold only if the file is new.
    pub(super) whole: bool,
}

/// The edits that a reply asks for.
pub(super) fn edits(text: &str) -> Vec<Asked> {
    let lines: Vec<&str> = text.lines().collect();
    let mut asked = Vec::new();
    if text.contains(patch::BEGIN) {
        for edit in patch::inside(text).map(patch::edits).unwrap_or_default() {
            let (added, removed) = (edit.added.unwrap_or(0), edit.removed.unwrap_or(0));
            let diff = edit.diff.unwrap_or_default();
            asked.push(Asked { path: edit.path, diff, added, removed, whole: false });
        }
    }
    blocks(&lines, &mut asked);
    fenced(&lines, &mut asked);
    asked
}

/// `<<<<<<< SEARCH`, old lines, `=======`, new lines, `>>>>>>> REPLACE`, with the file's name above.
fn blocks(lines: &[&str], asked: &mut Vec<Asked>) {
    let mut path: Option<String> = None;
    let mut at = 0;
    while at < lines.len() {
        if !is_mark(lines[at], '<', " SEARCH") {
            at += 1;
            continue;
        }
        path = name_above(&lines[..at]).or(path);
        let Some(middle) = (at + 1..lines.len()).find(|at| is_mark(lines[*at], '=', "")) else { break };
        let ends = |at: &usize| is_mark(lines[*at], '>', " REPLACE") || is_mark(lines[*at], '=', "");
        let Some(end) = (middle + 1..lines.len()).find(ends) else { break };
        if let Some(path) = &path {
            let mut hunks = Hunks::default();
            hunks.compare(&joined(&lines[at + 1..middle]), &joined(&lines[middle + 1..end]));
            add(asked, path, &hunks, false);
        }
        at = end + 1;
    }
}

/// Elements that stand for fences where the files themselves hold backticks.
const ELEMENTS: [(&str, &str); 5] = [
    ("<source>", "</source>"),
    ("<code>", "</code>"),
    ("<pre>", "</pre>"),
    ("<codeblock>", "</codeblock>"),
    ("<sourcecode>", "</sourcecode>"),
];

/// How the block ends that `line` begins; `None` where it begins none.
fn closing(line: &str) -> Option<&str> {
    let backticks = line.len() - line.trim_start_matches('`').len();
    if backticks >= 3 {
        return Some(&line[..backticks]);
    }
    ELEMENTS.iter().find(|(open, _)| line.trim_end() == *open).map(|(_, close)| *close)
}

/// Fenced blocks: unified diffs, and whole files below their name.
fn fenced(lines: &[&str], asked: &mut Vec<Asked>) {
    let mut at = 0;
    while at < lines.len() {
        let Some(closing) = closing(lines[at]) else {
            at += 1;
            continue;
        };
        let Some(end) = (at + 1..lines.len()).find(|at| lines[*at].trim_end() == closing) else { break };
        let inside = &lines[at + 1..end];
        if lines[at].trim_start_matches('`').trim() == "diff" {
            diffs(inside, asked);
        } else if !inside.iter().any(|line| is_mark(line, '<', " SEARCH"))
            && let Some(path) = at.checked_sub(1).and_then(|above| name(lines[above]))
        {
            add(asked, &path, &Hunks::between("", &joined(inside)), true);
        }
        at = end + 1;
    }
}

fn diffs(lines: &[&str], asked: &mut Vec<Asked>) {
    let mut path: Option<&str> = None;
    let mut body: Vec<&str> = Vec::new();
    let mut finish = |path: Option<&str>, body: &mut Vec<&str>| {
        if let Some(path) = path {
            let mut hunks = Hunks::default();
            hunks.unnumbered(&joined(body));
            add(asked, path, &hunks, false);
        }
        body.clear();
    };
    let mut lines = lines.iter().peekable();
    while let Some(line) = lines.next() {
        if line.starts_with("--- ")
            && let Some(next) = lines.peek().and_then(|next| next.strip_prefix("+++ "))
        {
            finish(path, &mut body);
            path = Some(if next.trim() == "/dev/null" { line[4..].trim() } else { next.trim() });
            lines.next();
        } else {
            body.push(line);
        }
    }
    finish(path, &mut body);
}

fn add(asked: &mut Vec<Asked>, path: &str, hunks: &Hunks, whole: bool) {
    if let Some(known) = asked.iter_mut().find(|asked| asked.path == path && !asked.whole) {
        if !whole {
            known.diff.push_str(&hunks.text);
            known.added += hunks.added;
            known.removed += hunks.removed;
        }
        return;
    }
    let Hunks { text, added, removed } = hunks.clone();
    asked.push(Asked { path: path.to_owned(), diff: text, added, removed, whole });
}

fn joined(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// Whether a line is five to nine of `sign` and then `word`.
fn is_mark(line: &str, sign: char, word: &str) -> bool {
    let rest = line.trim_start_matches(sign);
    (5..=9).contains(&(line.len() - rest.len())) && rest.trim_end().trim_end_matches(sign) == word
}

/// The file's name in the last lines above a block.
fn name_above(lines: &[&str]) -> Option<String> {
    lines.iter().rev().take(3).take_while(|line| !is_mark(line, '>', " REPLACE")).find_map(|line| name(line))
}

/// The file's name that a line is: alone, perhaps in Markdown's marks.
fn name(line: &str) -> Option<String> {
    let line = line.trim();
    if line.starts_with("```") || line == "..." || line.starts_with('<') {
        return None;
    }
    let name =
        line.trim_end_matches(':').trim_start_matches('#').trim().trim_matches('`').trim_matches('*').trim_matches('`');
    let is_name = !name.is_empty() && name.len() < 512 && (name.contains(['.', '/', '\\']) || !name.contains(' '));
    is_name.then(|| name.to_owned())
}

/// Whether two spellings name one file.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let letters = |path: &'_ str| -> String {
        let path = path.strip_prefix("./").unwrap_or(path);
        path.chars().filter(|letter| *letter != '\\' && *letter != '/').collect()
    };
    letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        edits(text)
            .into_iter()
            .map(|asked| {
                format!(
                    "{} +{} -{}{}\n{}",
                    asked.path,
                    asked.added,
                    asked.removed,
                    if asked.whole { " whole" } else { "" },
                    asked.diff
                )
            })
            .collect()
    }

    #[test]
    fn search_and_replace() {
        let text = "I will.\n\nsrc/a.py\n```python\n<<<<<<< SEARCH\nold\nsame\n=======\nnew\nsame\n>>>>>>> REPLACE\n```\n\n\
                    ```\n**b.md**:\n<<<<<<< SEARCH\n=======\nhello\n>>>>>>> REPLACE\n```\n<<<<<<< SEARCH\nx\n=======\n>>>>>>> REPLACE\n";
        insta::assert_snapshot!(shown(text), @r"
        src/a.py +1 -1
        @@ -1,2 +1,2 @@
        -old
        +new
         same
        b.md +1 -1
        @@ -0,0 +1,1 @@
        +hello
        @@ -1,1 +0,0 @@
        -x
        ");
    }

    #[test]
    fn diffs_whole_files_and_patches() {
        let text = "```diff\n--- a.py\n+++ a.py\n@@ ... @@\n-x\n+y\n--- /dev/null\n+++ b.py\n@@ @@\n+z\n```\n\
                    c.py\n```\nall\n```\n*** Begin Patch\n*** Update File: d.py\n@@\n-1\n+2\n*** End Patch\n";
        insta::assert_snapshot!(shown(text), @r"
        d.py +1 -1
        @@ -0,1 +0,1 @@
        -1
        +2
        a.py +1 -1
        @@ -0,1 +0,1 @@
        -x
        +y
        b.py +1 -0
        @@ -0,0 +0,1 @@
        +z
        c.py +1 -0 whole
        @@ -0,0 +1,1 @@
        +all
        ");
    }

    #[test]
    fn whole_files_that_hold_backticks() {
        let text =
            "a.md\n<source>\n```\nall\n```\n</source>\n\nb.md\n````\n```\nx\n```\n````\n\n<code>\nno name\n</code>\n";
        insta::assert_snapshot!(shown(text), @r"
        a.md +3 -0 whole
        @@ -0,0 +1,3 @@
        +```
        +all
        +```
        b.md +3 -0 whole
        @@ -0,0 +1,3 @@
        +```
        +x
        +```
        ");
    }

    #[test]
    fn thoughts() {
        assert_eq!(thinking("<thinking-content-7b>\nhm\n</thinking-content-7b>\n\nYes"), (Some("hm"), "Yes"));
        assert_eq!(thinking("----\n► **THINKING**\n\nhm\n\n----\n► **ANSWER**\n\nYes"), (Some("hm"), "Yes"));
        assert_eq!(thinking("----\n► **THINKING**\n\nhm"), (Some("hm"), ""));
        assert_eq!(thinking("Yes"), (None, "Yes"));
        assert!(is_same("./a/b.py", "a\\b.py"));
    }
}
