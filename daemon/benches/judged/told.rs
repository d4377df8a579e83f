//! Titles, commits and questions: what others said of a session, in words that it need not hold.

use std::collections::HashMap;

use super::{Dice, Drawn, Material};

/// Words of a question at most.
const LONGEST_QUESTION: usize = 14;

const TEMPLATES: [&str; 8] = [
    "how did we {}",
    "when did we {}",
    "why did we {}",
    "where did we {}?",
    "which session was it where we had to {}",
    "{}",
    "what did we do to {}",
    "did we ever {}",
];

/// What people say instead.
const SWAPS: [(&str, &str); 30] = [
    ("fix", "repair"),
    ("add", "introduce"),
    ("remove", "drop"),
    ("update", "change"),
    ("create", "make"),
    ("delete", "remove"),
    ("refactor", "clean up"),
    ("implement", "build"),
    ("support", "allow"),
    ("improve", "better"),
    ("rename", "call differently"),
    ("error", "failure"),
    ("bug", "problem"),
    ("issue", "problem"),
    ("message", "text"),
    ("config", "settings"),
    ("configuration", "settings"),
    ("directory", "folder"),
    ("tests", "checks"),
    ("documentation", "docs"),
    ("command", "cmd"),
    ("default", "standard"),
    ("duplicate", "double"),
    ("simplify", "shorten"),
    ("handle", "treat"),
    ("prevent", "avoid"),
    ("ensure", "make sure"),
    ("disable", "turn off"),
    ("enable", "turn on"),
    ("show", "display"),
];

/// Each title, for the session that holds the record it was made of.
pub(super) fn titles(material: &Material<'_>) -> Vec<Drawn> {
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    for (session, transcript) in material.transcripts.iter().enumerate() {
        for record in &transcript.records {
            holders.entry(record).or_default().push(session);
        }
    }
    let titles = material.transcripts.iter().flat_map(|transcript| &transcript.titles);
    titles
        .filter_map(|(leaf, title)| {
            Some(Drawn::new(title, holders.get(leaf.as_str())?.iter().map(|&session| (session, 2))))
        })
        .collect()
}

fn by_id<'m>(material: &'m Material<'_>) -> HashMap<&'m str, usize> {
    material.transcripts.iter().enumerate().map(|(session, transcript)| (transcript.id.as_str(), session)).collect()
}

/// Each subject of a commit, for the sessions that it came out of.
pub(super) fn commits(material: &Material<'_>) -> Vec<Drawn> {
    let sessions = by_id(material);
    let commits = material.history.commits.iter();
    commits
        .map(|commit| {
            let grades = commit.sessions.iter().filter_map(|id| sessions.get(id.as_str())).map(|&session| (session, 2));
            Drawn::new(without_number(&commit.subject), grades)
        })
        .filter(|drawn| !drawn.grades.is_empty())
        .collect()
}

/// Commits' subjects and accounts of sessions, put as a question, some words exchanged.
pub(super) fn questions(material: &Material<'_>, dice: &mut Dice) -> Vec<Drawn> {
    let sessions = by_id(material);
    let mut said: Vec<(String, Vec<usize>)> =
        commits(material).into_iter().map(|drawn| (drawn.text, drawn.grades.into_keys().collect())).collect();
    for account in &material.history.accounts {
        let Some(&session) = sessions.get(account.session.as_str()) else { continue };
        said.push((account.intent.clone(), vec![session]));
        said.push((account.outcome.clone(), vec![session]));
    }
    let mut drawn = Vec::new();
    for (text, targets) in said {
        let sentence = text.split(['.', ';', '(', '\n', ':']).find(|part| part.split_whitespace().count() > 2);
        let Some(sentence) = sentence else { continue };
        let words: Vec<String> = sentence.split_whitespace().take(LONGEST_QUESTION).map(swapped).collect();
        let question = TEMPLATES[dice.below(TEMPLATES.len())].replace("{}", &words.join(" "));
        drawn.push(Drawn::new(question, targets.into_iter().map(|session| (session, 2))));
    }
    drawn
}

fn swapped(word: &str) -> String {
    let lower = word.to_lowercase();
    match SWAPS.iter().find(|(from, _)| *from == lower) {
        Some((_, to)) => (*to).to_owned(),
        None if word.chars().skip(1).any(char::is_uppercase) => word.to_owned(),
        None => lower,
    }
}

/// The subject without the number of its pull request.
fn without_number(subject: &str) -> &str {
    match subject.rsplit_once(" (#") {
        Some((before, number)) if number.ends_with(')') => before,
        _ => subject,
    }
}
