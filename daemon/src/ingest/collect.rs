//! Takes what a reader cuts: the bytes for the store, and where each record lies in them.

use opensession_agents::{Problem, Record, Sink};

use crate::store::{RawFrame, RawPacker, SideFile, StoreError};

/// Side files larger than this are not kept; readers do not give larger ones.
const SIDE_FILE_BYTES: usize = 1 << 20;

/// Takes the records of one cut.
#[derive(Default)]
pub(super) struct Collector {
    /// Bytes of whole records, one after the other.
    plain: Vec<u8>,
    spans: Vec<Span>,
    frames: Vec<RawFrame>,
    side_files: Vec<SideFile>,
    problems: Vec<Problem>,
    fault: Option<StoreError>,
    oversize_bytes: u64,
    /// The first span that is not compressed yet.
    run: usize,
    packer: RawPacker,
}

/// Where a record lies in `plain`.
struct Span {
    start: usize,
    length: usize,
    position: u64,
    number: u64,
    session: Option<Box<str>>,
}

/// What one cut gave.
pub(super) struct Collected {
    plain: Vec<u8>,
    spans: Vec<Span>,
    /// All bytes, compressed.
    pub(super) frames: Vec<RawFrame>,
    /// Side files that changed.
    pub(super) side_files: Vec<SideFile>,
    /// Records too long to be read.
    pub(super) problems: Vec<Problem>,
    packer: RawPacker,
}

impl Collected {
    /// The records to derive from: side files first.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        let sides = self.side_files.iter().map(|file| Record {
            side: Some(file.name.as_str()),
            session: None,
            position: 0,
            number: 0,
            bytes: &file.bytes,
        });
        let own = self.spans.iter().map(|span| Record {
            side: None,
            session: span.session.as_deref(),
            position: span.position,
            number: span.number,
            bytes: &self.plain[span.start..span.start + span.length],
        });
        sides.chain(own)
    }
}

impl Collector {
    /// Compresses what is left, and gives it all. The buffers may be given back by [`Collector::reuse`].
    pub(super) fn finish(mut self) -> Result<Collected, StoreError> {
        self.pack();
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Collected {
                plain: self.plain,
                spans: self.spans,
                frames: self.frames,
                side_files: self.side_files,
                problems: self.problems,
                packer: self.packer,
            }),
        }
    }

    /// A collector that takes the buffers of an earlier one.
    pub(super) fn reuse(collected: Collected) -> Collector {
        let Collected { mut plain, mut spans, packer, .. } = collected;
        plain.clear();
        spans.clear();
        // One huge record must not hold its memory for ever.
        plain.shrink_to(8 << 20);
        Collector { plain, spans, packer, ..Collector::default() }
    }

    /// Compresses the records that were not yet: the bytes of a frame lie one after the other in the source.
    fn pack(&mut self) {
        let Some(first) = self.spans.get(self.run) else { return };
        self.run = self.spans.len();
        match self.packer.pack(first.position, first.number, &self.plain[first.start..]) {
            Ok(frame) => self.frames.push(frame),
            Err(fault) => self.fault = Some(fault),
        }
    }
}

impl Sink for Collector {
    fn record(&mut self, record: Record<'_>) {
        if let Some(side) = record.side {
            if record.bytes.len() <= SIDE_FILE_BYTES {
                self.side_files.push(SideFile { name: side.to_owned(), bytes: record.bytes.to_owned() });
            }
            return;
        }
        self.spans.push(Span {
            start: self.plain.len(),
            length: record.bytes.len(),
            position: record.position,
            number: record.number,
            session: record.session.map(Box::from),
        });
        self.plain.extend_from_slice(record.bytes);
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn oversize(&mut self, piece: Record<'_>, last: bool) {
        self.pack();
        // Pieces are compressed as they come, so that a huge record is never held.
        match self.packer.pack(piece.position, 0, piece.bytes) {
            Ok(frame) => self.frames.push(frame),
            Err(fault) => self.fault = Some(fault),
        }
        self.oversize_bytes += piece.bytes.len() as u64;
        if last {
            self.problems.push(Problem {
                record: piece.number,
                position: piece.position,
                reason: format!("a record of {} MB: kept, but too long to be read", self.oversize_bytes / 1_000_000),
            });
            self.oversize_bytes = 0;
        }
    }
}
