//! Folds sessions whose matching events all stand in another session too: resumed copies and forks.

use std::collections::HashMap;

use super::Execution;
use super::scratch::Scratch;
use super::tally::{NOWHERE, Tally};
use crate::catalog::SessionKey;
use crate::search::columns::Packed;

impl Execution<'_> {
    /// For each session that is folded, the one it is folded into. A session is folded when every one of its matching
    /// events has a copy in one other session with more of them; of equals, the one that changed last stays.
    pub(super) fn fold_copies(
        &self,
        tally: &mut Tally,
        scratch: &Scratch,
    ) -> std::io::Result<HashMap<SessionKey, SessionKey>> {
        let mut suspects: HashMap<SessionKey, Vec<u32>> = HashMap::new();
        for (group, one) in (0..).zip(&tally.groups) {
            if one.total > 0 && one.shared == one.total {
                suspects.insert(group, Vec::with_capacity(one.total as usize));
            }
        }
        let mut folded = HashMap::new();
        if suspects.is_empty() {
            return Ok(folded);
        }
        let mut kinds: HashMap<SessionKey, [u64; 16]> = HashMap::new();
        self.emit(scratch, &mut |group: u32, _score: f32, event: u32, packed: Packed| {
            if let Some(events) = suspects.get_mut(&group) {
                events.push(event);
                kinds.entry(group).or_insert([0; 16])[usize::from(packed.kind())] += 1;
            }
        })?;
        let rank = |group: SessionKey| (tally.groups[group as usize].total, self.updated(group), group);
        for (&group, events) in &suspects {
            let mut keepers: Option<Vec<SessionKey>> = None;
            for &event in events {
                let holders = self.holders(event, group);
                let kept = match keepers {
                    None => holders,
                    Some(before) => before.into_iter().filter(|keeper| holders.contains(keeper)).collect(),
                };
                let done = kept.is_empty();
                keepers = Some(kept);
                if done {
                    break;
                }
            }
            let best =
                keepers.into_iter().flatten().filter(|&keeper| rank(keeper) > rank(group)).max_by_key(|&k| rank(k));
            if let Some(best) = best {
                folded.insert(group, best);
            }
        }
        // A session that something was folded into may be folded itself; the top of the chain stays.
        let direct = folded.clone();
        for (group, keeper) in &mut folded {
            while let Some(next) = direct.get(keeper) {
                *keeper = *next;
            }
            for (all, own) in tally.kinds.iter_mut().zip(kinds.get(group).unwrap_or(&[0; 16])) {
                *all -= own;
            }
        }
        Ok(folded)
    }

    /// The other sessions found that hold a copy of the event.
    fn holders(&self, event: u32, group: SessionKey) -> Vec<SessionKey> {
        let (segment, doc) = self.locate(event);
        let identity = segment.identity_of(doc);
        let mut holders = Vec::new();
        for segment in self.segments {
            segment.with_identity(identity, |doc| {
                let other = self.group(segment.columns().get(doc));
                if other != NOWHERE && other != group && !holders.contains(&other) {
                    holders.push(other);
                }
            });
        }
        holders
    }
}
