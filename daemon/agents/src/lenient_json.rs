//! JSON of which no type is relied on: a member of another type than expected counts as absent.

use std::borrow::Cow;

use jiff::Timestamp;
use opensession_hail::{Content, Extra, Part};
use serde_json::Value;

/// The text in some bytes, where it is one with replacement characters for what is not UTF-8. Texts are checked once, here:
/// the parser would check each string of bytes by itself.
pub(crate) fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    simdutf8::basic::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// JSON on one line.
pub(crate) fn one_line(json: &str) -> Cow<'_, str> {
    if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ").into() } else { json.into() }
}

/// Adds JSON to a line: line feeds in it stand between its tokens.
pub(crate) fn push_line(json: &str, line: &mut Vec<u8>) {
    let mut rest = json.as_bytes();
    while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
        line.extend_from_slice(&rest[..at]);
        line.push(b' ');
        rest = &rest[at + 1..];
    }
    line.extend_from_slice(rest);
}

/// The member `key`, a text that is not empty.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The first of the members `keys` that is a text and not empty.
pub(crate) fn any_text<'a>(value: &'a Value, keys: &[&str]) -> Option<&'a str> {
    keys.iter().find_map(|key| text(value, key))
}

/// The same, owned.
pub(crate) fn owned(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(str::to_owned)
}

/// The member `key`, a whole number that is not negative.
pub(crate) fn number(value: &Value, key: &str) -> Option<u64> {
    let number = value.get(key)?;
    number.as_u64().or_else(|| number.as_f64().filter(|number| *number >= 0.0).map(|number| number as u64))
}

/// The member `key`, a list; empty where there is none.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The member `key`, whether it was stored as JSON or as a text of JSON; a text that is none is given as it is.
pub(crate) fn nested<'a>(value: &'a Value, key: &str) -> Option<Cow<'a, Value>> {
    let member = value.get(key)?;
    match member {
        Value::Null => None,
        Value::String(text) if text.trim_start().starts_with(['{', '[']) => {
            Some(serde_json::from_str(text).map_or(Cow::Borrowed(member), Cow::Owned))
        }
        _ => Some(Cow::Borrowed(member)),
    }
}

/// A time: seconds, milli-, micro- or nanoseconds since 1970, told apart by magnitude, or RFC 3339.
pub(crate) fn time(value: &Value) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let number = value.as_f64().filter(|number| *number >= 1e8)?;
    let milliseconds = match number {
        ..1e11 => number * 1e3,
        ..1e14 => number,
        ..1e17 => number / 1e3,
        _ => number / 1e6,
    };
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

/// The time in the member `key`.
pub(crate) fn time_of(value: &Value, key: &str) -> Option<Timestamp> {
    time(value.get(key)?)
}

/// A part of text.
pub(crate) fn text_part(text: impl Into<String>) -> Part {
    Part { kind: "text".to_owned(), text: Some(text.into()), media_type: None, bytes: None, extra: Extra::new() }
}

/// A part that stands for an image or a file: its name, media type and size.
pub(crate) fn data_part(kind: &str, name: Option<String>, media_type: Option<String>, bytes: Option<u64>) -> Part {
    Part { kind: kind.to_owned(), text: name, media_type, bytes, extra: Extra::new() }
}

/// Text with parts after it; plain text where there are none.
pub(crate) fn content(text: String, others: Vec<Part>) -> Content {
    if others.is_empty() {
        return Content::Text(text);
    }
    let first = (!text.is_empty()).then(|| text_part(text));
    Content::Parts(first.into_iter().chain(others).collect())
}

/// The path that a URI of a file names, on this machine or on a remote one; anything else as it is.
pub(crate) fn path_of_uri(uri: &str) -> String {
    let local = match uri.strip_prefix("vscode-remote://") {
        Some(rest) => match rest.find('/') {
            Some(at) => format!("file://{}", &rest[at..]),
            None => return uri.to_owned(),
        },
        None => uri.to_owned(),
    };
    without_slash(crate::codex::shell::path_of_url(&local).into_owned())
}

/// A path with a drive without the slash that URIs put before it.
fn without_slash(path: String) -> String {
    match path.as_bytes() {
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => path[1..].to_owned(),
        _ => path,
    }
}

/// The path that a URI names which an editor wrote as an object: `{"fsPath":…,"path":…,"external":…}`.
pub(crate) fn path_of_uri_object(uri: &Value) -> Option<String> {
    if let Some(uri) = uri.as_str().filter(|uri| !uri.is_empty()) {
        return Some(path_of_uri(uri));
    }
    let path = any_text(uri, &["fsPath", "path"]).map(|path| without_slash(path.to_owned()));
    path.or_else(|| text(uri, "external").map(path_of_uri))
}

/// What an error of the parser says, as a problem's reason.
pub(crate) fn not_json(error: &serde_json::Error) -> String {
    format!("not JSON: {error}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_of_uris() {
        let cases = [
            ("file:///home/a%20b", "/home/a b"),
            ("file:///c%3A/Users/x", "c:/Users/x"),
            ("vscode-remote://ssh-remote+host/srv/x", "/srv/x"),
            ("untitled:one", "untitled:one"),
        ];
        for (uri, path) in cases {
            assert_eq!(path_of_uri(uri), path);
        }
        assert_eq!(path_of_uri_object(&json!({"fsPath": "c:\\x%20y"})).as_deref(), Some("c:\\x%20y"));
        assert_eq!(path_of_uri_object(&json!({"path": "/c:/x"})).as_deref(), Some("c:/x"));
        assert_eq!(path_of_uri_object(&json!({"external": "file:///x%20y"})).as_deref(), Some("/x y"));
        assert_eq!(path_of_uri_object(&json!(7)), None);
    }

    #[test]
    fn times_of_any_magnitude() {
        let expected: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        for number in [json!(1_767_323_045), json!(1_767_323_045_000_i64), json!(1_767_323_045_000_000_i64)] {
            assert_eq!(time(&number), Some(expected), "{number}");
        }
        assert_eq!(time(&json!("2026-01-02T03:04:05Z")), Some(expected));
        assert_eq!(time(&json!(-1)), None);
        assert_eq!(time(&json!(1e300)), None);
    }
}
