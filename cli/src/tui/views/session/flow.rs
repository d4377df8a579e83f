//! The rows of a session one below the other, of which only those near the cursor are ever laid out: the way from an
//! event to the next one that is shown, down and up, over folded turns and over what is not at hand.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use opensession_hail::{Body, Role};
use opensession_protocol::OutlineTurn;
use ratatui::text::{Line, Span};

use super::lay_out::{Layout, Openness};
use super::pages::{At, PAGE, Pages, went_well};
use crate::text;
use crate::transcript::Entry;

/// Rows kept laid out.
const KEPT_ROWS: usize = 20_000;

/// How calls and edits are shown, unless one is folded or opened by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Calls {
    #[default]
    Line,
    Short,
    Full,
}

/// What is folded.
#[derive(Debug, Default)]
pub(super) struct Folds {
    /// Whether turns are open, unless they are among `turns`.
    pub(super) turns_open: bool,
    /// Turns, by their first events, that are the other way.
    pub(super) turns: BTreeSet<u32>,
    pub(super) calls: Calls,
    pub(super) thinking: bool,
    /// Events that are the other way.
    pub(super) events: BTreeSet<u32>,
}

impl Folds {
    pub(super) fn is_turn_open(&self, turn: &OutlineTurn) -> bool {
        turn.turn == 0 || self.turns_open != self.turns.contains(&turn.event)
    }

    pub(super) fn flip(set: &mut BTreeSet<u32>, event: u32) {
        if !set.remove(&event) {
            set.insert(event);
        }
    }

    pub(super) fn openness(&self, entry: &Entry) -> Openness {
        let usual = match &entry.event.body {
            Body::Thinking(_) if self.thinking => Openness::Open,
            Body::ToolCall(_) | Body::Command(_) | Body::ToolResult(_) | Body::Edit(_) => match self.calls {
                Calls::Line => Openness::Closed,
                Calls::Short => Openness::Short,
                Calls::Full => Openness::Open,
            },
            _ => Openness::Closed,
        };
        match (self.events.contains(&entry.number), usual) {
            (false, usual) => usual,
            (true, Openness::Open) => Openness::Closed,
            (true, _) => Openness::Open,
        }
    }
}

/// A place among the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The event whose rows it is among.
    pub(super) event: u32,
    /// Which of these.
    pub(super) row: usize,
}

/// An event, or several that are not at hand, as shown.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) rows: Rc<[Line<'static>]>,
    /// Where the next one begins.
    pub(super) next: u32,
    /// It stands for events that are not at hand.
    pub(super) is_missing: bool,
}

/// The rows of a session.
#[derive(Default)]
pub(super) struct Flow {
    pub(super) turns: Vec<OutlineTurn>,
    pub(super) pages: Pages,
    /// How many events the session has.
    pub(super) total: u32,
    pub(super) folds: Folds,
    laid_out: RefCell<HashMap<u32, Item>>,
    rows_kept: Cell<usize>,
    width: Cell<(usize, bool)>,
}

impl Flow {
    /// Something changed that rows depend on.
    pub(super) fn changed(&self) {
        self.laid_out.borrow_mut().clear();
        self.rows_kept.set(0);
    }

    /// The number after the last event.
    pub(super) fn end(&self) -> u32 {
        self.total + 1
    }

    /// The turn that an event belongs to.
    pub(super) fn turn_at(&self, event: u32) -> Option<usize> {
        self.turns.partition_point(|turn| turn.event <= event).checked_sub(1)
    }

    /// What is shown of the event of this number.
    pub(super) fn item(&self, event: u32, layout: &Layout<'_, '_>) -> Item {
        if self.width.replace((layout.width, layout.wrap)) != (layout.width, layout.wrap) {
            self.changed();
        }
        if let Some(item) = self.laid_out.borrow().get(&event) {
            return item.clone();
        }
        let item = self.lay_out(event, layout);
        self.rows_kept.set(self.rows_kept.get() + item.rows.len());
        if self.rows_kept.get() > KEPT_ROWS {
            self.changed();
        }
        self.laid_out.borrow_mut().insert(event, item.clone());
        item
    }

    /// The event before this one that something is shown of, or may be.
    pub(super) fn before(&self, event: u32) -> Option<u32> {
        let before = event.checked_sub(1).filter(|before| *before > 0)?;
        let Some(turn) = self.turn_at(before) else { return Some(before) };
        let turn = &self.turns[turn];
        if !self.folds.is_turn_open(turn) {
            return Some(turn.event);
        }
        match self.pages.at(before) {
            // A page of them at a time: that is what is asked for.
            At::Missing(_) if before != turn.event => {
                let begin = self.pages.gap_begin(before).max(before.saturating_sub(PAGE - 1)).max(turn.event + 1);
                Some(begin.min(before))
            }
            _ => Some(before),
        }
    }

    /// The place so many rows further down, or up, as far as there are any.
    pub(super) fn step(&self, from: Place, by: isize, layout: &Layout<'_, '_>) -> Place {
        let mut place = from;
        for _ in 0..by.unsigned_abs() {
            let next = if by > 0 { self.down(place, layout) } else { self.up(place, layout) };
            let Some(next) = next else { break };
            place = next;
            // Nobody knows how many rows there are: it is gone on from here when they are at hand.
            if self.item(place.event, layout).is_missing {
                break;
            }
        }
        place
    }

    /// The first place at or after this one that has a row; before it where there is none after.
    pub(super) fn settle(&self, place: Place, layout: &Layout<'_, '_>) -> Place {
        let event = self.visible(place.event.clamp(1, self.total.max(1)));
        let rows = self.item(event, layout).rows.len();
        if rows > 0 {
            let row = if event == place.event { place.row.min(rows - 1) } else { 0 };
            return Place { event, row };
        }
        let place = Place { event, row: 0 };
        self.down(place, layout).or_else(|| self.up(place, layout)).unwrap_or(place)
    }

    /// The last place.
    pub(super) fn last(&self, layout: &Layout<'_, '_>) -> Place {
        let end = Place { event: self.end(), row: 0 };
        self.up(end, layout).unwrap_or_default()
    }

    /// How many rows lie between two places, `most` when there are more.
    pub(super) fn distance(&self, from: Place, to: Place, most: usize, layout: &Layout<'_, '_>) -> usize {
        let mut place = from;
        let mut rows = 0;
        while place < to && rows < most {
            let Some(next) = self.down(place, layout) else { break };
            place = next;
            rows += 1;
        }
        rows
    }

    /// The event by which one that is hidden in a folded turn or in a call's rows is shown.
    pub(super) fn shown_by(&self, event: u32) -> u32 {
        match self.pages.at(event) {
            At::Entry(entry) => match entry.call_id() {
                Some(call) if matches!(entry.event.body, Body::ToolResult(_)) => {
                    self.pages.call_of(event, call).map_or(event, |call| call.number)
                }
                _ => event,
            },
            _ => event,
        }
    }

    /// The first event that is not at hand among those shown from `top` on, in so many rows.
    pub(super) fn first_missing(&self, top: Place, rows: usize, layout: &Layout<'_, '_>) -> Option<u32> {
        let mut event = self.visible(top.event.max(1));
        let mut seen = 0;
        while event < self.end() && seen < rows + top.row {
            let item = self.item(event, layout);
            if item.is_missing {
                return Some(event);
            }
            seen += item.rows.len();
            event = item.next;
        }
        None
    }

    /// The turn's first event for one in a folded turn, else the event itself.
    fn visible(&self, event: u32) -> u32 {
        match self.turn_at(event).map(|turn| &self.turns[turn]) {
            Some(turn) if !self.folds.is_turn_open(turn) => turn.event,
            _ => event,
        }
    }

    fn down(&self, place: Place, layout: &Layout<'_, '_>) -> Option<Place> {
        let item = self.item(place.event, layout);
        if place.row + 1 < item.rows.len() {
            return Some(Place { row: place.row + 1, ..place });
        }
        let mut event = item.next;
        while event < self.end() {
            let item = self.item(event, layout);
            if !item.rows.is_empty() {
                return Some(Place { event, row: 0 });
            }
            event = item.next;
        }
        None
    }

    fn up(&self, place: Place, layout: &Layout<'_, '_>) -> Option<Place> {
        if place.row > 0 {
            return Some(Place { row: place.row - 1, ..place });
        }
        let mut event = place.event;
        while let Some(before) = self.before(event) {
            let rows = self.item(before, layout).rows.len();
            if rows > 0 {
                return Some(Place { event: before, row: rows - 1 });
            }
            event = before;
        }
        None
    }

    fn lay_out(&self, event: u32, layout: &Layout<'_, '_>) -> Item {
        let at = self.turn_at(event);
        let next_turn = at.map_or(0, |at| at + 1);
        let next_turn = self.turns.get(next_turn).map_or(self.end(), |turn| turn.event);
        if let Some(turn) = at.map(|at| &self.turns[at]).filter(|turn| turn.event == event && turn.turn > 0) {
            let is_open = self.folds.is_turn_open(turn);
            let prompt = match self.pages.at(event) {
                At::Entry(entry) => Some(entry),
                _ => None,
            };
            let rows = layout.turn(turn, prompt.filter(|_| is_open), is_open);
            return Item { rows: rows.into(), next: if is_open { event + 1 } else { next_turn }, is_missing: false };
        }
        match self.pages.at(event) {
            At::Nothing => Item { rows: Rc::from([]), next: event + 1, is_missing: false },
            At::Missing(to) => {
                let loading = Line::from(Span::styled(format!("     {}", text::tui::LOADING), layout.look.theme.dim()));
                Item { rows: Rc::from([loading]), next: to.min(next_turn).min(self.end()), is_missing: true }
            }
            At::Entry(entry) => Item { rows: self.rows_of(entry, layout).into(), next: event + 1, is_missing: false },
        }
    }

    fn rows_of(&self, entry: &Entry, layout: &Layout<'_, '_>) -> Vec<Line<'static>> {
        let openness = self.folds.openness(entry);
        match &entry.event.body {
            // A prompt that came after the outline was asked for.
            Body::Message(message) if message.role == Role::Human => {
                let turn = self.turns.last().map_or(1, |last| last.turn + 1);
                let turn = OutlineTurn { turn, event: entry.number, ..OutlineTurn::default() };
                layout.turn(&turn, Some(entry), true)
            }
            Body::ToolResult(_) => {
                let is_told_by_call = entry.call_id().is_some_and(|call| {
                    self.pages.call_of(entry.number, call).is_some() || !self.pages.has_before(entry.number)
                });
                if is_told_by_call { Vec::new() } else { layout.rows(entry, None, openness) }
            }
            Body::ToolCall(_) | Body::Command(_) => {
                let call = entry.call_id();
                let result = call.and_then(|call| self.pages.result_of(entry.number, call));
                let is_told_by_edit = call.is_some_and(|call| self.pages.is_told_by_edit(entry.number, call));
                let is_flipped = self.folds.events.contains(&entry.number);
                if is_told_by_edit && result.is_none_or(went_well) && !is_flipped {
                    return Vec::new();
                }
                layout.rows(entry, result, openness)
            }
            _ => layout.rows(entry, None, openness),
        }
    }
}
