//! Two sessions compared, as the daemon tells it.

use opensession_protocol::SessionDiff;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use serde_json::Value;

use super::View;
use crate::connection::CallError;
use crate::format::{cells, clean};
use crate::text;
use crate::tui::effects::{Answer, Effect, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::look::Look;
use crate::tui::paint;

/// Two sessions compared.
pub(crate) struct DiffView {
    /// Which two, as the daemon takes them.
    params: Value,
    awaited: Option<Ticket>,
    /// The comparison as Markdown, line by line.
    lines: Vec<String>,
    markdown: String,
    top: usize,
    height: usize,
    rows: usize,
    has_failed: bool,
}

impl DiffView {
    pub(crate) fn new(mut params: Value) -> Self {
        params["markdown"] = Value::Bool(true);
        Self {
            params,
            awaited: None,
            lines: Vec::new(),
            markdown: String::new(),
            top: 0,
            height: 20,
            rows: 0,
            has_failed: false,
        }
    }

    fn step(&mut self, by: isize) {
        let most = self.rows.saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(by).min(most);
    }

    fn took(&mut self, diff: SessionDiff) {
        self.markdown = diff.markdown.unwrap_or_default();
        self.lines = clean::lines(&self.markdown).lines().map(str::to_owned).collect();
    }
}

impl View for DiffView {
    fn places(&self) -> &'static [Place] {
        &[Place::Diff, Place::Everywhere]
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        let params = self.params.clone();
        self.awaited = Some(ui.ask(Lane::Act, "session/diff", params, |diff| Answer::Diff(Box::new(diff))));
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        let half = (self.height / 2).max(1) as isize;
        match action {
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::HalfPageDown => self.step(half),
            Action::HalfPageUp => self.step(-half),
            Action::First => self.step(isize::MIN / 2),
            Action::Last => self.step(isize::MAX / 2),
            Action::CopyText if !self.markdown.is_empty() => {
                ui.say(text::tui::COPIED_DIFF);
                ui.effects.push(Effect::Copy(self.markdown.clone()));
            }
            _ => return false,
        }
        true
    }

    fn mouse(&mut self, event: MouseEvent, _ui: &mut Ui<'_, '_>) {
        match event.kind {
            MouseEventKind::ScrollDown => self.step(3),
            MouseEventKind::ScrollUp => self.step(-3),
            _ => {}
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        if self.awaited != Some(ticket) {
            return;
        }
        self.awaited = None;
        match answer {
            Ok(Answer::Diff(diff)) => self.took(*diff),
            Ok(_) => {}
            Err(error) => {
                self.has_failed = true;
                ui.refused(error);
            }
        }
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        let theme = look.theme;
        paint::divider(buffer, area, 0, text::tui::DIFF_TITLE, "", true, theme);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        self.height = usize::from(body.height).max(1);
        if self.lines.is_empty() {
            let said = if self.has_failed { text::tui::NO_DIFF } else { text::tui::LOADING };
            paint::text(buffer, body, 1, said, theme.dim());
            return None;
        }
        let width = usize::from(body.width.min(120));
        let mut y = 0;
        for line in &self.lines {
            let style = match line.as_bytes().first() {
                Some(b'#') => theme.bold(),
                Some(b'+') => theme.added(),
                Some(b'-') if !line.starts_with("- ") => theme.removed(),
                Some(b'@') => theme.dim(),
                _ => theme.plain(),
            };
            // A table's row is cut, a sentence is broken.
            let parts = if line.starts_with('|') {
                vec![cells::cut_end(line, width, theme.ellipsis())]
            } else {
                cells::wrap(line, width)
            };
            for part in parts {
                if y >= self.top && y - self.top < self.height {
                    paint::line(buffer, body, (y - self.top) as u16, &Line::styled(part, style));
                }
                y += 1;
            }
        }
        self.rows = y;
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Down, Action::CopyText, Action::Back]
    }
}
