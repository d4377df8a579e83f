//! What every deriver must stand, whatever the records hold.

use opensession_agents::{Agent, Derived, Deriver, Record, Source, SourceKind};

/// Derives from `input`, once in one go and once with the state put down and taken up after a record that the first
/// byte of `input` chooses: neither panics, and both yield the same.
pub fn derive(agent: &dyn Agent, kind: SourceKind, input: &[u8]) {
    let Some((&choice, bytes)) = input.split_first() else { return };
    let source = Source {
        path: "session.jsonl".into(),
        kind,
        native_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        parent: None,
        side_files: Vec::new(),
        version: 0,
    };
    let records: Vec<&[u8]> = match kind {
        SourceKind::Document => vec![bytes],
        _ => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
    };
    let start = |state: Option<&[u8]>| agent.deriver(&source, state).expect("its own state is taken up");

    let mut whole = Derived::default();
    let mut deriver = start(None);
    feed(&mut *deriver, &records, 1, &mut whole);

    let middle = usize::from(choice) % (records.len() + 1);
    let mut pieces = Derived::default();
    let mut first = start(None);
    feed(&mut *first, &records[..middle], 1, &mut pieces);
    let mut second = start(Some(&first.state()));
    feed(&mut *second, &records[middle..], middle as u64 + 1, &mut pieces);

    assert_eq!(pieces, whole);
    assert_eq!(second.facts(), deriver.facts());
    assert_eq!(second.state(), deriver.state());
}

fn feed(deriver: &mut dyn Deriver, records: &[&[u8]], first: u64, derived: &mut Derived) {
    for (number, bytes) in (first..).zip(records) {
        deriver.derive(&Record { side: None, session: None, position: 0, number, bytes }, derived);
    }
}
