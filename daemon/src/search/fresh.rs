//! The segment in memory: what was added since the last commit, searchable at once.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tantivy::fieldnorm::FieldNormReader;

use super::analysis::each_token;
use super::columns::{Columns, Packed};
use super::document::SearchDocument;
use super::schema::{model_term, pack_flags, path_term, tool_term};
use super::segment::TermField;
use crate::catalog::SessionKey;

/// Postings of one term.
#[derive(Debug, Default)]
pub(crate) struct FreshTerm {
    /// Each document and where its positions end.
    pub(crate) docs: Vec<(u32, u32)>,
    pub(crate) positions: Vec<u32>,
}

/// An in-memory segment.
#[derive(Debug, Default)]
pub(crate) struct FreshSegment {
    pub(crate) columns: Columns,
    pub(crate) events: Vec<u32>,
    pub(crate) times: Vec<i64>,
    pub(crate) exits: Vec<Option<i32>>,
    pub(crate) tools: Vec<Option<Arc<str>>>,
    pub(crate) identities: Vec<u64>,
    by_identity: FxHashMap<u64, Vec<u32>>,
    terms: [FxHashMap<Box<[u8]>, FreshTerm>; 3],
    pub(crate) tokens: u64,
    /// Text taken in, in bytes.
    pub(crate) bytes: usize,
}

impl FreshSegment {
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// Takes an event in; gives its document number.
    pub(crate) fn add(&mut self, document: &SearchDocument) -> u32 {
        let doc = self.events.len() as u32;
        let mut count = 0_u32;
        let words = &mut self.terms[TermField::Text as usize];
        each_token(&document.text, &mut |term, position| {
            count += 1;
            push(words, term.as_bytes(), doc, Some(position));
        });
        for (access, path) in &document.paths {
            push(&mut self.terms[TermField::Path as usize], path_term(*access, path).as_bytes(), doc, None);
        }
        if let Some(tool) = &document.tool {
            push(&mut self.terms[TermField::Label as usize], tool_term(tool).as_bytes(), doc, None);
        }
        if let Some(model) = &document.model {
            push(&mut self.terms[TermField::Label as usize], model_term(model).as_bytes(), doc, None);
        }
        self.tokens += u64::from(count);
        self.bytes += document.text.len();
        let norm = FieldNormReader::fieldnorm_to_id(count);
        self.columns.push(Packed::new(document.session, norm, pack_flags(document)));
        self.events.push(document.event);
        self.times.push(document.ts_ms);
        self.exits.push(document.exit);
        self.tools.push(document.tool.as_deref().map(Arc::from));
        self.identities.push(document.identity);
        if document.identity != 0 {
            self.by_identity.entry(document.identity).or_default().push(doc);
        }
        doc
    }

    /// The documents of that identity.
    pub(crate) fn with_identity(&self, identity: u64) -> &[u32] {
        self.by_identity.get(&identity).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn term(&self, field: TermField, term: &[u8]) -> Option<&FreshTerm> {
        self.terms[field as usize].get(term)
    }

    pub(crate) fn terms(&self, field: TermField) -> impl Iterator<Item = (&[u8], &FreshTerm)> {
        self.terms[field as usize].iter().map(|(term, postings)| (&**term, postings))
    }

    pub(crate) fn kill(&self, session: SessionKey) -> u32 {
        self.columns.kill(session)
    }
}

fn push(terms: &mut FxHashMap<Box<[u8]>, FreshTerm>, term: &[u8], doc: u32, position: Option<u32>) {
    if !terms.contains_key(term) {
        terms.insert(term.into(), FreshTerm::default());
    }
    let Some(postings) = terms.get_mut(term) else { return };
    postings.positions.extend(position);
    let end = postings.positions.len() as u32;
    match postings.docs.last_mut() {
        Some(last) if last.0 == doc => last.1 = end,
        _ => postings.docs.push((doc, end)),
    }
}
