//! The cutting of a stream into messages: it never panics, loses nothing that matters, and pieces change nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use opensession_daemon::rpc::{Frame, Framing};

fuzz_target!(|input: (u8, &[u8])| {
    let (piece, bytes) = input;
    let whole = cut(bytes, bytes.len());
    assert_eq!(whole, cut(bytes, usize::from(piece)), "pieces change nothing");
    let significant = |bytes: &[u8]| bytes.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
    assert_eq!(whole.iter().map(|message| significant(message)).sum::<usize>(), significant(bytes), "a byte is lost");
});

/// The messages, and last what is left.
fn cut(bytes: &[u8], piece: usize) -> Vec<Vec<u8>> {
    let (mut framing, mut buffer, mut messages) = (Framing::default(), Vec::new(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        buffer.extend_from_slice(piece);
        loop {
            let (done, more) = match framing.next(&buffer) {
                Frame::Message(range) => {
                    messages.push(buffer[range.clone()].to_vec());
                    (range.end, true)
                }
                Frame::Incomplete(done) => (done, false),
            };
            buffer.drain(..done);
            framing.consume(done);
            if !more {
                break;
            }
        }
    }
    messages.push(buffer);
    messages
}
