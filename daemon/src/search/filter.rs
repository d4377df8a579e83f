//! Conditions on events and sessions that come from fields: a tree that is brought to bear on each segment.

use std::io;

use opensession_hail::Kind;
use opensession_protocol::{SessionRelation, SessionState};

use super::bits::Bits;
use super::columns::Packed;
use super::pattern::{in_ranges, is_of_host, path_matches, path_seed, repository_matches, text_matches, wild_matches};
use super::query::{
    Field, FileAccess, Glob, HasValue, IsValue, NumberRange, PathPattern, RoleValue, SessionPrefix, TimeRange,
};
use super::remembered::{Asked, Kept};
use super::schema::flag;
use super::segment::{Segment, TermField};
use crate::catalog::{Catalog, SessionEntry};

/// A text that more paths hold says nothing about which events are meant.
const TELLING_PATHS: usize = 64;

/// A condition on events.
#[derive(Debug, Clone)]
pub(crate) enum Mask {
    /// All hold; of none: any event.
    All(Vec<Mask>),
    /// One holds.
    Any(Vec<Mask>),
    /// It does not hold.
    Not(Box<Mask>),
    /// The kind is one of a set; `edit_calls` adds the calls of edit tools.
    Kinds { set: u16, edit_calls: bool },
    /// A failure.
    Error,
    /// From the main thread of the session, not from a sub-agent.
    MainThread,
    /// From a sub-agent, in whichever session.
    Subagent,
    /// A tool (`t`) or model (`m`).
    Label(char, Vec<Glob>),
    /// A path, by the letters of its access.
    Path(&'static str, Vec<PathPattern>),
    /// The time.
    Time(Vec<TimeRange>),
    /// The exit code.
    Exit(Vec<NumberRange>),
    /// The session is one of a set.
    Sessions(Bits),
    /// The events themselves, by their number over all segments.
    Events(Bits),
}

impl Mask {
    /// The condition that lets everything pass.
    pub(crate) fn everything() -> Self {
        Mask::All(Vec::new())
    }

    pub(crate) fn is_everything(&self) -> bool {
        matches!(self, Mask::All(masks) if masks.is_empty())
    }

    /// Both conditions.
    pub(crate) fn and(self, other: Mask) -> Self {
        match (self, other) {
            (Mask::All(mut masks), Mask::All(others)) => {
                masks.extend(others);
                Mask::All(masks)
            }
            (Mask::All(mut masks), other) => {
                masks.push(other);
                Mask::All(masks)
            }
            (mask, other) => Mask::All(vec![mask]).and(other),
        }
    }

    /// The condition of a field; `None` for a scan of texts, which is no condition on what the index knows.
    pub(crate) fn of_field(field: &Field, catalog: &Catalog, now_ms: i64) -> Option<Self> {
        let sessions = |holds: &dyn Fn(&SessionEntry) -> bool| Mask::Sessions(select(catalog, holds));
        Some(match field {
            Field::Agent(globs) => sessions(&|entry| globs.iter().any(|glob| glob.matches_words(&entry.info.agent))),
            Field::Model(globs) => Mask::Label('m', globs.clone()),
            Field::Role(roles) => {
                let kinds = roles.iter().flat_map(|role| match role {
                    RoleValue::Human => [Kind::Prompt].as_slice(),
                    RoleValue::Agent => {
                        &[Kind::Agent, Kind::Thinking, Kind::Call, Kind::Command, Kind::Edit, Kind::Todo]
                    }
                    RoleValue::Tool => &[Kind::Output],
                });
                Mask::Kinds { set: kinds.fold(0, |set, &kind| set | 1 << kind as u16), edit_calls: false }
            }
            Field::Kind(kinds) => Mask::Kinds {
                set: kinds.iter().fold(0, |set, &kind| set | 1 << kind as u16),
                edit_calls: kinds.contains(&Kind::Edit),
            },
            Field::Tool(globs) => Mask::Label('t', globs.clone()),
            Field::Repo(patterns) => sessions(&|entry| {
                let identity = entry.repository_identity.as_deref().map(str::to_lowercase);
                let name = entry.info.repository.as_deref().map(str::to_lowercase);
                patterns.iter().any(|pattern| {
                    [&identity, &name].into_iter().flatten().any(|identity| repository_matches(pattern, identity))
                })
            }),
            Field::Cwd(patterns) => sessions(&|entry| {
                let cwd = entry.info.cwd.as_deref().unwrap_or("").to_lowercase().replace('\\', "/");
                patterns.iter().any(|pattern| path_matches(pattern, &cwd))
            }),
            Field::Path(patterns) => Mask::Path("ern", patterns.clone()),
            Field::File(FileAccess::Edited, patterns) => Mask::Path("e", patterns.clone()),
            Field::File(FileAccess::Read, patterns) => Mask::Path("r", patterns.clone()),
            Field::Host(globs) => sessions(&|entry| is_of_host(globs, entry.info.host.as_deref())),
            Field::Branch(patterns) => sessions(&|entry| {
                let branch = entry.info.branch.as_deref().unwrap_or("");
                patterns.iter().any(|pattern| text_matches(pattern, branch))
            }),
            Field::Title(patterns) => {
                sessions(&|entry| patterns.iter().any(|pattern| text_matches(pattern, &entry.info.title)))
            }
            Field::Session(prefixes) => sessions(&|entry| is_session(prefixes, entry)),
            Field::Parent(prefixes) => sessions(&|entry| {
                let parent = entry.info.parent.as_deref().unwrap_or("");
                prefixes.iter().any(|prefix| parent.to_lowercase().starts_with(&prefix.prefix))
            }),
            Field::Root(prefixes) => {
                sessions(&|entry| catalog.get(entry.root).is_some_and(|root| is_session(prefixes, root)))
            }
            Field::Is(values) => Mask::Any(values.iter().map(|&value| is_mask(value, now_ms, &sessions)).collect()),
            Field::Has(values) => sessions(&|entry| values.iter().any(|&value| has(value, entry))),
            Field::Time(ranges) => Mask::Time(ranges.clone()),
            Field::Cost(ranges) => sessions(&|entry| entry.info.stats.cost.is_some_and(|cost| in_ranges(ranges, cost))),
            Field::Tokens(ranges) => sessions(&|entry| {
                let stats = &entry.info.stats;
                let all = stats.input_tokens + stats.output_tokens + stats.cache_read_tokens + stats.cache_write_tokens;
                in_ranges(ranges, all as f64)
            }),
            Field::Turns(ranges) => sessions(&|entry| in_ranges(ranges, entry.info.stats.turns as f64)),
            Field::Duration(ranges) => sessions(&|entry| in_ranges(ranges, entry.info.stats.active_ms as f64)),
            Field::Exit(ranges) => Mask::Exit(ranges.clone()),
            Field::Text(_) => return None,
        })
    }

    /// Whether it is a condition on sessions alone.
    pub(crate) fn sessions_only(&self, limit: usize) -> Option<Bits> {
        Some(match self {
            Mask::Sessions(bits) => bits.clone(),
            Mask::All(masks) => {
                let mut all = Bits::full(limit);
                for mask in masks {
                    all.intersect(&mask.sessions_only(limit)?);
                }
                all
            }
            Mask::Any(masks) => {
                let mut any = Bits::empty(limit);
                for mask in masks {
                    any.unite(&mask.sessions_only(limit)?);
                }
                any
            }
            Mask::Not(mask) => {
                let mut bits = mask.sessions_only(limit)?;
                bits.invert();
                bits
            }
            _ => return None,
        })
    }

    /// Splits off what is a condition on sessions alone, so that it is looked at once a session.
    pub(crate) fn split_sessions(self, limit: usize) -> (Bits, Mask) {
        let mut sessions = Bits::full(limit);
        let masks = match self {
            Mask::All(masks) => masks,
            mask => vec![mask],
        };
        let mut rest = Vec::new();
        for mask in masks {
            match mask.sessions_only(limit) {
                Some(bits) => sessions.intersect(&bits),
                None => rest.push(mask),
            }
        }
        (sessions, Mask::All(rest))
    }

    /// Brings the condition to bear on a segment whose first event has the number `base` over all segments.
    pub(crate) fn resolve<'s>(&self, segment: Segment<'s>, base: u32) -> io::Result<SegmentMask<'s>> {
        Ok(match self {
            Mask::All(masks) => {
                let masks: io::Result<Vec<_>> = masks.iter().map(|mask| mask.resolve(segment, base)).collect();
                SegmentMask::All(masks?)
            }
            Mask::Any(masks) => {
                let masks: io::Result<Vec<_>> = masks.iter().map(|mask| mask.resolve(segment, base)).collect();
                SegmentMask::Any(masks?)
            }
            Mask::Not(mask) => SegmentMask::Not(Box::new(mask.resolve(segment, base)?)),
            Mask::Kinds { set, edit_calls } => SegmentMask::Kinds { set: *set, edit_calls: *edit_calls },
            Mask::Error => SegmentMask::Flag(flag::ERROR),
            Mask::MainThread => SegmentMask::MainThread,
            Mask::Subagent => SegmentMask::Subagent,
            Mask::Label(letter, globs) => SegmentMask::Docs(labelled(segment, *letter, globs)?),
            Mask::Path(letters, patterns) => SegmentMask::Docs(with_path(segment, letters, patterns)?),
            Mask::Time(ranges) => SegmentMask::Time(segment.times(), ranges.clone()),
            Mask::Exit(ranges) => SegmentMask::Exit(segment, ranges.clone()),
            Mask::Sessions(bits) => SegmentMask::Sessions(bits.clone()),
            Mask::Events(bits) => SegmentMask::Events(bits.clone(), base),
        })
    }
}

fn is_session(prefixes: &[SessionPrefix], entry: &SessionEntry) -> bool {
    prefixes.iter().any(|prefix| {
        entry.info.id.starts_with(&prefix.prefix) || entry.info.native_id.to_lowercase().starts_with(&prefix.prefix)
    })
}

/// Makes a condition on sessions of what holds for one.
type OfSessions<'c> = &'c dyn Fn(&dyn Fn(&SessionEntry) -> bool) -> Mask;

fn is_mask(value: IsValue, now_ms: i64, sessions: OfSessions<'_>) -> Mask {
    match value {
        IsValue::Error => Mask::Error,
        IsValue::Subagent => Mask::Subagent,
        IsValue::Live => sessions(&|entry| entry.state(now_ms) == SessionState::Live),
        IsValue::Waiting => sessions(&|entry| entry.state(now_ms) == SessionState::Waiting),
        IsValue::Interrupted => sessions(&|entry| entry.state(now_ms) == SessionState::Interrupted),
        IsValue::Edited => sessions(&|entry| entry.info.stats.edits > 0),
        IsValue::Starred => sessions(&|entry| entry.info.starred),
        IsValue::Forked => sessions(&|entry| entry.info.relation == Some(SessionRelation::Fork)),
        IsValue::Compacted => sessions(&|entry| entry.traits.compacted),
    }
}

fn has(value: HasValue, entry: &SessionEntry) -> bool {
    match value {
        HasValue::Edit => entry.info.stats.edits > 0,
        HasValue::Command => entry.traits.command,
        HasValue::Todo => entry.traits.todo,
        HasValue::Image => entry.traits.image,
        HasValue::Thinking => entry.traits.thinking,
        HasValue::PullRequest => entry.traits.pull_request,
    }
}

/// The sessions for which a condition holds, or holds for the session at the top of their chain.
fn select(catalog: &Catalog, holds: &dyn Fn(&SessionEntry) -> bool) -> Bits {
    let mut bits = Bits::empty(catalog.sessions.len());
    for entry in catalog.iter() {
        let root = || entry.root != entry.key && catalog.get(entry.root).is_some_and(|root| holds(root));
        if holds(entry) || root() {
            bits.insert(entry.key);
        }
    }
    bits
}

fn labelled(segment: Segment<'_>, letter: char, globs: &[Glob]) -> io::Result<Docs> {
    let mut prefix = [0; 4];
    let prefix = letter.encode_utf8(&mut prefix).as_bytes();
    let mut docs = Docs::new(segment.len());
    let mut handles = Vec::new();
    segment.prefixed(TermField::Label, prefix, &mut |term, handle| {
        let name = &term[prefix.len()..];
        // Of a model's long name a piece will do.
        let fits = |glob: &Glob| match letter {
            'm' => std::str::from_utf8(name).is_ok_and(|name| glob.matches_words(name)),
            _ => wild_matches(glob.pattern.as_bytes(), name),
        };
        if globs.iter().any(fits) {
            handles.push(handle);
        }
        true
    })?;
    for handle in &handles {
        segment.each_doc(TermField::Label, handle, |doc, _| docs.insert(doc))?;
    }
    docs.sort();
    Ok(docs)
}

fn with_path(segment: Segment<'_>, letters: &str, patterns: &[PathPattern]) -> io::Result<Docs> {
    let mut docs = Docs::new(segment.len());
    for pattern in patterns {
        let wanted = |term: &[u8]| {
            let text = String::from_utf8_lossy(term);
            let mut chars = text.chars();
            chars.next().is_some_and(|letter| letters.contains(letter)) && path_matches(pattern, chars.as_str())
        };
        let seed = path_seed(pattern);
        let mut handles = Vec::new();
        if seed.is_empty() {
            segment.prefixed(TermField::Path, b"", &mut |term, handle| {
                if wanted(term) {
                    handles.push(handle);
                }
                true
            })?;
        } else {
            handles.extend(segment.paths_with(&seed, usize::MAX, &mut |term| wanted(term))?.into_iter().flatten());
        }
        for handle in &handles {
            segment.each_doc(TermField::Path, handle, |doc, _| docs.insert(doc))?;
        }
    }
    docs.sort();
    Ok(docs)
}

/// Adds the documents whose paths hold a text; of a text that too many paths hold, none. For ranking only.
pub(crate) fn add_naming(segment: Segment<'_>, text: &str, docs: &mut Bits) -> io::Result<()> {
    let asked = Asked::Naming(text.to_owned());
    if let Some(kept) = segment.on_disk().and_then(|disk| disk.remembered.get(&asked, segment.len())) {
        kept.list.iter().for_each(|&(doc, _)| docs.insert(doc));
        return Ok(());
    }
    let mut list = Vec::new();
    for handle in segment.paths_with(text, TELLING_PATHS, &mut |_| true)?.iter().flatten() {
        segment.each_doc(TermField::Path, handle, |doc, _| list.push((doc, 1.0)))?;
    }
    for &(doc, _) in &list {
        docs.insert(doc);
    }
    if let Some(disk) = segment.on_disk() {
        disk.remembered.put(asked, Kept { list, bound: None }, segment.len());
    }
    Ok(())
}

/// Documents of a segment: as a set and as a list in order.
#[derive(Debug)]
pub(crate) struct Docs {
    bits: Bits,
    pub(crate) list: Vec<u32>,
}

impl Docs {
    fn new(limit: u32) -> Self {
        Self { bits: Bits::empty(limit as usize), list: Vec::new() }
    }

    fn insert(&mut self, doc: u32) {
        if !self.bits.contains(doc) {
            self.bits.insert(doc);
            self.list.push(doc);
        }
    }

    fn sort(&mut self) {
        self.list.sort_unstable();
    }
}

/// A condition, ready for the events of one segment.
#[derive(Debug)]
pub(crate) enum SegmentMask<'s> {
    All(Vec<SegmentMask<'s>>),
    Any(Vec<SegmentMask<'s>>),
    Not(Box<SegmentMask<'s>>),
    Kinds { set: u16, edit_calls: bool },
    Flag(u16),
    MainThread,
    Subagent,
    Docs(Docs),
    Time(&'s [i64], Vec<TimeRange>),
    Exit(Segment<'s>, Vec<NumberRange>),
    Sessions(Bits),
    Events(Bits, u32),
}

impl SegmentMask<'_> {
    /// Whether it holds for an event; `inside` says whether its session is a sub-agent's.
    #[inline]
    pub(crate) fn holds(&self, doc: u32, packed: Packed, inside: bool) -> bool {
        match self {
            SegmentMask::All(masks) => masks.iter().all(|mask| mask.holds(doc, packed, inside)),
            SegmentMask::Any(masks) => masks.iter().any(|mask| mask.holds(doc, packed, inside)),
            SegmentMask::Not(mask) => !mask.holds(doc, packed, inside),
            SegmentMask::Kinds { set, edit_calls } => {
                set >> packed.kind() & 1 == 1 || *edit_calls && packed.flags() & flag::EDIT_CALL != 0
            }
            SegmentMask::Flag(flag) => packed.flags() & flag != 0,
            SegmentMask::MainThread => !inside && packed.flags() & flag::SUBAGENT == 0,
            SegmentMask::Subagent => inside || packed.flags() & flag::SUBAGENT != 0,
            SegmentMask::Docs(docs) => docs.bits.contains(doc),
            SegmentMask::Time(times, ranges) => {
                let time = times[doc as usize];
                time != 0
                    && ranges.iter().any(|range| {
                        range.from_ms.is_none_or(|from| time >= from) && range.until_ms.is_none_or(|until| time < until)
                    })
            }
            SegmentMask::Exit(segment, ranges) => segment.exit(doc).is_some_and(|exit| in_ranges(ranges, exit as f64)),
            SegmentMask::Sessions(bits) => bits.contains(packed.session()),
            SegmentMask::Events(bits, base) => bits.contains(base + doc),
        }
    }

    /// The shortest list of documents outside of which nothing holds.
    pub(crate) fn candidates(&self) -> Option<&[u32]> {
        match self {
            SegmentMask::Docs(docs) => Some(&docs.list),
            SegmentMask::All(masks) => masks.iter().filter_map(SegmentMask::candidates).min_by_key(|list| list.len()),
            _ => None,
        }
    }
}
