//! `session/diff`

use jsonrpsee::core::RpcResult;
use opensession_hail::comparison::{Observer, compare};
use opensession_protocol::{Scope, SessionDiff};

use super::handoff_create;
use crate::engine::Engine;

pub(super) fn answer(engine: &Engine, names: [&str; 2], markdown: bool, wanted: &Scope) -> RpcResult<SessionDiff> {
    // Both are looked for before either is read.
    let [a, b] = names.map(|name| handoff_create::named(engine, name, wanted, false));
    let (a, b) = (a?, b?);
    let observe = |(facts, source)| -> RpcResult<Observer> {
        let mut observer = Observer::new(facts);
        handoff_create::events(engine, source, |number, event| observer.add(number, event))?;
        Ok(observer)
    };
    let comparison = compare(observe(a)?, observe(b)?, handoff_create::redactor());
    let markdown = markdown.then(|| comparison.markdown());
    Ok(SessionDiff { comparison, markdown })
}
