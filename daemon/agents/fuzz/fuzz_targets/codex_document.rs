//! Sessions that Codex wrote as one object.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opensession_agents::{SourceKind, codex::Codex};
use opensession_agents_fuzz::derive;

fuzz_target!(|input: &[u8]| derive(&Codex, SourceKind::Document, input));
