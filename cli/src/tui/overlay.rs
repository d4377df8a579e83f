//! What lies over a view for a moment: help, all actions by name, a choice, a line to be typed.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget as _};

use super::keys::{self, Action, Binding, Place};
use super::line_edit::LineEdit;
use super::theme::Theme;
use super::{look::Look, paint};
use crate::format::cells;
use crate::text;

/// Who asked, so that the answer reaches it.
pub(crate) type Tag = u8;

/// What lies over a view.
#[derive(Debug)]
pub(crate) enum Overlay {
    /// The keys of these places; what is typed filters them.
    Help { places: Vec<Place>, filter: LineEdit, top: usize },
    /// All actions by name; the one chosen is done.
    Palette { places: Vec<Place>, filter: LineEdit, selected: usize },
    /// One of several.
    Pick { title: String, rows: Vec<String>, selected: usize, tag: Tag },
    /// A line of text.
    Ask { title: String, note: String, line: LineEdit, tag: Tag },
}

/// What became of a key that an overlay took.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It stays.
    Stay,
    /// It goes, and nothing else happens.
    Close,
    /// It goes, and this is done.
    Act(Action),
    /// It goes: this row of [`Overlay::Pick`] was chosen.
    Picked(Tag, usize),
    /// It goes: this was typed into [`Overlay::Ask`].
    Typed(Tag, String),
}

impl Overlay {
    pub(crate) fn key(&mut self, key: &str) -> Outcome {
        if key == "Esc" || key == "Ctrl-c" {
            return Outcome::Close;
        }
        match self {
            Self::Help { filter, top, .. } => match key {
                "Down" | "Ctrl-n" => *top += 1,
                "Up" | "Ctrl-p" => *top = top.saturating_sub(1),
                "PgDn" => *top += 10,
                "PgUp" => *top = top.saturating_sub(10),
                "Enter" => return Outcome::Close,
                "?" | "q" if filter.is_empty() => return Outcome::Close,
                _ => {
                    filter.key(key);
                    *top = 0;
                }
            },
            Self::Palette { places, filter, selected } => {
                let shown = matching(places, filter.text());
                match key {
                    "Down" | "Ctrl-n" | "Tab" => *selected = (*selected + 1).min(shown.len().saturating_sub(1)),
                    "Up" | "Ctrl-p" => *selected = selected.saturating_sub(1),
                    "Enter" => {
                        return shown.get(*selected).map_or(Outcome::Close, |binding| Outcome::Act(binding.action));
                    }
                    _ => {
                        filter.key(key);
                        *selected = 0;
                    }
                }
            }
            Self::Pick { rows, selected, tag, .. } => match key {
                "Down" | "j" | "Ctrl-n" | "Tab" => *selected = (*selected + 1).min(rows.len().saturating_sub(1)),
                "Up" | "k" | "Ctrl-p" => *selected = selected.saturating_sub(1),
                "Enter" | "l" | "Right" => return Outcome::Picked(*tag, *selected),
                "q" | "h" | "Left" => return Outcome::Close,
                digit if digit.len() == 1 => {
                    let index = digit.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
                    if let Some(index) = index.filter(|index| *index < rows.len()) {
                        return Outcome::Picked(*tag, index);
                    }
                }
                _ => {}
            },
            Self::Ask { line, tag, .. } => match key {
                "Enter" => return Outcome::Typed(*tag, line.text().to_owned()),
                _ => {
                    line.key(key);
                }
            },
        }
        Outcome::Stay
    }

    pub(crate) fn paste(&mut self, text: &str) {
        match self {
            Self::Help { filter: line, .. } | Self::Palette { filter: line, .. } | Self::Ask { line, .. } => {
                line.insert(text);
            }
            Self::Pick { .. } => {}
        }
    }

    /// Draws it over `area`; gives where the cursor stands, when something is typed.
    pub(crate) fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        let theme = look.theme;
        match self {
            Self::Help { places, filter, top } => {
                let rows = help_rows(places, filter.text());
                let inner = frame(buffer, area, text::tui::HELP_TITLE, 76, rows.len() + 2, theme);
                let cursor = typed(buffer, inner, 0, filter, text::tui::FILTER, theme);
                let room = usize::from(inner.height.saturating_sub(2));
                *top = (*top).min(rows.len().saturating_sub(room));
                for (y, (head, keys, name)) in rows.iter().skip(*top).take(room).enumerate() {
                    let y = y as u16 + 2;
                    let line = if *head {
                        Line::from(Span::styled(name.clone(), theme.bold()))
                    } else {
                        Line::from(vec![
                            Span::styled(format!("  {keys}{}", cells::padding(keys, 24)), theme.id()),
                            Span::raw(name.clone()),
                        ])
                    };
                    paint::line(buffer, inner, y, &line);
                }
                Some(cursor)
            }
            Self::Palette { places, filter, selected } => {
                let shown = matching(places, filter.text());
                let inner = frame(buffer, area, text::tui::PALETTE_TITLE, 60, shown.len().max(1) + 2, theme);
                let cursor = typed(buffer, inner, 0, filter, ":", theme);
                if shown.is_empty() {
                    paint::text(buffer, inner, 2, text::tui::NO_ACTION, theme.dim());
                }
                let room = usize::from(inner.height.saturating_sub(2));
                let top = paint::scrolled(0, *selected..*selected + 1, room);
                for (index, binding) in shown.iter().enumerate().skip(top).take(room) {
                    let y = (index - top) as u16 + 2;
                    paint::text(buffer, inner, y, text::tui::action(binding.action), theme.plain());
                    paint::line_right(
                        buffer,
                        inner,
                        y,
                        &Line::from(Span::styled(binding.keys.join("  "), theme.dim())),
                    );
                    if index == *selected {
                        paint::row_style(buffer, inner, y, theme.cursor(true));
                    }
                }
                Some(cursor)
            }
            Self::Pick { title, rows, selected, .. } => {
                let digits = rows.len().to_string().len();
                let widest = rows.iter().map(|row| cells::cells(row)).max().unwrap_or(0) + digits + 2;
                let width = widest.max(cells::cells(title) + 4);
                let inner = frame(buffer, area, title, width as u16, rows.len(), theme);
                let room = usize::from(inner.height);
                let top = paint::scrolled(0, *selected..*selected + 1, room);
                for (index, row) in rows.iter().enumerate().skip(top).take(room) {
                    let y = (index - top) as u16;
                    paint::text(buffer, inner, y, &format!("{:digits$} {row}", index + 1), theme.plain());
                    if index == *selected {
                        paint::row_style(buffer, inner, y, theme.cursor(true));
                    }
                }
                None
            }
            Self::Ask { title, note, line, .. } => {
                let inner = frame(buffer, area, title, 70, 3, theme);
                for (y, part) in cells::wrap(note, usize::from(inner.width)).iter().take(2).enumerate() {
                    paint::text(buffer, inner, y as u16, part, theme.dim());
                }
                Some(typed(buffer, inner, inner.height.saturating_sub(1), line, ">", theme))
            }
        }
    }
}

/// Bindings whose name or key has what is typed.
fn matching(places: &[Place], typed: &str) -> Vec<&'static Binding> {
    let typed = typed.to_lowercase();
    let mut seen = Vec::new();
    keys::bindings(places)
        .filter(|binding| {
            let is_new = !seen.contains(&binding.action);
            seen.push(binding.action);
            is_new && text::tui::action(binding.action).to_lowercase().contains(&typed)
        })
        .collect()
}

/// Heads (`true`) and keys with what they do.
fn help_rows(places: &[Place], typed: &str) -> Vec<(bool, String, String)> {
    let typed = typed.to_lowercase();
    let mut rows = Vec::new();
    for place in places {
        let here = keys::bindings(std::slice::from_ref(place))
            .map(|binding| (false, binding.keys.join("  "), text::tui::action(binding.action).to_owned()));
        let is_whole = text::tui::place(*place).contains(&typed);
        let fits = |row: &(bool, String, String)| {
            is_whole
                || row.2.to_lowercase().contains(&typed)
                || row.1.split("  ").any(|key| key.eq_ignore_ascii_case(&typed))
        };
        let here: Vec<_> = here.filter(fits).collect();
        if !here.is_empty() {
            rows.push((true, String::new(), text::tui::place(*place).to_owned()));
            rows.extend(here);
        }
    }
    rows
}

/// A box in the middle of `area` with room for so many columns and rows; gives its inside.
fn frame(buffer: &mut Buffer, area: Rect, title: &str, width: u16, rows: usize, theme: Theme) -> Rect {
    let width = (width + 4).min(area.width);
    let height = (rows as u16 + 2).min(area.height);
    let outer = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    Clear.render(outer, buffer);
    for y in [0, outer.height.saturating_sub(1)] {
        let title = if y == 0 { title } else { "" };
        paint::divider(buffer, outer, y, title, "", true, theme);
    }
    for y in 1..outer.height.saturating_sub(1) {
        paint::text(buffer, outer, y, theme.vertical(), theme.dim());
        paint::line_right(buffer, outer, y, &Line::from(Span::styled(theme.vertical(), theme.dim())));
    }
    Rect {
        x: outer.x + 2.min(outer.width),
        y: outer.y + 1.min(outer.height),
        width: outer.width.saturating_sub(4),
        height: outer.height.saturating_sub(2),
    }
}

/// A label and a line that is typed; gives where its cursor stands.
fn typed(buffer: &mut Buffer, area: Rect, y: u16, line: &LineEdit, label: &str, theme: Theme) -> Position {
    let label = format!("{label} ");
    let at = (cells::cells(&label) as u16).min(area.width);
    paint::text(buffer, area, y, &label, theme.dim());
    let field = Rect { x: area.x + at, width: area.width - at, ..area };
    let (shown, cursor) = line.shown(usize::from(field.width));
    paint::text(buffer, field, y, shown, theme.plain());
    Position { x: field.x + cursor as u16, y: area.y + y }
}
