//! Cutting a stream of bytes into messages that tell their length in a head, as language servers speak:
//! `Content-Length: 42`, an empty line, 42 bytes.

use std::ops::Range;

use opensession_protocol::{error, limits};

/// Bytes that the head of a message may have.
const HEAD_BYTES: usize = 8 << 10;

/// Finds messages in a growing buffer.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// Where the message stands whose head was read.
    body: Option<Range<usize>>,
    /// Whether a byte of a message has come.
    begun: bool,
}

/// What the buffer holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A message in these bytes; all up to its end is done with.
    Message(Range<usize>),
    /// Nothing whole yet. The bytes before this place are done with.
    Incomplete(usize),
    /// Where the next message begins cannot be told any more.
    Broken(Broken),
}

/// Why a stream cannot be cut further.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) code: i32,
    pub(super) message: String,
    pub(super) hint: &'static str,
}

impl Heads {
    /// Looks at the buffer. After [`Self::consume`] the buffer must have lost as many bytes at its beginning.
    pub(super) fn next(&mut self, buffer: &[u8]) -> Part {
        if self.body.is_none() {
            // Some clients put a line break after a message.
            let start = buffer.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(buffer.len());
            let heads = &buffer[start..];
            self.begun = !heads.is_empty();
            let Some(end) = head_end(&heads[..heads.len().min(HEAD_BYTES)]) else {
                if heads.len() >= HEAD_BYTES {
                    return broken(format!("the head of a message may have {HEAD_BYTES} bytes"));
                }
                return Part::Incomplete(start);
            };
            match content_length(&heads[..end]) {
                Ok(length) if length > limits::REQUEST_BYTES => {
                    return Part::Broken(Broken {
                        code: error::TOO_MANY,
                        message: format!("a request may have {} bytes", limits::REQUEST_BYTES),
                        hint: "send less at once",
                    });
                }
                Ok(length) => self.body = Some(start + end..start + end + length),
                Err(reason) => return broken(reason),
            }
        }
        match self.body.take() {
            Some(body) if body.end <= buffer.len() => {
                self.begun = false;
                Part::Message(body)
            }
            Some(body) => {
                let done = body.start;
                self.body = Some(body);
                Part::Incomplete(done)
            }
            None => Part::Incomplete(0),
        }
    }

    /// Takes note that so many bytes were removed from the beginning of the buffer.
    pub(super) fn consume(&mut self, bytes: usize) {
        if let Some(body) = &mut self.body {
            *body = body.start - bytes..body.end - bytes;
        }
    }

    /// Whether a message has begun and is not whole.
    pub(super) fn has_begun(&self) -> bool {
        self.begun
    }
}

fn broken(message: String) -> Part {
    let hint = "a message begins with `Content-Length: <bytes>` and an empty line";
    Part::Broken(Broken { code: jsonrpsee::types::error::PARSE_ERROR_CODE, message, hint })
}

/// Where the heads end, the empty line included. Lines may lack their carriage return.
fn head_end(text: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', text).find_map(|at| match &text[at + 1..] {
        [b'\n', ..] => Some(at + 2),
        [b'\r', b'\n', ..] => Some(at + 3),
        _ => None,
    })
}

fn content_length(heads: &[u8]) -> Result<usize, String> {
    let heads = std::str::from_utf8(heads).map_err(|_| "the head of a message is no text".to_owned())?;
    let mut found = None;
    for line in heads.lines().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').ok_or_else(|| "a head has no colon".to_owned())?;
        if name.trim().eq_ignore_ascii_case("content-length") {
            let value = value.trim();
            let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            // More digits than a number can have are beyond the bound in any case.
            let length = if is_number { value.parse().unwrap_or(usize::MAX) } else { return Err(no_number(value)) };
            if found.is_some_and(|found| found != length) {
                return Err("Content-Length is told twice".to_owned());
            }
            found = Some(length);
        }
    }
    found.ok_or_else(|| "a message has no Content-Length".to_owned())
}

fn no_number(value: &str) -> String {
    format!("Content-Length is no number: {}", value.chars().take(40).collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cuts `input`, given in pieces, the way a connection does; then what broke it, if anything did.
    fn cut(input: &[u8], piece: usize) -> (Vec<Vec<u8>>, Option<String>) {
        let (mut heads, mut buffer, mut messages) = (Heads::default(), Vec::new(), Vec::new());
        for piece in input.chunks(piece) {
            buffer.extend_from_slice(piece);
            loop {
                let done = match heads.next(&buffer) {
                    Part::Message(range) => {
                        messages.push(buffer[range.clone()].to_vec());
                        range.end
                    }
                    Part::Incomplete(done) => {
                        buffer.drain(..done);
                        heads.consume(done);
                        break;
                    }
                    Part::Broken(broken) => return (messages, Some(broken.message)),
                };
                buffer.drain(..done);
                heads.consume(done);
            }
        }
        (messages, None)
    }

    #[test]
    fn heads_are_read_in_all_their_forms() {
        for input in [
            "Content-Length: 2\r\n\r\n{}",
            "content-length:2\n\n{}\n",
            "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}\r\n",
        ] {
            for piece in [1, 3, 100] {
                let twice = input.repeat(2);
                assert_eq!(cut(twice.as_bytes(), piece), (vec![b"{}".to_vec(); 2], None), "{input:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_a_head_breaks_the_stream() {
        let long = format!("X: {}", "x".repeat(HEAD_BYTES));
        for (input, reason) in [
            ("X: 1\r\n\r\n", "no Content-Length"),
            ("Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "twice"),
            ("Content-Length: -1\r\n\r\n", "no number"),
            ("Content-Length\r\n\r\n", "no colon"),
            ("Content-Length: 99999999999999999999\r\n\r\n", "may have"),
            (long.as_str(), "may have"),
        ] {
            for piece in [1, 100_000] {
                let (messages, broken) = cut(input.as_bytes(), piece);
                assert!(messages.is_empty());
                assert!(broken.is_some_and(|broken| broken.contains(reason)), "{input:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn finds_every_message_in_any_pieces(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..6), piece in 1usize..60,
        ) {
            let mut input = Vec::new();
            for body in &bodies {
                input.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                input.extend_from_slice(body);
            }
            prop_assert_eq!(cut(&input, piece), (bodies, None));
        }

        #[test]
        fn never_panics(input in proptest::collection::vec(prop_oneof![
            Just(b"Content-Length: ".to_vec()), Just(b"\r\n".to_vec()), Just(b"\n".to_vec()), Just(b"3".to_vec()),
            Just(b":".to_vec()), any::<u8>().prop_map(|byte| vec![byte]),
        ], 0..60), piece in 1usize..20) {
            let input = input.concat();
            prop_assert_eq!(cut(&input, piece).0, cut(&input, 1_000).0);
        }
    }
}
