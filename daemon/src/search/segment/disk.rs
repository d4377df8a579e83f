//! A segment on disk: tantivy's readers, and what is kept of it in memory.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tantivy::columnar::{Column, ColumnValues, StrColumn};
use tantivy::directory::{CompositeFile, OwnedBytes};
use tantivy::index::{SegmentComponent, SegmentId};
use tantivy::{InvertedIndexReader, SegmentReader};

use super::TermField;
use crate::search::columns::{Columns, DEAD, Packed};
use crate::search::remembered::Remembered;
use crate::search::schema::{Fields, column};
use crate::search::vocabulary::Vocabulary;

/// A segment on disk, with what queries need of it in memory.
pub(crate) struct DiskSegment {
    pub(super) reader: SegmentReader,
    pub(super) indexes: [Arc<InvertedIndexReader>; 3],
    /// The positions of the text's terms.
    pub(super) positions: OwnedBytes,
    pub(crate) columns: Columns,
    /// Identities other than zero in order, each with its document.
    pub(crate) identities: Vec<(u64, u32)>,
    pub(super) identity_column: Column<u64>,
    pub(super) events: Column<u64>,
    pub(super) times: OnceLock<Vec<i64>>,
    pub(super) time_column: Column<i64>,
    pub(super) exits: Option<Column<i64>>,
    pub(super) tools: Option<StrColumn>,
    vocabularies: [Mutex<Held>; 3],
    pub(crate) remembered: Remembered,
}

/// A vocabulary in memory, and whether it was used since anybody last looked.
type Held = Option<(Arc<Listed>, bool)>;

/// The terms of a field and, where many are looked up together, the places of their postings.
pub(super) struct Listed {
    pub(super) vocabulary: Vocabulary,
    /// Of each term of the paths: where its postings begin, how long they are, how many documents hold it.
    pub(super) postings: Vec<(u64, u32, u32)>,
}

impl std::fmt::Debug for DiskSegment {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("DiskSegment").field("id", &self.reader.segment_id()).finish_non_exhaustive()
    }
}

impl DiskSegment {
    pub(crate) fn open(reader: SegmentReader, fields: &Fields) -> tantivy::Result<Self> {
        let count = reader.max_doc();
        let fast = reader.fast_fields();
        let sessions = fast.u64(column::SESSION)?.first_or_default_col(0);
        let flags = fast.u64(column::FLAGS)?.first_or_default_col(0);
        let positions =
            match CompositeFile::open(&reader.open_read(SegmentComponent::Positions)?)?.open_read(fields.text) {
                Some(file) => file.read_bytes()?,
                None => OwnedBytes::empty(),
            };
        let norms = reader.get_fieldnorms_reader(fields.text)?;
        let identity = fast.u64(column::IDENTITY)?.first_or_default_col(0);
        let all = |column: &dyn ColumnValues<u64>| {
            let mut values = vec![0; count as usize];
            column.get_range(0, &mut values);
            values
        };
        let mut columns = Columns::with_capacity(count as usize);
        for ((doc, session), flags) in (0..count).zip(all(&*sessions)).zip(all(&*flags)) {
            let session = if reader.is_deleted(doc) { DEAD } else { session as u32 };
            columns.push(Packed::new(session, norms.fieldnorm_id(doc), flags as u16));
        }
        let identified = (0..count).zip(all(&*identity)).map(|(doc, identity)| (identity, doc));
        let mut identities: Vec<(u64, u32)> =
            identified.filter(|&(identity, doc)| identity != 0 && !reader.is_deleted(doc)).collect();
        identities.sort_unstable();
        identities.shrink_to_fit();
        Ok(Self {
            indexes: [
                reader.inverted_index(fields.text)?,
                reader.inverted_index(fields.path)?,
                reader.inverted_index(fields.label)?,
            ],
            positions,
            columns,
            identities,
            identity_column: fast.u64(column::IDENTITY)?,
            events: fast.u64(column::EVENT)?,
            times: OnceLock::new(),
            time_column: fast.i64(column::TIME)?,
            exits: fast.column_opt::<i64>(column::EXIT)?,
            tools: fast.str(column::TOOL)?,
            vocabularies: [const { Mutex::new(None) }; 3],
            remembered: Remembered::default(),
            reader,
        })
    }

    /// Which segment it is, and with which deletions.
    pub(crate) fn identity(&self) -> (SegmentId, Option<u64>) {
        (self.reader.segment_id(), self.reader.delete_opstamp())
    }

    pub(crate) fn tokens(&self) -> u64 {
        self.indexes[TermField::Text as usize].total_num_tokens()
    }

    /// The time of the last event that was added to it.
    pub(crate) fn last_time(&self) -> i64 {
        self.reader.max_doc().checked_sub(1).and_then(|last| self.time_column.first(last)).unwrap_or(0)
    }

    /// Forgets what was not used since the last call.
    pub(crate) fn release_unused(&self) {
        self.remembered.release_unused();
        for vocabulary in &self.vocabularies {
            let mut held = vocabulary.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *held {
                Some((_, used)) if *used => *used = false,
                held => *held = None,
            }
        }
    }

    /// The terms of a field, read the first time they are needed.
    pub(super) fn vocabulary(&self, field: TermField) -> io::Result<Arc<Listed>> {
        let mut held = self.vocabularies[field as usize].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((vocabulary, used)) = &mut *held {
            *used = true;
            return Ok(Arc::clone(vocabulary));
        }
        let mut listed = Listed { vocabulary: Vocabulary::new(), postings: Vec::new() };
        let mut stream = self.indexes[field as usize].terms().stream()?;
        while stream.advance() {
            listed.vocabulary.push(stream.key());
            if field == TermField::Path {
                let info = stream.value();
                let range = &info.postings_range;
                listed.postings.push((range.start as u64, range.len() as u32, info.doc_freq));
            }
        }
        let vocabulary = Arc::new(listed);
        *held = Some((Arc::clone(&vocabulary), true));
        Ok(vocabulary)
    }
}
