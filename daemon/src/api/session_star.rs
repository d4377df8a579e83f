//! `session/star`

use jsonrpsee::core::RpcResult;
use opensession_protocol::{Scope, Starred};

use super::{keep, scope};
use crate::{engine::Engine, ingest::Keep};

pub(super) fn answer(engine: &Engine, name: &str, starred: bool, wanted: &Scope) -> RpcResult<Starred> {
    let entry = scope::session(engine, name, wanted)?.session;
    let changed = keep::carry_out(engine, |reply| Keep::Star(entry.key, starred, reply))?;
    Ok(Starred { id: entry.info.id.clone(), starred, changed })
}
