//! The index against a plain reading of the same events.

mod model;
mod properties;
mod queries;
mod storage;
