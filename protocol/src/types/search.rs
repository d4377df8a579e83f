//! Queries and their answers.

use jiff::Timestamp;
use opensession_hail::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{SessionInfo, SessionState};

/// How a query is run, besides its text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each asked for by its own name")]
pub struct SearchOptions {
    /// Where.
    pub scope: super::Scope,
    /// Sessions at most; 20 when absent, 200 at most.
    pub limit: Option<u32>,
    /// Hits of one session at most; 3 when absent, 1,000 at most.
    pub hits_per_session: Option<u32>,
    /// Sessions to pass over, for the next page.
    pub offset: u32,
    /// Take the last word as the beginning of one, as somebody types it.
    pub typing: bool,
    /// Sessions to leave out, such as the asking agent's own.
    pub exclude: Vec<String>,
    /// Leave out the snippets: ids and counts only.
    pub no_snippets: bool,
    /// Count by repository and by month too.
    pub facets: bool,
    /// A person asked, and is done typing: keep the query for `search/history` if it finds something.
    pub remember: bool,
    /// The time that ages and relative dates count from; now when absent.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub now: Option<Timestamp>,
    /// The time zone of dates in the query, as in `Asia/Seoul`; the daemon's when absent.
    pub time_zone: Option<String>,
}

/// The answer to a query.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SearchAnswer {
    /// Sessions, best first.
    pub sessions: Vec<SessionHits>,
    /// Sessions in which every word stands, copies folded.
    pub matching_all: Count,
    /// Sessions in which any word stands, copies folded.
    pub matching_any: Count,
    /// Events that match.
    pub hits: u64,
    /// Whether there may be more events than all counts of them here say, because a bound was met.
    pub hits_at_least: bool,
    /// Sessions by agent, most first.
    pub by_agent: Vec<FacetCount>,
    /// Events by kind, most first.
    pub by_kind: Vec<FacetCount>,
    /// Sessions by repository, most first; only with `facets`. Those in no repository are not among them.
    pub by_repository: Vec<FacetCount>,
    /// Sessions by the month in which events match (`2026-11`), last first; only with `facets`. A session whose events
    /// match in several months counts in each.
    pub by_month: Vec<FacetCount>,
    /// Words that nothing holds, and what they were taken for.
    pub interpreted: Vec<Interpretation>,
    /// What is wrong in the query; it was run in its best reading all the same.
    pub errors: Vec<QueryError>,
    /// Why the answer is empty, when it is.
    pub empty: Option<EmptyAnswer>,
    /// The repository that the scope came to, when it did.
    pub scope_repository: Option<String>,
    /// Sessions searched.
    pub searched: u64,
    /// Whether sources are still being read, so that more may be found.
    pub reading: bool,
    /// Time in the daemon, in microseconds.
    pub took_us: u64,
}

/// A word of the query that no event holds, and what was searched for in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interpretation {
    /// The word, as typed.
    pub word: String,
    /// Where it begins in the query, in code points.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What it was taken for.
    #[serde(rename = "as")]
    pub reading: Reading,
    /// The words that were found in its place, commonest first; eight at most. Near ones do not count as the word.
    pub terms: Vec<String>,
}

/// What a word that no event holds is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The beginning of a word.
    Beginning,
    /// A piece of a word.
    Substring,
    /// Several words, each for itself: `src/auth` as `src` and `auth`.
    Parts,
    /// A slip of the pen.
    Near,
}

/// A count that is exact or a lower bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Count {
    /// The count.
    pub value: u64,
    /// Whether there may be more.
    pub at_least: bool,
}

/// A value and how many sessions or events have it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FacetCount {
    /// The value.
    pub value: String,
    /// How many.
    pub count: u64,
}

/// A session with its best hits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SessionHits {
    /// The session. Where a sub-agent's session matches, it is the root's, and the hits name their own session.
    pub session: SessionInfo,
    /// Its best events, best first.
    pub hits: Vec<Hit>,
    /// Events that match, those in `hits` included.
    pub total: u64,
    /// Other sessions with the same events (resumed copies, forks), folded into this one.
    pub copies: u64,
    /// Words of the query that stand nowhere in the session.
    pub missing: Vec<String>,
    /// The score; comparable within one answer only.
    pub score: f32,
}

/// An event that a search found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Hit {
    /// Its number in its session.
    pub event: u32,
    /// The session that holds it, when that is a sub-agent of the session it is listed under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// Its kind.
    pub kind: Kind,
    /// When it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ts: Option<Timestamp>,
    /// The tool, for calls and their output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// Whether it is a failure.
    #[serde(default)]
    pub error: bool,
    /// A piece of its text around the first match, white space folded.
    #[serde(default)]
    pub text: String,
    /// The matches in `text`: pairs of offsets in code points, the end exclusive.
    #[serde(default)]
    pub ranges: Vec<(u32, u32)>,
    /// The score; comparable within one answer only.
    #[serde(default)]
    pub score: f32,
}

/// Something wrong in a query, and where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct QueryError {
    /// A stable word for it: `unclosed_quote`, `unknown_value`.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Where it begins in the query as typed, in code points.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What to do.
    pub hint: Option<String>,
    /// Whether the query could not be run because of it.
    pub fatal: bool,
}

/// Why an answer is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EmptyAnswer {
    /// For each part of the query: how many sessions match without it, and words near to it that exist.
    pub without: Vec<WithoutPart>,
    /// Sessions that match outside the scope.
    pub elsewhere: u64,
    /// How the index is: what is not `ready` may find more later.
    pub index: super::IndexState,
}

/// A part of a query, and what is found without it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WithoutPart {
    /// The part, as typed.
    pub part: String,
    /// Sessions that match the rest of the query.
    pub sessions: u64,
    /// Sessions that match the part alone.
    pub alone: u64,
    /// What exists and is near to it, as it can be typed in its place, with the sessions found by it alone.
    pub near: Vec<FacetCount>,
}

/// Whether a state is one that lists mark.
impl SessionState {
    /// The word for it in lists, absent for a finished session.
    pub fn word(self) -> Option<&'static str> {
        match self {
            SessionState::Finished => None,
            SessionState::Live => Some("live"),
            SessionState::Waiting => Some("waiting"),
            SessionState::Interrupted => Some("interrupted"),
        }
    }
}
