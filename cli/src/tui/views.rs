//! The views, a file each. A view holds what it shows; it hears of keys, answers and time through its methods, and says
//! what it wants done through [`Ui`].

pub(crate) mod diff;
pub(crate) mod handoff;
pub(crate) mod problems;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod settings;
pub(crate) mod stats;

use opensession_protocol::{IndexStatus, SessionUpdate};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::MouseEvent;
use ratatui::layout::{Position, Rect};

use super::effects::{Answer, Ticket, Ui};
use super::keys::{Action, Place};
use super::look::Look;
use super::overlay::Tag;
use crate::connection::CallError;

/// A view that fills the screen between head and foot.
pub(crate) trait View {
    /// Where its keys are looked up, first to last.
    fn places(&self) -> &'static [Place];

    /// Those that the help names: also of lines that are typed, where a key for help would be text.
    fn help_places(&self) -> &'static [Place] {
        self.places()
    }

    /// Whether it draws the head itself, in place of the tabs.
    fn has_own_head(&self) -> bool {
        false
    }

    /// It is shown for the first time.
    fn begin(&mut self, ui: &mut Ui<'_, '_>);

    /// It is shown again, after another view lay over it or the daemon was away.
    fn resume(&mut self, _ui: &mut Ui<'_, '_>) {}

    /// Does what a key, the palette or the mouse called for; `false` where that means nothing here.
    fn act(&mut self, action: Action, ui: &mut Ui<'_, '_>) -> bool;

    /// Takes a key that its places do not know, as the table writes it: text for a line that is typed.
    fn key(&mut self, _key: &str, _ui: &mut Ui<'_, '_>) {}

    /// Takes pasted text.
    fn paste(&mut self, _text: &str, _ui: &mut Ui<'_, '_>) {}

    /// Takes the mouse, whose place is one of the screen.
    fn mouse(&mut self, _event: MouseEvent, _ui: &mut Ui<'_, '_>) {}

    /// Takes the answer to a call of its own. Late ones come too: their tickets tell.
    fn answered(&mut self, _ticket: Ticket, _answer: Result<Answer, CallError>, _ui: &mut Ui<'_, '_>) {}

    /// A time that was asked for has come.
    fn timer(&mut self, _timer: u8, _ui: &mut Ui<'_, '_>) {}

    /// Something was taken in somewhere.
    fn changed(&mut self, _status: &IndexStatus, _ui: &mut Ui<'_, '_>) {}

    /// Something happened in the session that this view watches.
    fn updated(&mut self, _update: SessionUpdate, _ui: &mut Ui<'_, '_>) {}

    /// A row of a choice that it asked for was chosen.
    fn picked(&mut self, _tag: Tag, _row: usize, _ui: &mut Ui<'_, '_>) {}

    /// A line that it asked for was typed.
    fn typed(&mut self, _tag: Tag, _text: &str, _ui: &mut Ui<'_, '_>) {}

    /// Whatever happened is over: asks for what it needs to be drawn.
    fn settle(&mut self, _ui: &mut Ui<'_, '_>) {}

    /// Draws itself, and gives where the cursor stands when something is typed.
    fn draw(&mut self, buffer: &mut Buffer, area: Rect, look: &Look<'_>) -> Option<Position>;

    /// What the foot says at the left, before the keys.
    fn foot(&self, _look: &Look<'_>) -> String {
        String::new()
    }

    /// The actions whose keys the foot names.
    fn hints(&self) -> &'static [Action];

    /// The session that is chosen, with the event in it.
    fn chosen(&self) -> Option<Chosen> {
        None
    }
}

/// A session that is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) id: String,
    pub(crate) short_id: String,
    pub(crate) agent: String,
    pub(crate) title: String,
    pub(crate) event: Option<u32>,
}

/// A view that has a key of its own and a place in the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Sessions,
    Stats,
    Problems,
    Settings,
}

impl Tab {
    /// All of them, in the order of the head, with their keys.
    pub(crate) const ALL: &'static [(Tab, Action)] = &[
        (Tab::Sessions, Action::ShowSessions),
        (Tab::Stats, Action::ShowStats),
        (Tab::Problems, Action::ShowProblems),
        (Tab::Settings, Action::ShowSettings),
    ];

    pub(crate) fn view(self) -> Box<dyn View> {
        match self {
            Tab::Sessions => Box::new(sessions::Sessions::default()),
            Tab::Stats => Box::new(stats::Stats::default()),
            Tab::Problems => Box::new(problems::Problems::default()),
            Tab::Settings => Box::new(settings::Settings::default()),
        }
    }
}
