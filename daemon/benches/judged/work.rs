//! What people go back for: an error they have seen before, a file, a name, a hash, a branch, who changed this last.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::prompts::rarest_words;
use super::{Dice, Drawn, Material};

/// An error in more sessions tells nothing of any.
const SESSIONS_OF_AN_ERROR: usize = 6;
/// A name that more sessions brought in is nobody's.
const SESSIONS_OF_A_NAME: usize = 3;
const SESSIONS_OF_A_FILE: usize = 4;

/// A line of an error: the session in which it came first, then the others.
pub(super) fn errors(material: &Material<'_>) -> Vec<Drawn> {
    let mut lines: BTreeMap<&str, Vec<(i64, usize)>> = BTreeMap::new();
    for (session, transcript) in material.transcripts.iter().enumerate() {
        for error in &transcript.errors {
            lines.entry(&error.text).or_default().push((error.at, session));
        }
    }
    let few = lines.into_iter().filter(|(_, seen)| seen.len() <= SESSIONS_OF_AN_ERROR);
    few.map(|(line, mut seen)| {
        seen.sort_unstable();
        let first = seen[0].1;
        Drawn::new(line, seen.into_iter().map(|(_, session)| (session, if session == first { 2 } else { 1 })))
    })
    .collect()
}

/// A prompt that names a file which others have changed before: who did so last, and who at all.
pub(super) fn later(material: &Material<'_>) -> Vec<Drawn> {
    let mut edits: HashMap<&str, Vec<(i64, usize)>> = HashMap::new();
    for (session, transcript) in material.transcripts.iter().enumerate() {
        for edit in &transcript.edits {
            edits.entry(file_name(&edit.path)).or_default().push((edit.at, session));
        }
    }
    let mut drawn = Vec::new();
    for (session, transcript) in material.transcripts.iter().enumerate() {
        for prompt in &transcript.prompts {
            let named = prompt.text.split(|letter: char| letter.is_whitespace() || "`'\"(),@".contains(letter));
            let mut files = named.map(|word| file_name(word.trim_end_matches(['.', ':', '?', '!'])));
            let Some(file) = files.find(|word| word.contains('.') && edits.contains_key(word)) else { continue };
            let before = edits[file].iter().filter(|&&(at, other)| at < prompt.at && other != session);
            let before: BTreeSet<(i64, usize)> = before.copied().collect();
            let Some(&(_, last)) = before.last() else { continue };
            let rest = prompt.text.replace(file, " ");
            let words = rarest_words(&rest, material, 2);
            let grades = before.iter().map(|&(_, other)| (other, if other == last { 2 } else { 1 }));
            drawn.push(Drawn {
                asked: Some(prompt.at),
                own: Some(session),
                ..Drawn::new(format!("{file} {}", words.join(" ")).trim(), grades)
            });
        }
    }
    drawn
}

/// Names that an edit brought in, hashes, branches, pull requests and options of commands.
pub(super) fn identifiers(material: &Material<'_>, dice: &mut Dice) -> Vec<Drawn> {
    let mut drawn = Vec::new();
    let mut names: BTreeMap<String, BTreeSet<(i64, usize)>> = BTreeMap::new();
    let mut flags: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut branches: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut requests: BTreeMap<u64, BTreeSet<usize>> = BTreeMap::new();
    for (session, transcript) in material.transcripts.iter().enumerate() {
        for edit in &transcript.edits {
            let old: BTreeSet<&str> = identifiers_in(&edit.old).collect();
            for name in identifiers_in(&edit.new).filter(|name| !old.contains(name)) {
                names.entry(name.to_owned()).or_default().insert((edit.at, session));
            }
        }
        for flag in &transcript.flags {
            flags.entry(flag).or_default().insert(session);
        }
        for branch in &transcript.branches {
            branches.entry(branch).or_default().insert(session);
        }
        for &number in &transcript.pull_requests {
            requests.entry(number).or_default().insert(session);
        }
    }
    for (name, seen) in names {
        let sessions: BTreeSet<usize> = seen.iter().map(|&(_, session)| session).collect();
        // Few of the many names.
        if sessions.len() > SESSIONS_OF_A_NAME || dice.below(40) > 0 {
            continue;
        }
        let first = seen.first().map(|&(_, session)| session);
        let text = if dice.below(3) == 0 { respelt(&name, dice) } else { name };
        drawn.push(Drawn::new(text, sessions.into_iter().map(|one| (one, if Some(one) == first { 2 } else { 1 }))));
    }
    for commit in &material.history.commits {
        let holders = material.transcripts.iter().enumerate().filter(|(_, transcript)| {
            commit.sessions.contains(&transcript.id)
                && transcript.hashes.contains(&commit.hash[..7.min(commit.hash.len())])
        });
        let grades: BTreeMap<usize, u8> = holders.map(|(session, _)| (session, 2)).collect();
        if !grades.is_empty() {
            drawn.push(Drawn::new(&commit.hash[..7.min(commit.hash.len())], grades));
        }
    }
    let few = |sessions: &BTreeSet<usize>| sessions.len() <= SESSIONS_OF_A_NAME;
    let both = |sessions: BTreeSet<usize>| sessions.into_iter().map(|session| (session, 2)).collect::<BTreeMap<_, _>>();
    drawn.extend(branches.into_iter().filter(|(_, seen)| few(seen)).map(|(name, seen)| Drawn::new(name, both(seen))));
    drawn.extend(
        requests
            .into_iter()
            .filter(|(_, seen)| few(seen))
            .map(|(number, seen)| Drawn::new(format!("#{number}"), both(seen))),
    );
    drawn.extend(flags.into_iter().filter(|(_, seen)| few(seen)).map(|(flag, seen)| Drawn::new(flag, both(seen))));
    drawn
}

/// The last parts of the path of a file that was changed: who changed it, then who only read it.
pub(super) fn paths(material: &Material<'_>, dice: &mut Dice) -> Vec<Drawn> {
    let mut files: BTreeMap<String, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
    for (session, transcript) in material.transcripts.iter().enumerate() {
        for edit in &transcript.edits {
            files.entry(last_parts(&edit.path, 3)).or_default().0.insert(session);
        }
        for path in &transcript.read {
            files.entry(last_parts(path, 3)).or_default().1.insert(session);
        }
    }
    let mut drawn = Vec::new();
    for (path, (changed, read)) in files {
        if !path.contains('/') || changed.is_empty() || changed.len() > SESSIONS_OF_A_FILE {
            continue;
        }
        let mut grades: BTreeMap<usize, u8> = read.into_iter().map(|session| (session, 1)).collect();
        grades.extend(changed.into_iter().map(|session| (session, 2)));
        drawn.push(Drawn::new(last_parts(&path, 2 + dice.below(2)), grades));
    }
    drawn
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

fn last_parts(path: &str, count: usize) -> String {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts[parts.len().saturating_sub(count)..].join("/")
}

/// Names of several words.
fn identifiers_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).filter(|word| {
        let humps =
            word.as_bytes().windows(2).filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
        (9..=40).contains(&word.len())
            && word.starts_with(|letter: char| letter.is_ascii_alphabetic())
            && (humps.count() > 0 || word.trim_matches('_').contains('_'))
    })
}

/// The name in another spelling.
fn respelt(name: &str, dice: &mut Dice) -> String {
    let mut words: Vec<String> = vec![String::new()];
    let mut before = '_';
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() && before.is_lowercase() {
            words.push(String::new());
        }
        if let (Some(word), true) = (words.last_mut(), letter != '_') {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words.join(["_", " ", "-"][dice.below(3)])
}
