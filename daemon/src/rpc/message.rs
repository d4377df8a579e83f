//! What a client sent: a call, a notification, or something that is neither.

use std::borrow::Cow;

use jsonrpsee::{
    MethodResponse,
    types::{ErrorObjectOwned, Id, error::ErrorCode},
};
use opensession_protocol::error::ErrorData;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// One request of a message.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    /// Absent in a notification.
    pub(super) id: Option<Id<'a>>,
    pub(super) method: Cow<'a, str>,
    pub(super) params: Option<&'a RawValue>,
}

/// What is answered to something that cannot be understood.
pub(super) type Refusal = MethodResponse;

/// Reads one request. What is wrong with it is told as far as it can be.
pub(super) fn read(text: &[u8]) -> Result<Incoming<'_>, Refusal> {
    let fields: Fields<'_> = serde_json::from_slice(text).map_err(|error| {
        // Well-formed, but of a wrong shape: the id may still be there.
        match serde_json::from_slice::<OnlyId<'_>>(text) {
            Ok(OnlyId { id }) => invalid(id.unwrap_or(Id::Null), &error.to_string()),
            Err(_) if error.is_data() => invalid(Id::Null, &error.to_string()),
            Err(_) => refusal(Id::Null, ErrorCode::ParseError, &error.to_string()),
        }
    })?;
    if fields.jsonrpc.as_deref() != Some("2.0") {
        return Err(invalid(fields.id.unwrap_or(Id::Null), r#"a request needs "jsonrpc":"2.0""#));
    }
    let Some(method) = fields.method else {
        return Err(invalid(fields.id.unwrap_or(Id::Null), r#"a request needs a "method""#));
    };
    Ok(Incoming { id: fields.id, method, params: fields.params })
}

/// Reads the elements of a batch, without looking into them.
pub(super) fn read_batch(text: &[u8], limit: usize) -> Result<Vec<&RawValue>, Refusal> {
    let requests: Vec<&RawValue> =
        serde_json::from_slice(text).map_err(|error| refusal(Id::Null, ErrorCode::ParseError, &error.to_string()))?;
    match requests.len() {
        0 => Err(invalid(Id::Null, "a batch needs a request")),
        length if length > limit => Err(invalid(Id::Null, &format!("a batch may have {limit} requests"))),
        _ => Ok(requests),
    }
}

/// An error with a hint.
pub(super) fn error(code: i32, message: impl Into<String>, hint: impl Into<String>) -> ErrorObjectOwned {
    let data = ErrorData { hint: Some(hint.into()), ..ErrorData::default() };
    ErrorObjectOwned::owned(code, message, Some(data))
}

fn invalid(id: Id<'_>, why: &str) -> Refusal {
    refusal(id, ErrorCode::InvalidRequest, why)
}

fn refusal(id: Id<'_>, code: ErrorCode, why: &str) -> Refusal {
    MethodResponse::error(id, error(code.code(), code.message(), why))
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<Id<'a>>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct OnlyId<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    id: Option<Id<'a>>,
}

/// An id that is `null` is there; only an absent one makes a notification.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Id<'de>>, D::Error> {
    Id::deserialize(deserializer).map(Some)
}
