//! Any query is read, and any text is cut, without a panic: `cargo +nightly fuzz run query` in `daemon/`.
//!
//! The input is a query, a zero byte, and a text.

#![no_main]

use jiff::{Timestamp, tz::TimeZone};
use libfuzzer_sys::fuzz_target;
use opensession_daemon::search::query::{ParseContext, parse};
use opensession_daemon::search::snippet::{Matcher, snippet};

fuzz_target!(|input: &str| {
    let (query, text) = input.split_once('\0').unwrap_or((input, input));
    for typing in [false, true] {
        let context = ParseContext { typing, ..ParseContext::new(Timestamp::UNIX_EPOCH, TimeZone::UTC) };
        let query = parse(query, &context);
        let length = query.text.chars().count() as u32;
        assert!(query.errors.iter().all(|error| error.start <= error.end));
        assert!(query.units().iter().all(|unit| unit.start < unit.end && unit.end <= length));
        let matcher = Matcher::new(&query);
        matcher.counts(text);
        snippet(text, &matcher, 80);
    }
});
