//! What another machine says of its files. Nothing of it becomes a path here before it was checked.

use std::path::{Component, Path, PathBuf};

/// Paths longer than this, in bytes, are left there.
const LONGEST: usize = 1024;
/// Paths of more folders than this are left there.
const DEEPEST: usize = 24;

/// A regular file there, as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Below the home directory; made of plain names alone.
    pub(super) path: PathBuf,
    pub(super) inode: u64,
    pub(super) size: u64,
    /// When it was written, in seconds since 1970.
    pub(super) modified: i64,
}

/// Reads what `stat` printed of files: `<inode> <size> <seconds> ./<path>` in lines. Gives the files and how many lines
/// were none: names with control characters, paths that lead elsewhere, anything else.
pub(super) fn read(text: &[u8]) -> (Vec<Entry>, u64) {
    let mut entries = Vec::new();
    let mut refused = 0;
    for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        match entry(line) {
            Some(entry) => entries.push(entry),
            None => refused += 1,
        }
    }
    (entries, refused)
}

/// The path as a word that every shell takes for one, relative to the home directory: `'./it'\''s'`.
pub(super) fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| is_plain(text))?;
    Some(format!("'./{}'", text.replace('\'', r"'\''")))
}

fn entry(line: &[u8]) -> Option<Entry> {
    let mut parts = std::str::from_utf8(line).ok()?.splitn(4, ' ');
    let inode = parts.next()?.parse().ok()?;
    let size = parts.next()?.parse().ok()?;
    // Some print fractions.
    let modified = parts.next()?.split('.').next()?.parse().ok()?;
    let path = parts.next()?.strip_prefix("./")?;
    is_plain(path).then(|| Entry { path: PathBuf::from(path), inode, size, modified })
}

/// Whether it stays below where it begins, and can be typed and shown.
fn is_plain(path: &str) -> bool {
    // Components leave out `.` and empty names, which this notices: what was given must be what they give.
    let components: PathBuf = Path::new(path).components().collect();
    !path.is_empty()
        && path.len() <= LONGEST
        && !path.chars().any(char::is_control)
        && components.as_os_str().len() == path.len()
        && components.components().all(|component| matches!(component, Component::Normal(_)))
        && components.components().count() <= DEEPEST
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_names_become_no_paths() {
        let listed = "7 10 1700000000 ./.claude/projects/a/b.jsonl\n\
                      7 10 1700000000.25 ./it's a 'name'\n\
                      7 10 1700000000 ./../../etc/passwd\n\
                      7 10 1700000000 /etc/passwd\n\
                      7 10 1700000000 ./a/../../b\n\
                      7 10 1700000000 ./a//b\n\
                      7 10 1700000000 ./a/./b\n\
                      7 10 1700000000 ./a\u{1b}[2J\n\
                      -1 10 1700000000 ./a\n\
                      7 99999999999999999999999 1 ./a\n\
                      nonsense\n\n";
        let (entries, refused) = read(listed.as_bytes());
        let paths: Vec<&str> = entries.iter().map(|entry| entry.path.to_str().unwrap()).collect();
        assert_eq!(paths, [".claude/projects/a/b.jsonl", "it's a 'name'"]);
        assert_eq!(refused, 9);
        assert_eq!(quoted(&entries[1].path).as_deref(), Some(r"'./it'\''s a '\''name'\'''"));
        assert_eq!(quoted(Path::new("../x")), None);
        let deep = format!("7 1 1 ./{}", vec!["x"; 25].join("/"));
        assert_eq!(read(deep.as_bytes()), (Vec::new(), 1));
    }

    proptest! {
        #[test]
        fn what_is_taken_lies_below_the_home_directory(line in prop::collection::vec(any::<u8>(), 0..80), path in r"[./a'\\ -]{0,12}") {
            let typed = format!("1 2 3 ./{path}");
            for entry in read(&line).0.into_iter().chain(read(typed.as_bytes()).0) {
                let below = Path::new("/home").join(&entry.path);
                prop_assert!(below.starts_with("/home") && below != Path::new("/home"));
                prop_assert!(entry.path.components().all(|part| matches!(part, Component::Normal(_))));
                prop_assert!(quoted(&entry.path).is_some());
            }
        }
    }
}
