//! Completions of paths, a component at a time: `src/au` goes on as `src/auth/` and `src/auth.rs`.

use std::collections::HashMap;
use std::io;

use super::Candidate;
use crate::search::segment::{Segment, TermField};

/// Completes a path from those that events name. `letters` are those of the accesses that count; counts are of events.
pub(super) fn complete(
    segments: &[Segment<'_>],
    letters: &str,
    typed: &str,
    home: Option<&str>,
) -> io::Result<Vec<Candidate>> {
    let wanted = Wanted::new(&typed.to_lowercase(), home.map(str::to_lowercase));
    let mut counts = HashMap::new();
    for segment in segments {
        let mut count = |term: &[u8], documents: u32| {
            if let Ok(term) = std::str::from_utf8(term)
                && let Some(path) = term.strip_prefix(|letter| letters.contains(letter))
            {
                wanted.count(path, documents.into(), &mut counts);
            }
        };
        if wanted.stem.is_empty() {
            segment.prefixed(TermField::Path, b"", &mut |term, handle| {
                count(term, handle.doc_freq);
                true
            })?;
        } else {
            // The handles come in the order in which the terms were seen.
            let mut terms = Vec::new();
            let handles = segment.paths_with(&wanted.stem, usize::MAX, &mut |term| {
                terms.push(term.to_vec());
                true
            })?;
            for (term, handle) in terms.iter().zip(handles.into_iter().flatten()) {
                count(term, handle.doc_freq);
            }
        }
    }
    Ok(candidates(counts))
}

/// Completes a path from some, each of which counts once.
pub(super) fn complete_from<'p>(
    paths: impl Iterator<Item = &'p str>,
    typed: &str,
    home: Option<&str>,
) -> Vec<Candidate> {
    let wanted = Wanted::new(typed, home.map(str::to_owned));
    let mut counts = HashMap::new();
    for path in paths {
        wanted.count(path, 1, &mut counts);
    }
    candidates(counts)
}

fn candidates(counts: HashMap<String, u64>) -> Vec<Candidate> {
    counts.into_iter().map(|(path, count)| Candidate::counted(path, count)).collect()
}

/// What a path has to hold from the beginning of a component on.
struct Wanted {
    stem: String,
    /// It has to hold it at its very beginning.
    rooted: bool,
    /// What stands for the first bytes of the stem in what is completed: `~` for the home directory.
    shown: Option<(usize, &'static str)>,
}

impl Wanted {
    fn new(typed: &str, home: Option<String>) -> Self {
        if let (Some(rest), Some(home)) = (typed.strip_prefix("~/"), home) {
            return Self { stem: format!("{home}/{rest}"), rooted: true, shown: Some((home.len(), "~")) };
        }
        Self { stem: typed.to_owned(), rooted: typed.starts_with('/'), shown: None }
    }

    /// Counts what the path goes on with, up to the end of the component that was being typed.
    fn count(&self, path: &str, documents: u64, counts: &mut HashMap<String, u64>) {
        // Of nothing typed: the names of files, which are what people remember.
        if self.stem.is_empty() {
            if let Some(name) = path.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty()) {
                *counts.entry(name.to_owned()).or_default() += documents;
            }
            return;
        }
        let begins = |at: &usize| *at == 0 || self.rooted || path.as_bytes()[at - 1] == b'/';
        let found = path.match_indices(self.stem.as_str()).map(|(at, _)| at).find(begins);
        let Some(start) = found.filter(|start| !self.rooted || *start == 0) else { return };
        let typed_end = start + self.stem.len();
        let end = path[typed_end..].find('/').map_or(path.len(), |slash| typed_end + slash + 1);
        let completed = match self.shown {
            Some((length, shown)) => format!("{shown}{}", &path[start + length..end]),
            None => path[start..end].to_owned(),
        };
        *counts.entry(completed).or_default() += documents;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_on_a_component_at_a_time() {
        let paths =
            ["/home/u/x/src/auth/token.rs", "/home/u/x/src/auth.rs", "/home/u/y/src/auth/token.rs", "/var/oauth"];
        let complete = |typed: &str| {
            let mut found: Vec<(String, u64)> = complete_from(paths.into_iter(), typed, Some("/home/u"))
                .into_iter()
                .map(|candidate| (candidate.text, candidate.count.unwrap()))
                .collect();
            found.sort();
            found.iter().map(|(text, count)| format!("{text} {count}")).collect::<Vec<_>>().join(", ")
        };
        for (typed, expected) in [
            ("src/au", "src/auth.rs 1, src/auth/ 2"),
            ("src/auth/", "src/auth/token.rs 2"),
            ("auth", "auth.rs 1, auth/ 2"),
            ("/ho", "/home/ 3"),
            ("~/x", "~/x/ 2"),
            ("", "auth.rs 1, oauth 1, token.rs 2"),
            ("nowhere", ""),
        ] {
            assert_eq!(complete(typed), expected, "{typed}");
        }
    }
}
