//! What only the text can tell: `text:`, capitals, and what is too long for a token.

use opensession_protocol::QueryError;

use super::scratch::Scratch;
use super::tally::Ranked;
use super::{Execution, Plan};
use crate::catalog::{Catalog, SessionKey};
use crate::search::bits::Bits;
use crate::search::document::EventTexts;
use crate::search::filter::Mask;
use crate::search::found::{SearchError, SearchRequest};
use crate::search::query::Query;
use crate::search::segment::Segment;
use crate::search::snippet::{Matcher, TextScanner};

/// Texts that are looked at for one query, in bytes.
const MAX_BYTES: usize = 64 << 20;
/// Texts that are asked for at once.
const BATCH: usize = 256;

/// Whether the query asks for something that only texts can tell.
pub(super) fn needs_texts(plan: &Plan, query: &Query) -> bool {
    query.case_sensitive && !plan.units.is_empty()
        || !plan.scans.is_empty()
        || query.units().iter().any(|unit| unit.verify)
}

/// Runs the query without what only texts can tell, looks at the texts of the events found, best first, and narrows the
/// plan to those that pass. Says what is wrong when not all could be looked at.
pub(super) fn narrow<'x>(
    plan: &mut Plan,
    query: &Query,
    request: &'x SearchRequest,
    catalog: &'x Catalog,
    segments: &'x [Segment<'x>],
    texts: &dyn EventTexts,
    scratch: &mut Scratch,
) -> Result<Option<QueryError>, SearchError> {
    let mut scanners = Vec::new();
    for (scan, negated) in &plan.scans {
        // What does not compile was a mistake of the query, and fatal.
        let Ok(scanner) = TextScanner::new(scan, query.case_sensitive) else { continue };
        scanners.push((scanner, *negated));
    }
    let matcher = Matcher::new(query);
    let units = query.units();
    let checked: Vec<bool> = units.iter().map(|unit| query.case_sensitive || unit.verify).collect();
    let mut execution = Execution::new(plan.clone(), request, catalog, segments)?;
    execution.prepare(scratch)?;
    let mut events: Vec<Ranked> = Vec::new();
    execution.emit(scratch, &mut |_, score, event, _| events.push(Ranked::new(score, event)))?;
    scratch.clear();
    events.sort_unstable_by(|left, right| right.cmp(left));

    let total = segments.iter().map(|segment| segment.len() as usize).sum();
    let mut passed = Bits::empty(total);
    let mut standing: Vec<Bits> = checked.iter().map(|_| Bits::empty(total)).collect();
    let (mut bytes, mut looked_at) = (0, 0);
    for batch in events.chunks(BATCH) {
        request.stop.check()?;
        if bytes >= MAX_BYTES {
            break;
        }
        request.stop.check()?;
        let names: Vec<(SessionKey, u32)> = batch.iter().map(|event| execution.name(event.event())).collect();
        for (event, text) in batch.iter().zip(texts.texts(&names)) {
            looked_at += 1;
            let Some(text) = text else { continue };
            bytes += text.len();
            if !scanners.iter().all(|(scanner, negated)| scanner.matches(&text) != *negated) {
                continue;
            }
            passed.insert(event.event());
            if checked.contains(&true) {
                for (stands, count) in standing.iter_mut().zip(matcher.counts(&text)) {
                    if count > 0 {
                        stands.insert(event.event());
                    }
                }
            }
        }
    }
    if !scanners.is_empty() {
        for mask in plan.masks.iter_mut().filter(|mask| !matches!(mask, Mask::MainThread)) {
            *mask = std::mem::replace(mask, Mask::everything()).and(Mask::Events(passed.clone()));
        }
    }
    for unit in &mut plan.units {
        let Some(number) = unit.number.filter(|&number| checked.get(number) == Some(&true)) else { continue };
        plan.masks.push(plan.masks[unit.mask].clone().and(Mask::Events(standing[number].clone())));
        unit.mask = plan.masks.len() - 1;
    }
    Ok((looked_at < events.len()).then(|| QueryError {
        code: "texts_cut".to_owned(),
        message: format!("the texts of {looked_at} of {} events were looked at; there may be more", events.len()),
        hint: Some("add words or fields".to_owned()),
        ..QueryError::default()
    }))
}
