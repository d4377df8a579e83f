//! What the keys of a session do.

use opensession_hail::Body;
use serde_json::json;

use super::flow::{Calls, Folds, Place};
use super::lay_out::hunk;
use super::pages::At;
use super::{SessionView, parent_of};
use crate::connection::CallError;
use crate::failure;
use crate::text;
use crate::transcript;
use crate::tui::effects::{Answer, Effect, Lane, Program, Ui};
use crate::tui::keys::Action;

/// Events of a session that a search in it may name.
const FOUND_MOST: u32 = 1_000;

impl SessionView {
    pub(super) fn do_action(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        let half = (self.height() / 2).max(1) as isize;
        match action {
            Action::Down => self.step(1, ui),
            Action::Up => self.step(-1, ui),
            Action::HalfPageDown => self.step(half, ui),
            Action::HalfPageUp => self.step(-half, ui),
            Action::First => {
                self.follows = false;
                self.cursor = Place { event: 1, row: 0 };
            }
            Action::Last => self.go_to_end(ui),
            Action::Open => self.open(),
            Action::Fold => self.fold(),
            Action::OpenAll => self.fold_all(true),
            Action::FoldAll => self.fold_all(false),
            Action::NextPrompt | Action::PreviousPrompt => self.go_to_prompt(action == Action::NextPrompt, ui),
            Action::NextError => self.go_to_one_of(&self.failures.clone(), true, text::tui::NO_MORE_ERRORS, ui),
            Action::PreviousError => self.go_to_one_of(&self.failures.clone(), false, text::tui::NO_MORE_ERRORS, ui),
            Action::NextEdit => self.go_to_one_of(&self.edits.clone(), true, text::tui::NO_MORE_EDITS, ui),
            Action::PreviousEdit => self.go_to_one_of(&self.edits.clone(), false, text::tui::NO_MORE_EDITS, ui),
            Action::Thinking => {
                self.flow.folds.thinking = !self.flow.folds.thinking;
                self.flow.changed();
                ui.say(text::tui::thinking(self.flow.folds.thinking));
            }
            Action::Calls => {
                self.flow.folds.calls = match self.flow.folds.calls {
                    Calls::Line => Calls::Short,
                    Calls::Short => Calls::Full,
                    Calls::Full => Calls::Line,
                };
                self.flow.folds.events.clear();
                self.flow.changed();
                ui.say(match self.flow.folds.calls {
                    Calls::Line => text::tui::CALLS_LINE,
                    Calls::Short => text::tui::CALLS_SHORT,
                    Calls::Full => text::tui::CALLS_FULL,
                });
            }
            Action::Wrap => {
                self.wrap = !self.wrap;
                ui.say(text::tui::wrap(self.wrap));
            }
            Action::Follow => {
                self.follows = !self.follows || self.unseen > 0;
                if self.follows {
                    self.open_last_turn();
                    self.go_to_end(ui);
                }
            }
            Action::Search => self.find.is_typed = true,
            Action::NextFound | Action::PreviousFound => {
                match self.find.next(self.event(), action == Action::NextFound) {
                    Some(event) => self.jump(event, true, ui),
                    None => ui.say(text::tui::NOTHING_FOUND_YET),
                }
            }
            Action::OpenHit => self.find.is_typed = false,
            Action::LeaveSearch => {
                if self.find.line.is_empty() {
                    self.find.is_typed = false;
                } else {
                    self.find.line.set("");
                    self.find.forget();
                }
            }
            Action::Clear if !self.find.line.is_empty() => {
                self.find.line.set("");
                self.find.forget();
            }
            Action::OpenFile => self.open_file(ui),
            Action::Parent => match self.info.as_ref().and_then(parent_of) {
                Some(go) => ui.go = Some(go),
                None => ui.say(text::tui::NO_PARENT),
            },
            _ => return false,
        }
        true
    }

    /// `Enter` opens what is folded; it never closes.
    fn open(&mut self) {
        let is_closed = match self.flow.turn_at(self.cursor.event).map(|at| &self.flow.turns[at]) {
            Some(turn) if turn.event == self.cursor.event && turn.turn > 0 => !self.flow.folds.is_turn_open(turn),
            _ => match self.flow.pages.at(self.cursor.event) {
                At::Entry(entry) => self.flow.folds.openness(entry) != super::lay_out::Openness::Open,
                _ => false,
            },
        };
        if is_closed {
            self.fold();
        }
    }

    /// Folds what the cursor is on, or opens it.
    fn fold(&mut self) {
        let event = self.cursor.event;
        let is_head = self.flow.turn_at(event).map(|at| &self.flow.turns[at]);
        if is_head.is_some_and(|turn| turn.event == event && turn.turn > 0) {
            Folds::flip(&mut self.flow.folds.turns, event);
        } else {
            Folds::flip(&mut self.flow.folds.events, event);
        }
        self.cursor.row = 0;
        self.flow.changed();
    }

    fn fold_all(&mut self, open: bool) {
        let folds = &mut self.flow.folds;
        folds.turns_open = open;
        folds.turns.clear();
        folds.events.clear();
        folds.calls = if open { Calls::Full } else { Calls::Line };
        folds.thinking = open;
        self.cursor.row = 0;
        self.flow.changed();
    }

    pub(super) fn open_last_turn(&mut self) {
        if let Some(last) = self.flow.turns.last().filter(|last| !self.flow.folds.is_turn_open(last)) {
            Folds::flip(&mut self.flow.folds.turns, last.event);
            self.flow.changed();
        }
    }

    fn go_to_prompt(&mut self, forward: bool, ui: &mut Ui<'_, '_>) {
        let at = self.cursor.event;
        let mut turns = self.flow.turns.iter().filter(|turn| turn.turn > 0).map(|turn| turn.event);
        let found = if forward {
            turns.find(|event| *event > at)
        } else {
            turns.rfind(|event| *event < at || *event == at && self.cursor.row > 0)
        };
        match found {
            Some(event) => self.jump(event, false, ui),
            None => ui.say(if forward { text::tui::LAST_PROMPT } else { text::tui::FIRST_PROMPT }),
        }
    }

    fn go_to_one_of(&mut self, events: &[u32], forward: bool, none: &str, ui: &mut Ui<'_, '_>) {
        let at = self.event();
        let found = if forward {
            events.iter().find(|event| **event > at)
        } else {
            events.iter().rev().find(|event| **event < at)
        };
        match found {
            Some(event) => self.jump(*event, true, ui),
            None => ui.say(none),
        }
    }

    /// Asks which events have what is typed.
    pub(super) fn ask_find(&mut self, ui: &mut Ui<'_, '_>) {
        let words = self.find.line.text().trim();
        if words.is_empty() {
            self.find.awaited = None;
            return self.find.forget();
        }
        let query = format!("({words}) session:{}", self.id);
        let options = json!({
            "scope": { "all": true }, "limit": 1, "hits_per_session": FOUND_MOST, "typing": self.find.is_typed,
        });
        let params = json!({ "query": query, "options": options });
        let ticket = ui.ask(Lane::Search, "search/query", params, |answer| Answer::Found(Box::new(answer)));
        self.find.awaited = Some(ticket);
    }

    pub(super) fn took_find(&mut self, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        match answer {
            Ok(Answer::Found(answer)) => {
                self.find.took(&answer);
                if self.find.is_typed
                    && let Some(event) = self.find.first_from(self.event())
                {
                    self.jump(event, true, ui);
                }
            }
            Ok(_) => {}
            Err(CallError::Refused { data, message, .. }) => {
                let said = data.errors.first().map_or(message, |error| error.message.clone());
                self.find.refused(crate::format::clean::one_line(&said).into_owned());
            }
            Err(error) => {
                if let failure::Failure::Said(said) = failure::from_call(error, None, |_| String::new()) {
                    self.find.refused(said.into_parts().0);
                }
            }
        }
    }

    /// Opens the file that the cursor's event is about in the user's editor.
    fn open_file(&mut self, ui: &mut Ui<'_, '_>) {
        let At::Entry(entry) = self.flow.pages.at(self.cursor.event) else {
            return ui.say(text::tui::NO_FILE);
        };
        let (path, line) = match &entry.event.body {
            Body::Edit(edit) => {
                let line = edit.diff.as_deref().and_then(|diff| diff.lines().find_map(hunk)).map(|(_, new)| new);
                (edit.to.clone().unwrap_or_else(|| edit.path.clone()), line)
            }
            Body::ToolCall(call) => {
                let path = transcript::path(&call.input).unwrap_or_default().to_owned();
                (path, None)
            }
            _ => (String::new(), None),
        };
        if path.is_empty() {
            return ui.say(text::tui::NO_FILE);
        }
        let directory = self.info.as_ref().and_then(|info| info.cwd.clone());
        let whole = match &directory {
            Some(directory) if !path.starts_with('/') => format!("{}/{path}", directory.trim_end_matches('/')),
            _ => path,
        };
        if !std::path::Path::new(&whole).is_file() {
            return ui.fail(&text::tui::file_gone(&ui.look.path(&whole)), None);
        }
        let mut command: Vec<String> = ui.look.editor.split_whitespace().map(str::to_owned).collect();
        let name = command.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default().to_owned();
        if let Some(line) = line.filter(|line| *line > 0 && TAKES_LINES.contains(&&*name)) {
            command.push(format!("+{line}"));
        }
        command.push(whole);
        let directory = directory.filter(|directory| std::path::Path::new(directory).is_dir());
        ui.effects.push(Effect::Run(Program { command, directory }));
    }
}

/// Editors that take the line before the file.
const TAKES_LINES: &[&str] =
    &["vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "kak", "micro", "joe", "ne"];
