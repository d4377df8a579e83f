//! What `export` says.

use crate::format::number;

pub(crate) const EXPORT_ONE_EVENT: &str = "an export is of a whole session";
pub(crate) const HINT_EXPORT_SESSION: &str = "leave out the event's number";
pub(crate) const EXPORT_TOO_LONG: &str = "it is too long for standard output";
pub(crate) const HINT_EXPORT_FILE: &str = "write a file: -o FILE";

/// What was exported; `redacted` is absent where secrets were left in.
pub(crate) fn exported(session: &str, events: u64, redacted: Option<u64>) -> String {
    let events = number::counted(events, "event", "events");
    match redacted {
        Some(redacted) => format!("exported {session}   {events}   redacted: {}", number::count(redacted)),
        None => format!("exported {session}   {events}   secrets left in: for your own eyes only"),
    }
}
