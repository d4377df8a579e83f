//! Looking into JSON values: a field of an unexpected type counts as absent.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use crate::lenient_json::decoded;

/// Numbers of more than this are milliseconds since 1970, others seconds.
const MILLISECONDS: f64 = 1e11;

/// Parses a value. Halves of surrogate pairs and bytes that are no UTF-8, which agents in JavaScript leave where they cut
/// texts, become replacement characters.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let text = decoded(bytes);
    serde_json::from_str(&text).or_else(|error| {
        let repaired = without_halves(&text);
        if matches!((&text, &repaired), (Cow::Borrowed(_), Cow::Borrowed(_))) {
            return Err(error);
        }
        serde_json::from_str(&repaired)
    })
}

/// The JSON that stands as a text in `value`, or the value itself where it is no text.
pub(crate) fn embedded<'v>(value: &'v Value, pointer: &str) -> Result<Cow<'v, Value>, String> {
    match value.pointer(pointer) {
        Some(Value::String(text)) => match parse(text.as_bytes()) {
            Ok(value) => Ok(Cow::Owned(value)),
            Err(error) => Err(format!("{} is not JSON: {error}", pointer.trim_start_matches('/'))),
        },
        Some(value) => Ok(Cow::Borrowed(value)),
        None => Err(format!("no {}", pointer.trim_start_matches('/'))),
    }
}

/// The text at `pointer`, unless it is empty.
pub(crate) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// The number at `pointer`, where it is a whole one and not negative.
pub(crate) fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}

/// The elements at `pointer`.
pub(crate) fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether there is `true` at `pointer`, or a one as SQLite has it.
pub(crate) fn flag(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).is_some_and(|value| value.as_bool() == Some(true) || value.as_u64() == Some(1))
}

/// The time at `pointer`: seconds or milliseconds since 1970, or a text as RFC 3339 and SQLite have it (which is UTC).
pub(crate) fn time(value: &Value, pointer: &str) -> Option<Timestamp> {
    match value.pointer(pointer)? {
        Value::Number(number) => {
            let number = number.as_f64().filter(|number| *number > 0.0)?;
            let milliseconds = if number > MILLISECONDS { number } else { number * 1000.0 };
            Timestamp::from_millisecond(milliseconds as i64).ok()
        }
        Value::String(text) => time_of(text),
        _ => None,
    }
}

/// The time that a text tells: RFC 3339, or SQLite's `2026-11-22 06:50:47`, in UTC.
pub(crate) fn time_of(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| format!("{text}Z").parse().ok()).or_else(|| {
        // `2026-11-22 06:50:47 UTC`, as some libraries write it.
        text.strip_suffix(" UTC").and_then(|text| format!("{text}Z").parse().ok())
    })
}

/// The number at `pointer` as money.
pub(crate) fn cost(value: &Value, pointer: &str) -> Option<f64> {
    value.pointer(pointer)?.as_f64().filter(|cost| cost.is_finite() && *cost > 0.0)
}

/// The exit code at `pointer`.
pub(crate) fn exit_code(value: &Value, pointer: &str) -> Option<i32> {
    value.pointer(pointer)?.as_i64().and_then(|code| i32::try_from(code).ok())
}

/// `text` with escapes that are half a surrogate pair replaced.
fn without_halves(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let escape = |at: usize| -> Option<u32> {
        if bytes.get(at..at + 2)? != b"\\u" {
            return None;
        }
        u32::from_str_radix(text.get(at + 2..at + 6)?, 16).ok()
    };
    let mut repaired: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        match escape(at) {
            Some(0xd800..=0xdbff) if matches!(escape(at + 6), Some(0xdc00..=0xdfff)) => at += 12,
            Some(0xd800..=0xdfff) => {
                let text_so_far = repaired.get_or_insert_with(String::new);
                text_so_far.push_str(&text[copied..at]);
                text_so_far.push_str("\\ufffd");
                at += 6;
                copied = at;
            }
            Some(_) => at += 6,
            None => at += 2,
        }
        if at >= bytes.len() {
            break;
        }
    }
    match repaired {
        Some(mut repaired) => {
            repaired.push_str(&text[copied..]);
            Cow::Owned(repaired)
        }
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_of_surrogate_pairs_cost_one_character() {
        let parsed = parse(br#"{"a":"x\ud83dy\\ud83d\ud83d\ude00\udc00"}"#).unwrap();
        assert_eq!(text(&parsed, "/a"), Some("x\u{fffd}y\\ud83d\u{1f600}\u{fffd}"));
        assert_eq!(parse(b"\"\xff\"").unwrap(), "\u{fffd}");
        assert!(parse(b"{\"a\":").is_err());
        assert!(parse(b"\"\\u").is_err());
    }

    #[test]
    fn times_of_all_forms() {
        let value = serde_json::json!({"ms": 1_795_330_247_123_u64, "s": 1_795_330_247, "sqlite": "2026-11-22 06:50:47",
            "rfc": "2026-11-22T07:50:47+01:00", "no": "soon", "zero": 0});
        let shown = |key| time(&value, key).map(|time| time.to_string());
        assert_eq!(shown("/ms").as_deref(), Some("2026-11-22T06:50:47.123Z"));
        for key in ["/s", "/sqlite", "/rfc"] {
            assert_eq!(shown(key).as_deref(), Some("2026-11-22T06:50:47Z"), "{key}");
        }
        assert_eq!((shown("/no"), shown("/zero")), (None, None));
    }
}
