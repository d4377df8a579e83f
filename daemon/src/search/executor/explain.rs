//! Why an answer is empty: what is found without each part of the query, and words that are near to unknown ones.

use std::io;

use opensession_protocol::{EmptyAnswer, FacetCount, WithoutPart};

use super::scratch::Scratch;
use super::tally::Tally;
use super::{Execution, Plan};
use crate::catalog::Catalog;
use crate::search::found::SearchRequest;
use crate::search::fuzzy::similar_terms;
use crate::search::plan::parts;
use crate::search::query::{Clause, Query, Run, UnitBody, Word};
use crate::search::segment::Segment;

/// Parts of a query that are explained at most.
const MOST_PARTS: usize = 8;

/// Explains an empty answer.
pub(super) fn why_empty(
    query: &Query,
    request: &SearchRequest,
    catalog: &Catalog,
    segments: &[Segment<'_>],
    scratch: &mut Scratch,
) -> io::Result<EmptyAnswer> {
    let mut answer = EmptyAnswer::default();
    if request.repository.is_some() {
        let everywhere = SearchRequest { repository: None, ..request.clone() };
        let plan = Plan::new(query, &everywhere, catalog, None);
        answer.elsewhere = count(plan, &everywhere, catalog, segments, scratch)?;
    }
    let parts = parts(query);
    for (number, part) in parts.iter().enumerate().take(MOST_PARTS) {
        let sessions = if parts.len() > 1 {
            count(Plan::new(query, request, catalog, Some(number)), request, catalog, segments, scratch)?
        } else {
            0
        };
        let near = near(part, request, catalog, segments, scratch)?;
        answer.without.push(WithoutPart { part: typed(part), sessions, near });
    }
    Ok(answer)
}

/// The sessions that a plan finds, copies counted too.
fn count(
    plan: Plan,
    request: &SearchRequest,
    catalog: &Catalog,
    segments: &[Segment<'_>],
    scratch: &mut Scratch,
) -> io::Result<u64> {
    let mut execution = Execution::new(plan, request, catalog, segments)?;
    execution.prepare(scratch)?;
    let mut tally = Tally::new(catalog.sessions.len());
    execution.emit(scratch, &mut |group, score, event, packed| tally.add(group, score, event, packed))?;
    scratch.clear();
    Ok(tally.groups.iter().filter(|group| group.total > 0).count() as u64)
}

/// Words that exist and are near to one that the part consists of.
fn near(
    part: &Clause,
    request: &SearchRequest,
    catalog: &Catalog,
    segments: &[Segment<'_>],
    scratch: &mut Scratch,
) -> io::Result<Vec<FacetCount>> {
    let Clause::Unit(unit) = part else { return Ok(Vec::new()) };
    let UnitBody::Word(word) = &unit.body else { return Ok(Vec::new()) };
    let [run] = word.runs.as_slice() else { return Ok(Vec::new()) };
    let Some(whole) = &run.whole else { return Ok(Vec::new()) };
    let mut near = Vec::new();
    for term in similar_terms(segments, whole)? {
        let run = Run { whole: Some(term.clone()), parts: Vec::new() };
        let body = UnitBody::Word(Word { runs: vec![run], prefix: None });
        let unit = crate::search::query::Unit { required: true, verify: false, literal: None, body, ..unit.clone() };
        let query = Query { clause: Some(Clause::Unit(unit)), ..Query::empty(&term) };
        let sessions = count(Plan::new(&query, request, catalog, None), request, catalog, segments, scratch)?;
        if sessions > 0 {
            near.push(FacetCount { value: term, count: sessions });
        }
    }
    near.sort_by_key(|facet| std::cmp::Reverse(facet.count));
    Ok(near)
}

/// A clause as it was typed, as nearly as the tree tells.
fn typed(clause: &Clause) -> String {
    let joined = |clauses: &[Clause], between: &str| {
        let parts: Vec<String> = clauses.iter().map(typed).collect();
        format!("({})", parts.join(between))
    };
    match clause {
        Clause::All(clauses) => joined(clauses, " "),
        Clause::Any(clauses) => joined(clauses, " OR "),
        Clause::Not(clause) => format!("-{}", typed(clause)),
        Clause::Unit(unit) => unit.typed.clone(),
        Clause::Field(field) => field.typed.clone(),
    }
}
