//! When the disk index commits and merges.

use std::time::{Duration, Instant};

use tantivy::merge_policy::{LogMergePolicy, MergePolicy};

/// Memory of the writer while much is added, in bytes. Less makes many small segments, which must be merged.
pub(super) const BULK_HEAP: usize = 80_000_000;
/// Memory of the writer for a handful of fresh events, in bytes: the least that tantivy takes.
pub(super) const FRESH_HEAP: usize = 15_000_000;
/// Fresh events are brought to the disk when there are this many,
pub(super) const FRESH_EVENTS: usize = 2_000;
/// or when their texts have this many bytes.
pub(super) const FRESH_BYTES: usize = 8 << 20;

/// The merge policy: segments of like size, eight at a time; all below ten thousand events count as alike.
pub(super) fn merge_policy() -> Box<dyn MergePolicy> {
    let mut policy = LogMergePolicy::default();
    policy.set_min_num_segments(8);
    policy.set_del_docs_ratio_before_merge(0.3);
    Box::new(policy)
}

/// Commits while much is added: the first soon, so that a first reading can be searched, then ever more seldom.
#[derive(Debug)]
pub(super) struct BulkSchedule {
    interval: Duration,
    last: Option<Instant>,
}

impl BulkSchedule {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_mins(2);

    pub(super) fn new() -> Self {
        Self { interval: Self::FIRST, last: None }
    }

    /// Whether it is time for a commit.
    pub(super) fn due(&mut self) -> bool {
        let last = *self.last.get_or_insert_with(Instant::now);
        last.elapsed() >= self.interval
    }

    /// A commit was made.
    pub(super) fn committed(&mut self) {
        self.last = Some(Instant::now());
        self.interval = (self.interval * 4).min(Self::LONGEST);
    }

    /// Everything is on disk, and nothing more is under way.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}
