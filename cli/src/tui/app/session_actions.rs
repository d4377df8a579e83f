//! What can be done with the session that is chosen, in whichever view: resume, export, copy, star, forget.

use opensession_protocol::{ExportFormat, SessionDetail, Starred};
use serde_json::json;

use crate::commands;
use crate::connection::CallError;
use crate::format::{cells, clean, number, path};
use crate::text;
use crate::tui::effects::{Answer, Effect, Go, Lane, Program, Ticket, Ui};
use crate::tui::keys::Action;
use crate::tui::line_edit::LineEdit;
use crate::tui::overlay::{Overlay, Tag};
use crate::tui::views::Chosen;

use super::OWN_TAGS;

const FORMAT: Tag = OWN_TAGS;
const FILE: Tag = OWN_TAGS + 1;
const COPY: Tag = OWN_TAGS + 2;
const FORGET: Tag = OWN_TAGS + 3;

/// Characters of the id that are typed to forget a session.
const TYPED_TO_FORGET: usize = 4;
/// Formats of an export, with the endings of their files.
const FORMATS: [(ExportFormat, &str); 4] = [
    (ExportFormat::Html, "html"),
    (ExportFormat::Markdown, "md"),
    (ExportFormat::Hail, "hail.jsonl"),
    (ExportFormat::Json, "json"),
];

/// What is being done with a session.
#[derive(Debug, Default)]
pub(super) struct SessionActions {
    chosen: Chosen,
    format: ExportFormat,
    awaited: Option<(Ticket, Awaited)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Resume,
    ResumeCommand,
    Text,
    Export,
    IsStarred,
    Star,
    Forget,
}

impl SessionActions {
    pub(super) fn begin(&mut self, action: Action, chosen: Chosen, ui: &mut Ui<'_, '_>) {
        self.chosen = chosen;
        match action {
            Action::Resume => self.ask_session(Awaited::Resume, ui),
            // What is shown may be of before: whether it has a star is asked.
            Action::Star => self.ask_session(Awaited::IsStarred, ui),
            Action::Export => {
                let rows = FORMATS.iter().map(|(format, _)| text::tui::export_format(*format).to_owned()).collect();
                ui.overlay =
                    Some(Overlay::Pick { title: text::tui::EXPORT_AS.to_owned(), rows, selected: 0, tag: FORMAT });
            }
            Action::Copy => {
                let rows = vec![
                    text::tui::copy_id(&self.name()),
                    text::tui::COPY_RESUME.to_owned(),
                    if self.chosen.event.is_some() { text::tui::COPY_EVENT } else { text::tui::COPY_SESSION }
                        .to_owned(),
                ];
                ui.overlay =
                    Some(Overlay::Pick { title: text::tui::COPY_WHAT.to_owned(), rows, selected: 0, tag: COPY });
            }
            Action::Forget => {
                let title = cells::cut_end(&clean::one_line(&self.chosen.title), 40, ui.look.theme.ellipsis());
                ui.overlay = Some(Overlay::Ask {
                    title: text::tui::forget_title(&self.chosen.short_id, &title),
                    note: text::tui::forget_note(
                        &self.chosen.short_id[..TYPED_TO_FORGET.min(self.chosen.short_id.len())],
                    ),
                    line: LineEdit::default(),
                    tag: FORGET,
                });
            }
            _ => {}
        }
    }

    pub(super) fn picked(&mut self, tag: Tag, row: usize, ui: &mut Ui<'_, '_>) {
        match (tag, row) {
            (FORMAT, row) => {
                let Some((format, ending)) = FORMATS.get(row) else { return };
                self.format = *format;
                ui.overlay = Some(Overlay::Ask {
                    title: text::tui::EXPORT_TO.to_owned(),
                    note: text::tui::EXPORT_NOTE.to_owned(),
                    line: LineEdit::new(format!("{}.{ending}", self.chosen.short_id)),
                    tag: FILE,
                });
            }
            (COPY, 0) => copy(self.name(), ui),
            (COPY, 1) => self.ask_session(Awaited::ResumeCommand, ui),
            (COPY, _) => {
                let params = json!({ "session": self.chosen.id, "from": self.chosen.event });
                let named = match self.chosen.event {
                    Some(event) => json!({ "session": format!("{}#{event}", self.chosen.id) }),
                    None => params,
                };
                let ticket = ui.ask(Lane::Act, "session/document", named, Answer::Document);
                self.awaited = Some((ticket, Awaited::Text));
            }
            _ => {}
        }
    }

    pub(super) fn typed(&mut self, tag: Tag, typed: &str, ui: &mut Ui<'_, '_>) {
        match tag {
            FILE if !typed.trim().is_empty() => {
                let to = ui.look.absolute(typed.trim());
                let params = json!({ "session": self.chosen.id, "format": self.format, "to": to });
                let ticket = ui.ask(Lane::Act, "session/export", params, Answer::Exported);
                self.awaited = Some((ticket, Awaited::Export));
                ui.say(text::tui::EXPORTING);
            }
            FORGET => {
                let typed = typed.trim();
                let is_meant = typed.len() == TYPED_TO_FORGET && self.chosen.short_id.starts_with(typed);
                if !is_meant {
                    return ui.say(text::NOT_FORGOTTEN);
                }
                let params = json!({ "session": self.chosen.id });
                let ticket = ui.ask(Lane::Act, "session/forget", params, Answer::Forgotten);
                self.awaited = Some((ticket, Awaited::Forget));
            }
            _ => {}
        }
    }

    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.awaited.is_some_and(|(awaited, _)| awaited == ticket)
    }

    pub(super) fn answered(&mut self, _ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        let Some((_, awaited)) = self.awaited.take() else { return };
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return ui.refused(error),
        };
        match (awaited, answer) {
            (Awaited::Resume, Answer::Session(detail)) => resume(&detail, ui),
            (Awaited::ResumeCommand, Answer::Session(detail)) => match resume_line(&detail) {
                Some(line) => copy(line, ui),
                None => no_resume(&detail, ui),
            },
            (Awaited::IsStarred, Answer::Session(detail)) => {
                let params = json!({ "session": detail.session.id, "starred": !detail.session.starred });
                let ticket = ui.ask(Lane::Act, "session/star", params, Answer::Starred);
                self.awaited = Some((ticket, Awaited::Star));
            }
            (Awaited::Star, Answer::Starred(Starred { id, starred, .. })) => {
                let id: String = clean::one_line(&id).chars().take(8).collect();
                ui.say(text::tui::starred(&id, starred));
                ui.go = Some(Go::Anew);
            }
            (Awaited::Text, Answer::Document(document)) => copy(document.text, ui),
            (Awaited::Export, Answer::Exported(exported)) => {
                let path = ui.look.path(exported.path.as_deref().unwrap_or_default());
                let redacted = exported.redactions.values().sum();
                ui.say(text::tui::exported(&path, &number::size(exported.bytes), redacted));
            }
            (Awaited::Forget, Answer::Forgotten(forgotten)) => {
                let id: String = forgotten.id.chars().take(8).collect();
                ui.say(text::forgotten(&id, &number::size(forgotten.bytes)));
                ui.go = Some(Go::Gone(forgotten.id));
            }
            _ => {}
        }
    }

    fn ask_session(&mut self, awaited: Awaited, ui: &mut Ui<'_, '_>) {
        let params = json!({ "session": self.chosen.id });
        let ticket = ui.ask(Lane::Act, "session/get", params, |detail| Answer::Session(Box::new(detail)));
        self.awaited = Some((ticket, awaited));
    }

    /// The id that every surface opens.
    fn name(&self) -> String {
        match self.chosen.event {
            Some(event) => format!("{}#{event}", self.chosen.short_id),
            None => self.chosen.short_id.clone(),
        }
    }
}

fn copy(copied: String, ui: &mut Ui<'_, '_>) {
    let first = copied.lines().next().unwrap_or_default();
    let shown = cells::cut_end(&clean::one_line(first), 50, ui.look.theme.ellipsis());
    ui.say(text::tui::copied(&shown));
    ui.effects.push(Effect::Copy(copied));
}

fn resume(detail: &SessionDetail, ui: &mut Ui<'_, '_>) {
    let Some(command) = detail.resume.clone().filter(|command| !command.is_empty()) else {
        return no_resume(detail, ui);
    };
    let look = ui.look;
    let directory = detail.resume_cwd.as_deref();
    let missing =
        commands::missing_for_resume(detail, &command[0], directory, &look.search_path, &|path| look.path(path));
    if let Some(missing) = missing.into_iter().next() {
        return ui.fail(&missing.fact, Some(&missing.hint));
    }
    ui.effects.push(Effect::Run(Program { command, directory: detail.resume_cwd.clone() }));
}

fn no_resume(detail: &SessionDetail, ui: &mut Ui<'_, '_>) {
    ui.fail(&text::no_resume(&clean::one_line(&detail.session.agent)), None);
}

/// The command that resumes a session, as a shell takes it.
fn resume_line(detail: &SessionDetail) -> Option<String> {
    let command = detail.resume.as_ref().filter(|command| !command.is_empty())?;
    let line = clean::one_line(&path::shell_line(command)).into_owned();
    Some(match &detail.resume_cwd {
        Some(directory) => format!("cd {} && {line}", path::shell_word(&clean::one_line(directory))),
        None => line,
    })
}
