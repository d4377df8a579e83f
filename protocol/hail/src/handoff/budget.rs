//! Bringing a handoff within its budget: first texts get shorter, then lists lose their middle, never their end.

use std::collections::BTreeMap;

use super::compose::{Draft, cites};
use super::document::{Evidence, Handoff, Quote};
use super::quote::{cut, cut_middle};
use super::{Budget, Form, markdown};

/// How much of everything is kept.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Characters of the objective's prompts.
    quote: usize,
    /// Characters of the last words and of a question.
    words: usize,
    /// Characters of the tool's own summary; at zero there is none.
    summary: usize,
    /// Characters of a prompt in the list.
    line: usize,
    /// Characters of other items: commands, outputs, todos, decisions.
    item: usize,
    /// Names of failing tests of a check.
    names: usize,
    /// Entries of the lists of errors, checks, decisions, given-up things, commits, steps.
    entries: usize,
    /// Entries of the evidence index.
    evidence: usize,
    /// Entries of the lists of prompts, files and todos.
    long: usize,
}

const fn limits(sizes: [usize; 9]) -> Limits {
    let [quote, words, summary, line, item, names, entries, evidence, long] = sizes;
    Limits { quote, words, summary, line, item, names, entries, evidence, long }
}

/// From the most to the least. Between two of them there are [`STEPS`].
const LEVELS: [Limits; 25] = [
    limits([8000, 6000, 8000, 600, 600, 60, 100, 600, 4000]),
    limits([6000, 4000, 4000, 400, 400, 40, 60, 300, 4000]),
    limits([4000, 3000, 2400, 320, 320, 30, 40, 200, 4000]),
    limits([3000, 2000, 1600, 260, 260, 25, 32, 120, 4000]),
    limits([2000, 1600, 1200, 220, 220, 20, 28, 80, 4000]),
    limits([1600, 1200, 900, 200, 200, 20, 24, 50, 4000]),
    limits([1200, 1000, 600, 180, 170, 15, 20, 30, 4000]),
    limits([1000, 800, 450, 160, 150, 12, 16, 12, 4000]),
    limits([800, 650, 300, 140, 130, 12, 14, 0, 4000]),
    limits([700, 550, 200, 120, 120, 10, 12, 0, 4000]),
    limits([600, 450, 0, 110, 110, 10, 10, 0, 4000]),
    limits([500, 380, 0, 100, 100, 8, 8, 0, 4000]),
    limits([420, 320, 0, 90, 90, 8, 6, 0, 4000]),
    limits([340, 260, 0, 80, 80, 6, 5, 0, 4000]),
    limits([280, 220, 0, 72, 72, 6, 4, 0, 4000]),
    limits([240, 180, 0, 60, 60, 5, 4, 0, 4000]),
    limits([200, 150, 0, 58, 52, 4, 3, 0, 4000]),
    limits([180, 130, 0, 57, 48, 3, 3, 0, 120]),
    limits([170, 120, 0, 57, 48, 3, 3, 0, 80]),
    limits([160, 120, 0, 56, 48, 3, 2, 0, 50]),
    limits([160, 120, 0, 54, 48, 3, 2, 0, 30]),
    limits([150, 110, 0, 50, 46, 3, 2, 0, 16]),
    limits([140, 100, 0, 40, 44, 2, 2, 0, 8]),
    limits([100, 80, 0, 36, 40, 1, 1, 0, 4]),
    limits([60, 60, 0, 30, 30, 1, 1, 0, 2]),
];

/// Entries of a long list, as many as there are.
const ALL: usize = 4000;
/// Steps from a level to the next.
const STEPS: usize = 6;

/// The limits of a step: between two levels each lies between theirs.
fn step(at: usize) -> Limits {
    let (level, part) = (at / STEPS, at % STEPS);
    let one = LEVELS[level];
    let Some(other) = LEVELS.get(level + 1).filter(|_| part > 0) else { return one };
    let between = |of: fn(&Limits) -> usize| of(&one) - (of(&one) - of(other)) * part / STEPS;
    // The long lists fall from all to a part: what lies between is of no use to most.
    let long = if one.long == ALL && other.long < ALL {
        usize::min(one.long, other.long + (STEPS - part) * 40)
    } else {
        between(|limits| limits.long)
    };
    Limits {
        quote: between(|limits| limits.quote),
        words: between(|limits| limits.words),
        summary: between(|limits| limits.summary),
        line: between(|limits| limits.line),
        item: between(|limits| limits.item),
        names: between(|limits| limits.names),
        entries: between(|limits| limits.entries),
        evidence: between(|limits| limits.evidence),
        long,
    }
}

impl Draft {
    /// The handoff, so that its text in `form` has at most as many bytes as `budget` says. A budget too small for even
    /// the least gives the least.
    pub fn fit(&self, budget: Budget, form: Form) -> (Handoff, String) {
        let most = budget.bytes();
        let render = |level: usize| {
            let handoff = self.at(&step(level));
            let text = form.render(&handoff);
            (handoff, text)
        };
        // The first step that fits; sizes fall from step to step.
        let (mut low, mut high) = (0, (LEVELS.len() - 1) * STEPS);
        let mut best = None;
        while low < high {
            let middle = usize::midpoint(low, high);
            let rendered = render(middle);
            if rendered.1.len() <= most {
                high = middle;
                best = Some((middle, rendered));
            } else {
                low = middle + 1;
            }
        }
        match best {
            Some((level, rendered)) if level == high => rendered,
            _ => render(high),
        }
    }

    fn at(&self, limits: &Limits) -> Handoff {
        let mut handoff = self.handoff.clone();
        let mut omitted = std::mem::take(&mut handoff.omitted);
        let short = |quote: &mut Option<Quote>, most: usize| {
            if let Some(quote) = quote {
                quote.text = cut(&quote.text, most);
            }
        };
        short(&mut handoff.objective.first, limits.quote);
        short(&mut handoff.objective.latest, limits.quote);
        short(&mut handoff.objective.latest_slash, limits.item);
        short(&mut handoff.objective.tool_summary, limits.summary);
        if limits.summary == 0 {
            handoff.objective.tool_summary = None;
        }
        let state = &mut handoff.state;
        state.reason = cut(&state.reason, limits.item);
        if let Some(words) = &mut state.last_words {
            words.text = cut_middle(&words.text, limits.words);
        }
        short(&mut state.question, limits.words);
        // The last command and the last failure are what is asked for first: they may be longer than other items.
        let command = limits.item * 2;
        if let Some(run) = &mut state.last_command {
            run.command = cut(&run.command, command);
        }
        if let Some(failure) = &mut state.last_failure {
            failure.run.command = cut(&failure.run.command, command);
            short(&mut failure.output, limits.item);
        }
        if let Some(commit) = &mut state.last_commit {
            commit.subject = cut(&commit.subject, limits.item.max(80));
        }
        middle(&mut state.pull_requests, limits.entries, "pull_requests", &mut omitted);
        if let Some(now) = &mut state.now {
            middle(&mut now.changes, limits.entries, "changes_now", &mut omitted);
            middle(&mut now.unpushed, limits.entries, "unpushed_now", &mut omitted);
        }
        middle(&mut handoff.files, limits.long, "files", &mut omitted);
        middle(&mut handoff.checks, limits.entries.max(2), "checks", &mut omitted);
        for check in &mut handoff.checks {
            check.command = cut(&check.command, limits.item);
            if check.failing.len() > limits.names {
                check.failing_count = Some(check.failing.len() as u64);
                check.failing.truncate(limits.names);
            }
            check.failing.iter_mut().for_each(|name| *name = cut(name, limits.item));
        }
        middle(&mut handoff.errors, limits.entries, "errors", &mut omitted);
        for error in &mut handoff.errors {
            error.what = cut(&error.what, limits.item);
            short(&mut error.output, limits.item);
        }
        middle(&mut handoff.todos, limits.long, "todos", &mut omitted);
        handoff.todos.iter_mut().for_each(|todo| todo.text = cut(&todo.text, limits.item));
        middle(&mut handoff.decisions, limits.entries, "decisions", &mut omitted);
        for decision in &mut handoff.decisions {
            decision.about = decision.about.take().map(|about| cut(&about, limits.item));
            decision.text = cut(&decision.text, limits.item);
        }
        middle(&mut handoff.abandoned, limits.entries, "abandoned", &mut omitted);
        handoff.abandoned.iter_mut().for_each(|abandoned| abandoned.what = cut(&abandoned.what, limits.item));
        middle(&mut handoff.commits, limits.entries, "commits", &mut omitted);
        handoff.commits.iter_mut().for_each(|commit| commit.subject = cut(&commit.subject, limits.item));
        middle(&mut handoff.subagents, limits.entries, "subagents", &mut omitted);
        handoff.subagents.iter_mut().for_each(|agent| agent.text = cut(&agent.text, limits.item));
        middle(&mut handoff.prompts, limits.long, "prompts", &mut omitted);
        handoff.prompts.iter_mut().for_each(|prompt| prompt.text = cut(&prompt.text, limits.line));
        middle(&mut handoff.next, limits.entries, "next", &mut omitted);
        handoff.next.iter_mut().for_each(|step| step.text = cut(&step.text, limits.item));
        let mut evidence: Vec<Evidence> = Vec::new();
        if limits.evidence > 0 {
            let mut marks: Vec<_> =
                cites(&handoff).into_iter().filter_map(|cite| Some((*self.marks.get(cite)?, cite))).collect();
            marks.sort_unstable();
            evidence.extend(marks.into_iter().map(|(mark, cite)| Evidence {
                cite: cite.to_owned(),
                kind: mark.kind.name().to_owned(),
                ts: mark.ts,
            }));
        }
        handoff.evidence = evidence;
        middle(&mut handoff.evidence, limits.evidence, "evidence", &mut omitted);
        handoff.omitted = omitted;
        handoff
    }
}

impl Form {
    fn render(self, handoff: &Handoff) -> String {
        match self {
            Form::Markdown => markdown::render(handoff),
            Form::Json => {
                let mut text = serde_json::to_string(handoff).expect("its keys are strings and its numbers finite");
                text.push('\n');
                text
            }
        }
    }
}

/// Takes entries out of the middle: of those that stay a third is from the beginning.
fn middle<T>(list: &mut Vec<T>, most: usize, name: &str, omitted: &mut BTreeMap<String, u64>) {
    if list.len() <= most {
        return;
    }
    let left_out = list.len() - most;
    let first = most / 3;
    list.drain(first..first + left_out);
    *omitted.entry(name.to_owned()).or_default() += left_out as u64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_lose_their_middle() {
        let mut omitted = BTreeMap::new();
        let mut list: Vec<u32> = (1..=10).collect();
        middle(&mut list, 4, "list", &mut omitted);
        assert_eq!(list, [1, 8, 9, 10]);
        assert_eq!(omitted["list"], 6);
    }

    #[test]
    fn every_step_is_smaller_than_the_one_before() {
        let steps: Vec<Limits> = (0..=(LEVELS.len() - 1) * STEPS).map(step).collect();
        for pair in steps.windows(2) {
            assert!(pair[0].quote >= pair[1].quote && pair[0].line >= pair[1].line && pair[0].long >= pair[1].long);
            assert!(pair[0].entries >= pair[1].entries && pair[0].evidence >= pair[1].evidence);
        }
        assert_eq!((steps[0].quote, steps[steps.len() - 1].quote), (8000, 60));
    }

    #[test]
    fn what_there_is_room_for_is_used() {
        use crate::handoff::{Collector, SessionFacts};
        use crate::{Body, Content, Event, Message, Role};
        let mut collector = Collector::new();
        collector.begin(SessionFacts::default());
        for number in 1..=88 {
            let content = Content::Text(format!("prompt {number}: {}", "make it a little brighter ".repeat(6)));
            collector
                .add(number, &Event::new(Body::Message(Message { role: Role::Human, content, ..Message::default() })));
        }
        let draft = collector.finish(&crate::redact::Redactor::new());
        let (handoff, text) = draft.fit(Budget::Standard, Form::Json);
        assert!(text.len() > Budget::Standard.bytes() * 9 / 10, "{}", text.len());
        assert_eq!(handoff.prompts.len(), 88);
    }
}
