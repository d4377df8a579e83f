//! A cursor over the documents of a term.

use tantivy::postings::{Postings as _, SegmentPostings};
use tantivy::{DocSet, TERMINATED};

use crate::search::fresh::FreshTerm;

/// Documents that a cursor steps over before it searches.
const NEAR: usize = 3;

/// A cursor over the documents of a term, in order.
pub(crate) enum Postings<'s> {
    Disk(Box<SegmentPostings>),
    Fresh { term: &'s FreshTerm, at: usize },
}

impl Postings<'_> {
    /// The document under the cursor; [`TERMINATED`] at the end.
    pub(crate) fn doc(&self) -> u32 {
        match self {
            Postings::Disk(postings) => postings.doc(),
            Postings::Fresh { term, at } => term.docs.get(*at).map_or(TERMINATED, |&(doc, _)| doc),
        }
    }

    pub(crate) fn advance(&mut self) -> u32 {
        match self {
            Postings::Disk(postings) => postings.advance(),
            Postings::Fresh { at, .. } => {
                *at += 1;
                self.doc()
            }
        }
    }

    /// Goes to the first document at or after `target`.
    pub(crate) fn seek(&mut self, target: u32) -> u32 {
        match self {
            Postings::Disk(postings) => {
                // The next document is often the one that is sought, and a step is cheaper than a search.
                let mut doc = postings.doc();
                for _ in 0..NEAR {
                    if doc >= target {
                        return doc;
                    }
                    doc = postings.advance();
                }
                if doc >= target { doc } else { postings.seek(target) }
            }
            Postings::Fresh { term, at } => {
                *at += term.docs[*at..].partition_point(|&(doc, _)| doc < target);
                self.doc()
            }
        }
    }

    /// The positions in the document under the cursor, in order.
    pub(crate) fn positions(&mut self, out: &mut Vec<u32>) {
        out.clear();
        match self {
            Postings::Disk(postings) => postings.append_positions_with_offset(0, out),
            Postings::Fresh { term, at } => {
                let start = if *at == 0 { 0 } else { term.docs[*at - 1].1 } as usize;
                out.extend_from_slice(&term.positions[start..term.docs[*at].1 as usize]);
            }
        }
    }
}
