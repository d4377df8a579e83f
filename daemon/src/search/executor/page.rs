//! The order of the sessions found, and what is told of those on the page asked for.

use std::collections::{HashMap, HashSet};
use std::io;

use super::scratch::Scratch;
use super::standing::Standing;
use super::tally::{Ranked, Tally};
use super::{Execution, Mode};
use crate::catalog::SessionKey;
use crate::search::bits::Bits;
use crate::search::columns::Packed;
use crate::search::document::EventTexts;
use crate::search::found::{FoundHit, FoundSession};
use crate::search::query::{Query, Sort, UnitBody, Word};
use crate::search::schema::{flag, kind_of};
use crate::search::segment::TermField;
use crate::search::snippet::Matcher;

/// Events whose texts are looked at for what tokens lose: the best one of each session first. A text that nobody asked for
/// lately costs a fifth of a millisecond.
const MAX_LITERAL_CHECKS: usize = 20;
/// Sessions whose best events are looked at closely together, because they may change places; a first page and as many
/// again. The cuts between them are the same for every page, so that pages neither repeat nor pass over a session.
const CLOSE_LOOK: usize = 40;

impl Execution<'_> {
    /// The page of sessions that was asked for, in order, with their scores.
    pub(super) fn rank(
        &self,
        query: &Query,
        texts: &dyn EventTexts,
        any: &Bits,
        tally: &mut Tally,
        scratch: &Scratch,
    ) -> io::Result<Vec<(SessionKey, f32)>> {
        let (now, ranking) = (self.request.now_ms, &self.request.ranking);
        let score = |tally: &Tally, group: SessionKey| {
            let best = tally.groups[group as usize].best().iter().map(|ranked| ranked.score());
            ranking.decayed_sum(best) * ranking.recency(now, self.updated(group))
        };
        let mut ranked: Vec<(SessionKey, f32)> = any.iter().map(|group| (group, score(tally, group))).collect();
        let wanted = self.request.offset.saturating_add(self.request.limit);
        match query.sort {
            Sort::Best => {
                let newest = |group: SessionKey| (self.updated(group), group);
                let order = |left: &(SessionKey, f32), right: &(SessionKey, f32)| {
                    right.1.total_cmp(&left.1).then_with(|| newest(right.0).cmp(&newest(left.0)))
                };
                ranked.sort_unstable_by(order);
                let skipped = self.request.offset / CLOSE_LOOK;
                let mut ceiling = f32::INFINITY;
                for close in ranked.chunks_mut(CLOSE_LOOK).take(wanted.div_ceil(CLOSE_LOOK)).skip(skipped) {
                    let neighbours = self.add_neighbours(close, tally, scratch)?;
                    if self.add_literals(close, query, texts, tally) || neighbours {
                        for (group, total) in &mut *close {
                            *total = score(tally, *group);
                        }
                        close.sort_unstable_by(order);
                        // Nobody who reads scores should see them rise.
                        for (_, total) in &mut *close {
                            *total = total.min(ceiling);
                        }
                    }
                    self.break_ties(close, query, texts, tally);
                    ceiling = close.last().map_or(ceiling, |&(_, lowest)| lowest);
                }
            }
            Sort::New => ranked.sort_unstable_by_key(|&(group, _)| std::cmp::Reverse((self.updated(group), group))),
            Sort::Old => ranked.sort_unstable_by_key(|&(group, _)| (self.updated(group), group)),
            Sort::Cost => {
                let cost = |group| self.catalog.get(group).and_then(|entry| entry.info.stats.cost).unwrap_or(0.0);
                ranked.sort_unstable_by(|left, right| {
                    cost(right.0).total_cmp(&cost(left.0)).then_with(|| right.0.cmp(&left.0))
                });
            }
        }
        Ok(ranked.into_iter().skip(self.request.offset).take(self.request.limit).collect())
    }

    /// Adds to the best events of some sessions what neighbouring words count that stand side by side there. Says
    /// whether there were any.
    fn add_neighbours(&self, sessions: &[(SessionKey, f32)], tally: &mut Tally, scratch: &Scratch) -> io::Result<bool> {
        let pairs = self.neighbours();
        if pairs.is_empty() || self.request.ranking.adjacency <= 0.0 || !matches!(self.mode, Mode::Cells) {
            return Ok(false);
        }
        let mut events: Vec<u32> = sessions
            .iter()
            .flat_map(|&(group, _)| tally.groups[group as usize].best().iter().map(|ranked| ranked.event()))
            .filter(|&event| scratch.cells[event as usize].units > 1)
            .collect();
        events.sort_unstable();
        let mut gains: HashMap<u32, f32> = HashMap::new();
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for (index, &base) in self.bases.iter().enumerate() {
            let segment = self.segments[index];
            let end = base + segment.len();
            let here =
                &events[events.partition_point(|&event| event < base)..events.partition_point(|&event| event < end)];
            if here.is_empty() {
                continue;
            }
            for (first, second, factor) in &pairs {
                let first = segment.term(TermField::Text, first.as_bytes())?;
                let second = segment.term(TermField::Text, second.as_bytes())?;
                let (Some(first), Some(second)) = (first, second) else { continue };
                let mut firsts = segment.postings(TermField::Text, &first, true)?;
                let mut seconds = segment.postings(TermField::Text, &second, true)?;
                for &event in here {
                    let doc = event - base;
                    if firsts.seek(doc) != doc || seconds.seek(doc) != doc {
                        continue;
                    }
                    firsts.positions(&mut left);
                    seconds.positions(&mut right);
                    let count = left.iter().filter(|&&at| right.binary_search(&(at + 1)).is_ok()).count();
                    if count > 0 {
                        let packed = segment.columns().get(doc);
                        let cell = scratch.cells[event as usize];
                        let weight = self.event_weight(index, doc, packed, self.group(packed))
                            * self.weights.coverage(cell.units);
                        *gains.entry(event).or_default() +=
                            weight * factor * self.weights.saturate(count as f32, packed.norm());
                    }
                }
            }
        }
        for &(group, _) in sessions {
            tally.groups[group as usize].raise(|event| gains.get(&event).copied());
        }
        Ok(!gains.is_empty())
    }

    /// Lifts the events, of the best ones, in which what tokens lose stands literally. Says whether there were any.
    fn add_literals(
        &self,
        sessions: &[(SessionKey, f32)],
        query: &Query,
        texts: &dyn EventTexts,
        tally: &mut Tally,
    ) -> bool {
        if !self.plan.units.iter().any(|unit| unit.literal && !unit.is_negative()) {
            return false;
        }
        // Of a single session all that was found is shown anyway.
        let best = |group: SessionKey| tally.groups[group as usize].best().iter().copied();
        if let &[(only, _)] = sessions
            && best(only).len() <= self.request.hits_per_session
        {
            return false;
        }
        let mut events: Vec<(usize, Ranked)> =
            sessions.iter().flat_map(|&(group, _)| best(group).enumerate()).collect();
        // More than a session without the literal can add up to.
        let gain = events.iter().map(|(_, event)| event.score()).fold(0.0, f32::max) * 4.0;
        events.sort_unstable_by(|left, right| left.0.cmp(&right.0).then(right.1.cmp(&left.1)));
        events.truncate(MAX_LITERAL_CHECKS);
        let events: Vec<Ranked> = events.into_iter().map(|(_, event)| event).collect();
        let matcher = Matcher::new(query);
        let names: Vec<(SessionKey, u32)> = events.iter().map(|event| self.name(event.event())).collect();
        let mut gains: HashMap<u32, f32> = HashMap::new();
        for (event, text) in events.iter().zip(texts.texts(&names)) {
            let Some(text) = text else { continue };
            let literals = matcher.literals(&text).into_iter().filter(|literal| *literal == Some(true)).count();
            if literals > 0 {
                gains.insert(event.event(), gain * literals as f32);
            }
        }
        for &(group, _) in sessions {
            tally.groups[group as usize].raise(|event| gains.get(&event).copied());
        }
        !gains.is_empty()
    }

    /// Neighbouring scored words: the last term of one, the first of the next, and what the pair counts. How many events
    /// hold the pair is not known without looking at all; it is taken to be as rare as the rarer of both.
    fn neighbours(&self) -> Vec<(String, String, f32)> {
        let units = self.plan.units.iter().zip(&self.idfs).filter(|(unit, _)| unit.counts());
        let words: Vec<(&Word, f32)> = units
            .filter_map(|(unit, &idf)| match &unit.body {
                UnitBody::Word(word) => Some((word, idf)),
                _ => None,
            })
            .collect();
        let pair = |pair: &[(&Word, f32)]| {
            let first = (*pair[0].0.terms().last()?).to_owned();
            let second = (*pair[1].0.terms().first()?).to_owned();
            Some((first, second, self.request.ranking.adjacency * pair[0].1.max(pair[1].1)))
        };
        words.windows(2).filter_map(pair).collect()
    }

    /// Fills in what an answer tells of the sessions of a page.
    pub(super) fn describe(
        &self,
        page: &[(SessionKey, f32)],
        tally: &Tally,
        scratch: &Scratch,
        standing: &Standing,
        folded: &HashMap<SessionKey, SessionKey>,
    ) -> io::Result<Vec<FoundSession>> {
        let mut copies: HashMap<SessionKey, u64> = HashMap::new();
        for keeper in folded.values() {
            *copies.entry(*keeper).or_default() += 1;
        }
        let wanted = self.request.hits_per_session;
        let mut more: HashMap<SessionKey, Vec<Ranked>> = HashMap::new();
        for &(group, _) in page {
            let one = &tally.groups[group as usize];
            if wanted > one.best().len() && (one.total as usize) > one.best().len() {
                more.insert(group, Vec::new());
            }
        }
        if !more.is_empty() {
            self.emit(scratch, &mut |group: u32, score: f32, event: u32, _: Packed| {
                if let Some(hits) = more.get_mut(&group) {
                    hits.push(Ranked::new(score, event));
                }
            })?;
        }
        let mut sessions = Vec::with_capacity(page.len());
        for &(group, score) in page {
            let one = &tally.groups[group as usize];
            let mut ranked = one.best().to_vec();
            if let Some(rest) = more.get_mut(&group) {
                let best: HashSet<u32> = ranked.iter().map(|hit| hit.event()).collect();
                rest.retain(|hit| !best.contains(&hit.event()));
                rest.sort_by_cached_key(|hit| {
                    let (segment, doc) = self.locate(hit.event());
                    std::cmp::Reverse((Ranked::new(hit.score(), 0), segment.times()[doc as usize], segment.event(doc)))
                });
                ranked.extend_from_slice(rest);
            }
            let mut hits: Vec<FoundHit> = ranked.iter().take(wanted).map(|hit| self.hit(*hit)).collect();
            hits.sort_by(|left, right| {
                let age = (right.ts_ms, right.event).cmp(&(left.ts_ms, left.event));
                right.score.total_cmp(&left.score).then(age)
            });
            let mut missing = Vec::new();
            for (unit, sessions) in self.plan.units.iter().zip(&standing.units) {
                if unit.counts() && !sessions.contains(group) && !missing.contains(&unit.typed) {
                    missing.push(unit.typed.clone());
                }
            }
            sessions.push(FoundSession {
                session: group,
                hits,
                total: u64::from(one.total),
                copies: copies.get(&group).copied().unwrap_or(0),
                missing,
                score,
            });
        }
        Ok(sessions)
    }

    fn hit(&self, ranked: Ranked) -> FoundHit {
        let (segment, doc) = self.locate(ranked.event());
        let packed = segment.columns().get(doc);
        FoundHit {
            session: packed.session(),
            event: segment.event(doc),
            kind: kind_of(packed.flags()),
            ts_ms: segment.time(doc),
            error: packed.flags() & flag::ERROR != 0,
            tool: segment.tool(doc),
            score: ranked.score(),
        }
    }
}
