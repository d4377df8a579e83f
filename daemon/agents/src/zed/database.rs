//! The database of threads.

use std::{io::Read, path::Path};

use serde_json::{Map, Value};

use super::thread::Thread;
use crate::{
    CutError, Listing, Source, SourceKind,
    database::{Database, fault, row_to_json},
    json_deriver::value,
};

/// Columns that are read beside the thread itself, as far as a database has them.
const COLUMNS: &[&str] =
    &["id", "summary", "updated_at", "created_at", "parent_id", "folder_paths", "folder_paths_order"];

/// Names the threads in the database. There are few columns to look at before the thread itself.
pub(super) fn list(path: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(path)?;
    let mut listing = Listing { whole: true, ..Listing::default() };
    if !database.has_table("threads")? {
        return Ok(listing);
    }
    let mut statement =
        database.connection.prepare("SELECT id, updated_at, octet_length(data) FROM threads").map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    while let Some(row) = rows.next().map_err(fault)? {
        let id: String = row.get(0).map_err(fault)?;
        let updated: Option<String> = row.get(1).map_err(fault)?;
        let length: Option<i64> = row.get(2).map_err(fault)?;
        let length = length.unwrap_or(0);
        if length == 0 {
            listing.drafts += 1;
            continue;
        }
        let updated = updated.and_then(|text| value::time_of(&text)).map_or(0, jiff::Timestamp::as_millisecond);
        let version = u64::try_from(updated.saturating_add(length % 1000)).unwrap_or(0);
        found(Source::contained(path, SourceKind::Rows, id, version));
    }
    Ok(listing)
}

/// Opens a thread of at most `longest` bytes.
pub(super) fn open(path: &Path, id: &str, longest: u64) -> Result<Thread, CutError> {
    let database = Database::open(path)?;
    let known = database.columns("threads")?;
    let columns: Vec<&str> = COLUMNS.iter().copied().filter(|column| known.iter().any(|name| name == column)).collect();
    let query = format!("SELECT {} FROM threads WHERE id = ?", columns.join(", "));
    let mut statement = database.connection.prepare(&query).map_err(fault)?;
    let mut rows = statement.query([id]).map_err(fault)?;
    let mut about = Vec::new();
    row_to_json(rows.next().map_err(fault)?.ok_or(CutError::Gone)?, &[], &mut about)?;
    let about: Map<String, Value> = serde_json::from_slice(&about)
        .map_err(|error| CutError::Malformed(format!("the thread's row cannot be read: {error}")))?;

    let mut statement =
        database.connection.prepare("SELECT data_type, data FROM threads WHERE id = ?").map_err(fault)?;
    let mut rows = statement.query([id]).map_err(fault)?;
    let row = rows.next().map_err(fault)?.ok_or(CutError::Gone)?;
    let kind: String = row.get(0).map_err(fault)?;
    let data = row.get_ref(1).map_err(fault)?;
    let data = data.as_bytes().map_err(|_| CutError::Malformed("a thread that is no data".to_owned()))?;
    let too_long = || CutError::Malformed(format!("a thread of more than {} MB is too long", longest / 1_000_000));
    let json = match &*kind {
        "zstd" => {
            let mut json = Vec::new();
            let decoder = zstd::stream::read::Decoder::new(data)?;
            let read = decoder.take(longest.saturating_add(1)).read_to_end(&mut json);
            read.map_err(|error| CutError::Malformed(format!("the thread cannot be decompressed: {error}")))?;
            json
        }
        "json" => data.to_vec(),
        other => return Err(CutError::Malformed(format!("a thread of the unknown form {other:?}"))),
    };
    if json.len() as u64 > longest {
        return Err(too_long());
    }
    Thread::new(&json, about)
}
