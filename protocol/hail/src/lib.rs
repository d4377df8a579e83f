//! HAIL, the Human-AI Interaction Log: one session of one coding agent as JSON lines, and every pure operation on it.
//!
//! The format is described in `protocol/hail/README.md`. This crate does no IO of its own: readers and writers take
//! [`std::io::BufRead`] and [`std::io::Write`], and nothing here knows of files, clocks, sockets or databases.

pub mod comparison;
pub mod event;
pub mod export;
pub mod handoff;
pub mod header;
mod import;
pub mod read;
pub mod redact;
pub mod schema;
pub mod statistics;
pub mod text;
pub mod title;
pub mod validate;
pub mod write;

pub use event::{
    Body, Command, Compaction, Content, DecodeError, Edit, EditOperation, ErrorEvent, Event, Kind, Message, Part, Role,
    Status, Subagent, Thinking, Title, Todo, TodoItem, TodoStatus, ToolCall, ToolResult, Unknown, Usage,
};
pub use header::{Git, Header, Relation};
pub use read::{Item, Problem, Reader, read_any};
pub use write::Writer;

/// The version that this crate writes, the value of a header's `v`.
pub const VERSION: &str = "hail/0.1";

/// Fields that this version does not know, kept in their order so that they survive a round trip.
pub type Extra = serde_json::Map<String, serde_json::Value>;
