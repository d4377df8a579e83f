//! Error codes of the RPC interface, besides JSON-RPC's own (`-32700` to `-32603`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No session of that name; `data.near` lists [`crate::SessionBrief`]s with similar ones.
pub const NO_SUCH_SESSION: i32 = 1;
/// The name fits several sessions; `data.near` lists them.
pub const AMBIGUOUS_SESSION: i32 = 2;
/// The session has no event of that number.
pub const NO_SUCH_EVENT: i32 = 3;
/// The query cannot be run; `data.errors` lists [`crate::QueryError`]s.
pub const BAD_QUERY: i32 = 4;
/// A value in a filter is not understood: a date, an agent, a cursor.
pub const BAD_VALUE: i32 = 5;
/// It is refused: a file is in the way, or the caller did not confirm.
pub const REFUSED: i32 = 6;
/// The store cannot be written: the disk is full, or the folder is read-only.
pub const STORE_UNWRITABLE: i32 = 7;
/// The request took longer than the daemon allows, or was cancelled.
pub const TIMED_OUT: i32 = 8;
/// Too many requests or subscriptions of this connection are under way.
pub const TOO_MANY: i32 = 9;
/// A fault of ours: the request panicked. The daemon goes on.
pub const INTERNAL: i32 = -32603;

/// The `data` of an error: what to do, and what was near.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorData {
    /// What the caller can do, as a sentence fragment for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Sessions that may have been meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<crate::SessionBrief>,
    /// What is wrong in a query, and where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<crate::QueryError>,
}
