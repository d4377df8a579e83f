//! Searches that are kept: those that were run, through which the arrows go, and those saved under a name.

use opensession_protocol::{History, PastQuery, SavedSearch};
use serde_json::json;

use super::candidates::{Candidates, Item, Of};
use crate::connection::CallError;
use crate::format::clean;
use crate::text;
use crate::tui::effects::{Answer, Lane, Ticket, Ui};
use crate::tui::line_edit::LineEdit;
use crate::tui::look::Look;

/// Earlier searches that are listed and gone through.
const EARLIER: u32 = 100;

/// The searches that are kept, as far as they are known, and the place among those that were run.
#[derive(Debug, Default)]
pub(super) struct Kept {
    saved: Vec<SavedSearch>,
    earlier: Vec<PastQuery>,
    /// The earlier ones are known since the line is typed in.
    is_known: bool,
    awaited_saved: Option<Ticket>,
    awaited_earlier: Option<Ticket>,
    /// Saving, or forgetting what was saved.
    changing: Option<Ticket>,
    /// A list was asked for.
    lists: bool,
    /// A step back was taken before it was known to where.
    steps_back: bool,
    /// The earlier search that was called back.
    at: Option<usize>,
}

/// What an answer, or a step, comes to.
#[derive(Debug)]
pub(super) enum Recalled {
    /// Nothing, or nothing yet.
    Nothing,
    /// This query, in the place of the line.
    Query(String),
    /// All that is kept, to choose from.
    List(Candidates),
    /// The arrows do not go through earlier searches here.
    NotHere,
}

impl Kept {
    /// The line begins to be typed in: what was run since is to be known too.
    pub(super) fn begin(&mut self) {
        (self.is_known, self.at, self.steps_back) = (false, None, false);
    }

    /// Asks for all that is kept, to choose from.
    pub(super) fn list(&mut self, ui: &mut Ui<'_, '_>) {
        self.lists = true;
        self.awaited_saved = Some(ui.ask(Lane::List, "search/saved", json!({}), Answer::SavedSearches));
        self.ask_earlier(ui);
    }

    fn ask_earlier(&mut self, ui: &mut Ui<'_, '_>) {
        let params = json!({ "limit": EARLIER });
        self.awaited_earlier = Some(ui.ask(Lane::List, "search/history", params, Answer::History));
    }

    /// A step through the earlier searches: in an empty line, or from one that was called back and is as it was.
    pub(super) fn step(&mut self, line: &LineEdit, back: bool, ui: &mut Ui<'_, '_>) -> Recalled {
        let recalled = self.at.and_then(|at| self.query(at));
        let is_as_it_was = recalled.as_deref() == Some(line.text());
        if !is_as_it_was {
            self.at = None;
            if !line.is_empty() || !back {
                return Recalled::NotHere;
            }
        }
        if !self.is_known {
            self.steps_back = true;
            if self.awaited_earlier.is_none() {
                self.ask_earlier(ui);
            }
            return Recalled::Nothing;
        }
        let next = match (self.at, back) {
            (None, true) => Some(0),
            (None | Some(0), false) => None,
            (Some(at), true) => Some((at + 1).min(self.earlier.len().saturating_sub(1))),
            (Some(at), false) => Some(at - 1),
        };
        self.at = next.filter(|at| *at < self.earlier.len());
        match self.at.and_then(|at| self.query(at)) {
            Some(query) => Recalled::Query(query),
            None if is_as_it_was => Recalled::Query(String::new()),
            None => Recalled::NotHere,
        }
    }

    fn query(&self, at: usize) -> Option<String> {
        self.earlier.get(at).map(|earlier| clean::one_line(&earlier.query).into_owned())
    }

    pub(super) fn save(&mut self, name: &str, query: &str, ui: &mut Ui<'_, '_>) {
        let params = json!({ "name": name, "query": query });
        self.changing = Some(ui.ask(Lane::Act, "search/save", params, Answer::SavedSearch));
    }

    /// Forgets the saved search in this row of the list.
    pub(super) fn forget(&mut self, row: usize, ui: &mut Ui<'_, '_>) {
        let Some(saved) = self.saved.get(row) else { return ui.say(text::tui::ONLY_SAVED_ARE_FORGOTTEN) };
        let params = json!({ "name": saved.name });
        self.changing = Some(ui.ask(Lane::Act, "search/unsave", params, Answer::SavedSearch));
        self.lists = true;
    }

    /// The name that a query is saved under.
    pub(super) fn name_of(&self, query: &str) -> String {
        let saved = self.saved.iter().find(|saved| saved.query == query);
        saved.map(|saved| clean::one_line(&saved.name).into_owned()).unwrap_or_default()
    }

    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        [self.awaited_saved, self.awaited_earlier, self.changing].contains(&Some(ticket))
    }

    pub(super) fn took(
        &mut self,
        ticket: Ticket,
        answer: Result<Answer, CallError>,
        line: &LineEdit,
        ui: &mut Ui<'_, '_>,
    ) -> Recalled {
        for awaited in [&mut self.awaited_saved, &mut self.awaited_earlier, &mut self.changing] {
            awaited.take_if(|awaited| *awaited == ticket);
        }
        match answer {
            Ok(Answer::SavedSearches(saved)) => self.saved = saved,
            Ok(Answer::History(History { queries, .. })) => {
                self.earlier = queries;
                self.is_known = true;
                if std::mem::take(&mut self.steps_back) && line.is_empty() {
                    return self.step(line, true, ui);
                }
            }
            Ok(Answer::SavedSearch(changed)) => {
                let name = clean::one_line(&changed.name);
                if self.lists {
                    ui.say(text::unsaved(&name, &clean::one_line(&changed.query)));
                    self.list(ui);
                } else {
                    ui.say(text::tui::search_saved(&name));
                }
            }
            Ok(_) => {}
            Err(error) => {
                (self.lists, self.steps_back) = (false, false);
                ui.refused(error);
            }
        }
        let is_whole = self.awaited_saved.is_none() && self.awaited_earlier.is_none() && self.changing.is_none();
        if !is_whole || !std::mem::take(&mut self.lists) {
            return Recalled::Nothing;
        }
        let candidates = self.candidates(ui.look);
        if candidates.is_none() {
            ui.say(text::tui::NO_KEPT_SEARCHES);
        }
        candidates.map_or(Recalled::Nothing, Recalled::List)
    }

    fn candidates(&self, look: &Look<'_>) -> Option<Candidates> {
        let head = |index: usize, head| if index == 0 { head } else { "" };
        let saved = self.saved.iter().enumerate().map(|(index, saved)| Item {
            text: clean::one_line(&saved.query).into_owned(),
            head: head(index, text::tui::SAVED),
            name: clean::one_line(&saved.name).into_owned(),
            detail: clean::one_line(&saved.query).into_owned(),
            count: String::new(),
        });
        let earlier = self.earlier.iter().enumerate().map(|(index, earlier)| Item {
            text: clean::one_line(&earlier.query).into_owned(),
            head: head(index, text::tui::EARLIER),
            name: clean::one_line(&earlier.query).into_owned(),
            detail: text::tui::sessions(earlier.sessions),
            count: look.times.listed(earlier.ran),
        });
        Candidates::new(Of::Line, saved.chain(earlier).collect(), String::new())
    }
}
