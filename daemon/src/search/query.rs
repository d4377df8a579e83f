//! The query language: what a person types, read into a tree that the index can run.
//!
//! [`parse`] never fails: it gives its best reading together with what is wrong. The language is described for users in
//! `protocol/SEARCH.md`.

mod ast;
mod field;
mod finish;
mod number;
mod parser;
mod pattern;
mod regex;
mod time;
mod unit;
mod value;
mod words;

pub use ast::{Clause, Phrase, PrefixReason, Query, RegexPattern, Run, Sort, Unit, UnitBody, Word};
pub use field::{
    Bound, Field, FieldClause, FieldLevel, FileAccess, Glob, HasValue, IsValue, NumberRange, PathPattern, RepoPattern,
    RoleValue, SessionPrefix, TextPattern, TextScan, TimeRange,
};

pub use regex::RegexProblem;

use jiff::{Timestamp, tz::TimeZone};
use opensession_protocol::QueryError;

/// A query is cut to this many bytes.
pub const MAX_QUERY_BYTES: usize = 4096;
/// Words that are scored; of more, the index keeps the rarest.
pub const MAX_SCORED_UNITS: usize = 64;
/// Depth of parentheses.
pub const MAX_DEPTH: usize = 32;
/// Length of a regular expression, in bytes.
pub const MAX_REGEX_BYTES: usize = 256;
/// Size of a compiled regular expression, in bytes.
pub const MAX_REGEX_SIZE: usize = 1 << 20;

/// A query with this many line breaks was pasted: it holds words only.
const PASTED_LINE_BREAKS: usize = 2;

/// What a query is read against, besides its text.
#[derive(Debug, Clone)]
pub struct ParseContext {
    /// The time that relative dates count from.
    pub now: Timestamp,
    /// The zone of dates.
    pub zone: TimeZone,
    /// Whether somebody is still typing: the last word may be the beginning of one, and an open quote is no mistake.
    pub typing: bool,
    /// The home directory, for `~/` in paths.
    pub home: Option<String>,
}

impl ParseContext {
    /// A context with nothing but a time and a zone.
    pub fn new(now: Timestamp, zone: TimeZone) -> Self {
        Self { now, zone, typing: false, home: None }
    }
}

/// Reads a query.
pub fn parse(text: &str, context: &ParseContext) -> Query {
    let read = &text[..text.floor_char_boundary(MAX_QUERY_BYTES)];
    let pasted = read.matches('\n').count() >= PASTED_LINE_BREAKS;
    let mut query = if pasted { parser::parse_words(read) } else { parser::parse(read, context) };
    if let Some(clause) = &mut query.clause {
        finish::drop_repeated(clause);
        finish::leave_common_words_unscored(clause);
        if query.case_sensitive {
            finish::make_case_sensitive(clause);
        }
        if context.typing && !pasted && read.len() == text.len() {
            finish::open_last_word(clause, read.chars().count() as u32);
        }
    }
    if read.len() < text.len() {
        query.errors.push(QueryError {
            code: "too_long".to_owned(),
            message: format!("the query is longer than {MAX_QUERY_BYTES} bytes"),
            start: read.chars().count() as u32,
            end: text.chars().count() as u32,
            hint: Some("what follows is left out".to_owned()),
            fatal: false,
        });
    }
    let scored: Vec<&Unit> = query.units().into_iter().filter(|unit| unit.scored).collect();
    if let Some(unit) = scored.get(MAX_SCORED_UNITS) {
        let error = QueryError {
            code: "too_many_words".to_owned(),
            message: format!("{} words, of which the {MAX_SCORED_UNITS} rarest count", scored.len()),
            start: unit.start,
            end: read.chars().count() as u32,
            hint: None,
            fatal: false,
        };
        query.errors.push(error);
    }
    query.errors.sort_by_key(|error| (error.start, error.end));
    query
}

/// The field whose name is nearest to what was typed, if it is near enough to be meant.
pub fn nearest_field(typed: &str) -> Option<&'static str> {
    words::nearest(typed, value::NAMES)
}

/// The name nearest to what was typed, if it is near enough to be meant.
pub fn nearest_name<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    words::nearest(typed, names)
}

/// The names that are near enough to what was typed to be meant, nearest first.
pub fn nearest_names<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>, most: usize) -> Vec<&'n str> {
    words::near(typed, names, most)
}

/// The names of all fields, in order.
pub fn field_names() -> &'static [&'static str] {
    &value::NAMES
}

#[cfg(test)]
mod tests;
