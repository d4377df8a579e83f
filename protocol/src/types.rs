//! The types that cross the socket. Times are RFC 3339 in UTC, sizes bytes, durations milliseconds. Fields are only ever
//! added; a client ignores what it does not know.

mod agent;
mod completion;
mod daemon;
mod diff;
mod document;
mod event;
mod export;
mod file;
mod handoff;
mod host;
mod index;
mod kept;
mod outline;
mod search;
mod session;
mod settings;
mod stats;

pub use agent::*;
pub use completion::*;
pub use daemon::*;
pub use diff::*;
pub use document::*;
pub use event::*;
pub use export::*;
pub use file::*;
pub use handoff::*;
pub use host::*;
pub use index::*;
pub use kept::*;
pub use outline::*;
pub use search::*;
pub use session::*;
pub use settings::*;
pub use stats::*;
