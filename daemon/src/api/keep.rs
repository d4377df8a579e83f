//! Asking the committer to keep something for people.

use crossbeam_channel::Sender;
use jsonrpsee::core::RpcResult;

use super::errors;
use crate::{
    engine::Engine,
    ingest::{Commit, Keep},
    store::StoreError,
};

/// Has it done, and waits for it.
pub(super) fn carry_out<T>(engine: &Engine, keep: impl FnOnce(Sender<Result<T, StoreError>>) -> Keep) -> RpcResult<T> {
    let (reply, answer) = crossbeam_channel::bounded(1);
    engine.commit(Commit::Keep(keep(reply)));
    answer.recv().map_err(|_| errors::ending())?.map_err(errors::store)
}
