//! Two sessions side by side: what each was for, what it cost, what it ran and changed, and how it ended.
//!
//! [`Observer`] takes the events of one session in one pass with bounded memory; [`compare`] puts two together. It says
//! what [handoffs](crate::handoff) say, gathered by the same [`Collector`], and is redacted like them. The order of the
//! two changes nothing but the sides.

mod document;
mod lines;
mod markdown;
mod pairing;

pub use document::{
    CommandRuns, ComparedCheck, ComparedCommand, ComparedFile, ComparedLines, Comparison, LineBlock, Side, TokenCounts,
};

use std::collections::BTreeMap;

use crate::handoff::files::shown;
use crate::handoff::quote::{clean, cut, one_line};
use crate::handoff::{Check, Collector, Handoff, Quote, SessionFacts};
use crate::redact::Redactor;
use crate::statistics::Statistics;
use crate::{Body, Event};
use lines::LineTexts;
use pairing::Pair;

/// The version of the form that this crate writes.
pub const VERSION: &str = "comparison/0.1";

/// Entries of a list at most.
const ENTRIES_MOST: usize = 2_000;
/// Changed lines shown of one file, and of all.
const FILE_LINES_MOST: usize = 400;
const LINES_MOST: usize = 4_000;
/// Characters of what was said, of a command, and of a line.
const QUOTE_MOST: usize = 2_000;
const COMMAND_MOST: usize = 400;
const LINE_MOST: usize = 400;

/// Gathers what a comparison tells of one session.
#[derive(Debug)]
pub struct Observer {
    collector: Collector,
    statistics: Statistics,
    texts: LineTexts,
}

impl Observer {
    /// Of a session of which so much is known.
    pub fn new(facts: SessionFacts) -> Self {
        let mut collector = Collector::with_ledger();
        collector.begin(facts);
        Self { collector, statistics: Statistics::default(), texts: LineTexts::default() }
    }

    /// Takes the next event; `number` is its number in the session, from one.
    pub fn add(&mut self, number: u32, event: &Event) {
        self.collector.add(number, event);
        self.statistics.add(event);
        if let Body::Edit(edit) = &event.body
            && let Some(diff) = &edit.diff
        {
            self.texts.add(diff);
        }
    }

    /// The session as one side; and the rest of what is told of it.
    fn finish(&mut self, redactor: &Redactor) -> (Side, Handoff) {
        self.collector.end_session();
        let draft = self.collector.draft(redactor);
        let outcome = draft.summary().outcome;
        let handoff = draft.handoff;
        let head = handoff.sessions.last().cloned().unwrap_or_default();
        let quote = |quote: &Option<Quote>| {
            quote.as_ref().map(|quote| Quote { text: cut(&quote.text, QUOTE_MOST), cite: quote.cite.clone() })
        };
        let statistics = &self.statistics;
        let short_id = self.collector.sessions.last().map(|session| session.facts.short_id.clone());
        let side = Side {
            id: head.id,
            short_id: short_id.unwrap_or_default(),
            agent: head.agent,
            model: head.model,
            title: head.title,
            cwd: head.cwd,
            repository: head.repository,
            branch: head.branch,
            started: head.started,
            updated: head.updated,
            active_ms: statistics.active_ms,
            turns: statistics.turns,
            events: head.events,
            calls: statistics.calls,
            errors: statistics.errors,
            objective: quote(&handoff.objective.first),
            latest: quote(&handoff.objective.latest),
            standing: handoff.state.standing,
            reason: handoff.state.reason.clone(),
            outcome,
            last_words: quote(&handoff.state.last_words),
            tokens: statistics.tokens.into(),
            subagent_tokens: statistics.subagent_tokens.total(),
            cost: statistics.cost,
            files: handoff.files_total.unwrap_or_default(),
            last_commit: handoff.state.last_commit.clone(),
            commits: handoff.commits.len() as u64 + handoff.omitted.get("commits").copied().unwrap_or(0),
        };
        (side, handoff)
    }
}

/// Puts two sessions side by side.
pub fn compare(mut a: Observer, mut b: Observer, redactor: &Redactor) -> Comparison {
    let (a_side, a_handoff) = a.finish(redactor);
    let (b_side, b_handoff) = b.finish(redactor);
    let mut comparer = Comparer { a: &a, b: &b, redactor: redactor.fresh(), omitted: BTreeMap::new() };
    let commands = comparer.commands();
    let checks = comparer.checks(&a_handoff.checks, &b_handoff.checks);
    let files = comparer.files((&a_side, &a_handoff), (&b_side, &b_handoff));
    let mut redactions = comparer.redactor.found().clone();
    // A home directory is no secret: that it became `~` is seen.
    redactions.remove("home");
    for (rule, count) in a_handoff.redactions.into_iter().chain(b_handoff.redactions) {
        *redactions.entry(rule).or_default() += count;
    }
    let omitted = comparer.omitted;
    Comparison { v: VERSION.to_owned(), a: a_side, b: b_side, commands, checks, files, omitted, redactions }
}

struct Comparer<'o> {
    a: &'o Observer,
    b: &'o Observer,
    redactor: Redactor,
    omitted: BTreeMap<String, u64>,
}

impl Comparer<'_> {
    fn commands(&mut self) -> Vec<ComparedCommand> {
        let ledger = |observer: &Observer| {
            let ledger = observer.collector.commands.ledger.as_ref();
            let mut used: Vec<_> = ledger.into_iter().flat_map(|ledger| ledger.by_signature.clone()).collect();
            used.sort_by_key(|(_, one)| one.first);
            (used, ledger.map_or(0, |ledger| ledger.left_out))
        };
        let ((a, a_left_out), (b, b_left_out)) = (ledger(self.a), ledger(self.b));
        let mut pairs = pairing::by_key(a.iter().map(|(key, _)| key.as_str()), b.iter().map(|(key, _)| key.as_str()));
        sort(&mut pairs, |pair| {
            let events = [pair.0.map(|at| a[at].1.first.event), pair.1.map(|at| b[at].1.first.event)];
            let key = pair.0.map(|at| &a[at].0).or(pair.1.map(|at| &b[at].0));
            (events.into_iter().flatten().min(), key)
        });
        self.bound("commands", &mut pairs, a_left_out + b_left_out);
        let mut runs = |used: &crate::handoff::ledger::Used| CommandRuns {
            command: cut(&self.line(&used.command), COMMAND_MOST),
            runs: used.runs,
            failed: used.failed,
            outcome: used.outcome,
            exit: used.exit,
            cite: format!("#{}", used.last.event),
        };
        let mut compared = Vec::with_capacity(pairs.len());
        for (in_a, in_b) in pairs {
            let in_a_runs = in_a.map(|at| runs(&a[at].1));
            let in_b_runs = in_b.map(|at| runs(&b[at].1));
            compared.push((in_a.map(|at| &a[at].0).or(in_b.map(|at| &b[at].0)), in_a_runs, in_b_runs));
        }
        let mut commands = Vec::with_capacity(compared.len());
        for (signature, a, b) in compared {
            let command = cut(&self.line(signature.map_or("", String::as_str)), COMMAND_MOST);
            commands.push(ComparedCommand { command, a, b });
        }
        commands
    }

    fn checks(&mut self, a: &[Check], b: &[Check]) -> Vec<ComparedCheck> {
        // Two checks may be the same but for what was redacted.
        let keys = |checks: &[Check]| -> Vec<String> {
            let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
            let mut key = |check| {
                let times = seen.entry(check).or_default();
                *times += 1;
                format!("{check}\0{times}")
            };
            checks.iter().map(|check| key(check.command.as_str())).collect()
        };
        let (a_keys, b_keys) = (keys(a), keys(b));
        let mut pairs = pairing::by_key(a_keys.iter().map(String::as_str), b_keys.iter().map(String::as_str));
        sort(&mut pairs, |pair| {
            let places = [pair.0, pair.1];
            (places.into_iter().flatten().min(), pair.0.map(|at| &a_keys[at]).or(pair.1.map(|at| &b_keys[at])))
        });
        self.bound("checks", &mut pairs, 0);
        let side = |check: &Check| Check { command: cut(&check.command, COMMAND_MOST), ..check.clone() };
        let compared = pairs.into_iter().map(|(in_a, in_b)| {
            let a = in_a.map(|at| side(&a[at]));
            let b = in_b.map(|at| side(&b[at]));
            let command = a.as_ref().or(b.as_ref()).map(|check| check.command.clone()).unwrap_or_default();
            ComparedCheck { command, a, b }
        });
        compared.collect()
    }

    fn files(&mut self, (a_side, a): (&Side, &Handoff), (b_side, b): (&Side, &Handoff)) -> Vec<ComparedFile> {
        let mut pairs = pairing::files(a_side, &a.files, b_side, &b.files);
        sort(&mut pairs, |pair| {
            let paths = [pair.0.map(|at| &a.files[at].path), pair.1.map(|at| &b.files[at].path)];
            let last = paths.iter().flatten().max().copied();
            (paths.into_iter().flatten().min(), last)
        });
        let not_followed = a_side.files.not_followed.unwrap_or(0) + b_side.files.not_followed.unwrap_or(0);
        self.bound("files", &mut pairs, not_followed);
        let has_shared = pairs.iter().any(|pair| pair.0.is_some() && pair.1.is_some());
        let (a_raw, b_raw) =
            if has_shared { (self.raw_paths(self.a), self.raw_paths(self.b)) } else { Default::default() };
        let mut room = LINES_MOST;
        let mut compared = Vec::with_capacity(pairs.len());
        for (in_a, in_b) in pairs {
            let a = in_a.map(|at| a.files[at].clone());
            let b = in_b.map(|at| b.files[at].clone());
            let mut file = ComparedFile { a, b, ..ComparedFile::default() };
            if let (Some(a), Some(b)) = (&file.a, &file.b) {
                let raw = a_raw.get(&a.path).zip(b_raw.get(&b.path));
                file.lines = raw.and_then(|(a, b)| self.lines(a, b, room));
                let used = file.lines.iter().flat_map(|lines| &lines.blocks);
                let used: usize = used.map(|block| block.both.len() + block.a.len() + block.b.len()).sum();
                room -= used.min(room);
            }
            let paths = [file.a.as_ref(), file.b.as_ref()].into_iter().flatten().map(|file| &file.path);
            // Of a path within the directory and one in full, the one within.
            file.path = paths.min_by_key(|path| (path.len(), path.as_str())).cloned().unwrap_or_default();
            compared.push(file);
        }
        compared
    }

    /// The paths under which files are kept, by those that are shown.
    fn raw_paths(&mut self, observer: &Observer) -> BTreeMap<String, String> {
        let cwd = observer.collector.sessions.last().and_then(|session| session.facts.cwd.as_deref());
        let paths = observer.collector.files.iter().map(|(path, _)| path);
        paths.map(|path| (self.line(shown(path, cwd)), path.clone())).collect()
    }

    fn lines(&mut self, a: &str, b: &str, room: usize) -> Option<ComparedLines> {
        let (one, other) = (self.a, self.b);
        let (a, a_left_out) = self.side_lines(one, a)?;
        let (b, b_left_out) = self.side_lines(other, b)?;
        let blocks = lines::compare(&a, &b);
        Some(lines::cut(blocks, a_left_out + b_left_out, room.min(FILE_LINES_MOST)))
    }

    fn side_lines(&mut self, observer: &Observer, path: &str) -> Option<(Vec<String>, u64)> {
        let (_, file) = observer.collector.files.iter().find(|(known, _)| *known == path)?;
        let replay = file.replay.as_ref().filter(|_| file.edits > 0)?;
        observer.texts.of(replay, |text| {
            let text = clean(&text.replace('\t', "    "));
            cut(self.redactor.text(text.trim_end()).trim_end(), LINE_MOST)
        })
    }

    /// A text on one line, clean and redacted.
    fn line(&mut self, text: &str) -> String {
        let clean = clean(text);
        one_line(&self.redactor.text(clean.trim()))
    }

    /// Leaves out what is too much.
    fn bound(&mut self, list: &str, pairs: &mut Vec<Pair>, already_left_out: u64) {
        let left_out = pairs.len().saturating_sub(ENTRIES_MOST) as u64 + already_left_out;
        pairs.truncate(ENTRIES_MOST);
        if left_out > 0 {
            self.omitted.insert(list.to_owned(), left_out);
        }
    }
}

/// Those of both sides first, then by `key`.
fn sort<K: Ord>(pairs: &mut [Pair], key: impl Fn(&Pair) -> K) {
    pairs.sort_by_cached_key(|pair| (pair.0.is_none() || pair.1.is_none(), key(pair), pair.0.is_none()));
}
