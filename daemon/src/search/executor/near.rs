//! What exists and is near to a part of a query that finds nothing: similar words, phrases with one word changed, values
//! of fields.

use std::collections::BTreeSet;
use std::io;

use opensession_protocol::FacetCount;

use super::explain::Explaining;
use crate::search::fuzzy::similar_terms;
use crate::search::query::{
    Clause, Field, FieldClause, Glob, Phrase, Query, RepoPattern, Run, TextPattern, Unit, UnitBody, Word, nearest_names,
};
use crate::search::segment::TermField;

/// Near things that are told of one part.
const MOST: usize = 4;

impl Explaining<'_> {
    /// What is near to the part, most sessions first.
    pub(super) fn near(&mut self, part: &Clause) -> io::Result<Vec<FacetCount>> {
        let candidates = match part {
            Clause::Unit(unit) => self.near_units(unit)?,
            Clause::Field(field) => self.near_values(field)?,
            _ => Vec::new(),
        };
        let mut near = Vec::new();
        for (typed, clause) in candidates {
            let sessions = self.count(&Query { clause: Some(clause), ..Query::empty(&typed) })?;
            if sessions > 0 {
                near.push(FacetCount { value: typed, count: sessions });
            }
        }
        near.sort_by_key(|facet| std::cmp::Reverse(facet.count));
        near.truncate(MOST);
        Ok(near)
    }

    fn near_units(&self, unit: &Unit) -> io::Result<Vec<(String, Clause)>> {
        let clause = |body| Clause::Unit(Unit { required: true, verify: false, literal: None, body, ..unit.clone() });
        match &unit.body {
            UnitBody::Word(word) => {
                let [Run { whole: Some(whole), .. }] = word.runs.as_slice() else { return Ok(Vec::new()) };
                let terms = similar_terms(self.segments, whole)?;
                let word = |term: &String| {
                    let run = Run { whole: Some(term.clone()), parts: Vec::new() };
                    UnitBody::Word(Word { runs: vec![run], prefix: None })
                };
                Ok(terms.iter().map(|term| (term.clone(), clause(word(term)))).collect())
            }
            UnitBody::Phrase(phrase) => {
                let mut phrases = Vec::new();
                for (at, term) in phrase.terms.iter().enumerate() {
                    let mut is_known = false;
                    for segment in self.segments {
                        is_known |= segment.term(TermField::Text, term.as_bytes())?.is_some();
                    }
                    if is_known {
                        continue;
                    }
                    for similar in similar_terms(self.segments, term)? {
                        let mut terms = phrase.terms.clone();
                        terms[at] = similar;
                        let typed = format!("\"{}\"", terms.join(" "));
                        phrases.push((typed, clause(UnitBody::Phrase(Phrase { terms, ..phrase.clone() }))));
                    }
                }
                Ok(phrases)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn near_values(&self, field: &FieldClause) -> io::Result<Vec<(String, Clause)>> {
        let Some((name, typed)) = field.typed.split_once(':') else { return Ok(Vec::new()) };
        let typed = typed.trim_matches('"');
        let kept = |value: &dyn Fn(&opensession_protocol::SessionInfo) -> Option<String>| -> BTreeSet<String> {
            self.catalog.iter().filter_map(|entry| value(&entry.info)).collect()
        };
        let values = match field.field {
            Field::Agent(_) => kept(&|info| Some(info.agent.clone())),
            Field::Repo(_) => kept(&|info| info.repository.clone()),
            Field::Branch(_) => kept(&|info| info.branch.clone()),
            Field::Model(_) => self.labels(b"m")?,
            Field::Tool(_) => self.labels(b"t")?,
            _ => return Ok(Vec::new()),
        };
        let mut candidates = Vec::new();
        for value in nearest_names(typed, values.iter().map(String::as_str), MOST) {
            let glob = || vec![Glob::new(value)];
            let meant = match field.field {
                Field::Agent(_) => Some(Field::Agent(glob())),
                Field::Model(_) => Some(Field::Model(glob())),
                Field::Tool(_) => Some(Field::Tool(glob())),
                Field::Repo(_) => RepoPattern::new(value).map(|pattern| Field::Repo(vec![pattern])),
                _ => TextPattern::new(value, true).map(|pattern| Field::Branch(vec![pattern])),
            };
            let typed = if value.contains(char::is_whitespace) {
                format!("{name}:\"{value}\"")
            } else {
                format!("{name}:{value}")
            };
            candidates.extend(meant.map(|field_meant| {
                (typed.clone(), Clause::Field(FieldClause { typed, field: field_meant, ..field.clone() }))
            }));
        }
        Ok(candidates)
    }

    /// Names of models or tools, in lower case.
    fn labels(&self, prefix: &[u8]) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for segment in self.segments {
            segment.prefixed(TermField::Label, prefix, &mut |term, _| {
                names.extend(std::str::from_utf8(&term[prefix.len()..]).map(str::to_owned));
                true
            })?;
        }
        Ok(names)
    }
}
