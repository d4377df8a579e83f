//! A handoff: what the next agent must know of a session, every claim cited.

use opensession_protocol::{AgentInfo, HandoffAnswer};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};
use serde_json::json;

use super::session::SessionView;
use super::{Chosen, View};
use crate::connection::CallError;
use crate::format::{cells, clean, number};
use crate::text;
use crate::tui::effects::{Answer, Effect, Go, Lane, Program, Ticket, Ui};
use crate::tui::keys::{Action, Place};
use crate::tui::line_edit::LineEdit;
use crate::tui::list::List;
use crate::tui::look::Look;
use crate::tui::overlay::{Overlay, Tag};
use crate::tui::paint;

const BUDGETS: [&str; 3] = ["brief", "standard", "full"];
const STANDARD: usize = 1;
const AGENT: Tag = 0;
const FILE: Tag = 1;
/// A text wider than this is hard to read.
const WIDEST: usize = 100;

/// A handoff of one session.
pub(crate) struct Handoff {
    of: Chosen,
    budget: usize,
    answer: Option<HandoffAnswer>,
    awaited: Option<Ticket>,
    agents: Vec<AgentInfo>,
    asked_agents: Option<Ticket>,
    /// The text in lines of the width that it was last drawn in.
    lines: Vec<Row>,
    wrapped_at: usize,
    list: List,
}

struct Row {
    text: String,
    is_heading: bool,
    /// Events cited in the line of the text that this one is a part of: their numbers.
    cited: Vec<u32>,
}

impl Handoff {
    pub(crate) fn of(chosen: Chosen) -> Self {
        Self {
            of: chosen,
            budget: STANDARD,
            answer: None,
            awaited: None,
            agents: Vec::new(),
            asked_agents: None,
            lines: Vec::new(),
            wrapped_at: 0,
            list: List::default(),
        }
    }

    fn ask(&mut self, ui: &mut Ui<'_, '_>) {
        let params = json!({ "sessions": [self.of.id], "budget": BUDGETS[self.budget] });
        self.awaited = Some(ui.ask(Lane::Act, "handoff/create", params, Answer::Handoff));
    }

    fn wrap(&mut self, width: usize) {
        let Some(answer) = &self.answer else { return };
        if self.wrapped_at == width {
            return;
        }
        self.wrapped_at = width;
        self.lines = clean::lines(&answer.text)
            .lines()
            .flat_map(|line| {
                let (is_heading, cited) = (line.starts_with('#'), cited(line));
                let parts = if line.is_empty() { vec![String::new()] } else { cells::wrap(line, width) };
                parts.into_iter().map(move |text| Row { text, is_heading, cited: cited.clone() })
            })
            .collect();
    }

    /// Goes to the event that the line under the cursor cites first.
    fn open(&self, ui: &mut Ui<'_, '_>) {
        match self.lines.get(self.list.selected()).and_then(|row| row.cited.first()) {
            Some(event) => {
                let view = SessionView::new(self.of.id.clone(), &self.of.short_id, Some(*event));
                ui.go = Some(Go::Into(Box::new(view)));
            }
            None => ui.say(text::tui::NOTHING_CITED),
        }
    }

    fn run(&mut self, ui: &mut Ui<'_, '_>) {
        let rows: Vec<String> = self.agents.iter().map(|agent| clean::one_line(&agent.name).into_owned()).collect();
        if rows.is_empty() {
            return ui.say(text::tui::NO_AGENT_BEGINS);
        }
        let title = text::tui::RUN_IN.to_owned();
        ui.overlay = Some(Overlay::Pick { title, rows, selected: 0, tag: AGENT });
    }
}

/// The numbers of the events that a line cites: `[#131]`, `[4f2a91c7#131]`.
fn cited(line: &str) -> Vec<u32> {
    let brackets = line.split('[').skip(1).filter_map(|rest| rest.split_once(']').map(|(inside, _)| inside));
    let numbers = brackets.flat_map(|inside| inside.split([',', ' ']));
    numbers.filter_map(|cited| cited.split_once('#')?.1.parse().ok()).collect()
}

impl View for Handoff {
    fn places(&self) -> &'static [Place] {
        &[Place::Handoff, Place::Everywhere]
    }

    fn has_own_head(&self) -> bool {
        true
    }

    fn begin(&mut self, ui: &mut Ui<'_, '_>) {
        self.ask(ui);
        self.asked_agents = Some(ui.ask(Lane::List, "agent/list", json!({}), Answer::Agents));
    }

    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool {
        match action {
            Action::Open => self.open(ui),
            Action::Budget => {
                self.budget = (self.budget + 1) % BUDGETS.len();
                self.ask(ui);
            }
            Action::CopyText => {
                if let Some(answer) = &self.answer {
                    ui.effects.push(Effect::Copy(answer.text.clone()));
                    ui.say(text::tui::copied(text::tui::THE_HANDOFF));
                }
            }
            Action::SaveHandoff => {
                ui.overlay = Some(Overlay::Ask {
                    title: text::tui::SAVE_TO.to_owned(),
                    note: text::tui::SAVE_NOTE.to_owned(),
                    line: LineEdit::new(format!("handoff-{}.md", self.of.short_id)),
                    tag: FILE,
                });
            }
            Action::RunInAgent => self.run(ui),
            _ => return self.list.act(action),
        }
        true
    }

    fn picked(&mut self, tag: Tag, row: usize, ui: &mut Ui<'_, '_>) {
        let Some(agent) = self.agents.get(row).filter(|_| tag == AGENT) else { return };
        let words = ["handoff", &self.of.id, "--budget", BUDGETS[self.budget], "--run", &agent.id];
        let mut command = vec![ui.look.program.clone()];
        command.extend(words.map(str::to_owned));
        ui.effects.push(Effect::Run(Program { command, directory: None }));
    }

    fn typed(&mut self, tag: Tag, typed: &str, ui: &mut Ui<'_, '_>) {
        let typed = typed.trim();
        let Some(answer) = self.answer.as_ref().filter(|_| tag == FILE && !typed.is_empty()) else { return };
        ui.effects.push(Effect::Write { path: ui.look.absolute(typed), text: answer.text.clone() });
    }

    fn mouse(&mut self, event: MouseEvent, ui: &mut Ui<'_, '_>) {
        if let Some(row) = self.list.mouse(event)
            && self.list.choose(row)
        {
            self.open(ui);
        }
    }

    fn answered(&mut self, ticket: Ticket, answer: Result<Answer, CallError>, ui: &mut Ui<'_, '_>) {
        let is_awaited = self.awaited == Some(ticket);
        match answer {
            Ok(Answer::Handoff(answer)) if is_awaited => {
                self.awaited = None;
                self.answer = Some(answer);
                self.wrapped_at = 0;
                self.lines.clear();
            }
            Ok(Answer::Agents(agents)) if self.asked_agents == Some(ticket) => {
                self.agents = agents.into_iter().filter(|agent| agent.begin.is_some()).collect();
            }
            Ok(_) => {}
            Err(error) => {
                if is_awaited {
                    self.awaited = None;
                    ui.refused(error);
                }
            }
        }
    }

    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position> {
        let theme = look.theme;
        let mut head = vec![text::tui::handoff_of(&clean::one_line(&self.of.short_id), BUDGETS[self.budget])];
        if let Some(answer) = &self.answer {
            let redacted = answer.redactions.values().sum();
            head.push(text::tui::handoff_size(&number::size(answer.text.len() as u64), &number::size(answer.budget)));
            head.push(text::tui::redacted(redacted));
        }
        paint::text(buffer, area, 0, &head.join("   "), theme.bold());
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        if self.answer.is_none() {
            let told = if self.awaited.is_some() { text::tui::LOADING } else { text::tui::NO_HANDOFF };
            paint::text(buffer, body, 0, told, theme.dim());
            return None;
        }
        self.wrap(usize::from(area.width).min(WIDEST));
        for index in self.list.lay_out(body, self.lines.len()) {
            let row = &self.lines[index];
            let style = if row.is_heading { theme.bold() } else { theme.plain() };
            paint::text(buffer, body, self.list.row(index), &row.text, style);
            if index == self.list.selected() {
                self.list.draw_cursor(buffer, index, true, theme);
            }
        }
        None
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::Budget, Action::CopyText, Action::SaveHandoff, Action::RunInAgent, Action::Open]
    }

    fn chosen(&self) -> Option<Chosen> {
        Some(self.of.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::cited;

    #[test]
    fn citations_are_found() {
        assert_eq!(cited("State: interrupted [#131], last words [4f2a91c7#12, #140]"), [131, 12, 140]);
        assert_eq!(cited("nothing [here] #12 [x#y]"), [] as [u32; 0]);
    }
}
