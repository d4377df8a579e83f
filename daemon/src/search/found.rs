//! What a search is asked besides its query, and what it finds.

use std::sync::Arc;

use jiff::tz::TimeZone;
use opensession_hail::Kind;
use opensession_protocol::{Count, EmptyAnswer, FacetCount, Interpretation, QueryError};

use super::index::IndexError;
use super::query::UnitBody;
use super::ranking::Ranking;
use super::stop::{Stop, is_stopped};
use crate::catalog::SessionKey;

/// How a query is run, besides its text.
#[derive(Debug, Clone, Default)]
pub struct SearchRequest {
    /// Sessions at most.
    pub limit: usize,
    /// Sessions to pass over.
    pub offset: usize,
    /// Hits of one session at most.
    pub hits_per_session: usize,
    /// The time that ages count from, in milliseconds since 1970.
    pub now_ms: i64,
    /// Sessions to leave out.
    pub exclude: Vec<SessionKey>,
    /// Only sessions of the repository of that identity.
    pub repository: Option<Arc<str>>,
    /// Whether to find out, for an empty answer, why it is empty. Costs a search for each part of the query.
    pub explain: bool,
    /// What counts how much.
    pub ranking: Ranking,
    /// The zone of months, to count by repository and by month too. Takes a second pass over the events found.
    pub facets: Option<TimeZone>,
    /// Whether the search was taken back.
    pub stop: Stop,
}

/// What a search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Sessions, best first: the page that was asked for.
    pub sessions: Vec<FoundSession>,
    /// Sessions in which every word stands, copies folded.
    pub matching_all: Count,
    /// Sessions in which any word stands, copies folded.
    pub matching_any: Count,
    /// Events that match, those of copies left out.
    pub hits: u64,
    /// Sessions by agent, most first.
    pub by_agent: Vec<FacetCount>,
    /// Events by kind, most first.
    pub by_kind: Vec<FacetCount>,
    /// Sessions by repository, most first, when that was asked for.
    pub by_repository: Vec<FacetCount>,
    /// Sessions by the month of matching events, last first, when that was asked for.
    pub by_month: Vec<FacetCount>,
    /// Words that no event has, and what they were taken for.
    pub interpreted: Vec<Interpretation>,
    /// What was looked for in the place of a unit, by its number in [`Query::units`](super::query::Query::units).
    pub replaced: Vec<(usize, UnitBody)>,
    /// Similar words that were looked for too, because hardly any event has the one that was typed: each with the number
    /// of its unit in [`Query::units`](super::query::Query::units).
    pub similar: Vec<(usize, String)>,
    /// The number of the unit that was taken for the beginning of a word too, because hardly any event has it as typed.
    pub opened: Option<usize>,
    /// Whether a bound was met, so that there may be more events.
    pub hits_at_least: bool,
    /// What is wrong with the query, found while it ran.
    pub errors: Vec<QueryError>,
    /// Why the answer is empty, when it is and that was asked for.
    pub empty: Option<EmptyAnswer>,
    /// Sessions searched.
    pub searched: u64,
}

/// A session that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundSession {
    /// The session: the top of its chain of parents, unless sub-agents were asked for.
    pub session: SessionKey,
    /// Its best events, best first.
    pub hits: Vec<FoundHit>,
    /// Events that match.
    pub total: u64,
    /// Other sessions folded into this one.
    pub copies: u64,
    /// Words of the query that stand nowhere in it, as typed.
    pub missing: Vec<String>,
    /// The score; comparable within one answer only.
    pub score: f32,
}

/// An event that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundHit {
    /// The session that holds it, perhaps a sub-agent's.
    pub session: SessionKey,
    /// Its number there.
    pub event: u32,
    /// Its kind.
    pub kind: Kind,
    /// When it was written, in milliseconds since 1970; zero when unknown.
    pub ts_ms: i64,
    /// Whether it is a failure.
    pub error: bool,
    /// The tool.
    pub tool: Option<String>,
    /// The score; comparable within one answer only.
    pub score: f32,
}

/// Why a search could not be run.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index failed.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A file of the index could not be read, or makes no sense: it must be rebuilt.
    #[error("the search index is damaged: {0}")]
    Damaged(String),
    /// The query has a mistake that leaves nothing to run.
    #[error("{}", .0.message)]
    Query(QueryError),
    /// It was taken back.
    #[error("the search was taken back")]
    Stopped,
}

impl From<std::io::Error> for SearchError {
    fn from(error: std::io::Error) -> Self {
        if is_stopped(&error) { SearchError::Stopped } else { SearchError::Damaged(error.to_string()) }
    }
}
