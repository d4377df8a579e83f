//! `session/forget`

use jsonrpsee::core::RpcResult;
use opensession_protocol::{Forgotten, Scope};

use super::{errors, scope};
use crate::{engine::Engine, ingest::Commit};

pub(super) fn answer(engine: &Engine, name: &str, wanted: &Scope) -> RpcResult<Forgotten> {
    let entry = scope::session(engine, name, wanted)?.session;
    let (reply, answer) = crossbeam_channel::bounded(1);
    engine.commit(Commit::Forget(entry.key, reply));
    let forgotten = answer
        .recv()
        .map_err(|_| errors::with_hint(opensession_protocol::error::REFUSED, "the daemon is ending", "run it again"))?;
    engine.texts.forget();
    forgotten.map_err(errors::store)
}
