//! Sessions that stand whole in one value of a workspace's database: the chat panel and the first composers, of 2024
//! and early 2025.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::global::versioned;
use crate::{
    CutError, Listing, Problem, Source, SourceKind,
    database::{fault, text},
    lenient_json, rows,
};

/// The value that holds the chats of the panel.
const CHATS: &str = "workbench.panel.aichat.view.aichat.chatdata";
/// The value that holds composers; since 2025 their heads alone.
pub(super) const COMPOSERS: &str = "composer.composerData";

/// The numbers of the two rows, which change when they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    chats: Option<i64>,
    composers: Option<i64>,
}

/// A session in a value.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) title: Option<String>,
    pub(super) created: Option<f64>,
    pub(super) updated: Option<f64>,
    pub(super) status: Option<String>,
    /// Its messages, as they stand there.
    pub(super) messages: Vec<Box<RawValue>>,
    /// The member under which a message is given in a record.
    pub(super) member: &'static str,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chats {
    tabs: Vec<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Tab {
    tab_id: String,
    chat_title: Option<String>,
    last_send_time: Option<f64>,
    bubbles: Vec<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Composers {
    all_composers: Vec<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Composer {
    composer_id: String,
    name: Option<String>,
    created_at: Option<f64>,
    last_updated_at: Option<f64>,
    status: Option<String>,
    conversation: Vec<Box<RawValue>>,
}

/// Names the whole sessions in the two values, unless these are those of `since`.
pub(super) fn list(
    connection: &Connection,
    container: &Path,
    since: Option<&Mark>,
    listing: &mut Listing,
    found: &mut dyn FnMut(Source),
) -> Result<Mark, CutError> {
    let mark = Mark { chats: row_of(connection, CHATS)?, composers: row_of(connection, COMPOSERS)? };
    if since == Some(&mark) {
        return Ok(mark);
    }
    for session in all(connection, &mut listing.problems)? {
        if session.messages.is_empty() {
            // The head of a session that is kept in the global database is no draft.
            listing.drafts += u64::from(session.member == "chat");
            continue;
        }
        let time = session.updated.or(session.created);
        let version = versioned(time, fingerprint(&session));
        found(Source::contained(container, SourceKind::Rows, session.id, version));
    }
    Ok(mark)
}

/// The session of that id in the two values.
pub(super) fn session(connection: &Connection, id: &str) -> Result<Option<Session>, CutError> {
    Ok(all(connection, &mut Vec::new())?.into_iter().find(|session| session.id == id && !session.messages.is_empty()))
}

fn all(connection: &Connection, problems: &mut Vec<Problem>) -> Result<Vec<Session>, CutError> {
    let mut problem = |key: &str, error: &serde_json::Error| {
        let reason = format!("the value {key} is {}", lenient_json::not_json(error));
        problems.push(Problem { record: 0, position: 0, reason });
    };
    let mut sessions = Vec::new();
    if let Some(value) = item(connection, CHATS)? {
        let chats: Chats = serde_json::from_str(&value).unwrap_or_else(|error| {
            problem(CHATS, &error);
            Chats::default()
        });
        for raw in chats.tabs {
            match serde_json::from_str::<Tab>(raw.get()) {
                Ok(tab) => sessions.push(Session {
                    id: tab.tab_id,
                    title: tab.chat_title,
                    created: None,
                    updated: tab.last_send_time,
                    status: None,
                    messages: tab.bubbles,
                    member: "chat",
                }),
                Err(error) => problem(CHATS, &error),
            }
        }
    }
    if let Some(value) = item(connection, COMPOSERS)? {
        let composers: Composers = serde_json::from_str(&value).unwrap_or_else(|error| {
            problem(COMPOSERS, &error);
            Composers::default()
        });
        for raw in composers.all_composers {
            match serde_json::from_str::<Composer>(raw.get()) {
                Ok(composer) => sessions.push(Session {
                    id: composer.composer_id,
                    title: composer.name,
                    created: composer.created_at,
                    updated: composer.last_updated_at,
                    status: composer.status,
                    messages: composer.conversation,
                    member: "bubble",
                }),
                Err(error) => problem(COMPOSERS, &error),
            }
        }
    }
    sessions.retain(|session| !session.id.is_empty());
    Ok(sessions)
}

/// A number for what a session holds.
fn fingerprint(session: &Session) -> u64 {
    session.messages.iter().fold(session.messages.len() as u64, |sum, message| {
        sum.rotate_left(5) ^ rows::mark(message.get().as_bytes(), session.title.as_deref().unwrap_or("").as_bytes())
    })
}

/// The text of a value of `ItemTable`.
pub(super) fn item(connection: &Connection, key: &str) -> Result<Option<String>, CutError> {
    if !has_items(connection)? {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached("SELECT value FROM ItemTable WHERE key = ?").map_err(fault)?;
    let value = statement.query_row([key], |row| Ok(text(row.get_ref(0)?).map(str::to_owned)));
    Ok(value.optional().map_err(fault)?.flatten())
}

/// The number of a row of `ItemTable`, from the index of keys.
pub(super) fn row_of(connection: &Connection, key: &str) -> Result<Option<i64>, CutError> {
    if !has_items(connection)? {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached("SELECT rowid FROM ItemTable WHERE key = ?").map_err(fault)?;
    statement.query_row([key], |row| row.get(0)).optional().map_err(fault)
}

fn has_items(connection: &Connection) -> Result<bool, CutError> {
    let mut statement = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'ItemTable'")
        .map_err(fault)?;
    statement.exists([]).map_err(fault)
}
