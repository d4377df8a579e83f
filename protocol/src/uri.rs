//! How sessions and events are addressed outside of commands: `opensession://session/<id>#<event>`.

use std::{fmt, str::FromStr};

/// The scheme of our addresses.
pub const SCHEME: &str = "opensession";
const SESSION_PREFIX: &str = "opensession://session/";

/// The address of a session, or of an event in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionUri {
    /// The session's id, or a prefix of it.
    pub session: String,
    /// The event's number.
    pub event: Option<u32>,
}

/// Why a text is no address of a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{uri} is no address of a session; they are written opensession://session/4f2a91c7#131")]
pub struct UriError {
    /// The text.
    pub uri: String,
}

impl SessionUri {
    /// The address of an event, or of a session without one.
    pub fn new(session: impl Into<String>, event: Option<u32>) -> Self {
        Self { session: session.into(), event }
    }

    /// The session's name as methods take it: `<id>#<event>`.
    pub fn name(&self) -> String {
        match self.event {
            Some(event) => format!("{}#{event}", self.session),
            None => self.session.clone(),
        }
    }
}

impl fmt::Display for SessionUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{SESSION_PREFIX}{}", self.session)?;
        match self.event {
            Some(event) => write!(formatter, "#{event}"),
            None => Ok(()),
        }
    }
}

impl FromStr for SessionUri {
    type Err = UriError;

    /// Reads an address. What follows the id after a slash only names an editor's tab.
    fn from_str(uri: &str) -> Result<Self, UriError> {
        let wrong = || UriError { uri: uri.chars().take(200).collect() };
        let rest = uri.strip_prefix(SESSION_PREFIX).ok_or_else(wrong)?;
        let (path, fragment) = match rest.split_once('#') {
            Some((path, fragment)) => (path, Some(fragment)),
            None => (rest, None),
        };
        let path = path.split('?').next().unwrap_or(path);
        let session = path.split('/').next().unwrap_or(path);
        if session.is_empty() || !session.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(wrong());
        }
        // Browsers and editors write anchors with a letter before the number.
        let digits = |fragment: &str| fragment.trim_start_matches('e').parse().ok();
        let event = match fragment {
            None | Some("") => None,
            Some(fragment) => Some(digits(fragment).ok_or_else(wrong)?),
        };
        Ok(Self { session: session.to_owned(), event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for (uri, session, event) in [
            ("opensession://session/4f2a91c7", "4f2a91c7", None),
            ("opensession://session/4f2a91c7#131", "4f2a91c7", Some(131)),
        ] {
            let read: SessionUri = uri.parse().unwrap();
            assert_eq!(read, SessionUri::new(session, event));
            assert_eq!(read.to_string(), uri);
        }
        let named: SessionUri = "opensession://session/4f2a91c7/Fix%20it.session?x#e7".parse().unwrap();
        assert_eq!(named.name(), "4f2a91c7#7");
        for wrong in
            ["", "file:///x", "opensession://session/", "opensession://session/..", "opensession://session/a#b"]
        {
            assert!(wrong.parse::<SessionUri>().is_err(), "{wrong}");
        }
    }
}
