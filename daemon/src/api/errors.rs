//! What goes wrong, as the wire says it.

use jsonrpsee::types::ErrorObjectOwned;
use opensession_protocol::{
    QueryError,
    error::{self, ErrorData},
};

use crate::{
    catalog::NameError,
    search::{SearchError, query::nearest_name},
    store::StoreError,
};

/// An error with what to do.
pub(super) fn with_hint(code: i32, message: impl Into<String>, hint: impl Into<String>) -> ErrorObjectOwned {
    let data = ErrorData { hint: Some(hint.into()), ..ErrorData::default() };
    ErrorObjectOwned::owned(code, message, Some(data))
}

pub(super) fn bad_value(message: impl Into<String>, hint: impl Into<String>) -> ErrorObjectOwned {
    with_hint(error::BAD_VALUE, message, hint)
}

/// No agent of this id; `known` are those that were meant to be chosen from.
pub(super) fn no_agent(id: &str, known: &[&str]) -> ErrorObjectOwned {
    let hint = match nearest_name(id, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("one of {}", known.join(", ")),
    };
    bad_value(format!("no agent {id}"), hint)
}

pub(super) fn name(failure: NameError) -> ErrorObjectOwned {
    let message = failure.to_string();
    let (code, near, hint) = match failure {
        NameError::Unknown { near, .. } => (error::NO_SUCH_SESSION, near, "opensession log lists them"),
        NameError::Ambiguous { near, .. } => (error::AMBIGUOUS_SESSION, near, "give more digits of the id"),
    };
    ErrorObjectOwned::owned(code, message, Some(ErrorData { hint: Some(hint.into()), near, ..ErrorData::default() }))
}

pub(super) fn query(message: impl Into<String>, errors: Vec<QueryError>) -> ErrorObjectOwned {
    let hint = errors.iter().find_map(|error| error.hint.clone());
    ErrorObjectOwned::owned(error::BAD_QUERY, message, Some(ErrorData { hint, errors, ..ErrorData::default() }))
}

pub(super) fn search(failure: SearchError) -> ErrorObjectOwned {
    match failure {
        SearchError::Query(error) => query(error.message.clone(), vec![error]),
        SearchError::Stopped => with_hint(error::TIMED_OUT, failure.to_string(), "ask again"),
        other => {
            tracing::error!(error = %other, "a search failed");
            with_hint(error::INTERNAL, other.to_string(), "opensession index --rebuild builds the index anew")
        }
    }
}

pub(super) fn store(failure: StoreError) -> ErrorObjectOwned {
    if failure.is_unwritable() {
        return with_hint(error::STORE_UNWRITABLE, failure.to_string(), "free some space or make the folder writable");
    }
    tracing::error!(error = %failure, "the store could not answer");
    with_hint(error::INTERNAL, failure.to_string(), "see: opensession daemon logs")
}

pub(super) fn not_text(failure: &std::string::FromUtf8Error) -> ErrorObjectOwned {
    tracing::error!(error = %failure, "what was written is no text");
    with_hint(error::INTERNAL, failure.to_string(), "see: opensession daemon logs")
}

pub(super) fn ending() -> ErrorObjectOwned {
    with_hint(error::INTERNAL, "the daemon is ending", "ask again")
}

pub(super) fn joined(failure: tokio::task::JoinError) -> ErrorObjectOwned {
    tracing::error!(error = %failure, "a request ended by a fault");
    with_hint(error::INTERNAL, "a fault in the daemon ended this request", "see: opensession daemon logs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_an_agents_name_is_told_from_a_name_that_nobody_has() {
        let hint = |id: &str| {
            let error = no_agent(id, &["claude-code", "codex"]);
            serde_json::from_str::<ErrorData>(error.data().unwrap().get()).unwrap().hint.unwrap()
        };
        assert_eq!(hint("clade-code"), "did you mean claude-code?");
        assert_eq!(hint("nobody"), "one of claude-code, codex");
    }
}
