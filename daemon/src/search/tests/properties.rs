//! Random events and queries, against a plain scan.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::model::*;
use crate::search::query::{Clause, UnitBody};
use crate::search::tokenizer::{TokenBuffer, tokenize};
use crate::search::{SearchDocument, SearchIndex};

const WORDS: [&str; 12] = [
    "auth",
    "token",
    "ManualCommit",
    "manual_commit",
    "commit",
    "src/auth.rs",
    "foo::bar",
    "로그인",
    "登录",
    "v2.14",
    "manual",
    "x",
];

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&WORDS[..]), 0..12).prop_map(|words| words.join(" "))
}

fn documents() -> impl Strategy<Value = Vec<SearchDocument>> {
    proptest::collection::vec((1_u32..6, text()), 1..40).prop_map(|texts| {
        let document = |(event, (session, text)): (u32, (u32, String))| document(session, event, &text);
        (1..).zip(texts).map(document).collect()
    })
}

/// The tokens of a text with their positions.
fn tokens(text: &str) -> BTreeSet<(String, u32)> {
    let mut tokens = BTreeSet::new();
    tokenize(text, &mut TokenBuffer::default(), |token| {
        tokens.insert((token.text.to_owned(), token.position));
    });
    tokens
}

/// Whether the terms stand side by side.
fn side_by_side(tokens: &BTreeSet<(String, u32)>, terms: &[&str]) -> bool {
    let last = tokens.iter().map(|token| token.1).max().unwrap_or(0);
    (0..=last).any(|start| terms.iter().zip(start..).all(|(term, at)| tokens.contains(&((*term).to_owned(), at))))
}

/// Whether a unit stands in a text, by the words of the specification.
fn stands(text: &str, body: &UnitBody) -> bool {
    let tokens = tokens(text);
    match body {
        UnitBody::Word(word) => {
            let whole = match word.runs.as_slice() {
                [run] => run.whole.as_ref().is_some_and(|whole| tokens.iter().any(|token| token.0 == *whole)),
                _ => false,
            };
            whole || side_by_side(&tokens, &word.terms())
        }
        UnitBody::Phrase(phrase) => {
            let terms: Vec<&str> = phrase.terms.iter().map(String::as_str).collect();
            side_by_side(&tokens, &terms)
        }
        UnitBody::Prefix(run) => {
            let whole = run.whole.as_deref().unwrap_or("");
            tokens.iter().any(|token| token.0.starts_with(whole))
        }
        UnitBody::Substring(part) => tokens.iter().any(|token| token.0.contains(part.as_str())),
        UnitBody::Regex(_) | UnitBody::CjkCharacter(_) => unreachable!("not drawn"),
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add(Vec<SearchDocument>, bool),
    Remove(u32),
    Flush,
    Rest,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (documents(), any::<bool>()).prop_map(|(documents, live)| Step::Add(documents, live)),
        2 => (1_u32..6).prop_map(Step::Remove),
        2 => Just(Step::Flush),
        1 => Just(Step::Rest),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Sessions and events found are exactly those that a scan finds, wherever the events are.
    #[test]
    fn counts_are_those_of_a_scan(documents in documents(), first in 0_usize..12, second in 0_usize..12) {
        let (first, second) = (WORDS[first], WORDS[second]);
        let prefix = unit("prefix", UnitBody::Prefix(runs("man").remove(0)));
        let substring = unit("substring", UnitBody::Substring("ommi".to_owned()));
        let units = [word(first), word(second), phrase(&format!("{first} {second}")), prefix, substring];
        let catalog = catalog(6);
        let mut before: Option<Vec<_>> = None;
        for way in WAYS {
            let (_folder, index) = index(&documents, way);
            let mut answers = Vec::new();
            for unit in &units {
                let scanned: Vec<_> = documents.iter().filter(|document| stands(&document.text, &unit.body)).collect();
                let expected: BTreeSet<u32> = scanned.iter().map(|document| document.session).collect();
                let found = search(&index, &all(vec![required(unit.clone())]), &catalog);
                prop_assert_eq!(sessions(&found), expected.clone(), "{:?} {}", way, unit.typed);
                prop_assert_eq!(found.hits, scanned.len() as u64, "{:?} {}", way, unit.typed);
                prop_assert_eq!(found.matching_all.value, expected.len() as u64);
                answers.push(order(&found));
            }
            let found = search(&index, &all(vec![Clause::Unit(units[0].clone()), Clause::Unit(units[1].clone())]), &catalog);
            let with = |unit: &crate::search::query::Unit| -> BTreeSet<u32> {
                let documents = documents.iter().filter(|document| stands(&document.text, &unit.body));
                documents.map(|document| document.session).collect()
            };
            let (left, right) = (with(&units[0]), with(&units[1]));
            if !left.is_empty() && !right.is_empty() {
                prop_assert_eq!(found.matching_all.value, left.intersection(&right).count() as u64);
                prop_assert_eq!(found.matching_any.value, left.union(&right).count() as u64);
            }
            // The order is the same too, wherever the events lie.
            if let Some(before) = &before {
                prop_assert_eq!(&answers, before, "{:?}", way);
            }
            before = Some(answers);
        }
    }

    /// After any steps, the index holds what was added and not removed, up to the sequence that it says.
    #[test]
    fn any_steps_leave_what_they_should(steps in proptest::collection::vec(step(), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let mut index = SearchIndex::open(folder.path()).unwrap().index;
        let mut kept: Vec<SearchDocument> = Vec::new();
        let mut durable: Vec<SearchDocument> = Vec::new();
        let (mut sequence, mut durable_sequence) = (0, 0);
        for step in steps {
            sequence += 1;
            match step {
                Step::Add(documents, live) => {
                    kept.extend(documents.clone());
                    index.add(documents, sequence, live).unwrap();
                }
                Step::Remove(session) => {
                    kept.retain(|document| document.session != session);
                    index.remove_session(session, sequence).unwrap();
                }
                Step::Flush => {
                    durable_sequence = index.flush().unwrap();
                    durable.clone_from(&kept);
                    let found = search(&index, &all(Vec::new()), &catalog(6));
                    prop_assert_eq!(found.hits, kept.len() as u64);
                    let expected = kept.iter().filter(|document| stands(&document.text, &word("commit").body)).count();
                    prop_assert_eq!(search(&index, &words("commit"), &catalog(6)).hits, expected as u64);
                }
                Step::Rest => index.rest().unwrap(),
                Step::Restart => {
                    drop(index);
                    let opened = SearchIndex::open(folder.path()).unwrap();
                    prop_assert_eq!(opened.sequence, durable_sequence);
                    index = opened.index;
                    kept.clone_from(&durable);
                    prop_assert_eq!(search(&index, &all(Vec::new()), &catalog(6)).hits, kept.len() as u64);
                }
            }
        }
    }
}
