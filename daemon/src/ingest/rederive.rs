//! Derives sessions again from the raw records that the store keeps.

use opensession_agents::{Record, SourceKind};

use super::{
    session::{Origin, SessionReading},
    worker::Job,
};
use crate::{
    git::Places,
    store::{Committed, EventBlock, Reader, SessionRow, StoreError, Writer},
};

/// A session brought by its own raw records to where `known` stands, under a reader whose kept state is of no use. What
/// it derives on the way is dropped: the events are in the store.
pub(super) fn replay(
    reader: &mut Reader,
    job: &Job,
    known: Option<&SessionRow>,
    dictionary: Option<&[u8]>,
) -> Result<SessionReading, StoreError> {
    let builder = SessionReading::builder(None, dictionary)?;
    let opened = SessionReading::open(job.agent, job.source.clone(), job.origin.clone(), None, 0, builder);
    let unusable = || StoreError::Damaged { what: "the session".into(), reason: "its reader refuses to begin".into() };
    let mut session = opened.ok_or_else(unusable)?;
    if let Some(known) = known
        && let Some(row) = reader.source(known.source)?
    {
        session.begin(false);
        feed(reader, row.id, row.cursor.generation, job.source.kind, &mut session, &mut |_| {})?;
        session.stand_at(known);
    }
    Ok(session)
}

/// Derives everything of a session again and replaces what was derived before. `None` where no raw records are kept.
pub(crate) fn rederive(
    reader: &mut Reader,
    writer: &Writer,
    job: &Job,
    known: &SessionRow,
    places: &Places,
) -> Result<Option<(Committed, crate::catalog::StoredEntry)>, StoreError> {
    let Some(row) = reader.source(known.source)? else { return Ok(None) };
    let dictionary = reader.dictionary()?;
    let origin = Origin::named(row.host.as_deref());
    let is_of_other_machine = origin.host.is_some();
    let opened = SessionReading::open(
        job.agent,
        job.source.clone(),
        origin,
        None,
        0,
        SessionReading::builder(None, dictionary.as_deref())?,
    );
    let Some(mut session) = opened else { return Ok(None) };
    if is_of_other_machine {
        // Its directory cannot be looked at from here.
        session.place_at(known.place.as_deref());
    }
    session.begin(false);
    let mut blocks = Vec::new();
    feed(reader, row.id, row.cursor.generation, job.source.kind, &mut session, &mut |block| blocks.push(block))?;
    let mut round = session.finish(places)?;
    blocks.extend(round.session.block.take());
    round.session.key = Some(known.key);
    round.session.id.clone_from(&known.id);
    writer.begin()?;
    let committed = writer
        .replace_derived(row.id, &job.source, &mut round.session, &blocks, &round.problems)
        .inspect_err(|_| writer.roll_back())?;
    writer.commit()?;
    Ok(Some((committed, round.session.entry)))
}

/// Gives a session the records kept of its source.
fn feed(
    reader: &Reader,
    source: i64,
    generation: u32,
    kind: SourceKind,
    session: &mut SessionReading,
    block_ended: &mut dyn FnMut(EventBlock),
) -> Result<(), StoreError> {
    for file in reader.side_files(source)? {
        session.take(&Record { side: Some(&file.name), session: None, position: 0, number: 0, bytes: &file.bytes })?;
    }
    let mut fault = None;
    reader.raw(source, generation, |start, first_record, plain| {
        // A piece of a record that was too long to be read the first time.
        if fault.is_some() || first_record == 0 {
            return Ok(());
        }
        let mut position = start;
        let records: Box<dyn Iterator<Item = &[u8]>> = match kind {
            SourceKind::Lines | SourceKind::Rows | SourceKind::Section => {
                Box::new(plain.split_inclusive(|&byte| byte == b'\n'))
            }
            SourceKind::Document => Box::new(std::iter::once(plain)),
        };
        for (number, bytes) in (first_record..).zip(records) {
            let record = Record { side: None, session: None, position, number, bytes };
            let taken = session.take(&record);
            if let Err(error) = taken {
                fault = Some(error);
                return Ok(());
            }
            position += bytes.len() as u64;
        }
        match session.take_block() {
            Ok(Some(block)) => block_ended(block),
            Ok(None) => {}
            Err(error) => fault = Some(error),
        }
        session.drop_documents();
        Ok(())
    })?;
    fault.map_or(Ok(()), Err)
}
