//! Lines that may be transcripts of Claude Code.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opensession_agents::{SourceKind, claude_code::ClaudeCode};
use opensession_agents_fuzz::derive;

fuzz_target!(|input: &[u8]| derive(&ClaudeCode, SourceKind::Lines, input));
