//! The rows of a list of sessions: their order, their groups, how each is drawn.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use opensession_protocol::{SessionInfo, SessionRelation};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::format::time::Times;
use crate::format::{cells, clean, number};
use crate::text;
use crate::tui::look::Look;
use crate::tui::paint;

/// Below this width a session takes two lines.
const ONE_LINE: u16 = 60;

/// Cells that titles have at least, while there is a column to be left out; and cells before them.
const TITLE_LEAST: usize = 28;
const LEAD: usize = 5;

/// How a list is ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// As a search ranks them.
    Best,
    /// The last changed first.
    Newest,
    /// Likewise, with a head for each day.
    #[default]
    Day,
    /// By repository, with a head for each.
    Repository,
}

/// Rows, and the place in them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) order: Order,
    /// As the daemon gives them.
    sessions: Vec<SessionInfo>,
    /// What is shown, in order.
    entries: Vec<Entry>,
    /// The session under the cursor: its index among the sessions that are shown.
    pub(super) selected: usize,
    /// The first line that is shown.
    top: usize,
    /// Lines that a session takes, as it was last drawn.
    lines_each: usize,
}

#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Head(String),
    /// An index into the sessions.
    Session(usize),
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// The session under the cursor.
    pub(super) fn session(&self) -> Option<&SessionInfo> {
        self.shown().nth(self.selected).map(|index| &self.sessions[index])
    }

    /// Takes other sessions; the cursor stays on its session where that is among them, and on its line where it is not.
    pub(super) fn replace(&mut self, sessions: Vec<SessionInfo>, times: &Times<'_>) {
        let (id, line) = (self.session().map(|session| session.id.clone()), self.line_of(self.selected).start);
        let from_top = line.saturating_sub(self.top);
        self.sessions = sessions;
        self.arrange(times);
        if let Some(at) = id.and_then(|id| self.shown().position(|index| self.sessions[index].id == id)) {
            // A cursor at the very top stays there: what is new is to be seen.
            if self.selected > 0 || self.top > 0 {
                self.selected = at;
                self.top = self.line_of(at).start.saturating_sub(from_top);
            }
        }
        self.clamp();
    }

    pub(super) fn append(&mut self, sessions: Vec<SessionInfo>, times: &Times<'_>) {
        let id = self.session().map(|session| session.id.clone());
        let known: BTreeSet<String> = self.sessions.iter().map(|session| session.id.clone()).collect();
        self.sessions.extend(sessions.into_iter().filter(|session| !known.contains(&session.id)));
        self.arrange(times);
        if let Some(at) = id.and_then(|id| self.shown().position(|index| self.sessions[index].id == id)) {
            self.selected = at;
        }
        self.clamp();
    }

    /// Takes other sessions while a query is typed: those that are shown and stay keep their order, the others come below.
    pub(super) fn become_these(&mut self, mut sessions: Vec<SessionInfo>, times: &Times<'_>) {
        let places: HashMap<&str, usize> =
            self.sessions.iter().enumerate().map(|(at, session)| (session.id.as_str(), at)).collect();
        sessions.sort_by_key(|session| places.get(session.id.as_str()).copied().unwrap_or(usize::MAX));
        self.replace(sessions, times);
    }

    pub(super) fn next_order(&mut self, is_found: bool, times: &Times<'_>) {
        let id = self.session().map(|session| session.id.clone());
        self.order = match self.order {
            Order::Best => Order::Newest,
            Order::Newest => Order::Day,
            Order::Day => Order::Repository,
            Order::Repository if is_found => Order::Best,
            Order::Repository => Order::Newest,
        };
        self.arrange(times);
        self.selected = id.and_then(|id| self.shown().position(|index| self.sessions[index].id == id)).unwrap_or(0);
        self.clamp();
    }

    pub(super) fn step(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by);
        self.clamp();
    }

    /// Moves the cursor to the session in this row of the list; `true` when it is there already.
    pub(super) fn click(&mut self, row: usize) -> bool {
        let line = self.top + row;
        let Some(at) = (0..self.len()).find(|at| self.line_of(*at).contains(&line)) else { return false };
        let was_there = self.selected == at;
        self.selected = at;
        was_there
    }

    pub(super) fn draw(
        &mut self,
        buffer: &mut Buffer,
        area: Rect,
        all: bool,
        marked: &BTreeSet<String>,
        has_focus: bool,
        look: &Look<'_>,
    ) {
        self.lines_each = if area.width < ONE_LINE { 2 } else { 1 };
        let height = usize::from(area.height);
        let mut shown = self.line_of(self.selected);
        // The head above the first session of a group comes into view with it.
        if shown.start > 0 && self.selected == 0 {
            shown.start = 0;
        }
        self.top = paint::scrolled(self.top, shown, height);
        let widths = Widths::of(self.sessions.iter(), all, area.width, look);
        let mut line = 0;
        let mut at = 0;
        for entry in &self.entries {
            let lines = if matches!(entry, Entry::Head(_)) { 1 } else { self.lines_each };
            let is_shown = line + lines > self.top && line < self.top + height;
            if is_shown && line >= self.top {
                let y = (line - self.top) as u16;
                match entry {
                    Entry::Head(head) => paint::text(buffer, area, y, head, look.theme.dim()),
                    Entry::Session(index) => {
                        let session = &self.sessions[*index];
                        let is_selected = at == self.selected;
                        let row = Row { session, is_selected, is_marked: marked.contains(&session.id), all, look };
                        if self.lines_each == 1 {
                            row.draw_line(buffer, area, y, &widths);
                        } else {
                            row.draw_two(buffer, area, y);
                        }
                        if is_selected {
                            for y in y..y + lines as u16 {
                                paint::row_style(buffer, area, y, look.theme.cursor(has_focus));
                            }
                        }
                    }
                }
            }
            line += lines;
            at += usize::from(matches!(entry, Entry::Session(_)));
        }
    }

    fn shown(&self) -> impl Iterator<Item = usize> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Session(index) => Some(*index),
            Entry::Head(_) => None,
        })
    }

    /// The lines of the session that is the `wanted`th shown.
    fn line_of(&self, wanted: usize) -> Range<usize> {
        let each = self.lines_each.max(1);
        let mut line = 0;
        let mut at = 0;
        for entry in &self.entries {
            match entry {
                Entry::Head(_) => line += 1,
                Entry::Session(_) if at == wanted => return line..line + each,
                Entry::Session(_) => {
                    line += each;
                    at += 1;
                }
            }
        }
        line..line
    }

    fn clamp(&mut self) {
        self.selected = self.selected.min(self.len().saturating_sub(1));
    }

    fn arrange(&mut self, times: &Times<'_>) {
        let mut order: Vec<usize> = (0..self.sessions.len()).collect();
        let group = |session: &SessionInfo| match self.order {
            Order::Best | Order::Newest => None,
            Order::Day => Some(day(session, times)),
            Order::Repository => Some(repository(session)),
        };
        if self.order == Order::Newest || self.order == Order::Day {
            order.sort_by_key(|index| std::cmp::Reverse(self.sessions[*index].updated));
        } else if self.order == Order::Repository {
            // The repositories in the order of their newest sessions.
            let mut seen: Vec<String> = Vec::new();
            let ranks: Vec<usize> = self
                .sessions
                .iter()
                .map(|session| {
                    let name = repository(session);
                    seen.iter().position(|known| *known == name).unwrap_or_else(|| {
                        seen.push(name);
                        seen.len() - 1
                    })
                })
                .collect();
            order.sort_by_key(|index| ranks[*index]);
        }
        let mut entries = Vec::with_capacity(order.len());
        let mut last = None;
        for index in order {
            let head = group(&self.sessions[index]);
            if head != last
                && let Some(head) = &head
            {
                entries.push(Entry::Head(head.clone()));
            }
            last = head;
            entries.push(Entry::Session(index));
        }
        self.entries = entries;
    }
}

/// `Today`, `Yesterday`, `Thu Nov 19`, `2025-10-14`.
fn day(session: &SessionInfo, times: &Times<'_>) -> String {
    session.updated.map_or_else(|| "-".to_owned(), |updated| times.day_name(updated))
}

fn repository(session: &SessionInfo) -> String {
    let name = session.repository.as_deref().map(clean::one_line).unwrap_or_default();
    if name.is_empty() { text::tui::NO_REPOSITORY.to_owned() } else { name.into_owned() }
}

/// One session of a list.
struct Row<'a, 'h> {
    session: &'a SessionInfo,
    is_selected: bool,
    is_marked: bool,
    all: bool,
    look: &'a Look<'h>,
}

/// Cells of the columns after the title.
struct Widths {
    agent: usize,
    place: usize,
    turns: usize,
    changed: usize,
    star: usize,
    age: usize,
}

impl Widths {
    fn of<'s>(sessions: impl Iterator<Item = &'s SessionInfo> + Clone, all: bool, width: u16, look: &Look<'_>) -> Self {
        let widest = |text: &dyn Fn(&SessionInfo) -> String| {
            sessions.clone().map(|session| cells::cells(&text(session))).max().unwrap_or(0)
        };
        let mut widths = Self {
            agent: widest(&|session| clean::one_line(&session.agent).into_owned()).min(14),
            place: widest(&|session| place(session, all)).min(if width >= 110 { 28 } else { 14 }),
            turns: widest(&|session| text::tui::turns(session.stats.turns)),
            changed: widest(&changed),
            star: widest(&|session| star(session, look).to_owned()),
            age: widest(&|session| look.times.listed(session.updated)),
        };
        // Titles say most: what leaves them too little room goes, places first.
        let lacks_room = |widths: &Self| widths.taken() + LEAD + TITLE_LEAST > usize::from(width);
        if lacks_room(&widths) {
            let over = widths.taken() + LEAD + TITLE_LEAST - usize::from(width);
            widths.place = widths.place.saturating_sub(over).max(8.min(widths.place));
        }
        for column in [Self::place_mut, Self::changed_mut, Self::turns_mut] {
            if lacks_room(&widths) {
                *column(&mut widths) = 0;
            }
        }
        widths
    }

    /// Cells that the columns take, with the gaps before them.
    fn taken(&self) -> usize {
        let columns = [self.agent, self.place, self.turns, self.changed, self.star, self.age];
        columns.into_iter().filter(|column| *column > 0).map(|column| column + 2).sum()
    }

    fn place_mut(&mut self) -> &mut usize {
        &mut self.place
    }

    fn changed_mut(&mut self) -> &mut usize {
        &mut self.changed
    }

    fn turns_mut(&mut self) -> &mut usize {
        &mut self.turns
    }
}

impl Row<'_, '_> {
    /// `> ◉ Fix the flaky lock test   claude-code  main  42t  +120 -8  2h`
    fn draw_line(&self, buffer: &mut Buffer, area: Rect, y: u16, widths: &Widths) {
        let theme = self.look.theme;
        let ellipsis = theme.ellipsis();
        let session = self.session;
        let mut columns: Vec<(String, usize, bool, Style)> = vec![
            (clean::one_line(&session.agent).into_owned(), widths.agent, false, theme.plain()),
            (place(session, self.all), widths.place, false, theme.dim()),
            (text::tui::turns(session.stats.turns), widths.turns, true, theme.plain()),
            (changed(session), widths.changed, true, theme.plain()),
            (star(session, self.look).to_owned(), widths.star, false, theme.star()),
            (self.look.times.listed(session.updated), widths.age, true, theme.plain()),
        ];
        columns.retain(|(_, width, ..)| *width > 0);
        let taken: usize = columns.iter().map(|(_, width, ..)| width + 2).sum();
        let mut parts = self.lead();
        let lead: usize = parts.iter().map(Span::width).sum();
        let room = usize::from(area.width).saturating_sub(taken + lead);
        let title = cells::cut_end(&clean::one_line(&session.title), room, ellipsis);
        let padding = cells::padding(&title, room);
        parts.push(Span::styled(title, theme.plain()));
        parts.push(Span::raw(padding));
        for (text, width, to_right, style) in columns {
            let shown = cells::cut_end(&text, width, ellipsis);
            let padding = cells::padding(&shown, width);
            parts.push(Span::raw("  "));
            if to_right {
                parts.push(Span::raw(padding));
                parts.push(Span::styled(shown, style));
            } else {
                parts.push(Span::styled(shown, style));
                parts.push(Span::raw(padding));
            }
        }
        paint::line(buffer, area, y, &Line::from(parts));
    }

    /// The title and the age, and below them the rest.
    fn draw_two(&self, buffer: &mut Buffer, area: Rect, y: u16) {
        let theme = self.look.theme;
        let session = self.session;
        let mut right = vec![Span::raw(self.look.times.listed(session.updated))];
        if session.starred {
            right.splice(0..0, [Span::styled(star(session, self.look), theme.star()), Span::raw("  ")]);
        }
        let right = Line::from(right);
        let mut parts = self.lead();
        let lead: usize = parts.iter().map(Span::width).sum();
        let room = usize::from(area.width).saturating_sub(lead + right.width() + 2);
        parts.push(Span::raw(cells::cut_end(&clean::one_line(&session.title), room, theme.ellipsis())));
        paint::line(buffer, area, y, &Line::from(parts));
        paint::line_right(buffer, area, y, &right);
        // Counts are never cut: the place gives way.
        let agent = clean::one_line(&session.agent).into_owned();
        let counts = [text::tui::turns(session.stats.turns), changed(session)];
        let others = counts.iter().chain([&agent]).filter(|fact| !fact.is_empty());
        let taken: usize = others.map(|fact| cells::cells(fact) + 2).sum();
        let place = place(session, self.all);
        let place = cells::cut_end(&place, usize::from(area.width).saturating_sub(lead + taken), theme.ellipsis());
        let facts = [agent, place].into_iter().chain(counts).filter(|fact| !fact.is_empty());
        let below = format!("{}{}", " ".repeat(lead), facts.collect::<Vec<_>>().join("  "));
        paint::text(
            buffer,
            area,
            y + 1,
            &cells::cut_end(&below, usize::from(area.width), theme.ellipsis()),
            theme.dim(),
        );
    }

    /// The cursor, the mark, the state.
    fn lead(&self) -> Vec<Span<'static>> {
        let theme = self.look.theme;
        let cursor = if self.is_selected { ">" } else { " " };
        let mark = if self.is_marked { "+" } else { " " };
        let (sign, style) = if self.session.relation == Some(SessionRelation::Subagent) {
            (theme.subagent_sign(), theme.dim())
        } else {
            theme.state_sign(self.session.state)
        };
        let padding = " ".repeat(2_usize.saturating_sub(cells::cells(sign)) + usize::from(theme.ascii));
        let padding = if theme.ascii { padding } else { " ".to_owned() };
        vec![
            Span::styled(cursor, theme.bold()),
            Span::styled(mark, theme.bold()),
            Span::styled(sign, style),
            Span::raw(padding),
        ]
    }
}

/// Where a session took place: the branch in one repository, the repository too in all of them.
fn place(session: &SessionInfo, all: bool) -> String {
    let branch = session.branch.as_deref().map(clean::one_line).unwrap_or_default();
    if all { crate::session_line::place(session) } else { branch.into_owned() }
}

/// The sign of a session with a star; nothing for others.
fn star(session: &SessionInfo, look: &Look<'_>) -> &'static str {
    if session.starred { look.theme.star_sign() } else { "" }
}

/// `+120 -8`; nothing for a session that changed nothing.
fn changed(session: &SessionInfo) -> String {
    let stats = &session.stats;
    if stats.added + stats.removed == 0 {
        return String::new();
    }
    format!("+{} -{}", number::count(stats.added), number::count(stats.removed))
}
