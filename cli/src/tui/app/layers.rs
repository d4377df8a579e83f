//! The views that lie on each other, in every tab that was opened.

use std::time::Duration;

use super::App;
use crate::tui::effects::{Effect, Ticket, Ui};
use crate::tui::views::{Tab, View};

/// A view, and the calls that it waits for.
pub(super) struct Layer {
    pub(super) id: u64,
    pub(super) view: Box<dyn View>,
    pub(super) calls: Vec<Ticket>,
}

impl App<'_> {
    /// One view back; from the last one out, unless only something was to be cleared.
    pub(super) fn back(&mut self, may_quit: bool, now: Duration, effects: &mut Vec<Effect>) {
        let layers = &mut self.tabs[self.current].1;
        if layers.len() > 1 {
            if let Some(gone) = layers.pop() {
                self.timers.retain(|(_, layer, _)| *layer != gone.id);
            }
            effects.push(Effect::Watch(None));
            self.with_top(now, effects, |view, ui| view.resume(ui));
        } else if may_quit && self.current > 0 {
            self.show_tab(Tab::Sessions, now, effects);
        } else if may_quit {
            effects.push(Effect::Quit);
        }
    }

    pub(super) fn show_tab(&mut self, tab: Tab, now: Duration, effects: &mut Vec<Effect>) {
        if !self.tabs.is_empty() {
            effects.push(Effect::Watch(None));
        }
        if let Some(at) = self.tabs.iter().position(|(opened, _)| *opened == tab) {
            self.current = at;
            let gone = self.tabs[at].1.split_off(1);
            self.timers.retain(|(_, layer, _)| gone.iter().all(|gone| gone.id != *layer));
            self.with_top(now, effects, |view, ui| view.resume(ui));
        } else {
            self.tabs.push((tab, Vec::new()));
            self.current = self.tabs.len() - 1;
            self.open(tab.view(), now, effects);
        }
    }

    /// Lays a view over the one that is shown.
    pub(super) fn open(&mut self, view: Box<dyn View>, now: Duration, effects: &mut Vec<Effect>) {
        self.last_layer += 1;
        self.tabs[self.current].1.push(Layer { id: self.last_layer, view, calls: Vec::new() });
        self.with_top(now, effects, |view, ui| view.begin(ui));
    }

    pub(super) fn top(&self) -> &Layer {
        self.tabs[self.current].1.last().expect("a tab is opened with a view, and its first view stays")
    }

    pub(super) fn top_of(tabs: &mut [(Tab, Vec<Layer>)], current: usize) -> &mut Layer {
        tabs[current].1.last_mut().expect("a tab is opened with a view, and its first view stays")
    }

    /// Has the view that is shown do something, and does what it says.
    pub(super) fn with_top(
        &mut self,
        now: Duration,
        effects: &mut Vec<Effect>,
        run: impl FnOnce(&mut dyn View, &mut Ui<'_, '_>),
    ) {
        let layer = self.tabs[self.current].1.len() - 1;
        self.with_layer(self.current, layer, now, effects, run);
    }

    pub(super) fn with_layer(
        &mut self,
        tab: usize,
        layer: usize,
        now: Duration,
        effects: &mut Vec<Effect>,
        run: impl FnOnce(&mut dyn View, &mut Ui<'_, '_>),
    ) {
        let layer = &mut self.tabs[tab].1[layer];
        let mut timers = Vec::new();
        let mut ui = Ui {
            look: &self.look,
            now,
            effects,
            issued: &mut layer.calls,
            last_ticket: &mut self.last_ticket,
            timers: &mut timers,
            go: None,
            notice: None,
            overlay: None,
        };
        run(&mut *layer.view, &mut ui);
        let Ui { go, notice, overlay, .. } = ui;
        let id = layer.id;
        self.timers.extend(timers.into_iter().map(|(at, timer)| (at, id, timer)));
        self.follow(go, notice, overlay, now, effects);
    }
}
