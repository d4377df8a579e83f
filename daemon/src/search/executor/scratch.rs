//! Memory that queries use again: one cell for each event, all clear between queries.

use std::sync::{Mutex, PoisonError};

/// What has been added up for one event.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cell {
    pub(crate) score: f32,
    /// Scored units that the event has.
    pub(crate) units: u16,
    pub(crate) touched: bool,
}

/// Cells, and which of them are not clear.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    pub(crate) cells: Vec<Cell>,
    pub(crate) touched: Vec<u32>,
}

impl Scratch {
    /// Makes room for that many events.
    pub(crate) fn reserve(&mut self, events: u32) {
        if self.cells.len() < events as usize {
            self.cells.resize(events as usize, Cell::default());
        }
    }

    /// The cell of an event, which counts as touched from now on.
    #[inline]
    pub(crate) fn touch(&mut self, event: u32) -> &mut Cell {
        let cell = &mut self.cells[event as usize];
        if !cell.touched {
            cell.touched = true;
            self.touched.push(event);
        }
        cell
    }

    pub(crate) fn clear(&mut self) {
        for event in self.touched.drain(..) {
            self.cells[event as usize] = Cell::default();
        }
    }
}

/// Scratches that no query uses at the moment.
#[derive(Debug, Default)]
pub(crate) struct ScratchPool {
    idle: Mutex<Vec<Scratch>>,
}

impl ScratchPool {
    /// Scratches kept at most.
    const KEPT: usize = 4;

    pub(crate) fn take(&self) -> Scratch {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, mut scratch: Scratch) {
        scratch.clear();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < Self::KEPT {
            idle.push(scratch);
        }
    }

    /// Frees what is idle.
    pub(crate) fn release(&self) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
