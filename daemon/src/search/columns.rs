//! What is known of every event of a segment, packed into one word each, so that a query touches little memory.

use std::sync::atomic::{AtomicU64, Ordering};

use super::schema::flag;
use crate::catalog::SessionKey;

/// The session of an event that was deleted.
pub(crate) const DEAD: SessionKey = SessionKey::MAX;

/// Session (32 bits), length of the text as a field norm (8 bits), kind and flags (16 bits).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed(u64);

impl Packed {
    pub(crate) fn new(session: SessionKey, norm: u8, flags: u16) -> Self {
        Self(u64::from(session) | u64::from(norm) << 32 | u64::from(flags) << 40)
    }

    pub(crate) fn session(self) -> SessionKey {
        self.0 as u32
    }

    /// The field norm.
    pub(crate) fn norm(self) -> u8 {
        (self.0 >> 32) as u8
    }

    pub(crate) fn flags(self) -> u16 {
        (self.0 >> 40) as u16
    }

    /// The kind's number.
    pub(crate) fn kind(self) -> u8 {
        (self.0 >> 40) as u8 & 15
    }
}

/// The packed words of a segment. Marks (deleted, shared) are set while queries read.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    words: Vec<AtomicU64>,
}

impl Columns {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { words: Vec::with_capacity(capacity) }
    }

    pub(crate) fn push(&mut self, packed: Packed) {
        self.words.push(AtomicU64::new(packed.0));
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    #[inline]
    pub(crate) fn get(&self, doc: u32) -> Packed {
        Packed(self.words[doc as usize].load(Ordering::Relaxed))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Packed> {
        self.words.iter().map(|word| Packed(word.load(Ordering::Relaxed)))
    }

    /// Marks the events of a session as deleted; says how many there were.
    pub(crate) fn kill(&self, session: SessionKey) -> u32 {
        let mut killed = 0;
        for word in &self.words {
            if word.load(Ordering::Relaxed) as u32 == session {
                word.fetch_or(u64::from(DEAD), Ordering::Relaxed);
                killed += 1;
            }
        }
        killed
    }

    /// Marks an event as one that another session holds a copy of.
    pub(crate) fn share(&self, doc: u32) {
        self.words[doc as usize].fetch_or(u64::from(flag::SHARED) << 40, Ordering::Relaxed);
    }
}
