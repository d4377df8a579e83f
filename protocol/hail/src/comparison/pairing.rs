//! Which entry of the one session is which of the other.

use std::collections::HashMap;

use super::document::Side;
use crate::handoff::FileChange;

/// An entry of one side, of the other, or of both, by their places.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Pairs entries by their keys, which are distinct on each side.
pub(super) fn by_key<'k>(a: impl Iterator<Item = &'k str>, b: impl Iterator<Item = &'k str>) -> Vec<Pair> {
    let mut places: HashMap<&str, usize> = b.enumerate().map(|(place, key)| (key, place)).collect();
    let mut pairs: Vec<Pair> = a.enumerate().map(|(place, key)| (Some(place), places.remove(key))).collect();
    pairs.extend(places.into_values().map(|place| (None, Some(place))));
    pairs
}

/// Pairs files: those of the same path in full; of the rest, where both sessions are of one repository, those of the
/// same path within the sessions' directories, which may be two clones or work trees.
pub(super) fn files(a: &Side, a_files: &[FileChange], b: &Side, b_files: &[FileChange]) -> Vec<Pair> {
    let full = |side: &Side, files: &[FileChange]| -> Vec<String> {
        files.iter().map(|file| full_path(side.cwd.as_deref(), &file.path)).collect()
    };
    let (a_full, b_full) = (full(a, a_files), full(b, b_files));
    let mut pairs = by_key(a_full.iter().map(String::as_str), b_full.iter().map(String::as_str));
    if !is_same_repository(a, b) {
        return pairs;
    }
    let mut by_path: HashMap<&str, usize> = HashMap::new();
    for (index, pair) in pairs.iter().enumerate() {
        if let (None, Some(place)) = pair
            && is_relative(&b_files[*place].path)
        {
            by_path.insert(&b_files[*place].path, index);
        }
    }
    let mut taken = Vec::new();
    for index in 0..pairs.len() {
        if let (Some(place), None) = pairs[index]
            && let Some(other) = by_path.get(a_files[place].path.as_str())
        {
            pairs[index].1 = pairs[*other].1;
            taken.push(*other);
        }
    }
    taken.sort_unstable();
    for other in taken.into_iter().rev() {
        pairs.swap_remove(other);
    }
    pairs
}

/// Whether two sessions are of one repository: by its name, and where neither tells, by the name of the directory.
fn is_same_repository(a: &Side, b: &Side) -> bool {
    fn directory(side: &Side) -> Option<&str> {
        side.cwd.as_deref().and_then(|cwd| cwd.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next())
    }
    match (&a.repository, &b.repository) {
        (None, None) => directory(a).is_some_and(|name| directory(b) == Some(name)),
        (a, b) => a == b,
    }
}

fn full_path(cwd: Option<&str>, path: &str) -> String {
    match cwd {
        Some(cwd) if is_relative(path) => format!("{}/{path}", cwd.trim_end_matches('/')),
        _ => path.to_owned(),
    }
}

fn is_relative(path: &str) -> bool {
    !path.starts_with(['/', '~', '\\']) && path.as_bytes().get(1) != Some(&b':')
}
