//! How a session is drawn: its head, the outline of its prompts, its rows.

use std::rc::Rc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::SessionView;
use super::flow::Place;
use crate::format::{cells, clean};
use crate::session_line;
use crate::text;
use crate::tui::look::Look;
use crate::tui::paint;

/// From this width on an outline of the prompts stands at the left, so wide.
const OUTLINE_FROM: u16 = 160;
const OUTLINE_WIDTH: u16 = 34;

impl SessionView {
    /// Draws everything, and gives where the cursor stands when something is typed.
    pub(super) fn draw_page(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        self.draw_head(buffer, Rect { height: 1, ..area }, look);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.outline_area = Rect::default();
        self.area = body;
        if area.width >= OUTLINE_FROM {
            self.outline_area = Rect { width: OUTLINE_WIDTH, ..body };
            paint::upright(buffer, Rect { x: body.x + OUTLINE_WIDTH, width: 1, ..body }, look.theme);
            let taken = OUTLINE_WIDTH + 2;
            self.area = Rect { x: body.x + taken, width: body.width - taken, ..body };
        }
        if !self.has_outline {
            paint::text(buffer, self.area, 1, text::tui::LOADING, look.theme.dim());
        } else if self.flow.total == 0 {
            paint::text(buffer, self.area, 1, text::tui::NO_EVENT, look.theme.dim());
        } else {
            self.scroll(look);
            self.draw_outline(buffer, look);
            self.draw_rows(buffer, look);
        }
        let (_, cursor) = self.find.line.shown(usize::from(area.width / 2));
        let at = Position { x: area.x + 1 + cursor as u16, y: area.y + area.height };
        self.find.is_typed.then_some(at)
    }

    fn draw_head(&self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) {
        let theme = look.theme;
        let Some(info) = &self.info else {
            return paint::text(buffer, area, 0, &format!("{}  {}", self.short_id, text::tui::LOADING), theme.dim());
        };
        let turn = self.flow.turn_at(self.cursor.event).map_or(0, |at| self.flow.turns[at].turn);
        let turns = self.flow.turns.last().map_or(0, |last| last.turn);
        let right = text::tui::turn_of(turn, turns);
        let mut spans = vec![Span::raw("  "), Span::styled(self.short_id.to_string(), theme.id())];
        if let Some(word) = info.state.word() {
            let (sign, style) = theme.state_sign(info.state);
            spans.push(Span::styled(format!(" {}", format!("{sign} {word}").trim_start()), style));
        }
        if info.starred {
            spans.push(Span::styled(format!(" {} {}", theme.star_sign(), text::STARRED), theme.star()));
        }
        let place = session_line::place(info);
        let facts = format!("  {} {place}", clean::one_line(&info.agent));
        let width = usize::from(area.width);
        let id: usize = spans.iter().map(Span::width).sum();
        let room = width.saturating_sub(id + cells::cells(&right) + 2);
        let facts_room = (cells::cells(&facts)).min(room / 2);
        let title = cells::cut_end(&clean::one_line(&info.title), room - facts_room, theme.ellipsis());
        let facts = cells::cut_end(facts.trim_end(), room - cells::cells(&title), theme.ellipsis());
        spans.insert(0, Span::styled(title, theme.bold()));
        spans.push(Span::styled(facts, theme.dim()));
        paint::line(buffer, area, 0, &Line::from(spans));
        paint::line_right(buffer, area, 0, &Line::from(right));
    }

    /// The prompts, the one of the cursor marked.
    fn draw_outline(&self, buffer: &mut Buffer, look: &Look<'_>) {
        let area = self.outline_area;
        let theme = look.theme;
        let current = self.flow.turn_at(self.cursor.event).unwrap_or(0);
        for (y, at) in (self.outline_top()..self.flow.turns.len()).take(usize::from(area.height)).enumerate() {
            let turn = &self.flow.turns[at];
            let mark = if at == current { ">" } else { " " };
            let failed = if turn.errors > 0 { theme.status_sign(opensession_hail::Status::Error).0 } else { " " };
            let line = format!("{mark}{failed} {:>3} {}", turn.turn, clean::one_line(&turn.prompt));
            let shown = cells::cut_end(&line, usize::from(area.width), theme.ellipsis());
            let style = if at == current { theme.bold() } else { theme.plain() };
            paint::text(buffer, area, y as u16, &shown, style);
        }
    }

    pub(super) fn outline_top(&self) -> usize {
        let height = usize::from(self.outline_area.height).max(1);
        let current = self.flow.turn_at(self.cursor.event).unwrap_or(0);
        let most = self.flow.turns.len().saturating_sub(height);
        current.saturating_sub(height / 2).min(most)
    }

    fn draw_rows(&self, buffer: &mut Buffer, look: &Look<'_>) {
        let session = Rc::clone(&self.short_id);
        let layout = self.layout(look, &session);
        let mut event = self.top.event.max(1);
        let mut skip = self.top.row;
        let mut y = 0;
        while event < self.flow.end() && usize::from(y) < self.height() {
            let item = self.flow.item(event, &layout);
            for (row, line) in item.rows.iter().enumerate().skip(skip) {
                let marked = self.find.marked(line, look.theme);
                paint::line(buffer, self.area, y, marked.as_ref().unwrap_or(line));
                if (Place { event, row }) == self.cursor {
                    paint::row_style(buffer, self.area, y, look.theme.cursor(!self.find.is_typed));
                }
                y += 1;
            }
            skip = 0;
            event = item.next;
        }
    }
}
