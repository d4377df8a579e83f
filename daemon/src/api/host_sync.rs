//! `host/sync`

use jsonrpsee::core::RpcResult;
use opensession_protocol::HostInfo;

use super::{errors, host_add};
use crate::{engine::Engine, ingest::Signal};

pub(super) fn answer(engine: &Engine, name: Option<&str>) -> RpcResult<Vec<HostInfo>> {
    if let Some(name) = name {
        host_add::info(engine, name)?;
    }
    for ended in engine.hosts.sync(name) {
        // A machine that was taken away meanwhile does not answer.
        ended.recv().ok();
    }
    await_reading(engine)?;
    let hosts = engine.hosts.list().into_iter();
    Ok(hosts.filter(|host| name.is_none_or(|name| host.name == name)).collect())
}

/// Looks for what is new, and waits until it is searchable.
pub(super) fn await_reading(engine: &Engine) -> RpcResult<()> {
    let (reply, read) = crossbeam_channel::bounded(1);
    engine.signal(Signal::Rescan(Some(reply)));
    read.recv().map_err(|_| errors::ending())
}
