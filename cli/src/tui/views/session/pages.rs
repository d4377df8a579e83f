//! The events of a session that are at hand: some pages of them, never all of a long session.

use std::collections::BTreeMap;

use opensession_hail::{Body, Status};
use opensession_protocol::EventPage;

use crate::transcript::Entry;

/// Events asked for at once.
pub(crate) const PAGE: u32 = 200;
/// Bytes of text kept at most, and pages that are kept whatever their size.
const KEPT_BYTES: usize = 16 << 20;
const KEPT_PAGES: usize = 3;

/// Events of one answer, read where the call was made.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The number of its first event.
    pub(crate) from: u32,
    /// The number after its last event.
    pub(crate) end: u32,
    /// How many events the session has.
    pub(crate) total: u32,
    entries: Vec<Entry>,
    bytes: usize,
}

impl Page {
    /// Reads an answer. It may have no events, where a session has none.
    pub(crate) fn read(page: EventPage) -> Self {
        let from = page.events.first().map_or(1, |event| event.event);
        let entries: Vec<Entry> = page.events.into_iter().map(Entry::new).collect();
        let end = entries.last().map_or(from, |last| last.number + 1);
        let bytes = entries.iter().map(size).sum();
        // A number that is missing among them is one that cannot be read back: it is looked up and not found.
        Self { from, end, total: page.total, entries, bytes }
    }
}

/// Pages of a session by their first events. They do not overlap.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pages: BTreeMap<u32, Page>,
}

/// An event at hand, or none.
pub(super) enum At<'p> {
    /// It is there.
    Entry(&'p Entry),
    /// It has nothing to show.
    Nothing,
    /// It is not at hand; neither are those up to this number, exclusively.
    Missing(u32),
}

impl Pages {
    pub(super) fn clear(&mut self) {
        self.pages.clear();
    }

    /// Takes a page; of what is there already the older is kept. Pages far from `near` go when there are too many.
    pub(super) fn add(&mut self, mut page: Page, near: u32) {
        if let Some((_, before)) = self.pages.range(..=page.from).next_back()
            && before.end > page.from
        {
            page.entries.retain(|entry| entry.number >= before.end);
            page.from = before.end;
        }
        if let Some((&after, _)) = self.pages.range(page.from..).next()
            && after < page.end
        {
            page.entries.retain(|entry| entry.number < after);
            page.end = after;
        }
        if page.from >= page.end {
            return;
        }
        page.bytes = page.entries.iter().map(size).sum();
        self.pages.insert(page.from, page);
        while self.pages.len() > KEPT_PAGES && self.pages.values().map(|page| page.bytes).sum::<usize>() > KEPT_BYTES {
            let distance = |page: &Page| {
                if page.from > near { page.from - near } else { (near + 1).saturating_sub(page.end) }
            };
            let Some(&farthest) = self.pages.iter().max_by_key(|(_, page)| distance(page)).map(|(from, _)| from) else {
                return;
            };
            self.pages.remove(&farthest);
        }
    }

    /// The event of this number.
    pub(super) fn at(&self, number: u32) -> At<'_> {
        if let Some(page) = self.page_of(number) {
            return match page.entries.binary_search_by_key(&number, |entry| entry.number) {
                Ok(index) => At::Entry(&page.entries[index]),
                Err(_) => At::Nothing,
            };
        }
        At::Missing(self.pages.range(number..).next().map_or(u32::MAX, |(from, _)| *from))
    }

    /// The first number that is missing at or before `number`, back to the end of the page before.
    pub(super) fn gap_begin(&self, number: u32) -> u32 {
        self.pages.range(..number).next_back().map_or(1, |(_, page)| page.end)
    }

    /// The output of the call of this number.
    pub(super) fn result_of(&self, number: u32, call: &str) -> Option<&Entry> {
        self.after(number).find(|entry| entry.is_result_of(call))
    }

    /// Whether an edit that is at hand tells what this call did.
    pub(super) fn is_told_by_edit(&self, number: u32, call: &str) -> bool {
        self.after(number).any(|entry| entry.is_edit_of(call))
    }

    /// The call whose output the event of this number is.
    pub(super) fn call_of(&self, number: u32, call: &str) -> Option<&Entry> {
        self.before(number).find(|entry| entry.is_call() && entry.call_id() == Some(call))
    }

    /// Whether the events right before this one are at hand.
    pub(super) fn has_before(&self, number: u32) -> bool {
        self.page_of(number).is_some_and(|page| page.from == 1 || self.page_of(page.from - 1).is_some())
    }

    fn page_of(&self, number: u32) -> Option<&Page> {
        self.pages.range(..=number).next_back().map(|(_, page)| page).filter(|page| number < page.end)
    }

    /// What comes after an event, as far as it is looked for what belongs to it.
    fn after(&self, number: u32) -> impl Iterator<Item = &Entry> {
        let pages = self.page_of(number).into_iter().flat_map(move |page| self.pages.range(page.from..).take(2));
        pages.flat_map(|(_, page)| &page.entries).filter(move |entry| entry.number > number).take(LOOKED_AT)
    }

    fn before(&self, number: u32) -> impl Iterator<Item = &Entry> {
        let pages = self.page_of(number).into_iter().flat_map(move |page| self.pages.range(..=page.from).rev().take(2));
        pages.flat_map(|(_, page)| page.entries.iter().rev()).filter(move |entry| entry.number < number).take(LOOKED_AT)
    }
}

/// Events looked at for what belongs to one: more than any agent calls tools at once.
const LOOKED_AT: usize = 120;

/// About how much room an event takes.
fn size(entry: &Entry) -> usize {
    let text = match &entry.event.body {
        Body::Message(message) => message.content.text().len(),
        Body::Thinking(thinking) => thinking.content.len(),
        Body::ToolCall(call) => call.input.to_string().len(),
        Body::Command(command) => command.command.len(),
        Body::ToolResult(result) => result.content.text().len() + result.stderr.as_deref().map_or(0, str::len),
        Body::Edit(edit) => edit.diff.as_deref().map_or(0, str::len),
        Body::Compaction(compaction) => compaction.content.len(),
        _ => 0,
    };
    text + 256
}

/// Whether an output is as it should be.
pub(super) fn went_well(entry: &Entry) -> bool {
    matches!(entry.status(), Some(Status::Ok) | None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(from: u32, count: u32) -> Page {
        let events = (from..from + count).map(
            |event| json!({ "event": event, "turn": 1, "hail": { "role": "agent", "content": "x".repeat(1 << 20) } }),
        );
        Page::read(serde_json::from_value(json!({ "events": events.collect::<Vec<_>>(), "total": 100 })).unwrap())
    }

    #[test]
    fn pages_fill_gaps_without_overlap_and_far_ones_go() {
        let mut pages = Pages::default();
        pages.add(page(11, 3), 12);
        pages.add(page(1, 3), 12);
        assert!(matches!(pages.at(2), At::Entry(entry) if entry.number == 2));
        assert!(matches!(pages.at(5), At::Missing(11)));
        assert_eq!(pages.gap_begin(9), 4);
        pages.add(page(2, 12), 12);
        assert!(matches!(pages.at(5), At::Entry(_)) && matches!(pages.at(13), At::Entry(_)));
        assert!(matches!(pages.at(14), At::Missing(u32::MAX)));
        pages.add(page(40, 8), 45);
        assert!(matches!(pages.at(2), At::Missing(_)), "the page farthest from the cursor is gone");
        assert!(matches!(pages.at(45), At::Entry(_)));
    }
}
