//! What is drawn around every view: the head with the tabs, the foot with the keys.

use opensession_protocol::IndexState;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::App;
use crate::format::{cells, number};
use crate::text;
use crate::tui::keys::{self, Action, Place};
use crate::tui::paint;
use crate::tui::views::Tab;

/// Bytes that are left to be read before the head tells so, after the first time.
const WORTH_TELLING: u64 = 16 << 20;

impl App<'_> {
    pub(super) fn draw_head(&self, buffer: &mut Buffer, area: Rect) {
        let theme = self.look.theme;
        let mut parts = vec![Span::styled(text::tui::NAME, theme.bold()), Span::raw("  ")];
        for (tab, action) in Tab::ALL {
            let key = keys::key_of(&[Place::Everywhere], *action).unwrap_or_default();
            let is_current = self.tabs.get(self.current).is_some_and(|(current, _)| current == tab);
            let style = if is_current { theme.hit() } else { theme.plain() };
            parts.push(Span::styled(format!("{key} {}", text::tui::tab(*tab)), style));
            parts.push(Span::raw("  "));
        }
        paint::line(buffer, area, 0, &Line::from(parts));
        let mut right = Vec::new();
        if self.is_offline {
            right.push(Span::styled(text::tui::OFFLINE, theme.failed()));
        } else {
            let left = self.index.bytes_total.saturating_sub(self.index.bytes_done);
            match self.index.state {
                IndexState::Reading if self.index.first_run || left > WORTH_TELLING => {
                    let share = number::percent(self.index.bytes_done, self.index.bytes_total);
                    right.push(Span::styled(text::tui::indexing(&share), theme.live()));
                }
                IndexState::Rebuilding => right.push(Span::styled(text::REBUILDING, theme.live())),
                _ => {}
            }
            if self.live > 0 {
                if !right.is_empty() {
                    right.push(Span::raw("  "));
                }
                let (sign, style) = theme.state_sign(opensession_protocol::SessionState::Live);
                right.push(Span::styled(format!("{sign} {}", text::tui::live(self.live)), style));
            }
        }
        paint::line_right(buffer, area, 0, &Line::from(right));
    }

    pub(super) fn draw_foot(&mut self, buffer: &mut Buffer, area: Rect) {
        let theme = self.look.theme;
        if let Some(notice) = &self.notice {
            let style = if notice.is_failure { theme.failed() } else { theme.plain() };
            let shown = cells::cut_end(&notice.text, usize::from(area.width), theme.ellipsis());
            return paint::text(buffer, area, 0, &shown, style);
        }
        let layer = self.top();
        let places = layer.view.places();
        let mut used = 0;
        let left = layer.view.foot(&self.look);
        if !left.is_empty() {
            paint::text(buffer, area, 0, &left, theme.plain());
            used = cells::cells(&left) + 3;
        }
        let indent = (used as u16).min(area.width);
        let hints = Rect { x: area.x + indent, width: area.width - indent, ..area };
        let mut parts = Vec::new();
        // Help is named whatever the width: what does not fit is found there.
        let help = keys::key_of(places, Action::Help).map(|key| format!("{key} {}", text::tui::action(Action::Help)));
        let help_width = help.as_ref().map_or(0, |help| help.len() + 2);
        for action in layer.view.hints() {
            let Some(key) = keys::key_of(places, *action) else { continue };
            let hint = format!("{key} {}", text::tui::action(*action));
            if used + hint.len() + 2 + help_width > usize::from(area.width) {
                break;
            }
            used += hint.len() + 2;
            parts.extend([Span::styled(key, theme.bold()), Span::raw(format!(" {}  ", text::tui::action(*action)))]);
        }
        if let Some(help) = help {
            parts.push(Span::styled(help, theme.dim()));
        }
        paint::line(buffer, hints, 0, &Line::from(parts));
    }
}
