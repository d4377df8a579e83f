//! What the store keeps of a session for the catalog, so that a start reads one column a session.

use std::{path::Path, sync::Arc};

use opensession_agents::{Facts, Source, derive::Activity};
use opensession_hail::{Relation, statistics::Statistics, title::title_from_prompt};
use opensession_protocol::{SessionInfo, SessionRelation, SessionStats};
use serde::{Deserialize, Serialize};

use super::Traits;
use crate::git::Place;

/// A session as the store keeps it for the catalog. What depends on other sessions (the parent's id, a title that stands
/// elsewhere) is found when the catalog is built.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct StoredEntry {
    /// What lists show, but for `state`, `short_id` and `parent`.
    #[serde(with = "shared")]
    pub info: Arc<SessionInfo>,
    /// See [`super::SessionEntry::repository_identity`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_identity: Option<String>,
    /// Time of the last record, in milliseconds since 1970.
    pub updated_ms: i64,
    /// What it holds.
    pub traits: Traits,
    /// What it was doing at its last record.
    pub activity: Activity,
    /// The parent's native id and how the session came from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<(String, Relation)>,
    /// Whether the title was given by a person or the agent in the session itself.
    pub titled: bool,
    /// Ids of the last records of its branches, for titles that stand elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<String>,
    /// What was done when and by which model, as `store::timeline` reads it.
    #[serde(skip)]
    pub timeline: Arc<[u8]>,
}

/// What an entry is made of.
pub struct EntryParts<'a> {
    /// The agent's id.
    pub agent: &'a str,
    /// The agent's name.
    pub agent_name: &'a str,
    /// The session's source.
    pub source: &'a Source,
    /// The other machine that it is from.
    pub host: Option<&'a str>,
    /// What is known of it.
    pub facts: &'a Facts,
    /// Its figures.
    pub statistics: &'a Statistics,
    /// Where it took place.
    pub place: Option<&'a Place>,
    /// What it holds.
    pub traits: Traits,
    /// Events.
    pub events: u32,
    /// Problems of its source.
    pub problems: u64,
}

impl StoredEntry {
    /// Puts an entry together.
    pub fn new(parts: &EntryParts<'_>) -> StoredEntry {
        let EntryParts { facts, statistics, .. } = parts;
        let native_id = facts.native_id.clone().unwrap_or_else(|| parts.source.native_id.clone());
        let parent = facts.parent.clone().or_else(|| parts.source.parent.clone());
        let own_title = facts.custom_title.as_ref().or(facts.agent_title.as_ref());
        let title = own_title
            .and_then(|title| title_from_prompt(title))
            .or_else(|| facts.first_prompt.as_deref().and_then(title_from_prompt))
            .unwrap_or_else(|| untitled(parts.agent_name, facts.cwd.as_deref()));
        let directory_name = facts.cwd.as_deref().and_then(last_component);
        let info = SessionInfo {
            id: session_id(parts.agent, &native_id),
            agent: parts.agent.to_owned(),
            native_id,
            title,
            relation: parent.as_ref().map(|(_, relation)| match relation {
                Relation::Subagent => SessionRelation::Subagent,
                Relation::Fork => SessionRelation::Fork,
            }),
            subagent_type: facts.subagent_type.clone(),
            host: parts.host.map(str::to_owned),
            cwd: facts.cwd.clone(),
            repository: parts.place.map(|place| place.name.clone()).or(directory_name),
            remote: parts.place.and_then(|place| place.remote.clone()),
            branch: facts.branch.clone(),
            commit: facts.commit.clone(),
            model: facts.model.clone(),
            agent_version: facts.agent_version.clone(),
            started: facts.started,
            updated: facts.updated,
            events: parts.events,
            stats: figures(statistics, parts.problems),
            first_prompt: facts.first_prompt.clone(),
            path: parts.source.path.display().to_string(),
            ..SessionInfo::default()
        };
        StoredEntry {
            updated_ms: facts.updated.map_or(0, jiff::Timestamp::as_millisecond),
            titled: own_title.is_some(),
            leaves: if own_title.is_some() { Vec::new() } else { facts.leaves.clone() },
            repository_identity: parts.place.map(|place| place.identity.clone()),
            traits: parts.traits,
            activity: facts.activity,
            timeline: crate::store::timeline::encode(&statistics.timeline).into(),
            parent,
            info: Arc::new(info),
        }
    }

    /// Whether there is anything in it that a person would look for.
    pub fn is_visible(&self) -> bool {
        let stats = &self.info.stats;
        stats.turns + stats.agent_messages + stats.calls + stats.results > 0
    }
}

/// A session's id: the first half of a BLAKE3 hash of agent and native id, the same on every machine.
pub fn session_id(agent: &str, native_id: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(agent.as_bytes());
    hasher.update(b"\0");
    hasher.update(native_id.as_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

fn figures(statistics: &Statistics, problems: u64) -> SessionStats {
    SessionStats {
        turns: statistics.turns,
        agent_messages: statistics.agent_messages,
        calls: statistics.calls,
        results: statistics.results,
        errors: statistics.errors,
        edits: statistics.edits,
        files: statistics.files.len() as u64,
        added: statistics.added,
        removed: statistics.removed,
        input_tokens: statistics.tokens.input,
        output_tokens: statistics.tokens.output,
        cache_read_tokens: statistics.tokens.cache_read,
        cache_write_tokens: statistics.tokens.cache_write,
        cost: statistics.cost,
        cost_estimated: false,
        active_ms: statistics.active_ms,
        problems,
    }
}

fn untitled(agent_name: &str, cwd: Option<&str>) -> String {
    match cwd.and_then(last_component) {
        Some(folder) => format!("{agent_name} session in {folder}"),
        None => format!("{agent_name} session"),
    }
}

/// The last component of a path of any system.
fn last_component(path: &str) -> Option<String> {
    let path = path.trim_end_matches(['/', '\\']);
    let component = if path.contains('\\') && !path.contains('/') {
        path.rsplit('\\').next()
    } else {
        Path::new(path).file_name().and_then(|name| name.to_str())
    };
    component.filter(|name| !name.is_empty()).map(str::to_owned)
}

/// What is shared between the store's entry and the catalog's, as JSON like what it holds.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
        T::serialize(value, serializer)
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<T>, D::Error> {
        T::deserialize(deserializer).map(Arc::new)
    }
}
