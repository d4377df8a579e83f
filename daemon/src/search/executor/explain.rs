//! Why an answer is empty: what is found without each part of the query and by it alone, and what is near to it.

use std::io;

use opensession_protocol::{EmptyAnswer, WithoutPart};

use super::scratch::Scratch;
use super::tally::Tally;
use super::{Execution, Plan};
use crate::catalog::Catalog;
use crate::search::found::SearchRequest;
use crate::search::plan::parts;
use crate::search::query::{Clause, Query};
use crate::search::segment::Segment;

/// Parts of a query that are explained at most.
const MOST_PARTS: usize = 8;

/// What the searches that explain an answer are run with.
pub(super) struct Explaining<'x> {
    pub(super) request: &'x SearchRequest,
    pub(super) catalog: &'x Catalog,
    pub(super) segments: &'x [Segment<'x>],
    pub(super) scratch: &'x mut Scratch,
}

/// Explains an empty answer.
pub(super) fn why_empty(query: &Query, mut explaining: Explaining<'_>) -> io::Result<EmptyAnswer> {
    let mut answer = EmptyAnswer::default();
    let request = explaining.request;
    if request.repository.is_some() {
        let everywhere = SearchRequest { repository: None, ..request.clone() };
        answer.elsewhere = explaining.run(Plan::new(query, &everywhere, explaining.catalog, None))?;
    }
    let parts = parts(query);
    for (number, part) in parts.iter().enumerate().take(MOST_PARTS) {
        let (mut sessions, mut alone) = (0, 0);
        if parts.len() > 1 {
            sessions = explaining.run(Plan::new(query, request, explaining.catalog, Some(number)))?;
            alone = explaining.count(&Query { clause: Some((*part).clone()), ..Query::empty(&query.text) })?;
        }
        let near = if alone == 0 { explaining.near(part)? } else { Vec::new() };
        answer.without.push(WithoutPart { part: typed(part), sessions, alone, near });
    }
    Ok(answer)
}

impl Explaining<'_> {
    /// The sessions that a query finds, copies counted too.
    pub(super) fn count(&mut self, query: &Query) -> io::Result<u64> {
        self.run(Plan::new(query, self.request, self.catalog, None))
    }

    fn run(&mut self, plan: Plan) -> io::Result<u64> {
        self.request.stop.check()?;
        let mut execution = Execution::new(plan, self.request, self.catalog, self.segments)?;
        execution.prepare(self.scratch)?;
        let mut tally = Tally::new(self.catalog.sessions.len());
        execution.emit(self.scratch, &mut |group, score, event, packed| tally.add(group, score, event, packed))?;
        self.scratch.clear();
        Ok(tally.groups.iter().filter(|group| group.total > 0).count() as u64)
    }
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
