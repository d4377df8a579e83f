//! Full-text search over events: a derived index, rebuildable at any time from the store.

mod analysis;
pub mod answer;
mod bits;
mod columns;
mod complete;
pub mod document;
mod executor;
mod filter;
pub mod found;
mod fresh;
mod fuzzy;
pub mod index;
mod matching;
pub(crate) mod pattern;
mod phrase;
mod plan;
pub mod query;
mod ranking;
mod remembered;
mod schema;
mod segment;
pub mod snippet;
mod stop;
pub mod tokenizer;
mod vocabulary;

pub use answer::answer;
pub use complete::CompletionRequest;
pub use document::{EventTexts, PathAccess, SearchDocument};
pub use found::{Found, FoundHit, FoundSession, SearchError, SearchRequest};
pub use index::{IndexError, IndexFigures, Opened, Rebuild, SearchIndex};
pub use ranking::Ranking;
pub use stop::{Stop, StopGuard};

#[cfg(test)]
mod tests;
