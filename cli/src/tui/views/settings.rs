//! Settings of the daemon: `daemon.toml`, changed with its comments kept.

use std::collections::BTreeMap;

use opensession_protocol::{Setting, SettingKind, Settings as Listed};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use serde_json::{Value, json};

use super::View;
use crate::connection::CallError;
use crate::format::{cells, clean};
use crate::text;
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::line_edit::LineEdit;
use crate::tui::list::List;
use crate::tui::look::Look;
use crate::tui::overlay::{Overlay, Tag};
use crate::tui::paint;

const VALUE: Tag = 0;
/// Cells of a value and of where it comes from.
const VALUE_CELLS: usize = 22;
const ORIGIN_CELLS: usize = 15;
/// From this width on what a setting is about stands beside it; below, that of the one under the cursor at the foot.
const ABOUT_BESIDE: u16 = 110;

/// Settings of the daemon.
#[derive(Default)]
pub(crate) struct Settings {
    listed: Option<Listed>,
    /// What is changed and not saved yet.
    changes: BTreeMap<String, Value>,
    listing: Option<Ticket>,
    /// A check of changes that are not taken up before it has gone well.
    checking: Option<(Ticket, BTreeMap<String, Value>)>,
    saving: Option<Ticket>,
    list: List,
}

impl Settings {
    fn ask(&mut self, ui: &mut Ui<'_, '_>) {
        self.listing = Some(ui.ask(Lane::List, "settings/list", json!({}), Answer::Settings));
    }

    fn setting(&self) -> Option<&Setting> {
        self.listed.as_ref()?.settings.get(self.list.selected())
    }

    /// What a setting is, changes that are not saved included.
    fn value<'s>(&'s self, setting: &'s Setting) -> &'s Value {
        match self.changes.get(&setting.name) {
            Some(Value::Null) => &setting.default,
            Some(value) => value,
            None => &setting.value,
        }
    }

    fn edit(&mut self, ui: &mut Ui<'_, '_>) {
        let Some(setting) = self.setting() else { return };
        match setting.kind {
            SettingKind::Switch => {
                let switched = Value::Bool(self.value(setting) != &Value::Bool(true));
                self.check(switched, ui);
            }
            SettingKind::Text | SettingKind::List => {
                ui.overlay = Some(Overlay::Ask {
                    title: setting.name.clone(),
                    note: text::tui::setting_note(setting.kind, &setting.about),
                    line: LineEdit::new(shown(self.value(setting))),
                    tag: VALUE,
                });
            }
        }
    }

    /// Asks whether the setting under the cursor can have this value; null is its default.
    fn check(&mut self, value: Value, ui: &mut Ui<'_, '_>) {
        let Some(setting) = self.setting() else { return };
        let is_as_before =
            value == setting.value || (value.is_null() && (setting.line.is_none() || setting.value == setting.default));
        let mut changes = self.changes.clone();
        if is_as_before {
            changes.remove(&setting.name);
        } else {
            changes.insert(setting.name.clone(), value);
        }
        let params = json!({ "changes": changes, "check": true });
        let ticket = ui.ask(Lane::Act, "settings/set", params, Answer::Settings);
        self.checking = Some((ticket, changes));
    }

    fn save(&mut self, ui: &mut Ui<'_, '_>) {
        if self.changes.is_empty() {
            return ui.say(text::tui::NOTHING_TO_SAVE);
        }
        let params = json!({ "changes": self.changes });
        self.saving = Some(ui.ask(Lane::Act, "settings/set", params, Answer::Settings));
    }

    fn draw_row(&self, buffer: &mut Buffer, index: usize, look: &Look<'_>) {
        let theme = look.theme;
        let Some(listed) = &self.listed else { return };
        let setting = &listed.settings[index];
        let (table, key) = setting.name.split_once('.').unwrap_or(("", &setting.name));
        let is_first = index == 0 || !listed.settings[index - 1].name.starts_with(&format!("{table}."));
        let is_changed = self.changes.contains_key(&setting.name);
        let origin = match (is_changed, setting.line) {
            (true, _) => text::tui::NOT_SAVED.to_owned(),
            (false, Some(line)) => text::tui::setting_line(line),
            (false, None) => text::tui::DEFAULT.to_owned(),
        };
        let fit = |text: &str, width: usize| {
            let shown = cells::cut_end(text, width, theme.ellipsis());
            format!("{shown}{}", cells::padding(&shown, width))
        };
        let sign = if is_changed { "+ " } else { "  " };
        let value_style = if setting.line.is_some() || is_changed { theme.bold() } else { theme.plain() };
        let mut spans = vec![
            Span::styled(fit(if is_first { table } else { "" }, 11), theme.dim()),
            Span::styled(sign, theme.waiting()),
            Span::raw(fit(key, 21)),
            Span::raw(" "),
            Span::styled(fit(&shown(self.value(setting)), VALUE_CELLS), value_style),
            Span::raw(" "),
            Span::styled(fit(&origin, ORIGIN_CELLS), theme.dim()),
        ];
        if self.list.area().width >= ABOUT_BESIDE {
            let room = usize::from(self.list.area().width).saturating_sub(spans.iter().map(Span::width).sum());
            spans.push(Span::styled(cells::cut_end(&about(setting), room, theme.ellipsis()), theme.dim()));
        }
        paint::line(buffer, self.list.area(), self.list.row(index), &Line::from(spans));
        if index == self.list.selected() {
            self.list.draw_cursor(buffer, index, true, theme);
        }
    }
}

fn about(setting: &Setting) -> String {
    clean::one_line(&setting.about).into_owned()
}

/// A value as it is shown and typed: a list with commas between.
fn shown(value: &Value) -> String {
    match value {
        Value::Bool(true) => text::tui::ON.to_owned(),
        Value::Bool(false) => text::tui::OFF.to_owned(),
        Value::String(text) => clean::one_line(text).into_owned(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().filter_map(Value::as_str).map(clean::one_line).collect();
            items.join(", ")
        }
        Value::Null => text::NO_VALUE.to_owned(),
        other => other.to_string(),
    }
}

/// What was typed, as a value of that kind.
fn typed_value(kind: SettingKind, typed: &str) -> Value {
    match kind {
        SettingKind::List => typed.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
        SettingKind::Switch | SettingKind::Text => Value::String(typed.trim().to_owned()),
    }
}

impl View for Settings {
    fn places(&self) -> &'static [Place] {
        &[Place::Settings, Place::Everywhere]
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
    }

    fn resume(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        match action {
            Action::Open => self.edit(ui),
            Action::Default => self.check(Value::Null, ui),
            Action::Save => self.save(ui),
            Action::Clear if !self.changes.is_empty() => {
                self.changes.clear();
                ui.say(text::tui::CHANGES_DROPPED);
            }
            _ => return self.list.act(action),
        }
        true
    }

    fn typed(&mut self, tag: Tag, typed: &str, ui: &mut Ui<'_, '_>) {
        let Some(kind) = self.setting().map(|setting| setting.kind).filter(|_| tag == VALUE) else { return };
        // An empty line is no value of a text: the default is meant.
        let value = match kind {
            SettingKind::Text if typed.trim().is_empty() => Value::Null,
            _ => typed_value(kind, typed),
        };
        self.check(value, ui);
    }

    fn mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        if let Some(row) = self.list.mouse(event)
            && self.list.choose(row)
        {
            self.edit(ui);
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        let is_listing = self.listing == Some(ticket);
        let is_saving = self.saving == Some(ticket);
        let checked = self.checking.take_if(|(awaited, _)| *awaited == ticket);
        match answer {
            Ok(Answer::Settings(listed)) if is_listing || is_saving => {
                if is_saving {
                    self.changes.clear();
                    ui.say(text::tui::saved(&ui.look.path(&listed.file)));
                }
                self.list.set_count(listed.settings.len());
                self.listed = Some(listed);
            }
            Ok(_) => {
                if let Some((_, changes)) = checked {
                    self.changes = changes;
                }
            }
            Err(error) if is_listing || is_saving || checked.is_some() => ui.refused(error),
            Err(_) => {}
        }
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        let theme = look.theme;
        let file = self.listed.as_ref().map(|listed| look.path(&listed.file)).unwrap_or_default();
        let unsaved = text::tui::unsaved(self.changes.len() as u64);
        paint::divider(buffer, area, 0, &file, if self.changes.is_empty() { "" } else { &unsaved }, true, theme);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let Some(count) = self.listed.as_ref().map(|listed| listed.settings.len()) else {
            paint::text(buffer, body, 0, text::tui::LOADING, theme.dim());
            return None;
        };
        let has_foot = area.width < ABOUT_BESIDE && body.height > 4;
        let rows = body.height - if has_foot { 2 } else { 0 };
        for index in self.list.lay_out(Rect { height: rows, ..body }, count) {
            self.draw_row(buffer, index, look);
        }
        if let Some(setting) = self.setting().filter(|_| has_foot) {
            let told = cells::cut_end(&about(setting), usize::from(area.width), theme.ellipsis());
            paint::text(buffer, body, body.height - 1, &told, theme.dim());
        }
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Open, Action::Default, Action::Save]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_can_be_typed() {
        for (kind, value) in [
            (SettingKind::List, json!(["~/work", "/srv/작업"])),
            (SettingKind::List, json!([])),
            (SettingKind::Text, json!("90d")),
        ] {
            assert_eq!(typed_value(kind, &shown(&value)), value);
        }
    }
}
