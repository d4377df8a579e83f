//! Runs a query over all segments: where its units stand, which sessions match, and the best of them.
//!
//! One pass over the postings of each unit adds up the scores of events and notes in which sessions the unit stands; then
//! the tree of the query is worked out over sets of sessions; then one pass over the events touched finds each session's
//! best. What is costly and changes little (words side by side) is looked at for the best sessions only.

mod copies;
mod explain;
mod facets;
mod fallback;
mod find;
mod near;
mod page;
mod scratch;
mod standing;
mod tally;
mod ties;
mod verify;

use std::io;

use opensession_protocol::{Count, FacetCount, QueryError};

use super::bits::Bits;
use super::columns::Packed;
use super::document::EventTexts;
use super::filter::SegmentMask;
use super::found::{Found, SearchError, SearchRequest};
use super::index::SearchIndex;
use super::matching::{Bound, MAX_EXPANDED_POSTINGS, MAX_EXPANSION, Matches};
use super::plan::{Node, Plan, Role};
use super::query::Query;
use super::ranking::Weights;
use super::schema::{flag, kind_of};
use super::segment::{Segment, TermField};
use crate::catalog::{Catalog, SessionKey};

use self::fallback::Fallback;
pub(crate) use self::scratch::ScratchPool;
use self::scratch::{Cell, Scratch};
use self::standing::Standing;
use self::tally::{NOWHERE, Tally};

impl SearchIndex {
    /// Runs a query. `texts` is asked only for what tokens cannot tell: `text:`, `case:yes`, literal flags.
    pub fn search(
        &self,
        query: &Query,
        request: &SearchRequest,
        catalog: &Catalog,
        texts: &dyn EventTexts,
    ) -> Result<Found, SearchError> {
        if let Some(error) = query.errors.iter().find(|error| error.fatal) {
            return Err(SearchError::Query(error.clone()));
        }
        let core = self.core();
        let segments = core.segments()?;
        let list = segments.list();
        let mut scratch = core.scratch.take();
        let found = execute(query, request, catalog, texts, &list, &mut scratch);
        core.scratch.give_back(scratch);
        found
    }
}

fn execute(
    query: &Query,
    request: &SearchRequest,
    catalog: &Catalog,
    texts: &dyn EventTexts,
    segments: &[Segment<'_>],
    scratch: &mut Scratch,
) -> Result<Found, SearchError> {
    let mut plan = Plan::new(query, request, catalog, None);
    let mut cut = None;
    if verify::needs_texts(&plan, query) {
        cut = verify::narrow(&mut plan, query, request, catalog, segments, texts, scratch)?;
    }
    let execution = Execution::new(plan, request, catalog, segments)?;
    if let Some((typed, bound)) = &execution.refused {
        return Err(SearchError::Query(refusal(query, typed, *bound)));
    }
    let mut found = execution.run(query, texts, scratch)?;
    scratch.clear();
    if let Some(cut) = cut {
        found.matching_all.at_least = true;
        found.matching_any.at_least = true;
        found.hits_at_least = true;
        found.errors.push(cut);
    }
    if found.matching_any.value == 0 && request.explain {
        let explaining = explain::Explaining { request, catalog, segments, scratch };
        found.empty = Some(explain::why_empty(query, explaining)?);
    }
    Ok(found)
}

/// How events are found.
#[derive(Debug, Clone, Copy)]
enum Mode {
    /// One unit: its events, straight from the postings.
    Unit(usize),
    /// No unit: the events under a condition.
    Filter(usize),
    /// Several: what stands in the cells.
    Cells,
}

/// A query under way.
pub(crate) struct Execution<'x> {
    plan: Plan,
    request: &'x SearchRequest,
    catalog: &'x Catalog,
    pub(crate) segments: &'x [Segment<'x>],
    /// The number over all segments of each segment's first event.
    bases: Vec<u32>,
    /// Under which session each session is listed; one more at the end for sessions that are not known.
    groups: Vec<u32>,
    /// Sessions of sub-agents.
    inside: Bits,
    weights: Weights,
    /// Of each unit, its matches by segment.
    matches: Vec<Vec<Option<Matches<'x>>>>,
    idfs: Vec<f32>,
    /// Of each condition, by segment; `None` where everything passes.
    masks: Vec<Vec<Option<SegmentMask<'x>>>>,
    /// By segment, the events that name a path of the query as a path.
    named: Vec<Option<Bits>>,
    mode: Mode,
    bound: Option<Bound>,
    /// Similar words that were looked for too, each with the number of its unit.
    similar: Vec<(usize, String)>,
    /// The unit that was also taken for the beginning of a word, by its number.
    opened: Option<usize>,
    /// What words that no event has were taken for.
    fallbacks: Vec<Fallback>,
    /// The pattern that stands for more than it may, as typed, and the bound.
    refused: Option<(String, Bound)>,
}

impl<'x> Execution<'x> {
    pub(crate) fn new(
        plan: Plan,
        request: &'x SearchRequest,
        catalog: &'x Catalog,
        segments: &'x [Segment<'x>],
    ) -> io::Result<Self> {
        let mut bases = Vec::with_capacity(segments.len());
        let (mut events, mut tokens) = (0_u32, 0_u64);
        for segment in segments {
            bases.push(events);
            events += segment.len();
            tokens += segment.tokens();
        }
        let limit = catalog.sessions.len();
        let mut groups = vec![NOWHERE; limit + 1];
        let mut inside = Bits::empty(limit);
        for entry in catalog.iter() {
            let root = if catalog.get(entry.root).is_some() { entry.root } else { entry.key };
            if root != entry.key {
                inside.insert(entry.key);
            }
            if plan.sessions.contains(entry.key) {
                groups[entry.key as usize] = if plan.apart { entry.key } else { root };
            }
        }
        let mut execution = Execution {
            request,
            catalog,
            segments,
            bases,
            groups,
            inside,
            weights: Weights::new(request.ranking, tokens as f32 / events.max(1) as f32),
            matches: Vec::new(),
            idfs: Vec::new(),
            masks: Vec::new(),
            named: Vec::new(),
            mode: Mode::Cells,
            bound: None,
            similar: Vec::new(),
            opened: None,
            fallbacks: Vec::new(),
            refused: None,
            plan,
        };
        execution.find_units(u64::from(events))?;
        execution.weights.set_units(execution.plan.scored());
        for mask in &execution.plan.masks {
            let resolve = |(segment, base): (&Segment<'x>, &u32)| {
                if mask.is_everything() { Ok(None) } else { mask.resolve(*segment, *base).map(Some) }
            };
            let resolved: io::Result<Vec<_>> = segments.iter().zip(&execution.bases).map(resolve).collect();
            execution.masks.push(resolved?);
        }
        execution.find_paths()?;
        execution.mode = execution.choose_mode();
        Ok(execution)
    }

    fn choose_mode(&self) -> Mode {
        fn positive(node: &Node, found: &mut Vec<Node>) {
            match node {
                Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| positive(node, found)),
                Node::Not(_) => {}
                Node::Unit(_) | Node::Filter(_) => found.push(node.clone()),
            }
        }
        let mut found = Vec::new();
        positive(&self.plan.root, &mut found);
        match found.as_slice() {
            [Node::Unit(unit)] => Mode::Unit(*unit),
            [Node::Filter(mask)] => Mode::Filter(*mask),
            _ => Mode::Cells,
        }
    }

    /// Under which session an event is listed.
    #[inline]
    pub(crate) fn group(&self, packed: Packed) -> u32 {
        let last = self.groups.len() - 1;
        self.groups[(packed.session() as usize).min(last)]
    }

    /// The segment of an event, and its number there.
    pub(crate) fn locate(&self, event: u32) -> (Segment<'x>, u32) {
        let index = self.bases.partition_point(|&base| base <= event) - 1;
        (self.segments[index], event - self.bases[index])
    }

    /// The session of an event and its number there.
    fn name(&self, event: u32) -> (SessionKey, u32) {
        let (segment, doc) = self.locate(event);
        (segment.columns().get(doc).session(), segment.event(doc))
    }

    /// When a session last changed.
    pub(crate) fn updated(&self, group: SessionKey) -> i64 {
        self.catalog.get(group).map_or(0, |entry| entry.updated_ms)
    }

    #[inline]
    fn passes(&self, mask: Option<&SegmentMask<'x>>, doc: u32, packed: Packed) -> bool {
        mask.is_none_or(|mask| mask.holds(doc, packed, self.inside.contains(packed.session())))
    }

    /// Calls `see` with each event of a unit in a segment: document, frequency, columns, session.
    #[inline]
    fn each_match(&self, unit: usize, index: usize, mut see: impl FnMut(u32, f32, Packed, u32)) -> io::Result<()> {
        let Some(matches) = &self.matches[unit][index] else { return Ok(()) };
        let segment = self.segments[index];
        let columns = segment.columns();
        let mask = self.masks[self.plan.units[unit].mask][index].as_ref();
        let mut visit = |doc: u32, frequency: f32| {
            let packed = columns.get(doc);
            let group = self.group(packed);
            if group != NOWHERE && self.passes(mask, doc, packed) {
                see(doc, frequency, packed, group);
            }
        };
        match matches {
            Matches::Term(handle) => {
                segment.each_doc(TermField::Text, handle, |doc, frequency| visit(doc, frequency as f32))?;
            }
            Matches::List(list) => list.iter().for_each(|&(doc, frequency)| visit(doc, frequency)),
            Matches::Kept(kept) => kept.list.iter().for_each(|&(doc, frequency)| visit(doc, frequency)),
        }
        Ok(())
    }

    /// Calls `see` with each event under a condition in a segment.
    fn each_under(&self, mask: usize, index: usize, mut see: impl FnMut(u32, Packed, u32)) {
        let columns = self.segments[index].columns();
        let mask = self.masks[mask][index].as_ref();
        let mut visit = |doc: u32| {
            let packed = columns.get(doc);
            let group = self.group(packed);
            if group != NOWHERE && self.passes(mask, doc, packed) {
                see(doc, packed, group);
            }
        };
        match mask.and_then(SegmentMask::candidates) {
            Some(docs) => docs.iter().for_each(|&doc| visit(doc)),
            None => (0..columns.len() as u32).for_each(visit),
        }
    }

    /// `K · S` of an event.
    #[inline]
    fn event_weight(&self, index: usize, doc: u32, packed: Packed, group: u32) -> f32 {
        let subagent = packed.flags() & flag::SUBAGENT != 0 || group != packed.session();
        let named = self.named[index].as_ref().is_some_and(|named| named.contains(doc));
        self.weights.event(packed.kind(), subagent, named)
    }

    /// Calls `sink` with each event found: session, score, number over all segments, columns.
    pub(super) fn emit(&self, scratch: &Scratch, sink: &mut impl FnMut(u32, f32, u32, Packed)) -> io::Result<()> {
        match self.mode {
            Mode::Unit(unit) => {
                let factor = self.plan.units[unit].weight * self.idfs[unit];
                for (index, &base) in self.bases.iter().enumerate() {
                    self.each_match(unit, index, |doc, frequency, packed, group| {
                        let weight = self.event_weight(index, doc, packed, group);
                        let score = weight * factor * self.weights.saturate(frequency, packed.norm());
                        sink(group, score, base + doc, packed);
                    })?;
                }
            }
            Mode::Filter(mask) => {
                for (index, &base) in self.bases.iter().enumerate() {
                    self.each_under(mask, index, |doc, packed, group| sink(group, 0.0, base + doc, packed));
                }
            }
            Mode::Cells => {
                let mut index = 0;
                for &event in &scratch.touched {
                    while self.bases.get(index + 1).is_some_and(|&next| next <= event) {
                        index += 1;
                    }
                    let doc = event - self.bases[index];
                    let packed = self.segments[index].columns().get(doc);
                    let cell = scratch.cells[event as usize];
                    let group = self.group(packed);
                    let weight = self.event_weight(index, doc, packed, group);
                    sink(group, weight * self.weights.coverage(cell.units) * cell.score, event, packed);
                }
            }
        }
        Ok(())
    }

    /// Finds in which sessions each unit and each condition stands, and fills the cells.
    fn fill(&self, scratch: &mut Scratch, standing: &mut Standing) -> io::Result<()> {
        let cells = matches!(self.mode, Mode::Cells);
        let direct = if let Mode::Unit(unit) = self.mode { Some(unit) } else { None };
        if cells {
            scratch.reserve(self.segments.iter().map(|segment| segment.len()).sum());
        }
        for (index, &base) in self.bases.iter().enumerate() {
            for (number, unit) in self.plan.units.iter().enumerate() {
                self.request.stop.check()?;
                if Some(number) == direct && !standing.needed {
                    continue;
                }
                let sessions = &mut standing.units[number];
                let factor = unit.weight * self.idfs[number];
                if unit.is_negative() || !cells {
                    self.each_match(number, index, |_, _, _, group| sessions.insert(group))?;
                    continue;
                }
                let similar = unit.role == Role::Similar;
                self.each_match(number, index, |doc, frequency, packed, group| {
                    sessions.insert(group);
                    let cell = scratch.touch(base + doc);
                    if unit.scored {
                        cell.units += u16::from(!similar || cell.units == 0);
                        cell.score += factor * self.weights.saturate(frequency, packed.norm());
                    }
                })?;
            }
            for (mask, sessions) in &mut standing.filters {
                let positive = cells && !standing.negative_filters.contains(mask);
                self.each_under(*mask, index, |doc, _, group| {
                    sessions.insert(group);
                    if positive {
                        scratch.touch(base + doc);
                    }
                });
            }
        }
        Ok(())
    }

    /// Fills the cells, and leaves only the sessions that match.
    fn prepare(&mut self, scratch: &mut Scratch) -> io::Result<Standing> {
        let limit = self.catalog.sessions.len();
        let mut standing = Standing::new(&self.plan, self.mode, limit);
        self.fill(scratch, &mut standing)?;
        if !standing.needed {
            return Ok(standing);
        }
        let matching = standing.matching(&self.plan, &self.plan.root, false, limit);
        for group in &mut self.groups {
            if *group != NOWHERE && !matching.contains(*group) {
                *group = NOWHERE;
            }
        }
        // Events of sessions that fell out must not be seen any more.
        let touched = std::mem::take(&mut scratch.touched);
        for event in touched {
            let (segment, doc) = self.locate(event);
            if self.group(segment.columns().get(doc)) == NOWHERE {
                scratch.cells[event as usize] = Cell::default();
            } else {
                scratch.touched.push(event);
            }
        }
        Ok(standing)
    }

    /// Runs the query.
    fn run(mut self, query: &Query, texts: &dyn EventTexts, scratch: &mut Scratch) -> io::Result<Found> {
        let limit = self.catalog.sessions.len();
        let searched = self.searched();
        let mut standing = self.prepare(scratch)?;
        let mut tally = Tally::new(limit);
        self.request.stop.check()?;
        self.emit(scratch, &mut |group, score, event, packed| tally.add(group, score, event, packed))?;
        let folded = self.fold_copies(&mut tally, scratch)?;
        let similar = std::mem::take(&mut self.similar);
        let fallbacks = std::mem::take(&mut self.fallbacks);
        let mut found = Found {
            searched,
            similar,
            opened: self.opened,
            interpreted: fallback::interpretations(&fallbacks, query),
            replaced: fallbacks.into_iter().filter_map(Fallback::replacement).collect(),
            ..Found::default()
        };
        let mut any = Bits::empty(limit);
        for (group, one) in (0..).zip(&tally.groups) {
            if one.total > 0 && !folded.contains_key(&group) {
                any.insert(group);
                found.hits += u64::from(one.total);
            }
        }
        if let (Mode::Unit(unit), false) = (self.mode, standing.needed) {
            standing.units[unit].clone_from(&any);
        }
        let mut all = any.clone();
        if !matches!(self.mode, Mode::Filter(_)) {
            all.intersect(&standing.matching(&self.plan, &self.plan.root, true, limit));
        }
        let at_least = self.bound.is_some();
        found.matching_any = Count { value: any.count(), at_least };
        found.matching_all = Count { value: all.count(), at_least };
        found.by_kind = by_kind(&tally);
        found.by_agent = self.by_agent(&any);
        found.hits_at_least = at_least;
        if let Some(zone) = &self.request.facets {
            found.by_repository = self.by_repository(&any);
            found.by_month = self.by_month(zone, &any, scratch)?;
        }
        self.request.stop.check()?;
        found.errors.extend(self.bound.map(bound_error));
        let page = self.rank(query, texts, &any, &mut tally, scratch)?;
        found.sessions = self.describe(&page, &tally, scratch, &standing, &folded)?;
        Ok(found)
    }

    /// How many sessions were searched, as they are listed.
    fn searched(&self) -> u64 {
        let mut listed = Bits::empty(self.catalog.sessions.len());
        for entry in self.catalog.iter().filter(|entry| self.plan.scope.contains(entry.key)) {
            let root = if self.catalog.get(entry.root).is_some() { entry.root } else { entry.key };
            listed.insert(if self.plan.apart { entry.key } else { root });
        }
        listed.count()
    }

    fn by_agent(&self, groups: &Bits) -> Vec<FacetCount> {
        let mut counts: Vec<(&str, u64)> = Vec::new();
        for entry in groups.iter().filter_map(|group| self.catalog.get(group)) {
            match counts.iter_mut().find(|(agent, _)| *agent == entry.info.agent) {
                Some((_, count)) => *count += 1,
                None => counts.push((&entry.info.agent, 1)),
            }
        }
        facets(counts)
    }
}

fn by_kind(tally: &Tally) -> Vec<FacetCount> {
    let counts = (0..).zip(tally.kinds).filter(|&(_, count)| count > 0);
    facets(counts.map(|(kind, count)| (kind_of(kind).name(), count)).collect())
}

/// Most first, by name among equals.
fn facets(mut counts: Vec<(&str, u64)>) -> Vec<FacetCount> {
    counts.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    counts.into_iter().map(|(value, count)| FacetCount { value: value.to_owned(), count }).collect()
}

/// What a pattern stands for more of than it may.
fn bound_met(bound: Bound) -> String {
    match bound {
        Bound::Terms => format!("more than {MAX_EXPANSION} different words"),
        Bound::Postings => format!("words in more than {MAX_EXPANDED_POSTINGS} places"),
    }
}

/// A word under way stands for a part of what begins with it.
fn bound_error(bound: Bound) -> QueryError {
    QueryError {
        code: "too_many_terms".to_owned(),
        message: format!("the beginning stands for {}; only a part was looked at", bound_met(bound)),
        hint: Some("make it longer".to_owned()),
        ..QueryError::default()
    }
}

/// A pattern that was asked for and stands for too much is not run in part: what it leaves out would be anybody's guess.
fn refusal(query: &Query, typed: &str, bound: Bound) -> QueryError {
    let (start, end) = query.place_of(typed).unwrap_or((0, query.text.chars().count() as u32));
    QueryError {
        code: "too_many_terms".to_owned(),
        message: format!("`{typed}` stands for {}", bound_met(bound)),
        start,
        end,
        hint: Some("make it longer; or search the text itself, narrowed by other words: text:\"…\"".to_owned()),
        fatal: true,
    }
}
