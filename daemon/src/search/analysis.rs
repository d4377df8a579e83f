//! The one place where texts become the terms of the index.

use super::tokenizer::{TokenBuffer, tokenize};

/// Calls `emit` with each term of a text and its position.
pub(crate) fn each_token(text: &str, emit: &mut dyn FnMut(&str, u32)) {
    let mut buffer = TokenBuffer::default();
    tokenize(text, &mut buffer, |token| emit(token.text, token.position));
}
