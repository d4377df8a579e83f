//! A file in any dialect: no input is a panic, and what was read is, once written, read the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opensession_hail::validate::validate;
use opensession_hail::{Item, Reader, Writer, read_any};

fuzz_target!(|bytes: &[u8]| {
    validate(bytes).expect("memory can be read");
    let mut header = None;
    let mut events = Vec::new();
    for item in read_any(bytes).expect("memory can be read") {
        match item.expect("memory can be read") {
            Item::Header(read) => header = Some(read),
            Item::Event(event) => events.push(event),
            Item::Problem(problem) => assert!(!problem.reason.is_empty()),
        }
    }
    let Some(header) = header else { return };
    let mut writer = Writer::new(Vec::new(), &header).expect("memory can be written");
    for event in &events {
        writer.write(event).expect("memory can be written");
    }
    let written = writer.finish().expect("memory can be written");
    let mut again = Vec::new();
    for item in Reader::new(&written[..]) {
        match item.expect("memory can be read") {
            Item::Header(read) => assert_eq!(read, header),
            Item::Event(event) => again.push(event),
            Item::Problem(problem) => assert!(problem.reason.starts_with("version"), "{problem:?}"),
        }
    }
    assert_eq!(again, events);
});
