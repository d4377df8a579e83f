//! Completing what is typed: the daemon knows what can stand at the cursor.

use opensession_protocol::{Completions, Scope};
use serde_json::json;

use super::candidates::{Candidates, Item, Of};
use crate::connection::CallError;
use crate::format::{clean, number};
use crate::text;
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::line_edit::LineEdit;

/// What is asked for.
#[derive(Debug, Default)]
pub(super) struct Completing {
    awaited: Option<Awaited>,
}

#[derive(Debug)]
struct Awaited {
    ticket: Ticket,
    line: String,
    cursor: usize,
    /// A key asked: not what was typed since.
    by_key: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Completed {
    /// The line is another one by now.
    Late,
    /// Nothing can stand there.
    Nothing,
    /// The only one, which is put in at once.
    One(Candidates),
    /// Several to choose from.
    Several(Candidates),
}

impl Completing {
    /// Asks what can stand at the cursor of a line.
    pub(super) fn ask(&mut self, line: &LineEdit, all: bool, by_key: bool, ui: &mut Ui<'_, '_>) {
        let params = json!({
            "query": line.text(),
            "cursor": line.cursor(),
            "scope": Scope { cwd: ui.look.directory.clone(), all },
            "time_zone": ui.look.times.zone_name(),
        });
        let ticket = ui.ask(Lane::Complete, "search/complete", params, Answer::Completions);
        self.awaited = Some(Awaited { ticket, line: line.text().to_owned(), cursor: line.cursor(), by_key });
    }

    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.awaited.as_ref().is_some_and(|awaited| awaited.ticket == ticket)
    }

    pub(super) fn took(
        &mut self,
        answer: Result<Answer, CallError>,
        line: &LineEdit,
        ui: &mut Ui<'_, '_>,
    ) -> Completed {
        let Some(awaited) = self.awaited.take() else { return Completed::Late };
        let completions = match answer {
            Ok(Answer::Completions(completions)) => completions,
            Ok(_) => return Completed::Nothing,
            Err(error) => {
                ui.refused(error);
                return Completed::Nothing;
            }
        };
        if awaited.line != line.text() || awaited.cursor != line.cursor() {
            return Completed::Late;
        }
        let candidates = candidates(awaited.line, completions);
        match candidates {
            None => {
                if awaited.by_key {
                    ui.say(text::tui::NOTHING_TO_COMPLETE);
                }
                Completed::Nothing
            }
            Some(candidates) if candidates.is_one() && awaited.by_key => Completed::One(candidates),
            Some(candidates) => Completed::Several(candidates),
        }
    }
}

fn candidates(line: String, completions: Completions) -> Option<Candidates> {
    let item = |completion: &opensession_protocol::Completion| Item {
        text: completion.text.clone(),
        name: clean::one_line(&completion.text).into_owned(),
        detail: completion.detail.as_deref().map(|detail| clean::one_line(detail).into_owned()).unwrap_or_default(),
        count: completion.count.map(number::count).unwrap_or_default(),
        ..Item::default()
    };
    let items: Vec<Item> = completions.items.iter().map(item).collect();
    let note = if completions.more { text::tui::completions(items.len()) } else { String::new() };
    let range = completions.start as usize..completions.end as usize;
    Candidates::new(Of::Piece { line, range }, items, note)
}
