//! `session/outline`

use jsonrpsee::core::RpcResult;
use opensession_hail::{Body, Event, Role, statistics::Statistics};
use opensession_protocol::{OutlineTurn, Scope, SessionOutline};

use super::{errors, scope};
use crate::{engine::Engine, store::EventRange};

/// Characters of a prompt.
const PROMPT_CHARACTERS: usize = 200;

pub(super) fn answer(engine: &Engine, name: &str, from: Option<u32>, wanted: &Scope) -> RpcResult<SessionOutline> {
    let entry = scope::session(engine, name, wanted)?.session;
    let from = from.unwrap_or(1).max(1);
    let outline =
        SessionOutline { session: entry.info.id.clone(), from, total: entry.info.events, ..SessionOutline::default() };
    let mut outliner = Outliner { outline, figures: Statistics::default() };
    let range = EventRange { session: entry.key, from, to: u32::MAX };
    engine
        .texts
        .with_reader(|reader| {
            reader.event_lines(range, |number, turn, line| {
                // One that cannot be read back is told of by those who show it.
                if let Ok(event) = Event::from_json(line) {
                    outliner.add(number, turn, &event);
                }
                true
            })
        })
        .map_err(errors::store)?;
    Ok(outliner.finish())
}

/// Makes an outline of events in their order.
struct Outliner {
    outline: SessionOutline,
    /// Of the last turn.
    figures: Statistics,
}

impl Outliner {
    fn add(&mut self, number: u32, turn: u32, event: &Event) {
        if self.outline.turns.last().is_none_or(|last| last.turn != turn) {
            self.close();
            let prompt = match &event.body {
                Body::Message(message) if message.role == Role::Human => one_line(&message.content.text()),
                _ => String::new(),
            };
            self.outline.turns.push(OutlineTurn {
                turn,
                event: number,
                prompt,
                ts: event.ts,
                ..OutlineTurn::default()
            });
        }
        let errors = self.figures.errors;
        self.figures.add(event);
        match event.body {
            Body::Error(_) => self.outline.failures.push(number),
            Body::ToolResult(_) if self.figures.errors > errors => self.outline.failures.push(number),
            Body::Edit(_) => self.outline.edits.push(number),
            _ => {}
        }
        if let Some(last) = self.outline.turns.last_mut() {
            last.events += 1;
        }
    }

    fn close(&mut self) {
        let figures = std::mem::take(&mut self.figures);
        if let Some(last) = self.outline.turns.last_mut() {
            (last.calls, last.errors, last.edits) = (figures.calls, figures.errors, figures.edits);
            (last.added, last.removed, last.active_ms) = (figures.added, figures.removed, figures.active_ms);
        }
    }

    fn finish(mut self) -> SessionOutline {
        self.close();
        self.outline
    }
}

/// The beginning of a prompt, white space folded.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    let mut characters = 0;
    for word in text.split_whitespace() {
        if characters > 0 {
            line.push(' ');
        }
        line.extend(word.chars().take(PROMPT_CHARACTERS.saturating_sub(characters)));
        characters += word.chars().count() + 1;
        if characters >= PROMPT_CHARACTERS {
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_have_their_own_figures() {
        let lines = [
            (0, r#"{"type":"title","title":"Lock"}"#),
            (1, r#"{"role":"human","content":"Find\n  out   why","ts":"2026-11-22T05:05:00Z"}"#),
            (1, r#"{"type":"command","call_id":"a","name":"Bash","command":"cargo test","ts":"2026-11-22T05:05:10Z"}"#),
            (1, r#"{"type":"tool_result","call_id":"a","status":"error","content":"no","ts":"2026-11-22T05:05:20Z"}"#),
            (2, r#"{"role":"human","content":"Go on"}"#),
            (2, r#"{"type":"file_edit","path":"a.rs","diff":"@@ -1,1 +1,2 @@\n-a\n+b\n+c\n","added":2,"removed":1}"#),
            (2, r#"{"type":"error","message":"overloaded"}"#),
        ];
        let mut outliner = Outliner { outline: SessionOutline::default(), figures: Statistics::default() };
        for (number, (turn, line)) in (1..).zip(lines) {
            outliner.add(number, turn, &Event::from_json(line.as_bytes()).unwrap());
        }
        let outline = outliner.finish();
        assert_eq!((outline.failures, outline.edits), (vec![4, 7], vec![6]));
        let turns: Vec<_> = outline
            .turns
            .iter()
            .map(|turn| (turn.turn, turn.event, &*turn.prompt, turn.events, turn.calls, turn.errors, turn.active_ms))
            .collect();
        assert_eq!(
            turns,
            [(0, 1, "", 1, 0, 0, 0), (1, 2, "Find out why", 3, 1, 1, 20_000), (2, 5, "Go on", 3, 0, 0, 0)]
        );
        assert_eq!((outline.turns[2].edits, outline.turns[2].added, outline.turns[2].removed), (1, 2, 1));
    }

    #[test]
    fn a_long_prompt_is_cut() {
        assert_eq!(one_line(&"word ".repeat(100)).chars().count(), PROMPT_CHARACTERS - 1);
        assert_eq!(one_line(&"가".repeat(500)).chars().count(), PROMPT_CHARACTERS);
    }
}
