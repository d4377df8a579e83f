//! One session being derived: its deriver, its figures, its events on their way into the store and the index.

use std::{path::Path, sync::Arc};

use opensession_agents::{Agent, Derived, Deriver, Facts, Problem, Record, Source};
use opensession_hail::{
    Body, Event,
    statistics::Statistics,
    text::{self, is_edit_tool},
};
use opensession_protocol::SessionEvent;

use crate::{
    catalog::{EntryParts, SessionKey, StoredEntry, Traits, session_id},
    git::{Place, Places},
    hosts::Home,
    search::SearchDocument,
    store::{BlockBuilder, EventBlock, SessionBatch, SessionRow, StoreError},
};

/// Copies of a record without an id are recognised by their text, if it is at least this long.
const IDENTITY_TEXT_BYTES: usize = 160;
/// Files named by one event that are indexed.
const PATHS_PER_EVENT: usize = 64;

/// Which machine a session is from.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The other machine's name; `None` for this one.
    pub host: Option<Arc<str>>,
    /// What stands for its home directory, as long as it is followed.
    pub home: Option<Arc<Home>>,
}

impl Origin {
    /// A machine by its name alone.
    pub(crate) fn named(host: Option<&str>) -> Self {
        Self { host: host.map(Arc::from), home: None }
    }
}

/// One session being derived.
pub struct SessionReading {
    agent: &'static dyn Agent,
    source: Arc<Source>,
    origin: Origin,
    deriver: Box<dyn Deriver>,
    builder: BlockBuilder,
    statistics: Statistics,
    traits: Traits,
    place: Option<Arc<Place>>,
    key: Option<SessionKey>,
    events: u32,
    turns: u32,
    problems: u64,
    derived: Derived,
    documents: Vec<SearchDocument>,
    live_events: Option<Vec<SessionEvent>>,
    identities: Identities,
}

/// What a round of deriving gave.
pub(crate) struct Round {
    /// For the store.
    pub(crate) session: SessionBatch,
    /// For the index; the session's number is filled in after the commit.
    pub(crate) documents: Vec<SearchDocument>,
    /// For subscribers, if there are any.
    pub(crate) live_events: Vec<SessionEvent>,
    /// What could not be read.
    pub(crate) problems: Vec<Problem>,
}

impl SessionReading {
    /// A session at its beginning, or where `row` says it stands. `None` where the deriver's state cannot be taken up:
    /// the session must be derived again from its first record.
    pub fn open(
        agent: &'static dyn Agent,
        source: Arc<Source>,
        origin: Origin,
        row: Option<&SessionRow>,
        problems: u64,
        builder: BlockBuilder,
    ) -> Option<Self> {
        let deriver = match agent.deriver(&source, row.map(|row| row.state.as_slice())) {
            Ok(deriver) => deriver,
            Err(error) => {
                tracing::info!(path = %source.path.display(), %error, "deriving the session again");
                return None;
            }
        };
        let place =
            row.and_then(|row| row.place.as_deref()).and_then(|place| serde_json::from_str(place).ok()).map(Arc::new);
        Some(Self {
            agent,
            source,
            origin,
            deriver,
            builder,
            statistics: row.map(|row| row.statistics.clone()).unwrap_or_default(),
            traits: row.map(|row| row.traits).unwrap_or_default(),
            place,
            key: row.map(|row| row.key),
            events: row.map_or(0, |row| row.events),
            turns: row.map_or(0, |row| row.turns),
            problems,
            derived: Derived::default(),
            documents: Vec::new(),
            live_events: None,
            identities: Identities::default(),
        })
    }

    /// What packs a session's events.
    pub(super) fn builder(spare: Option<BlockBuilder>, dictionary: Option<&[u8]>) -> Result<BlockBuilder, StoreError> {
        BlockBuilder::new_or(spare, EVENT_LEVEL, dictionary)
    }

    /// What packed this one's events, for another session.
    pub(super) fn into_builder(self) -> BlockBuilder {
        self.builder
    }

    /// Begins a round. `watched`: whether subscribers want the events themselves.
    pub fn begin(&mut self, watched: bool) {
        self.builder.begin(self.events + 1, self.turns);
        self.live_events = watched.then(Vec::new);
    }

    /// Derives from the next record.
    pub fn take(&mut self, record: &Record<'_>) -> Result<(), StoreError> {
        self.deriver.derive(record, &mut self.derived);
        let mut events = std::mem::take(&mut self.derived.events);
        for event in events.drain(..) {
            self.add(&event)?;
        }
        self.derived.events = events;
        Ok(())
    }

    /// Ends the block of events under way, so that a long session becomes several of bounded size.
    pub(crate) fn take_block(&mut self) -> Result<Option<EventBlock>, StoreError> {
        let (block, turns) = self.builder.finish()?;
        self.turns = turns;
        self.builder.begin(self.events + 1, turns);
        Ok((block.count > 0).then_some(block))
    }

    /// Drops what would go to the index: it is given the events from the store.
    pub(super) fn drop_documents(&mut self) {
        self.documents.clear();
    }

    /// Where it took place, as it was found before.
    pub(super) fn place_at(&mut self, place: Option<&str>) {
        self.place = place.and_then(|place| serde_json::from_str(place).ok()).map(Arc::new);
    }

    /// The session was brought here by its own records; its numbers are those of `row`.
    pub(super) fn stand_at(&mut self, row: &SessionRow) {
        self.key = Some(row.key);
        self.events = row.events;
        self.turns = row.turns;
        self.statistics = row.statistics.clone();
        self.derived.problems.clear();
        self.documents.clear();
    }

    /// Ends the round.
    pub(crate) fn finish(&mut self, places: &Places) -> Result<Round, StoreError> {
        let block = self.take_block()?;
        let problems = std::mem::take(&mut self.derived.problems);
        self.problems += problems.len() as u64;
        let facts = self.deriver.facts().clone();
        if self.place.is_none() {
            self.place = place_of(&facts, places, &self.origin);
        }
        let place = self.place.as_deref();
        let entry = StoredEntry::new(&EntryParts {
            agent: self.agent.id(),
            agent_name: self.agent.name(),
            source: &self.source,
            host: self.origin.host.as_deref(),
            facts: &facts,
            statistics: &self.statistics,
            place,
            traits: self.traits,
            events: self.events,
            problems: self.problems,
        });
        let native_id = entry.info.native_id.clone();
        let session = SessionBatch {
            key: self.key,
            id: session_id(self.agent.id(), &native_id),
            agent: self.agent.id(),
            native_id,
            events: self.events,
            turns: self.turns,
            block,
            facts,
            statistics: self.statistics.clone(),
            traits: self.traits,
            state: self.deriver.state(),
            place: place.map(|place| serde_json::to_string(place).expect("strings alone")),
            entry,
        };
        Ok(Round {
            session,
            documents: std::mem::take(&mut self.documents),
            live_events: self.live_events.take().unwrap_or_default(),
            problems,
        })
    }

    fn add(&mut self, event: &Event) -> Result<(), StoreError> {
        self.events += 1;
        self.statistics.add(event);
        self.note_traits(event);
        let turn = self.builder.add(event)?;
        if let Some(live_events) = &mut self.live_events {
            live_events.push(SessionEvent {
                event: self.events,
                kind: event.body.kind(),
                turn,
                hail: serde_json::to_value(event).unwrap_or_default(),
            });
        }
        if let Some(document) = document(event, self.events, self.identities.of(self.agent.id(), event)) {
            self.documents.push(document);
        }
        Ok(())
    }

    fn note_traits(&mut self, event: &Event) {
        let traits = &mut self.traits;
        match &event.body {
            Body::Todo(_) => traits.todo = true,
            Body::Thinking(thinking) => traits.thinking |= !thinking.content.is_empty(),
            Body::Compaction(_) => traits.compacted = true,
            Body::Command(_) => traits.command = true,
            Body::Message(message) => traits.image |= message.content.has_image(),
            Body::ToolResult(result) => traits.image |= result.content.has_image(),
            Body::Unknown(unknown) => {
                traits.pull_request |= unknown.fields.get("type").is_some_and(|value| value == "pr_link");
            }
            _ => {}
        }
    }
}

/// Tells copies of events: gives equal numbers to one event in several sessions.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    /// The last event's id, and how many events had it before.
    last: (Option<String>, u32),
}

impl Identities {
    /// From the record's id and the event's place among those of its record; for long texts without an id, from the
    /// text. Zero where there is neither.
    pub(crate) fn of(&mut self, agent: &str, event: &Event) -> u64 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(agent.as_bytes());
        if event.id.is_some() {
            self.last.1 = if self.last.0 == event.id { self.last.1 + 1 } else { 0 };
            self.last.0.clone_from(&event.id);
            hasher.update(event.id.as_deref().unwrap_or_default().as_bytes());
            hasher.update(&self.last.1.to_le_bytes());
        } else {
            let mut text = String::new();
            text::searchable_text(event, &mut text);
            if text.len() < IDENTITY_TEXT_BYTES {
                return 0;
            }
            hasher.update(text.as_bytes());
        }
        u64::from_le_bytes(hasher.finalize().as_bytes()[..8].try_into().expect("eight of thirty-two bytes"))
    }
}

/// Compression of events as they come in: quick, since packing compresses them harder once their session is at rest.
const EVENT_LEVEL: i32 = -1;

/// The event as the index takes it in; `None` for bookkeeping. The session's number is filled in later.
pub(crate) fn document(event: &Event, number: u32, identity: u64) -> Option<SearchDocument> {
    let kind = event.body.kind()?;
    let mut text = String::new();
    text::searchable_text(event, &mut text);
    let mut paths = Vec::new();
    text::path_mentions(event, &mut |access, path| {
        if paths.len() < PATHS_PER_EVENT {
            paths.push((access, path.to_owned()));
        }
    });
    let mut document = SearchDocument {
        session: 0,
        event: number,
        ts_ms: event.ts.map_or(0, jiff::Timestamp::as_millisecond),
        kind,
        error: false,
        subagent: event.subagent.is_some(),
        edit_call: false,
        exit: None,
        tool: None,
        model: None,
        identity,
        text,
        paths,
    };
    match &event.body {
        Body::Message(message) => document.model.clone_from(&message.model),
        Body::Thinking(thinking) => document.model.clone_from(&thinking.model),
        Body::ToolCall(call) => {
            document.tool = Some(call.name.clone());
            document.model.clone_from(&call.model);
            document.edit_call = is_edit_tool(&call.name);
        }
        Body::Command(command) => {
            document.tool = Some(command.name.clone());
            document.model.clone_from(&command.model);
        }
        Body::ToolResult(result) => {
            document.tool.clone_from(&result.name);
            document.exit = result.exit_code;
            document.error = result.status == opensession_hail::Status::Error;
        }
        Body::Error(_) => document.error = true,
        _ => {}
    }
    Some(document)
}

fn place_of(facts: &Facts, places: &Places, origin: &Origin) -> Option<Arc<Place>> {
    let directory = facts.cwd.as_deref().map(Path::new);
    let told = || facts.repository.as_deref().and_then(Place::of_remote).map(Arc::new);
    if origin.host.is_none() {
        return directory.and_then(|directory| places.find(directory)).or_else(told);
    }
    // A directory of another machine is none of this one, whatever its name; but who has a repository at one place below
    // the home directory there has the same one at that place here.
    let here = || origin.home.as_ref()?.here(directory?);
    told().or_else(|| places.find(&here()?))
}
