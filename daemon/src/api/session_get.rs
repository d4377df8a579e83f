//! `session/get`

use std::path::Path;

use jsonrpsee::core::RpcResult;
use opensession_protocol::{FileChange, Scope, SessionDetail};

use super::{errors, scope};
use crate::{engine::Engine, git};

pub(super) fn answer(engine: &Engine, name: &str, wanted: &Scope) -> RpcResult<SessionDetail> {
    let catalog = engine.catalog();
    let entry = scope::session(engine, name, wanted)?.session;
    let row = engine.texts.with_reader(|reader| reader.session(entry.key)).map_err(errors::store)?;
    let mut session = entry.info_at(jiff::Timestamp::now().as_millisecond());
    session.short_id = catalog.short_id(&session.id).to_owned();
    let children = catalog
        .iter()
        .filter(|child| child.info.parent.as_deref() == Some(session.id.as_str()))
        .map(|child| catalog.brief(child))
        .collect();
    let files = row.map(|row| row.statistics.files).unwrap_or_default();
    let files = files
        .into_iter()
        .map(|(path, file)| FileChange { path, edits: file.edits, added: file.added, removed: file.removed })
        .collect();
    let agent = opensession_agents::registry::by_id(&session.agent);
    Ok(SessionDetail {
        children,
        files,
        resume: agent.and_then(|agent| agent.resume(&session.native_id)),
        resume_cwd: session.cwd.clone(),
        resume_through: session.host.as_deref().and_then(|host| engine.hosts.address(host)).map(|address| {
            let mut command = vec!["ssh".to_owned(), "-t".to_owned()];
            command.extend(address.port().into_iter().flat_map(|port| ["-p".to_owned(), port.to_string()]));
            command.push(address.destination());
            command
        }),
        now: session.cwd.as_deref().filter(|_| session.host.is_none()).and_then(|cwd| git::now(Path::new(cwd))),
        session,
    })
}
