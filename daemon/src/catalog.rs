//! What is known of every session, in memory: enough for lists, filters and folding, so that no query waits for the
//! database.

mod directory;
mod entry;
mod names;

use std::sync::Arc;

use opensession_agents::derive::Activity;
use opensession_protocol::{SessionInfo, SessionState};
use serde::{Deserialize, Serialize};

pub use directory::Directory;
pub use entry::{EntryParts, StoredEntry, session_id};
pub use names::{NameError, Named};

/// A session's number in this store: dense, never reused, meaningless elsewhere.
pub type SessionKey = u32;

/// For how long after its last record a working session counts as live, in milliseconds. Tools that run longer without
/// a word are rare, and a session that was cut off must not stay live for ever.
const LIVE_MS: i64 = 10 * 60 * 1000;
/// For how long after its last record an idle session counts as waiting for the person, in milliseconds.
const WAITING_MS: i64 = 30 * 60 * 1000;

/// A session as the catalog knows it.
#[derive(Debug, Clone)]
pub struct SessionEntry {
    /// Its number.
    pub key: SessionKey,
    /// What lists show; `state` is only right as [`SessionEntry::info_at`] gives it.
    pub info: Arc<SessionInfo>,
    /// The top of its chain of sub-agent parents: itself, for a session that is no sub-agent's.
    pub root: SessionKey,
    /// The repository's identity, equal for all its clones and worktrees: the remote's `host/owner/name` in lower case, or
    /// the path of the common git directory where there is no remote.
    pub repository_identity: Option<Arc<str>>,
    /// Time of the last record, in milliseconds since 1970; zero when unknown.
    pub updated_ms: i64,
    /// Whether the session holds a todo list, an image, reasoning, a compaction, a command.
    pub traits: Traits,
    /// What it was doing at its last record.
    pub activity: Activity,
    /// The source it is read from.
    pub source: i64,
    /// What was done when and by which model, as `store::timeline` reads it.
    pub timeline: Arc<[u8]>,
}

impl SessionEntry {
    /// What the session is doing at `now_ms`, in milliseconds since 1970.
    pub fn state(&self, now_ms: i64) -> SessionState {
        let age = now_ms.saturating_sub(self.updated_ms);
        match self.activity {
            Activity::Working if age < LIVE_MS => SessionState::Live,
            Activity::Working | Activity::Interrupted => SessionState::Interrupted,
            Activity::Idle if age < WAITING_MS => SessionState::Waiting,
            Activity::Idle => SessionState::Finished,
        }
    }

    /// What lists show, with the state at `now_ms`.
    pub fn info_at(&self, now_ms: i64) -> SessionInfo {
        SessionInfo { state: self.state(now_ms), ..SessionInfo::clone(&self.info) }
    }
}

/// What a session holds, for `has:` and `is:`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "a set of independent flags, each asked for by its own name")]
pub struct Traits {
    /// A todo list.
    pub todo: bool,
    /// An image.
    pub image: bool,
    /// Reasoning with text.
    pub thinking: bool,
    /// A compaction.
    pub compacted: bool,
    /// A shell command.
    pub command: bool,
    /// A link to a pull request.
    pub pull_request: bool,
}

/// Every session kept. A snapshot: readers hold an `Arc` of it while the writer makes the next one.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// By number; `None` where a session was forgotten or has nothing to show.
    pub sessions: Vec<Option<Arc<SessionEntry>>>,
    /// Ids and numbers of the sessions above, by id.
    pub ids: Arc<Vec<(String, SessionKey)>>,
}

impl Catalog {
    /// The session of that number.
    pub fn get(&self, key: SessionKey) -> Option<&Arc<SessionEntry>> {
        self.sessions.get(key as usize)?.as_ref()
    }

    /// The session of that id.
    pub fn by_id(&self, id: &str) -> Option<&Arc<SessionEntry>> {
        let at = self.ids.binary_search_by(|(known, _)| known.as_str().cmp(id)).ok()?;
        self.get(self.ids[at].1)
    }

    /// All sessions.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<SessionEntry>> {
        self.sessions.iter().flatten()
    }
}
