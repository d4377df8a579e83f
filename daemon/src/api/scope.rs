//! Where sessions are looked for: in the repository around a directory, or everywhere.

use std::{path::Path, sync::Arc};

use jsonrpsee::core::RpcResult;
use opensession_protocol::Scope;

use super::errors;
use crate::{
    catalog::{Named, SessionEntry},
    engine::Engine,
};

/// What a scope came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Resolved {
    /// Only this repository, by identity and name.
    pub(super) repository: Option<(Arc<str>, String)>,
}

impl Resolved {
    pub(super) fn holds(&self, entry: &SessionEntry) -> bool {
        match &self.repository {
            Some((identity, _)) => entry.repository_identity.as_ref() == Some(identity),
            None => true,
        }
    }

    pub(super) fn name(&self) -> Option<String> {
        self.repository.as_ref().map(|(_, name)| name.clone())
    }
}

/// What `scope` comes to. A directory in no repository is the scope of nothing: all sessions.
pub(super) fn resolve(engine: &Engine, scope: &Scope) -> Resolved {
    let Some(cwd) = scope.cwd.as_deref().filter(|_| !scope.all) else { return Resolved::default() };
    let place = engine.places.find(Path::new(cwd));
    let repository = place.map(|place| (Arc::from(place.identity.as_str()), place.name.clone()));
    Resolved { repository }
}

/// The session that a name names.
pub(super) fn session(engine: &Engine, name: &str, scope: &Scope) -> RpcResult<Named> {
    let resolved = resolve(engine, scope);
    engine.catalog().named(name, |entry| resolved.holds(entry)).map_err(errors::name)
}

/// The time zone of that name, or the system's.
pub(super) fn time_zone(name: Option<&str>) -> RpcResult<jiff::tz::TimeZone> {
    match name {
        None => Ok(jiff::tz::TimeZone::system()),
        Some(name) => jiff::tz::TimeZone::get(name).map_err(|error| {
            errors::bad_value(format!("no time zone {name}: {error}"), "give a name such as Asia/Seoul, or none")
        }),
    }
}
