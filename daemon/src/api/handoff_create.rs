//! `handoff/create`

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader, Cursor, Read},
    path::Path,
    sync::{Arc, OnceLock},
};

use jiff::Timestamp;
use jsonrpsee::core::RpcResult;
use opensession_hail::{
    Event, Item,
    handoff::{Budget, Collector, Draft, Form, SessionFacts, Told, Turns},
    read_any,
    redact::Redactor,
};
use opensession_protocol::{HandoffAnswer, HandoffFormat, Scope, SessionBrief, SessionState, error};

use super::{errors, scope};
use crate::{catalog::SessionEntry, engine::Engine, git, store::EventRange};

/// Sessions merged at most.
const SESSIONS_MOST: usize = 64;
/// Bytes of a HAIL file that are read.
const FILE_BYTES_MOST: u64 = 1 << 30;

/// What was asked for.
pub(super) struct Asked {
    pub(super) sessions: Vec<String>,
    pub(super) hail: Option<String>,
    pub(super) budget: Option<String>,
    pub(super) format: HandoffFormat,
}

/// Where a session's events come from.
pub(super) enum Source {
    Kept(Arc<SessionEntry>),
    /// The rest of a HAIL file, after its header.
    Hail(Box<dyn Iterator<Item = std::io::Result<Item>>>),
}

/// Bytes of turns that are told beside a handoff, about: a tenth of the context of most models.
const TURNS_BYTES: usize = 96 * 1024;

/// A handoff before it is brought within its budget, and what was said in its sessions.
pub(super) struct Gathered {
    pub(super) sessions: Vec<SessionBrief>,
    pub(super) draft: Draft,
    pub(super) budget: Budget,
    pub(super) told: Told,
    /// What was taken out of the turns, by rule.
    pub(super) redactions: BTreeMap<String, u64>,
    /// Of the last session that tells it.
    pub(super) title: Option<String>,
    pub(super) cwd: Option<String>,
    pub(super) branch: Option<String>,
}

/// Gathers a handoff together with what was said.
pub(super) fn gather(engine: &Engine, asked: &Asked, wanted: &Scope) -> RpcResult<Gathered> {
    let budget = budget(asked.budget.as_deref())?;
    let sources = sources(engine, asked, wanted)?;
    let sessions = briefs(engine, &sources);
    let last =
        |field: fn(&SessionFacts) -> &Option<String>| sources.iter().rev().find_map(|(facts, _)| field(facts).clone());
    let (title, cwd, branch) = (last(|facts| &facts.title), last(|facts| &facts.cwd), last(|facts| &facts.branch));
    let mut turns = Turns::new(TURNS_BYTES);
    let draft = collect(engine, sources, &mut |event| turns.add(event))?;
    let mut redactor = redactor().fresh();
    let told = turns.finish(&mut redactor);
    let title = title.map(|title| redactor.text(&title).into_owned());
    let mut redactions = redactor.found().clone();
    // A home directory is no secret.
    redactions.remove("home");
    Ok(Gathered { sessions, draft, budget, told, redactions, title, cwd, branch })
}

fn briefs(engine: &Engine, sources: &[(SessionFacts, Source)]) -> Vec<SessionBrief> {
    let catalog = engine.catalog();
    let kept = sources.iter().filter_map(|(_, source)| match source {
        Source::Kept(entry) => Some(catalog.brief(entry)),
        Source::Hail(_) => None,
    });
    kept.collect()
}

pub(super) fn answer(engine: &Engine, asked: &Asked, wanted: &Scope) -> RpcResult<HandoffAnswer> {
    let budget = budget(asked.budget.as_deref())?;
    let sources = sources(engine, asked, wanted)?;
    let sessions = briefs(engine, &sources);
    let cwd = sources.iter().rev().find_map(|(facts, _)| facts.cwd.clone());
    let form = match asked.format {
        HandoffFormat::Markdown => Form::Markdown,
        HandoffFormat::Json => Form::Json,
    };
    let (handoff, text) = collect(engine, sources, &mut |_| {})?.fit(budget, form);
    Ok(HandoffAnswer {
        sessions,
        format: asked.format,
        text,
        budget: budget.bytes() as u64,
        redactions: handoff.redactions,
        cwd,
    })
}

/// The handoff of one session that is kept, in full.
pub(super) fn draft(engine: &Engine, entry: &Arc<SessionEntry>) -> RpcResult<Draft> {
    let facts = facts(engine, entry, false);
    collect(engine, vec![(facts, Source::Kept(entry.clone()))], &mut |_| {})
}

fn budget(name: Option<&str>) -> RpcResult<Budget> {
    let Some(name) = name else { return Ok(Budget::default()) };
    Budget::from_name(name).ok_or_else(|| {
        errors::bad_value(
            format!("no budget {name}"),
            format!("brief, standard, full, or bytes from {} to {}", Budget::LEAST, Budget::MOST),
        )
    })
}

/// What is named, in the order in which it began.
fn sources(engine: &Engine, asked: &Asked, wanted: &Scope) -> RpcResult<Vec<(SessionFacts, Source)>> {
    if asked.sessions.len() > SESSIONS_MOST {
        return Err(errors::bad_value(
            format!("{} sessions are too many for one handoff", asked.sessions.len()),
            format!("name at most {SESSIONS_MOST}"),
        ));
    }
    let mut found: Vec<(SessionFacts, Source)> = Vec::new();
    if let Some(text) = &asked.hail {
        found.push(hail(Cursor::new(text.clone().into_bytes()))?);
    }
    let last = ["@".to_owned()];
    let names = if asked.sessions.is_empty() && asked.hail.is_none() { &last[..] } else { &asked.sessions };
    for name in names {
        let (facts, source) = named(engine, name, wanted, true)?;
        let is_known = |known: &Source| match (known, &source) {
            (Source::Kept(known), Source::Kept(entry)) => known.key == entry.key,
            _ => false,
        };
        if !found.iter().any(|(_, known)| is_known(known)) {
            found.push((facts, source));
        }
    }
    found.sort_by_key(|(facts, _)| facts.started);
    Ok(found)
}

/// The session of that name, or the HAIL file of that path.
pub(super) fn named(
    engine: &Engine,
    name: &str,
    wanted: &Scope,
    with_repository: bool,
) -> RpcResult<(SessionFacts, Source)> {
    match scope::session(engine, name, wanted) {
        Ok(named) => Ok((facts(engine, &named.session, with_repository), Source::Kept(named.session))),
        // A file that no agent's folder holds may be HAIL.
        Err(unknown) if unknown.code() == error::NO_SUCH_SESSION && Path::new(name).is_absolute() => {
            let Ok(file) = File::open(name) else { return Err(unknown) };
            hail(BufReader::new(file.take(FILE_BYTES_MOST)))
        }
        Err(error) => Err(error),
    }
}

fn hail(reader: impl BufRead + 'static) -> RpcResult<(SessionFacts, Source)> {
    let unreadable =
        |reason: String| errors::bad_value(reason, "give a session that opensession log lists, or a HAIL file");
    let mut items = read_any(reader).map_err(|error| unreadable(format!("cannot read the file: {error}")))?;
    match items.next() {
        Some(Ok(Item::Header(header))) => Ok((SessionFacts::of_header(&header), Source::Hail(Box::new(items)))),
        Some(Err(error)) => Err(unreadable(format!("cannot read the file: {error}"))),
        Some(Ok(Item::Problem(problem))) => {
            Err(unreadable(format!("not HAIL: line {}: {}", problem.line, problem.reason)))
        }
        Some(Ok(Item::Event(_))) | None => Err(unreadable("not HAIL: its first line is no header".to_owned())),
    }
}

fn facts(engine: &Engine, entry: &SessionEntry, with_repository: bool) -> SessionFacts {
    let info = entry.info_at(Timestamp::now().as_millisecond());
    let cwd = info.cwd.as_deref().map(Path::new);
    SessionFacts {
        short_id: engine.catalog().short_id(&info.id).to_owned(),
        now: cwd.filter(|_| with_repository).and_then(git::state),
        is_live: info.state == SessionState::Live,
        id: info.id,
        agent: info.agent,
        model: info.model,
        title: Some(info.title),
        cwd: info.cwd,
        repository: info.repository,
        branch: info.branch,
        started: info.started,
    }
}

/// Gathers the handoff; shows `also` each event too.
fn collect(engine: &Engine, sources: Vec<(SessionFacts, Source)>, also: &mut dyn FnMut(&Event)) -> RpcResult<Draft> {
    let mut collector = Collector::new();
    for (facts, source) in sources {
        collector.begin(facts);
        events(engine, source, |number, event| {
            collector.add(number, event);
            also(event);
        })?;
    }
    Ok(collector.finish(redactor()))
}

/// All events of a session, with their numbers.
pub(super) fn events(engine: &Engine, source: Source, mut each: impl FnMut(u32, &Event)) -> RpcResult<()> {
    match source {
        Source::Kept(entry) => {
            let range = EventRange { session: entry.key, from: 1, to: u32::MAX };
            engine
                .texts
                .with_reader(|reader| {
                    reader.event_lines(range, |number, _, line| {
                        // A line that cannot be read back is told by `doctor`; the rest holds all the same.
                        if let Ok(event) = Event::from_json(line) {
                            each(number, &event);
                        }
                        true
                    })
                })
                .map_err(errors::store)
        }
        Source::Hail(items) => {
            let mut number = 0;
            for item in items {
                match item {
                    Ok(Item::Event(event)) => {
                        number += 1;
                        each(number, &event);
                    }
                    Ok(Item::Header(_) | Item::Problem(_)) => {}
                    Err(error) => {
                        return Err(errors::bad_value(format!("cannot read the file: {error}"), "try it again"));
                    }
                }
            }
            Ok(())
        }
    }
}

/// The redactor of everything that leaves the store, made once: its patterns take some milliseconds to build.
pub(super) fn redactor() -> &'static Redactor {
    static REDACTOR: OnceLock<Redactor> = OnceLock::new();
    REDACTOR.get_or_init(Redactor::new)
}
