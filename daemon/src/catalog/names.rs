//! How a session is named: by id, a prefix of it, `@`, `@~2`, a file, or `agent:native-id`.

use std::sync::Arc;

use opensession_protocol::SessionBrief;

use super::{Catalog, SessionEntry};

/// Digits of a short id, unless more are needed.
const SHORT_DIGITS: usize = 8;
/// Fewer digits than this name nothing: too many sessions would fit.
const PREFIX_LEAST: usize = 4;
/// Sessions named in an error.
const NEAR_MOST: usize = 5;

/// A name that was understood: the session, and the event behind `#`.
#[derive(Debug, Clone)]
pub struct Named {
    /// The session.
    pub session: Arc<SessionEntry>,
    /// The number behind `#`.
    pub event: Option<u32>,
}

/// Why a name names nothing.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// No session fits.
    #[error("no session {name}")]
    Unknown {
        /// The name as given.
        name: String,
        /// Sessions that may have been meant.
        near: Vec<SessionBrief>,
    },
    /// Several sessions fit.
    #[error("{name} fits {count} sessions")]
    Ambiguous {
        /// The name as given.
        name: String,
        /// How many.
        count: usize,
        /// Some of them.
        near: Vec<SessionBrief>,
    },
}

impl Catalog {
    /// The session that `name` names; `in_scope` tells which sessions `@` counts.
    pub fn named(&self, name: &str, in_scope: impl Fn(&SessionEntry) -> bool) -> Result<Named, NameError> {
        let name = name.trim();
        let (session_name, event) = match name.rsplit_once('#') {
            Some((session, event)) if !event.is_empty() && event.bytes().all(|byte| byte.is_ascii_digit()) => {
                (session, event.parse().ok())
            }
            _ => (name, None),
        };
        let session = self.session_named(session_name, in_scope)?;
        Ok(Named { session: session.clone(), event })
    }

    /// The digits that tell `id` from all others: eight, or more when they are not enough.
    pub fn short_id<'id>(&self, id: &'id str) -> &'id str {
        let shared = |other: &str| id.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        let at = self.ids.partition_point(|(known, _)| known.as_str() < id);
        let mut digits = SHORT_DIGITS;
        let before = at.checked_sub(1).and_then(|at| self.ids.get(at));
        let after = self.ids[at..].iter().find(|(known, _)| known != id);
        for (known, _) in before.into_iter().chain(after) {
            digits = digits.max(shared(known) + 1);
        }
        &id[..digits.min(id.len())]
    }

    /// Enough to tell a session from others.
    pub fn brief(&self, entry: &SessionEntry) -> SessionBrief {
        SessionBrief {
            id: entry.info.id.clone(),
            short_id: self.short_id(&entry.info.id).to_owned(),
            agent: entry.info.agent.clone(),
            title: entry.info.title.clone(),
            updated: entry.info.updated,
        }
    }

    fn session_named(
        &self,
        name: &str,
        in_scope: impl Fn(&SessionEntry) -> bool,
    ) -> Result<&Arc<SessionEntry>, NameError> {
        let unknown = |near: Vec<SessionBrief>| NameError::Unknown { name: name.to_owned(), near };
        if let Some(back) = name.strip_prefix('@') {
            let back = match back.strip_prefix('~') {
                Some(number) => number.parse::<usize>().map_err(|_| unknown(Vec::new()))?,
                None if back.is_empty() => 0,
                None => return Err(unknown(Vec::new())),
            };
            return self.latest(in_scope).nth(back).ok_or_else(|| unknown(Vec::new()));
        }
        if let Some((agent, native_id)) = name.split_once(':')
            && let Some(found) =
                self.iter().find(|entry| entry.info.agent == agent && entry.info.native_id == native_id)
        {
            return Ok(found);
        }
        if name.contains('/') {
            let plain = name.trim_end_matches(".zst");
            return self.iter().find(|entry| entry.info.path == plain).ok_or_else(|| unknown(Vec::new()));
        }
        let lower = name.to_ascii_lowercase();
        if lower.len() >= PREFIX_LEAST && lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let start = self.ids.partition_point(|(id, _)| id.as_str() < lower.as_str());
            let fitting: Vec<_> =
                self.ids[start..].iter().take_while(|(id, _)| id.starts_with(&lower)).map(|(_, key)| *key).collect();
            match fitting.as_slice() {
                [] => {}
                [key] => return self.get(*key).ok_or_else(|| unknown(Vec::new())),
                several => {
                    let near = several.iter().take(NEAR_MOST).filter_map(|key| self.get(*key));
                    return Err(NameError::Ambiguous {
                        name: name.to_owned(),
                        count: several.len(),
                        near: near.map(|entry| self.brief(entry)).collect(),
                    });
                }
            }
        }
        // The agent's own ids are what people see in the agent.
        let mut native = self.iter().filter(|entry| {
            entry.info.native_id == name || (name.len() >= SHORT_DIGITS && entry.info.native_id.starts_with(name))
        });
        match (native.next(), native.next()) {
            (Some(found), None) => Ok(found),
            (Some(first), Some(second)) => Err(NameError::Ambiguous {
                name: name.to_owned(),
                count: 2 + native.count(),
                near: vec![self.brief(first), self.brief(second)],
            }),
            (None, _) => Err(unknown(self.near(&lower))),
        }
    }

    /// Sessions that are no sub-agents', last changed first.
    fn latest(&self, in_scope: impl Fn(&SessionEntry) -> bool) -> impl Iterator<Item = &Arc<SessionEntry>> {
        let mut sessions: Vec<_> = self.iter().filter(|entry| entry.root == entry.key && in_scope(entry)).collect();
        sessions.sort_by_key(|entry| std::cmp::Reverse((entry.updated_ms, entry.key)));
        sessions.into_iter()
    }

    /// Sessions whose id begins like `name`, longest first.
    fn near(&self, name: &str) -> Vec<SessionBrief> {
        (2..=name.len())
            .rev()
            .filter_map(|digits| name.get(..digits))
            .find_map(|prefix| {
                let start = self.ids.partition_point(|(id, _)| id.as_str() < prefix);
                let near: Vec<_> = self.ids[start..]
                    .iter()
                    .take_while(|(id, _)| id.starts_with(prefix))
                    .take(NEAR_MOST)
                    .filter_map(|(_, key)| self.get(*key))
                    .map(|entry| self.brief(entry))
                    .collect();
                (!near.is_empty()).then_some(near)
            })
            .unwrap_or_default()
    }
}
