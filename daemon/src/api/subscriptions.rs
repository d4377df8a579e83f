//! `session/subscribe`, `index/subscribe` and `host/subscribe`

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use jsonrpsee::{PendingSubscriptionSink, SubscriptionMessage, SubscriptionSink, core::SubscriptionResult};
use opensession_protocol::{IndexState, Scope, SessionUpdate};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use super::scope;
use crate::engine::Engine;

/// The progress of the index and of pulls is told at most this often.
const INDEX_INTERVAL: Duration = Duration::from_millis(100);

/// Counts a subscriber for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) async fn sessions(
    engine: &Arc<Engine>,
    pending: PendingSubscriptionSink,
    session: Option<String>,
    wanted: Scope,
) -> SubscriptionResult {
    let only = match session.map(|name| scope::session(engine, &name, &wanted)).transpose() {
        Ok(named) => named.map(|named| named.session.info.id.clone()),
        Err(error) => {
            pending.reject(error).await;
            return Ok(());
        }
    };
    let mut updates = engine.updates();
    let counted = Counted::new(&engine.subscribers);
    let sink = pending.accept().await?;
    tokio::spawn(async move {
        let _counted = counted;
        loop {
            let update = tokio::select! {
                update = updates.recv() => update,
                () = sink.closed() => return,
            };
            let update = match update {
                Ok(update) => update,
                Err(RecvError::Lagged(updates)) => Arc::new(SessionUpdate::Dropped { updates }),
                Err(RecvError::Closed) => return,
            };
            if only.as_ref().is_some_and(|only| session_of(&update).is_some_and(|session| session != only)) {
                continue;
            }
            if !send(&sink, &*update).await {
                return;
            }
        }
    });
    Ok(())
}

pub(super) async fn index(engine: &Arc<Engine>, pending: PendingSubscriptionSink) -> SubscriptionResult {
    let engine = engine.clone();
    let mut progress = engine.progress();
    let sink = pending.accept().await?;
    tokio::spawn(async move {
        loop {
            let status = engine.index_status();
            let is_rebuilding = status.state == IndexState::Rebuilding;
            if !send(&sink, &status).await {
                return;
            }
            tokio::time::sleep(INDEX_INTERVAL).await;
            // A rebuild is no reading, whose progress is told; it is looked at until it ends.
            if !is_rebuilding {
                tokio::select! {
                    changed = progress.changed() => if changed.is_err() { return },
                    () = sink.closed() => return,
                }
            }
        }
    });
    Ok(())
}

pub(super) async fn hosts(engine: &Arc<Engine>, pending: PendingSubscriptionSink) -> SubscriptionResult {
    let engine = engine.clone();
    let mut changes = engine.hosts.changes();
    let sink = pending.accept().await?;
    tokio::spawn(async move {
        loop {
            let listed = engine.clone();
            // Their folders are looked at, which may take its time.
            let Ok(hosts) = tokio::task::spawn_blocking(move || listed.hosts.list()).await else { return };
            if !send(&sink, &hosts).await {
                return;
            }
            tokio::time::sleep(INDEX_INTERVAL).await;
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = sink.closed() => return,
            }
        }
    });
    Ok(())
}

fn session_of(update: &SessionUpdate) -> Option<&str> {
    match update {
        SessionUpdate::Events { session, .. }
        | SessionUpdate::Restarted { session }
        | SessionUpdate::Forgotten { session } => Some(session),
        SessionUpdate::Dropped { .. } => None,
    }
}

/// Sends a message; false when nobody listens any more.
async fn send(sink: &SubscriptionSink, message: &impl Serialize) -> bool {
    match serde_json::value::to_raw_value(message) {
        Ok(message) => sink.send(SubscriptionMessage::from(message)).await.is_ok(),
        Err(error) => {
            tracing::error!(%error, "an update could not be written as JSON");
            true
        }
    }
}
