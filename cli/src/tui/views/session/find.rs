//! Finding in a session: the daemon searches it with the words that are typed, and says which events have them.

use opensession_protocol::SearchAnswer;
use ratatui::text::{Line, Span};

use crate::format::number;
use crate::text;
use crate::tui::effects::Ticket;
use crate::tui::line_edit::LineEdit;
use crate::tui::theme::Theme;

/// What is looked for, and what was found.
#[derive(Debug, Default)]
pub(super) struct Find {
    pub(super) line: LineEdit,
    /// Whether it is being typed.
    pub(super) is_typed: bool,
    pub(super) awaited: Option<Ticket>,
    /// The events that have it, in order.
    pub(super) events: Vec<u32>,
    /// How many there are; more than `events` when there are very many.
    total: u64,
    /// The words as they stand there.
    words: Vec<String>,
    was_answered: bool,
    /// What is wrong with what was typed.
    problem: Option<String>,
}

impl Find {
    /// Forgets what was found, not what was typed.
    pub(super) fn forget(&mut self) {
        self.events.clear();
        self.words.clear();
        self.total = 0;
        self.was_answered = false;
        self.problem = None;
    }

    pub(super) fn took(&mut self, answer: &SearchAnswer) {
        self.forget();
        self.was_answered = true;
        self.problem = answer.errors.first().map(|error| error.message.clone());
        for found in &answer.sessions {
            self.total += found.total;
            // A sub-agent's events stand in a session of their own.
            for hit in found.hits.iter().filter(|hit| hit.session.is_none()) {
                self.events.push(hit.event);
                let characters: Vec<char> = hit.text.chars().collect();
                for (from, to) in &hit.ranges {
                    let word = characters.get(*from as usize..*to as usize).unwrap_or_default();
                    let word: String = word.iter().collect();
                    if !word.is_empty() && !self.words.contains(&word) && self.words.len() < 50 {
                        self.words.push(word);
                    }
                }
            }
        }
        self.events.sort_unstable();
        self.events.dedup();
        // The longest first, so that a word wins over its beginning.
        self.words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    }

    pub(super) fn refused(&mut self, message: String) {
        self.forget();
        self.problem = Some(message);
    }

    /// The next event that has it after `event`, or before; around the end where there is none.
    pub(super) fn next(&self, event: u32, forward: bool) -> Option<u32> {
        if forward {
            self.events.iter().find(|found| **found > event).or(self.events.first()).copied()
        } else {
            self.events.iter().rev().find(|found| **found < event).or(self.events.last()).copied()
        }
    }

    /// The first event at or after `event` that has it.
    pub(super) fn first_from(&self, event: u32) -> Option<u32> {
        self.events.iter().find(|found| **found >= event).or(self.events.first()).copied()
    }

    /// `2 of 5`, or why there is nothing.
    pub(super) fn count(&self, event: u32) -> String {
        if let Some(problem) = &self.problem {
            return problem.clone();
        }
        if !self.was_answered {
            return String::new();
        }
        if self.events.is_empty() {
            return text::tui::NOT_IN_SESSION.to_owned();
        }
        let at = self.events.partition_point(|found| *found <= event).max(1);
        let total = number::count(self.total.max(self.events.len() as u64));
        text::tui::of(&number::count(at as u64), &total)
    }

    /// A row with what was found in it marked.
    pub(super) fn marked(&self, line: &Line<'static>, theme: Theme) -> Option<Line<'static>> {
        let has_any = |text: &str| self.words.iter().any(|word| text.contains(word.as_str()));
        if self.words.is_empty() || !line.spans.iter().any(|span| has_any(&span.content)) {
            return None;
        }
        let mut spans = Vec::new();
        for span in &line.spans {
            let mut rest: &str = &span.content;
            while let Some((at, word)) = self
                .words
                .iter()
                .filter_map(|word| Some((rest.find(word.as_str())?, word)))
                .min_by_key(|(at, word)| (*at, std::cmp::Reverse(word.len())))
            {
                spans.push(Span::styled(rest[..at].to_owned(), span.style));
                spans.push(Span::styled(word.clone(), span.style.patch(theme.hit())));
                rest = &rest[at + word.len()..];
            }
            spans.push(Span::styled(rest.to_owned(), span.style));
        }
        Some(Line { spans, ..line.clone() })
    }
}
