//! The stores of the command line program: one database for one session.
//!
//! Messages are blobs named by the hash of their content; the latest root, which the row `0` of `meta` names, lists them
//! in order. The root is a protobuf message of which field 1 alone is read.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, OptionalExtension};
use serde_json::{Value, value::RawValue};

use super::global::versioned;
use crate::{
    Cursor, Cut, CutError, Limits, Listing, Sink, Source, SourceKind,
    database::{self, Database, fault, text},
    lenient_json,
    rows::{self, Row, Rows},
};

/// A `meta.json` longer than this is not one.
const LONGEST: u64 = 1 << 20;
/// The length of a blob's hash.
const HASH: usize = 32;
/// What is told of a session; its keys are not among it.
const OWN: [&str; 9] =
    ["name", "title", "mode", "createdAt", "updatedAt", "lastUsedModel", "workspacePath", "cwd", "subagentInfo"];

/// Names the session in a store; a store without messages is a draft.
pub(super) fn list(container: &Path, found: &mut dyn FnMut(Source)) -> Result<Listing, CutError> {
    let database = Database::open(container)?;
    let store = Store::read(&database, container)?;
    let mut listing = Listing { whole: true, ..Listing::default() };
    if store.messages.is_empty() {
        listing.drafts = 1;
        return Ok(listing);
    }
    let updated =
        lenient_json::number(&store.meta, "updatedAt").map(|time| time as f64).or_else(|| modified(container));
    let number = store
        .messages
        .iter()
        .fold(store.messages.len() as u64, |number, id| number.rotate_left(7) ^ rows::mark(id.as_bytes(), b""));
    found(Source::contained(container, SourceKind::Rows, id(&store.meta, container), versioned(updated, number)));
    Ok(listing)
}

/// Gives `sink` the messages that came after `cursor`.
pub(super) fn cut(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Cut, CutError> {
    let database = Database::open(source.file())?;
    let reading = database.connection.unchecked_transaction().map_err(fault)?;
    let mut store = Store::read(&database, source.file())?;
    let cut = rows::cut(source, cursor, limits, sink, &mut store)?;
    reading.finish().map_err(fault)?;
    Ok(cut)
}

/// The session's id: its own, else its folder's name.
fn id(meta: &Value, container: &Path) -> String {
    let folder = container.parent().and_then(Path::file_name).unwrap_or_default();
    lenient_json::owned(meta, "agentId").unwrap_or_else(|| folder.to_string_lossy().into_owned())
}

/// When the database or its log was written last, in milliseconds.
fn modified(container: &Path) -> Option<f64> {
    let time = |path: &Path| fs::metadata(path).ok()?.modified().ok();
    let latest: Option<SystemTime> = time(container).max(time(&database::log_of(container)));
    Some(latest?.duration_since(UNIX_EPOCH).ok()?.as_millis() as f64)
}

struct Store<'a> {
    connection: &'a Connection,
    meta: Value,
    /// The ids of the messages, in order.
    messages: Vec<String>,
}

impl<'a> Store<'a> {
    fn read(database: &'a Database, container: &Path) -> Result<Self, CutError> {
        let connection = &database.connection;
        let (mut meta, mut messages) = (Value::Null, Vec::new());
        if database.has_table("meta")? && database.has_table("blobs")? {
            meta = own_meta(connection)?;
            let root = lenient_json::owned(&meta, "latestRootBlobId");
            let root = root.map(|root| blob(connection, &root)).transpose()?.flatten();
            messages = root.as_deref().map(references).unwrap_or_default();
            if messages.is_empty() {
                messages = all_messages(connection)?;
            }
        }
        if let (Some(beside), true) = (meta_beside(container), meta.is_object() || meta.is_null()) {
            let object = meta.as_object().cloned().unwrap_or_default();
            meta = Value::Object(object.into_iter().chain(beside).collect());
        }
        Ok(Self { connection, meta, messages })
    }
}

/// The row `0` of `meta`: JSON in hexadecimal, or as it is.
fn own_meta(connection: &Connection) -> Result<Value, CutError> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = '0'").map_err(fault)?;
    let row = statement.query_row([], |row| Ok(text(row.get_ref(0)?).map(str::to_owned)));
    let row = row.optional().map_err(fault)?.flatten().unwrap_or_default();
    let json = if row.trim_start().starts_with('{') { row.into_bytes() } else { of_hex(&row).unwrap_or_default() };
    Ok(serde_json::from_slice(&json).unwrap_or_default())
}

/// What `meta.json` beside the store tells, under the names of the store's own row.
fn meta_beside(container: &Path) -> Option<BTreeMap<String, Value>> {
    let file = container.with_file_name("meta.json");
    if fs::metadata(&file).ok()?.len() > LONGEST {
        return None;
    }
    let Value::Object(members) = serde_json::from_slice(&fs::read(file).ok()?).ok()? else { return None };
    let renamed = |name: String| match name.as_str() {
        "createdAtMs" => "createdAt".to_owned(),
        "updatedAtMs" => "updatedAt".to_owned(),
        _ => name,
    };
    let known = ["createdAtMs", "updatedAtMs", "title", "cwd"];
    let members = members.into_iter().filter(|(name, value)| known.contains(&name.as_str()) && !value.is_null());
    Some(members.map(|(name, value)| (renamed(name), value)).collect())
}

fn blob(connection: &Connection, id: &str) -> Result<Option<Vec<u8>>, CutError> {
    let mut statement = connection.prepare_cached("SELECT data FROM blobs WHERE id = ?").map_err(fault)?;
    let data =
        statement.query_row([id], |row| Ok(row.get_ref(0)?.as_bytes_or_null().ok().flatten().map(<[u8]>::to_vec)));
    Ok(data.optional().map_err(fault)?.flatten())
}

/// The hashes in field 1 of a protobuf message. Empty where the bytes are none.
fn references(mut bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let Some(tag) = varint(&mut bytes) else { return Vec::new() };
        let length = match tag & 7 {
            0 => varint(&mut bytes).map(|_| 0),
            1 => Some(8),
            2 => varint(&mut bytes),
            5 => Some(4),
            _ => None,
        };
        let Some(length) =
            length.and_then(|length| usize::try_from(length).ok()).filter(|length| *length <= bytes.len())
        else {
            return Vec::new();
        };
        let (field, rest) = bytes.split_at(length);
        if tag == 0x0a && field.len() == HASH {
            found.push(field.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        bytes = rest;
    }
    found
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Every blob that is a message, in the order in which they were written: for a root that cannot be read.
fn all_messages(connection: &Connection) -> Result<Vec<String>, CutError> {
    const SQL: &str = "SELECT id FROM blobs WHERE substr(CAST(data AS BLOB), 1, 1) = x'7b' ORDER BY rowid";
    let mut statement = connection.prepare(SQL).map_err(fault)?;
    let ids = statement.query_map([], |row| Ok(text(row.get_ref(0)?).map(str::to_owned))).map_err(fault)?;
    let ids: Vec<Option<String>> = ids.collect::<Result<_, _>>().map_err(fault)?;
    Ok(ids.into_iter().flatten().collect())
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| (byte as char).to_digit(16);
    let pair = |pair: &[u8]| Some((digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?) as u8);
    text.trim().as_bytes().chunks(2).map(pair).collect()
}

impl Rows for Store<'_> {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        Ok(self.messages.iter().map(|id| rows::mark(id.as_bytes(), b"")).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let id = &self.messages[index];
        let blob = blob(self.connection, id)?;
        let message = blob.as_deref().and_then(|blob| std::str::from_utf8(blob).ok());
        let message = message.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok()).unwrap_or("null");
        json.extend_from_slice(format!("{{\"id\":\"{id}\",\"message\":").as_bytes());
        // A line feed in JSON stands between its values.
        json.extend(message.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        json.push(b'}');
        Ok(Row::Whole)
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        let own = OWN.iter().filter_map(|name| Some(((*name).to_owned(), self.meta.get(*name)?.clone())));
        let own = Value::Object(own.collect()).to_string();
        Ok(vec![("meta".to_owned(), own.into_bytes())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_a_root() {
        let mut root = vec![0x0a, 0x20];
        root.extend([7; HASH]);
        root.extend([0x10, 0x96, 0x01, 0x4a, 0x02, b'a', b'b', 0x0a, 0x20]);
        root.extend([9; HASH]);
        assert_eq!(references(&root), ["07".repeat(HASH), "09".repeat(HASH)]);
        assert_eq!(references(&root[..root.len() - 1]), Vec::<String>::new());
        assert_eq!(references(&[0xff; 40]), Vec::<String>::new());
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(of_hex("7b7D"), Some(b"{}".to_vec()));
        assert_eq!(of_hex("7b7"), None);
        assert_eq!(of_hex("zz"), None);
    }
}
