//! A session's timeline as bytes: figures by day, hour and model come from it, whenever they are asked for.

use opensession_hail::statistics::{SLOT_SECONDS, Slot, Timeline, Tokens, Work};

use super::{Decoder, Encoder};

/// The timeline as bytes. Times count from the slot before.
pub(crate) fn encode(timeline: &Timeline) -> Vec<u8> {
    let mut out = Encoder { bytes: Vec::new() };
    if timeline.slots().is_empty() {
        return out.bytes;
    }
    out.number(timeline.models().len() as u64);
    for model in timeline.models() {
        out.text(model);
    }
    let mut before = 0;
    for Slot { start, model, work } in timeline.slots() {
        let Work { turns, active_ms, calls, results, errors, edits, files, added, removed, tokens, cost } = work;
        let Tokens { input, output, cache_read, cache_write, reasoning: _ } = tokens;
        let place = start.div_euclid(SLOT_SECONDS);
        out.signed(place - before);
        before = place;
        out.number(u64::from(*model));
        let few = [turns, active_ms, calls, results, errors, edits, files, added];
        let more = [removed, input, output, cache_read, cache_write];
        out.flags(&few.map(|number| *number > 0));
        let [removed, input, output, cache_read, cache_write] = more.map(|number| *number > 0);
        out.flags(&[removed, input, output, cache_read, cache_write, cost.is_some()]);
        for number in few.into_iter().chain(more).filter(|number| **number > 0) {
            out.number(*number);
        }
        if let Some(cost) = cost {
            out.fixed(cost.to_bits());
        }
    }
    out.bytes
}

/// The timeline in some bytes; `None` when they are damaged.
pub(crate) fn decode(bytes: &[u8]) -> Option<Timeline> {
    let mut from = Decoder { version: super::VERSION, rest: bytes };
    if bytes.is_empty() {
        return Some(Timeline::default());
    }
    let count = from.number()?;
    let mut models = Vec::new();
    for _ in 0..count {
        models.push(from.text()?);
    }
    let mut slots = Vec::new();
    let mut place = 0_i64;
    while !from.rest.is_empty() {
        place = place.checked_add(from.signed()?)?;
        let model = u16::try_from(from.number()?).ok()?;
        let few = from.flags()?;
        let [removed, input, output, cache_read, cache_write, has_cost, ..] = from.flags()?;
        let mut number = |is_there: bool| if is_there { from.number() } else { Some(0) };
        let mut work = Work {
            turns: number(few[0])?,
            active_ms: number(few[1])?,
            calls: number(few[2])?,
            results: number(few[3])?,
            errors: number(few[4])?,
            edits: number(few[5])?,
            files: number(few[6])?,
            added: number(few[7])?,
            removed: number(removed)?,
            ..Work::default()
        };
        work.tokens = Tokens {
            input: number(input)?,
            output: number(output)?,
            cache_read: number(cache_read)?,
            cache_write: number(cache_write)?,
            reasoning: 0,
        };
        if has_cost {
            work.cost = Some(f64::from_bits(from.fixed()?));
        }
        slots.push(Slot { start: place.checked_mul(SLOT_SECONDS)?, model, work });
    }
    Some(Timeline::new(models, slots))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn timelines() -> impl Strategy<Value = Timeline> {
        let slot = (0..3_000_000_i64, 0..3_u16, vec(0..2_000_000_u64, 13), proptest::option::of(0.0..1e6));
        let slots = vec(slot, 0..9).prop_map(|slots| {
            let slot = |(place, model, numbers, cost): (i64, u16, Vec<u64>, Option<f64>)| {
                // Most figures of most slots are zero.
                let n = |index: usize| numbers[index].saturating_sub(1_000_000);
                let tokens = Tokens { input: n(9), output: n(10), cache_read: n(11), cache_write: n(12), reasoning: 0 };
                let work = Work {
                    turns: n(0),
                    active_ms: n(1),
                    calls: n(2),
                    results: n(3),
                    errors: n(4),
                    edits: n(5),
                    files: n(6),
                    added: n(7),
                    removed: n(8),
                    tokens,
                    cost,
                };
                Slot { start: place * SLOT_SECONDS, model, work }
            };
            slots.into_iter().map(slot).collect::<Vec<_>>()
        });
        (vec(".{0,9}", 1..4), slots).prop_map(|(models, slots)| {
            if slots.is_empty() { Timeline::default() } else { Timeline::new(models, slots) }
        })
    }

    proptest! {
        #[test]
        fn timelines_come_back(timeline in timelines()) {
            prop_assert_eq!(decode(&encode(&timeline)), Some(timeline));
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes in vec(any::<u8>(), 0..200)) {
            decode(&bytes);
        }
    }
}
