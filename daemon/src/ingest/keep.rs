//! What people keep: it goes through the committer, which owns the only writer.

use crossbeam_channel::Sender;
use opensession_protocol::{PastQuery, SavedSearch};

use super::commit::CommitterParts;
use crate::{catalog::SessionKey, store::StoreError};

/// Where to say how it went. Whoever asked may have gone; it is done all the same.
type Reply<T> = Sender<Result<T, StoreError>>;

/// What to keep, or to forget.
pub enum Keep {
    /// A session's star, or that it has none; answers whether that is new.
    Star(SessionKey, bool, Reply<bool>),
    /// A search under a name.
    Save(SavedSearch, Reply<()>),
    /// Forget the search of that name.
    Unsave(String, Reply<()>),
    /// A query that found something.
    Ran(PastQuery),
    /// Forget all queries.
    ForgetQueries(Option<Reply<()>>),
}

impl Keep {
    /// Does it, and then says so.
    pub(super) fn carry_out(self, parts: &mut CommitterParts) {
        match self {
            Keep::Star(key, starred, reply) => {
                reply.send(star(key, starred, parts)).ok();
            }
            Keep::Save(search, reply) => {
                reply.send(parts.writer.save_search(&search)).ok();
            }
            Keep::Unsave(name, reply) => {
                reply.send(parts.writer.unsave_search(&name)).ok();
            }
            Keep::Ran(query) => {
                if let Err(error) = parts.writer.keep_query(&query) {
                    tracing::warn!(%error, "a query could not be kept");
                }
            }
            Keep::ForgetQueries(reply) => match (parts.writer.forget_queries(), reply) {
                (outcome, Some(reply)) => {
                    reply.send(outcome).ok();
                }
                (Err(error), None) => tracing::warn!(%error, "queries could not be forgotten"),
                (Ok(()), None) => {}
            },
        }
    }
}

fn star(key: SessionKey, starred: bool, parts: &mut CommitterParts) -> Result<bool, StoreError> {
    let Some(id) = parts.directory.stored(key).map(|entry| entry.info.id.clone()) else { return Ok(false) };
    let changed = parts.writer.set_star(&id, starred)?;
    if changed {
        parts.directory.set_star(key, starred);
        parts.publish();
    }
    Ok(changed)
}
