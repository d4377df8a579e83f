//! Tests of the crate from outside, in one binary.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod codec;
mod comparison;
mod conformance;
mod handoff;
mod read;
mod round_trip;
mod schema;
mod statistics;
mod text;
mod title;
