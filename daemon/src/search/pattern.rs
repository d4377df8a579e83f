//! Matching names, paths and numbers against the patterns of fields.

use super::analysis::each_token;
use super::query::{Bound, Glob, NumberRange, PathPattern, RepoPattern, TextPattern};

/// Whether a name matches; capitals do not matter.
pub(crate) fn glob_matches(glob: &Glob, name: &str) -> bool {
    wild_matches(glob.pattern.as_bytes(), name.to_lowercase().as_bytes())
}

/// Whether a name in lower case matches a pattern with `*` for any bytes and `?` for one character.
pub(crate) fn wild_matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // Where to go on from when what follows the last star does not fit.
    let mut again: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                again = Some((at + 1, from));
                at += 1;
            }
            Some(b'?') => {
                from += 1;
                while from < name.len() && name[from] & 0xC0 == 0x80 {
                    from += 1;
                }
                at += 1;
            }
            Some(&byte) if byte == name[from] => {
                from += 1;
                at += 1;
            }
            _ => match &mut again {
                Some((star, taken)) => {
                    *taken += 1;
                    at = *star;
                    from = *taken;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// Whether a pattern has wild characters.
fn is_wild(component: &str) -> bool {
    component.contains(['*', '?'])
}

/// The longest text without wild characters that every path matching the pattern holds; empty when there is none.
pub(crate) fn path_seed(pattern: &PathPattern) -> String {
    let mut best = String::new();
    let mut current = String::new();
    let keep = |current: &mut String, best: &mut String| {
        if current.len() > best.len() {
            best.clone_from(current);
        }
        current.clear();
    };
    for component in &pattern.components {
        if is_wild(component) {
            keep(&mut current, &mut best);
            for piece in component.split(['*', '?']) {
                let mut piece = piece.to_owned();
                keep(&mut piece, &mut best);
            }
        } else {
            if !current.is_empty() || pattern.rooted && best.is_empty() {
                current.push('/');
            }
            current.push_str(component);
        }
    }
    keep(&mut current, &mut best);
    best
}

/// Whether a path in lower case matches: whole components that stand together anywhere in it.
pub(crate) fn path_matches(pattern: &PathPattern, path: &str) -> bool {
    let components: Vec<&str> = path.split('/').filter(|component| !component.is_empty()).collect();
    let wanted: Vec<&str> = pattern.components.iter().map(String::as_str).collect();
    if pattern.rooted {
        return path.starts_with('/') && components_match(&wanted, &components);
    }
    (0..components.len()).any(|start| components_match(&wanted, &components[start..]))
}

/// Whether the wanted components begin `components`.
fn components_match(wanted: &[&str], components: &[&str]) -> bool {
    match wanted.split_first() {
        None => true,
        Some((&"**", rest)) => (0..=components.len()).any(|skip| components_match(rest, &components[skip..])),
        Some((first, rest)) => match components.split_first() {
            None => false,
            Some((component, others)) => {
                wild_matches(first.as_bytes(), component.as_bytes()) && components_match(rest, others)
            }
        },
    }
}

/// Whether a repository matches: the pattern's components are its last ones. `identity` is in lower case.
pub(crate) fn repository_matches(pattern: &RepoPattern, identity: &str) -> bool {
    let components: Vec<&str> = identity.split('/').filter(|component| !component.is_empty()).collect();
    let Some(start) = components.len().checked_sub(pattern.components.len()) else { return false };
    let pairs = pattern.components.iter().zip(&components[start..]);
    !pattern.components.is_empty()
        && pairs.into_iter().all(|(want, have)| wild_matches(want.as_bytes(), have.as_bytes()))
}

/// Whether a session of that machine is asked for; `None` is this machine.
pub(crate) fn is_of_host(globs: &[Glob], host: Option<&str>) -> bool {
    let name = host.unwrap_or(crate::hosts::THIS_MACHINE);
    globs.iter().any(|glob| glob_matches(glob, name))
}

/// Whether a title or a branch matches.
pub(crate) fn text_matches(pattern: &TextPattern, text: &str) -> bool {
    match pattern {
        TextPattern::Glob(glob) => glob_matches(glob, text),
        TextPattern::Words(words) => {
            let mut tokens: Vec<(String, u32)> = Vec::new();
            each_token(text, &mut |token, position| tokens.push((token.to_owned(), position)));
            let stands = |word: &str, position: u32| tokens.iter().any(|(token, at)| *at == position && token == word);
            let last = tokens.last().map_or(0, |token| token.1);
            (0..=last).any(|start| words.iter().zip(start..).all(|(word, position)| stands(word, position)))
        }
    }
}

/// Whether a number lies in one of the ranges.
pub(crate) fn in_ranges(ranges: &[NumberRange], number: f64) -> bool {
    ranges.iter().any(|range| {
        let above = match range.low {
            Bound::Open => true,
            Bound::Included(low) => number >= low,
            Bound::Excluded(low) => number > low,
        };
        let below = match range.high {
            Bound::Open => true,
            Bound::Included(high) => number <= high,
            Bound::Excluded(high) => number < high,
        };
        above && below
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(components: &[&str], rooted: bool) -> PathPattern {
        PathPattern { components: components.iter().map(|&component| component.to_owned()).collect(), rooted }
    }

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, name, expected) in [
            ("mcp__*", "mcp__github__search", true),
            ("*opus*", "claude-opus-4", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("a?c", "aéc", true),
            ("bash", "bashoutput", false),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(wild_matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn paths_match_by_whole_components() {
        for (components, rooted, name, expected) in [
            (vec!["src", "auth"], false, "/x/src/auth/y.rs", true),
            (vec!["src", "auth"], false, "/x/src/authors/y.rs", false),
            (vec!["auth.rs"], false, "/x/src/auth.rs", true),
            (vec!["auth.rs"], false, "/x/src/oauth.rs", false),
            (vec!["src", "*.rs"], false, "/x/src/oauth.rs", true),
            (vec!["x", "**", "y.rs"], false, "/x/src/auth/y.rs", true),
            (vec!["x"], true, "/x/src/auth/y.rs", true),
            (vec!["src"], true, "/x/src/auth/y.rs", false),
        ] {
            assert_eq!(path_matches(&path(&components, rooted), name), expected, "{components:?} on {name}");
            let seed = path_seed(&path(&components, rooted));
            assert!(!expected || name.contains(&seed), "the seed {seed} of {components:?} must stand in {name}");
        }
    }
}
