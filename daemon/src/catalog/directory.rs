//! The catalog's master copy: takes sessions as they are committed, ties them to their parents and titles, and gives
//! snapshots.

use std::{collections::HashMap, sync::Arc};

use opensession_hail::{Relation, title::title_from_prompt};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Catalog, SessionEntry, SessionKey, StoredEntry};
use crate::{prices::Prices, store::timeline};

/// Chains of parents longer than this are cut: a damaged log may name itself as its own ancestor.
const PARENTS_MOST: usize = 32;

/// The master copy, owned by the thread that commits.
#[derive(Debug, Default)]
pub struct Directory {
    entries: Vec<Option<(StoredEntry, i64)>>,
    by_name: FxHashMap<String, SessionKey>,
    /// Children by their parent's name.
    children: FxHashMap<String, Vec<SessionKey>>,
    titles_elsewhere: FxHashMap<String, String>,
    by_leaf: FxHashMap<String, SessionKey>,
    prices: Arc<Prices>,
    /// Ids of sessions with a star.
    stars: FxHashSet<String>,
    catalog: Catalog,
}

/// What tells a session from all others: the agent's id and the native id, neither of which holds a zero byte.
fn name(agent: &str, native_id: &str) -> String {
    [agent, native_id].join("\0")
}

impl Directory {
    /// A directory of sessions (their numbers, their sources, what the store keeps of them), in the order of their
    /// numbers, of titles that stand in other sessions than their own, each with its target, and of the ids of sessions
    /// with a star. What sessions cost is estimated by `prices` where it is not logged.
    pub fn new(
        sessions: Vec<(SessionKey, i64, StoredEntry)>,
        titles: Vec<(String, String)>,
        stars: Vec<String>,
        prices: Arc<Prices>,
    ) -> Self {
        let mut directory = Self {
            titles_elsewhere: titles.into_iter().collect(),
            stars: stars.into_iter().collect(),
            prices,
            ..Self::default()
        };
        let room = sessions.last().map_or(0, |(key, ..)| *key as usize + 1);
        directory.entries.reserve(room);
        directory.by_name.reserve(sessions.len());
        for (key, source, entry) in sessions {
            directory.take(key, source, entry);
        }
        let entries = (0..directory.entries.len() as SessionKey).map(|key| directory.entry(key).map(Arc::new));
        directory.catalog.sessions = entries.collect();
        // Once in order, rather than each id in its place.
        let mut ids: Vec<_> = directory.catalog.iter().map(|entry| (entry.info.id.clone(), entry.key)).collect();
        ids.sort_unstable();
        directory.catalog.ids = Arc::new(ids);
        directory
    }

    /// Takes a session as it stands now.
    pub fn put(&mut self, key: SessionKey, source: i64, entry: StoredEntry) {
        let name = name(&entry.info.agent, &entry.info.native_id);
        let is_new = self.take(key, source, entry);
        self.resolve(key);
        if is_new {
            for child in self.children.get(&name).cloned().unwrap_or_default() {
                self.resolve(child);
            }
        }
    }

    /// Takes a title that stands in another session than its own.
    pub fn put_title(&mut self, target: &str, title: &str) {
        self.titles_elsewhere.insert(target.to_owned(), title.to_owned());
        let key = match target.strip_prefix("session:") {
            Some(native_id) => {
                let known = |name: &str| name.split_once('\0').is_some_and(|(_, known)| known == native_id);
                self.by_name.iter().find(|(name, _)| known(name)).map(|(_, key)| *key)
            }
            None => self.by_leaf.get(target).copied(),
        };
        if let Some(key) = key {
            self.resolve(key);
        }
    }

    /// The session has a star, or has none any more.
    pub fn set_star(&mut self, key: SessionKey, starred: bool) {
        let Some(id) = self.stored(key).map(|entry| entry.info.id.clone()) else { return };
        if starred {
            self.stars.insert(id);
        } else {
            self.stars.remove(&id);
        }
        self.resolve(key);
    }

    /// The session was forgotten.
    pub fn remove(&mut self, key: SessionKey) {
        if let Some(Some((entry, _))) = self.entries.get_mut(key as usize).map(Option::take) {
            self.by_name.remove(&name(&entry.info.agent, &entry.info.native_id));
            self.stars.remove(&entry.info.id);
            self.show(key, None);
        }
    }

    /// The file of a source is gone, or there again, or elsewhere.
    pub fn set_file(&mut self, source: i64, path: Option<&str>, vanished: bool) {
        let keys: Vec<SessionKey> = (0..)
            .zip(&self.entries)
            .filter_map(|(key, entry)| entry.as_ref().is_some_and(|(_, of)| *of == source).then_some(key))
            .collect();
        for key in keys {
            if let Some((entry, _)) = &mut self.entries[key as usize] {
                let info = Arc::make_mut(&mut entry.info);
                info.vanished = vanished;
                if let Some(path) = path {
                    path.clone_into(&mut info.path);
                }
            }
            self.resolve(key);
        }
    }

    /// Estimates costs by other prices from now on.
    pub fn set_prices(&mut self, prices: Arc<Prices>) {
        self.prices = prices;
        for key in 0..self.entries.len() as SessionKey {
            self.resolve(key);
        }
    }

    /// What the store keeps of the session.
    pub fn stored(&self, key: SessionKey) -> Option<&StoredEntry> {
        self.entries.get(key as usize)?.as_ref().map(|(entry, _)| entry)
    }

    /// Sessions by agent in which there is nothing to show.
    pub fn empty_by_agent(&self) -> HashMap<String, u64> {
        let mut counts = HashMap::new();
        for (entry, _) in self.entries.iter().flatten() {
            if !entry.is_visible() {
                *counts.entry(entry.info.agent.clone()).or_default() += 1;
            }
        }
        counts
    }

    /// All sessions as they are now.
    pub fn snapshot(&self) -> Catalog {
        self.catalog.clone()
    }

    /// Takes a session without showing it; says whether it is a new one.
    fn take(&mut self, key: SessionKey, source: i64, entry: StoredEntry) -> bool {
        let index = key as usize;
        if self.entries.len() <= index {
            self.entries.resize_with(index + 1, || None);
            self.catalog.sessions.resize(index + 1, None);
        }
        if let Some((parent, _)) = &entry.parent {
            let children = self.children.entry(name(&entry.info.agent, parent)).or_default();
            if !children.contains(&key) {
                children.push(key);
            }
        }
        for leaf in &entry.leaves {
            self.by_leaf.insert(leaf.clone(), key);
        }
        // Where two sources claim one native id (a copied home), the first keeps it.
        self.by_name.entry(name(&entry.info.agent, &entry.info.native_id)).or_insert(key);
        self.entries[index].replace((entry, source)).is_none()
    }

    /// Makes the catalog's entry of a session anew.
    fn resolve(&mut self, key: SessionKey) {
        if self.stored(key).is_some() {
            let entry = self.entry(key);
            self.show(key, entry);
        }
    }

    /// The session as the catalog shows it; `None` where there is nothing to show.
    fn entry(&self, key: SessionKey) -> Option<SessionEntry> {
        let (stored, source) = self.entries.get(key as usize)?.as_ref()?;
        if !stored.is_visible() {
            return None;
        }
        // Most sessions are shown as they are kept, and share it: a start copies no texts.
        let mut info = stored.info.clone();
        let starred = self.stars.contains(&info.id);
        if info.starred != starred {
            Arc::make_mut(&mut info).starred = starred;
        }
        if !stored.titled && !self.titles_elsewhere.is_empty() {
            let elsewhere = stored
                .leaves
                .iter()
                .find_map(|leaf| self.titles_elsewhere.get(leaf))
                .or_else(|| self.titles_elsewhere.get(&format!("session:{}", info.native_id)));
            if let Some(title) = elsewhere.and_then(|title| title_from_prompt(title)) {
                Arc::make_mut(&mut info).title = title;
            }
        }
        if info.stats.cost.is_none()
            && let Some(timeline) = timeline::decode(&stored.timeline)
            && let Some(cost) = self.prices.estimate(&timeline).cost
        {
            let stats = &mut Arc::make_mut(&mut info).stats;
            stats.cost = Some(cost);
            stats.cost_estimated = true;
        }
        let parent = self.parent_of(stored);
        let parent_id = parent.and_then(|parent| Some(&self.stored(parent)?.info.id));
        if info.parent.as_ref() != parent_id {
            Arc::make_mut(&mut info).parent = parent_id.cloned();
        }
        Some(SessionEntry {
            key,
            root: self.root_of(key),
            repository_identity: stored.repository_identity.as_deref().map(Arc::from),
            updated_ms: stored.updated_ms,
            traits: stored.traits,
            activity: stored.activity,
            source: *source,
            timeline: stored.timeline.clone(),
            info,
        })
    }

    fn parent_of(&self, entry: &StoredEntry) -> Option<SessionKey> {
        let (parent, _) = entry.parent.as_ref()?;
        self.by_name.get(&name(&entry.info.agent, parent)).copied()
    }

    fn root_of(&self, key: SessionKey) -> SessionKey {
        let mut root = key;
        for _ in 0..PARENTS_MOST {
            let Some(entry) = self.stored(root) else { break };
            if !matches!(entry.parent, Some((_, Relation::Subagent))) {
                break;
            }
            match self.parent_of(entry) {
                Some(parent) if parent != root => root = parent,
                _ => break,
            }
        }
        root
    }

    /// Puts an entry into the catalog, or takes it out, and keeps the list of ids in step.
    fn show(&mut self, key: SessionKey, entry: Option<SessionEntry>) {
        let slot = &mut self.catalog.sessions[key as usize];
        let before = slot.as_ref().map(|entry| entry.info.id.clone());
        let after = entry.as_ref().map(|entry| entry.info.id.clone());
        *slot = entry.map(Arc::new);
        if before == after {
            return;
        }
        let ids = Arc::make_mut(&mut self.catalog.ids);
        if let Some(id) = before
            && let Ok(at) = ids.binary_search_by(|(known, _)| known.cmp(&id))
        {
            ids.remove(at);
        }
        if let Some(id) = after
            && let Err(at) = ids.binary_search_by(|(known, _)| known.cmp(&id))
        {
            ids.insert(at, (id, key));
        }
    }
}
