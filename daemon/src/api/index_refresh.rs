//! `index/refresh`

use jsonrpsee::core::RpcResult;
use opensession_protocol::IndexStatus;

use crate::{engine::Engine, ingest::Signal};

pub(super) async fn answer(engine: &Engine) -> RpcResult<IndexStatus> {
    let (reply, answer) = crossbeam_channel::bounded(1);
    engine.places.forget();
    engine.signal(Signal::Rescan(Some(reply)));
    // An error says that the daemon is ending; the status tells what there is.
    let waited = tokio::task::spawn_blocking(move || answer.recv().is_ok()).await;
    if !waited.unwrap_or(false) {
        tracing::info!("the daemon ends before everything was read");
    }
    Ok(engine.index_status())
}
