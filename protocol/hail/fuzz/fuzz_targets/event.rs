//! One line: both ways of reading agree, what is read is written so that it is read again, and every operation on it
//! ends.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opensession_hail::statistics::Statistics;
use opensession_hail::text::{MAX_TEXT_BYTES, path_mentions, searchable_text};
use opensession_hail::{Body, Event};

fuzz_target!(|line: &[u8]| {
    let read = Event::from_json(line);
    // The other way is stricter with what it drops: lone surrogates in unknown fields of a todo item.
    if let Ok(event) = serde_json::from_slice::<Event>(line) {
        assert_eq!(read.as_ref(), Ok(&event));
    }
    let Ok(event) = read else { return };

    let mut written = Vec::new();
    event.write_json(&mut written);
    assert!(!written.contains(&b'\n'));
    assert_eq!(Event::from_json(&written).as_ref(), Ok(&event));

    let mut text = String::new();
    searchable_text(&event, &mut text);
    assert!(text.len() <= MAX_TEXT_BYTES);
    path_mentions(&event, &mut |_, path| assert!(!path.is_empty()));
    Statistics::default().add(&event);
    if let Body::Message(message) = &event.body
        && let Some(title) = opensession_hail::title::title_from_prompt(&message.content.text())
    {
        assert!(!title.is_empty() && !title.contains('\n'));
    }
});
