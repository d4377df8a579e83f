//! A session as one JSON document, and the logs of changes from which newer versions build it.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use crate::{
    CutError, lenient_json,
    rows::{self, Row, Rows},
};

/// What is told of a session beside its requests.
const OWN: [&str; 9] = [
    "sessionId",
    "creationDate",
    "lastMessageDate",
    "customTitle",
    "computedTitle",
    "initialLocation",
    "responderUsername",
    "repoData",
    "isImported",
];
/// A change may lengthen a list by so many elements that were not told.
const GAP: usize = 1024;

/// A session's requests, each with its answer.
pub(super) struct Session {
    requests: Vec<Request>,
    sides: Vec<(String, Vec<u8>)>,
}

/// A request as the row that is made of it.
struct Request {
    row: Vec<u8>,
    mark: u64,
    is_pending: bool,
}

/// The parts of a request by which it is told from its earlier states. What comes later (votes, suggestions for the next
/// prompt) is no other request.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Glance<'a> {
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    #[serde(borrow)]
    is_canceled: Option<&'a RawValue>,
    #[serde(borrow)]
    model_state: Option<&'a RawValue>,
}

/// The members of a session: its requests, and others as they stand. Read at one go, since the requests are nearly all of
/// a document.
#[derive(Default)]
struct Members<'a> {
    requests: Vec<&'a RawValue>,
    others: BTreeMap<String, &'a RawValue>,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OfObject;
        impl<'de> Visitor<'de> for OfObject {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a session")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Members::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "requests" {
                        members.requests = map.next_value()?;
                    } else {
                        members.others.insert(name, map.next_value()?);
                    }
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(OfObject)
    }
}

/// The session in a document.
pub(super) fn of_document(bytes: &[u8], folder: Option<String>) -> Result<Session, CutError> {
    let text =
        simdutf8::compat::from_utf8(bytes).map_err(|error| CutError::Malformed(format!("not UTF-8: {error}")))?;
    let members: Members<'_> =
        serde_json::from_str(text).map_err(|error| CutError::Malformed(lenient_json::not_json(&error)))?;
    let requests = members.requests.iter().map(|request| Request::new(request.get())).collect();
    let own = |name: &&str| {
        let mut member = format!("\"{name}\":").into_bytes();
        lenient_json::push_line(members.others.get(*name)?.get(), &mut member);
        Some(member)
    };
    Ok(Session { requests, sides: sides(OWN.iter().filter_map(own), folder) })
}

/// The session that a log of changes builds. A line that cannot be read is passed over: the last one may be torn.
pub(super) fn of_log(bytes: &[u8], folder: Option<String>) -> Result<Session, CutError> {
    let mut session = Value::Null;
    for line in lenient_json::decoded(bytes).split('\n') {
        if let Ok(change) = serde_json::from_str::<Value>(line) {
            apply(&mut session, change);
        }
    }
    let Value::Object(members) = &session else {
        return Err(CutError::Busy("the log does not begin with a session yet".to_owned()));
    };
    let requests = match members.get("requests") {
        Some(Value::Array(requests)) => requests.iter().map(|request| Request::new(&request.to_string())).collect(),
        Some(_) => return Err(CutError::Malformed("its requests are no list".to_owned())),
        None => Vec::new(),
    };
    let own = |name: &&str| Some(format!("\"{name}\":{}", members.get(*name)?).into_bytes());
    Ok(Session { requests, sides: sides(OWN.iter().filter_map(own), folder) })
}

/// What is told of a session beside its requests: its own members, and its folder.
fn sides(own: impl Iterator<Item = Vec<u8>>, folder: Option<String>) -> Vec<(String, Vec<u8>)> {
    let own: Vec<Vec<u8>> = own.collect();
    let own = [b"{".as_slice(), &own.join(&b','), b"}"].concat();
    let folder = folder.map(|folder| serde_json::json!({ "folder": folder }).to_string());
    std::iter::once(("session".to_owned(), own))
        .chain(folder.map(|folder| ("folder".to_owned(), folder.into_bytes())))
        .collect()
}

/// Makes one change: 0 sets the whole, 1 sets a member, 2 appends to a list, 3 deletes a member.
fn apply(session: &mut Value, change: Value) {
    let Value::Object(mut change) = change else { return };
    let kind = change.get("kind").and_then(Value::as_u64);
    let value = change.remove("v");
    let Some(Value::Array(path)) = change.remove("k").or_else(|| Some(Value::Array(Vec::new()))) else { return };
    match (kind, value) {
        (Some(0), Some(value)) => *session = value,
        (Some(1), Some(value)) => {
            if let Some(place) = place(session, &path) {
                *place = value;
            }
        }
        (Some(1 | 3), _) => delete(session, &path),
        (Some(2), value) => {
            let Some(place) = place(session, &path) else { return };
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            if let Value::Array(list) = place {
                if let Some(length) = change.get("i").and_then(Value::as_u64) {
                    list.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                }
                if let Some(Value::Array(more)) = value {
                    list.extend(more);
                }
            }
        }
        _ => {}
    }
}

/// The place that `path` names; what is missing on the way is made.
fn place<'a>(mut at: &'a mut Value, path: &[Value]) -> Option<&'a mut Value> {
    for step in path {
        match step {
            Value::String(name) => {
                if !at.is_object() {
                    *at = Value::Object(Map::new());
                }
                at = at.as_object_mut()?.entry(name.as_str()).or_insert(Value::Null);
            }
            step => {
                let index = usize::try_from(step.as_u64()?).ok()?;
                if !at.is_array() {
                    *at = Value::Array(Vec::new());
                }
                let list = at.as_array_mut()?;
                if index >= list.len() {
                    if index - list.len() > GAP {
                        return None;
                    }
                    list.resize(index + 1, Value::Null);
                }
                at = list.get_mut(index)?;
            }
        }
    }
    Some(at)
}

fn delete(session: &mut Value, path: &[Value]) {
    let Some((last, above)) = path.split_last() else { return };
    let mut at = session;
    for step in above {
        let inner = match step {
            Value::String(name) => at.get_mut(name.as_str()),
            step => step.as_u64().and_then(|index| at.get_mut(usize::try_from(index).ok()?)),
        };
        let Some(inner) = inner else { return };
        at = inner;
    }
    match (at, last) {
        (Value::Object(members), Value::String(name)) => {
            members.shift_remove(name.as_str());
        }
        (Value::Array(list), index) => {
            if let Some(element) = index.as_u64().and_then(|index| list.get_mut(usize::try_from(index).ok()?)) {
                *element = Value::Null;
            }
        }
        _ => {}
    }
}

impl Rows for Session {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        Ok(self.requests.iter().map(|request| request.mark).collect())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        let request = &self.requests[index];
        json.extend_from_slice(&request.row);
        let last = index + 1 == self.requests.len();
        Ok(if last && request.is_pending { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(std::mem::take(&mut self.sides))
    }
}

impl Request {
    fn new(json: &str) -> Self {
        let glance: Glance<'_> = serde_json::from_str(json).unwrap_or_default();
        let parts = [glance.message, glance.response, glance.result, glance.is_canceled];
        let parts: Vec<&str> = parts.into_iter().flatten().map(RawValue::get).collect();
        let mark = rows::mark(glance.request_id.map_or("", RawValue::get).as_bytes(), parts.join("\n").as_bytes());
        let mut row = Vec::with_capacity(json.len() + 12);
        row.extend_from_slice(b"{\"request\":");
        lenient_json::push_line(json, &mut row);
        row.push(b'}');
        Self { row, mark, is_pending: glance.is_pending() }
    }
}

impl Glance<'_> {
    /// Whether the answer is not there, or goes on.
    fn is_pending(&self) -> bool {
        let state = self.model_state.and_then(|state| serde_json::from_str::<Value>(state.get()).ok());
        if let Some(state) = state.as_ref().and_then(|state| lenient_json::number(state, "value")) {
            matches!(state, 0 | 4)
        } else {
            let is_null = |raw: Option<&RawValue>| raw.is_none_or(|raw| raw.get() == "null");
            is_null(self.result) && self.is_canceled.is_none_or(|raw| raw.get() != "true")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_build_a_session() {
        let mut session = Value::Null;
        let changes = [
            json!({"kind": 0, "v": {"sessionId": "s", "requests": [], "customTitle": "t"}}),
            json!({"kind": 2, "k": ["requests"], "v": [{"requestId": "a", "response": []}]}),
            json!({"kind": 2, "k": ["requests", 0, "response"], "v": [1, 2, 3]}),
            json!({"kind": 2, "k": ["requests", 0, "response"], "v": [4], "i": 1}),
            json!({"kind": 1, "k": ["requests", 0, "result", "timings", "totalElapsed"], "v": 5}),
            json!({"kind": 1, "k": ["gone"], "v": 1}),
            json!({"kind": 1, "k": ["gone"]}),
            json!({"kind": 3, "k": ["customTitle"]}),
            json!({"kind": 3, "k": ["requests", 9, "x"]}),
            json!({"kind": 1, "k": ["requests", 1_000_000, "x"], "v": 1}),
            json!({"kind": 7}),
            json!([]),
        ];
        for change in changes {
            apply(&mut session, change);
        }
        let request = json!({"requestId": "a", "response": [1, 4], "result": {"timings": {"totalElapsed": 5}}});
        assert_eq!(session, json!({"sessionId": "s", "requests": [request]}));
    }

    #[test]
    fn a_pending_answer_grows() {
        let document = json!({"requests": [
            {"requestId": "a", "result": {}},
            {"requestId": "b", "modelState": {"value": 0}},
        ]});
        let mut session = of_document(document.to_string().as_bytes(), None).expect("a session");
        assert_eq!(session.read(0, &mut Vec::new()).expect("a row"), Row::Whole);
        assert_eq!(session.read(1, &mut Vec::new()).expect("a row"), Row::Growing);
    }
}
