//! What is compared: the search itself, newest first, and plain BM25.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};
use opensession_daemon::catalog::SessionKey;
use opensession_daemon::engine::Engine;
use opensession_daemon::search::query::{ParseContext, parse};
use opensession_daemon::search::tokenizer::{TokenBuffer, tokenize};
use opensession_daemon::search::{EventTexts as _, Ranking, SearchRequest};

use crate::draw::Judged;
use crate::measure::thread_cpu_time;
use crate::transcripts::Transcript;

/// Sessions that are looked at.
pub(crate) const DEPTH: usize = 10;

/// Sessions, best first, and what finding them cost.
pub(crate) struct Answer {
    pub(crate) sessions: Vec<usize>,
    pub(crate) cpu: Duration,
}

/// Whether later sessions are hidden and age counts from the query's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// As if it were then.
    Then,
    /// All sessions, as if it were when the last of them ended.
    End,
}

/// Everything that answers are made of.
pub(crate) struct Searcher<'s> {
    engine: &'s Engine,
    transcripts: &'s [Transcript],
    /// Of each session, the key under which it is listed.
    keys: Vec<Option<SessionKey>>,
    numbers: HashMap<SessionKey, usize>,
    plain: Plain,
}

impl<'s> Searcher<'s> {
    pub(crate) fn new(engine: &'s Engine, transcripts: &'s [Transcript], judged: &[Judged]) -> Self {
        let catalog = engine.catalog();
        let mut numbers = HashMap::new();
        let mut keys = vec![None; transcripts.len()];
        let ids: HashMap<&str, usize> =
            transcripts.iter().enumerate().map(|(number, transcript)| (transcript.id.as_str(), number)).collect();
        for entry in catalog.iter() {
            let root = catalog.get(entry.root).unwrap_or(entry);
            let stem = std::path::Path::new(&root.info.path).file_stem().unwrap_or_default().to_string_lossy();
            if let Some(&number) = ids.get(stem.as_ref()) {
                keys[number] = Some(root.key);
                numbers.insert(entry.key, number);
            }
        }
        let plain = Plain::new(engine, &numbers, judged);
        Self { engine, transcripts, keys, numbers, plain }
    }

    /// Sessions that the engine knows.
    pub(crate) fn known(&self) -> usize {
        self.keys.iter().flatten().count()
    }

    /// The time at which a query is asked.
    fn now(&self, judged: &Judged, clock: Clock) -> i64 {
        match clock {
            Clock::Then => judged.asked,
            Clock::End => self.transcripts.iter().map(|transcript| transcript.ended).max().unwrap_or(0),
        }
    }

    /// Whether a session may be an answer.
    pub(crate) fn is_visible(&self, judged: &Judged, clock: Clock, session: usize) -> bool {
        judged.own != Some(session) && (clock == Clock::End || self.transcripts[session].begun <= judged.asked)
    }

    /// The search of the daemon.
    pub(crate) fn ours(&self, judged: &Judged, clock: Clock, ranking: &Ranking) -> Answer {
        let hidden = (0..self.transcripts.len()).filter(|&session| !self.is_visible(judged, clock, session));
        let now_ms = self.now(judged, clock);
        let request = SearchRequest {
            limit: DEPTH,
            hits_per_session: 3,
            now_ms,
            exclude: hidden.filter_map(|session| self.keys[session]).collect(),
            ranking: *ranking,
            ..SearchRequest::default()
        };
        let now = Timestamp::from_millisecond(now_ms).expect("a time of a transcript");
        let context = ParseContext { typing: judged.typing, ..ParseContext::new(now, TimeZone::UTC) };
        let catalog = self.engine.catalog();
        let before = thread_cpu_time();
        let query = parse(&judged.text, &context);
        let found = self.engine.index.search(&query, &request, &catalog, &*self.engine.texts);
        let cpu = thread_cpu_time().saturating_sub(before);
        let found = found.map(|found| found.sessions).unwrap_or_default();
        Answer { sessions: found.iter().filter_map(|one| self.numbers.get(&one.session).copied()).collect(), cpu }
    }

    /// The newest sessions in which all words stand.
    pub(crate) fn newest(&self, judged: &Judged, clock: Clock) -> Answer {
        let before = thread_cpu_time();
        let words = terms_of(&judged.text);
        let mut sessions: Vec<usize> = (0..self.transcripts.len())
            .filter(|&session| self.is_visible(judged, clock, session))
            .filter(|session| words.iter().all(|word| self.plain.sessions_of(word).contains(session)))
            .collect();
        sessions.sort_by_key(|&session| std::cmp::Reverse(self.transcripts[session].ended));
        sessions.truncate(DEPTH);
        Answer { sessions, cpu: thread_cpu_time().saturating_sub(before) }
    }

    /// BM25 over events, any word, a session by its best event.
    pub(crate) fn plain(&self, judged: &Judged, clock: Clock) -> Answer {
        let before = thread_cpu_time();
        let mut scores: HashMap<u32, f32> = HashMap::new();
        for word in terms_of(&judged.text) {
            self.plain.score(&word, &mut scores);
        }
        let mut best: HashMap<usize, f32> = HashMap::new();
        for (event, score) in scores {
            let session = self.plain.events[event as usize].0 as usize;
            if self.is_visible(judged, clock, session) {
                let best = best.entry(session).or_default();
                *best = best.max(score);
            }
        }
        let mut ranked: Vec<(usize, f32)> = best.into_iter().collect();
        ranked.sort_by(|left, right| {
            let newer = self.transcripts[right.0].ended.cmp(&self.transcripts[left.0].ended);
            right.1.total_cmp(&left.1).then(newer)
        });
        let sessions = ranked.into_iter().take(DEPTH).map(|(session, _)| session).collect();
        Answer { sessions, cpu: thread_cpu_time().saturating_sub(before) }
    }
}

/// The different tokens of a text.
fn terms_of(text: &str) -> Vec<String> {
    let mut terms: Vec<String> = Vec::new();
    tokenize(text, &mut TokenBuffer::default(), |token| {
        if !terms.iter().any(|term| term == token.text) {
            terms.push(token.text.to_owned());
        }
    });
    terms
}

/// Postings of the words that the queries have, and nothing else.
struct Plain {
    /// Session and length of each event.
    events: Vec<(u32, u32)>,
    average: f32,
    words: HashMap<String, Postings>,
    empty: HashSet<usize>,
}

#[derive(Default)]
struct Postings {
    /// Each event, and how often.
    events: Vec<(u32, u32)>,
    sessions: HashSet<usize>,
}

impl Plain {
    fn new(engine: &Engine, numbers: &HashMap<SessionKey, usize>, judged: &[Judged]) -> Self {
        let mut words: HashMap<String, Postings> = HashMap::new();
        for word in judged.iter().flat_map(|judged| terms_of(&judged.text)) {
            words.entry(word).or_default();
        }
        let mut events: Vec<(u32, u32)> = Vec::new();
        let mut buffer = TokenBuffer::default();
        let mut all = 0_u64;
        for (&key, &session) in numbers {
            let count = engine.catalog().get(key).map_or(0, |entry| entry.info.events);
            let names: Vec<(SessionKey, u32)> = (1..=count).map(|number| (key, number)).collect();
            for text in names.chunks(512).flat_map(|names| engine.texts.texts(names)).flatten() {
                let event = events.len() as u32;
                let mut length = 0;
                tokenize(&text, &mut buffer, |token| {
                    length += 1;
                    if let Some(postings) = words.get_mut(token.text) {
                        match postings.events.last_mut() {
                            Some(last) if last.0 == event => last.1 += 1,
                            _ => postings.events.push((event, 1)),
                        }
                        postings.sessions.insert(session);
                    }
                });
                events.push((session as u32, length));
                all += u64::from(length);
            }
        }
        let average = all as f32 / events.len().max(1) as f32;
        Self { events, average, words, empty: HashSet::new() }
    }

    fn sessions_of(&self, word: &str) -> &HashSet<usize> {
        self.words.get(word).map_or(&self.empty, |postings| &postings.sessions)
    }

    fn score(&self, word: &str, scores: &mut HashMap<u32, f32>) {
        const K1: f32 = 1.2;
        const B: f32 = 0.75;
        let Some(postings) = self.words.get(word) else { return };
        let (all, with_it) = (self.events.len() as f32, postings.events.len() as f32);
        let idf = (1.0 + (all - with_it + 0.5) / (with_it + 0.5)).ln();
        for &(event, count) in &postings.events {
            let (count, length) = (count as f32, self.events[event as usize].1 as f32);
            let norm = K1 * (1.0 - B + B * length / self.average);
            *scores.entry(event).or_default() += idf * count * (K1 + 1.0) / (count + norm);
        }
    }
}
