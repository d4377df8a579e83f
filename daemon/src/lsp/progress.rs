//! `window/workDoneProgress`: how far a first reading or a rebuild of the index is, whoever began it. Reading what agents
//! write meanwhile is too short to be told.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use opensession_protocol::{IndexState, IndexStatus};
use tokio::time::timeout;
use tower_lsp::{Client, ls_types::ProgressToken};

use super::{daemon::Daemon, words};

/// Updates that wait for a client that does not read.
const UPDATES_WAITING: usize = 4;
/// Less to read than this is done before anybody has read that it is being done.
const WORTH_TELLING_BYTES: u64 = 16 << 20;
/// How long a client may think about whether it shows progress.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tokens are the server's to choose; they must differ within one connection.
static TOKENS: AtomicU64 = AtomicU64::new(1);

/// Tells each long piece of work from its beginning to its end.
pub(super) async fn follow(daemon: Daemon, client: Client) {
    let mut updates = match daemon.subscribe("index/subscribe", UPDATES_WAITING).await {
        Ok(updates) => updates,
        Err(error) => {
            tracing::warn!(%error, "the index's progress cannot be followed for a language client");
            return;
        }
    };
    while let Some(status) = next(&mut updates).await {
        let Some(title) = title(&status) else { continue };
        let token = ProgressToken::String(format!("opensession-{}", TOKENS.fetch_add(1, Ordering::Relaxed)));
        // Who refuses is not asked again for the same work.
        let accepted = matches!(timeout(PATIENCE, client.create_work_done_progress(token.clone())).await, Ok(Ok(())));
        let progress = if accepted {
            Some(client.progress(token, title).with_percentage(percent(&status)).begin().await)
        } else {
            None
        };
        let rest = loop {
            let Some(status) = next(&mut updates).await else { break None };
            if self::title(&status).is_none() {
                break Some(());
            }
            if let Some(progress) = &progress {
                progress.report_with_message(words::read(&status), percent(&status)).await;
            }
        };
        if let Some(progress) = progress {
            progress.finish().await;
        }
        if rest.is_none() {
            return;
        }
    }
}

async fn next(updates: &mut jsonrpsee::core::server::Subscription) -> Option<IndexStatus> {
    loop {
        match updates.next::<IndexStatus>().await? {
            Ok((status, _subscription)) => return Some(status),
            Err(error) => tracing::warn!(%error, "an update of the index was not understood"),
        }
    }
}

/// What is being done, when it takes its time.
fn title(status: &IndexStatus) -> Option<&'static str> {
    let left = status.bytes_total.saturating_sub(status.bytes_done);
    match status.state {
        IndexState::Rebuilding => Some(words::REBUILDING),
        IndexState::Reading if status.first_run || left > WORTH_TELLING_BYTES => Some(words::READING),
        _ => None,
    }
}

fn percent(status: &IndexStatus) -> u32 {
    if status.state == IndexState::Rebuilding {
        let (done, all) = (status.index_sequence, status.store_sequence);
        return (done.min(all) * 100).checked_div(all).unwrap_or(0) as u32;
    }
    (status.bytes_done.min(status.bytes_total) * 100).checked_div(status.bytes_total).unwrap_or(0) as u32
}
