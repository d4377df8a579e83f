//! The cut for sessions of the editor's: a message is a row.
//!
//! The session's document names its messages in order. Their rows are named and numbered by the index of keys; what is
//! read of them is what is given.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use super::{
    folder,
    global::{keys, value},
    legacy,
};
use crate::{
    Cursor, Cut, CutError, Limits, Sink, Source,
    database::{Database, fault},
    lenient_json,
    rows::{self, Row, Rows},
};

/// Members of a session's document that are read; its keys and the state of the window are not.
const OWN: [&str; 13] = [
    "name",
    "subtitle",
    "createdAt",
    "lastUpdatedAt",
    "status",
    "unifiedMode",
    "modelConfig",
    "usageData",
    "createdOnBranch",
    "trackedGitRepos",
    "subagentInfo",
    "workspaceIdentifier",
    "isArchived",
];
/// A file's text before or after an edit is given up to this length.
const CONTENT_BYTES: usize = 1 << 20;

/// Gives `sink` the messages that came after `cursor`.
pub(super) fn cut(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Cut, CutError> {
    let database = Database::open(source.file())?;
    let connection = &database.connection;
    let reading = connection.unchecked_transaction().map_err(fault)?;
    let document = if database.has_table("cursorDiskKV")? {
        value(connection, &format!("composerData:{}", source.native_id))?
    } else {
        None
    };
    let cut = match document {
        Some(document) => {
            let mut composer = Composer::new(connection, source, &document)?;
            rows::cut(source, cursor, limits, sink, &mut composer)?
        }
        None => match legacy::session(connection, &source.native_id)? {
            Some(session) => {
                let folder = folder::of_session(connection, source.file(), &source.native_id)?;
                rows::cut(source, cursor, limits, sink, &mut Whole { session, folder })?
            }
            None => return Err(CutError::Gone),
        },
    };
    reading.finish().map_err(fault)?;
    Ok(cut)
}

/// A session of which each message has a row, or stands in the document.
struct Composer<'a> {
    connection: &'a Connection,
    messages: Vec<Message>,
    /// The session's own row and its folder, as side records.
    sides: Vec<(String, Vec<u8>)>,
    /// The agent is at work: the last message may go on.
    generating: bool,
}

struct Message {
    id: String,
    place: Place,
}

enum Place {
    /// A row of that key and number.
    Row(String, i64),
    /// In the document.
    Inline(Box<RawValue>),
}

/// The members of a session's document.
pub(super) type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The parts of a document that tell of its messages.
#[derive(Default)]
struct Conversation {
    /// The ids of the messages, in their order.
    listed: Vec<String>,
    /// Messages that stand in the document.
    inline: Vec<Box<RawValue>>,
    /// The same, by their ids.
    map: Map<String, Value>,
}

impl Conversation {
    /// Takes what of it is as it should be: a member, or an element, of another type costs no more than itself.
    fn of(members: &Members<'_>) -> Self {
        let head = |head: &RawValue| serde_json::from_str::<Head>(head.get()).ok().map(|head| head.bubble_id);
        let heads: Vec<&RawValue> = member(members, "fullConversationHeadersOnly");
        Self {
            listed: heads.into_iter().filter_map(head).filter(|id| !id.is_empty()).collect(),
            inline: member(members, "conversation"),
            map: member(members, "conversationMap"),
        }
    }
}

/// A member of a document; nothing where it is of another type than that.
pub(super) fn member<'a, T: Default + Deserialize<'a>>(members: &Members<'a>, name: &str) -> T {
    members.get(name).and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Head {
    bubble_id: String,
}

/// What is looked at in a message before it is given.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Glance {
    tool_former_data: Option<ToolGlance>,
    created_at: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ToolGlance {
    status: Option<Value>,
    result: Option<Value>,
}

impl<'a> Composer<'a> {
    fn new(connection: &'a Connection, source: &Source, document: &str) -> Result<Self, CutError> {
        let malformed = |error| CutError::Malformed(format!("the session's row is not what it should be: {error}"));
        let members: Members<'_> = serde_json::from_str(document).map_err(malformed)?;
        let generating = member::<String>(&members, "status") == "generating";
        let messages = messages(connection, &source.native_id, Conversation::of(&members))?;
        let sides = sides(connection, source.file(), &source.native_id, &members)?;
        Ok(Self { connection, messages, sides, generating })
    }

    /// Appends the texts of the file before and after an edit that names them.
    fn write_contents(&self, message: &Glance, json: &mut Vec<u8>) -> Result<(), CutError> {
        let Some(Value::String(result)) = message.tool_former_data.as_ref().and_then(|tool| tool.result.as_ref())
        else {
            return Ok(());
        };
        if !result.contains("ContentId") {
            return Ok(());
        }
        let Ok(result) = serde_json::from_str::<Value>(result) else { return Ok(()) };
        for (member, id) in [("before", "beforeContentId"), ("after", "afterContentId")] {
            let Some(key) = result.get(id).and_then(Value::as_str) else { continue };
            if key.starts_with("composer.content.")
                && let Some(text) = value(self.connection, key)?.filter(|text| text.len() <= CONTENT_BYTES)
            {
                write_member(member, &text, json);
            }
        }
        Ok(())
    }
}

/// The messages in their order: the listed ones, those in the document, or, where nothing is listed, all rows by time.
fn messages(connection: &Connection, id: &str, of: Conversation) -> Result<Vec<Message>, CutError> {
    let prefix = format!("bubbleId:{id}:");
    let mut found: Vec<(String, i64)> = Vec::new();
    keys(connection, &prefix, &format!("bubbleId:{id};"), &mut |key, row| {
        found.push((key[prefix.len()..].to_owned(), row));
    })?;
    let mut inline: Vec<(String, Box<RawValue>)> = Vec::new();
    for (number, raw) in of.inline.into_iter().enumerate() {
        let head: Head = serde_json::from_str(raw.get()).unwrap_or_default();
        let id = if head.bubble_id.is_empty() { format!("#{number}") } else { head.bubble_id };
        // Some versions leave a stub in the list.
        let other = of.map.get(&id).and_then(|other| to_raw_value(other).ok());
        let raw = other.filter(|other| other.get().len() > raw.get().len()).unwrap_or(raw);
        inline.push((id, raw));
    }
    let mut order = of.listed;
    if order.is_empty() {
        order = inline.iter().map(|(id, _)| id.clone()).collect();
    }
    if order.is_empty() && found.is_empty() {
        order = of.map.keys().cloned().collect();
    }
    let listed: BTreeSet<String> = inline.iter().map(|(id, _)| id.clone()).collect();
    for (id, raw) in &of.map {
        if !listed.contains(id.as_str())
            && let Ok(raw) = to_raw_value(raw)
        {
            inline.push((id.clone(), raw));
        }
    }
    if order.is_empty() {
        return by_time(connection, &prefix, found);
    }
    let found: HashMap<String, i64> = found.into_iter().collect();
    let mut inline: HashMap<String, Box<RawValue>> = inline.into_iter().collect();
    let messages = order.into_iter().filter_map(|id| {
        let place = match found.get(&id) {
            Some(row) => Place::Row(format!("{prefix}{id}"), *row),
            None => Place::Inline(inline.remove(&id)?),
        };
        Some(Message { id, place })
    });
    Ok(messages.collect())
}

/// All rows of a session whose document lists none: by the times in them, then as they were written.
fn by_time(connection: &Connection, prefix: &str, found: Vec<(String, i64)>) -> Result<Vec<Message>, CutError> {
    let mut timed = Vec::new();
    for (id, row) in found {
        let key = format!("{prefix}{id}");
        let glance: Option<Glance> = value(connection, &key)?.and_then(|json| serde_json::from_str(&json).ok());
        let time = glance.and_then(|glance| glance.created_at).and_then(|time| crate::lenient_json::time(&time));
        timed.push((time, row, Message { id, place: Place::Row(key, row) }));
    }
    timed.sort_by_key(|(time, row, _)| (*time, *row));
    Ok(timed.into_iter().map(|(_, _, message)| message).collect())
}

fn sides(
    connection: &Connection,
    container: &Path,
    id: &str,
    members: &Members<'_>,
) -> Result<Vec<(String, Vec<u8>)>, CutError> {
    let own: Vec<String> = OWN
        .iter()
        .filter_map(|name| {
            members.get(*name).map(|value| format!("\"{name}\":{}", lenient_json::one_line(value.get())))
        })
        .collect();
    let own = format!("{{{}}}", own.join(","));
    let head = folder::head(connection, id)?;
    let document: Value = serde_json::from_str(&own).unwrap_or_default();
    let named = head.iter().chain([&document]).find_map(|head| folder::named(head, container));
    let folder = match named {
        Some(folder) => Some(folder),
        None => match folder::of_session(connection, container, id)? {
            Some(folder) => Some(folder),
            None => folder::in_contexts(connection, id)?,
        },
    };
    let mut sides = vec![("composer".to_owned(), own.into_bytes())];
    sides.extend(folder.map(folder_side));
    Ok(sides)
}

fn folder_side(folder: String) -> (String, Vec<u8>) {
    ("folder".to_owned(), serde_json::json!({ "folder": folder }).to_string().into_bytes())
}

impl Rows for Composer<'_> {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        let mark = |message: &Message| match &message.place {
            Place::Row(key, row) => rows::mark(key.as_bytes(), &row.to_le_bytes()),
            Place::Inline(raw) => rows::mark(message.id.as_bytes(), raw.get().as_bytes()),
        };
        Ok(self.messages.iter().map(mark).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let message = &self.messages[index];
        let read;
        let text = match &message.place {
            Place::Row(key, _) => {
                read = value(self.connection, key)?;
                read.as_deref()
            }
            Place::Inline(raw) => Some(raw.get()),
        };
        let glance: Glance = text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        json.push(b'{');
        write_member("id", &message.id, json);
        write_message("bubble", text, json);
        self.write_contents(&glance, json)?;
        json.push(b'}');
        let last = index + 1 == self.messages.len();
        Ok(if self.generating && (last || glance.is_running()) { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(std::mem::take(&mut self.sides))
    }
}

impl Glance {
    fn is_running(&self) -> bool {
        let status = self.tool_former_data.as_ref().and_then(|tool| tool.status.as_ref());
        matches!(status.and_then(Value::as_str), Some("loading" | "running" | "started" | "pending"))
    }
}

/// A session that stands whole in one value.
struct Whole {
    session: legacy::Session,
    folder: Option<String>,
}

impl Rows for Whole {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        let messages = self.session.messages.iter().enumerate();
        Ok(messages.map(|(number, raw)| rows::mark(&number.to_le_bytes(), raw.get().as_bytes())).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        json.push(b'{');
        write_message(self.session.member, Some(self.session.messages[index].get()), json);
        json.push(b'}');
        Ok(Row::Whole)
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        let session = &self.session;
        let own = serde_json::json!({
            "name": session.title,
            "createdAt": session.created,
            "lastUpdatedAt": session.updated,
            "status": session.status,
        });
        let own = ("composer".to_owned(), own.to_string().into_bytes());
        Ok(std::iter::once(own).chain(self.folder.clone().map(folder_side)).collect())
    }
}

/// Writes a member whose value is a text, after a comma unless it is the first.
fn write_member(name: &str, text: &str, json: &mut Vec<u8>) {
    write_name(name, json);
    serde_json::to_writer(json, text).expect("a text can be written into memory");
}

/// Writes a message: as it is where it is JSON, as a text where it is not, `null` where there is none.
fn write_message(name: &str, text: Option<&str>, json: &mut Vec<u8>) {
    match text {
        Some(text) if serde_json::from_str::<&RawValue>(text).is_ok() => {
            write_name(name, json);
            lenient_json::push_line(text, json);
        }
        Some(text) => write_member(name, text, json),
        None => {
            write_name(name, json);
            json.extend_from_slice(b"null");
        }
    }
}

fn write_name(name: &str, json: &mut Vec<u8>) {
    if json.last() != Some(&b'{') {
        json.push(b',');
    }
    json.extend_from_slice(format!("\"{name}\":").as_bytes());
}
