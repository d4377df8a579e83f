//! The catalog's master copy: takes sessions as they are committed, ties them to their parents and titles, and gives
//! snapshots.

use std::{collections::HashMap, sync::Arc};

use opensession_hail::{Relation, title::title_from_prompt};

use super::{Catalog, SessionEntry, SessionKey, StoredEntry};

/// Chains of parents longer than this are cut: a damaged log may name itself as its own ancestor.
const PARENTS_MOST: usize = 32;

/// The master copy, owned by the thread that commits.
#[derive(Debug, Default)]
pub struct Directory {
    entries: Vec<Option<(StoredEntry, i64)>>,
    by_native_id: HashMap<(String, String), SessionKey>,
    /// Children whose parent is known by name alone.
    children: HashMap<(String, String), Vec<SessionKey>>,
    titles_elsewhere: HashMap<String, String>,
    by_leaf: HashMap<String, SessionKey>,
    catalog: Catalog,
}

impl Directory {
    /// Takes a session as it stands now.
    pub fn put(&mut self, key: SessionKey, source: i64, entry: StoredEntry) {
        let index = key as usize;
        if self.entries.len() <= index {
            self.entries.resize_with(index + 1, || None);
            self.catalog.sessions.resize(index + 1, None);
        }
        let name = (entry.info.agent.clone(), entry.info.native_id.clone());
        if let Some((parent, _)) = &entry.parent {
            let children = self.children.entry((name.0.clone(), parent.clone())).or_default();
            if !children.contains(&key) {
                children.push(key);
            }
        }
        for leaf in &entry.leaves {
            self.by_leaf.insert(leaf.clone(), key);
        }
        let is_new = self.entries[index].is_none();
        self.entries[index] = Some((entry, source));
        // Where two sources claim one native id (a copied home), the first keeps it.
        self.by_native_id.entry(name.clone()).or_insert(key);
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
            Some(native_id) => self.by_native_id.iter().find(|((_, known), _)| known == native_id).map(|(_, key)| *key),
            None => self.by_leaf.get(target).copied(),
        };
        if let Some(key) = key {
            self.resolve(key);
        }
    }

    /// The session was forgotten.
    pub fn remove(&mut self, key: SessionKey) {
        if let Some(Some((entry, _))) = self.entries.get_mut(key as usize).map(Option::take) {
            self.by_native_id.remove(&(entry.info.agent, entry.info.native_id));
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
                entry.info.vanished = vanished;
                if let Some(path) = path {
                    path.clone_into(&mut entry.info.path);
                }
            }
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

    /// Makes the catalog's entry of a session anew.
    fn resolve(&mut self, key: SessionKey) {
        let Some(Some((stored, source))) = self.entries.get(key as usize) else { return };
        if !stored.is_visible() {
            self.show(key, None);
            return;
        }
        let mut info = stored.info.clone();
        if !stored.titled {
            let elsewhere = stored
                .leaves
                .iter()
                .find_map(|leaf| self.titles_elsewhere.get(leaf))
                .or_else(|| self.titles_elsewhere.get(&format!("session:{}", info.native_id)));
            if let Some(title) = elsewhere.and_then(|title| title_from_prompt(title)) {
                info.title = title;
            }
        }
        let parent = self.parent_of(stored);
        info.parent = parent.and_then(|parent| Some(self.stored(parent)?.info.id.clone()));
        let entry = SessionEntry {
            key,
            root: self.root_of(key),
            repository_identity: stored.repository_identity.as_deref().map(Arc::from),
            updated_ms: stored.updated_ms,
            traits: stored.traits,
            activity: stored.activity,
            source: *source,
            info,
        };
        self.show(key, Some(entry));
    }

    fn parent_of(&self, entry: &StoredEntry) -> Option<SessionKey> {
        let (parent, _) = entry.parent.as_ref()?;
        self.by_native_id.get(&(entry.info.agent.clone(), parent.clone())).copied()
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
