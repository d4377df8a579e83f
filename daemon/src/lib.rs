//! The library behind `opensession daemon run`.
//!
//! Data flows one way: an agent's files → `ingest` → `store` (records, events and cursor in one transaction) → the
//! search index and the live subscribers. See `daemon/README.md`.

pub mod api;
pub mod catalog;
mod document;
pub mod engine;
pub mod git;
pub mod hosts;
pub mod indexing;
pub mod ingest;
pub mod lifecycle;
pub mod logging;
mod lsp;
pub mod prices;
pub mod rpc;
pub mod run;
pub mod search;
pub mod store;
pub mod texts;
pub mod warnings;
