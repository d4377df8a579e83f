//! The sample sessions that lie beside the repository.

use std::{
    env,
    path::{Path, PathBuf},
};

use opensession_agents::{Agent, Cut, Derived, Deriver, Limits, Record, Sink, Source};

/// The folder of samples; `None`, with a line that says so, where there is none.
pub(crate) fn corpus() -> Option<PathBuf> {
    let folder = env::var_os("OPENSESSION_CORPUS").map(PathBuf::from).or_else(|| {
        let workspace =
            Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|path| path.join("Cargo.lock").exists())?;
        Some(workspace.join("../shared/corpus"))
    });
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: no folder of samples");
    }
    found
}

/// Reads the whole of a source.
pub(crate) fn derive(agent: &dyn Agent, source: &Source) -> (Derived, Box<dyn Deriver>) {
    let mut reading = Reading { deriver: agent.deriver(source, None).unwrap(), derived: Derived::default() };
    let limits = Limits { bytes: 100_000, take_torn: true, ..Limits::default() };
    let mut cursor = None;
    loop {
        let Cut { cursor: next, more, .. } = agent.cut(source, cursor.as_ref(), &limits, &mut reading).unwrap();
        cursor = Some(next);
        if !more {
            return (reading.derived, reading.deriver);
        }
    }
}

struct Reading {
    deriver: Box<dyn Deriver>,
    derived: Derived,
}

impl Sink for Reading {
    fn record(&mut self, record: Record<'_>) {
        self.deriver.derive(&record, &mut self.derived);
    }

    fn oversize(&mut self, piece: Record<'_>, _: bool) {
        panic!("a sample has no record as long as record {}", piece.number);
    }
}
