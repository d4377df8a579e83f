//! The database of Amazon Q's and Kiro's command lines: a conversation is one JSON document, in a row for each folder.
//!
//! Only the tables of conversations are read. Others hold credentials.

use std::{collections::BTreeMap, path::Path};

use serde_json::{json, value::RawValue};

use crate::{
    CutError, Limits, Listing, Source, SourceKind,
    database::{Database, fault, text},
    document_elements::Elements,
    rows,
};

/// The file's name.
pub(crate) const NAME: &str = "data.sqlite3";
/// The side record that is the conversation's row, but for the conversation.
pub(super) const ROW: &str = "row";

/// One conversation for each folder; the next one takes its place.
const BY_FOLDER: &str = "conversations";
/// Several for each folder, with times.
const BY_ID: &str = "conversations_v2";
/// A conversation's id stands within so many of its first characters.
const HEAD: usize = 512;
/// Versions of conversations without a time are below this number, and thereby before all times.
const HASHES: u64 = 1_000_000_007;
/// Members of a conversation that are given beside its history. The tools' descriptions and the readable transcript,
/// which says the same as the history, are not.
const MEMBERS: &[&str] = &["conversation_id", "latest_summary", "model", "model_info"];

/// Names the conversations in the database.
pub(crate) fn list(path: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(path)?;
    let mut sources: BTreeMap<String, u64> = BTreeMap::new();
    let mut listing = Listing { whole: true, ..Listing::default() };
    if database.has_table(BY_ID)? {
        // A conversation that was taken along into another folder stands under both.
        let query = format!(
            "SELECT conversation_id, max(updated_at), octet_length(value) FROM {BY_ID} GROUP BY conversation_id"
        );
        let mut statement = database.connection.prepare(&query).map_err(fault)?;
        let mut rows = statement.query([]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let id = text(row.get_ref(0).map_err(fault)?).unwrap_or_default().to_owned();
            let updated: i64 = row.get(1).unwrap_or(0);
            sources.insert(id, u64::try_from(updated).unwrap_or(0));
        }
    }
    if database.has_table(BY_FOLDER)? {
        let query = format!(
            "SELECT key, substr(value, 1, {HEAD}), octet_length(value), substr(value, -{HEAD}) FROM {BY_FOLDER}"
        );
        let mut statement = database.connection.prepare(&query).map_err(fault)?;
        let mut rows = statement.query([]).map_err(fault)?;
        while let Some(row) = rows.next().map_err(fault)? {
            let of = |index| row.get_ref(index).map(|value| text(value).unwrap_or_default().to_owned());
            let (key, head, tail) = (of(0).map_err(fault)?, of(1).map_err(fault)?, of(3).map_err(fault)?);
            let length: Option<i64> = row.get(2).map_err(fault)?;
            let version = rows::mark(tail.as_bytes(), &length.unwrap_or(0).to_le_bytes()) % HASHES;
            sources.entry(id_of(&head).unwrap_or(&key).to_owned()).or_insert(version);
        }
    }
    for (id, version) in sources {
        if id.is_empty() {
            listing.drafts += 1;
        } else {
            found(Source::contained(path, SourceKind::Rows, id, version));
        }
    }
    Ok(listing)
}

/// Opens the conversation `id`: its history, and what is known of it beside.
pub(crate) fn open(path: &Path, id: &str, limits: &Limits) -> Result<Elements, CutError> {
    let database = Database::open(path)?;
    let (key, value, times) = match newest(&database, id)? {
        Some(found) => found,
        None => of_folder(&database, id)?.ok_or(CutError::Gone)?,
    };
    if value.len() as u64 > limits.record_bytes.saturating_mul(8) {
        return Err(CutError::Malformed(format!("a conversation of {} MB is too long", value.len() / 1_000_000)));
    }
    let row = json!({"key": key, "created_at": times.map(|times| times.0), "updated_at": times.map(|times| times.1)});
    let row = serde_json::to_vec(&row).expect("a value can be written into memory");
    let conversation =
        Elements::of_document(value.as_bytes(), Some("history"), |_, _| false)?.beside(MEMBERS).with_side(ROW, row);
    // What was said last stands apart until it is answered.
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(&value).unwrap_or_default();
    Ok(match members.get("next_message").filter(|next| next.get() != "null") {
        Some(next) => conversation.then(&format!("{{\"user\":{}}}", next.get())),
        None => conversation,
    })
}

type Row = (String, String, Option<(i64, i64)>);

fn newest(database: &Database, id: &str) -> Result<Option<Row>, CutError> {
    if !database.has_table(BY_ID)? {
        return Ok(None);
    }
    let query = format!(
        "SELECT key, value, created_at, updated_at FROM {BY_ID} WHERE conversation_id = ? \
         ORDER BY updated_at DESC LIMIT 1"
    );
    let mut statement = database.connection.prepare(&query).map_err(fault)?;
    let mut rows = statement.query([id]).map_err(fault)?;
    let Some(row) = rows.next().map_err(fault)? else { return Ok(None) };
    let of = |index| row.get_ref(index).map(|value| text(value).unwrap_or_default().to_owned());
    let times = (row.get(2).unwrap_or(0), row.get(3).unwrap_or(0));
    Ok(Some((of(0).map_err(fault)?, of(1).map_err(fault)?, Some(times))))
}

fn of_folder(database: &Database, id: &str) -> Result<Option<Row>, CutError> {
    if !database.has_table(BY_FOLDER)? {
        return Ok(None);
    }
    let query = format!("SELECT key, substr(value, 1, {HEAD}) FROM {BY_FOLDER}");
    let mut statement = database.connection.prepare(&query).map_err(fault)?;
    let mut rows = statement.query([]).map_err(fault)?;
    let mut key = None;
    while let Some(row) = rows.next().map_err(fault)? {
        let folder = text(row.get_ref(0).map_err(fault)?).unwrap_or_default();
        let head = text(row.get_ref(1).map_err(fault)?).unwrap_or_default();
        if id_of(head).unwrap_or(folder) == id {
            key = Some(folder.to_owned());
            break;
        }
    }
    let Some(key) = key else { return Ok(None) };
    let query = format!("SELECT value FROM {BY_FOLDER} WHERE key = ?");
    let mut statement = database.connection.prepare(&query).map_err(fault)?;
    let mut rows = statement.query([&key]).map_err(fault)?;
    let Some(row) = rows.next().map_err(fault)? else { return Ok(None) };
    let value = text(row.get_ref(0).map_err(fault)?).unwrap_or_default().to_owned();
    Ok(Some((key, value, None)))
}

/// The conversation's id, in the beginning of its JSON.
fn id_of(head: &str) -> Option<&str> {
    let (_, rest) = head.split_once("\"conversation_id\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let (id, _) = rest.split_once('"')?;
    (!id.is_empty() && !id.contains('\\')).then_some(id)
}
