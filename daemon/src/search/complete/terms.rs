//! Completions from the index: words, models, tools, kinds. Counts are of events.

use std::collections::HashMap;
use std::io;

use super::Candidate;
use crate::search::columns::DEAD;
use crate::search::schema::flag;
use crate::search::segment::{Segment, TermField};

/// Words shorter than this begin too many others.
const MIN_WORD_CHARS: usize = 2;
/// Terms of one segment that are looked at, so that a keystroke takes no longer on a large index.
const MOST_TERMS: usize = 50_000;

/// Words that begin so.
pub(super) fn words(segments: &[Segment<'_>], beginning: &str) -> io::Result<Vec<Candidate>> {
    if beginning.chars().count() < MIN_WORD_CHARS {
        return Ok(Vec::new());
    }
    counted(segments, TermField::Text, beginning.to_lowercase().as_bytes(), 0)
}

/// Names of models (`m`) or tools (`t`), in lower case.
pub(super) fn labels(segments: &[Segment<'_>], letter: &[u8]) -> io::Result<Vec<Candidate>> {
    counted(segments, TermField::Label, letter, letter.len())
}

/// Terms that begin so, without their first `cut` bytes.
fn counted(segments: &[Segment<'_>], field: TermField, prefix: &[u8], cut: usize) -> io::Result<Vec<Candidate>> {
    let mut counts: HashMap<Vec<u8>, u64> = HashMap::new();
    for segment in segments {
        let mut left = MOST_TERMS;
        segment.prefixed(field, prefix, &mut |term, handle| {
            *counts.entry(term[cut..].to_vec()).or_default() += u64::from(handle.doc_freq);
            left -= 1;
            left > 0
        })?;
    }
    let named = |(term, count)| Some(Candidate::counted(String::from_utf8(term).ok()?, count));
    Ok(counts.into_iter().filter_map(named).collect())
}

/// Events by the number of their kind.
pub(super) fn kinds(segments: &[Segment<'_>]) -> [u64; 16] {
    let mut counts = [0; 16];
    for packed in segments.iter().flat_map(|segment| segment.columns().iter()) {
        counts[usize::from(packed.kind())] += u64::from(packed.session() != DEAD);
    }
    counts
}

/// Events that are failures.
pub(super) fn errors(segments: &[Segment<'_>]) -> u64 {
    let events = segments.iter().flat_map(|segment| segment.columns().iter());
    events.filter(|packed| packed.session() != DEAD && packed.flags() & flag::ERROR != 0).count() as u64
}
