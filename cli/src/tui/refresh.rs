//! Asking anew while something changes, but not all the time.

use std::time::Duration;

use super::effects::Ui;

/// Whether it is about to be asked anew.
#[derive(Debug, Default)]
pub(crate) struct Refresh {
    waits: bool,
}

impl Refresh {
    /// Something is new: `timer` rings after so long, however often this is said until then.
    pub(crate) fn changed(&mut self, after: Duration, timer: u8, ui: &mut Ui<'_, '_>) {
        if !self.waits {
            self.waits = true;
            ui.after(after, timer);
        }
    }

    /// The timer rang.
    pub(crate) fn rang(&mut self) {
        self.waits = false;
    }
}
