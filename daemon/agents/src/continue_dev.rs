//! Continue: one JSON document a session in `~/.continue/sessions`, of the extensions and of the command line.

mod derive;

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    rows::{self, Row, Rows},
};

/// The agent. `continue` is a word of this language.
pub struct Continue;

/// The list of sessions beside them.
const LIST: &str = "sessions.json";
/// More of the list is not read.
const LIST_BYTES: u64 = 8 << 20;
/// The side record's name.
const SIDE: &str = "session";

impl Agent for Continue {
    fn id(&self) -> &'static str {
        "continue"
    }

    fn name(&self) -> &'static str {
        "Continue"
    }

    fn switch(&self) -> &'static str {
        "continue"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let own =
            environment.path_variable("CONTINUE_GLOBAL_DIR").unwrap_or_else(|| environment.home.join(".continue"));
        let windows = environment.windows_homes().into_iter().map(|home| home.join(".continue"));
        let homes = std::iter::once(own).chain(windows);
        homes.map(|home| Root { path: home.join("sessions"), recursive: false }).collect()
    }

    fn beside(&self) -> &'static [&'static str] {
        &[LIST]
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        match fs::read_dir(&root.path) {
            Ok(entries) => {
                let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
                paths.filter_map(|path| self.source_at(root, &path)).for_each(found);
                Vec::new()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                let reason = format!("cannot list {}: {error}", root.path.display());
                vec![Problem { record: 0, position: 0, reason }]
            }
        }
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        if path.parent()? != root.path {
            return None;
        }
        let name = path.file_name()?.to_str().filter(|name| *name != LIST)?;
        Some(Source {
            path: path.to_owned(),
            kind: SourceKind::Rows,
            native_id: name.strip_suffix(".json")?.to_owned(),
            parent: None,
            side_files: Vec::new(),
            version: 0,
        })
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        rows::cut_file(source, cursor, limits, sink, |bytes| Table::read(source, &bytes))
    }

    fn deriver(&self, _source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Ok(Box::new(derive::Session::new(state)?))
    }

    /// A session can be gone on with as a copy of it.
    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        let is_uuid = native_id.len() == 36 && native_id.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
        is_uuid.then(|| ["cn", "--fork", native_id].map(str::to_owned).to_vec())
    }
}

/// The elements of a session's history.
struct Table {
    rows: Vec<Box<RawValue>>,
    side: Value,
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    history: Vec<Box<RawValue>>,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

impl Table {
    fn read(source: &Source, bytes: &[u8]) -> Result<Self, CutError> {
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| CutError::Busy(format!("not JSON, or half-written: {error}")))?;
        let Document { history, mut rest } = document;
        rest.retain(|key, _| {
            matches!(&**key, "sessionId" | "title" | "workspaceDirectory" | "mode" | "chatModelTitle")
        });
        let created = created(&source.path.with_file_name(LIST), &source.native_id);
        rest.insert("dateCreated".to_owned(), created.map_or(Value::Null, |created| json!(created)));
        Ok(Self { rows: history, side: Value::Object(rest) })
    }

    /// Whether a tool of the last element still runs, or its text still streams.
    fn grows(&self, index: usize) -> bool {
        if index + 1 != self.rows.len() {
            return false;
        }
        let element: Value = serde_json::from_str(self.rows[index].get()).unwrap_or_default();
        let calls = element["toolCallStates"].as_array().map(Vec::as_slice).unwrap_or_default();
        let runs = |call: &Value| matches!(call["status"].as_str(), Some("generating" | "generated" | "calling"));
        let is_empty =
            element["message"]["role"] == "assistant" && calls.is_empty() && element["message"]["content"] == "";
        is_empty || calls.iter().any(runs) || element["reasoning"]["active"] == true
    }
}

impl Rows for Table {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Element<'a> {
            #[serde(borrow)]
            message: Option<&'a RawValue>,
            #[serde(borrow, rename = "toolCallStates")]
            calls: Option<&'a RawValue>,
        }
        // What an editor keeps beside them (its own state, logs of prompts) may change without being said anew.
        let mark = |row: &RawValue| {
            let element: Element<'_> = serde_json::from_str(row.get()).unwrap_or_default();
            let text = |part: Option<&RawValue>| part.map_or("", RawValue::get).to_owned();
            rows::mark(text(element.message).as_bytes(), text(element.calls).as_bytes())
        };
        Ok(self.rows.iter().map(|row| mark(row)).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        // Within JSON, line feeds are white space between tokens only.
        json.extend(self.rows[index].get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        Ok(if self.grows(index) { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(vec![(SIDE.to_owned(), self.side.to_string().into_bytes())])
    }
}

/// When the session was begun, in milliseconds since 1970, as the list of sessions tells.
fn created(list: &Path, id: &str) -> Option<i64> {
    if !list.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(list).ok()?.take(LIST_BYTES).read_to_end(&mut bytes).ok()?;
    let entries: Vec<Value> = serde_json::from_slice(&bytes).ok()?;
    let entry = entries.iter().find(|entry| entry["sessionId"] == id || entry["session_id"] == id)?;
    let created = &entry["dateCreated"];
    created.as_i64().or_else(|| created.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests;
