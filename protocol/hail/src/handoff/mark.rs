//! Places in sessions.

use jiff::Timestamp;

use crate::Kind;

/// An event of one of the sessions, and as much of it as the evidence index tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    /// Which session, from zero.
    pub(crate) session: u32,
    /// Which event, from one.
    pub(crate) event: u32,
    pub(crate) kind: Kind,
    pub(crate) ts: Option<Timestamp>,
}
