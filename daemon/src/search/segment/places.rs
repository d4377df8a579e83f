//! Cursors over the documents of a term that read its positions too.

use std::io;

use tantivy::directory::OwnedBytes;
use tantivy::positions::PositionReader;
use tantivy::postings::BlockSegmentPostings;
use tantivy::schema::IndexRecordOption;

use super::{Postings, Segment, TermField, TermHandle, TermSource};

/// Documents, and positions, of a full block.
const BLOCK: usize = 128;

/// A cursor over the documents of a term of the text, and its positions in them.
pub(crate) enum Places<'s> {
    /// Decodes every block on the way: for a term that is looked up in most of them.
    Walk(Box<Walk>),
    /// Jumps.
    Jump(Postings<'s>),
}

impl<'s> Segment<'s> {
    /// The places of a term that will be looked up in about that many documents.
    pub(crate) fn places(self, handle: &TermHandle<'s>, documents: usize) -> io::Result<Places<'s>> {
        match (&handle.source, self) {
            (TermSource::Disk(info), Segment::Disk(disk)) if handle.doc_freq as usize / BLOCK <= 2 * documents => {
                let index = &disk.indexes[TermField::Text as usize];
                let blocks = index.read_block_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?;
                let positions = disk.positions.slice(info.positions_range.clone());
                Ok(Places::Walk(Box::new(Walk::new(blocks, positions))))
            }
            _ => self.postings(TermField::Text, handle, true).map(Places::Jump),
        }
    }
}

impl Places<'_> {
    /// The document under the cursor; `None` at the end.
    #[inline]
    pub(crate) fn doc(&self) -> Option<u32> {
        match self {
            Places::Walk(walk) => walk.doc(),
            Places::Jump(postings) => Some(postings.doc()).filter(|&doc| doc != tantivy::TERMINATED),
        }
    }

    #[inline]
    pub(crate) fn advance(&mut self) {
        match self {
            Places::Walk(walk) => walk.advance(),
            Places::Jump(postings) => drop(postings.advance()),
        }
    }

    /// Goes to the first document at or after `doc`; says whether it is that one.
    #[inline]
    pub(crate) fn find(&mut self, doc: u32) -> bool {
        match self {
            Places::Walk(walk) => walk.find(doc),
            Places::Jump(postings) => postings.seek(doc) == doc,
        }
    }

    /// The positions in the document under the cursor, in order.
    #[inline]
    pub(crate) fn positions(&mut self, out: &mut Vec<u32>) -> io::Result<()> {
        match self {
            Places::Walk(walk) => {
                out.clear();
                out.extend(positions_of(walk.steps()?));
            }
            Places::Jump(postings) => postings.positions(out),
        }
        Ok(())
    }

    /// Of the positions in the document under the cursor, in order, those that a filter lets pass. `buffer` is only there
    /// to be used again.
    #[inline]
    pub(crate) fn positions_among<'b>(&mut self, filter: &Filter, buffer: &'b mut Vec<u32>) -> io::Result<&'b [u32]> {
        match self {
            Places::Walk(walk) => {
                let steps = walk.steps()?;
                if buffer.len() < steps.len() {
                    buffer.resize(steps.len(), 0);
                }
                // Written in any case and kept only if it passes: nobody could foretell which do.
                let mut kept = 0;
                for position in positions_of(steps) {
                    buffer[kept] = position;
                    kept += usize::from(filter.passes(position));
                }
                Ok(&buffer[..kept])
            }
            Places::Jump(postings) => {
                postings.positions(buffer);
                buffer.retain(|&position| filter.passes(position));
                Ok(buffer)
            }
        }
    }
}

/// A set of positions that may take others for its own. Most of a frequent term's positions do not pass it.
pub(crate) struct Filter {
    words: [u64; FILTER_WORDS],
}

const FILTER_WORDS: usize = 64;

impl Filter {
    pub(crate) fn new() -> Self {
        Self { words: [0; FILTER_WORDS] }
    }

    #[inline]
    pub(crate) fn insert(&mut self, position: u32) {
        self.words[position as usize / 64 % FILTER_WORDS] |= 1 << (position % 64);
    }

    /// Forgets a position, and those that it may have been taken for.
    #[inline]
    pub(crate) fn forget(&mut self, position: u32) {
        self.words[position as usize / 64 % FILTER_WORDS] = 0;
    }

    #[inline]
    fn passes(&self, position: u32) -> bool {
        self.words[position as usize / 64 % FILTER_WORDS] >> (position % 64) & 1 == 1
    }
}

#[inline]
fn positions_of(steps: &[u32]) -> impl ExactSizeIterator<Item = u32> {
    let mut position = 0_u32;
    steps.iter().map(move |&step| {
        position = position.wrapping_add(step);
        position
    })
}

/// A cursor that goes through all blocks. Where a document's positions begin is the sum of the frequencies before it.
pub(crate) struct Walk {
    blocks: BlockSegmentPostings,
    /// The place of the document under the cursor in its block.
    at: usize,
    /// Up to where in the block frequencies are summed up, and the sum of all of them.
    summed: usize,
    offset: u64,
    /// The sum after the block.
    end: u64,
    bytes: OwnedBytes,
    positions: Option<Window>,
}

impl Walk {
    fn new(blocks: BlockSegmentPostings, bytes: OwnedBytes) -> Self {
        let end = sum(blocks.freqs());
        Self { blocks, at: 0, summed: 0, offset: 0, end, bytes, positions: None }
    }

    #[inline]
    fn doc(&self) -> Option<u32> {
        self.blocks.docs().get(self.at).copied()
    }

    #[inline]
    fn advance(&mut self) {
        self.at += 1;
        if self.at == BLOCK {
            self.next_block();
        }
    }

    fn next_block(&mut self) {
        self.blocks.advance();
        self.at = 0;
        self.summed = 0;
        self.offset = self.end;
        self.end += sum(self.blocks.freqs());
    }

    #[inline]
    fn find(&mut self, doc: u32) -> bool {
        loop {
            let docs = self.blocks.docs();
            match docs.last() {
                Some(&last) if last >= doc => break,
                Some(_) if docs.len() == BLOCK => self.next_block(),
                _ => {
                    self.at = docs.len();
                    return false;
                }
            }
        }
        let docs = self.blocks.docs();
        self.at += first_from(&docs[self.at..], doc);
        docs.get(self.at) == Some(&doc)
    }

    /// The positions in the document under the cursor, each as a step from the one before it.
    #[inline]
    fn steps(&mut self) -> io::Result<&[u32]> {
        let freqs = self.blocks.freqs();
        self.offset += sum(&freqs[self.summed..self.at]);
        self.summed = self.at;
        let count = freqs[self.at] as usize;
        let window = match &mut self.positions {
            Some(window) => window,
            none => none.insert(Window::new(PositionReader::open(self.bytes.clone())?)),
        };
        Ok(window.get(self.offset, count, self.end))
    }
}

#[inline]
fn sum(frequencies: &[u32]) -> u64 {
    // A text has far fewer tokens than would overflow this for one block.
    u64::from(frequencies.iter().fold(0_u32, |sum, &frequency| sum.wrapping_add(frequency)))
}

/// Where the first number that is not below `number` stands, looked for near the beginning first.
#[inline]
pub(crate) fn first_from(numbers: &[u32], number: u32) -> usize {
    let mut high = 1;
    while high < numbers.len() && numbers[high] < number {
        high *= 2;
    }
    let low = high / 2;
    let high = numbers.len().min(high + 1);
    low + numbers[low..high].partition_point(|&other| other < number)
}

/// Positions as they are stored, each as a step from the one before it in the document: those last decoded.
struct Window {
    reader: PositionReader,
    steps: Vec<u32>,
    from: u64,
    to: u64,
}

impl Window {
    fn new(reader: PositionReader) -> Self {
        Self { reader, steps: Vec::new(), from: 0, to: 0 }
    }

    /// The steps from `at` on; there are none from `limit` on.
    #[inline]
    fn get(&mut self, at: u64, count: usize, limit: u64) -> &[u32] {
        let end = at + count as u64;
        if at < self.from || end > self.to {
            // A block is decoded as a whole; its rest is wanted soon, more often than not.
            let to = end.next_multiple_of(BLOCK as u64).min(limit).max(end);
            let length = (to - at) as usize;
            if self.steps.len() < length {
                self.steps.resize(length, 0);
            }
            self.reader.read(at, &mut self.steps[..length]);
            (self.from, self.to) = (at, to);
        }
        &self.steps[(at - self.from) as usize..][..count]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::first_from;

    proptest! {
        #[test]
        fn the_first_number_from_another_on_is_found(
            numbers in proptest::collection::btree_set(0_u32..300, 0..200),
            number in 0_u32..310,
        ) {
            let numbers: Vec<u32> = numbers.into_iter().collect();
            prop_assert_eq!(first_from(&numbers, number), numbers.partition_point(|&other| other < number));
        }
    }
}
