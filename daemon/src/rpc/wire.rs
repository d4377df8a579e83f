//! How messages are parted on a connection that we dispatch ourselves: by their own brackets, or by heads.

use std::ops::Range;

use jsonrpsee::{MethodResponse, types::Id};
use opensession_protocol::{error, limits};

use super::{
    framing::{Frame, Framing},
    heads::{Broken, Heads, Part},
    message,
};

/// The error of a request that was taken back, in the language server protocol.
const REQUEST_CANCELLED: i32 = -32800;

/// The way messages are parted.
#[derive(Debug)]
pub(super) enum Wire {
    /// JSON values, each answered on a line.
    Lines(Framing),
    /// Heads that tell the length.
    Heads(Heads),
}

/// What the input holds.
#[derive(Debug)]
pub(super) enum Cut {
    /// A message in these bytes; all up to its end is done with.
    Message(Range<usize>),
    /// Nothing whole yet. The bytes before this place are done with.
    Incomplete(usize),
    /// Where the next message begins cannot be told any more.
    Broken(Broken),
}

/// What the end of the input leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing had begun.
    Nothing,
    /// What has come is a message, though its end was not marked.
    Message,
    /// What has come is a part of a message.
    CutOff,
}

impl Wire {
    /// Looks at the input. After [`Self::consume`] the input must have lost as many bytes at its beginning.
    pub(super) fn next(&mut self, input: &[u8]) -> Cut {
        match self {
            Self::Lines(framing) => match framing.next(input) {
                Frame::Message(range) => Cut::Message(range),
                Frame::Incomplete(done) => Cut::Incomplete(done),
            },
            Self::Heads(heads) => match heads.next(input) {
                Part::Message(range) => Cut::Message(range),
                Part::Incomplete(done) => Cut::Incomplete(done),
                Part::Broken(broken) => Cut::Broken(broken),
            },
        }
    }

    /// Takes note that so many bytes were removed from the beginning of the input.
    pub(super) fn consume(&mut self, bytes: usize) {
        match self {
            Self::Lines(framing) => framing.consume(bytes),
            Self::Heads(heads) => heads.consume(bytes),
        }
    }

    /// Whether a message has begun and is not whole.
    pub(super) fn has_begun(&self) -> bool {
        match self {
            Self::Lines(framing) => framing.begun().is_some(),
            Self::Heads(heads) => heads.has_begun(),
        }
    }

    /// Whether the message that has begun is longer than a request may be. A head tells before that.
    pub(super) fn is_too_long(&self) -> bool {
        match self {
            Self::Lines(framing) => framing.begun().is_some_and(|length| length > limits::REQUEST_BYTES),
            Self::Heads(_) => false,
        }
    }

    /// Forgets what has begun, and tells what it comes to when nothing follows.
    pub(super) fn end(&mut self) -> Rest {
        match self {
            Self::Lines(framing) => {
                let framing = std::mem::take(framing);
                if framing.begun().is_some() { Rest::Message } else { Rest::Nothing }
            }
            Self::Heads(heads) => {
                let heads = std::mem::take(heads);
                if heads.has_begun() { Rest::CutOff } else { Rest::Nothing }
            }
        }
    }

    /// Writes a message behind what is in `output`.
    pub(super) fn write(&self, json: &str, output: &mut Vec<u8>) {
        match self {
            Self::Lines(_) => {
                let start = output.len();
                output.extend_from_slice(json.as_bytes());
                // In JSON a line break is white space outside of strings; inside it is escaped.
                if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
                    for byte in &mut output[start..] {
                        if matches!(byte, b'\n' | b'\r') {
                            *byte = b' ';
                        }
                    }
                }
                output.push(b'\n');
            }
            Self::Heads(_) => {
                output.extend_from_slice(format!("Content-Length: {}\r\n\r\n", json.len()).as_bytes());
                output.extend_from_slice(json.as_bytes());
            }
        }
    }

    /// The answer to a call that its client took back.
    pub(super) fn cancelled(&self, id: Id<'_>) -> MethodResponse {
        let code = match self {
            Self::Lines(_) => error::TIMED_OUT,
            Self::Heads(_) => REQUEST_CANCELLED,
        };
        MethodResponse::error(id, message::error(code, "the request was cancelled", "it was asked for"))
    }
}
