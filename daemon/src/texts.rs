//! Texts of events for snippets, read from the store and remembered for a while.

use std::sync::{Mutex, PoisonError};

use opensession_hail::{Event, text::searchable_text};
use rustc_hash::FxHashMap;

use crate::{
    catalog::SessionKey,
    search::EventTexts,
    store::{EventRange, Reader, Store, StoreError},
};

/// Bytes of texts remembered; half of them are dropped at once when they become more.
const REMEMBERED_BYTES: usize = 4 << 20;
/// A text longer than this is read anew each time.
const REMEMBERED_TEXT_BYTES: usize = 64 << 10;
/// Readers kept open.
const READERS: usize = 4;

/// Gives texts of events.
pub struct Texts {
    store: Store,
    readers: Mutex<Vec<Reader>>,
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    recent: FxHashMap<(SessionKey, u32), String>,
    older: FxHashMap<(SessionKey, u32), String>,
    recent_bytes: usize,
}

impl Texts {
    /// Texts of the events in `store`.
    pub fn new(store: Store) -> Self {
        Self { store, readers: Mutex::default(), remembered: Mutex::default() }
    }

    /// Events have other numbers now: nothing that is remembered holds.
    pub fn forget(&self) {
        *self.remembered.lock().unwrap_or_else(PoisonError::into_inner) = Remembered::default();
    }

    /// Runs `read` with a reader that stays open for the next one.
    pub fn with_reader<T>(&self, read: impl FnOnce(&mut Reader) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let kept = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match kept {
            Some(reader) => reader,
            None => self.store.reader()?,
        };
        let outcome = read(&mut reader)?;
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(reader);
        }
        Ok(outcome)
    }

    fn remembered(&self, event: (SessionKey, u32)) -> Option<String> {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = remembered.recent.get(&event) {
            return Some(text.clone());
        }
        let text = remembered.older.remove(&event)?;
        remembered.put(event, text.clone());
        Some(text)
    }
}

impl Remembered {
    fn put(&mut self, event: (SessionKey, u32), text: String) {
        if text.len() > REMEMBERED_TEXT_BYTES {
            return;
        }
        self.recent_bytes += text.len();
        self.recent.insert(event, text);
        if self.recent_bytes > REMEMBERED_BYTES / 2 {
            self.older = std::mem::take(&mut self.recent);
            self.recent_bytes = 0;
        }
    }
}

impl EventTexts for Texts {
    fn texts(&self, events: &[(SessionKey, u32)]) -> Vec<Option<String>> {
        let mut texts: Vec<Option<String>> = events.iter().map(|event| self.remembered(*event)).collect();
        let mut missing: Vec<usize> = (0..events.len()).filter(|index| texts[*index].is_none()).collect();
        if missing.is_empty() {
            return texts;
        }
        // In the order of the store, so that a frame is opened once.
        missing.sort_unstable_by_key(|index| events[*index]);
        let read = self.with_reader(|reader| {
            for index in missing {
                let (session, number) = events[index];
                reader.event_lines(EventRange { session, from: number, to: number }, |_, _, line| {
                    if let Ok(event) = Event::from_json(line) {
                        let mut text = String::new();
                        searchable_text(&event, &mut text);
                        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
                        remembered.put(events[index], text.clone());
                        texts[index] = Some(text);
                    }
                    false
                })?;
            }
            Ok(())
        });
        if let Err(error) = read {
            tracing::warn!(%error, "texts of events could not be read; hits are shown without them");
        }
        texts
    }
}
