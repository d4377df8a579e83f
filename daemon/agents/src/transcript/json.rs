//! JSON as agents write it, borrowed from the record and read leniently: what is absent, null or of another type than
//! asked for is `None`, so that a new version of an agent costs a field and no more.

use jiff::Timestamp;
pub(crate) use serde_json_borrow::Value;

/// Numbers from here on are times in milliseconds, smaller ones are seconds: the year 1973 in milliseconds.
const FIRST_MILLISECOND: f64 = 1e11;

/// The member `key` of an object, unless it is null.
pub(crate) fn member<'v, 'c>(value: &'v Value<'c>, key: &str) -> Option<&'v Value<'c>> {
    value.as_object()?.get(key).filter(|member| !member.is_null())
}

/// The first of the members `keys` that is there.
pub(crate) fn either<'v, 'c>(value: &'v Value<'c>, keys: &[&str]) -> Option<&'v Value<'c>> {
    keys.iter().find_map(|key| member(value, key))
}

/// The member at the end of a path of keys.
pub(crate) fn at<'v, 'c>(value: &'v Value<'c>, keys: &[&str]) -> Option<&'v Value<'c>> {
    keys.iter().try_fold(value, |value, key| member(value, key))
}

/// The text that the member `key` is, unless it is empty.
pub(crate) fn text<'v>(value: &'v Value<'_>, key: &str) -> Option<&'v str> {
    member(value, key)?.as_str().filter(|text| !text.is_empty())
}

/// The first of the members `keys` that is a text and not empty.
pub(crate) fn text_of<'v>(value: &'v Value<'_>, keys: &[&str]) -> Option<&'v str> {
    keys.iter().find_map(|key| text(value, key))
}

/// [`text`], as an own one.
pub(crate) fn owned(value: &Value<'_>, key: &str) -> Option<String> {
    text(value, key).map(str::to_owned)
}

/// The count that the member `key` is; zero where it is none.
pub(crate) fn count(value: &Value<'_>, key: &str) -> u64 {
    number(value, key).unwrap_or(0)
}

/// The count that the member `key` is.
pub(crate) fn number(value: &Value<'_>, key: &str) -> Option<u64> {
    member(value, key)?.as_u64()
}

/// The truth value that the member `key` is.
pub(crate) fn flag(value: &Value<'_>, key: &str) -> Option<bool> {
    member(value, key)?.as_bool()
}

/// The elements of the array that the member `key` is; none where it is no array.
pub(crate) fn elements<'v, 'c>(value: &'v Value<'c>, key: &str) -> &'v [Value<'c>] {
    member(value, key).and_then(Value::as_array).unwrap_or_default()
}

/// The time that `value` is: RFC 3339, or seconds or milliseconds since 1970.
pub(crate) fn time(value: &Value<'_>) -> Option<Timestamp> {
    if let Some(text) = value.as_str() {
        return text.parse().ok();
    }
    let number = value.as_f64()?;
    let milliseconds = if number.abs() >= FIRST_MILLISECOND { number } else { number * 1000.0 };
    Timestamp::from_millisecond(milliseconds as i64).ok()
}

/// The time that the member `key` is.
pub(crate) fn time_of(value: &Value<'_>, key: &str) -> Option<Timestamp> {
    time(member(value, key)?)
}

/// `value`, with nothing borrowed.
pub(crate) fn to_owned(value: &Value<'_>) -> serde_json::Value {
    serde_json::Value::from(value.clone())
}

/// What is shown of a value that is meant to be a text: the text, or the JSON of another value.
pub(crate) fn shown(value: &Value<'_>) -> String {
    match value {
        Value::Str(text) => text.clone().into_owned(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
