//! Completions from the catalog: names that sessions have. Counts are of sessions.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Candidate, Completing, paths, words};
use crate::catalog::SessionEntry;

/// Shorter words of titles say little.
const MIN_TITLE_WORD_CHARS: usize = 2;
/// Months that are offered.
const MOST_MONTHS: usize = 12;

impl Completing<'_> {
    /// The sessions that lists show: those of the scope that are no sub-agents'.
    pub(super) fn listed(&self) -> impl Iterator<Item = &Arc<SessionEntry>> {
        let in_scope = self.request.in_scope;
        self.request.catalog.iter().filter(move |entry| entry.root == entry.key && in_scope(entry))
    }

    /// How many sessions of sub-agents there are.
    pub(super) fn subagents(&self) -> u64 {
        let in_scope = self.request.in_scope;
        self.request.catalog.iter().filter(|entry| entry.root != entry.key && in_scope(entry)).count() as u64
    }

    /// Values of which each session has one at most.
    pub(super) fn by_session<'s>(&'s self, value: impl Fn(&'s SessionEntry) -> Option<&'s str>) -> Vec<Candidate> {
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for value in self.listed().filter_map(|entry| value(entry)).filter(|value| !value.is_empty()) {
            *counts.entry(value).or_default() += 1;
        }
        counts.into_iter().map(|(value, count)| Candidate::counted(value, count)).collect()
    }

    /// Directories in which sessions began.
    pub(super) fn directories(&self, typed: &str) -> Vec<Candidate> {
        let directories = self.listed().filter_map(|entry| entry.info.cwd.as_deref());
        paths::complete_from(directories, typed, self.request.context.home.as_deref())
    }

    /// Sessions whose id begins as typed or whose title holds it, last changed first.
    pub(super) fn sessions_named(&self, field: &str, typed: &str) -> Vec<Candidate> {
        let typed = typed.to_lowercase();
        let catalog = self.request.catalog;
        let in_scope = self.request.in_scope;
        let mut named: Vec<&Arc<SessionEntry>> = match field {
            "parent" => {
                let parents: BTreeSet<&str> = catalog.iter().filter_map(|entry| entry.info.parent.as_deref()).collect();
                catalog.iter().filter(|entry| parents.contains(entry.info.id.as_str())).collect()
            }
            "root" => {
                let roots: BTreeSet<u32> =
                    catalog.iter().filter(|entry| entry.root != entry.key).map(|entry| entry.root).collect();
                catalog.iter().filter(|entry| roots.contains(&entry.key)).collect()
            }
            _ => catalog.iter().collect(),
        };
        named.retain(|entry| {
            let info = &entry.info;
            in_scope(entry)
                && (info.id.starts_with(&typed)
                    || info.native_id.to_lowercase().starts_with(&typed)
                    || info.title.to_lowercase().contains(&typed))
        });
        named.sort_by_key(|entry| std::cmp::Reverse((entry.updated_ms, entry.key)));
        let candidate = |entry: &&Arc<SessionEntry>| Candidate {
            text: catalog.short_id(&entry.info.id).to_owned(),
            count: None,
            detail: Some(entry.info.title.clone()),
        };
        named.iter().map(candidate).collect()
    }

    /// Words of titles that begin as typed; after a space, whole titles.
    pub(super) fn words_of_titles(&self, typed: &str) -> Vec<Candidate> {
        if typed.contains(char::is_whitespace) {
            return self.by_session(|entry| Some(&entry.info.title));
        }
        let typed = typed.to_lowercase();
        let mut counts: BTreeMap<String, (String, u64)> = BTreeMap::new();
        for entry in self.listed() {
            let mut seen = BTreeSet::new();
            for word in entry.info.title.split(|sign: char| !(sign.is_alphanumeric() || matches!(sign, '_' | '-'))) {
                let folded = word.to_lowercase();
                if word.chars().count() >= MIN_TITLE_WORD_CHARS
                    && folded.starts_with(&typed)
                    && seen.insert(folded.clone())
                {
                    counts.entry(folded).or_insert_with(|| (word.to_owned(), 0)).1 += 1;
                }
            }
        }
        counts.into_values().map(|(word, count)| Candidate::counted(word, count)).collect()
    }

    /// Dates, with the sessions that changed last then; the months are those in which any did, last first.
    pub(super) fn dates(&self, field: &str) -> Vec<Candidate> {
        let ago = if field == "on" { &[] } else { words::AGO };
        let zone = &self.request.context.zone;
        let months: BTreeSet<String> = self
            .listed()
            .filter_map(|entry| entry.info.updated)
            .map(|updated| updated.to_zoned(zone.clone()).strftime("%Y-%m").to_string())
            .collect();
        let fixed = words::DAYS.iter().chain(ago).chain(words::WEEKDAYS).map(|&date| date.to_owned());
        let dates = fixed.chain(months.into_iter().rev().take(MOST_MONTHS));
        dates.map(|date| Candidate { count: self.sessions_with(field, &date), text: date, detail: None }).collect()
    }
}
