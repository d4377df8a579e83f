//! What can stand at the cursor of a query: names of fields, their values and words, as they are kept here.

mod paths;
mod place;
mod sessions;
mod terms;
mod words;

use std::io;

use opensession_hail::Kind;
use opensession_protocol::{Completion, CompletionKind, Completions};

use self::place::{Place, Role};
use super::bits::Bits;
use super::filter::Mask;
use super::found::SearchError;
use super::index::SearchIndex;
use super::query::{Field, ParseContext, field_names, parse};
use super::segment::Segment;
use crate::catalog::{Catalog, SessionEntry};

/// What completions are made from, besides the index.
pub struct CompletionRequest<'c> {
    /// Every session.
    pub catalog: &'c Catalog,
    /// Which sessions are counted and named.
    pub in_scope: &'c dyn Fn(&SessionEntry) -> bool,
    /// What dates count from, and the home directory.
    pub context: &'c ParseContext,
    /// The cursor, in code points.
    pub cursor: u32,
    /// Completions at most.
    pub limit: usize,
}

/// One thing that can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    text: String,
    count: Option<u64>,
    detail: Option<String>,
}

impl Candidate {
    fn counted(text: impl Into<String>, count: u64) -> Self {
        Self { text: text.into(), count: Some(count), detail: None }
    }
}

/// Candidates, and how they are brought in order.
enum Candidates {
    /// Those that fit what was typed, most used first.
    ByCount(Vec<Candidate>),
    /// Those that fit what was typed, as they stand.
    InOrder(Vec<Candidate>),
    /// All, as they stand: they were looked up by what was typed.
    Found(Vec<Candidate>),
}

impl SearchIndex {
    /// What can stand at the cursor of a query.
    pub fn complete(&self, query: &str, request: &CompletionRequest<'_>) -> Result<Completions, SearchError> {
        let core = self.core();
        let segments = core.segments()?;
        let list = segments.list();
        let place = place::at(query, request.cursor);
        let completing = Completing { request, segments: &list };
        Ok(completing.completions(place)?)
    }
}

struct Completing<'c> {
    request: &'c CompletionRequest<'c>,
    segments: &'c [Segment<'c>],
}

impl Completing<'_> {
    fn completions(&self, mut place: Place) -> io::Result<Completions> {
        let mut items = Vec::new();
        match place.role {
            Role::Nothing => {}
            Role::Value(name) => {
                for candidate in ordered(self.values(name, &place.typed)?, &place.typed) {
                    items.push(item(quoted(&candidate.text, place.quoted), CompletionKind::Value, candidate));
                }
            }
            Role::Start | Role::Quoted => {
                // Where something stands before it in the same word, no field begins.
                let word = place.last_word();
                let typed = place.typed.to_lowercase();
                if place.role == Role::Start && word.len() == place.typed.len() {
                    let names = field_names().iter().filter(|name| name.starts_with(&typed));
                    for name in names {
                        let detail = words::FIELDS.iter().find(|(field, _)| field == name);
                        let detail = detail.map(|(_, detail)| (*detail).to_owned());
                        let candidate = Candidate { text: format!("{name}:"), count: None, detail };
                        items.push(item(candidate.text.clone(), CompletionKind::Field, candidate));
                    }
                }
                let word = word.to_owned();
                let found = terms::words(self.segments, &word)?;
                for candidate in ordered(Candidates::ByCount(found), &word) {
                    items.push(item(candidate.text.clone(), CompletionKind::Word, candidate));
                }
                place.start = place.cursor - word.chars().count() as u32;
            }
        }
        let more = items.len() > self.request.limit;
        items.truncate(self.request.limit);
        Ok(Completions { start: place.start, end: place.end, items, more })
    }

    /// The values of a field, of which `typed` may be the beginning.
    fn values(&self, name: &str, typed: &str) -> io::Result<Candidates> {
        let by_count = Candidates::ByCount;
        Ok(match name {
            "agent" => by_count(self.by_session(|entry| Some(&entry.info.agent))),
            "repo" => by_count(self.by_session(|entry| entry.info.repository.as_deref())),
            "branch" => by_count(self.by_session(|entry| entry.info.branch.as_deref())),
            "model" => by_count(terms::labels(self.segments, b"m")?),
            "tool" => by_count(terms::labels(self.segments, b"t")?),
            "kind" => by_count(self.kinds()),
            "role" => by_count(self.roles()),
            "is" => by_count(self.choices(name, words::IS)),
            "has" => by_count(self.choices(name, words::HAS)),
            "session" | "parent" | "root" => Candidates::Found(self.sessions_named(name, typed)),
            "title" => by_count(self.words_of_titles(typed)),
            "cwd" => by_count(self.directories(typed)),
            "path" => by_count(paths::complete(self.segments, "ern", typed, self.home())?),
            "file" => by_count(match typed.strip_prefix("read:") {
                Some(typed) => {
                    let mut paths = paths::complete(self.segments, "r", typed, self.home())?;
                    for path in &mut paths {
                        path.text.insert_str(0, "read:");
                    }
                    paths
                }
                None => paths::complete(self.segments, "e", typed, self.home())?,
            }),
            "after" | "since" | "before" | "until" | "on" => Candidates::InOrder(self.dates(name)),
            "cost" => Candidates::InOrder(self.choices(name, words::COST)),
            "tokens" => Candidates::InOrder(self.choices(name, words::TOKENS)),
            "turns" => Candidates::InOrder(self.choices(name, words::TURNS)),
            "duration" => Candidates::InOrder(self.choices(name, words::DURATION)),
            "exit" => Candidates::InOrder(self.choices(name, words::EXIT)),
            "sort" => Candidates::InOrder(self.choices(name, words::SORT)),
            "case" => Candidates::InOrder(self.choices(name, words::CASE)),
            _ => by_count(Vec::new()),
        })
    }

    /// Values of a fixed list with the sessions in which each holds, where the index has no part in it.
    fn choices(&self, name: &str, choices: &[(&str, &str)]) -> Vec<Candidate> {
        let candidate = |(value, detail): &(&str, &str)| {
            let detail = (!detail.is_empty()).then(|| (*detail).to_owned());
            Candidate { text: (*value).to_owned(), count: self.sessions_with(name, value), detail }
        };
        choices.iter().map(candidate).collect()
    }

    /// The sessions in which a field holds; `None` for one that is about events.
    fn sessions_with(&self, name: &str, value: &str) -> Option<u64> {
        match (name, value) {
            ("is", "error") => return Some(terms::errors(self.segments)),
            ("is", "subagent") => return Some(self.subagents()),
            _ => {}
        }
        let query = parse(&format!("{name}:{value}"), self.request.context);
        let (field, _) = query.fields().pop()?;
        let holds = self.holding(field)?;
        Some(self.listed().filter(|entry| holds.contains(entry.key)).count() as u64)
    }

    fn holding(&self, field: &Field) -> Option<Bits> {
        if let Field::Time(ranges) = field {
            let mut holding = Bits::empty(self.request.catalog.sessions.len());
            for entry in self.request.catalog.iter() {
                if ranges.iter().any(|range| range.contains(entry.updated_ms)) {
                    holding.insert(entry.key);
                }
            }
            return Some(holding);
        }
        let now_ms = self.request.context.now.as_millisecond();
        Mask::of_field(field, self.request.catalog, now_ms)?.sessions_only(self.request.catalog.sessions.len())
    }

    fn kinds(&self) -> Vec<Candidate> {
        let counts = terms::kinds(self.segments);
        Kind::ALL.iter().map(|&kind| Candidate::counted(kind.name(), counts[kind as usize])).collect()
    }

    fn roles(&self) -> Vec<Candidate> {
        let counts = terms::kinds(self.segments);
        let sum = |kinds: &[Kind]| kinds.iter().map(|&kind| counts[kind as usize]).sum();
        vec![
            Candidate::counted("human", sum(&[Kind::Prompt])),
            Candidate::counted(
                "agent",
                sum(&[Kind::Agent, Kind::Thinking, Kind::Call, Kind::Command, Kind::Edit, Kind::Todo]),
            ),
            Candidate::counted("tool", sum(&[Kind::Output])),
        ]
    }

    fn home(&self) -> Option<&str> {
        self.request.context.home.as_deref()
    }
}

/// The candidates that fit what was typed: those that begin with it before those of which a piece does; most used first.
fn ordered(candidates: Candidates, typed: &str) -> Vec<Candidate> {
    let typed = typed.to_lowercase();
    let fit = |candidate: &Candidate| {
        let text = candidate.text.to_lowercase();
        let is_boundary = |character: char| matches!(character, '-' | '/' | '.' | '_' | ':' | ' ' | '>' | '<' | '=');
        if text.starts_with(&typed) {
            Some(0)
        } else {
            text.match_indices(is_boundary).any(|(at, sign)| text[at + sign.len()..].starts_with(&typed)).then_some(1)
        }
    };
    let (candidates, by_count) = match candidates {
        Candidates::Found(candidates) => return candidates,
        Candidates::ByCount(candidates) => (candidates, true),
        Candidates::InOrder(candidates) => (candidates, false),
    };
    let fitting = candidates.into_iter().filter_map(|candidate| Some((fit(&candidate)?, candidate)));
    let mut ranked: Vec<(u8, Candidate)> = fitting.collect();
    if by_count {
        ranked.sort_by(|(left_fit, left), (right_fit, right)| {
            left_fit.cmp(right_fit).then(right.count.cmp(&left.count)).then_with(|| left.text.cmp(&right.text))
        });
    }
    ranked.into_iter().map(|(_, candidate)| candidate).collect()
}

fn item(text: String, kind: CompletionKind, candidate: Candidate) -> Completion {
    Completion { text, kind, count: candidate.count, detail: candidate.detail }
}

/// The value, in quotes where it cannot stand without.
fn quoted(value: &str, quoted: bool) -> String {
    if quoted
        || value.contains(|character: char| character.is_whitespace() || matches!(character, ',' | '(' | ')' | '"'))
    {
        format!("\"{}\"", value.replace('"', "\\\""))
    } else {
        value.to_owned()
    }
}
