//! The index against a plain reading of the same events.

mod completion;
mod language;
mod model;
mod properties;
mod queries;
mod storage;
