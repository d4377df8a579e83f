//! Records of any agent: the first byte chooses it, the second how its source is cut.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opensession_agents_fuzz::derive_any;

fuzz_target!(|input: &[u8]| derive_any(input));
