//! Edits that calls want to make, kept in a deriver's state until the results tell whether they were made.

use opensession_hail::{Body, Edit, Event};
use serde::{Deserialize, Serialize};

/// Diffs are kept up to this many bytes, all together: a state is small.
const BYTES: usize = 12 << 10;
/// So many edits.
const EDITS: usize = 24;
/// A path and a call's id longer than this, together, are none.
const NAME_BYTES: usize = 512;

/// The edits, each with its call's id.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct WaitingEdits(Vec<(String, Event)>);

impl WaitingEdits {
    /// Keeps an edit; where there is no room without its diff, and the oldest goes where there are too many.
    pub(crate) fn add(&mut self, call: &str, mut edit: Edit) {
        let diff = |edit: &Edit| edit.diff.as_ref().map_or(0, String::len);
        let used: usize =
            self.0.iter().map(|(_, event)| if let Body::Edit(edit) = &event.body { diff(edit) } else { 0 }).sum();
        if used + diff(&edit) > BYTES {
            edit.diff = None;
        }
        if edit.path.len() + call.len() > NAME_BYTES {
            return;
        }
        if self.0.len() == EDITS {
            self.0.remove(0);
        }
        self.0.push((call.to_owned(), Event::new(Body::Edit(edit))));
    }

    /// The edits that wait for the result of `call`.
    pub(crate) fn take(&mut self, call: &str) -> Vec<Edit> {
        let (these, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.0).into_iter().partition(|(id, _)| id == call);
        self.0 = others;
        let edit = |(_, event): (String, Event)| if let Body::Edit(edit) = event.body { Some(edit) } else { None };
        these.into_iter().filter_map(edit).collect()
    }
}
