//! Two sessions compared, as the daemon tells it.

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use serde_json::Value;

use super::View;
use crate::connection::CallError;
use crate::format::{cells, clean};
use crate::text;
use crate::tui::effects::{Answer, Effect, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::list::List;
use crate::tui::look::Look;
use crate::tui::paint;
use crate::tui::theme::Theme;

/// A text wider than this is hard to read.
const WIDEST: u16 = 120;

/// Two sessions compared.
pub(crate) struct DiffView {
    /// Which two, as the daemon takes them.
    params: Value,
    awaited: Option<Ticket>,
    /// The comparison as Markdown.
    markdown: String,
    /// Its lines, broken at the width that it was last drawn in.
    lines: Vec<(String, Style)>,
    wrapped_at: usize,
    list: List,
    has_failed: bool,
}

impl DiffView {
    pub(crate) fn new(mut params: Value) -> Self {
        params["markdown"] = Value::Bool(true);
        Self {
            params,
            awaited: None,
            markdown: String::new(),
            lines: Vec::new(),
            wrapped_at: 0,
            list: List::text(),
            has_failed: false,
        }
    }

    fn wrap(&mut self, width: usize, theme: Theme) {
        if self.wrapped_at == width {
            return;
        }
        self.wrapped_at = width;
        self.lines.clear();
        for line in clean::lines(&self.markdown).lines() {
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
            self.lines.extend(parts.into_iter().map(|part| (part, style)));
        }
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
        match action {
            Action::CopyText if !self.markdown.is_empty() => {
                ui.say(text::tui::COPIED_DIFF);
                ui.effects.push(Effect::Copy(self.markdown.clone()));
            }
            _ => return self.list.act(action),
        }
        true
    }

    fn mouse(&mut self, event: MouseEvent, _ui: &mut Ui<'_, '_>) {
        self.list.mouse(event);
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        if self.awaited != Some(ticket) {
            return;
        }
        self.awaited = None;
        match answer {
            Ok(Answer::Diff(diff)) => {
                self.markdown = diff.markdown.unwrap_or_default();
                self.wrapped_at = 0;
            }
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
        if self.markdown.is_empty() {
            let said = if self.has_failed { text::tui::NO_DIFF } else { text::tui::LOADING };
            paint::text(buffer, body, 1, said, theme.dim());
            return None;
        }
        self.wrap(usize::from(body.width.min(WIDEST)), theme);
        for index in self.list.lay_out(body, self.lines.len()) {
            let (line, style) = &self.lines[index];
            paint::text(buffer, body, self.list.row(index), line, *style);
        }
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Down, Action::CopyText, Action::Back]
    }
}
