//! What was costly to find in a segment on disk, for the next query that asks for it: while somebody types, turns pages or
//! adds a filter, all words but the last stay as they were. A segment never changes, so nothing remembered goes stale;
//! events that are deleted are passed over when it is read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;

use super::matching::Bound;
use super::query::UnitBody;

/// Memory for each event of the segment, in bytes: half a dozen words that every event has.
const BYTES_PER_EVENT: usize = 48;
/// A list that is shorter is not worth its entry when finding it is cheap, but words that stand nowhere are costly too.
const ENTRY_BYTES: usize = 200;

/// What was asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// A unit, and the bits of the weights that its frequencies depend on.
    Unit(UnitBody, [u32; 2]),
    /// Events that name a text in one of their paths.
    Naming(String),
}

/// What was found: documents in order, each with the frequency that counts, and the bound that was met.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) list: Vec<(u32, f32)>,
    pub(crate) bound: Option<Bound>,
}

/// The memory of a segment.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Halves>);

/// What was used since the halves last changed places, and what was used before.
#[derive(Debug, Default)]
struct Halves {
    recent: FxHashMap<Asked, Arc<Kept>>,
    older: FxHashMap<Asked, Arc<Kept>>,
    recent_bytes: usize,
    /// Whether it was asked since anybody last looked.
    used: bool,
}

impl Remembered {
    /// What was found before.
    pub(crate) fn get(&self, asked: &Asked, events: u32) -> Option<Arc<Kept>> {
        let mut halves = self.lock();
        halves.used = true;
        if let Some(kept) = halves.recent.get(asked) {
            return Some(Arc::clone(kept));
        }
        let (asked, kept) = halves.older.remove_entry(asked)?;
        halves.put(asked, Arc::clone(&kept), events);
        Some(kept)
    }

    /// Remembers what was found in a segment with that many events.
    pub(crate) fn put(&self, asked: Asked, kept: Kept, events: u32) -> Arc<Kept> {
        let kept = Arc::new(kept);
        self.lock().put(asked, Arc::clone(&kept), events);
        kept
    }

    /// Forgets everything, unless something was asked since the last call.
    pub(crate) fn release_unused(&self) {
        let mut halves = self.lock();
        if std::mem::take(&mut halves.used) {
            return;
        }
        *halves = Halves::default();
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn put(&mut self, asked: Asked, kept: Arc<Kept>, events: u32) {
        let bytes = kept.list.capacity() * size_of::<(u32, f32)>() + ENTRY_BYTES;
        let half = events as usize * BYTES_PER_EVENT / 2;
        if bytes > half {
            return;
        }
        if self.recent_bytes + bytes > half {
            self.older = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }
        self.recent_bytes += bytes;
        self.recent.insert(asked, kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(length: u32) -> Kept {
        Kept { list: (0..length).map(|doc| (doc, 1.0)).collect(), bound: None }
    }

    #[test]
    fn what_is_asked_again_stays_and_the_rest_goes() {
        const EVENTS: u32 = 1000;
        let remembered = Remembered::default();
        let naming = |text: &str| Asked::Naming(text.to_owned());
        remembered.put(naming("asked"), kept(10), EVENTS);
        for number in 0..1000 {
            remembered.put(naming(&number.to_string()), kept(100), EVENTS);
            assert_eq!(remembered.get(&naming("asked"), EVENTS).map(|kept| kept.list.len()), Some(10));
        }
        assert!(remembered.get(&naming("0"), EVENTS).is_none());
        assert!(remembered.get(&naming("999"), EVENTS).is_some());
        let halves = remembered.lock();
        let bytes: usize = halves.recent.values().chain(halves.older.values()).map(|kept| kept.list.len() * 8).sum();
        assert!(bytes <= EVENTS as usize * BYTES_PER_EVENT);
        drop(halves);
        // Longer than a half.
        remembered.put(naming("long"), kept(EVENTS * 4), EVENTS);
        assert!(remembered.get(&naming("long"), EVENTS).is_none());
        remembered.release_unused();
        assert!(remembered.get(&naming("asked"), EVENTS).is_some());
        remembered.release_unused();
        remembered.release_unused();
        assert!(remembered.get(&naming("asked"), EVENTS).is_none());
    }
}
