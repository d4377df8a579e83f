//! `host/remove`

use jsonrpsee::core::RpcResult;
use opensession_protocol::HostRemoved;

use super::{errors, host_add};
use crate::{catalog::SessionKey, engine::Engine, ingest::Commit};

pub(super) fn answer(engine: &Engine, name: &str, forget: bool) -> RpcResult<HostRemoved> {
    let row = engine.hosts.remove(name).map_err(|error| host_add::refused(error, "try again"))?;
    let row = row.ok_or_else(|| host_add::unknown(engine, name))?;
    let sessions: Vec<SessionKey> = {
        let catalog = engine.catalog();
        let own = catalog.iter().filter(|entry| entry.info.host.as_deref() == Some(&*row.name));
        own.map(|entry| entry.key).collect()
    };
    let count = sessions.len() as u64;
    if !forget {
        return Ok(HostRemoved { name: row.name, kept: count, forgotten: 0 });
    }
    let mut forgotten = 0;
    for key in sessions {
        let (reply, answer) = crossbeam_channel::bounded(1);
        engine.commit(Commit::Forget(key, reply));
        answer.recv().map_err(|_| errors::ending())?.map_err(errors::store)?;
        forgotten += 1;
    }
    engine.texts.forget();
    Ok(HostRemoved { name: row.name, kept: 0, forgotten })
}
