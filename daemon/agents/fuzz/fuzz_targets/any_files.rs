//! Files of any agent: bytes that may be a session, a document, a log or a database, where one would lie.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opensession_agents_fuzz::read_any;

fuzz_target!(|input: &[u8]| read_any(input));
