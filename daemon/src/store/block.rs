//! Events of a session as HAIL lines, in zstd frames of about 64 KB, many frames to a database row.
//!
//! A frame is small enough to be opened for one snippet, and a row large enough that database pages are not wasted.

use opensession_hail::{Body, Event, Role};
use zstd::bulk::{Compressor, Decompressor};

use super::StoreError;

/// Uncompressed bytes after which a frame is closed.
const FRAME_BYTES: usize = 64 << 10;
/// No frame written here is larger uncompressed: an event longer than this is cut by the readers.
const FRAME_BYTES_MOST: usize = 256 << 20;
/// Bytes of a frame's entry in a layout: four little-endian `u32`.
const ENTRY_BYTES: usize = 16;

/// A row of events, as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventBlock {
    /// Number of its first event.
    pub first: u32,
    /// Events in it.
    pub count: u32,
    /// For each frame: events, compressed bytes, uncompressed bytes, prompts before it.
    pub layout: Vec<u8>,
    /// The frames, one after the other.
    pub bytes: Vec<u8>,
}

/// Packs events into a block.
pub struct BlockBuilder {
    block: EventBlock,
    lines: Vec<u8>,
    events: u32,
    turns_before: u32,
    turns: u32,
    compressor: Compressor<'static>,
    level: i32,
    dictionary: Option<Vec<u8>>,
}

impl BlockBuilder {
    /// A builder whose frames are compressed at `level`, with `dictionary` if there is one.
    pub fn new(level: i32, dictionary: Option<&[u8]>) -> Result<Self, StoreError> {
        let compressor = match dictionary {
            Some(bytes) => Compressor::with_dictionary(level, bytes),
            None => Compressor::new(level),
        }
        .map_err(damaged)?;
        Ok(Self {
            block: EventBlock::default(),
            lines: Vec::with_capacity(FRAME_BYTES * 2),
            events: 0,
            turns_before: 0,
            turns: 0,
            compressor,
            level,
            dictionary: dictionary.map(<[u8]>::to_vec),
        })
    }

    /// [`BlockBuilder::new`], or `spare` if it is one like it: to make one costs more than to pack a few events.
    pub fn new_or(spare: Option<Self>, level: i32, dictionary: Option<&[u8]>) -> Result<Self, StoreError> {
        match spare.filter(|spare| spare.level == level && spare.dictionary.as_deref() == dictionary) {
            Some(spare) => Ok(spare),
            None => Self::new(level, dictionary),
        }
    }

    /// Begins a block whose first event has the number `first`, with `turns` prompts before it.
    pub fn begin(&mut self, first: u32, turns: u32) {
        self.block = EventBlock { first, ..EventBlock::default() };
        self.lines.clear();
        self.events = 0;
        self.turns = turns;
        self.turns_before = turns;
    }

    /// Adds the next event, and tells its turn.
    pub fn add(&mut self, event: &Event) -> Result<u32, StoreError> {
        if is_turn(event) {
            self.turns += 1;
        }
        event.write_json(&mut self.lines);
        self.line_ended()
    }

    /// Adds the next event as the line that it was, without its terminator.
    pub fn add_line(&mut self, line: &[u8], is_turn: bool) -> Result<(), StoreError> {
        self.turns += u32::from(is_turn);
        self.lines.extend_from_slice(line);
        self.line_ended().map(drop)
    }

    /// The block so far, and the prompts up to its end; the builder is ready for another `begin`.
    pub fn finish(&mut self) -> Result<(EventBlock, u32), StoreError> {
        self.close_frame()?;
        Ok((std::mem::take(&mut self.block), self.turns))
    }

    fn line_ended(&mut self) -> Result<u32, StoreError> {
        self.lines.push(b'\n');
        self.events += 1;
        if self.lines.len() >= FRAME_BYTES {
            self.close_frame()?;
        }
        Ok(self.turns)
    }

    fn close_frame(&mut self) -> Result<(), StoreError> {
        if self.events == 0 {
            return Ok(());
        }
        let bytes = self.compressor.compress(&self.lines).map_err(damaged)?;
        for number in [self.events, bytes.len() as u32, self.lines.len() as u32, self.turns_before] {
            self.block.layout.extend_from_slice(&number.to_le_bytes());
        }
        self.block.bytes.extend_from_slice(&bytes);
        self.block.count += self.events;
        self.lines.clear();
        self.events = 0;
        self.turns_before = self.turns;
        Ok(())
    }
}

/// Whether the event begins a turn.
pub(super) fn is_turn(event: &Event) -> bool {
    event.subagent.is_none() && matches!(&event.body, Body::Message(message) if message.role == Role::Human)
}

/// One frame of a block, as its layout tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameEntry {
    /// Number of its first event.
    pub(super) first: u32,
    /// Events in it.
    pub(super) count: u32,
    /// Where it begins in the block's bytes.
    pub(super) offset: usize,
    /// Compressed bytes.
    pub(super) length: usize,
    /// Uncompressed bytes.
    pub(super) plain_length: usize,
    /// Prompts of the session before it.
    pub(super) turns_before: u32,
}

/// The frames of a block whose first event is `first`.
pub(super) fn entries(first: u32, layout: &[u8]) -> impl Iterator<Item = FrameEntry> + '_ {
    let mut first = first;
    let mut offset = 0;
    layout.chunks_exact(ENTRY_BYTES).map(move |entry| {
        let number = |index: usize| {
            u32::from_le_bytes(entry[index * 4..index * 4 + 4].try_into().expect("four bytes of a chunk of sixteen"))
        };
        let frame = FrameEntry {
            first,
            count: number(0),
            offset,
            length: number(1) as usize,
            plain_length: number(2) as usize,
            turns_before: number(3),
        };
        first += frame.count;
        offset += frame.length;
        frame
    })
}

/// Opens frames. Keeps its decompressor between them.
pub struct Frames {
    decompressor: Decompressor<'static>,
}

impl Frames {
    /// For frames compressed without a dictionary, and with `dictionary`.
    pub fn new(dictionary: Option<&[u8]>) -> Result<Self, StoreError> {
        let decompressor = match dictionary {
            Some(bytes) => Decompressor::with_dictionary(bytes),
            None => Decompressor::new(),
        }
        .map_err(damaged)?;
        Ok(Self { decompressor })
    }

    /// The plain bytes of a frame that is `plain_length` long.
    pub fn open(&mut self, bytes: &[u8], plain_length: usize) -> Result<Vec<u8>, StoreError> {
        if plain_length > FRAME_BYTES_MOST {
            return Err(StoreError::Damaged { what: "events".into(), reason: format!("{plain_length} bytes long") });
        }
        self.decompressor.decompress(bytes, plain_length).map_err(damaged)
    }
}

fn damaged(error: std::io::Error) -> StoreError {
    StoreError::Damaged { what: "events".into(), reason: error.to_string() }
}
